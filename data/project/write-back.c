/* SPDX-License-Identifier: MIT */
#include "write-back.h"

#include "database.h"
#include "export.h"
#include "import.h"
#include "replace-files.h"

#include <string.h>

#define IMAGES_KEPT 2048

typedef struct
{
  gint64 id, identity, region; /* identity 0: made by a person */
  gboolean shown;
  gboolean ours;        /* imported in this format */
  GPtrArray *revisions; /* Shape; NULL until it is asked for */
} Link;

struct Back
{
  Export *export;
  gboolean flat;
  GPtrArray *sources;
  GHashTable *by_path;  /* absolute path -> image id */
  GHashTable *images;   /* image id -> BackImage */
  GHashTable *met;      /* link ids, in this file */
  GHashTable *met_any;  /* in any file */
  ReplaceSet *files;
};

static void
source_free (gpointer data)
{
  BackSource *source = data;

  g_free (source->path);
  g_free (source->images);
  g_free (source);
}

static void
shape_free (gpointer data)
{
  shape_clear (data);
  g_free (data);
}

static void
link_free (gpointer data)
{
  Link *link = data;

  g_clear_pointer (&link->revisions, g_ptr_array_unref);
  g_free (link);
}

static void
links_free (gpointer data)
{
  if (data != NULL)
    g_ptr_array_unref (data);
}

static void
image_free (gpointer data)
{
  BackImage *image = data;

  export_image_free (image->image);
  g_ptr_array_unref (image->links);
  g_free (image);
}

Back *
back_new (Export *export, gboolean flat)
{
  Back *back = g_new0 (Back, 1);

  back->export = export;
  back->flat = flat;
  export_report (export)->by_record = TRUE;
  back->images = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, image_free);
  back->met = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  back->met_any = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  back->files = replace_set_new ();
  return back;
}

void
back_free (Back *back)
{
  if (back == NULL)
    return;
  g_clear_pointer (&back->sources, g_ptr_array_unref);
  g_clear_pointer (&back->by_path, g_hash_table_unref);
  g_hash_table_unref (back->images);
  g_hash_table_unref (back->met);
  g_hash_table_unref (back->met_any);
  replace_set_free (back->files);
  g_free (back);
}

/* Sources and pictures --------------------------------------------------------------------------------------------- */

static char *
images_of (const char *settings, const char *source)
{
  g_autoptr (json_t) all = settings != NULL ? json_loads (settings, 0, NULL) : NULL;
  const char *uri = json_text (all, "images");
  char *path = uri != NULL ? g_filename_from_uri (uri, NULL, NULL) : NULL;

  if (path == NULL)
    path = g_file_test (source, G_FILE_TEST_IS_DIR) ? g_strdup (source) : g_path_get_dirname (source);
  return path;
}

const GPtrArray *
back_sources (Back *back, GError **error)
{
  Database *db = export_database (back->export);
  g_autoptr (GHashTable) had = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (DatabaseRows) rows = NULL;
  int code;

  if (back->sources != NULL)
    return back->sources;
  rows = database_bind (db, BACK_SOURCES, error, "s", export_format (back->export)->name);
  if (rows == NULL)
    return NULL;
  back->sources = g_ptr_array_new_with_free_func (source_free);
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      g_autofree char *path = g_strndup (sqlite3_column_blob (rows, 0), sqlite3_column_bytes (rows, 0));
      BackSource *source;

      if (g_hash_table_contains (had, path))
        continue;
      source = g_new0 (BackSource, 1);
      source->images = images_of (column_text (rows, 1), path);
      source->path = g_steal_pointer (&path);
      g_hash_table_add (had, source->path);
      g_ptr_array_add (back->sources, source);
    }
  if (code == SQLITE_DONE && back->sources->len > 0)
    return back->sources;
  if (code == SQLITE_DONE)
    project_fail (error, PROJECT_ERROR_NOT_FOUND,
                  "Nothing in this project was imported as '%s', so there is no file to write back into.",
                  export_format (back->export)->name);
  g_clear_pointer (&back->sources, g_ptr_array_unref);
  return NULL;
}

gint64
back_image_at (Back *back, const char *path, GError **error)
{
  GError *local = NULL;
  const gint64 *id;

  if (back->by_path == NULL)
    {
      back->by_path = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      export_rewind (back->export);
      while (TRUE)
        {
          g_autoptr (ExportImage) image = export_next_bare (back->export, &local);

          if (image == NULL)
            break;
          g_hash_table_replace (back->by_path, g_steal_pointer (&image->path),
                                g_memdup2 (&image->id, sizeof image->id));
        }
      export_rewind (back->export);
      if (local != NULL)
        {
          g_clear_pointer (&back->by_path, g_hash_table_unref);
          g_propagate_error (error, local);
          return 0;
        }
    }
  id = g_hash_table_lookup (back->by_path, path);
  return id != NULL ? *id : 0;
}

/* The grid that a file of this size means, as at import. */
static gboolean
means_upright (const Format *format, const ExportImage *image, double width, double height)
{
  gboolean stored = width == image->width && height == image->height;
  gboolean upright = image->orientation >= 5 ? width == image->height && height == image->width : stored;

  return width > 0 && height > 0 && image->width > 0 && stored != upright ? upright : format->upright;
}

/* What is on the i-th phrase of the image; once. */
static gboolean
fill_phrase (Back *back, BackImage *image, guint i, GError **error)
{
  ExportPhrase *phrase = image->image->phrases->pdata[i];
  g_autoptr (DatabaseRows) rows = NULL;
  GPtrArray *links;
  int code;

  if (image->links->pdata[i] != NULL)
    return TRUE;
  if (!export_fill (back->export, phrase, error))
    return FALSE;
  image->links->pdata[i] = links = g_ptr_array_new_with_free_func (link_free);
  rows = database_bind (export_database (back->export), BACK_LINKS, error, "i", phrase->id);
  if (rows == NULL)
    return FALSE;
  while ((code = database_step (export_database (back->export), rows, error)) == SQLITE_ROW)
    {
      Link *link = g_new0 (Link, 1);

      link->id = column_id (rows, 0);
      link->identity = column_id (rows, 1);
      link->region = column_id (rows, 2);
      link->shown = sqlite3_column_int (rows, 3) != 0;
      link->ours = g_strcmp0 (column_text (rows, 4), export_format (back->export)->name) == 0;
      g_ptr_array_add (links, link);
    }
  return code == SQLITE_DONE;
}

gboolean
back_fill (Back *back, BackImage *image, GError **error)
{
  for (guint i = 0; i < image->image->phrases->len; i++)
    if (!fill_phrase (back, image, i, error))
      return FALSE;
  return TRUE;
}

BackImage *
back_image (Back *back, gint64 id, double width, double height, GError **error)
{
  BackImage *image = g_hash_table_lookup (back->images, &id);

  if (image == NULL)
    {
      if (g_hash_table_size (back->images) >= IMAGES_KEPT)
        g_hash_table_remove_all (back->images);
      image = g_new0 (BackImage, 1);
      image->links = g_ptr_array_new_with_free_func (links_free);
      image->image = export_get_listed (back->export, id, error);
      if (image->image == NULL)
        {
          image_free (image);
          return NULL;
        }
      g_ptr_array_set_size (image->links, (int) image->image->phrases->len);
      g_hash_table_insert (back->images, g_memdup2 (&id, sizeof id), image);
    }
  image->turn = image->image->orientation > 1 &&
                means_upright (export_format (back->export), image->image, width, height);
  return image;
}

/* Fates ------------------------------------------------------------------------------------------------------------ */

static gboolean
load_revisions (Back *back, Link *link, GError **error)
{
  Database *db = export_database (back->export);
  g_autoptr (DatabaseRows) rows = NULL;
  int code;

  if (link->revisions != NULL)
    return TRUE;
  link->revisions = g_ptr_array_new_with_free_func (shape_free);
  rows = database_bind (db, BACK_REVISIONS, error, "i", link->region);
  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      const double box[4] = { sqlite3_column_double (rows, 1), sqlite3_column_double (rows, 2),
                             sqlite3_column_double (rows, 3),
                              sqlite3_column_double (rows, 4) };
      Shape *shape = g_new0 (Shape, 1);
      ShapeKind kind;

      if (shape_kind_parse (column_text (rows, 0), &kind) &&
          shape_from_bytes (shape, kind, box, sqlite3_column_blob (rows, 5), sqlite3_column_bytes (rows, 5)))
        g_ptr_array_add (link->revisions, shape);
      else
        shape_free (shape);
    }
  return code == SQLITE_DONE;
}

static const ExportRegion *
label_of (const ExportPhrase *phrase, gint64 link)
{
  for (guint i = 0; i < phrase->regions->len; i++)
    if (((ExportRegion *) phrase->regions->pdata[i])->link == link)
      return phrase->regions->pdata[i];
  return NULL;
}

/* By what it was imported as, then by what it is, then by what it ever was. */
static gboolean
find_link (Back *back, BackImage *image, const char *text, const Shape *shape, const ExportPhrase **phrase,
           Link **link,
           GError **error)
{
  const gint64 identities[] = { region_identity (shape, ORIGIN_IMPORT), region_identity (shape, ORIGIN_DETECTOR) };

  for (int how = 0; how < 3; how++)
    for (guint i = 0; i < image->image->phrases->len; i++)
      {
        const GPtrArray *links;

        *phrase = image->image->phrases->pdata[i];
        if (strcmp ((*phrase)->text, text) != 0)
          continue;
        if (!fill_phrase (back, image, i, error))
          return FALSE;
        links = image->links->pdata[i];
        for (guint j = 0; j < links->len; j++)
          {
            const ExportRegion *now;
            gboolean found = FALSE;

            *link = links->pdata[j];
            if (g_hash_table_contains (back->met, &(*link)->id))
              continue;
            now = label_of (*phrase, (*link)->id);
            if (how == 0)
              found = (*link)->identity == identities[0] || (*link)->identity == identities[1];
            else if (how == 1)
              found = now != NULL && shape_alike (shape, &now->shape, back->flat);
            else if (!load_revisions (back, *link, error))
              return FALSE;
            for (guint k = 0; how == 2 && !found && k < (*link)->revisions->len; k++)
              found = shape_alike (shape, (*link)->revisions->pdata[k], back->flat);
            if (found)
              return TRUE;
          }
      }
  *link = NULL;
  return TRUE;
}

/* Whether a verdict says that a region which is no label is none. */
static gboolean
is_decided (const ExportPhrase *phrase)
{
  return phrase->verdict != NULL && strcmp (phrase->verdict, "unsure") != 0;
}

gboolean
back_fate (Back *back, BackImage *image, const char *text, const Shape *given, BackFate *fate,
           const ExportRegion **region,
           GError **error)
{
  g_auto (Shape) shape = { 0 };
  const ExportPhrase *phrase = NULL;
  Link *link = NULL;

  *fate = BACK_UNKNOWN;
  *region = NULL;
  shape_copy (given, &shape);
  if (text == NULL ||
      (image->turn &&
       !shape_turn (&shape, image->image->orientation, FALSE, image->image->width, image->image->height)))
    return TRUE;
  if (!find_link (back, image, text, &shape, &phrase, &link, error))
    return FALSE;
  if (link == NULL)
    return TRUE;
  g_hash_table_add (back->met, g_memdup2 (&link->id, sizeof link->id));
  g_hash_table_add (back->met_any, g_memdup2 (&link->id, sizeof link->id));
  *region = label_of (phrase, link->id);
  if (*region == NULL)
    *fate = is_decided (phrase) || !link->shown ? BACK_GONE : BACK_SAME;
  else
    *fate = shape_alike (&shape, &(*region)->shape, back->flat) ? BACK_SAME : BACK_CHANGED;
  return TRUE;
}

void
back_end_file (Back *back)
{
  g_hash_table_remove_all (back->met);
}

static const Link *
link_of (const BackImage *image, const ExportPhrase *phrase, gint64 id)
{
  for (guint i = 0; i < image->image->phrases->len; i++)
    {
      const GPtrArray *links = image->links->pdata[i];

      if (links == NULL || ((ExportPhrase *) image->image->phrases->pdata[i])->id != phrase->id)
        continue;
      for (guint j = 0; j < links->len; j++)
        if (((Link *) links->pdata[j])->id == id)
          return links->pdata[j];
    }
  return NULL;
}

/* Whether an earlier write-back may have taken the record out of its file: a label that a verdict once denied. */
static gboolean
was_out (Back *back, const ExportPhrase *phrase, const Link *link)
{
  Database *db = export_database (back->export);
  g_autoptr (DatabaseRows) rows = database_bind (db, BACK_WAS_OUT, NULL, "ii", phrase->id, link->region);

  return rows != NULL && database_step (db, rows, NULL) == SQLITE_ROW && sqlite3_column_int (rows, 0) != 0;
}

gboolean
back_is_new (Back *back, const BackImage *image, const ExportPhrase *phrase, const ExportRegion *region)
{
  const Link *link = link_of (image, phrase, region->link);

  if (link == NULL || g_hash_table_contains (back->met_any, &region->link))
    return FALSE;
  /* What other files brought in is no change of these, and what other programs took out stays out. */
  if (link->identity != 0 && (region->origin == ORIGIN_IMPORT || region->origin == ORIGIN_PERSON) &&
      !(link->ours && was_out (back, phrase, link)))
    {
      if (link->ours && region->origin == ORIGIN_PERSON)
        export_lost (back->export, "corrections of records that are not in their file any more, or were changed there");
      return FALSE;
    }
  g_hash_table_add (back->met_any, g_memdup2 (&region->link, sizeof region->link));
  return TRUE;
}

gboolean
back_shape (Back *back, const BackImage *image, const ExportRegion *region, Shape *shape)
{
  shape_copy (&region->shape, shape);
  if (!image->turn || shape_turn (shape, image->image->orientation, TRUE, image->image->width, image->image->height))
    return TRUE;
  export_lost (back->export, "shapes that cannot be turned upright");
  shape_clear (shape);
  return FALSE;
}

/* Files ------------------------------------------------------------------------------------------------------------ */

OutFile *
back_file_begin (Back *back, const char *path, GError **error)
{
  return replace_set_open (back->files, path, NULL, error);
}

gboolean
back_file_end (Back *back, GError **error)
{
  return replace_set_close (back->files, error);
}

gboolean
back_commit (Back *back, GError **error)
{
  if (!replace_set_commit (back->files, error))
    return FALSE;
  for (guint i = 0; i < replace_set_size (back->files); i++)
    export_count_file (back->export);
  return TRUE;
}
