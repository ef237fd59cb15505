/* SPDX-License-Identifier: MIT
 * format-flickr.c: Flickr30k Entities: Sentences/ID.txt with phrases in brackets, Annotations/ID.xml with the boxes of
 * their chains. Boxes count from 1 there: 1 is subtracted from all four numbers. Chain 0 is none. The official parser
 * reads whole numbers alone: a box between pixels is written rounded, with an <exact> beside that we read. */
#include "format-help.h"

#include "image-finder.h"
#include "xml-items.h"

#include <glib/gstdio.h>

typedef struct
{
  double box[4];
  GPtrArray *chains;  /* char * */
  gint64 region;      /* once a phrase has it */
} Object;

typedef struct
{
  char *filename;
  double width, height;
  GPtrArray *objects; /* Object */
  GHashTable *marks;  /* chain -> json object {scene, nobox} */
  Import *import;
  const char *shown;  /* the sentences' file */
  const char *boxes;  /* the XML */
} Annotation;

static void
object_free (gpointer data)
{
  Object *object = data;

  g_ptr_array_unref (object->chains);
  g_free (object);
}

/* As the official parser can read it; a box keeps at least a pixel. */
static void
round_box (const double box[4], double whole[4])
{
  for (int i = 0; i < 4; i++)
    whole[i] = floor (box[i] + .5);
  for (int i = 0; i < 2; i++)
    whole[i + 2] = MAX (whole[i + 2], whole[i] + 1);
}

/* What a box was before it was rounded, unless another program changed it since. */
static void
read_exact (const XmlNode *node, double box[4])
{
  g_autofree char *text = xml_child_text (node, "exact");
  g_auto (GStrv) parts = text != NULL ? g_strsplit (text, " ", -1) : NULL;
  double exact[4], whole[4];

  if (parts == NULL || g_strv_length (parts) != 4)
    return;
  for (int i = 0; i < 4; i++)
    if (!isfinite (exact[i] = xml_number (parts[i])))
      return;
  round_box (exact, whole);
  if (memcmp (whole, box, sizeof whole) == 0)
    memcpy (box, exact, sizeof exact);
}

static void
read_object (Annotation *annotation, const XmlNode *node, guint n)
{
  const XmlNode *bndbox = xml_child (node, "bndbox");
  Object *object = g_new0 (Object, 1);
  g_autofree char *where = g_strdup_printf ("%s, object %u", annotation->boxes, n);

  object->chains = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < node->children->len; i++)
    {
      const XmlNode *child = node->children->pdata[i];

      if (strcmp (child->name, "name") == 0)
        g_ptr_array_add (object->chains, g_strstrip (g_strdup (child->text->str)));
    }
  if (bndbox != NULL)
    {
      object->box[0] = xml_child_number (bndbox, "xmin") - 1;
      object->box[1] = xml_child_number (bndbox, "ymin") - 1;
      object->box[2] = xml_child_number (bndbox, "xmax") - 1;
      object->box[3] = xml_child_number (bndbox, "ymax") - 1;
      read_exact (node, object->box);
      if (object->box[0] < object->box[2] && object->box[1] < object->box[3])
        {
          g_ptr_array_add (annotation->objects, object);
          return;
        }
      import_skip (annotation->import, where, "its box has no area");
    }
  else
    for (guint i = 0; i < object->chains->len; i++)
      {
        double scene = xml_child_number (node, "scene"), nobox = xml_child_number (node, "nobndbox");

        g_hash_table_replace (annotation->marks, g_strdup (object->chains->pdata[i]),
                              json_pack ("{s:b,s:b}", "scene", scene == 1, "nobox", nobox == 1));
      }
  object_free (object);
}

static gboolean
on_annotation (const char *where, const XmlNode *item, gpointer data, GError **error)
{
  Annotation *annotation = data;
  const XmlNode *size = xml_child (item, "size");

  g_free (annotation->filename);
  annotation->filename = xml_child_text (item, "filename");
  annotation->width = xml_child_number (size, "width");
  annotation->height = xml_child_number (size, "height");
  for (guint i = 0, n = 0; i < item->children->len; i++)
    if (strcmp (((XmlNode *) item->children->pdata[i])->name, "object") == 0)
      read_object (annotation, item->children->pdata[i], ++n);
  return TRUE;
}

/* Sentences -------------------------------------------------------------------------------------------------------- */

typedef struct
{
  Span span;
  char *chain;
  json_t *types;
} Marked;

static void
marked_clear (gpointer data)
{
  Marked *marked = data;

  g_free (marked->chain);
  json_decref (marked->types);
}

/* A token is a phrase's beginning "[/EN#chain/type/type", a word, or a word with "]". */
static char *
parse_sentence (const char *line, GArray *phrases)
{
  g_auto (GStrv) tokens = g_strsplit_set (line, " \t\r\n\v\f", -1);
  GString *caption = g_string_new (NULL);
  Marked open = { 0 };
  gboolean inside = FALSE;

  for (guint i = 0; tokens[i] != NULL; i++)
    {
      char *token = tokens[i];
      gboolean closes;

      if (*token == '\0')
        continue;
      if (*token == '[' && strchr (token, '#') != NULL)
        {
          g_auto (GStrv) parts = g_strsplit (token, "/", -1);

          if (inside)
            marked_clear (&open);
          inside = FALSE;
          memset (&open, 0, sizeof open);
          if (g_strv_length (parts) >= 2 && strlen (parts[1]) >= 3)
            {
              open.chain = g_strdup (parts[1] + 3);
              open.types = json_array ();
              for (guint j = 2; parts[j] != NULL; j++)
                json_array_append_new (open.types, json_string (parts[j]));
              open.span.first = -1;
              inside = TRUE;
            }
          continue;
        }
      closes = inside && g_str_has_suffix (token, "]");
      if (closes)
        token[strlen (token) - 1] = '\0';
      if (*token != '\0')
        {
          if (caption->len > 0)
            g_string_append_c (caption, ' ');
          if (inside && open.span.first < 0)
            open.span.first = g_utf8_strlen (caption->str, caption->len);
          g_string_append (caption, token);
        }
      if (closes)
        {
          open.span.last = g_utf8_strlen (caption->str, caption->len);
          inside = FALSE;
          if (open.span.first >= 0)
            g_array_append_val (phrases, open);
          else
            marked_clear (&open);
        }
    }
  if (inside)
    marked_clear (&open);
  return g_string_free (caption, FALSE);
}

static gboolean
link_boxes (Import *import, Annotation *annotation, const char *where, gint64 phrase, const char *chain, GError **error)
{
  GError *local = NULL;

  for (guint i = 0; i < annotation->objects->len; i++)
    {
      Object *object = annotation->objects->pdata[i];
      g_auto (Shape) shape = { 0 };
      ImportRegion region = { .phrase = phrase, .shape = &shape, .shared = object->region, .score = NAN };

      if (!g_ptr_array_find_with_equal_func (object->chains, chain, g_str_equal, NULL))
        continue;
      if (!shape_set_box (&shape, object->box[0], object->box[1], object->box[2], object->box[3]))
        continue;
      object->region = import_region (import, where, &region, &local);
      if (local != NULL)
        return help_goes_on (local, error);
    }
  return TRUE;
}

static gboolean
read_sentence (Import *import, Annotation *annotation, const char *where, gint64 image, const char *line,
               GError **error)
{
  g_autoptr (GArray) phrases = g_array_new (FALSE, FALSE, sizeof (Marked));
  g_autofree char *text = NULL;
  GError *local = NULL;
  gint64 caption;

  g_array_set_clear_func (phrases, marked_clear);
  if (!g_utf8_validate (line, -1, NULL))
    {
      import_skip (import, where, "the sentence is no valid UTF-8");
      return TRUE;
    }
  text = parse_sentence (line, phrases);
  if (*text == '\0')
    return TRUE;
  caption = import_caption (import, where, image, text, NULL, &local);
  if (caption == 0)
    return help_goes_on (local, error);
  for (guint i = 0; i < phrases->len; i++)
    {
      const Marked *marked = &g_array_index (phrases, Marked, i);
      gboolean none = strcmp (marked->chain, "0") == 0;
      json_t *marks = g_hash_table_lookup (annotation->marks, marked->chain);
      g_autoptr (json_t) extra = marks != NULL ? json_pack ("{s:O}", "flickr", marks) : NULL;
      const ImportPhrase phrase = { .image = image,
                                    .caption = caption,
                                    .spans = &marked->span,
                                    .n_spans = 1,
                                    .chain = none ? NULL : marked->chain,
                                    .types = json_array_size (marked->types) > 0 ? marked->types : NULL,
                                    .extra = extra };
      gint64 id = import_phrase (import, where, &phrase, &local);

      if (local != NULL)
        return help_goes_on (local, error);
      if (id != 0 && !none && !link_boxes (import, annotation, where, id, marked->chain, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_one (Import *import, const char *path, Annotation *annotation, const char *id, GError **error)
{
  g_autofree char *text = NULL, *name = g_strconcat (id, ".jpg", NULL);
  g_auto (GStrv) lines = NULL;
  ImportImage image = { .name = name, .stem = id, .width = annotation->width, .height = annotation->height };
  GError *local = NULL;
  gint64 made;

  if (!g_file_get_contents (path, &text, NULL, &local))
    {
      g_clear_error (&local);
      import_skip (import, annotation->shown, "the file cannot be read");
      return TRUE;
    }
  if (annotation->filename != NULL && *annotation->filename != '\0')
    {
      g_autofree char *found = NULL;

      if (image_finder_find (import_finder (import), annotation->filename, &found) == FOUND_ONE)
        {
          image.name = annotation->filename;
          image.stem = NULL;
        }
    }
  made = import_image (import, annotation->shown, &image, &local);
  if (made == 0)
    return help_goes_on (local, error);
  lines = g_strsplit (text + (g_str_has_prefix (text, "\xef\xbb\xbf") ? 3 : 0), "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *where = g_strdup_printf ("%s, sentence %u", annotation->shown, i + 1);

      if (*g_strchomp (lines[i]) != '\0' && !read_sentence (import, annotation, where, made, lines[i], error))
        return FALSE;
    }
  for (guint i = 0; i < annotation->objects->len; i++)
    import_count_unused (import, ((Object *) annotation->objects->pdata[i])->region == 0);
  return TRUE;
}

static gboolean
flickr_read (Import *import, const char *source, GError **error)
{
  g_autofree char *sentences = g_build_filename (source, "Sentences", NULL);
  g_autoptr (GPtrArray) files = files_below (sentences, ".txt");
  gboolean good = TRUE;

  if (!g_file_test (sentences, G_FILE_TEST_IS_DIR))
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no folder %s.", sentences);
  for (guint i = 0; good && i < files->len; i++)
    {
      g_autofree char *id = g_path_get_basename (files->pdata[i]), *xml_name = NULL, *xml = NULL, *boxes = NULL;
      g_autofree char *shown = g_filename_display_name (files->pdata[i]);
      Annotation annotation = { .import = import, .shown = shown };

      *strrchr (id, '.') = '\0';
      annotation.objects = g_ptr_array_new_with_free_func (object_free);
      annotation.marks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) json_decref);
      xml_name = g_strconcat (id, ".xml", NULL);
      xml = g_build_filename (source, "Annotations", xml_name, NULL);
      boxes = g_filename_display_name (xml);
      annotation.boxes = boxes;
      if (g_file_test (xml, G_FILE_TEST_EXISTS))
        good = xml_items_read (xml, "annotation", on_annotation, &annotation, error);
      else
        import_note (import, "%s: there is no annotation %s", shown, xml_name);
      good = good && read_one (import, files->pdata[i], &annotation, id, error);
      g_free (annotation.filename);
      g_ptr_array_unref (annotation.objects);
      g_hash_table_unref (annotation.marks);
    }
  return good;
}

static gboolean
flickr_guess (const char *source, gboolean folder, const char *head)
{
  g_autofree char *sentences = folder ? g_build_filename (source, "Sentences", NULL) : NULL;
  g_autofree char *annotations = folder ? g_build_filename (source, "Annotations", NULL) : NULL;

  return folder && g_file_test (sentences, G_FILE_TEST_IS_DIR) && g_file_test (annotations, G_FILE_TEST_IS_DIR);
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

typedef struct
{
  GHashTable *chains;   /* "chain and regions" -> chain to write */
  GHashTable *taken;    /* chains written */
  GHashTable *named;    /* all chains of the image, borrowed */
  guint next;
  GString *objects;
  GHashTable *regions;  /* region id -> GPtrArray of chains, for <name>s */
  GPtrArray *order;     /* ExportRegion, borrowed */
  GHashTable *marks;    /* chain -> json object {scene, nobox}, both borrowed */
} Writer;

/* What may stand in the brackets as a chain or a type. */
static gboolean
is_plain (const char *text)
{
  return *text != '\0' && strpbrk (text, " \t\r\n/[]#") == NULL;
}

/* A number that no chain of the image has. */
static char *
new_chain (Writer *writer)
{
  char *chain = NULL;

  do
    {
      g_free (chain);
      chain = g_strdup_printf ("%u", ++writer->next);
    }
  while (g_hash_table_contains (writer->named, chain));
  return chain;
}

/* Phrases of one chain have the same boxes in this format: the same chain with others is written as a new one. */
static const char *
chain_of (Writer *writer, const ExportPhrase *phrase)
{
  g_autoptr (GString) key = g_string_new (phrase->chain != NULL ? phrase->chain : "");
  const char *known;
  char *chain;

  if (phrase->chain == NULL && phrase->regions->len == 0)
    return "0";
  if (phrase->chain == NULL)
    g_string_append_printf (key, "phrase %" G_GINT64_FORMAT, phrase->id);
  for (guint i = 0; i < phrase->regions->len; i++)
    g_string_append_printf (key, " %" G_GINT64_FORMAT, ((ExportRegion *) phrase->regions->pdata[i])->id);
  known = g_hash_table_lookup (writer->chains, key->str);
  if (known != NULL)
    return known;
  if (phrase->chain != NULL && is_plain (phrase->chain) && !g_hash_table_contains (writer->taken, phrase->chain))
    chain = g_strdup (phrase->chain);
  else
    chain = new_chain (writer);
  g_hash_table_add (writer->taken, g_strdup (chain));
  g_hash_table_insert (writer->chains, g_strdup (key->str), chain);
  for (guint i = 0; i < phrase->regions->len; i++)
    {
      ExportRegion *region = phrase->regions->pdata[i];
      GPtrArray *names = g_hash_table_lookup (writer->regions, &region->id);

      if (names == NULL)
        {
          names = g_ptr_array_new ();
          g_hash_table_insert (writer->regions, &region->id, names);
          g_ptr_array_add (writer->order, region);
        }
      g_ptr_array_add (names, chain);
    }
  return chain;
}

static int
compare_starts (gconstpointer a, gconstpointer b)
{
  const ExportPhrase *one = *(ExportPhrase *const *) a, *other = *(ExportPhrase *const *) b;
  gint64 first = g_array_index (one->spans, Span, 0).first, second = g_array_index (other->spans, Span, 0).first;

  return first < second ? -1 : first > second;
}

/* Whether the span is made of whole words that the brackets do not confuse. */
static gboolean
fits_words (const char *caption, const Span *span)
{
  const char *first = g_utf8_offset_to_pointer (caption, span->first),
             *last = g_utf8_offset_to_pointer (caption, span->last);

  return (first == caption || first[-1] == ' ') && (*last == '\0' || *last == ' ');
}

static void
put_types (Export *export, GString *out, const ExportPhrase *phrase)
{
  gboolean any = FALSE;

  for (gsize i = 0; i < json_array_size (phrase->types); i++)
    {
      const char *type = json_string_value (json_array_get (phrase->types, i));

      if (type != NULL && is_plain (type))
        g_string_append_printf (out, "/%s", type);
      else
        export_lost (export, "types with spaces or slashes");
      any = any || (type != NULL && is_plain (type));
    }
  if (!any)
    g_string_append (out, phrase->regions->len > 0 ? "/other" : "/notvisual");
}

static void
put_caption (Export *export, Writer *writer, GString *out, const ExportImage *image, const ExportCaption *caption)
{
  g_autoptr (GPtrArray) phrases = g_ptr_array_new ();
  g_autofree char *text = g_strdup (caption->text);
  gint64 at = 0, length = g_utf8_strlen (text, -1);

  for (guint i = 0; i < image->phrases->len; i++)
    if (((ExportPhrase *) image->phrases->pdata[i])->caption == caption->id &&
        ((ExportPhrase *) image->phrases->pdata[i])->spans->len == 1)
      g_ptr_array_add (phrases, image->phrases->pdata[i]);
  g_ptr_array_sort (phrases, compare_starts);
  g_strdelimit (text, "\r\n\t", ' ');
  for (guint i = 0; i < phrases->len; i++)
    {
      const ExportPhrase *phrase = phrases->pdata[i];
      const Span *span = &g_array_index (phrase->spans, Span, 0);
      g_autofree char *before = NULL, *words = NULL;
      const char *chain;

      if (span->first < at || !fits_words (text, span) || strpbrk (phrase->text, "[]") != NULL)
        {
          export_lost (export, "phrases that overlap, split words or hold brackets");
          continue;
        }
      before = g_utf8_substring (text, at, span->first);
      words = g_utf8_substring (text, span->first, span->last);
      chain = chain_of (writer, phrase);
      if (json_is_object (json_object_get (phrase->extra, "flickr")) && strcmp (chain, "0") != 0)
        g_hash_table_insert (writer->marks, (gpointer) chain, json_object_get (phrase->extra, "flickr"));
      g_string_append_printf (out, "%s[/EN#%s", before, chain);
      put_types (export, out, phrase);
      g_string_append_printf (out, " %s]", words);
      at = span->last;
    }
  {
    g_autofree char *rest = g_utf8_substring (text, at, length);

    g_string_append_printf (out, "%s\n", rest);
  }
}

static void
put_objects (Export *export, Writer *writer, GString *out)
{
  static const char *const names[] = { "xmin", "ymin", "xmax", "ymax" };

  for (guint i = 0; i < writer->order->len; i++)
    {
      const ExportRegion *region = writer->order->pdata[i];
      const GPtrArray *chains = g_hash_table_lookup (writer->regions, &region->id);
      double whole[4];

      round_box (region->shape.box, whole);
      if (region->shape.kind != SHAPE_BOX)
        export_lost (export, "outlines of polygons and masks (their boxes are kept)");
      g_string_append (out, "  <object>\n");
      for (guint j = 0; j < chains->len; j++)
        {
          g_string_append (out, "    <name>");
          xml_put (out, chains->pdata[j]);
          g_string_append (out, "</name>\n");
        }
      g_string_append (out, "    <bndbox>\n");
      for (int j = 0; j < 4; j++)
        {
          g_autofree char *number = number_text (whole[j] + 1);

          g_string_append_printf (out, "      <%s>%s</%s>\n", names[j], number, names[j]);
        }
      g_string_append (out, "    </bndbox>\n");
      if (memcmp (whole, region->shape.box, sizeof whole) != 0)
        {
          g_string_append (out, "    <exact>");
          for (int j = 0; j < 4; j++)
            {
              g_autofree char *number = number_text (region->shape.box[j]);

              g_string_append_printf (out, "%s%s", j > 0 ? " " : "", number);
            }
          g_string_append (out, "</exact>\n");
        }
      g_string_append (out, "  </object>\n");
    }
}

/* Chains without a place: of the whole scene, or not in the picture. */
static void
put_marks (Writer *writer, GString *out)
{
  g_autoptr (GList) chains = g_list_sort (g_hash_table_get_keys (writer->marks), (GCompareFunc) strcmp);

  for (GList *at = chains; at != NULL; at = at->next)
    {
      const json_t *marks = g_hash_table_lookup (writer->marks, at->data);

      g_string_append (out, "  <object>\n    <name>");
      xml_put (out, at->data);
      g_string_append_printf (out, "</name>\n    <scene>%d</scene>\n    <nobndbox>%d</nobndbox>\n  </object>\n",
                              json_is_true (json_object_get (marks, "scene")),
                              json_is_true (json_object_get (marks, "nobox")));
    }
}

static gboolean
write_image (Export *export, const char *target, const ExportImage *image, GError **error)
{
  g_autofree char *name = export_image_name (export, image), *base = g_path_get_basename (name);
  g_autofree char *txt = export_path_beside (target, "Sentences", base, ".txt"),
                  *xml = export_path_beside (target, "Annotations", base, ".xml");
  g_autoptr (GString) text = g_string_new (NULL), out = g_string_new ("<annotation>\n  <filename>");
  Writer writer = { 0 };
  gboolean good;

  writer.chains = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  writer.taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  writer.named = g_hash_table_new (g_str_hash, g_str_equal);
  writer.next = 900000;
  for (guint i = 0; i < image->phrases->len; i++)
    if (((ExportPhrase *) image->phrases->pdata[i])->chain != NULL)
      g_hash_table_add (writer.named, ((ExportPhrase *) image->phrases->pdata[i])->chain);
  writer.regions = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) g_ptr_array_unref);
  writer.order = g_ptr_array_new ();
  writer.marks = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < image->captions->len; i++)
    put_caption (export, &writer, text, image, image->captions->pdata[i]);
  for (guint i = 0; i < image->phrases->len; i++)
    if (((ExportPhrase *) image->phrases->pdata[i])->spans->len != 1)
      export_lost (export, "phrases that are not one span of a caption");
  xml_put (out, base);
  g_string_append_printf (
      out,
      "</filename>\n  <size>\n    <width>%.0f</width>\n    <height>%.0f</height>\n    <depth>3</depth>\n  </size>\n",
      image->width, image->height);
  put_objects (export, &writer, out);
  put_marks (&writer, out);
  g_string_append (out, "</annotation>\n");
  good = g_file_test (txt, G_FILE_TEST_EXISTS)
             ? project_fail (error, PROJECT_ERROR_FAILED,
                             "Two pictures are called %s in different folders; this format knows names alone.", base)
             : out_file_write (txt, text->str, text->len, error) && out_file_write (xml, out->str, out->len, error);
  g_hash_table_unref (writer.marks);
  g_hash_table_unref (writer.chains);
  g_hash_table_unref (writer.taken);
  g_hash_table_unref (writer.named);
  g_hash_table_unref (writer.regions);
  g_ptr_array_unref (writer.order);
  return good;
}

static gboolean
flickr_write (Export *export, const char *target, GError **error)
{
  g_autofree char *sentences = g_build_filename (target, "Sentences", NULL),
                  *annotations = g_build_filename (target, "Annotations", NULL);
  GError *local = NULL;

  if (g_mkdir (sentences, 0777) != 0 || g_mkdir (annotations, 0777) != 0)
    return project_fail (error, PROJECT_ERROR_FAILED, "Folders in %s cannot be made", target);
  while (TRUE)
    {
      g_autoptr (ExportImage) image = export_next (export, &local);

      if (image == NULL)
        return help_goes_on (local, error);
      if (!write_image (export, target, image, error))
        return FALSE;
    }
}

const Format format_flickr30k_entities = {
  .name = "flickr30k-entities",
  .folder = TRUE,
  .guess = flickr_guess,
  .read = flickr_read,
  .write = flickr_write,
  .keeps_not = "phrases that are not whole words of a caption in one piece, or overlap; outlines; scores; types of "
               "several words; that a phrase has no type, or with regions no chain; folders of pictures; for the official "
               "parser also fractions of a pixel",
};
