/* SPDX-License-Identifier: MIT */
#include "picture-files.h"

#include "image-finder.h"
#include "picture-facts.h"
#include "picture-rename.h"
#include "project-id.h"
#include "review-private.h"
#include "search.h"

#include <string.h>

#define NAMES_LIMIT 1000

/* The id under which a path of an image or a root is known, made if it is not. */
static gboolean
name_id (Database *db, Statement find, Statement insert, gint64 target, const char *path, gint64 *id, GError **error)
{
  gboolean found;

  if (!database_get (db, find, id, &found, error, "ib", target, path, (gssize) strlen (path)))
    return FALSE;
  if (found)
    return TRUE;
  *id = project_id_new ();
  return database_run (db, insert, error, "iib", *id, target, path, (gssize) strlen (path));
}

static char *
path_json (const char *path)
{
  g_autofree char *shown = g_filename_display_name (path);
  GString *json = g_string_new ("{\"path\":");

  json_put_text (json, shown);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

/* Renaming -------------------------------------------------------------------------------------------------------- */

static gboolean
image_path (Database *db, gint64 image, char **path, gint64 *root, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, IMAGE_GET, error, "i", image);
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  if (code == SQLITE_DONE)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no image %" G_GINT64_FORMAT ".", image);
  if (code != SQLITE_ROW)
    return FALSE;
  *path = g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1));
  *root = column_id (rows, 12);
  return TRUE;
}

static char *
beside (const char *path, const char *name)
{
  g_autofree char *folder = g_path_get_dirname (path);

  return strcmp (folder, ".") == 0 && strncmp (path, "./", 2) != 0 ? g_strdup (name) : g_build_filename (folder, name, NULL);
}

/* Both names get their ids, so that the record can point at them. */
static gboolean
name_both (Database *db, gint64 image, const char *old, const char *new, gint64 *from, gint64 *to, GError **error)
{
  return name_id (db, FILE_NAME_FIND, FILE_NAME_INSERT, image, old, from, error) &&
         name_id (db, FILE_NAME_FIND, FILE_NAME_INSERT, image, new, to, error);
}

static gboolean
record_rename (Record *record, gint64 image, const char *old, const char *new, gint64 from, gint64 to,
               const PictureRename *rename, GError **error)
{
  g_autofree char *before = path_json (old), *after = path_json (new);

  return record_step (record, "file", image, to, error) && picture_rename_index (record->db, image, from, to, error) &&
         picture_rename_keep (record->db, rename, error) &&
         record_write (record, "file", image, before, after, 0, error);
}

gboolean
project_rename_image (Project *project, gint64 image, const char *name, const char *by, GError **error)
{
  Database *db = project_database (project);
  g_auto (PictureRename) rename = { 0 };
  g_autofree char *old = NULL, *new = NULL;
  gint64 root = 0, from, to, other;
  gboolean taken;
  Record record;

  if (name == NULL || *name == '\0' || strchr (name, '/') != NULL || *name == '.' || !image_name_is_picture (name))
    return project_fail (error, PROJECT_ERROR_USAGE, "A picture's file needs a name without '/' that ends as pictures do (.jpg, "
                         ".png, ...).");
  if (!image_path (db, image, &old, &root, error))
    return FALSE;
  new = beside (old, name);
  if (strcmp (old, new) == 0)
    return TRUE;
  if (!database_get (db, IMAGE_FIND, &other, &taken, error, "ib", root, new, (gssize) strlen (new)))
    return FALSE;
  if (taken)
    return project_fail (error, PROJECT_ERROR_EXISTS, "The project has a picture of the name %s there already.", name);
  /* A name that is not indexed yet could not be taken out again. */
  if (!search_index (project, NULL, NULL, error) || !name_both (db, image, old, new, &from, &to, error) ||
      !picture_rename_begin (project, image, to, &rename, error))
    return FALSE;
  if (record_begin (&record, project, by, error) &&
      record_end (&record, record_rename (&record, image, old, new, from, to, &rename, error), error))
    return TRUE;
  picture_rename_revert (project, &rename);
  return FALSE;
}

/* Moved folders ---------------------------------------------------------------------------------------------------- */

/* A root that lies in the folder that moved, or in which that lies. */
typedef struct
{
  gint64 id;
  char *path, *moved; /* where it was, and is */
} Moved;

/* What is to be written about one picture. */
typedef struct
{
  gint64 id;
  PictureFacts facts;
  const char *state;
  gboolean fresh; /* its content was never seen: it is now */
} Seen;

void
relink_report_clear (RelinkReport *report)
{
  g_clear_pointer (&report->names, g_ptr_array_unref);
}

static void
moved_clear (gpointer data)
{
  g_free (((Moved *) data)->path);
  g_free (((Moved *) data)->moved);
}

static gboolean
find_roots (Database *db, const char *old_root, const char *new_root, GArray *roots, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_statement (db, ROOT_ALL, error);
  gsize length = strlen (old_root);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      g_autofree char *path = g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1));
      Moved moved = { .id = column_id (rows, 0) };

      if (strncmp (path, old_root, length) != 0 || (path[length] != '/' && path[length] != '\0'))
        continue;
      moved.moved = path[length] == '/' ? g_build_filename (new_root, path + length + 1, NULL) : g_strdup (new_root);
      moved.path = g_steal_pointer (&path);
      g_array_append_val (roots, moved);
    }
  if (code == SQLITE_DONE && roots->len == 0)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "The project has no pictures from %s; 'alidade list PROJECT images --json' "
                         "shows where they are.", old_root);
  return code == SQLITE_DONE;
}

static void
look_at (sqlite3_stmt *rows, const Moved *root, RelinkReport *report, GArray *seen)
{
  g_autofree char *name = g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1));
  g_autofree char *path = g_build_filename (root->moved, name, NULL);
  const char *hash = column_text (rows, 2);
  Seen one = { .id = column_id (rows, 0) };

  report->images++;
  if (!picture_facts_read (path, &one.facts))
    {
      one.state = "missing";
      report->missing++;
    }
  else if (hash == NULL)
    {
      one.state = "ok";
      one.fresh = TRUE;
      report->unchecked++;
    }
  else if (strcmp (hash, one.facts.quick_hash) == 0)
    {
      one.state = "ok";
      report->same++;
    }
  else
    {
      one.state = "changed";
      report->changed++;
    }
  if (strcmp (one.state, "ok") != 0 && report->names->len < NAMES_LIMIT)
    g_ptr_array_add (report->names, g_filename_display_name (name));
  g_array_append_val (seen, one);
}

static gboolean
look_below (Database *db, const Moved *root, GCancellable *cancellable, RelinkReport *report, GArray *seen, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, RELINK_IMAGES, error, "i", root->id);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      if (g_cancellable_is_cancelled (cancellable))
        return project_fail (error, PROJECT_ERROR_CANCELLED, "cancelled; nothing was changed");
      look_at (rows, root, report, seen);
    }
  return code == SQLITE_DONE;
}

static gboolean
record_relink (Record *record, GArray *roots, GArray *seen, GError **error)
{
  const Moved *top = &g_array_index (roots, Moved, 0);
  g_autofree char *before = path_json (top->path), *after = path_json (top->moved);

  for (guint i = 0; i < roots->len; i++)
    {
      const Moved *root = &g_array_index (roots, Moved, i);
      gint64 from, to;

      if (!name_id (record->db, ROOT_NAME_FIND, ROOT_NAME_INSERT, root->id, root->path, &from, error) ||
          !name_id (record->db, ROOT_NAME_FIND, ROOT_NAME_INSERT, root->id, root->moved, &to, error) ||
          !record_step (record, "root", root->id, to, error) ||
          !sources_follow (record->db, root->path, root->moved, error))
        return FALSE;
    }
  for (guint i = 0; i < seen->len; i++)
    {
      const Seen *one = &g_array_index (seen, Seen, i);
      const PictureFacts *facts = &one->facts;

      if (one->fresh ? !database_run (record->db, IMAGE_REFRESH, error, "iiisiiis", one->id, facts->size, facts->mtime,
                                      facts->quick_hash, (gint64) facts->width, (gint64) facts->height,
                                      (gint64) facts->orientation, "ok")
                     : !database_run (record->db, IMAGE_SET_STATE, error, "is", one->id, one->state))
        return FALSE;
    }
  return record_write (record, "file", top->id, before, after, 0, error);
}

gboolean
project_relink (Project *project, const char *old_root, const char *new_root, gboolean force, gboolean dry, const char *by,
                GCancellable *cancellable, RelinkReport *report, GError **error)
{
  Database *db = project_database (project);
  g_autofree char *from = g_canonicalize_filename (old_root, NULL), *to = g_canonicalize_filename (new_root, NULL);
  g_autoptr (GArray) roots = g_array_new (FALSE, FALSE, sizeof (Moved));
  g_autoptr (GArray) seen = g_array_new (FALSE, FALSE, sizeof (Seen));
  Record record;

  memset (report, 0, sizeof *report);
  report->names = g_ptr_array_new_with_free_func (g_free);
  g_array_set_clear_func (roots, moved_clear);
  if (!g_file_test (to, G_FILE_TEST_IS_DIR))
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no folder %s.", new_root);
  if (!find_roots (db, from, to, roots, error))
    return FALSE;
  for (guint i = 0; i < roots->len; i++)
    {
      const Moved *root = &g_array_index (roots, Moved, i);
      gboolean taken;
      gint64 other;

      if (!database_get (db, ROOT_AT, &other, &taken, error, "bi", root->moved, (gssize) strlen (root->moved), root->id))
        return FALSE;
      if (taken)
        return project_fail (error, PROJECT_ERROR_EXISTS, "The project has other pictures from %s already; two folders cannot be "
                             "at one place.", root->moved);
      if (!look_below (db, root, cancellable, report, seen, error))
        return FALSE;
    }
  if (dry)
    return TRUE;
  if (!force && report->same == 0 && report->unchecked == 0)
    return project_fail (error, PROJECT_ERROR_REFUSED, "None of the %" G_GINT64_FORMAT " pictures is in %s with its own content; "
                         "nothing was changed.", report->images, new_root);
  return record_begin (&record, project, by, error) &&
         record_end (&record, record_relink (&record, roots, seen, error), error);
}

/* The bin ---------------------------------------------------------------------------------------------------------- */

gboolean
project_bin_images (Project *project, const gint64 *images, guint n, const char *by, gint64 *entry, GPtrArray **failed,
                    GError **error)
{
  Database *db = project_database (project);
  g_autoptr (GArray) gone = g_array_new (FALSE, FALSE, sizeof (gint64));

  *entry = 0;
  *failed = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (DatabaseRows) rows = database_bind (db, IMAGE_GET, error, "i", images[i]);
      g_autofree char *name = NULL, *root = NULL, *path = NULL;
      g_autoptr (GError) local = NULL;
      g_autoptr (GFile) file = NULL;

      if (rows == NULL)
        return FALSE;
      if (database_step (db, rows, error) != SQLITE_ROW)
        continue;
      name = g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1));
      root = g_strndup (sqlite3_column_blob (rows, 2), sqlite3_column_bytes (rows, 2));
      path = g_build_filename (root, name, NULL);
      file = g_file_new_for_path (path);
      if (g_file_trash (file, NULL, &local) || g_error_matches (local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        g_array_append_val (gone, images[i]);
      else
        g_ptr_array_add (*failed, g_strdup_printf ("%s: %s", name, local->message));
    }
  return gone->len == 0 ||
         project_remove_images (project, (const gint64 *) gone->data, gone->len, by, entry, error);
}
