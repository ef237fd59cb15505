/* SPDX-License-Identifier: MIT
 * Inspecting and converting model files; where the embedded model and the sample scenes lie. */
#include "convert.h"
#include "error.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* Loading refuses weights that are no numbers, so the report has to know. */
static AlbefStatus
check_values (WeightSet *set, AlbefError *error)
{
  int n;
  const ParameterSpec *specs = weight_set_specs (set, &n);
  AlbefStatus status = ALBEF_OK;

  for (int i = 0; status == ALBEF_OK && i < n; i++)
    {
      const float *mapped;
      float *copied;

      if (!weight_set_has (set, specs[i].name))
        continue;
      status = weight_set_get (set, specs[i].name, specs[i].n_dims, specs[i].shape, &mapped, &copied, error);
      if (status == ALBEF_OK)
        free (copied);
      weight_set_give_back (set, specs[i].name);
    }
  return status;
}

AlbefStatus
albef_report_open (const char *path, const char *vocab, const char *config, AlbefReport **report, AlbefError *error)
{
  WeightSetOptions options = { .vocab = vocab, .config = config };
  AlbefError problem = ALBEF_ERROR_INIT;
  AlbefReport *found = NULL;
  WeightSet *set = NULL;
  AlbefStatus status;

  status = weight_set_open (path, &options, &set, &found, &problem);
  if (status == ALBEF_OK && (status = check_values (set, &problem)) != ALBEF_OK)
    {
      found->loadable = false;
      report_set (&found->headline, "Not loaded: %s", problem.message);
    }
  weight_set_free (set);
  if (found == NULL)
    return error_set (error, status, "%s", problem.message);
  /* A model that cannot be loaded is a finding, not a failure to inspect. */
  *report = found;
  return ALBEF_OK;
}

AlbefStatus
albef_checkpoint_convert (const char *in, const char *out, const AlbefModelOptions *options, AlbefReport **report,
                          AlbefError *error)
{
  WeightSetOptions set_options = { 0 };

  if (options != NULL)
    {
      set_options.vocab = options->vocab;
      set_options.config = options->config;
      set_options.image_resolution = options->image_resolution;
      set_options.allow_incomplete = options->allow_incomplete;
    }
  return checkpoint_convert (in, out, &set_options, options != NULL && options->keep_training,
                             options != NULL ? options->progress : NULL,
                             options != NULL ? options->progress_data : NULL, report, error);
}

/* --- assets ----------------------------------------------------------------------------------------- */

static char *model_path, *scenes_path;
static pthread_once_t assets_once = PTHREAD_ONCE_INIT;

/* DIR/name if DIR/probe can be read. */
static char *
asset (const char *dir, const char *name, const char *probe)
{
  char *path = mem_printf ("%s/%s", dir, probe);
  bool there = access (path, R_OK) == 0;

  free (path);
  return there ? mem_printf ("%s/%s", dir, name) : NULL;
}

static void
find_assets (void)
{
  const char *set = getenv ("ALIDADE_DATA_DIR");
  const char *places[] = { ALIDADE_SOURCE_DATA_DIR, ALIDADE_DATA_DIR };
  int n = 2;

  if (set != NULL && set[0] != 0)
    {
      places[0] = set;
      n = 1;
    }
  for (int i = 0; i < n; i++)
    {
      if (model_path == NULL)
        model_path = asset (places[i], "models/alidade-mini.safetensors", "models/alidade-mini.safetensors");
      if (scenes_path == NULL)
        scenes_path = asset (places[i], "samples", "samples/scenes.json");
    }
}

const char *
albef_embedded_model_path (void)
{
  pthread_once (&assets_once, find_assets);
  return model_path;
}

const char *
albef_sample_scenes_path (void)
{
  pthread_once (&assets_once, find_assets);
  return scenes_path;
}
