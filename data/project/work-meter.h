/* SPDX-License-Identifier: MIT
 * How far a long job has come: counted by the thread that works, read by any other. Readers of files count the bytes
 * that they take from a disk into the meter bound to their thread, so that formats need not know of it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 total, done; /* of one unit: bytes, images; total 0: unknown. By the functions below alone. */
} WorkMeter;

/* The meter that work_meter_count() of this thread adds to; NULL: none. */
void work_meter_bind (WorkMeter *meter);
void work_meter_count (gint64 n);

void work_meter_set_total (WorkMeter *meter, gint64 total);
void work_meter_add (WorkMeter *meter, gint64 n);
gint64 work_meter_done (WorkMeter *meter);
/* 0..1, negative while it is unknown. */
double work_meter_fraction (WorkMeter *meter);

G_END_DECLS
