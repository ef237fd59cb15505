/* SPDX-License-Identifier: MIT
 * library-index.c: filling the columns. A range of ids is read whole (texts, regions, verdicts, tags, each by one
 * statement in the order of the ids) and put in under the lock; a single record is a range of one. */
#include "library-index-private.h"

#include "project-id.h"

#include <math.h>
#include <string.h>

#define SLICE 4096
#define FEW 32 /* ids that are read one by one */

/* One phrase as it was read. */
typedef struct
{
  gint64 id, image;
  gint64 newest; /* id of its newest revision or verdict */
  char *folded;
  LibraryPhraseRow row;
  double model_score;
  double model_box[4], own_box[4]; /* the best of a model's; a person's, else an imported one's */
  gboolean with_model, with_own, own_is_person;
  GPtrArray *own;    /* double[4]: further ones */
  GPtrArray *names;  /* char *: its models, then its tags */
  gint64 verdict_at, verdict_id;
  gboolean adjudicated, has_verdict, decided;
} Facts;

/* Sets of names --------------------------------------------------------------------------------------------------- */

static void
sets_init (LibrarySets *sets)
{
  sets->sets = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  sets->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_ptr_array_add (sets->sets, g_new0 (char *, 1));
  g_hash_table_insert (sets->known, g_strdup (""), GUINT_TO_POINTER (1));
}

static void
sets_clear (LibrarySets *sets)
{
  g_ptr_array_unref (sets->sets);
  g_hash_table_unref (sets->known);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* `names` is sorted in place. More sets than a row can name: the rest share the last one, which has all their names. */
static guint16
sets_put (LibrarySets *sets, GPtrArray *names)
{
  g_autoptr (GString) key = g_string_new (NULL);
  g_autoptr (GPtrArray) set = g_ptr_array_new ();
  gpointer known;
  const char *last = NULL;

  if (names->len == 0)
    return 0;
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    if (last == NULL || strcmp (last, names->pdata[i]) != 0)
      {
        last = names->pdata[i];
        g_string_append (key, last);
        g_string_append_c (key, '\n');
        g_ptr_array_add (set, (gpointer) last);
      }
  known = g_hash_table_lookup (sets->known, key->str);
  if (known != NULL)
    return GPOINTER_TO_UINT (known) - 1;
  if (sets->sets->len == G_MAXUINT16)
    {
      char **all = sets->sets->pdata[G_MAXUINT16 - 1];

      for (guint i = 0; i < set->len; i++)
        if (!g_strv_contains ((const char *const *) all, set->pdata[i]))
          {
            guint n = g_strv_length (all);

            all = g_renew (char *, all, n + 2);
            all[n] = g_strdup (set->pdata[i]);
            all[n + 1] = NULL;
          }
      sets->sets->pdata[G_MAXUINT16 - 1] = all;
      return G_MAXUINT16 - 1;
    }
  g_ptr_array_add (set, NULL);
  g_ptr_array_add (sets->sets, g_strdupv ((char **) set->pdata));
  g_hash_table_insert (sets->known, g_string_free (g_steal_pointer (&key), FALSE), GUINT_TO_POINTER (sets->sets->len));
  return sets->sets->len - 1;
}

static char **
sets_names (LibraryIndex *index, LibrarySets *sets)
{
  g_autoptr (GHashTable) all = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;
  char **copy;

  g_rw_lock_reader_lock (&index->lock);
  for (guint i = 0; i < sets->sets->len; i++)
    for (char **each = sets->sets->pdata[i]; *each != NULL; each++)
      g_hash_table_add (all, *each);
  g_hash_table_iter_init (&iter, all);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, name);
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  copy = g_strdupv ((char **) names->pdata);
  g_rw_lock_reader_unlock (&index->lock);
  return copy;
}

/* Rows by their ids ------------------------------------------------------------------------------------------------ */

static gint64
row_of (const char *data, gsize size, guint n_sorted, GHashTable *stray, gint64 id)
{
  guint low = 0, high = n_sorted;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      gint64 here = *(const gint64 *) (data + middle * size);

      if (here == id)
        return middle;
      if (here < id)
        low = middle + 1;
      else
        high = middle;
    }
  return (gint64) GPOINTER_TO_UINT (g_hash_table_lookup (stray, &id)) - 1;
}

static gint64
image_row (LibraryIndex *index, gint64 id)
{
  return row_of (index->images->data, sizeof (LibraryImageRow), index->n_images_sorted, index->stray_images, id);
}

static gint64
phrase_row (LibraryIndex *index, gint64 id)
{
  return row_of (index->ids->data, sizeof (gint64), index->n_phrases_sorted, index->stray_phrases, id);
}

/* A new row, the last one of `n`: in order, or by the hash table. */
static void
note_row (guint *n_sorted, guint n, gint64 before, GHashTable *stray, gint64 id)
{
  if (*n_sorted == n - 1 && (n == 1 || before < id))
    *n_sorted = n;
  else
    g_hash_table_insert (stray, g_memdup2 (&id, sizeof id), GUINT_TO_POINTER (n));
}

/* Images ---------------------------------------------------------------------------------------------------------- */

/* Puts an image in; the lock is held for writing. A name that did not change keeps its place. */
static void
put_image (LibraryIndex *index, gint64 id, const char *path, const char *state)
{
  g_autofree char *valid = g_utf8_make_valid (path, -1);
  char *key = g_utf8_collate_key_for_filename (valid, -1);
  LibraryImageRow fresh = { .id = id, .rank = LIBRARY_NO_RANK }, *image;
  gint64 row = image_row (index, id);
  gboolean same = FALSE;

  if (row < 0)
    {
      row = index->images->len;
      g_array_append_val (index->images, fresh);
      g_ptr_array_add (index->keys, NULL);
      note_row (&index->n_images_sorted, row + 1,
                row > 0 ? g_array_index (index->images, LibraryImageRow, row - 1).id : 0, index->stray_images, id);
    }
  else
    same = strcmp (key, index->keys->pdata[row]) == 0;
  image = &g_array_index (index->images, LibraryImageRow, row);
  image->gone = FALSE;
  image->tags = 0;
  image->file = MAX (library_file_parse (state), 0);
  if (same)
    {
      g_free (key);
      return;
    }
  if (index->keys->pdata[row] != NULL)
    library_text_remove (index->names, row);
  g_free (index->keys->pdata[row]);
  index->keys->pdata[row] = key;
  index->unranked = TRUE;
  image->rank = LIBRARY_NO_RANK;

  g_autofree char *folded = library_fold_name (path);
  library_text_add (index->names, row, folded);
}

static void
put_image_tags (LibraryIndex *index, gint64 id, GPtrArray *names)
{
  gint64 row = image_row (index, id);

  if (row >= 0)
    g_array_index (index->images, LibraryImageRow, row).tags = sets_put (&index->tags, names);
  g_ptr_array_set_size (names, 0);
}

static gboolean
read_image_tags (LibraryIndex *index, Database *db, gint64 after, gint64 last, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, INDEX_IMAGE_TAGS, error, "ii", after, last);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  gint64 image = 0;
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      if (column_id (rows, 0) != image && image != 0)
        put_image_tags (index, image, names);
      image = column_id (rows, 0);
      g_ptr_array_add (names, g_strdup (column_text (rows, 1)));
    }
  if (image != 0)
    put_image_tags (index, image, names);
  return code == SQLITE_DONE;
}

/* Images with after < id <= last, at most `limit`: *read becomes the last id, *n how many. */
static gboolean
read_images (LibraryIndex *index, Database *db, gint64 after, gint64 last, gint64 limit, gint64 *read, gint64 *n,
             GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, INDEX_IMAGES, error, "iii", after, last, limit);
  int code;

  *n = 0;
  if (rows == NULL)
    return FALSE;
  g_rw_lock_writer_lock (&index->lock);
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      g_autofree char *path = g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1));

      *read = column_id (rows, 0);
      (*n)++;
      put_image (index, *read, path, column_text (rows, 2));
    }
  if (code == SQLITE_DONE && *n > 0 && !read_image_tags (index, db, after, *read, error))
    code = SQLITE_ERROR;
  g_rw_lock_writer_unlock (&index->lock);
  return code == SQLITE_DONE;
}

static void
put_caption (LibraryIndex *index, guint32 row, const char *text)
{
  g_autofree char *folded = library_fold_text (index->fold, text);
  LibraryImageRow *image = &g_array_index (index->images, LibraryImageRow, row);

  library_text_add (index->captions, row, folded);
  image->captions = image->captions * 31 + g_str_hash (text) + 1;
}

static gboolean
read_captions (LibraryIndex *index, Database *db, gint64 *after, gint64 *n, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, INDEX_CAPTIONS, error, "ii", *after, (gint64) SLICE);
  int code;

  *n = 0;
  if (rows == NULL)
    return FALSE;
  g_rw_lock_writer_lock (&index->lock);
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      gint64 row = image_row (index, column_id (rows, 1));

      *after = column_id (rows, 0);
      (*n)++;
      if (row >= 0)
        put_caption (index, row, column_text (rows, 2));
    }
  g_rw_lock_writer_unlock (&index->lock);
  return code == SQLITE_DONE;
}

/* All captions of one image anew, if they are others than before. */
static gboolean
reread_captions (LibraryIndex *index, Database *db, gint64 image, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, CAPTIONS_OF_IMAGE, error, "i", image);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  guint32 hash = 0;
  gint64 row;
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      hash = hash * 31 + g_str_hash (column_text (rows, 1)) + 1;
      g_ptr_array_add (texts, g_strdup (column_text (rows, 1)));
    }
  g_rw_lock_writer_lock (&index->lock);
  row = image_row (index, image);
  if (row >= 0 && g_array_index (index->images, LibraryImageRow, row).captions != hash)
    {
      library_text_remove (index->captions, row);
      g_array_index (index->images, LibraryImageRow, row).captions = 0;
      for (guint i = 0; i < texts->len; i++)
        put_caption (index, row, texts->pdata[i]);
    }
  g_rw_lock_writer_unlock (&index->lock);
  return code == SQLITE_DONE;
}

static int
compare_keys (gconstpointer a, gconstpointer b, gpointer keys)
{
  char **all = keys;
  guint32 i = *(const guint32 *) a, j = *(const guint32 *) b;
  int order = strcmp (all[i], all[j]);

  return order != 0 ? order : i < j ? -1 : 1;
}

/* Sorts the names in. Only the filler changes `keys`, and it is the one who asks. */
static void
rank_images (LibraryIndex *index)
{
  guint n = index->images->len;
  g_autofree guint32 *order = g_new (guint32, MAX (n, 1));

  if (!index->unranked)
    return;
  for (guint i = 0; i < n; i++)
    order[i] = i;
  g_qsort_with_data (order, n, sizeof *order, compare_keys, index->keys->pdata);
  g_rw_lock_writer_lock (&index->lock);
  for (guint i = 0; i < n; i++)
    g_array_index (index->images, LibraryImageRow, order[i]).rank = i;
  index->unranked = FALSE;
  g_rw_lock_writer_unlock (&index->lock);
}

/* Phrases --------------------------------------------------------------------------------------------------------- */

static void
facts_clear (gpointer data)
{
  Facts *facts = data;

  g_clear_pointer (&facts->folded, g_free);
  g_clear_pointer (&facts->own, g_ptr_array_unref);
  g_clear_pointer (&facts->names, g_ptr_array_unref);
}

static double
box_iou (const double *a, const double *b)
{
  double w = MIN (a[2], b[2]) - MAX (a[0], b[0]), h = MIN (a[3], b[3]) - MAX (a[1], b[1]);
  double both = w > 0 && h > 0 ? w * h : 0;
  double all = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both;

  return all > 0 ? both / all : 0;
}

/* A person's regions push imported ones out. */
static void
take_own_box (Facts *facts, const double *box, gboolean person)
{
  if (facts->with_own && facts->own_is_person && !person)
    return;
  if (!facts->with_own || (person && !facts->own_is_person))
    {
      memcpy (facts->own_box, box, sizeof facts->own_box);
      facts->with_own = TRUE;
      facts->own_is_person = person;
      g_clear_pointer (&facts->own, g_ptr_array_unref);
      return;
    }
  if (facts->own == NULL)
    facts->own = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (facts->own, g_memdup2 (box, 4 * sizeof *box));
}

static void
take_region (Facts *facts, sqlite3_stmt *rows)
{
  const double box[4] = { sqlite3_column_double (rows, 5), sqlite3_column_double (rows, 6),
                          sqlite3_column_double (rows, 7), sqlite3_column_double (rows, 8) };
  gboolean scored = sqlite3_column_type (rows, 3) != SQLITE_NULL;
  double score = scored ? sqlite3_column_double (rows, 3) : -INFINITY;
  RegionOrigin origin = ORIGIN_IMPORT;
  const char *model = column_text (rows, 4);

  origin_parse (column_text (rows, 2), &origin);
  facts->newest = MAX (facts->newest, column_id (rows, 1));
  facts->row.origins |= 1u << origin;
  if (facts->row.regions < G_MAXUINT8)
    facts->row.regions++;
  if (scored && (facts->row.score == LIBRARY_NO_SCORE || score > facts->row.score))
    facts->row.score = CLAMP (score, -1e30, 1e30);
  if (model != NULL)
    {
      if (facts->names == NULL)
        facts->names = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (facts->names, g_strdup (model));
    }
  if (origin == ORIGIN_IMPORT || origin == ORIGIN_PERSON)
    take_own_box (facts, box, origin == ORIGIN_PERSON);
  else if (!facts->with_model || score > facts->model_score)
    {
      memcpy (facts->model_box, box, sizeof box);
      facts->model_score = score;
      facts->with_model = TRUE;
    }
}

/* The adjudicated verdict decides, else the latest that is not stale. */
static void
take_verdict (Facts *facts, sqlite3_stmt *rows)
{
  gint64 id = column_id (rows, 1), at = column_id (rows, 5);
  gboolean adjudicated = sqlite3_column_int (rows, 3), stale = sqlite3_column_int (rows, 4);

  facts->has_verdict = TRUE;
  facts->newest = MAX (facts->newest, id);
  if ((!adjudicated && stale) ||
      (facts->decided && (adjudicated < facts->adjudicated ||
                          (adjudicated == facts->adjudicated &&
                           (at < facts->verdict_at || (at == facts->verdict_at && id < facts->verdict_id))))))
    return;
  facts->decided = TRUE;
  facts->adjudicated = adjudicated;
  facts->verdict_at = at;
  facts->verdict_id = id;
  facts->row.verdict = stale ? LIBRARY_STALE : library_verdict_parse (column_text (rows, 2));
}

static void
take_tag (Facts *facts, sqlite3_stmt *rows)
{
  if (facts->names == NULL)
    facts->names = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (facts->names, g_strdup (column_text (rows, 1)));
}

/* Hands the rows of `which`, ordered by phrase, to their phrases in `all`, ordered likewise. */
static gboolean
join_rows (Database *db, GArray *all, Statement which, gint64 after, gint64 last, void (*take) (Facts *, sqlite3_stmt *),
           GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, which, error, "ii", after, last);
  guint i = 0;
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      gint64 phrase = column_id (rows, 0);

      while (i < all->len && g_array_index (all, Facts, i).id < phrase)
        i++;
      if (i < all->len && g_array_index (all, Facts, i).id == phrase)
        take (&g_array_index (all, Facts, i), rows);
    }
  return code == SQLITE_DONE;
}

static void
facts_end_regions (LibraryIndex *index, Facts *facts)
{
  if (facts->has_verdict && !facts->decided)
    facts->row.verdict = LIBRARY_STALE;
  if (facts->with_model && facts->with_own)
    {
      double best = box_iou (facts->model_box, facts->own_box);

      for (guint i = 0; facts->own != NULL && i < facts->own->len; i++)
        best = MAX (best, box_iou (facts->model_box, facts->own->pdata[i]));
      facts->row.iou = (guint16) floor (best * LIBRARY_IOU_STEPS);
    }
  if (facts->names != NULL)
    {
      facts->row.models = sets_put (&index->models, facts->names);
      g_ptr_array_set_size (facts->names, 0);
    }
}

static void
put_phrase (LibraryIndex *index, Facts *facts)
{
  gint64 row = phrase_row (index, facts->id), image = image_row (index, facts->image);
  guint32 hash = g_str_hash (facts->folded), *known;

  if (image < 0)
    return; /* its image is not shown; once it is, its phrases are read again */
  facts->row.image = image;
  facts->row.changed = (guint32) CLAMP (project_id_time (facts->newest) / G_USEC_PER_SEC, 0, G_MAXUINT32);
  if (row >= 0)
    {
      known = &g_array_index (index->hashes, guint32, row);
      g_array_index (index->phrases, LibraryPhraseRow, row) = facts->row;
      if (*known == hash)
        return;
      library_text_remove (index->texts, row);
      *known = hash;
    }
  else
    {
      row = index->ids->len;
      g_array_append_val (index->ids, facts->id);
      g_array_append_val (index->phrases, facts->row);
      g_array_append_val (index->hashes, hash);
      note_row (&index->n_phrases_sorted, row + 1, row > 0 ? g_array_index (index->ids, gint64, row - 1) : 0,
                index->stray_phrases, facts->id);
    }
  library_text_add (index->texts, row, facts->folded);
}

/* Phrases with after < id <= last, at most `limit`; *read becomes the last id. */
static gboolean
read_phrases (LibraryIndex *index, Database *db, gint64 after, gint64 last, gint64 limit, gint64 *read, gint64 *n,
              GError **error)
{
  g_autoptr (GArray) all = g_array_new (FALSE, TRUE, sizeof (Facts));
  sqlite3_stmt *rows = database_bind (db, INDEX_PHRASES, error, "iii", after, last, limit);
  int code;

  *n = 0;
  if (rows == NULL)
    return FALSE;
  g_array_set_clear_func (all, facts_clear);
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      Facts facts = { .id = column_id (rows, 0), .image = column_id (rows, 1), .newest = column_id (rows, 3) };

      facts.folded = library_fold_text (index->fold, column_text (rows, 2));
      facts.row.score = LIBRARY_NO_SCORE;
      facts.row.iou = LIBRARY_NO_IOU;
      *read = facts.id;
      g_array_append_val (all, facts);
    }
  database_rows_end (rows);
  *n = all->len;
  if (code != SQLITE_DONE || all->len == 0)
    return code == SQLITE_DONE;
  if (!join_rows (db, all, INDEX_REGIONS, after, *read, take_region, error) ||
      !join_rows (db, all, INDEX_VERDICTS, after, *read, take_verdict, error))
    return FALSE;
  g_rw_lock_writer_lock (&index->lock);
  for (guint i = 0; i < all->len; i++)
    facts_end_regions (index, &g_array_index (all, Facts, i));
  if (join_rows (db, all, INDEX_PHRASE_TAGS, after, *read, take_tag, error))
    for (guint i = 0; i < all->len; i++)
      {
        Facts *facts = &g_array_index (all, Facts, i);

        if (facts->names != NULL)
          facts->row.tags = sets_put (&index->tags, facts->names);
        put_phrase (index, facts);
      }
  else
    code = SQLITE_ERROR;
  g_rw_lock_writer_unlock (&index->lock);
  return code == SQLITE_DONE;
}

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
  sets_clear (&index->tags);
  sets_clear (&index->models);
  sets_init (&index->tags);
  sets_init (&index->models);
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
      if (!go_on (cancellable, error) || !read_images (index, db, images, G_MAXINT64, SLICE, &images, &n, error))
        return FALSE;
      if (progress != NULL)
        progress (done + n, MAX (all, done + n), user_data);
      done += n;
    }
  while (n == SLICE);
  rank_images (index);
  do
    {
      if (!go_on (cancellable, error) || !read_captions (index, db, &captions, &n, error))
        return FALSE;
      if (progress != NULL)
        progress (done + n, MAX (all, done + n), user_data);
      done += n;
    }
  while (n == SLICE);
  do
    {
      if (!go_on (cancellable, error) || !read_phrases (index, db, phrases, G_MAXINT64, SLICE, &at, &n, error))
        return FALSE;
      phrases = at;
      if (progress != NULL)
        progress (done + n, MAX (all, done + n), user_data);
      done += n;
    }
  while (n == SLICE);
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
      gint64 row = phrases ? phrase_row (index, ids[i]) : image_row (index, ids[i]);

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
      phrases ? read_phrases : read_images;

  for (guint i = 0; i < ids->len;)
    {
      const gint64 *first = &g_array_index (ids, gint64, i);
      guint n = ids->len - i > FEW ? MIN (ids->len - i, SLICE) : 1;
      gint64 after = first[0] - 1, last = first[n - 1], got, at = 0;

      if (!go_on (cancellable, error))
        return FALSE;
      mark_gone (index, phrases, first, n);
      do
        {
          if (!read (index, db, after, last, SLICE, &at, &got, error))
            return FALSE;
          after = at;
        }
      while (got == SLICE);
      i += n;
    }
  if (phrases)
    return TRUE;
  for (guint i = 0; i < ids->len; i++)
    if (!reread_captions (index, db, g_array_index (ids, gint64, i), error))
      return FALSE;
  rank_images (index);
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
  sets_init (&index->tags);
  sets_init (&index->models);
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
  sets_clear (&index->tags);
  sets_clear (&index->models);
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
  return sets_names (index, &index->tags);
}

char **
library_index_models (LibraryIndex *index)
{
  return sets_names (index, &index->models);
}
