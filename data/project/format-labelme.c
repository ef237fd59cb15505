/* SPDX-License-Identifier: MIT
 * format-labelme.c: LabelMe's JSON, one file a picture, and X-AnyLabeling's dialect of it, whose rectangles have four
 * points. Coordinates are of the upright picture. Captions and spans go into keys of our own. */
#include "format-help.h"

#include "base-png.h"

#include <glib/gstdio.h>

#define FILE_LIMIT (256 << 20)
#define CIRCLE_CORNERS 64

/* Shapes ----------------------------------------------------------------------------------------------------------- */

static gboolean
point_at (const json_t *points, gsize i, double *x, double *y)
{
  double xy[2];

  if (!json_doubles (json_array_get (points, i), xy, 2))
    return FALSE;
  *x = xy[0];
  *y = xy[1];
  return TRUE;
}

static gboolean
parse_polygon (const json_t *points, Shape *shape)
{
  for (gsize i = 0; i < json_array_size (points); i++)
    {
      double x, y;

      if (!point_at (points, i, &x, &y))
        return FALSE;
      shape_add_point (shape, x, y);
    }
  shape_end_ring (shape);
  return shape_finish_polygon (shape, SHAPE_EVENODD);
}

/* Its centre and a point of its rim; as a polygon of 64 corners. */
static gboolean
parse_circle (const json_t *points, Shape *shape)
{
  double cx, cy, x, y, radius;

  if (json_array_size (points) != 2 || !point_at (points, 0, &cx, &cy) || !point_at (points, 1, &x, &y))
    return FALSE;
  radius = hypot (x - cx, y - cy);
  for (int i = 0; i < CIRCLE_CORNERS; i++)
    shape_add_point (shape, cx + radius * cos (2 * G_PI * i / CIRCLE_CORNERS), cy + radius * sin (2 * G_PI * i / CIRCLE_CORNERS));
  shape_end_ring (shape);
  return radius > 0 && shape_finish_polygon (shape, SHAPE_EVENODD);
}

/* A crop placed at its first corner: between whole corners, last pixels included, else of the PNG's own size. */
static gboolean
parse_mask (const json_t *item, const json_t *points, double width, double height, Shape *shape)
{
  g_autofree guint8 *crop = NULL, *pixels = NULL;
  double x1, y1, x2, y2;
  int w, h;

  if (!(width >= 1 && height >= 1 && width * height <= 256e6) || !point_at (points, 0, &x1, &y1) || !point_at (points, 1, &x2, &y2) ||
      !(fabs (x1) < 1e6 && fabs (y1) < 1e6) || (crop = base_png_read (json_text (item, "mask"), &w, &h)) == NULL)
    return FALSE;
  pixels = g_try_malloc0 ((gsize) width * (gsize) height);
  if (pixels == NULL)
    return FALSE;
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++)
      {
        gint64 px = (gint64) floor (x1) + x, py = (gint64) floor (y1) + y;

        if (crop[(gsize) y * w + x] != 0 && px >= 0 && py >= 0 && px < (gint64) width && py < (gint64) height)
          pixels[py * (gint64) width + px] = 1;
      }
  return shape_set_bitmap (shape, (guint32) width, (guint32) height, pixels);
}

/* FALSE: nothing with an area (a point, a line, no size). */
static gboolean
parse_shape (const json_t *item, double width, double height, Shape *shape)
{
  const char *type = json_text (item, "shape_type");
  const json_t *points = json_object_get (item, "points"), *rings = json_object_get (item, "alidade_rings");
  gsize n = json_array_size (points);
  double x1, y1, x2, y2;

  if (type == NULL || strcmp (type, "polygon") == 0)
    {
      if (json_array_size (rings) > 0)
        {
          for (gsize i = 0; i < json_array_size (rings); i++)
            {
              const json_t *ring = json_array_get (rings, i);

              for (gsize j = 0; j < json_array_size (ring); j++)
                {
                  double x, y;

                  if (!point_at (ring, j, &x, &y))
                    return FALSE;
                  shape_add_point (shape, x, y);
                }
              shape_end_ring (shape);
            }
          return shape_finish_polygon (shape, g_strcmp0 (json_text (item, "alidade_fill"), "union") == 0 ? SHAPE_UNION : SHAPE_EVENODD);
        }
      return parse_polygon (points, shape);
    }
  if (strcmp (type, "rectangle") == 0)
    return (n == 2 || n == 4) && point_at (points, 0, &x1, &y1) && point_at (points, n == 4 ? 2 : 1, &x2, &y2) &&
           shape_set_box (shape, x1, y1, x2, y2);
  if (strcmp (type, "oriented_rectangle") == 0 || strcmp (type, "rotation") == 0)
    return parse_polygon (points, shape);
  if (strcmp (type, "circle") == 0)
    return parse_circle (points, shape);
  return strcmp (type, "mask") == 0 && parse_mask (item, points, width, height, shape);
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

static gboolean
parse_spans (const json_t *value, GArray *spans)
{
  for (gsize i = 0; json_is_array (value) && i < json_array_size (value); i++)
    {
      double two[2];
      Span span;

      if (!json_doubles (json_array_get (value, i), two, 2) || !(fabs (two[0]) < 1e9 && fabs (two[1]) < 1e9))
        return FALSE;
      span.first = (gint64) two[0];
      span.last = (gint64) two[1];
      g_array_append_val (spans, span);
    }
  return TRUE;
}

/* Whether the words at the spans are still the shape's text: somebody may have given it another label since. */
static gboolean
words_are (const char *caption, const GArray *spans, const char *text)
{
  g_autoptr (GString) words = g_string_new (NULL);
  gint64 length = g_utf8_strlen (caption, -1);

  for (guint i = 0; i < spans->len; i++)
    {
      const Span *span = &g_array_index (spans, Span, i);
      g_autofree char *part = NULL;

      if (span->first < 0 || span->first >= span->last || span->last > length)
        return FALSE;
      part = g_utf8_substring (caption, span->first, span->last);
      g_string_append_printf (words, "%s%s", i > 0 ? " " : "", part);
    }
  return spans->len > 0 && g_strcmp0 (words->str, text) == 0;
}

static gint64
read_phrase (Import *import, const char *where, gint64 image, const json_t *item, GError **error)
{
  const char *description = json_text (item, "description"), *caption = json_text (item, "alidade_caption");
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (Span));
  ImportPhrase phrase = { .image = image, .text = description != NULL && *description != '\0' ? description : json_text (item, "label") };

  if (caption != NULL && parse_spans (json_object_get (item, "alidade_spans"), spans) && words_are (caption, spans, phrase.text))
    {
      phrase.caption = import_caption (import, where, image, caption, NULL, error);
      if (phrase.caption == 0)
        return 0;
      phrase.spans = (const Span *) (void *) spans->data;
      phrase.n_spans = spans->len;
    }
  return import_phrase (import, where, &phrase, error);
}

static gboolean
read_shape (Import *import, const char *where, gint64 image, double width, double height, const json_t *item, GError **error)
{
  g_auto (Shape) shape = { 0 };
  g_autoptr (json_t) extra = NULL;
  ImportRegion region = { .shape = &shape, .score = json_double (json_object_get (item, "score")) };
  GError *local = NULL;

  if (!json_is_object (item))
    {
      import_skip (import, where, "no object");
      return TRUE;
    }
  region.phrase = read_phrase (import, where, image, item, &local);
  if (region.phrase == 0)
    return help_goes_on (local, error);
  if (!parse_shape (item, width, height, &shape))
    {
      import_skip (import, where, "a %s has no area", json_text (item, "shape_type") != NULL ? json_text (item, "shape_type") : "shape");
      return TRUE;
    }
  extra = json_pack ("{s:O}", "labelme", (json_t *) item);
  region.extra = extra;
  import_region (import, where, &region, &local);
  return help_goes_on (local, error);
}

static gboolean
read_captions (Import *import, const char *where, gint64 image, const json_t *captions, GError **error)
{
  GError *local = NULL;

  for (gsize i = 0; json_is_array (captions) && i < json_array_size (captions); i++)
    {
      import_caption (import, where, image, json_string_value (json_array_get (captions, i)), NULL, &local);
      if (local != NULL)
        return help_goes_on (local, error);
    }
  return TRUE;
}

static gboolean
read_file (Import *import, const char *path, GError **error)
{
  g_autofree char *shown = g_filename_display_name (path), *folder = g_path_get_dirname (path), *name = NULL, *beside = NULL;
  g_autoptr (json_t) file = json_file_read (path, FILE_LIMIT, error);
  g_autoptr (json_t) extra = NULL;
  const json_t *shapes = json_object_get (file, "shapes");
  ImportImage image = { 0 };
  GError *local = NULL;
  gint64 id;
  double width = 0, height = 0;

  if (file == NULL)
    return FALSE;
  if (!json_is_array (shapes) || json_text (file, "imagePath") == NULL)
    {
      import_skip (import, shown, "no file of LabelMe's: imagePath or shapes are missing");
      return TRUE;
    }
  name = g_strdup (json_text (file, "imagePath"));
  g_strdelimit (name, "\\", '/');
  beside = g_canonicalize_filename (name, folder);
  image.name = name;
  image.beside = g_file_test (beside, G_FILE_TEST_IS_REGULAR) ? beside : NULL;
  image.width = json_double (json_object_get (file, "imageWidth"));
  image.height = json_double (json_object_get (file, "imageHeight"));
  extra = json_pack ("{s:{s:s}}", "labelme", "file", shown);
  image.extra = extra;
  id = import_image (import, shown, &image, &local);
  if (id == 0)
    return help_goes_on (local, error);
  import_image_size (import, id, &width, &height);
  if (!read_captions (import, shown, id, json_object_get (file, "alidade_captions"), error))
    return FALSE;
  for (gsize i = 0; i < json_array_size (shapes); i++)
    {
      g_autofree char *where = g_strdup_printf ("%s, shape %zu", shown, i + 1);

      if (!read_shape (import, where, id, width, height, json_array_get (shapes, i), error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
labelme_read (Import *import, const char *source, GError **error)
{
  g_autoptr (GPtrArray) files = files_below (source, ".json");

  for (guint i = 0; i < files->len; i++)
    if (!read_file (import, files->pdata[i], error))
      return FALSE;
  return help_pictures (import, source, error);
}

static gboolean
labelme_guess (const char *source, gboolean folder, const char *head)
{
  g_autoptr (GPtrArray) files = folder ? files_below (source, ".json") : NULL;
  g_autofree char *text = NULL;

  return files != NULL && files->len > 0 && g_file_get_contents (files->pdata[0], &text, NULL, NULL) &&
         strstr (text, "\"shapes\"") != NULL && strstr (text, "\"imagePath\"") != NULL;
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

static json_t *
point_json (double x, double y)
{
  return json_pack ("[f,f]", x, y);
}

static json_t *
rings_json (const Shape *shape)
{
  json_t *rings = json_array ();
  guint at = 0;

  for (guint i = 0; i < shape->rings->len; i++)
    {
      json_t *ring = json_array ();

      for (guint j = 0; j < g_array_index (shape->rings, guint32, i); j++, at += 2)
        json_array_append_new (ring, point_json (g_array_index (shape->points, double, at), g_array_index (shape->points, double, at + 1)));
      json_array_append_new (rings, ring);
    }
  return rings;
}

static void
set_mask (json_t *item, const Shape *shape)
{
  g_autofree guint8 *pixels = shape_to_bitmap (shape), *crop = NULL;
  g_autofree char *text = NULL;
  int x1 = (int) shape->box[0], y1 = (int) shape->box[1], w = (int) shape->box[2] - x1, h = (int) shape->box[3] - y1;
  json_t *points = json_array ();

  if (pixels != NULL)
    {
      crop = g_malloc ((gsize) w * h);
      for (int y = 0; y < h; y++)
        memcpy (crop + (gsize) y * w, pixels + (gsize) (y1 + y) * shape->width + x1, w);
      text = base_png_write (crop, w, h);
    }
  json_array_append_new (points, point_json (x1, y1));
  json_array_append_new (points, point_json (x1 + w - 1, y1 + h - 1));
  json_object_set_new (item, "points", points);
  json_object_set_new (item, "shape_type", json_string ("mask"));
  json_object_set_new (item, "mask", text != NULL ? json_string (text) : json_null ());
}

static void
set_shape (json_t *item, const Shape *shape, gboolean four)
{
  const double *b = shape->box;
  json_t *points = NULL;

  json_object_del (item, "alidade_rings");
  json_object_del (item, "alidade_fill");
  if (shape->kind == SHAPE_MASK)
    {
      set_mask (item, shape);
      return;
    }
  if (shape->kind == SHAPE_POLYGON)
    {
      g_autoptr (json_t) rings = rings_json (shape);

      points = json_incref (json_array_get (rings, 0));
      if (shape->rings->len > 1 || shape->fill == SHAPE_UNION)
        {
          json_object_set (item, "alidade_rings", rings);
          json_object_set_new (item, "alidade_fill", json_string (shape->fill == SHAPE_UNION ? "union" : "evenodd"));
        }
    }
  else
    {
      points = json_array ();
      json_array_append_new (points, point_json (b[0], b[1]));
      if (four)
        json_array_append_new (points, point_json (b[2], b[1]));
      json_array_append_new (points, point_json (b[2], b[3]));
      if (four)
        json_array_append_new (points, point_json (b[0], b[3]));
    }
  json_object_set_new (item, "points", points);
  json_object_set_new (item, "shape_type", json_string (shape->kind == SHAPE_POLYGON ? "polygon" : "rectangle"));
}

static void
set_default (json_t *item, const char *key, json_t *value)
{
  if (json_object_get (item, key) == NULL)
    json_object_set_new (item, key, value);
  else
    json_decref (value);
}

static void
set_text (json_t *item, const ExportImage *image, const ExportPhrase *phrase)
{
  const ExportCaption *caption = phrase->spans->len > 0 ? export_caption_of (image, phrase) : NULL;
  const char *description = json_text (item, "description");

  if (json_object_get (item, "label") == NULL)
    json_object_set_new (item, "label", json_string (phrase->text));
  else if (strcmp (phrase->text, description != NULL && *description != '\0' ? description : json_text (item, "label") != NULL
                                                                                              ? json_text (item, "label")
                                                                                              : "") != 0)
    json_object_set_new (item, "description", json_string (phrase->text));
  if (caption == NULL)
    return;
  json_object_set_new (item, "alidade_caption", json_string (caption->text));
  {
    json_t *spans = json_array ();

    for (guint i = 0; i < phrase->spans->len; i++)
      {
        const Span *span = &g_array_index (phrase->spans, Span, i);

        json_array_append_new (spans, json_pack ("[I,I]", (json_int_t) span->first, (json_int_t) span->last));
      }
    json_object_set_new (item, "alidade_spans", spans);
  }
}

/* A shape as it came where nobody touched it, else with its new points; keys that came stay. */
static json_t *
shape_json (Export *export, const ExportImage *image, const ExportPhrase *phrase, const ExportRegion *region, gboolean four)
{
  const json_t *came = json_object_get (region->extra, "labelme");
  gboolean untouched = came != NULL;
  g_auto (Shape) shape = { 0 };
  json_t *item;

  if (came == NULL)
    came = json_object_get (json_object_get (region->extra, "from"), "labelme");
  if (!export_shape (export, image, region, &shape))
    return NULL;
  item = came != NULL ? json_copy ((json_t *) came) : json_object ();
  if (!untouched || json_object_get (came, "points") == NULL || (shape.kind == SHAPE_MASK && json_text (came, "mask") == NULL) ||
      (shape.kind == SHAPE_BOX && json_array_size (json_object_get (came, "points")) != (four ? 4 : 2)))
    set_shape (item, &shape, four);
  set_text (item, image, phrase);
  set_default (item, "group_id", json_null ());
  set_default (item, "description", json_string (""));
  set_default (item, "flags", json_object ());
  if (!isnan (region->score))
    set_default (item, "score", json_real (region->score));
  if (four)
    {
      set_default (item, "score", json_null ());
      set_default (item, "difficult", json_false ());
      set_default (item, "attributes", json_object ());
    }
  return item;
}

static json_t *
all_shapes (Export *export, const ExportImage *image, gboolean four)
{
  json_t *shapes = json_array ();

  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      if (phrase->regions->len == 0)
        export_lost (export, "phrases without regions");
      for (guint j = 0; j < phrase->regions->len; j++)
        {
          json_t *item = shape_json (export, image, phrase, phrase->regions->pdata[j], four);

          if (item != NULL)
            json_array_append_new (shapes, item);
        }
    }
  return shapes;
}

static gboolean
write_image (Export *export, const char *target, const ExportImage *image, gboolean four, GError **error)
{
  g_autofree char *name = export_image_name (export, image), *valid = g_utf8_make_valid (image->path, -1), *path = NULL, *folder = NULL;
  g_autoptr (json_t) file = json_object ();
  g_autoptr (GString) out = g_string_new (NULL);
  json_t *captions = json_array ();
  double width, height;

  export_size (export, image, &width, &height);
  json_object_set_new (file, "version", json_string ("5.4.1"));
  json_object_set_new (file, "flags", json_object ());
  json_object_set_new (file, "shapes", all_shapes (export, image, four));
  if (four)
    {
      json_object_set_new (file, "tags", json_array ());
      json_object_set_new (file, "description", json_string (""));
      json_object_set_new (file, "checked", json_false ());
      json_object_set_new (file, "chat_history", json_array ());
      json_object_set_new (file, "vqaData", json_object ());
    }
  json_object_set_new (file, "imagePath", json_string (valid));
  json_object_set_new (file, "imageData", json_null ());
  json_object_set_new (file, "imageHeight", json_integer ((json_int_t) height));
  json_object_set_new (file, "imageWidth", json_integer ((json_int_t) width));
  for (guint i = 0; i < image->captions->len; i++)
    json_array_append_new (captions, json_string (((ExportCaption *) image->captions->pdata[i])->text));
  json_object_set_new (file, "alidade_captions", captions);
  json_put_value (out, file);
  g_string_append_c (out, '\n');
  path = export_path_beside (target, "", name, ".json");
  folder = g_path_get_dirname (path);
  if (g_mkdir_with_parents (folder, 0777) != 0)
    return project_fail (error, PROJECT_ERROR_FAILED, "The folder %s cannot be made", folder);
  return out_file_write (path, out->str, out->len, error);
}

static gboolean
write_all (Export *export, const char *target, gboolean four, GError **error)
{
  GError *local = NULL;

  while (TRUE)
    {
      g_autoptr (ExportImage) image = export_next (export, &local);

      if (image == NULL)
        return help_goes_on (local, error);
      if (!write_image (export, target, image, four, error))
        return FALSE;
    }
}

static gboolean
labelme_write (Export *export, const char *target, GError **error)
{
  return write_all (export, target, FALSE, error);
}

static gboolean
anylabeling_write (Export *export, const char *target, GError **error)
{
  return write_all (export, target, TRUE, error);
}

/* Writing back ------------------------------------------------------------------------------------------------------- */

/* Our mark in a file that we wrote: as long as it fits the shapes, nobody else changed them. */
static char *
hash_of (const json_t *shapes)
{
  g_autofree char *text = json_to_text (shapes);

  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

static gboolean
is_known (const json_t *item, const json_t *imported, const json_t *written)
{
  for (gsize i = 0; i < json_array_size (imported); i++)
    if (json_equal (item, json_object_get (json_array_get (imported, i), "labelme")))
      return TRUE;
  for (gsize i = 0; i < json_array_size (written); i++)
    if (json_equal (item, json_array_get (written, i)))
      return TRUE;
  return FALSE;
}

/* The file's own shapes without area stay where they are; all others are the project's now. A shape that no import
 * has seen was put there by another program: then the file is left alone. */
static gboolean
merge_shapes (Export *export, const ExportImage *image, const char *path, json_t *file, gboolean four, GError **error)
{
  const json_t *old = json_object_get (file, "shapes");
  g_autoptr (json_t) shapes = all_shapes (export, image, four), imported = export_imported (export, image->id, error);
  g_autofree char *before = hash_of (old), *after = NULL;
  gboolean ours = g_strcmp0 (before, json_text (file, "alidade_hash")) == 0;
  gsize n = json_array_size (shapes);
  double width, height;

  if (imported == NULL)
    return FALSE;
  export_size (export, image, &width, &height);
  for (gsize i = 0; i < json_array_size (old); i++)
    {
      json_t *item = json_array_get (old, i);
      g_auto (Shape) shape = { 0 };

      if (!parse_shape (item, width, height, &shape))
        json_array_append (shapes, item);
      else if (!ours && !is_known (item, imported, shapes))
        return project_fail (error, PROJECT_ERROR_REFUSED, "%s was changed by another program since it was imported (shape %zu). Import it "
                             "again first; it was left as it is.", path, i + 1);
    }
  if (n == json_array_size (old) && json_equal (old, shapes))
    return TRUE;
  after = hash_of (shapes);
  json_object_set (file, "shapes", shapes);
  json_object_set_new (file, "alidade_hash", json_string (after));
  return TRUE;
}

static gboolean
write_back_image (Export *export, const ExportImage *image, gboolean four, GError **error)
{
  const char *path = json_text (json_object_get (image->extra, "labelme"), "file");
  g_autoptr (json_t) file = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *beside = NULL;

  if (path == NULL || !g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return TRUE;
  file = json_file_read (path, FILE_LIMIT, error);
  if (file == NULL || !merge_shapes (export, image, path, file, four, error))
    return FALSE;
  json_put_value (out, file);
  g_string_append_c (out, '\n');
  beside = g_strconcat (path, ".part", NULL);
  g_remove (beside);
  if (!out_file_write (beside, out->str, out->len, error))
    return FALSE;
  if (g_rename (beside, path) == 0)
    {
      export_count_file (export);
      return TRUE;
    }
  g_remove (beside);
  return project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be replaced", path);
}

static gboolean
write_back (Export *export, GError **error)
{
  GError *local = NULL;

  while (TRUE)
    {
      g_autoptr (ExportImage) image = export_next (export, &local);

      if (image == NULL)
        return help_goes_on (local, error);
      if (!write_back_image (export, image, strcmp (export_format_name (export), "labelme") != 0, error))
        return FALSE;
    }
}

const Format format_labelme = {
  .name = "labelme",
  .folder = TRUE,
  .upright = TRUE,
  .guess = labelme_guess,
  .read = labelme_read,
  .write = labelme_write,
  .write_back = write_back,
  .keeps_not = "phrases without regions, chains and types, which region several phrases share",
};

const Format format_x_anylabeling = {
  .name = "x-anylabeling",
  .folder = TRUE,
  .upright = TRUE,
  .named_only = TRUE,
  .read = labelme_read,
  .write = anylabeling_write,
  .write_back = write_back,
  .keeps_not = "phrases without regions, chains and types, which region several phrases share",
};
