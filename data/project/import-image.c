/* SPDX-License-Identifier: MIT
 * import-image.c: pictures: found on the disk or kept as missing, known again by their path,
 * and the grid that a file means. */
#include "import-private.h"

#include "picture-facts.h"
#include "project-id.h"

#include <math.h>
#include <string.h>

gboolean
import_load_roots (Import *import, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_statement (import->db, ROOT_ALL, error);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (import->db, rows, error)) == SQLITE_ROW)
    {
      ImportRoot root = { column_id (rows, 0),
                          g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1)) };

      g_array_append_val (import->roots, root);
    }
  return code == SQLITE_DONE;
}

void
import_root_clear (gpointer data)
{
  g_free (((ImportRoot *) data)->path);
}

/* The rest of `path` below `root`, or NULL. */
static const char *
below (const char *path, const char *root)
{
  gsize length = strlen (root);

  if (strcmp (root, "/") == 0)
    return path + 1;
  return strncmp (path, root, length) == 0 && path[length] == '/' && path[length + 1] != '\0' ? path + length + 1
                                                                                              : NULL;
}

static gboolean
root_for (Import *import, const char *path, gint64 *id, const char **rest, GError **error)
{
  const char *wanted = image_finder_folder (import->finder);
  g_autofree char *own = NULL;
  ImportRoot root = { 0 };

  if (below (path, wanted) == NULL)
    {
      const ImportRoot *best = NULL;

      for (guint i = 0; i < import->roots->len; i++)
        {
          const ImportRoot *each = &g_array_index (import->roots, ImportRoot, i);

          if (below (path, each->path) != NULL && (best == NULL || strlen (each->path) > strlen (best->path)))
            best = each;
        }
      wanted = best != NULL ? best->path : (own = g_path_get_dirname (path));
    }
  *rest = below (path, wanted);
  if (*rest == NULL)
    return project_fail (error, PROJECT_ERROR_FAILED, "%s is no path of a picture", path);
  for (guint i = 0; i < import->roots->len; i++)
    if (strcmp (g_array_index (import->roots, ImportRoot, i).path, wanted) == 0)
      {
        *id = g_array_index (import->roots, ImportRoot, i).id;
        return TRUE;
      }
  root.id = *id = project_id_new ();
  root.path = g_strdup (wanted);
  g_array_append_val (import->roots, root);
  return database_run (import->db, ROOT_INSERT, error, "ib", root.id, root.path, (gssize) strlen (root.path));
}

/* What the project knows of a picture that is there already. */
typedef struct
{
  gint64 id;            /* 0: it is not */
  gboolean was_missing, was_changed;
  char hash[65];        /* "": unknown */
  gboolean claimed;
} KnownImage;

/* The image row at an absolute path, by whatever root. */
static gboolean
find_image (Import *import, const char *path, KnownImage *known, ImageFacts *facts, GError **error)
{
  memset (known, 0, sizeof *known);
  for (guint i = 0; i < import->roots->len; i++)
    {
      const ImportRoot *root = &g_array_index (import->roots, ImportRoot, i);
      const char *rest = below (path, root->path);
      g_autofree char *state = NULL;
      sqlite3_stmt *rows;
      gint64 entry;
      int code;

      if (rest == NULL)
        continue;
      rows = database_bind (import->db, IMAGE_FIND, error, "ib", root->id, rest, (gssize) strlen (rest));
      if (rows == NULL)
        return FALSE;
      code = database_step (import->db, rows, error);
      if (code == SQLITE_DONE)
        {
          database_rows_end (rows);
          continue;
        }
      if (code != SQLITE_ROW)
        return FALSE;
      known->id = column_id (rows, 0);
      entry = column_id (rows, 1);
      state = g_strdup (column_text (rows, 2));
      known->was_missing = g_strcmp0 (column_text (rows, 3), "missing") == 0;
      known->was_changed = g_strcmp0 (column_text (rows, 3), "changed") == 0;
      if (column_text (rows, 7) != NULL)
        g_strlcpy (known->hash, column_text (rows, 7), sizeof known->hash);
      facts->width = sqlite3_column_double (rows, 4);
      facts->height = sqlite3_column_double (rows, 5);
      facts->orientation = sqlite3_column_int (rows, 6);
      database_rows_end (rows);
      return import_claim (import, KIND_IMAGE, known->id, entry, state, &known->claimed, error);
    }
  return TRUE;
}

/* A picture that came back, or has new content: that is asked about, not taken. */
static gboolean
see_disk (Import *import, const char *where, const KnownImage *known, const PictureFacts *disk, const ImageFacts *facts,
          GError **error)
{
  gboolean same = known->hash[0] == '\0' || strcmp (known->hash, disk->quick_hash) == 0;

  if (!same && !known->was_changed)
    {
      import_note (import,
                   "%s: its picture has new content; 'alidade check --accept-changed' takes it, with the regions "
                   "as they are",
                   where);
      return database_run (import->db, IMAGE_SET_STATE, error, "is", known->id, "changed");
    }
  return !same || !known->was_missing ||
         database_run (import->db, IMAGE_REFRESH, error, "iiisiiis", known->id, disk->size, disk->mtime,
                       disk->quick_hash, (gint64) facts->width, (gint64) facts->height, (gint64) facts->orientation,
                       "ok");
}

/* Which grid the file's numbers are of. */
void
import_choose_grid (Import *import, const ImportImage *image, ImageFacts *facts)
{
  gboolean swapped = facts->orientation >= 5;
  gboolean fits_stored = image->width == facts->width && image->height == facts->height;
  gboolean fits_upright = swapped ? image->width == facts->height && image->height == facts->width : fits_stored;
  gboolean upright = import->format->upright;

  if (image->width > 0 && image->height > 0 && facts->width > 0)
    {
      if (fits_stored != fits_upright && upright != fits_upright)
        {
          upright = fits_upright;
          import->report->other_grid++;
          import_note (import, "%s: its size by the file, %g x %g, is that of the %s grid, which is used", image->name,
                       image->width, image->height, upright ? "upright" : "stored");
        }
      else if (!fits_stored && !fits_upright)
        import_note (import, "%s: its size by the file is %g x %g, but the picture has %g x %g", image->name,
                     image->width, image->height, facts->width, facts->height);
    }
  facts->turn = upright && facts->orientation > 1;
}

static char *
path_of_missing (Import *import, const char *name)
{
  return g_canonicalize_filename (name, image_finder_folder (import->finder));
}

/* Finds the picture on the disk; *path is where it is, or would be. */
static gboolean
look_for_picture (Import *import, const char *where, const ImportImage *image, char **path)
{
  Found found;

  if (image->beside != NULL && g_file_test (image->beside, G_FILE_TEST_IS_REGULAR))
    {
      *path = g_canonicalize_filename (image->beside, NULL);
      return TRUE;
    }
  found = image->stem != NULL ? image_finder_find_stem (import->finder, image->stem, path)
                              : image_finder_find (import->finder, image->name, path);
  if (found == FOUND_ONE)
    return TRUE;
  if (found == FOUND_SEVERAL)
    import_note (import, "%s: %s lies at two places below %s, so that neither is taken", where, image->name,
                 image_finder_folder (import->finder));
  *path = image->beside != NULL ? g_canonicalize_filename (image->beside, NULL) : path_of_missing (import, image->name);
  return FALSE;
}

static gboolean
insert_image (Import *import, const char *path, const PictureFacts *disk, gboolean there, const ImageFacts *facts,
              const ImportImage *image, gint64 *id, GError **error)
{
  g_autofree char *extra = image->extra != NULL ? json_to_text (image->extra) : NULL;
  const char *rest = NULL;
  gint64 root = 0;

  if (!root_for (import, path, &root, &rest, error))
    return FALSE;
  *id = project_id_new ();
  import->report->new_images++;
  return database_run (import->db, IMAGE_INSERT, error, "iibIIsiiissi", *id, root, rest, (gssize) strlen (rest),
                       there ? disk->size : (gint64) 0, there ? disk->mtime : (gint64) 0,
                       there ? disk->quick_hash : NULL, (gint64) facts->width, (gint64) facts->height,
                       (gint64) facts->orientation, there ? "ok" : "missing", extra, import->entry);
}

double
import_sane_size (double size)
{
  return isfinite (size) && size > 0 && size < 1e9 ? floor (size) : 0;
}

gint64
import_image (Import *import, const char *where, const ImportImage *given, GError **error)
{
  ImportImage image = *given;
  g_autofree char *path = NULL, *name = NULL;
  const gint64 *had;
  KnownImage known;
  PictureFacts disk = { 0 };
  ImageFacts facts = { .orientation = 1 };
  gboolean there;
  gint64 id;

  image.width = import_sane_size (image.width);
  image.height = import_sane_size (image.height);
  if (image.name == NULL || *image.name == '\0' || strlen (image.name) > 4096)
    {
      import_skip (import, where, "the picture has no name");
      return 0;
    }
  name = g_strconcat (image.name, "\n", image.beside, NULL);
  had = g_hash_table_lookup (import->names, name);
  if (had != NULL)
    return *had;

  /* The disk first: no person waits for it. */
  if (import->options->between != NULL && !import_batch_end (import, error))
    return 0;
  there = look_for_picture (import, where, &image, &path) && picture_facts_read (path, &disk);
  if (strcmp (path, "/") == 0)
    {
      import_skip (import, where, "'%s' is no name of a picture", image.name);
      return 0;
    }
  if (!import_batch_go_on (import, error) || !find_image (import, path, &known, &facts, error))
    return 0;
  id = known.id;
  if (id == 0 || (known.was_missing && (known.hash[0] == '\0' || strcmp (known.hash, disk.quick_hash) == 0)))
    {
      facts.width = there && disk.width > 0 ? disk.width : image.width;
      facts.height = there && disk.height > 0 ? disk.height : image.height;
      facts.orientation = there && disk.width > 0                            ? disk.orientation
                          : image.orientation >= 1 && image.orientation <= 8 ? image.orientation
                                                                             : 1;
    }
  if (id == 0)
    {
      if (!insert_image (import, path, &disk, there, &facts, &image, &id, error))
        return 0;
      if (there && disk.width == 0)
        import_note (import, "%s is no picture that can be read (PNG, JPEG, WebP); it is kept by its name", where);
    }
  else if (known.claimed)
    import->report->new_images++;
  if (known.id != 0 && there && !see_disk (import, where, &known, &disk, &facts, error))
    return 0;
  import->report->images++;
  import->report->missing += !there;
  facts.file_width = image.width;
  facts.file_height = image.height;
  import_choose_grid (import, &image, &facts);
  g_hash_table_insert (import->names, g_steal_pointer (&name), import_id_new (id));
  g_hash_table_insert (import->facts, import_id_new (id), g_memdup2 (&facts, sizeof facts));
  return id;
}
