/* SPDX-License-Identifier: MIT
 * library-read.c: filling the columns. A range of ids is read whole (texts, regions, verdicts, tags, each by one statement
 * in the order of the ids) and put in under the lock; a single record is a range of one. */
#include "library-index-private.h"

#include "project-id.h"

#include <math.h>
#include <string.h>

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

/* Images ---------------------------------------------------------------------------------------------------------- */

/* Puts an image in; the lock is held for writing. A name that did not change keeps its place. */
static void
put_image (LibraryIndex *index, gint64 id, const char *path, const char *state)
{
  g_autofree char *valid = g_utf8_make_valid (path, -1);
  char *key = g_utf8_collate_key_for_filename (valid, -1);
  LibraryImageRow fresh = { .id = id, .rank = LIBRARY_NO_RANK }, *image;
  gint64 row = library_image_row (index, id);
  gboolean same = FALSE;

  if (row < 0)
    {
      row = index->images->len;
      g_array_append_val (index->images, fresh);
      g_ptr_array_add (index->keys, NULL);
      library_note_row (&index->n_images_sorted, row + 1,
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
  gint64 row = library_image_row (index, id);

  if (row >= 0)
    g_array_index (index->images, LibraryImageRow, row).tags = library_sets_put (&index->tags, names);
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
gboolean
library_read_images (LibraryIndex *index, Database *db, gint64 after, gint64 last, gint64 limit, gint64 *read, gint64 *n,
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

gboolean
library_read_captions (LibraryIndex *index, Database *db, gint64 *after, gint64 *n, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, INDEX_CAPTIONS, error, "ii", *after, (gint64) LIBRARY_SLICE);
  int code;

  *n = 0;
  if (rows == NULL)
    return FALSE;
  g_rw_lock_writer_lock (&index->lock);
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      gint64 row = library_image_row (index, column_id (rows, 1));

      *after = column_id (rows, 0);
      (*n)++;
      if (row >= 0)
        put_caption (index, row, column_text (rows, 2));
    }
  g_rw_lock_writer_unlock (&index->lock);
  return code == SQLITE_DONE;
}

/* All captions of one image anew, if they are others than before. */
gboolean
library_reread_captions (LibraryIndex *index, Database *db, gint64 image, GError **error)
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
  row = library_image_row (index, image);
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
void
library_rank_images (LibraryIndex *index)
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
      facts->row.models = library_sets_put (&index->models, facts->names);
      g_ptr_array_set_size (facts->names, 0);
    }
}

static void
put_phrase (LibraryIndex *index, Facts *facts)
{
  gint64 row = library_phrase_row (index, facts->id), image = library_image_row (index, facts->image);
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
      library_note_row (&index->n_phrases_sorted, row + 1, row > 0 ? g_array_index (index->ids, gint64, row - 1) : 0,
                index->stray_phrases, facts->id);
    }
  library_text_add (index->texts, row, facts->folded);
}

/* Phrases with after < id <= last, at most `limit`; *read becomes the last id. */
gboolean
library_read_phrases (LibraryIndex *index, Database *db, gint64 after, gint64 last, gint64 limit, gint64 *read, gint64 *n,
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
          facts->row.tags = library_sets_put (&index->tags, facts->names);
        put_phrase (index, facts);
      }
  else
    code = SQLITE_ERROR;
  g_rw_lock_writer_unlock (&index->lock);
  return code == SQLITE_DONE;
}
