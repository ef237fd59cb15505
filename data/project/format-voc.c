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
  const char *source;
  const char *path;     /* of the file being read */
  gboolean zero;        /* a 0 was met */
  gboolean parts;       /* something with elements of its own was met */
  gboolean failed;      /* not the file's fault */
  double shift;
} Reader;

/* Reading ---------------------------------------------------------------------------------------------------------- */

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

/* What comes back on export: the object's texts (pose, truncated, difficult, occluded, and what others put there). */
static json_t *
object_extra (Reader *reader, const XmlNode *object)
{
  json_t *rest = json_array ();

  for (guint i = 0; i < object->children->len; i++)
    {
      const XmlNode *child = object->children->pdata[i];

      if (strcmp (child->name, "name") == 0 || strcmp (child->name, "bndbox") == 0)
        continue;
      if (child->children->len > 0)
        reader->parts = TRUE;
      else
        json_array_append_new (rest, json_pack ("[s,s]", child->name, g_strstrip (child->text->str)));
    }
  return json_pack ("{s:o}", "voc", rest);
}

static gboolean
read_object (Reader *reader, const char *where, gint64 image, const XmlNode *object, GError **error)
{
  const XmlNode *bndbox = xml_child (object, "bndbox");
  g_autofree char *name = xml_child_text (object, "name");
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
  extra = object_extra (reader, object);
  box[0] = xml_child_number (bndbox, "xmin") - reader->shift;
  box[1] = xml_child_number (bndbox, "ymin") - reader->shift;
  box[2] = xml_child_number (bndbox, "xmax");
  box[3] = xml_child_number (bndbox, "ymax");
  return help_box (reader->import, where, phrase, box, extra, error);
}

static gboolean
try_picture (char **path, const char *folder, const char *inner, const char *name)
{
  g_autofree char *built = g_build_filename (folder, inner, NULL);

  g_free (*path);
  *path = g_canonicalize_filename (name, built);
  return g_file_test (*path, G_FILE_TEST_IS_REGULAR);
}

/* The picture of an annotation: beside it, in the folder that is parallel to Annotations/, at the same place below the
 * pictures' folder, in the folder that it names. NULL: by its name alone. */
static char *
find_picture (Reader *reader, const XmlNode *item, const char *name)
{
  const char *images = image_finder_folder (import_finder (reader->import));
  g_autofree char *own = g_path_get_dirname (reader->path), *parent = g_path_get_dirname (own), *path = NULL;
  g_autofree char *folder = xml_child_text (item, "folder");
  const char *inner = g_str_has_prefix (own, reader->source) ? own + strlen (reader->source) : "";

  while (*inner == '/')
    inner++;
  if (g_str_has_prefix (inner, "Annotations") && (inner[11] == '/' || inner[11] == '\0'))
    inner += 11;
  if (try_picture (&path, own, "", name) || try_picture (&path, parent, "JPEGImages", name) ||
      try_picture (&path, images, inner, name) || (folder != NULL && try_picture (&path, images, folder, name)))
    return g_steal_pointer (&path);
  return NULL;
}

static gboolean
read_annotation (Reader *reader, const XmlNode *item, GError **error)
{
  const XmlNode *size = xml_child (item, "size");
  g_autofree char *name = xml_child_text (item, "filename"), *beside = NULL;
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
    beside = find_picture (reader, item, name);
  image.name = name;
  image.beside = beside;
  id = import_image (reader->import, place, &image, &local);
  for (guint i = 0, n = 0; id != 0 && i < item->children->len; i++)
    {
      const XmlNode *object = item->children->pdata[i];
      g_autofree char *spot = NULL;

      if (strcmp (object->name, "object") != 0)
        continue;
      spot = g_strdup_printf ("%s, object %u", place, ++n);
      if (!read_object (reader, spot, id, object, error))
        return FALSE;
    }
  return help_goes_on (local, error);
}

static gboolean
on_annotation (const char *where, const XmlNode *item, gpointer data, GError **error)
{
  Reader *reader = data;

  reader->failed = !read_annotation (reader, item, error);
  return !reader->failed;
}

/* A file that is no XML is left out, alone. */
static gboolean
read_file (Reader *reader, const char *path, XmlItemFunc item, gboolean tell, GError **error)
{
  g_autofree char *shown = g_filename_display_name (path);
  GError *local = NULL;

  reader->path = path;
  if (xml_items_read (path, "annotation", item, reader, &local))
    return TRUE;
  if (reader->failed)
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  if (tell)
    import_skip (reader->import, shown, "%s", local->message);
  g_error_free (local);
  return TRUE;
}

static gboolean
voc_read (Import *import, const char *source, GError **error)
{
  g_autoptr (GPtrArray) files = files_below (source, ".xml");
  Reader reader = { .import = import, .source = source };
  int origin = import_voc_origin (import);

  if (!help_is_folder (source, error))
    return FALSE;
  for (guint i = 0; i < files->len && origin < 0 && !reader.zero; i++)
    if (!read_file (&reader, files->pdata[i], on_find_zero, FALSE, error))
      return FALSE;
  reader.shift = origin == 0 || (origin < 0 && reader.zero) ? 0 : 1;
  for (guint i = 0; i < files->len; i++)
    if (!read_file (&reader, files->pdata[i], on_annotation, TRUE, error))
      return FALSE;
  if (files->len > 0)
    import_note (import, "the first pixel is %d%s", reader.shift > 0 ? 1 : 0,
                 origin < 0 ? " (--voc-origin says otherwise)" : "");
  if (reader.parts)
    import_note (import, "parts of objects and other elements with elements of their own are not read");
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

/* Writing ---------------------------------------------------------------------------------------------------------- */

typedef struct
{
  Export *export;
  const char *target;
  double shift;
} Writer;

static void
put_number (GString *out, const char *name, double value)
{
  g_autofree char *text = number_text (value);

  g_string_append_printf (out, "      <%s>%s</%s>\n", name, text, name);
}

static void
put_text (GString *out, const char *name, const char *text)
{
  g_string_append_printf (out, "    <%s>", name);
  xml_put (out, text);
  g_string_append_printf (out, "</%s>\n", name);
}

static gboolean
has_text (const json_t *rest, const char *name)
{
  for (gsize i = 0; i < json_array_size (rest); i++)
    if (g_strcmp0 (json_string_value (json_array_get (json_array_get (rest, i), 0)), name) == 0)
      return TRUE;
  return FALSE;
}

static void
put_object (Writer *writer, GString *out, const ExportImage *image, const ExportPhrase *phrase,
            const ExportRegion *region)
{
  static const char *const usual[][2] = { { "pose", "Unspecified" }, { "truncated", "0" }, { "difficult", "0" } };
  const json_t *voc = json_object_get (region->extra, "voc");
  double box[4];

  if (voc == NULL)
    voc = json_object_get (json_object_get (region->extra, "from"), "voc");
  if (!help_export_box (writer->export, image, region, box))
    return;
  g_string_append (out, "  <object>\n    <name>");
  xml_put (out, phrase->text);
  g_string_append (out, "</name>\n");
  for (guint i = 0; i < G_N_ELEMENTS (usual); i++)
    if (!has_text (voc, usual[i][0]))
      put_text (out, usual[i][0], usual[i][1]);
  for (gsize i = 0; i < json_array_size (voc); i++)
    {
      const json_t *pair = json_array_get (voc, i);

      put_text (out, json_string_value (json_array_get (pair, 0)), json_string_value (json_array_get (pair, 1)));
    }
  g_string_append (out, "    <bndbox>\n");
  put_number (out, "xmin", box[0] + writer->shift);
  put_number (out, "ymin", box[1] + writer->shift);
  put_number (out, "xmax", box[2]);
  put_number (out, "ymax", box[3]);
  g_string_append (out, "    </bndbox>\n  </object>\n");
}

/* Pictures whose names differ only in the ending get annotations with both endings. */
static char *
path_for (const Writer *writer, const char *rest)
{
  g_autofree char *path = export_path_beside (writer->target, "Annotations", rest, ".xml");
  g_autofree char *longer = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&path);
  longer = g_strconcat (rest, ".", NULL);
  return export_path_beside (writer->target, "Annotations", longer, ".xml");
}

static gboolean
write_image (Writer *writer, const ExportImage *image, GError **error)
{
  g_autofree char *name = export_image_name (writer->export, image), *shown = g_path_get_basename (name);
  g_autofree char *path = NULL, *folder = NULL;
  g_autoptr (GString) out = g_string_new ("<annotation>\n  <filename>");
  const char *rest = g_str_has_prefix (name, "/") ? name + 1 : name;

  xml_put (out, shown);
  g_string_append_printf (out, "</filename>\n  <size>\n    <width>%.0f</width>\n    <height>%.0f</height>\n"
                          "    <depth>3</depth>\n  </size>\n", image->width, image->height);
  for (guint i = 0; i < image->captions->len; i++)
    export_lost (writer->export, "captions");
  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      if (phrase->regions->len == 0)
        export_lost (writer->export, "phrases without regions");
      else if (g_ascii_isspace (*phrase->text) || g_ascii_isspace (phrase->text[strlen (phrase->text) - 1]))
        export_lost (writer->export, "outer spaces of phrases");
      for (guint j = 0; j < phrase->regions->len; j++)
        put_object (writer, out, image, phrase, phrase->regions->pdata[j]);
    }
  g_string_append (out, "</annotation>\n");
  path = path_for (writer, rest);
  folder = g_path_get_dirname (path);
  if (g_mkdir_with_parents (folder, 0777) != 0)
    return project_fail (error, PROJECT_ERROR_FAILED, "The folder %s cannot be made", folder);
  return out_file_write (path, out->str, (gssize) out->len, error);
}

/* The first pixel is 1, as the standard's own files have it, unless a box begins left of or above the picture: such a
 * set would be taken for one that begins with 0, and so it is written as one. */
static gboolean
find_shift (Writer *writer, GError **error)
{
  GError *local = NULL;

  writer->shift = 1;
  export_rewind (writer->export);
  while (TRUE)
    {
      g_autoptr (ExportImage) image = export_next (writer->export, &local);

      if (image == NULL)
        break;
      for (guint i = 0; i < image->phrases->len; i++)
        {
          const ExportPhrase *phrase = image->phrases->pdata[i];

          for (guint j = 0; j < phrase->regions->len; j++)
            {
              const double *box = ((ExportRegion *) phrase->regions->pdata[j])->shape.box;

              if (box[0] < 0 || box[1] < 0)
                writer->shift = 0;
            }
        }
    }
  export_rewind (writer->export);
  return help_goes_on (local, error);
}

static gboolean
voc_write (Export *export, const char *target, GError **error)
{
  Writer writer = { .export = export, .target = target };
  GError *local = NULL;

  if (!find_shift (&writer, error))
    return FALSE;
  while (TRUE)
    {
      g_autoptr (ExportImage) image = export_next (export, &local);

      if (image == NULL)
        return help_goes_on (local, error);
      if (!write_image (&writer, image, error))
        return FALSE;
    }
}

const Format format_voc = {
  .name = "voc",
  .folder = TRUE,
  .guess = voc_guess,
  .read = voc_read,
  .write = voc_write,
  .keeps_not = "captions and spans, chains and types, phrases without regions, outlines, which region several phrases "
               "share, scores",
};
