/* SPDX-License-Identifier: MIT
 * library-index.c: the first load in slices, and afterwards what the journal says was touched, read again. */
#include "library-index-private.h"

#include <string.h>

#define FEW 32 /* ids that are read one by one */

/* Reading the project --------------------------------------------------------------------------------------------- */

static gboolean
go_on (GCancellable *cancellable, GError **error)
{
  return !g_cancellable_is_cancelled (cancellable) || project_fail (error, PROJECT_ERROR_CANCELLED, "cancelled");
}

static void
forget (LibraryIndex *index)
{
  g_rw_lock_writer_lock (&index->lock);
  g_array_set_size (index->images, 0);
  g_ptr_array_set_size (index->keys, 0);
  g_array_set_size (index->ids, 0);
  g_array_set_size (index->phrases, 0);
  g_array_set_size (index->hashes, 0);
  g_hash_table_remove_all (index->stray_images);
  g_hash_table_remove_all (index->stray_phrases);
  index->n_images_sorted = index->n_phrases_sorted = 0;
  library_text_free (index->names);
  library_text_free (index->captions);
  library_text_free (index->texts);
  index->names = library_text_new ();
  index->captions = library_text_new ();
  index->texts = library_text_new ();
  library_sets_clear (&index->tags);
  library_sets_clear (&index->models);
  library_sets_init (&index->tags);
  library_sets_init (&index->models);
  index->ready = index->unranked = FALSE;
  g_rw_lock_writer_unlock (&index->lock);
}

/* Each statement reads a state of its own; what was committed between two of them is read again by the update that
 * follows, since the journal's end was noted before. */
static gboolean
load (LibraryIndex *index, Database *db, GCancellable *cancellable, LibraryProgress progress, gpointer user_data,
      GError **error)
{
  gint64 images = 0, captions = 0, phrases = 0, all, done = 0, n, at = 0;

  if (!database_get (db, JOURNAL_LAST, &index->seq, NULL, error, "") ||
      !database_get (db, LINK_LAST, &index->link, NULL, error, "") ||
      !database_get (db, IMAGE_LAST, &index->image, NULL, error, "") ||
      !database_get (db, INDEX_GUESS, &all, NULL, error, ""))
    return FALSE;
  do
    {
      if (!go_on (cancellable, error) || !library_read_images (index, db, images, G_MAXINT64, LIBRARY_SLICE, &images, &n, error))
        return FALSE;
      if (progress != NULL)
        progress (done + n, MAX (all, done + n), user_data);
      done += n;
    }
  while (n == LIBRARY_SLICE);
  library_rank_images (index);
  do
    {
      if (!go_on (cancellable, error) || !library_read_captions (index, db, &captions, &n, error))
        return FALSE;
      if (progress != NULL)
        progress (done + n, MAX (all, done + n), user_data);
      done += n;
    }
  while (n == LIBRARY_SLICE);
  do
    {
      if (!go_on (cancellable, error) || !library_read_phrases (index, db, phrases, G_MAXINT64, LIBRARY_SLICE, &at, &n, error))
        return FALSE;
      phrases = at;
      if (progress != NULL)
        progress (done + n, MAX (all, done + n), user_data);
      done += n;
    }
  while (n == LIBRARY_SLICE);
  return TRUE;
}

/* What a person's record, or an entry, touched. */
typedef struct
{
  GHashTable *images, *phrases; /* gint64 * */
} Touched;

static gboolean
touch_by (Database *db, Statement which, gint64 target, GHashTable *ids, int column, gint64 *last, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, which, error, "i", target);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      gint64 id = column_id (rows, column);

      g_hash_table_add (ids, g_memdup2 (&id, sizeof id));
      if (last != NULL)
        *last = MAX (*last, column_id (rows, 0));
    }
  return code == SQLITE_DONE;
}

static gboolean
touch_step (Database *db, const char *what, gint64 target, Touched *touched, GError **error)
{
  if (strcmp (what, "region") == 0)
    return touch_by (db, TOUCHED_BY_REGION, target, touched->phrases, 0, NULL, error);
  if (strcmp (what, "link") == 0)
    return touch_by (db, TOUCHED_BY_LINK, target, touched->phrases, 0, NULL, error);
  if (strcmp (what, "verdict") == 0)
    return touch_by (db, TOUCHED_BY_VERDICT, target, touched->phrases, 0, NULL, error);
  if (strcmp (what, "tag") == 0)
    return touch_by (db, TOUCHED_BY_TAG, target, touched->phrases, 0, NULL, error) &&
           touch_by (db, IMAGE_OF_TAG, target, touched->images, 0, NULL, error);
  if (strcmp (what, "caption") == 0)
    return touch_by (db, IMAGE_OF_CAPTION, target, touched->images, 0, NULL, error);
  if (strcmp (what, "phrase") == 0)
    g_hash_table_add (touched->phrases, g_memdup2 (&target, sizeof target));
  if (strcmp (what, "file") == 0)
    g_hash_table_add (touched->images, g_memdup2 (&target, sizeof target));
  return TRUE;
}

static gboolean
touch_record (Database *db, gint64 seq, Touched *touched, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, JOURNAL_STEPS, error, "i", seq);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    if (!touch_step (db, column_text (rows, 0), column_id (rows, 1), touched, error))
      return FALSE;
  return code == SQLITE_DONE;
}

static gboolean
is_entry (const char *kind)
{
  return g_strcmp0 (kind, "import") == 0 || g_strcmp0 (kind, "run") == 0 || g_strcmp0 (kind, "removal") == 0;
}

/* What the journal holds behind `seq`. */
static gboolean
touch_journal (LibraryIndex *index, Database *db, Touched *touched, GError **error)
{
  int n;

  do
    {
      g_autoptr (DatabaseRows) rows = database_bind (db, INDEX_RECORDS, error, "i", index->seq);
      int code;

      if (rows == NULL)
        return FALSE;
      for (n = 0; (code = database_step (db, rows, error)) == SQLITE_ROW; n++)
        {
          gint64 target = column_id (rows, 2);

          index->seq = column_id (rows, 0);
          if (is_entry (column_text (rows, 1)) || is_entry (column_text (rows, 3)))
            {
              if (!touch_by (db, IMAGES_OF_ENTRY, target, touched->images, 0, NULL, error) ||
                  !touch_by (db, PHRASES_OF_ENTRY, target, touched->phrases, 0, NULL, error))
                return FALSE;
            }
          else if (!touch_record (db, index->seq, touched, error))
            return FALSE;
        }
      if (code != SQLITE_DONE)
        return FALSE;
    }
  while (n > 0);
  return TRUE;
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  gint64 i = *(const gint64 *) a, j = *(const gint64 *) b;

  return i < j ? -1 : i > j;
}

static GArray *
sorted_ids (GHashTable *table)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_array_append_vals (ids, id, 1);
  g_array_sort (ids, compare_ids);
  return ids;
}

static void
mark_gone (LibraryIndex *index, gboolean phrases, const gint64 *ids, guint n)
{
  g_rw_lock_writer_lock (&index->lock);
  for (guint i = 0; i < n; i++)
    {
      gint64 row = phrases ? library_phrase_row (index, ids[i]) : library_image_row (index, ids[i]);

      if (row >= 0 && phrases)
        g_array_index (index->phrases, LibraryPhraseRow, row).gone = TRUE;
      else if (row >= 0)
        g_array_index (index->images, LibraryImageRow, row).gone = TRUE;
    }
  g_rw_lock_writer_unlock (&index->lock);
}

/* Reads the ids again: as one range where they are many, since ids made together lie together. */
static gboolean
reread (LibraryIndex *index, Database *db, gboolean phrases, GHashTable *table, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) ids = sorted_ids (table);
  gboolean (*read) (LibraryIndex *, Database *, gint64, gint64, gint64, gint64 *, gint64 *, GError **) =
      phrases ? library_read_phrases : library_read_images;

  for (guint i = 0; i < ids->len;)
    {
      const gint64 *first = &g_array_index (ids, gint64, i);
      guint n = ids->len - i > FEW ? MIN (ids->len - i, LIBRARY_SLICE) : 1;
      gint64 after = first[0] - 1, last = first[n - 1], got, at = 0;

      if (!go_on (cancellable, error))
        return FALSE;
      mark_gone (index, phrases, first, n);
      do
        {
          if (!read (index, db, after, last, LIBRARY_SLICE, &at, &got, error))
            return FALSE;
          after = at;
        }
      while (got == LIBRARY_SLICE);
      i += n;
    }
  if (phrases)
    return TRUE;
  for (guint i = 0; i < ids->len; i++)
    if (!library_reread_captions (index, db, g_array_index (ids, gint64, i), error))
      return FALSE;
  library_rank_images (index);
  return TRUE;
}

static gboolean
update (LibraryIndex *index, Database *db, GCancellable *cancellable, GError **error)
{
  g_autoptr (GHashTable) images = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_autoptr (GHashTable) phrases = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  Touched touched = { images, phrases };
  gint64 seq = index->seq, link = index->link, image = index->image;

  if (touch_by (db, INDEX_NEW_LINKS, index->link, phrases, 1, &index->link, error) &&
      touch_by (db, INDEX_NEW_IMAGES, index->image, images, 0, &index->image, error) && touch_journal (index, db, &touched, error) && reread (index, db, FALSE, images, cancellable, error) &&
      reread (index, db, TRUE, phrases, cancellable, error))
    return TRUE;
  /* Once more from where it was. */
  index->seq = seq;
  index->link = link;
  index->image = image;
  return FALSE;
}

gboolean
library_index_load (LibraryIndex *index, Project *project, GCancellable *cancellable, LibraryProgress progress,
                    gpointer user_data, GError **error)
{
  Database *db = project_database (project);
  gboolean good = TRUE;

  g_mutex_lock (&index->filling);
  g_mutex_lock (&index->folding);
  if (index->fold == NULL)
    good = (index->fold = library_fold_new (db, error)) != NULL &&
           (index->asked_fold = library_fold_new (db, error)) != NULL;
  g_mutex_unlock (&index->folding);
  forget (index);
  good = good && load (index, db, cancellable, progress, user_data, error) && update (index, db, cancellable, error);
  g_rw_lock_writer_lock (&index->lock);
  index->ready = good;
  g_rw_lock_writer_unlock (&index->lock);
  g_mutex_unlock (&index->filling);
  return good;
}

gboolean
library_index_update (LibraryIndex *index, Project *project, GCancellable *cancellable, GError **error)
{
  gboolean good;

  g_mutex_lock (&index->filling);
  good = index->asked_fold == NULL
             ? project_fail (error, PROJECT_ERROR_FAILED, "the library is updated before it was loaded")
             : update (index, project_database (project), cancellable, error);
  g_mutex_unlock (&index->filling);
  return good;
}

gboolean
library_index_update_entry (LibraryIndex *index, Project *project, gint64 entry, GCancellable *cancellable, GError **error)
{
  g_autoptr (GHashTable) images = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_autoptr (GHashTable) phrases = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  Database *db = project_database (project);
  gboolean good;

  g_mutex_lock (&index->filling);
  good = touch_by (db, IMAGES_OF_ENTRY, entry, images, 0, NULL, error) &&
         touch_by (db, PHRASES_OF_ENTRY, entry, phrases, 0, NULL, error) &&
         reread (index, db, FALSE, images, cancellable, error) && reread (index, db, TRUE, phrases, cancellable, error);
  g_mutex_unlock (&index->filling);
  return good;
}

gboolean
library_index_refresh_images (LibraryIndex *index, Project *project, const gint64 *images, guint n, GError **error)
{
  g_autoptr (GHashTable) table = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  gboolean good;

  for (guint i = 0; i < n; i++)
    g_hash_table_add (table, g_memdup2 (&images[i], sizeof images[i]));
  g_mutex_lock (&index->filling);
  good = reread (index, project_database (project), FALSE, table, NULL, error);
  g_mutex_unlock (&index->filling);
  return good;
}

/* The object ------------------------------------------------------------------------------------------------------- */

LibraryIndex *
library_index_new (void)
{
  LibraryIndex *index = g_new0 (LibraryIndex, 1);

  index->refs = 1;
  g_mutex_init (&index->filling);
  g_mutex_init (&index->folding);
  g_rw_lock_init (&index->lock);
  index->images = g_array_new (FALSE, FALSE, sizeof (LibraryImageRow));
  index->keys = g_ptr_array_new_with_free_func (g_free);
  index->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  index->phrases = g_array_new (FALSE, FALSE, sizeof (LibraryPhraseRow));
  index->hashes = g_array_new (FALSE, FALSE, sizeof (guint32));
  index->stray_images = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  index->stray_phrases = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  index->names = library_text_new ();
  index->captions = library_text_new ();
  index->texts = library_text_new ();
  library_sets_init (&index->tags);
  library_sets_init (&index->models);
  return index;
}

LibraryIndex *
library_index_ref (LibraryIndex *index)
{
  g_atomic_int_inc (&index->refs);
  return index;
}

void
library_index_unref (LibraryIndex *index)
{
  if (index == NULL || !g_atomic_int_dec_and_test (&index->refs))
    return;
  g_array_unref (index->images);
  g_ptr_array_unref (index->keys);
  g_array_unref (index->ids);
  g_array_unref (index->phrases);
  g_array_unref (index->hashes);
  g_hash_table_unref (index->stray_images);
  g_hash_table_unref (index->stray_phrases);
  library_text_free (index->names);
  library_text_free (index->captions);
  library_text_free (index->texts);
  library_sets_clear (&index->tags);
  library_sets_clear (&index->models);
  library_fold_free (index->fold);
  library_fold_free (index->asked_fold);
  g_rw_lock_clear (&index->lock);
  g_mutex_clear (&index->filling);
  g_mutex_clear (&index->folding);
  g_free (index);
}

gboolean
library_index_is_ready (LibraryIndex *index)
{
  gboolean ready;

  g_rw_lock_reader_lock (&index->lock);
  ready = index->ready;
  g_rw_lock_reader_unlock (&index->lock);
  return ready;
}

gsize
library_index_bytes (LibraryIndex *index)
{
  gsize bytes;

  g_rw_lock_reader_lock (&index->lock);
  bytes = index->images->len * (sizeof (LibraryImageRow) + sizeof (char *)) +
          index->ids->len * (sizeof (gint64) + sizeof (LibraryPhraseRow) + sizeof (guint32)) +
          library_text_bytes (index->names) + library_text_bytes (index->captions) + library_text_bytes (index->texts) +
          (g_hash_table_size (index->stray_images) + g_hash_table_size (index->stray_phrases)) * 64;
  for (guint i = 0; i < index->keys->len; i++)
    bytes += strlen (index->keys->pdata[i]) + 17;
  g_rw_lock_reader_unlock (&index->lock);
  return bytes;
}

char **
library_index_tags (LibraryIndex *index)
{
  return library_sets_names (index, &index->tags);
}

char **
library_index_models (LibraryIndex *index)
{
  return library_sets_names (index, &index->models);
}
