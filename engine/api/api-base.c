/* SPDX-License-Identifier: MIT
 * Version, cancellation: what needs no other room. */
#include "albef.h"

#include <stdatomic.h>
#include <stdlib.h>

struct AlbefCancel
{
  atomic_bool triggered;
};

const char *
albef_version (void)
{
  return ALBEF_VERSION;
}

AlbefCancel *
albef_cancel_new (void)
{
  AlbefCancel *cancel = calloc (1, sizeof *cancel);

  if (cancel == NULL)
    abort ();
  return cancel;
}

void
albef_cancel_trigger (AlbefCancel *cancel)
{
  atomic_store (&cancel->triggered, true);
}

bool
albef_cancel_is_triggered (const AlbefCancel *cancel)
{
  return cancel != NULL && atomic_load (&cancel->triggered);
}

void
albef_cancel_free (AlbefCancel *cancel)
{
  free (cancel);
}
