/* SPDX-License-Identifier: MIT */
#include "map-files.h"

#include <stdlib.h>
#include <string.h>

#include "atomic-file.h"
#include "error.h"
#include "safetensors.h"

#define STRIP_GAP 8         /* pixels between pictures */
#define STRIP_MAX_SIDE 512  /* a picture in the strip; the paper's figure is a strip of thumbnails */

/* ---------------------------------------------------------------------------------------------------
 * Pictures
 */

static AlbefStatus
write_png (const char *path, const uint8_t *pixels, int width, int height, json_t *description, AlbefError *error)
{
  char *json = json_dumps (description, JSON_REAL_PRECISION (9));
  const char *command = json_string_value (json_object_get (description, "command"));
  const char *model = json_string_value (json_object_get (description, "model"));
  const char *hash = json_string_value (json_object_get (description, "model_sha256"));
  const char *texts[] = { "Software", "albef", "Command", command, "Model", model, "Model SHA-256", hash,
                          "Description", json };
  AlbefStatus status = albef_png_write (path, pixels, width, height, 3, texts, 5, error);

  free (json);
  return status;
}

/* Overlays `map` on a picture of the strip at column x. */
static void
compose (uint8_t *strip, int strip_width, int x, const AlbefImage *image, const AlbefMaps *maps, const float *map,
         const AlbefOverlay *overlay)
{
  int width = albef_image_width (image), height = albef_image_height (image);
  uint8_t *at = strip + 3 * (size_t) x;

  for (int row = 0; row < height; row++)
    memcpy (at + 3 * (size_t) row * (size_t) strip_width, albef_image_pixels (image) + 3 * (size_t) row * (size_t) width,
            3 * (size_t) width);
  if (map != NULL)
    albef_overlay_compose (at, width, height, 3 * strip_width, 3, map, albef_maps_grid_width (maps),
                           albef_maps_grid_height (maps), 0, 0, width, height, overlay, at, 3 * strip_width);
}

/* The picture at a size fit for a strip. */
static AlbefStatus
strip_image (const AlbefImage *image, AlbefImage **small, AlbefError *error)
{
  int width = albef_image_width (image), height = albef_image_height (image);
  int longer = width > height ? width : height;

  if (longer > STRIP_MAX_SIDE)
    {
      width = (int) ((int64_t) width * STRIP_MAX_SIDE / longer);
      height = (int) ((int64_t) height * STRIP_MAX_SIDE / longer);
    }
  return albef_image_resize (image, width > 0 ? width : 1, height > 0 ? height : 1, small, error);
}

AlbefStatus
map_files_write_strip (const char *path, const AlbefImage *image, const AlbefMaps *maps, const MapSelection *chosen,
                       const AlbefOverlay *overlay, json_t *description, AlbefError *error)
{
  bool words = albef_maps_has_word_maps (maps, NULL);
  int n = words ? chosen->n : 1, width, height, strip_width;
  AlbefImage *small = NULL;
  uint8_t *strip;
  AlbefStatus status = strip_image (image, &small, error);

  if (status != ALBEF_OK)
    return status;
  width = albef_image_width (small);
  height = albef_image_height (small);
  strip_width = (n + 1) * width + n * STRIP_GAP;
  strip = malloc (3 * (size_t) strip_width * (size_t) height);
  if (strip == NULL)
    {
      albef_image_free (small);
      return error_set (error, ALBEF_ERROR_MEMORY, "no memory for a strip of %d pictures", n + 1);
    }
  memset (strip, 255, 3 * (size_t) strip_width * (size_t) height);
  compose (strip, strip_width, 0, small, maps, NULL, overlay);
  for (int i = 0; i < n; i++)
    compose (strip, strip_width, (i + 1) * (width + STRIP_GAP), small, maps,
             words ? albef_maps_word (maps, chosen->words[i]) : albef_maps_sentence (maps), overlay);
  status = write_png (path, strip, strip_width, height, description, error);
  free (strip);
  albef_image_free (small);
  return status;
}

AlbefStatus
map_files_write_word (const char *path, const AlbefImage *image, const AlbefMaps *maps, int word,
                      const AlbefOverlay *overlay, json_t *description, AlbefError *error)
{
  int width = albef_image_width (image), height = albef_image_height (image);
  uint8_t *pixels = malloc (3 * (size_t) width * (size_t) height);
  AlbefStatus status;

  if (pixels == NULL)
    return error_set (error, ALBEF_ERROR_MEMORY, "no memory for a picture of %d x %d pixels", width, height);
  compose (pixels, width, 0, image, maps, albef_maps_word (maps, word), overlay);
  status = write_png (path, pixels, width, height, description, error);
  free (pixels);
  return status;
}

/* ---------------------------------------------------------------------------------------------------
 * Numbers
 */

/* Maps of the chosen words one after the other; zeros where there is none. */
static float *
gather (const AlbefMaps *maps, const MapSelection *chosen, size_t cells)
{
  float *all = mem_new0 ((size_t) (chosen->n > 0 ? chosen->n : 1) * cells, sizeof *all);

  for (int i = 0; i < chosen->n; i++)
    {
      const float *map = albef_maps_word (maps, chosen->words[i]);

      if (map != NULL)
        memcpy (all + (size_t) i * cells, map, cells * sizeof *all);
    }
  return all;
}

AlbefStatus
map_files_write_json (const char *path, json_t *description, AlbefError *error)
{
  char *json = json_dumps (description, JSON_INDENT (1) | JSON_REAL_PRECISION (9));
  AtomicFile *file = NULL;
  AlbefStatus status = atomic_file_open (path, &file, error);

  if (status == ALBEF_OK)
    status = atomic_file_write (file, json, strlen (json), error);
  if (status == ALBEF_OK)
    status = atomic_file_write (file, "\n", 1, error);
  if (status == ALBEF_OK)
    status = atomic_file_commit (file, error);
  else
    atomic_file_discard (file);
  free (json);
  return status;
}

AlbefStatus
map_files_write_npy (const char *path, const AlbefMaps *maps, const MapSelection *chosen, json_t *description,
                     AlbefError *error)
{
  int gh = albef_maps_grid_height (maps), gw = albef_maps_grid_width (maps);
  size_t cells = (size_t) gh * (size_t) gw, stem = strlen (path) - strlen (".npy");
  float *all = gather (maps, chosen, cells);
  /* Magic, version 1.0, header length; the header is padded with spaces to a multiple of 64, ending in LF. */
  char header[128], *json_path;
  AtomicFile *file = NULL;
  AlbefStatus status;
  int length;

  memset (header, ' ', sizeof header);
  memcpy (header, "\x93NUMPY\x01\x00\x76\x00", 10);
  length = snprintf (header + 10, sizeof header - 10,
                     "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d, %d), }", chosen->n, gh, gw);
  header[10 + length] = ' ';
  header[sizeof header - 1] = '\n';
  status = atomic_file_open (path, &file, error);
  if (status == ALBEF_OK)
    status = atomic_file_write (file, header, sizeof header, error);
  if (status == ALBEF_OK)
    status = atomic_file_write (file, all, (size_t) chosen->n * cells * sizeof *all, error);
  if (status == ALBEF_OK)
    status = atomic_file_commit (file, error);
  else
    atomic_file_discard (file);
  free (all);
  if (status != ALBEF_OK)
    return status;
  json_path = mem_printf ("%.*s.json", (int) stem, path);
  status = map_files_write_json (json_path, description, error);
  free (json_path);
  return status;
}

AlbefStatus
map_files_write_safetensors (const char *path, const AlbefMaps *maps, const MapSelection *chosen, json_t *description,
                             AlbefError *error)
{
  int gh = albef_maps_grid_height (maps), gw = albef_maps_grid_width (maps);
  size_t cells = (size_t) gh * (size_t) gw;
  SafetensorsEntry entries[] = {
    { "words", WEIGHT_F32, 3, { chosen->n, gh, gw } },
    { "sentence", WEIGHT_F32, 2, { gh, gw } },
  };
  char *json = json_dumps (description, JSON_REAL_PRECISION (9));
  SafetensorsText metadata = { "description", json, strlen (json) };
  float *all = gather (maps, chosen, cells), *none = mem_new0 (cells, sizeof *none);
  const float *sentence = albef_maps_sentence (maps);
  SafetensorsWriter *writer = NULL;
  AlbefStatus status = safetensors_writer_open (path, entries, 2, &metadata, 1, &writer, error);

  if (status == ALBEF_OK)
    status = safetensors_writer_write (writer, all, (size_t) chosen->n * cells * sizeof *all, error);
  if (status == ALBEF_OK)
    status = safetensors_writer_write (writer, sentence != NULL ? sentence : none, cells * sizeof *all, error);
  if (status == ALBEF_OK)
    status = safetensors_writer_commit (writer, error);
  else
    safetensors_writer_discard (writer);
  free (all);
  free (none);
  free (json);
  return status;
}
