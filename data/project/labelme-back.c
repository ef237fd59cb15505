/* SPDX-License-Identifier: MIT
 * labelme-back.c: changes made in a project go into the files that were imported. A file is read as it is now; each of
 * its records is the project's if it is still what was imported, or carries the `link` that an earlier write-back left.
 * The project says whether such a record stays, changes or goes; records that it does not know stay as they are, byte
 * for byte, as does all the rest of the file. */
#include "format-help.h"
#include "format-labelme.h"
#include "labelme-copy.h"
#include "replace-files.h"

#include <stdio.h>
#include <string.h>

#define SAME_SHAPE 1e-6 /* pixels */
#define OTHERS_DID                                                                                                     \
  "shapes that another program changed in its file, or took out of it, since (left so; import the file again)"

/* Something of the image that a file may hold, or should. */
typedef struct
{
  gint64 link;
  char *hash;                 /* of the record it was imported from; NULL: from no such file */
  const ExportPhrase *phrase; /* NULL: no label */
  const ExportRegion *region;
  gboolean seen; /* in one of the image's files */
} Known;

typedef struct
{
  Export *export;
  gboolean anylabeling;
  GHashTable *paths; /* file -> image id */
  GHashTable *files; /* image id -> GPtrArray of files */
  GPtrArray *folders;
  ReplaceSet *pending;
  /* Of the image at hand */
  const ExportImage *image;
  GPtrArray *known; /* by age */
} Back;

static void
known_free (gpointer data)
{
  Known *known = data;

  g_free (known->hash);
  g_free (known);
}

static void
paths_free (gpointer data)
{
  g_ptr_array_unref (data);
}

/* Which file is whose ---------------------------------------------------------------------------------------------- */

static void
take_settings (Back *back, const json_t *settings)
{
  const char *uri = json_text (settings, "folder"), *name;
  g_autofree char *folder = uri != NULL ? g_filename_from_uri (uri, NULL, NULL) : NULL;
  json_t *id;

  if (folder == NULL)
    return;
  json_object_foreach (json_object_get (settings, "files"), name, id)
    {
      g_autofree char *plain = g_uri_unescape_string (name, NULL);
      gint64 image = json_is_string (id) ? g_ascii_strtoll (json_string_value (id), NULL, 10) : 0;

      if (plain != NULL && image != 0)
        g_hash_table_replace (back->paths, g_build_filename (folder, plain, NULL), g_memdup2 (&image, sizeof image));
    }
  g_ptr_array_add (back->folders, g_steal_pointer (&folder));
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static gboolean
load_files (Back *back, const char *format, GError **error)
{
  const json_t *all = export_settings (back->export, format);
  GHashTableIter iter;
  gpointer path, id;

  for (gsize i = 0; i < json_array_size (all); i++)
    take_settings (back, json_array_get (all, i));
  if (back->folders->len == 0)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND,
                         "Nothing was imported as '%s', so that there is no file to write into.", format);
  g_hash_table_iter_init (&iter, back->paths);
  while (g_hash_table_iter_next (&iter, &path, &id))
    {
      GPtrArray *paths = g_hash_table_lookup (back->files, id);

      if (paths == NULL)
        {
          paths = g_ptr_array_new ();
          g_hash_table_insert (back->files, id, paths);
        }
      g_ptr_array_add (paths, path);
      g_ptr_array_sort (paths, compare_paths);
    }
  return TRUE;
}

/* Where the file of a picture without one would lie: beside it, if it lies below a folder that was imported. */
static char *
path_beside (Back *back)
{
  const char *picture = back->image->path, *dot = strrchr (picture, '.');

  for (guint i = 0; dot != NULL && strchr (dot, '/') == NULL && i < back->folders->len; i++)
    if (g_str_has_prefix (picture, back->folders->pdata[i]) && picture[strlen (back->folders->pdata[i])] == '/')
      {
        g_autofree char *stem = g_strndup (picture, dot - picture);

        return g_strconcat (stem, ".json", NULL);
      }
  return NULL;
}

/* What the project knows ------------------------------------------------------------------------------------------- */

static void
on_link (gint64 link, const json_t *extra, gpointer data)
{
  const json_t *said = json_object_get (extra, "labelme");
  Known *known = g_new0 (Known, 1);

  if (said == NULL)
    said = json_object_get (json_object_get (extra, "from"), "labelme");
  known->link = link;
  known->hash = g_strdup (json_text (said, "alidade"));
  g_ptr_array_add (data, known);
}

static Known *
known_by_link (Back *back, gint64 link)
{
  for (guint i = 0; link != 0 && i < back->known->len; i++)
    if (((Known *) back->known->pdata[i])->link == link)
      return back->known->pdata[i];
  return NULL;
}

static gboolean
load_known (Back *back, GError **error)
{
  g_ptr_array_set_size (back->known, 0);
  if (!export_links (back->export, back->image, on_link, back->known, error))
    return FALSE;
  for (guint i = 0; i < back->image->phrases->len; i++)
    {
      const ExportPhrase *phrase = back->image->phrases->pdata[i];

      for (guint j = 0; j < phrase->regions->len; j++)
        {
          const ExportRegion *region = phrase->regions->pdata[j];
          Known *known = known_by_link (back, region->link);

          if (known != NULL)
            {
              known->phrase = phrase;
              known->region = region;
            }
        }
    }
  return TRUE;
}

/* One file --------------------------------------------------------------------------------------------------------- */

typedef struct
{
  json_t *file;
  const json_t *shapes; /* as they are */
  GPtrArray *instead;   /* for each of them: an array of what takes its place, or NULL: it stays */
  json_t *added;        /* new ones */
  json_t *taken_out;    /* links of records that a write-back took out of the file */
  json_t *captions;     /* a copy that may grow */
  gboolean stored;      /* the file means the stored grid */
  double width, height; /* by the file, else by the picture */
  gint64 numbers;
} Page;

static void
array_free (gpointer data)
{
  if (data != NULL)
    json_decref (data);
}

static void
page_init (Page *page, Back *back, json_t *file)
{
  const json_t *captions = json_object_get (json_object_get (file, "alidade"), "captions");
  const json_t *taken_out = json_object_get (json_object_get (file, "alidade"), "taken_out");
  const ExportImage *image = back->image;

  page->file = file;
  page->shapes = json_object_get (file, "shapes");
  page->added = json_array ();
  page->taken_out = json_is_array (taken_out) ? json_copy ((json_t *) taken_out) : json_array ();
  page->instead = g_ptr_array_new_with_free_func (array_free);
  g_ptr_array_set_size (page->instead, (int) json_array_size (page->shapes));
  page->captions = json_is_array (captions) ? json_copy ((json_t *) captions) : json_array ();
  page->width = json_double (json_object_get (file, "imageWidth"));
  page->height = json_double (json_object_get (file, "imageHeight"));
  page->stored = image->orientation >= 5 && page->width == image->width && page->height == image->height
                 && image->width != image->height;
  if (!(page->width > 0 && page->height > 0))
    export_size (back->export, image, &page->width, &page->height);
  for (gsize i = 0; i < json_array_size (page->shapes); i++)
    {
      const json_t *item = json_array_get (page->shapes, i);

      page->numbers = MAX (page->numbers, json_integer_value (json_object_get (item, "group_id")));
      page->numbers
          = MAX (page->numbers, json_integer_value (json_object_get (json_object_get (item, "alidade"), "parts")));
    }
  page->numbers = CLAMP (page->numbers, 0, G_MAXINT32);
}

static gboolean
shape_in_file (Back *back, const Page *page, const ExportRegion *region, Shape *shape)
{
  if (!page->stored)
    return export_shape (back->export, back->image, region, shape);
  shape_copy (&region->shape, shape);
  return TRUE;
}

static gint64
link_of (const json_t *item)
{
  g_autofree char *text = json_id_text (json_object_get (json_object_get (item, "alidade"), "link"));

  return text != NULL ? g_ascii_strtoll (text, NULL, 10) : 0;
}

/* What a record is to the project; NULL: nothing. `foreign`: it was the project's, but another program changed it. */
static Known *
find_known (Back *back, const json_t *shapes, const GArray *record, gboolean *foreign)
{
  const json_t *first = json_array_get (shapes, g_array_index (record, guint, 0));
  g_autofree char *hash = labelme_record_hash (shapes, record);
  gint64 link = link_of (first);

  *foreign = FALSE;
  if (link != 0)
    {
      *foreign = g_strcmp0 (hash, json_text (json_object_get (first, "alidade"), "hash")) != 0;
      return known_by_link (back, link);
    }
  for (guint i = 0; i < back->known->len; i++)
    {
      Known *known = back->known->pdata[i];

      if (!known->seen && g_strcmp0 (known->hash, hash) == 0)
        return known;
    }
  return NULL;
}

/* Marks items as the record's, as it is now. */
static void
set_link (json_t *items, gint64 link)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, link), *hash = NULL;
  g_autoptr (GArray) record = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < json_array_size (items); i++)
    g_array_append_val (record, i);
  hash = labelme_record_hash (items, record);

  for (gsize i = 0; i < json_array_size (items); i++)
    {
      json_t *item = json_array_get (items, i), *alidade = json_object_get (item, "alidade");

      alidade = json_is_object (alidade) ? json_copy (alidade) : json_object ();
      json_object_set_new (alidade, "link", json_string (text));
      json_object_set_new (alidade, "hash", json_string (hash));
      json_object_set_new (item, "alidade", alidade);
    }
}

/* What the record becomes: all that is not of its shape stays. */
static json_t *
changed_items (Back *back, Page *page, const GArray *record, const Known *known, const Shape *shape)
{
  const json_t *first = json_array_get (page->shapes, g_array_index (record, guint, 0));
  gboolean rectangle = g_strcmp0 (json_text (first, "shape_type"), "rectangle") == 0, four = back->anylabeling;
  json_t *items;

  if (rectangle && shape->kind == SHAPE_BOX)
    four = json_array_size (json_object_get (first, "points")) == 4;
  items = labelme_region_items (back->export, four, page->captions, back->image, known->phrase, known->region, shape,
                                &page->numbers);
  for (gsize i = 0; i < json_array_size (items); i++)
    {
      static const char *const taken[] = { "points", "shape_type", "mask", "alidade" };
      json_t *made = json_array_get (items, i);
      json_t *old = json_array_get (page->shapes, g_array_index (record, guint, MIN (i, record->len - 1)));
      json_t *item = json_copy (old);

      for (guint j = 0; j < G_N_ELEMENTS (taken); j++)
        if (json_object_get (made, taken[j]) != NULL)
          json_object_set (item, taken[j], json_object_get (made, taken[j]));
        else if (strcmp (taken[j], "mask") == 0 && json_object_get (item, "mask") != NULL)
          json_object_set_new (item, "mask", json_null ());
        else
          json_object_del (item, taken[j]);
      if (json_is_number (json_object_get (item, "score")) && isnan (known->region->score))
        json_object_set_new (item, "score", json_null ());
      labelme_set_text (item, known->phrase->text);
      json_array_set_new (items, i, item);
    }
  if (items != NULL)
    set_link (items, known->link);
  return items;
}

static gboolean
is_as_known (Back *back, const Page *page, const GArray *record, const Known *known, const Shape *shape)
{
  const json_t *item = json_array_get (page->shapes, g_array_index (record, guint, 0));
  g_auto (Shape) there = { 0 };
  const char *why;

  if (g_strcmp0 (labelme_text (item), known->phrase->text) != 0)
    return FALSE;
  return (link_of (item) == 0 && labelme_extra (known->region, TRUE) != NULL)
         || (labelme_record_parse (page->shapes, record, page->width, page->height, &there, &why)
             && shape_near (&there, shape, SAME_SHAPE));
}

static json_t *
link_text (gint64 link)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, link);

  return json_string (text);
}

static void
put_record (Back *back, Page *page, const GArray *record)
{
  gboolean foreign;
  Known *known = find_known (back, page->shapes, record, &foreign);
  g_auto (Shape) shape = { 0 };
  g_autoptr (json_t) items = NULL;

  if (known != NULL)
    known->seen = TRUE;
  if (known != NULL && foreign)
    export_lost (back->export, OTHERS_DID);
  else if (known != NULL)
    {
      if (known->region == NULL)
        {
          /* No label any more: should it be one again, it goes back into the file. */
          items = json_array ();
          json_array_append_new (page->taken_out, link_text (known->link));
        }
      else if (shape_in_file (back, page, known->region, &shape) && !is_as_known (back, page, record, known, &shape))
        items = changed_items (back, page, record, known, &shape);
    }
  /* What it becomes stands where the first of its shapes stood. */
  for (guint i = 0; items != NULL && i < record->len; i++)
    page->instead->pdata[g_array_index (record, guint, i)] = i == 0 ? json_incref (items) : json_array ();
}

/* Takes the link out of the list; FALSE if it is not in it. */
static gboolean
forget_link (json_t *links, gint64 link)
{
  g_autoptr (json_t) text = link_text (link);

  for (gsize i = 0; i < json_array_size (links); i++)
    if (json_equal (json_array_get (links, i), text))
      return json_array_remove (links, i) == 0;
  return FALSE;
}

/* Whether an earlier write-back put it there: then it is missing because somebody took it away. */
static gboolean
was_written (const Page *page, gint64 link)
{
  const json_t *all = json_object_get (json_object_get (page->file, "alidade"), "written");
  g_autoptr (json_t) text = link_text (link);

  for (gsize i = 0; i < json_array_size (all); i++)
    if (json_equal (json_array_get (all, i), text))
      return TRUE;
  return FALSE;
}

static void
append_others (Back *back, Page *page)
{
  for (guint i = 0; i < back->known->len; i++)
    {
      Known *known = back->known->pdata[i];
      g_auto (Shape) shape = { 0 };
      g_autoptr (json_t) items = NULL;

      if (known->region == NULL || known->seen)
        continue;
      known->seen = TRUE;
      if (!forget_link (page->taken_out, known->link) && (known->hash != NULL || was_written (page, known->link)))
        {
          export_lost (back->export, OTHERS_DID);
          continue;
        }
      if (known->hash == NULL && known->region->origin == ORIGIN_IMPORT)
        continue; /* another format's, and no change */
      if (shape_in_file (back, page, known->region, &shape))
        items = labelme_region_items (back->export, back->anylabeling, page->captions, back->image, known->phrase,
                                      known->region, &shape, &page->numbers);
      if (items == NULL)
        continue;
      set_link (items, known->link);
      json_array_extend (page->added, items);
    }
}

static void
add_links (json_t *written, const json_t *items)
{
  for (gsize i = 0; i < json_array_size (items); i++)
    {
      json_t *link = json_object_get (json_object_get (json_array_get (items, i), "alidade"), "link");

      if (link != NULL)
        json_array_append (written, link);
    }
}

/* The key `alidade` of the file: what it had, and the records that it has from here now. */
static json_t *
file_note (const Page *page)
{
  const json_t *old = json_object_get (page->file, "alidade");
  json_t *alidade = json_is_object (old) ? json_copy ((json_t *) old) : json_object (), *written = json_array ();

  for (guint i = 0; i < page->instead->len; i++)
    {
      g_autoptr (json_t) one = page->instead->pdata[i] != NULL ? json_incref (page->instead->pdata[i]) : json_array ();

      if (page->instead->pdata[i] == NULL)
        json_array_append (one, json_array_get (page->shapes, i));
      add_links (written, one);
    }
  add_links (written, page->added);
  json_object_set_new (alidade, "written", written);
  if (json_array_size (page->taken_out) > 0)
    json_object_set (alidade, "taken_out", page->taken_out);
  else
    json_object_del (alidade, "taken_out");
  if (json_array_size (page->captions) > 0)
    json_object_set (alidade, "captions", page->captions);
  return alidade;
}

static gboolean
stage (Back *back, const Page *page, const char *path, const struct stat *before, GError **error)
{
  g_autoptr (json_t) note = file_note (page);
  OutFile *out = replace_set_open (back->pending, path, before, error);
  gboolean good;

  if (out == NULL)
    return FALSE;
  if (before->st_ino != 0)
    good = labelme_copy_file (path, page->instead, page->added, note, out, error);
  else
    {
      g_autoptr (GString) text = g_string_new (NULL);

      json_object_set (page->file, "shapes", page->added);
      json_object_set (page->file, "alidade", note);
      labelme_put_value (text, page->file, 2, 0);
      good = out_file_put (out, text, TRUE, error);
    }
  return good && replace_set_close (back->pending, error);
}

static gboolean
is_changed (const Page *page)
{
  for (guint i = 0; i < page->instead->len; i++)
    if (page->instead->pdata[i] != NULL)
      return TRUE;
  return json_array_size (page->added) > 0;
}

/* `last`: of the image's files, which takes what none of them has. */
static gboolean
put_file (Back *back, const char *path, gboolean last, GError **error)
{
  g_autoptr (json_t) file = NULL;
  g_autoptr (GPtrArray) records = NULL;
  struct stat before = { 0 };
  Page page = { 0 };
  gboolean good = TRUE;

  if (stat (path, &before) == 0)
    file = labelme_file_read (path, error);
  else
    {
      g_autofree char *base = g_path_get_basename (back->image->path);

      memset (&before, 0, sizeof before);
      file = labelme_file_new (back->export, back->anylabeling, back->image, base);
    }
  if (file == NULL)
    return FALSE;
  page_init (&page, back, file);
  records = labelme_records (page.shapes);
  for (guint i = 0; i < records->len; i++)
    put_record (back, &page, records->pdata[i]);
  if (last)
    append_others (back, &page);
  if (is_changed (&page))
    good = stage (back, &page, path, &before, error);
  json_decref (page.added);
  json_decref (page.taken_out);
  g_ptr_array_unref (page.instead);
  json_decref (page.captions);
  return good;
}

static gboolean
put_image (Back *back, GError **error)
{
  const GPtrArray *paths = g_hash_table_lookup (back->files, &back->image->id);
  g_autofree char *beside = NULL;

  if (!load_known (back, error))
    return FALSE;
  for (guint i = 0; paths != NULL && i < paths->len; i++)
    {
      if (!g_file_test (paths->pdata[i], G_FILE_TEST_EXISTS))
        return project_fail (error, PROJECT_ERROR_NOT_FOUND, "%s is gone. Import the files from where they are now.",
                             (const char *) paths->pdata[i]);
      if (!put_file (back, paths->pdata[i], i + 1 == paths->len, error))
        return FALSE;
    }
  if (paths != NULL || (beside = path_beside (back)) == NULL)
    return TRUE;
  if (g_file_test (beside, G_FILE_TEST_EXISTS))
    {
      /* Not one of ours: it came later, or is no such file. */
      export_lost (back->export, "images whose file was not imported");
      return TRUE;
    }
  return put_file (back, beside, TRUE, error);
}

/* All files -------------------------------------------------------------------------------------------------------- */

static gboolean
put_in_place (Back *back, GError **error)
{
  if (!replace_set_commit (back->pending, error))
    return FALSE;
  for (guint i = 0; i < replace_set_size (back->pending); i++)
    export_count_file (back->export);
  return TRUE;
}

gboolean
labelme_write_back (Export *export, const char *format, gboolean anylabeling, GError **error)
{
  Back back = { .export = export, .anylabeling = anylabeling };
  GError *local = NULL;
  gboolean good;

  back.paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  back.files = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, paths_free);
  back.folders = g_ptr_array_new_with_free_func (g_free);
  back.pending = replace_set_new ();
  back.known = g_ptr_array_new_with_free_func (known_free);
  good = load_files (&back, format, error);
  while (good)
    {
      g_autoptr (ExportImage) image = export_next (export, &local);

      if (image == NULL)
        break;
      back.image = image;
      good = put_image (&back, error);
    }
  good = good && help_goes_on (local, error) && put_in_place (&back, error);
  g_ptr_array_unref (back.known);
  replace_set_free (back.pending);
  g_ptr_array_unref (back.folders);
  g_hash_table_unref (back.files);
  g_hash_table_unref (back.paths);
  return good;
}
