/* SPDX-License-Identifier: MIT */
#include "library-rows.h"

#include "database.h"
#include "project-id.h"

#include <math.h>
#include <string.h>

void
library_image_free (LibraryImage *image)
{
  if (image == NULL)
    return;
  g_free (image->path);
  g_free (image->name);
  g_free (image->uri);
  g_free (image->hash);
  g_strfreev (image->tags);
  g_free (image->caption);
  g_free (image);
}

void
library_phrase_free (LibraryPhrase *phrase)
{
  if (phrase == NULL)
    return;
  g_free (phrase->text);
  g_free (phrase->caption_text);
  g_clear_pointer (&phrase->spans, g_array_unref);
  g_free (phrase->image_name);
  g_free (phrase->reviewer);
  g_free (phrase->model);
  g_strfreev (phrase->tags);
  g_free (phrase);
}

void
library_root_free (LibraryRoot *root)
{
  if (root == NULL)
    return;
  g_free (root->path);
  g_free (root);
}

static char *
bytes_of (sqlite3_stmt *rows, int column)
{
  return g_strndup (sqlite3_column_blob (rows, column), sqlite3_column_bytes (rows, column));
}

/* All texts of one column, NULL-ended. */
static char **
texts_of (Database *db, Statement which, gint64 id, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, which, error, "i", id);
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();
  int code;

  if (rows == NULL)
    return NULL;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    g_strv_builder_add (texts, column_text (rows, 0));
  return code == SQLITE_DONE ? g_strv_builder_end (texts) : NULL;
}

static gboolean
fetch_image (Database *db, gint64 id, LibraryImage **image, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, INDEX_IMAGE, error, "i", id);
  g_autoptr (LibraryImage) made = NULL;
  g_autofree char *path = NULL, *root = NULL;
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  if (code != SQLITE_ROW)
    return code == SQLITE_DONE;
  made = g_new0 (LibraryImage, 1);
  path = bytes_of (rows, 1);
  root = bytes_of (rows, 2);
  made->id = id;
  made->path = g_build_filename (root, path, NULL);
  made->name = g_utf8_make_valid (path, -1);
  made->uri = g_filename_to_uri (made->path, NULL, NULL);
  made->width = sqlite3_column_int (rows, 3);
  made->height = sqlite3_column_int (rows, 4);
  made->orientation = sqlite3_column_int (rows, 5);
  made->file = MAX (library_file_parse (column_text (rows, 6)), 0);
  made->size = column_id (rows, 7);
  made->mtime = column_id (rows, 8);
  made->hash = g_strdup (column_text (rows, 9));
  made->captions = column_id (rows, 10);
  made->phrases = column_id (rows, 11);
  made->regions = column_id (rows, 12);
  made->decided = column_id (rows, 13);
  made->caption = g_strdup (column_text (rows, 14));
  made->added = project_id_time (id);
  if ((made->tags = texts_of (db, INDEX_TAGS_OF_IMAGE, id, error)) == NULL)
    return FALSE;
  *image = g_steal_pointer (&made);
  return TRUE;
}

static gboolean
fetch_spans (Database *db, gint64 revision, GArray *spans, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, SPANS, error, "i", revision);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      Span span = { column_id (rows, 0), column_id (rows, 1) };

      g_array_append_val (spans, span);
    }
  return code == SQLITE_DONE;
}

/* The verdict that decides, and how good the best region is. */
static gboolean
fetch_state (Database *db, LibraryPhrase *phrase, GError **error)
{
  g_autoptr (DatabaseRows) verdict = database_bind (db, INDEX_VERDICT, error, "i", phrase->id);
  g_autoptr (DatabaseRows) best = NULL;
  int code;

  if (verdict == NULL)
    return FALSE;
  code = database_step (db, verdict, error);
  if (code == SQLITE_ROW)
    {
      phrase->verdict = sqlite3_column_int (verdict, 3) == 0 || sqlite3_column_int (verdict, 1)
                            ? LIBRARY_STALE
                            : MAX (library_verdict_parse (column_text (verdict, 0)), 0);
      phrase->reviewer = g_strdup (column_text (verdict, 2));
    }
  else if (code != SQLITE_DONE)
    return FALSE;
  if ((best = database_bind (db, INDEX_BEST_REGION, error, "i", phrase->id)) == NULL)
    return FALSE;
  phrase->score = NAN;
  code = database_step (db, best, error);
  if (code == SQLITE_ROW && sqlite3_column_type (best, 0) != SQLITE_NULL)
    {
      phrase->score = sqlite3_column_double (best, 0);
      phrase->model = g_strdup (column_text (best, 1));
    }
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

static gboolean
fetch_phrase (Database *db, gint64 id, LibraryPhrase **phrase, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, INDEX_PHRASE, error, "i", id);
  g_autoptr (LibraryPhrase) made = NULL;
  g_autofree char *path = NULL;
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  if (code != SQLITE_ROW)
    return code == SQLITE_DONE;
  made = g_new0 (LibraryPhrase, 1);
  path = bytes_of (rows, 2);
  made->id = id;
  made->image = column_id (rows, 1);
  made->image_name = g_utf8_make_valid (path, -1);
  made->caption_text = g_strdup (column_text (rows, 3));
  made->caption = column_id (rows, 4);
  made->text = g_strdup (column_text (rows, 5));
  made->detached = sqlite3_column_int (rows, 6);
  made->regions = column_id (rows, 8);
  made->spans = g_array_new (FALSE, FALSE, sizeof (Span));
  if (!fetch_spans (db, column_id (rows, 7), made->spans, error) || !fetch_state (db, made, error) ||
      (made->tags = texts_of (db, INDEX_TAGS_OF_PHRASE, id, error)) == NULL)
    return FALSE;
  *phrase = g_steal_pointer (&made);
  return TRUE;
}

static void
free_image (gpointer image)
{
  library_image_free (image);
}

static void
free_phrase (gpointer phrase)
{
  library_phrase_free (phrase);
}

GPtrArray *
library_fetch_images (Project *project, const gint64 *ids, guint n, GError **error)
{
  g_autoptr (GPtrArray) images = g_ptr_array_new_with_free_func (free_image);

  for (guint i = 0; i < n; i++)
    {
      LibraryImage *image = NULL;

      if (!fetch_image (project_database (project), ids[i], &image, error))
        return NULL;
      g_ptr_array_add (images, image);
    }
  return g_steal_pointer (&images);
}

GPtrArray *
library_fetch_phrases (Project *project, const gint64 *ids, guint n, GError **error)
{
  g_autoptr (GPtrArray) phrases = g_ptr_array_new_with_free_func (free_phrase);

  for (guint i = 0; i < n; i++)
    {
      LibraryPhrase *phrase = NULL;

      if (!fetch_phrase (project_database (project), ids[i], &phrase, error))
        return NULL;
      g_ptr_array_add (phrases, phrase);
    }
  return g_steal_pointer (&phrases);
}

GPtrArray *
library_find_images (Project *project, const char *name, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (DatabaseRows) rows = database_bind (db, INDEX_IMAGE_AT, error, "b", name, (gssize) strlen (name));
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  int code;

  if (rows == NULL)
    return NULL;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      gint64 id = column_id (rows, 0);

      g_ptr_array_add (ids, g_memdup2 (&id, sizeof id));
    }
  return code == SQLITE_DONE ? g_steal_pointer (&ids) : NULL;
}

static GArray *
ids_of (Project *project, Statement which, gint64 image, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (DatabaseRows) rows = database_bind (db, which, error, "i", image);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  int code;

  if (rows == NULL)
    return NULL;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      gint64 id = column_id (rows, 0);

      g_array_append_val (ids, id);
    }
  return code == SQLITE_DONE ? g_steal_pointer (&ids) : NULL;
}

GArray *
library_captions_of (Project *project, gint64 image, GError **error)
{
  return ids_of (project, CAPTIONS_OF_IMAGE, image, error);
}

GArray *
library_phrases_of (Project *project, gint64 image, GError **error)
{
  return ids_of (project, PHRASES_OF_IMAGE, image, error);
}

char *
library_caption_text (Project *project, gint64 caption, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (DatabaseRows) rows = database_bind (db, CAPTION_GET, error, "i", caption);
  int code = rows != NULL ? database_step (db, rows, error) : SQLITE_ERROR;

  if (code == SQLITE_ROW)
    return g_strdup (column_text (rows, 2));
  if (code == SQLITE_DONE)
    project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no caption %" G_GINT64_FORMAT ".", caption);
  return NULL;
}

GPtrArray *
library_roots (Project *project, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (DatabaseRows) rows = database_statement (db, INDEX_ROOTS, error);
  g_autoptr (GPtrArray) roots = g_ptr_array_new_with_free_func ((GDestroyNotify) library_root_free);
  int code;

  if (rows == NULL)
    return NULL;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      LibraryRoot *root = g_new0 (LibraryRoot, 1);

      root->id = column_id (rows, 0);
      root->path = bytes_of (rows, 1);
      root->images = column_id (rows, 2);
      root->missing = column_id (rows, 3);
      g_ptr_array_add (roots, root);
    }
  return code == SQLITE_DONE ? g_steal_pointer (&roots) : NULL;
}
