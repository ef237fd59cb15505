/* SPDX-License-Identifier: MIT
 * format-voc.c: Pascal VOC's XML files, one a picture. Two habits are about: the first pixel is 1 (then x1 = xmin - 1,
 * x2 = xmax), or nothing is shifted; a 0 anywhere in the set tells the second. */
#include "format-help.h"

#include "image-finder.h"
#include "xml-items.h"

#include <glib/gstdio.h>

typedef struct
{
  Import *import;
  const char *path;     /* of the file being read */
  gboolean zero;        /* a 0 was met */
  double shift;
} Reader;

static gboolean
on_find_zero (const char *where, const XmlNode *item, gpointer data, GError **error)
{
  Reader *reader = data;

  for (guint i = 0; i < item->children->len; i++)
    {
      const XmlNode *object = item->children->pdata[i];
      const XmlNode *box = strcmp (object->name, "object") == 0 ? xml_child (object, "bndbox") : NULL;

      if (box != NULL && (xml_child_number (box, "xmin") < 1 || xml_child_number (box, "ymin") < 1))
        reader->zero = TRUE;
    }
  return TRUE;
}

static gboolean
read_object (Reader *reader, const char *where, gint64 image, const XmlNode *object, GError **error)
{
  static const char *const kept[] = { "pose", "truncated", "difficult", "occluded" };
  const XmlNode *bndbox = xml_child (object, "bndbox");
  g_autofree char *name = xml_child_text (object, "name");
  g_autoptr (json_t) rest = json_object ();
  g_autoptr (json_t) extra = NULL;
  GError *local = NULL;
  gint64 phrase = help_phrase (reader->import, where, image, name, NULL, &local);
  double box[4];

  if (phrase == 0)
    return help_goes_on (local, error);
  if (bndbox == NULL)
    {
      import_skip (reader->import, where, "an object without bndbox");
      return TRUE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      g_autofree char *text = xml_child_text (object, kept[i]);

      if (text != NULL && *text != '\0')
        json_object_set_new (rest, kept[i], json_string (text));
    }
  extra = json_pack ("{s:O}", "voc", rest);
  box[0] = xml_child_number (bndbox, "xmin") - reader->shift;
  box[1] = xml_child_number (bndbox, "ymin") - reader->shift;
  box[2] = xml_child_number (bndbox, "xmax");
  box[3] = xml_child_number (bndbox, "ymax");
  return help_box (reader->import, where, phrase, box, extra, error);
}

/* A `folder` beside the file name, as VOC's JPEGImages/ next to Annotations/, is tried by the base name anyway. */
static gboolean
on_annotation (const char *where, const XmlNode *item, gpointer data, GError **error)
{
  Reader *reader = data;
  const XmlNode *size = xml_child (item, "size");
  g_autofree char *name = xml_child_text (item, "filename"), *folder = g_path_get_dirname (reader->path), *beside = NULL;
  g_autofree char *place = g_filename_display_name (reader->path);
  ImportImage image = { .width = xml_child_number (size, "width"), .height = xml_child_number (size, "height") };
  GError *local = NULL;
  gint64 id;

  if (name == NULL || *name == '\0')
    {
      g_free (name);
      name = g_path_get_basename (reader->path);
      *strrchr (name, '.') = '\0';
      image.stem = name;
    }
  else
    beside = g_canonicalize_filename (name, folder);
  image.name = name;
  image.beside = beside != NULL && g_file_test (beside, G_FILE_TEST_IS_REGULAR) ? beside : NULL;
  id = import_image (reader->import, place, &image, &local);
  for (guint i = 0; id != 0 && i < item->children->len; i++)
    {
      const XmlNode *object = item->children->pdata[i];
      g_autofree char *spot = g_strdup_printf ("%s, object %u", place, i + 1);

      if (strcmp (object->name, "object") == 0 && !read_object (reader, spot, id, object, error))
        return FALSE;
    }
  return help_goes_on (local, error);
}

static gboolean
voc_read (Import *import, const char *source, GError **error)
{
  g_autoptr (GPtrArray) files = files_below (source, ".xml");
  Reader reader = { .import = import };
  int origin = import_voc_origin (import);

  for (guint i = 0; i < files->len && origin < 0 && !reader.zero; i++)
    if (!xml_items_read (files->pdata[i], "annotation", on_find_zero, &reader, error))
      return FALSE;
  reader.shift = origin == 0 || (origin < 0 && reader.zero) ? 0 : 1;
  for (guint i = 0; i < files->len; i++)
    {
      reader.path = files->pdata[i];
      if (!xml_items_read (reader.path, "annotation", on_annotation, &reader, error))
        return FALSE;
    }
  return help_pictures (import, source, error);
}

static gboolean
voc_guess (const char *source, gboolean folder, const char *head)
{
  g_autoptr (GPtrArray) files = folder ? files_below (source, ".xml") : NULL;
  g_autofree char *text = NULL;

  return files != NULL && files->len > 0 && g_file_get_contents (files->pdata[0], &text, NULL, NULL) &&
         strstr (text, "<annotation") != NULL;
}

/* Writing: the first pixel is 1, as the standard's own files have it --------------------------------------------------- */

static void
put_number (GString *out, const char *name, double value)
{
  g_autofree char *text = number_text (value);

  g_string_append_printf (out, "      <%s>%s</%s>\n", name, text, name);
}

static void
put_object (Export *export, GString *out, const ExportImage *image, const ExportPhrase *phrase, const ExportRegion *region)
{
  static const char *const kept[] = { "pose", "truncated", "difficult", "occluded" };
  static const char *const otherwise[] = { "Unspecified", "0", "0", NULL };
  const json_t *voc = json_object_get (region->extra, "voc");
  double box[4];

  if (voc == NULL)
    voc = json_object_get (json_object_get (region->extra, "from"), "voc");
  if (!help_export_box (export, image, region, box))
    return;
  g_string_append (out, "  <object>\n    <name>");
  xml_put (out, phrase->text);
  g_string_append (out, "</name>\n");
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      const char *value = json_text (voc, kept[i]);

      if (value == NULL)
        value = otherwise[i];
      if (value == NULL)
        continue;
      g_string_append_printf (out, "    <%s>", kept[i]);
      xml_put (out, value);
      g_string_append_printf (out, "</%s>\n", kept[i]);
    }
  g_string_append (out, "    <bndbox>\n");
  put_number (out, "xmin", box[0] + 1);
  put_number (out, "ymin", box[1] + 1);
  put_number (out, "xmax", box[2]);
  put_number (out, "ymax", box[3]);
  g_string_append (out, "    </bndbox>\n  </object>\n");
}

static gboolean
write_image (Export *export, const char *target, const ExportImage *image, GError **error)
{
  g_autofree char *name = export_image_name (export, image), *shown = g_path_get_basename (name), *path = NULL, *folder = NULL;
  g_autoptr (GString) out = g_string_new ("<annotation>\n  <filename>");
  const char *rest = g_str_has_prefix (name, "/") ? name + 1 : name;

  xml_put (out, shown);
  g_string_append_printf (out, "</filename>\n  <size>\n    <width>%.0f</width>\n    <height>%.0f</height>\n    <depth>3</depth>\n  </size>\n",
                          image->width, image->height);
  for (guint i = 0; i < image->captions->len; i++)
    export_lost (export, "captions");
  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      if (phrase->regions->len == 0)
        export_lost (export, "phrases without regions");
      for (guint j = 0; j < phrase->regions->len; j++)
        put_object (export, out, image, phrase, phrase->regions->pdata[j]);
    }
  g_string_append (out, "</annotation>\n");
  path = export_path_beside (target, "Annotations", rest, ".xml");
  folder = g_path_get_dirname (path);
  if (g_mkdir_with_parents (folder, 0777) != 0)
    return project_fail (error, PROJECT_ERROR_FAILED, "The folder %s cannot be made", folder);
  return out_file_write (path, out->str, out->len, error);
}

static gboolean
voc_write (Export *export, const char *target, GError **error)
{
  GError *local = NULL;

  while (TRUE)
    {
      g_autoptr (ExportImage) image = export_next (export, &local);

      if (image == NULL)
        return help_goes_on (local, error);
      if (!write_image (export, target, image, error))
        return FALSE;
    }
}

const Format format_voc = {
  .name = "voc",
  .folder = TRUE,
  .guess = voc_guess,
  .read = voc_read,
  .write = voc_write,
  .keeps_not = "captions and spans, phrases without regions, outlines, which region several phrases share, scores",
};
