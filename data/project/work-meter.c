/* SPDX-License-Identifier: MIT */
#include "work-meter.h"

static GPrivate bound = G_PRIVATE_INIT (NULL);

void
work_meter_bind (WorkMeter *meter)
{
  g_private_set (&bound, meter);
}

void
work_meter_count (gint64 n)
{
  WorkMeter *meter = g_private_get (&bound);

  if (meter != NULL)
    work_meter_add (meter, n);
}

void
work_meter_set_total (WorkMeter *meter, gint64 total)
{
  __atomic_store_n (&meter->total, total, __ATOMIC_RELAXED);
}

void
work_meter_add (WorkMeter *meter, gint64 n)
{
  __atomic_fetch_add (&meter->done, n, __ATOMIC_RELAXED);
}

gint64
work_meter_done (WorkMeter *meter)
{
  return __atomic_load_n (&meter->done, __ATOMIC_RELAXED);
}

double
work_meter_fraction (WorkMeter *meter)
{
  const gint64 total = __atomic_load_n (&meter->total, __ATOMIC_RELAXED);

  return total > 0 ? CLAMP ((double) work_meter_done (meter) / total, 0, 1) : -1;
}
