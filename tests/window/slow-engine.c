/* SPDX-License-Identifier: MIT
 * Preloaded before libalbef: every query takes ALIDADE_SLOW_MS longer, so that a test sees what the window does
 * with a model that is not small. It notices a cancelled query as the engine does. */
#include "albef.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#define STEP_MS 5

AlbefStatus
albef_maps_compute (AlbefModel *model, const AlbefImage *image, const char *text, const AlbefMapsRequest *request,
                    const AlbefCancel *cancel, AlbefMaps **maps, AlbefError *error)
{
  AlbefStatus (*engine) (AlbefModel *, const AlbefImage *, const char *, const AlbefMapsRequest *, const AlbefCancel *,
                         AlbefMaps **, AlbefError *);
  const char *slow = getenv ("ALIDADE_SLOW_MS");

  *(void **) &engine = dlsym (RTLD_NEXT, "albef_maps_compute");
  for (int ms = 0; slow != NULL && ms < atoi (slow) && !albef_cancel_is_triggered (cancel); ms += STEP_MS)
    usleep (STEP_MS * 1000);
  return engine (model, image, text, request, cancel, maps, error);
}
