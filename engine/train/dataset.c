/* SPDX-License-Identifier: MIT
 * Files, record by record, into samples. */
#include "dataset.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "dataset-parts.h"
#include "error.h"
#include "image.h"
#include "mapped-file.h"

#define BLOCK_BYTES ((size_t) 1 << 20)

struct ArenaBlock
{
  ArenaBlock *next;
  size_t used, size;
  char bytes[] __attribute__ ((aligned (8)));
};

/* ---------------------------------------------------------------------------------------------------
 * Memory and ids
 */

void *
arena_new (Dataset *dataset, size_t bytes)
{
  ArenaBlock *block = dataset->blocks;
  void *place;

  bytes = (bytes + 7) & ~(size_t) 7;
  if (block == NULL || block->size - block->used < bytes)
    {
      size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;

      block = mem_new0 (1, sizeof *block + size);
      block->size = size;
      block->next = dataset->blocks;
      dataset->blocks = block;
    }
  place = block->bytes + block->used;
  block->used += bytes;
  return place;
}

const char *
arena_text (Dataset *dataset, const char *text)
{
  size_t length = strlen (text) + 1;

  return memcpy (arena_new (dataset, length), text, length);
}

static size_t
find_slot (const IdMap *map, const char *key)
{
  size_t slot = bytes_hash (key, strlen (key), 0) & (map->size - 1);

  while (map->keys[slot] != NULL && strcmp (map->keys[slot], key) != 0)
    slot = (slot + 1) & (map->size - 1);
  return slot;
}

static void
grow (IdMap *map)
{
  IdMap larger = { .size = map->size > 0 ? 2 * map->size : 1024, .n = map->n };

  larger.keys = mem_new0 (larger.size, sizeof *larger.keys);
  larger.ids = mem_new0 (larger.size, sizeof *larger.ids);
  for (size_t i = 0; i < map->size; i++)
    if (map->keys[i] != NULL)
      {
        size_t slot = find_slot (&larger, map->keys[i]);

        larger.keys[slot] = map->keys[i];
        larger.ids[slot] = map->ids[i];
      }
  free (map->keys);
  free (map->ids);
  *map = larger;
}

int64_t
dataset_id (Dataset *dataset, const char *key)
{
  IdMap *map = &dataset->ids;
  size_t slot;

  if ((size_t) map->n * 2 >= map->size)
    grow (map);
  slot = find_slot (map, key);
  if (map->keys[slot] == NULL)
    {
      map->keys[slot] = (char *) arena_text (dataset, key);
      map->ids[slot] = map->n++;
    }
  return map->ids[slot];
}

const char *
dataset_path (Dataset *dataset, const char *root, const char *name, const char *ending)
{
  bool whole = root == NULL || root[0] == 0 || name[0] == '/';
  size_t length = strlen (name) + strlen (ending) + (whole ? 0 : strlen (root) + 1) + 1;
  char *path = arena_new (dataset, length);

  snprintf (path, length, "%s%s%s%s", whole ? "" : root, whole ? "" : "/", name, ending);
  return path;
}

/* ---------------------------------------------------------------------------------------------------
 * Records
 */

AlbefStatus
record_error (const Dataset *dataset, Place place, AlbefError *error, const char *format, ...)
{
  char text[400];
  va_list args;

  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  return error_set (error, ALBEF_ERROR_FORMAT, "'%s' %s %d: %s", dataset->files[place.file],
                    dataset->options.format == DATASET_MANIFEST ? "line" : "record", place.record, text);
}

Sample *
dataset_add (Dataset *dataset, Place place)
{
  if (dataset->n_samples == dataset->allocated)
    {
      dataset->allocated = dataset->allocated > 0 ? 2 * dataset->allocated : 256;
      dataset->samples = mem_resize (dataset->samples, (size_t) dataset->allocated, sizeof *dataset->samples);
    }
  dataset->samples[dataset->n_samples] = (Sample){
    .n_images = 1, .label = -1, .number = -1, .pair = true, .weight = 1, .file = place.file, .record = place.record
  };
  return &dataset->samples[dataset->n_samples++];
}

void
sample_set_text (Dataset *dataset, Sample *sample, const char *text)
{
  sample->texts = arena_new (dataset, sizeof *sample->texts);
  sample->texts[0] = arena_text (dataset, text);
  sample->n_texts = 1;
}

const char *
record_text (const Dataset *dataset, Place place, const json_t *record, const char *key, AlbefError *error)
{
  const json_t *value = json_object_get (record, key);

  if (value == NULL)
    record_error (dataset, place, error, "'%s' is missing", key);
  else if (!json_is_string (value))
    record_error (dataset, place, error, "'%s' is no text", key);
  return json_string_value (value);
}

bool
record_box (const json_t *value, double box[4])
{
  if (json_array_size (value) != 4)
    return false;
  for (size_t i = 0; i < 4; i++)
    {
      const json_t *number = json_array_get (value, i);

      box[i] = json_number_value (number);
      if (!json_is_number (number) || !(box[i] > -1e9 && box[i] < 1e9))
        return false;
    }
  return true;
}

AlbefStatus
record_boxes (Dataset *dataset, Place place, const json_t *value, Sample *sample, AlbefError *error)
{
  size_t n = json_array_size (value);
  bool one = n == 4 && json_is_number (json_array_get (value, 0));

  if (!json_is_array (value))
    return record_error (dataset, place, error, "'bbox' is no list of boxes [x1, y1, x2, y2]");
  n = one ? 1 : n;
  sample->regions = arena_new (dataset, n * sizeof *sample->regions);
  for (size_t i = 0; i < n; i++)
    {
      Region region = { .kind = REGION_BOX };

      if (!record_box (one ? value : json_array_get (value, i), region.box))
        return record_error (dataset, place, error, "box %zu is not four numbers [x1, y1, x2, y2]", i + 1);
      if (region.box[0] < region.box[2] && region.box[1] < region.box[3])
        sample->regions[sample->n_regions++] = region;
    }
  return ALBEF_OK;
}

/* ---------------------------------------------------------------------------------------------------
 * Files
 */

static size_t
skip_space (const char *text, size_t at, size_t length)
{
  while (at < length && memchr (" \t\r\n", text[at], 4) != NULL)
    at++;
  return at;
}

/* Parses one JSON value at text[*at]; moves *at behind it. */
static json_t *
parse (const Dataset *dataset, Place place, const char *text, size_t *at, size_t length, size_t flags,
       AlbefError *error)
{
  size_t left = length - *at;
  json_error_t problem = { 0 };
  json_t *value;

  if (left > DATASET_MAX_RECORD_BYTES)
    left = DATASET_MAX_RECORD_BYTES;
  value = json_loadb (text + *at, left, flags, &problem);
  if (value == NULL && left == DATASET_MAX_RECORD_BYTES && problem.position >= (int) left - 1)
    record_error (dataset, place, error, "longer than %d bytes", DATASET_MAX_RECORD_BYTES);
  else if (value == NULL)
    record_error (dataset, place, error, "%s (byte %zu of the file)", problem.text,
                  *at + (size_t) (problem.position > 0 ? problem.position : 0));
  else if (!json_is_object (value))
    {
      record_error (dataset, place, error, "not a JSON object");
      json_decref (value);
      value = NULL;
    }
  *at += (size_t) (problem.position > 0 ? problem.position : 0);
  return value;
}

static AlbefStatus
check_room (const Dataset *dataset, Place place, AlbefError *error)
{
  if (dataset->n_samples < DATASET_MAX_RECORDS)
    return ALBEF_OK;
  return error_set (error, ALBEF_ERROR_LIMIT, "'%s': more than %d records", dataset->files[place.file],
                    DATASET_MAX_RECORDS);
}

static AlbefStatus
read_list (Dataset *dataset, int file, const char *text, size_t length, AlbefError *error)
{
  Place place = { file, 0 };
  size_t at = skip_space (text, 0, length);

  if (at == length || text[at] != '[')
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s' is no JSON list of records", dataset->files[file]);
  at = skip_space (text, at + 1, length);
  while (at < length && text[at] != ']')
    {
      AlbefStatus status;
      json_t *record;

      place.record++;
      status = check_room (dataset, place, error);
      if (status != ALBEF_OK)
        return status;
      record = parse (dataset, place, text, &at, length, JSON_DISABLE_EOF_CHECK, error);
      if (record == NULL)
        return ALBEF_ERROR_FORMAT;
      status = dataset_take_record (dataset, place, record, error);
      json_decref (record);
      if (status != ALBEF_OK)
        return status;
      at = skip_space (text, at, length);
      if (at < length && text[at] == ',')
        {
          at = skip_space (text, at + 1, length);
          if (at < length && text[at] == ']')
            return record_error (dataset, place, error, "a comma stands before the list's end");
        }
      else if (at < length && text[at] != ']')
        return record_error (dataset, place, error, "a comma or the list's end should follow");
    }
  if (at == length)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s' ends within its list, after record %d", dataset->files[file],
                      place.record);
  if (skip_space (text, at + 1, length) != length)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s': something follows the list", dataset->files[file]);
  return ALBEF_OK;
}

static AlbefStatus
read_manifest (Dataset *dataset, int file, const char *text, size_t length, AlbefError *error)
{
  Place place = { file, 0 };
  size_t at = 0;

  if (length == 0)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s' is empty; a manifest begins with {\"alidade-manifest\": 1, ...}",
                      dataset->files[file]);
  while (at < length)
    {
      const char *end = memchr (text + at, '\n', length - at);
      size_t next = end != NULL ? (size_t) (end - text) + 1 : length, line = at,
             stop = end != NULL ? (size_t) (end - text) : length;
      AlbefStatus status;
      json_t *record;

      at = next;
      place.record++;
      if (skip_space (text, line, stop) == stop && place.record > 1)
        continue;
      if (stop - line > DATASET_MAX_RECORD_BYTES)
        return record_error (dataset, place, error, "longer than %d bytes", DATASET_MAX_RECORD_BYTES);
      status = check_room (dataset, place, error);
      if (status != ALBEF_OK)
        return status;
      record = parse (dataset, place, text, &line, stop, 0, error);
      if (record == NULL)
        return ALBEF_ERROR_FORMAT;
      status = place.record == 1 ? manifest_take_header (dataset, place, record, text + next, length - next, error)
                                 : manifest_take_record (dataset, place, record, error);
      json_decref (record);
      if (status != ALBEF_OK)
        return status;
    }
  return ALBEF_OK;
}

static AlbefStatus
read_bytes (Dataset *dataset, const void *bytes, size_t length, const char *name, AlbefError *error)
{
  int file = dataset->n_files;

  dataset->files = mem_resize (dataset->files, (size_t) file + 1, sizeof *dataset->files);
  dataset->files[dataset->n_files++] = mem_strdup (name);
  dataset->hash = bytes_hash (bytes, length, dataset->hash);
  return dataset->options.format == DATASET_MANIFEST ? read_manifest (dataset, file, bytes, length, error)
                                                     : read_list (dataset, file, bytes, length, error);
}

/* A manifest's relative pictures lie beside it. */
static void
set_roots (Dataset *dataset, const DatasetOptions *options, const char *path)
{
  const char *slash = strrchr (path, '/');

  dataset->image_root = options->image_root;
  if (options->image_root == NULL && options->format == DATASET_MANIFEST && slash != NULL)
    {
      char *folder = arena_new (dataset, (size_t) (slash - path) + 1);

      memcpy (folder, path, (size_t) (slash - path));
      dataset->image_root = folder;
    }
  dataset->vg_root = options->vg_root != NULL ? options->vg_root : options->image_root;
}

static AlbefStatus
finish (Dataset *dataset, AlbefStatus status, Dataset **out)
{
  dataset->options.image_root = dataset->options.vg_root = NULL;
  dataset->image_root = dataset->vg_root = NULL;
  if (status == ALBEF_OK && dataset->options.format == DATASET_MANIFEST)
    manifest_finish (dataset);
  if (status != ALBEF_OK)
    {
      dataset_free (dataset);
      dataset = NULL;
    }
  *out = dataset;
  return status;
}

AlbefStatus
dataset_open (const char *const *paths, int n_paths, const DatasetOptions *options, Dataset **out, AlbefError *error)
{
  Dataset *dataset = mem_new0 (1, sizeof *dataset);
  AlbefStatus status = ALBEF_OK;

  dataset->options = *options;
  for (int i = 0; i < n_paths && status == ALBEF_OK; i++)
    {
      MappedFile file = { 0 };

      set_roots (dataset, options, paths[i]);
      status = mapped_file_open (paths[i], &file, error);
      if (status == ALBEF_OK)
        status = read_bytes (dataset, file.data, file.size, paths[i], error);
      mapped_file_close (&file);
    }
  return finish (dataset, status, out);
}

AlbefStatus
dataset_from_bytes (const void *bytes, size_t length, const char *name, const DatasetOptions *options, Dataset **out,
                    AlbefError *error)
{
  Dataset *dataset = mem_new0 (1, sizeof *dataset);

  dataset->options = *options;
  set_roots (dataset, options, name);
  return finish (dataset, read_bytes (dataset, bytes, length, name, error), out);
}

void
dataset_free (Dataset *dataset)
{
  if (dataset == NULL)
    return;
  for (int64_t i = 0; i < dataset->n_samples; i++)
    for (int r = 0; r < dataset->samples[i].n_regions; r++)
      region_clear (&dataset->samples[i].regions[r]);
  for (int i = 0; i < dataset->n_files; i++)
    free (dataset->files[i]);
  while (dataset->blocks != NULL)
    {
      ArenaBlock *next = dataset->blocks->next;

      free (dataset->blocks);
      dataset->blocks = next;
    }
  free (dataset->files);
  free (dataset->samples);
  free (dataset->absents);
  free (dataset->ids.keys);
  free (dataset->ids.ids);
  free (dataset);
}

/* ---------------------------------------------------------------------------------------------------
 * Questions
 */

int64_t
dataset_n_samples (const Dataset *dataset)
{
  return dataset->n_samples;
}

const Sample *
dataset_sample (const Dataset *dataset, int64_t index)
{
  return &dataset->samples[index];
}

DatasetFormat
dataset_format (const Dataset *dataset)
{
  return dataset->options.format;
}

const char *
dataset_file (const Dataset *dataset, int file)
{
  return dataset->files[file];
}

int64_t
dataset_n_ids (const Dataset *dataset)
{
  return dataset->ids.n;
}

int64_t
dataset_n_left_out (const Dataset *dataset)
{
  return dataset->n_left_out;
}

uint64_t
dataset_hash (const Dataset *dataset)
{
  return dataset->hash;
}

AlbefStatus
text_list_open (const char *path, char ***texts, int *n_texts, AlbefError *error)
{
  json_error_t problem;
  json_t *list = json_load_file (path, 0, &problem);
  AlbefStatus status = ALBEF_OK;
  size_t n = json_array_size (list);

  *texts = NULL;
  *n_texts = 0;
  if (list == NULL)
    return error_set (error,
                      json_error_code (&problem) == json_error_cannot_open_file ? ALBEF_ERROR_FILE : ALBEF_ERROR_FORMAT,
                      "'%s' line %d: %s", path, problem.line, problem.text);
  if (!json_is_array (list) || n > DATASET_MAX_RECORDS)
    status = error_set (error, ALBEF_ERROR_FORMAT, "'%s' is no list of texts", path);
  else
    *texts = mem_new0 (n, sizeof **texts);
  for (size_t i = 0; i < n && status == ALBEF_OK; i++)
    {
      const char *text = json_string_value (json_array_get (list, i));

      if (text == NULL)
        status = error_set (error, ALBEF_ERROR_FORMAT, "'%s': entry %zu is no text", path, i + 1);
      else
        (*texts)[(*n_texts)++] = mem_strdup (text);
    }
  json_decref (list);
  if (status != ALBEF_OK)
    {
      text_list_free (*texts, *n_texts);
      *texts = NULL;
      *n_texts = 0;
    }
  return status;
}

void
text_list_free (char **texts, int n_texts)
{
  for (int i = 0; i < n_texts; i++)
    free (texts[i]);
  free (texts);
}
