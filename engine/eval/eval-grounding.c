/* SPDX-License-Identifier: MIT
 * Weakly supervised grounding on RefCOCO+ (Grounding.py of the release, `grounding_eval` of its dataset/utils.py): of
 * the boxes a detector proposed, the one with the most of the map per root of its area; right if its IoU with the true
 * box is at least 0.5. Beside it the pointing game on the true box. Per split of the refs: val, testA, testB. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "evaluate.h"
#include "grounding-box.h"
#include "handles.h"
#include "mapped-file.h"
#include "pointing.h"
#include "unpickle.h"

enum
{
  MAX_SPLITS = 16
};

typedef struct
{
  MappedFile file;
  Unpickler *unpickler;
  const PickleValue *list;
  json_t *by_id; /* "ref_id": index in the list */
  json_t *boxes; /* "ann_id": [x, y, w, h] */
  json_t *dets;  /* "image_id": [[x, y, w, h, ...]] */
} Refs;

typedef struct
{
  char name[32];
  int64_t n, hits, points;
} Split;

/* --- the annotation files ---------------------------------------------------------------------------- */

static AlbefStatus
load_json (const char *path, json_t **root, AlbefError *error)
{
  json_error_t problem;

  *root = json_load_file (path, 0, &problem);
  if (*root == NULL)
    return error_set (error, ALBEF_ERROR_FORMAT, "cannot read '%s': %s (line %d)", path, problem.text, problem.line);
  return ALBEF_OK;
}

static AlbefStatus
open_boxes (Refs *refs, const char *path, AlbefError *error)
{
  json_t *root, *item, *list;
  size_t i;
  AlbefStatus status = load_json (path, &root, error);

  if (status != ALBEF_OK)
    return status;
  list = json_object_get (root, "annotations");
  refs->boxes = json_object ();
  json_array_foreach (list, i, item)
  {
    char key[32];

    snprintf (key, sizeof key, "%lld", (long long) json_integer_value (json_object_get (item, "id")));
    if (json_array_size (json_object_get (item, "bbox")) == 4)
      json_object_set (refs->boxes, key, json_object_get (item, "bbox"));
  }
  if (!json_is_array (list))
    status = error_set (error, ALBEF_ERROR_FORMAT, "'%s' has no list 'annotations'", path);
  json_decref (root);
  return status;
}

static AlbefStatus
open_refs (Refs *refs, const char *path, AlbefError *error)
{
  AlbefStatus status = mapped_file_open (path, &refs->file, error);

  if (status != ALBEF_OK)
    return status;
  refs->unpickler = unpickler_new (path);
  status = unpickler_read (refs->unpickler, refs->file.data, refs->file.size, &refs->list, NULL, error);
  if (status != ALBEF_OK)
    return status;
  if (refs->list->type != PICKLE_LIST)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s' is no list of refs", path);
  refs->by_id = json_object ();
  for (size_t i = 0; i < refs->list->list.n; i++)
    {
      const PickleValue *id = pickle_dict_get (refs->list->list.items[i], "ref_id");
      char key[32];

      if (id == NULL || id->type != PICKLE_INT)
        return error_set (error, ALBEF_ERROR_FORMAT, "'%s': ref %zu has no ref_id", path, i + 1);
      snprintf (key, sizeof key, "%lld", (long long) id->integer);
      json_object_set_new (refs->by_id, key, json_integer ((json_int_t) i));
    }
  return ALBEF_OK;
}

static void
refs_clear (Refs *refs)
{
  json_decref (refs->by_id);
  json_decref (refs->boxes);
  json_decref (refs->dets);
  unpickler_free (refs->unpickler);
  mapped_file_close (&refs->file);
}

static bool
read_box (const json_t *list, double box[4])
{
  if (json_array_size (list) < 4)
    return false;
  for (size_t i = 0; i < 4; i++)
    box[i] = json_number_value (json_array_get (list, i));
  return true;
}

/* The true box, the detector's boxes and the split of an expression. */
static AlbefStatus
find_ref (const Refs *refs, const Sample *sample, const EvalData *data, double truth[4], const json_t **dets,
          char split[32], AlbefError *error)
{
  char key[32];
  const json_t *index, *box;
  const PickleValue *ref, *ann, *image, *name;

  snprintf (key, sizeof key, "%lld", (long long) sample->number);
  index = json_object_get (refs->by_id, key);
  if (index == NULL)
    return error_set (error, ALBEF_ERROR_MISMATCH, "'%s' has no ref %s, which record %d of '%s' names", data->refs, key,
                      sample->record, data->files[sample->file]);
  ref = refs->list->list.items[json_integer_value (index)];
  ann = pickle_dict_get (ref, "ann_id");
  image = pickle_dict_get (ref, "image_id");
  name = pickle_dict_get (ref, "split");
  if (ann == NULL || ann->type != PICKLE_INT || image == NULL || image->type != PICKLE_INT)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s': ref %s has no ann_id or image_id", data->refs, key);
  snprintf (key, sizeof key, "%lld", (long long) ann->integer);
  box = json_object_get (refs->boxes, key);
  if (!read_box (box, truth))
    return error_set (error, ALBEF_ERROR_MISMATCH, "'%s' has no box of annotation %s", data->instances, key);
  snprintf (key, sizeof key, "%lld", (long long) image->integer);
  *dets = json_object_get (refs->dets, key);
  if (refs->dets != NULL && *dets == NULL)
    return error_set (error, ALBEF_ERROR_MISMATCH, "'%s' has no boxes of image %s", data->dets, key);
  if (name != NULL && (name->type == PICKLE_TEXT || name->type == PICKLE_BYTES))
    snprintf (split, 32, "%.*s", (int) (name->text.length < 31 ? name->text.length : 31), name->text.bytes);
  else
    snprintf (split, 32, "all");
  return ALBEF_OK;
}

/* --- one expression ---------------------------------------------------------------------------------- */

static AlbefStatus
judge (AlbefModel *model, const AlbefImage *image, const Sample *sample, const double truth[4], const json_t *dets,
       Split *split, AlbefError *error)
{
  int width = albef_image_width (image), height = albef_image_height (image), grid;
  double edges[1][4] = { { truth[0], truth[1], truth[0] + truth[2], truth[1] + truth[3] } }, best = 0, box[4],
         chosen[4];
  bool found = false;
  AlbefMaps *maps = NULL;
  float *large;
  AlbefStatus status = albef_maps_compute (model, image, sample->texts[0], NULL, NULL, &maps, error);

  if (status != ALBEF_OK)
    return status;
  large = malloc ((size_t) width * (size_t) height * sizeof *large);
  if (large == NULL)
    {
      albef_maps_free (maps);
      return error_set (error, ALBEF_ERROR_MEMORY, "no memory for a map of %d x %d pixels", width, height);
    }
  grid = maps->maps.grid;
  if (maps->sentence != NULL)
    {
      albef_map_enlarge (maps->sentence, grid, grid, large, width, height);
      split->points += pointing_hit (large, width, height, (const double (*)[4]) edges, 1);
      for (size_t i = 0; i < json_array_size (dets); i++)
        if (read_box (json_array_get (dets, i), box))
          {
            double score = grounding_box_score (large, width, height, box);

            if (score > best)
              {
                best = score;
                memcpy (chosen, box, sizeof chosen);
                found = true;
              }
          }
      split->hits += found && grounding_box_iou (chosen, truth) >= 0.5;
    }
  split->n++;
  free (large);
  albef_maps_free (maps);
  return ALBEF_OK;
}

static Split *
split_of (Split *splits, int *n, const char *name)
{
  for (int i = 0; i < *n; i++)
    if (strcmp (splits[i].name, name) == 0)
      return &splits[i];
  if (*n == MAX_SPLITS)
    return &splits[MAX_SPLITS - 1];
  snprintf (splits[*n].name, sizeof splits[*n].name, "%s", name);
  return &splits[(*n)++];
}

static AlbefStatus
judge_all (AlbefModel *model, const EvalData *data, const Dataset *dataset, const Refs *refs, EvalResult *result,
           AlbefError *error)
{
  int64_t n = dataset_n_samples (dataset);
  Split splits[MAX_SPLITS] = { 0 };
  int n_splits = 0;
  AlbefStatus status = ALBEF_OK;

  n = data->limit > 0 && data->limit < n ? data->limit : n;
  for (int64_t i = 0; i < n && status == ALBEF_OK; i++)
    {
      const Sample *sample = dataset_sample (dataset, i);
      AlbefError problem = ALBEF_ERROR_INIT;
      AlbefImage *image = NULL;
      const json_t *dets = NULL;
      double truth[4];
      char name[32];

      status = eval_progress (data, "expressions", i, n, error);
      if (status == ALBEF_OK)
        status = find_ref (refs, sample, data, truth, &dets, name, error);
      if (status != ALBEF_OK)
        break;
      if (albef_image_open (sample->images[0], ALBEF_IMAGE_STORED, &image, &problem) != ALBEF_OK)
        {
          result->unreadable++;
          if (data->skipped != NULL)
            data->skipped (problem.message);
          continue;
        }
      status = judge (model, image, sample, truth, dets, split_of (splits, &n_splits, name), error);
      result->items++;
      albef_image_free (image);
    }
  for (int i = 0; i < n_splits && status == ALBEF_OK; i++)
    {
      if (refs->dets != NULL)
        eval_add (result, (double) splits[i].hits / (double) splits[i].n, "%s", splits[i].name);
      eval_add (result, (double) splits[i].points / (double) splits[i].n, "%s_pointing", splits[i].name);
    }
  return status;
}

AlbefStatus
eval_grounding (AlbefModel *model, const EvalData *data, EvalResult *result, AlbefError *error)
{
  DatasetOptions options = { .format = DATASET_GROUNDING, .image_root = data->images, .evaluation = true };
  Dataset *dataset = NULL;
  Refs refs = { 0 };
  AlbefStatus status;

  if (data->refs == NULL || data->instances == NULL)
    return error_set (error, ALBEF_ERROR_ARGUMENT,
                      "name the refs (--refs 'refs(unc).p'), their boxes (--instances instances.json) "
                      "and, for the official figure, the detector's (--dets dets.json)");
  status = dataset_open (data->files, data->n_files, &options, &dataset, error);
  if (status == ALBEF_OK)
    status = open_refs (&refs, data->refs, error);
  if (status == ALBEF_OK)
    status = open_boxes (&refs, data->instances, error);
  if (status == ALBEF_OK && data->dets != NULL)
    status = load_json (data->dets, &refs.dets, error);
  if (status == ALBEF_OK)
    status = judge_all (model, data, dataset, &refs, result, error);
  refs_clear (&refs);
  dataset_free (dataset);
  return status;
}
