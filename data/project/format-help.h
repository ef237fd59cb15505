/* SPDX-License-Identifier: MIT
 * Small things that several formats do the same way. */
#pragma once

#include "formats.h"

#include "coco-shape.h"
#include "image-finder.h"

#include <math.h>
#include <string.h>

G_BEGIN_DECLS

/* Whether an import goes on after a call that returned an id of 0: TRUE if the record was only skipped. */
static inline gboolean
help_goes_on (GError *local, GError **error)
{
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, local);
  return FALSE;
}

static inline gboolean
help_is_folder (const char *source, GError **error)
{
  return g_file_test (source, G_FILE_TEST_IS_DIR) ||
         project_fail (error, PROJECT_ERROR_USAGE, "%s is no folder; name the folder that it lies in", source);
}

/* A stand-alone phrase; 0 as import_phrase(). */
static inline gint64
help_phrase (Import *import, const char *where, gint64 image, const char *text, const json_t *extra, GError **error)
{
  const ImportPhrase phrase = { .image = image, .text = text, .extra = extra };

  return import_phrase (import, where, &phrase, error);
}

/* A box on a phrase; a box without area is listed. TRUE to go on. */
static inline gboolean
help_box (Import *import, const char *where, gint64 phrase, const double box[4], const json_t *extra, GError **error)
{
  g_auto (Shape) shape = { 0 };
  const ImportRegion region = { .phrase = phrase, .shape = &shape, .score = NAN, .extra = extra };
  GError *local = NULL;

  if (!(box[0] < box[2] && box[1] < box[3]) || !shape_set_box (&shape, box[0], box[1], box[2], box[3]))
    {
      import_skip (import, where, "its box has no area, or lies too far away");
      return TRUE;
    }
  import_region (import, where, &region, &local);
  return help_goes_on (local, error);
}

/* The pictures of a folder, those without annotation too. */
static inline gboolean
help_pictures (Import *import, const char *folder, GError **error)
{
  g_autoptr (GPtrArray) all = files_below (folder, NULL);
  GError *local = NULL;

  for (guint i = 0; i < all->len && local == NULL; i++)
    {
      const ImportImage image = { .name = all->pdata[i], .beside = all->pdata[i] };

      import_image (import, all->pdata[i], &image, &local);
    }
  return help_goes_on (local, error);
}

/* The keys of `object` but those named, under `name`; NULL if there are none. json_decref() it. */
static inline json_t *
help_rest (const json_t *object, const char *const *own, const char *name)
{
  g_autoptr (json_t) rest = json_without (object, own);

  return rest != NULL ? json_pack ("{s:O}", name, rest) : NULL;
}

/* Members of extra[name], written behind what is there. */
static inline void
help_put_rest (GString *out, const json_t *extra, const char *name)
{
  const json_t *rest = json_object_get (extra, name);
  const char *key;
  json_t *value;

  json_object_foreach ((json_t *) rest, key, value)
    {
      json_put_name (out, key);
      json_put_value (out, value);
    }
}

static inline void
help_put_numbers (GString *out, const double *numbers, guint n)
{
  g_string_append_c (out, '[');
  for (guint i = 0; i < n; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      json_put_number (out, numbers[i]);
    }
  g_string_append_c (out, ']');
}

/* Writes a whole export as pieces of one file: `image` is called for every image and appends to `out`. */
typedef void (*HelpPutImage) (Export *export, GString *out, const ExportImage *image, gpointer data);

static inline gboolean
help_write_images (Export *export, const char *target, const char *head, const char *tail, HelpPutImage put, gpointer data,
                   GError **error)
{
  OutFile *file = out_file_open (target, error);
  g_autoptr (GString) out = g_string_new (head);
  GError *local = NULL;
  gboolean good = file != NULL;

  while (good)
    {
      g_autoptr (ExportImage) image = export_next (export, &local);

      if (image == NULL)
        break;
      put (export, out, image, data);
      good = out_file_put (file, out, FALSE, error);
    }
  good = good && help_goes_on (local, error);
  if (file == NULL)
    return FALSE;
  g_string_append (out, tail);
  if (good && out_file_put (file, out, TRUE, error))
    return out_file_close (file, error);
  out_file_abandon (file);
  return FALSE;
}

/* The box of a region in the file's grid; FALSE (counted as lost) where there is none. Other shapes lose their outline. */
static inline gboolean
help_export_box (Export *export, const ExportImage *image, const ExportRegion *region, double box[4])
{
  g_auto (Shape) shape = { 0 };

  if (!export_shape (export, image, region, &shape))
    return FALSE;
  if (shape.kind != SHAPE_BOX)
    export_lost (export, "outlines of polygons and masks (their boxes are kept)");
  memcpy (box, shape.box, sizeof shape.box);
  return TRUE;
}

G_END_DECLS
