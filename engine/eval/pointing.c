/* SPDX-License-Identifier: MIT */
#include "pointing.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "evaluate.h"
#include "handles.h"
#include "pointing-manifest.h"

#define MAX_BOXES 64

bool
pointing_hit (const float *map, int width, int height, const double (*boxes)[4], int n_boxes)
{
  int64_t best = 0, n = (int64_t) width * height;
  int x, y;

  for (int64_t i = 1; i < n; i++)
    if (map[i] > map[best])
      best = i;
  x = (int) (best % width);
  y = (int) (best / width);
  for (int i = 0; i < n_boxes; i++)
    if (boxes[i][0] < x && x < boxes[i][2] && boxes[i][1] < y && y < boxes[i][3])
      return true;
  return false;
}

/* ---------------------------------------------------------------------------------------------------
 * One scene
 */

/* Byte offset of code point `index` in valid UTF-8. */
static size_t
byte_of (const char *text, int64_t index)
{
  size_t at = 0;

  while (index > 0 && text[at] != 0)
    {
      at++;
      while ((text[at] & 0xc0) == 0x80)
        at++;
      index--;
    }
  return at;
}

/* Mean over the tokens that touch bytes start .. end - 1 of layer maps; false if there is none. */
static bool
phrase_map (const AlbefMaps *maps, size_t start, size_t end, float *out)
{
  const AlbefQuery *query = albef_maps_query (maps);
  int cells = maps->maps.grid * maps->maps.grid, n = 0;

  memset (out, 0, (size_t) cells * sizeof *out);
  for (int p = 1; p < albef_query_n_pieces (query); p++)
    {
      const AlbefPiece *piece = albef_query_piece (query, p);

      if (piece->start >= end || piece->end <= start)
        continue;
      for (int i = 0; i < cells; i++)
        out[i] += maps->pieces[(size_t) p * (size_t) cells + (size_t) i];
      n++;
    }
  for (int i = 0; n > 0 && i < cells; i++)
    out[i] /= (float) n;
  return n > 0;
}

static int
read_boxes (json_t *list, double (*boxes)[4])
{
  int n = 0;

  for (size_t i = 0; i < json_array_size (list) && n < MAX_BOXES; i++)
    {
      json_t *box = json_array_get (list, i);

      if (json_array_size (box) != 4)
        continue;
      for (size_t k = 0; k < 4; k++)
        boxes[n][k] = json_number_value (json_array_get (box, k));
      n++;
    }
  return n;
}

/* What one scene added to its group. */
static json_t *
describe_scene (const char *image, const PointingGroup *before, const PointingGroup *after)
{
  json_t *hits = json_array ();

  for (int l = 0; l < after->layers; l++)
    json_array_append_new (hits, json_integer (after->hits[l] - before->hits[l]));
  return json_pack ("{s:s, s:s, s:i, s:o, s:b}", "image", image, "group", after->group, "phrases", after->phrases - before->phrases,
                    "hits", hits, "match", after->matches - before->matches);
}

/* Counts every phrase of a scene at every layer. */
static AlbefStatus
evaluate_scene (AlbefModel *model, const AlbefImage *image, const char *caption, json_t *phrases, PointingGroup *group,
                AlbefError *error)
{
  int width = albef_image_width (image), height = albef_image_height (image);
  float *large = malloc ((size_t) width * (size_t) height * sizeof *large);
  AlbefStatus status = ALBEF_OK;

  if (large == NULL)
    return error_set (error, ALBEF_ERROR_MEMORY, "no memory for a map of %d x %d pixels", width, height);
  for (int layer = 1; layer <= group->layers && status == ALBEF_OK; layer++)
    {
      AlbefMapsRequest request = { .layer = layer };
      AlbefMaps *maps = NULL;

      status = albef_maps_compute (model, image, caption, &request, NULL, &maps, error);
      if (status != ALBEF_OK)
        break;
      if (layer == 1)
        group->matches += albef_maps_match (maps) > 0.5;
      for (size_t i = 0; i < json_array_size (phrases); i++)
        {
          json_t *phrase = json_array_get (phrases, i);
          size_t start = byte_of (caption, json_integer_value (json_object_get (phrase, "start")));
          size_t end = byte_of (caption, json_integer_value (json_object_get (phrase, "end")));
          int grid = maps->maps.grid;
          float *map = mem_new0 ((size_t) (grid * grid), sizeof *map);
          double boxes[MAX_BOXES][4];
          int n = read_boxes (json_object_get (phrase, "boxes"), boxes);

          if (layer == 1)
            group->phrases++;
          if (phrase_map (maps, start, end, map))
            {
              albef_map_enlarge (map, grid, grid, large, width, height);
              group->hits[layer - 1] += pointing_hit (large, width, height, (const double (*)[4]) boxes, n);
            }
          free (map);
        }
      albef_maps_free (maps);
    }
  free (large);
  return status;
}

/* The caption with one thing wrong: does the model refuse it? */
static AlbefStatus
evaluate_foil (AlbefModel *model, const AlbefImage *image, const char *foil, PointingGroup *group, AlbefError *error)
{
  AlbefMapsRequest request = { .score_only = true };
  AlbefMaps *maps = NULL;
  AlbefStatus status = albef_maps_compute (model, image, foil, &request, NULL, &maps, error);

  if (status != ALBEF_OK)
    return status;
  group->foils++;
  group->foils_refused += albef_maps_match (maps) <= 0.5;
  albef_maps_free (maps);
  return ALBEF_OK;
}

/* ---------------------------------------------------------------------------------------------------
 * Features of a group, for ITC recall
 */

typedef struct
{
  float *image, *text; /* [n][E] */
  int n, allocated;
} Features;

/* Appends the features that the last query left in the caches. */
static void
features_add (Features *features, AlbefModel *model, const AlbefImage *image, const char *caption)
{
  Model *m = model->model;
  size_t e = (size_t) m->config.embed_dim;
  const ImageState *state = image_cache_find (model->engine->cache, m, albef_image_key (image));
  const TextState *text;
  AlbefQuery *query = NULL;
  int32_t ids[1024];
  int n;

  if (state == NULL || state->feature == NULL || m->text_proj.weight == NULL ||
      albef_query_new (model, caption, 0, &query, NULL) != ALBEF_OK)
    return;
  n = albef_query_n_pieces (query) < 1024 ? albef_query_n_pieces (query) : 1024;
  for (int i = 0; i < n; i++)
    ids[i] = albef_query_piece (query, i)->id;
  albef_query_free (query);
  text = text_cache_get (model->texts, m, ids, n, NULL);
  if (features->n == features->allocated)
    {
      features->allocated = features->allocated > 0 ? 2 * features->allocated : 256;
      features->image = mem_resize (features->image, (size_t) features->allocated * e, sizeof (float));
      features->text = mem_resize (features->text, (size_t) features->allocated * e, sizeof (float));
    }
  tensor_to_host (state->feature, features->image + (size_t) features->n * e);
  tensor_to_host (text->feature, features->text + (size_t) features->n * e);
  features->n++;
}

/* How many of n rows of `from` have their own row of `to` as the nearest. */
static int
recall_at_1 (const float *from, const float *to, int n, int e)
{
  int hits = 0;

  for (int i = 0; i < n; i++)
    {
      int best = -1;
      double best_value = -INFINITY;

      for (int j = 0; j < n; j++)
        {
          double value = 0;

          for (int k = 0; k < e; k++)
            value += (double) from[(size_t) i * (size_t) e + (size_t) k] * (double) to[(size_t) j * (size_t) e + (size_t) k];
          if (value > best_value)
            {
              best_value = value;
              best = j;
            }
        }
      hits += best == i;
    }
  return hits;
}

/* ---------------------------------------------------------------------------------------------------
 * The file
 */

static PointingGroup *
group_of (PointingResult *result, Features **features, const char *name, int layers)
{
  for (int i = 0; i < result->n_groups; i++)
    if (strcmp (result->groups[i].group, name) == 0)
      return &result->groups[i];
  result->groups = mem_resize (result->groups, (size_t) result->n_groups + 1, sizeof *result->groups);
  *features = mem_resize (*features, (size_t) result->n_groups + 1, sizeof **features);
  (*features)[result->n_groups] = (Features) { 0 };
  result->groups[result->n_groups] = (PointingGroup) { .group = mem_strdup (name), .layers = layers };
  return &result->groups[result->n_groups++];
}

static AlbefStatus
evaluate_list (AlbefModel *model, json_t *scenes, const char *path, const PointingOptions *options, PointingResult *result,
               Features **features, json_t *told, AlbefError *error)
{
  size_t n = json_array_size (scenes), evaluated = 0;
  const char *slash = strrchr (path, '/');
  AlbefModelInfo info;

  albef_model_info (model, &info);
  if (info.fusion_layers > POINTING_MAX_LAYERS)
    return error_set (error, ALBEF_ERROR_UNSUPPORTED, "more than %d fusion layers", POINTING_MAX_LAYERS);
  for (size_t i = 0; i < n; i++)
    {
      json_t *scene = json_array_get (scenes, i), *phrases = json_object_get (scene, "phrases");
      const char *name = json_string_value (json_object_get (scene, "image"));
      const char *caption = json_string_value (json_object_get (scene, "caption"));
      const char *foil = json_string_value (json_object_get (scene, "foil"));
      const char *group_name = json_string_value (json_object_get (scene, "group"));
      PointingGroup *group, before;
      AlbefImage *image = NULL;
      AlbefError problem = ALBEF_ERROR_INIT;
      AlbefStatus status;
      char *file;

      if (options->progress != NULL && !options->progress (options->progress_data, "scenes", i, n))
        return error_set (error, ALBEF_CANCELLED, "cancelled");
      if (name == NULL || caption == NULL || !json_is_array (phrases))
        return error_set (error, ALBEF_ERROR_FORMAT,
                          "'%s': scene %zu needs image, caption and a list of phrases", path, i + 1);
      group = group_of (result, features, group_name != NULL ? group_name : "", info.fusion_layers);
      if (options->limit > 0 && group->scenes >= options->limit)
        continue;
      if (name[0] != '/' && options->images != NULL)
        file = mem_printf ("%s/%s", options->images, name);
      else
        file = name[0] == '/' || slash == NULL ? mem_strdup (name) : mem_printf ("%.*s/%s", (int) (slash - path), path, name);
      status = albef_image_open (file, ALBEF_IMAGE_STORED, &image, &problem);
      free (file);
      if (status != ALBEF_OK)
        {
          result->unreadable++;
          if (options->skipped != NULL)
            options->skipped (problem.message);
          continue;
        }
      group->scenes++;
      before = *group;
      status = evaluate_scene (model, image, caption, phrases, group, error);
      if (status == ALBEF_OK && told != NULL)
        json_array_append_new (told, describe_scene (name, &before, group));
      if (status == ALBEF_OK && foil != NULL)
        status = evaluate_foil (model, image, foil, group, error);
      if (status == ALBEF_OK)
        features_add (&(*features)[group - result->groups], model, image, caption);
      albef_image_free (image);
      if (status != ALBEF_OK)
        return status;
      evaluated++;
    }
  if (n == 0)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s' holds no scene to evaluate", path);
  if (evaluated == 0)
    return error_set (error, ALBEF_ERROR_FILE, "no picture of '%s' could be read", path);
  return ALBEF_OK;
}

AlbefStatus
pointing_evaluate (AlbefModel *model, const char *path, const PointingOptions *options, PointingResult *result,
                   AlbefError *error)
{
  static const PointingOptions defaults;
  json_error_t problem;
  json_t *scenes = NULL;
  Features *features = NULL;
  json_t *told;
  AlbefStatus status;

  options = options != NULL ? options : &defaults;
  *result = (PointingResult) { 0 };
  if (pointing_is_manifest (path))
    {
      status = pointing_manifest_scenes (path, &scenes, error);
      if (status != ALBEF_OK)
        return status;
    }
  else
    scenes = json_load_file (path, JSON_ALLOW_NUL, &problem);
  if (scenes == NULL)
    return error_set (error, ALBEF_ERROR_FORMAT, "cannot read the scenes '%s': %s (line %d)", path, problem.text,
                      problem.line);
  told = options->results != NULL ? json_array () : NULL;
  if (!json_is_array (scenes))
    status = error_set (error, ALBEF_ERROR_FORMAT, "'%s' is not a list of scenes", path);
  else
    status = evaluate_list (model, scenes, path, options, result, &features, told, error);
  if (status == ALBEF_OK && told != NULL)
    status = eval_write_json (options->results, told, error);
  json_decref (told);
  for (int i = 0; i < result->n_groups; i++)
    {
      int e = model->model->config.embed_dim;

      if (status == ALBEF_OK)
        {
          result->groups[i].image_to_text = recall_at_1 (features[i].image, features[i].text, features[i].n, e);
          result->groups[i].text_to_image = recall_at_1 (features[i].text, features[i].image, features[i].n, e);
        }
      free (features[i].image);
      free (features[i].text);
    }
  free (features);
  json_decref (scenes);
  if (status != ALBEF_OK)
    pointing_result_clear (result);
  return status;
}

void
pointing_result_clear (PointingResult *result)
{
  for (int i = 0; i < result->n_groups; i++)
    free (result->groups[i].group);
  free (result->groups);
  *result = (PointingResult) { 0 };
}
