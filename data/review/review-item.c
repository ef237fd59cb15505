/* SPDX-License-Identifier: MIT */
#include "review-item.h"

#include "database.h"
#include "library-rows.h"

#define CAPTIONS_LIMIT 64
#define SIBLINGS_LIMIT 400 /* phrases whose regions stand dimmed beside */

static void
sibling_free (ReviewSibling *sibling)
{
  g_free (sibling->text);
  shape_clear (&sibling->shape);
  g_free (sibling);
}

static void
text_free (ReviewText *text)
{
  g_free (text->text);
  g_free (text);
}

static ReviewItem *
item_new (void)
{
  ReviewItem *item = g_new0 (ReviewItem, 1);

  g_atomic_ref_count_init (&item->ref_count);
  item->captions = g_ptr_array_new_with_free_func ((GDestroyNotify) text_free);
  item->siblings = g_ptr_array_new_with_free_func ((GDestroyNotify) sibling_free);
  item->chain = g_ptr_array_new_with_free_func ((GDestroyNotify) text_free);
  item->accepted = g_array_new (FALSE, FALSE, sizeof (gint64));
  return item;
}

ReviewItem *
review_item_ref (ReviewItem *item)
{
  g_atomic_ref_count_inc (&item->ref_count);
  return item;
}

void
review_item_unref (ReviewItem *item)
{
  if (!g_atomic_ref_count_dec (&item->ref_count))
    return;
  g_free (item->text);
  g_free (item->path);
  g_free (item->image_name);
  g_free (item->caption_text);
  g_clear_pointer (&item->spans, g_array_unref);
  g_clear_pointer (&item->captions, g_ptr_array_unref);
  g_clear_pointer (&item->regions, g_ptr_array_unref);
  g_clear_pointer (&item->siblings, g_ptr_array_unref);
  g_clear_pointer (&item->chain, g_ptr_array_unref);
  g_clear_pointer (&item->history, g_ptr_array_unref);
  g_clear_pointer (&item->accepted, g_array_unref);
  g_free (item);
}

static gboolean
gone (gint64 phrase, GError **error)
{
  return project_fail (error, PROJECT_ERROR_NOT_FOUND, "The phrase %" G_GINT64_FORMAT " is not there any more.", phrase);
}

static gboolean
take_phrase (ReviewItem *item, Project *project, gint64 phrase, GError **error)
{
  g_autoptr (GPtrArray) rows = library_fetch_phrases (project, &phrase, 1, error);
  LibraryPhrase *row = rows != NULL && rows->len > 0 ? rows->pdata[0] : NULL;

  if (rows == NULL)
    return FALSE;
  if (row == NULL)
    return gone (phrase, error);
  item->phrase = phrase;
  item->image = row->image;
  item->text = g_strdup (row->text);
  item->caption = row->detached ? 0 : row->caption;
  item->caption_text = g_strdup (row->caption_text);
  item->spans = g_array_new (FALSE, FALSE, sizeof (Span));
  if (!row->detached && row->caption_text != NULL && row->spans != NULL && row->spans->len > 0)
    g_array_append_vals (item->spans, row->spans->data, row->spans->len);
  return TRUE;
}

static gboolean
take_image (ReviewItem *item, Project *project, GError **error)
{
  g_autoptr (GPtrArray) rows = library_fetch_images (project, &item->image, 1, error);
  LibraryImage *row = rows != NULL && rows->len > 0 ? rows->pdata[0] : NULL;

  if (rows == NULL)
    return FALSE;
  if (row == NULL)
    return gone (item->phrase, error);
  item->path = g_strdup (row->path);
  item->image_name = g_strdup (row->name);
  item->width = row->width;
  item->height = row->height;
  item->orientation = row->orientation;
  item->missing = row->file == LIBRARY_FILE_MISSING;
  return TRUE;
}

static void
add_text (GPtrArray *texts, gint64 id, const char *text)
{
  ReviewText *entry = g_new0 (ReviewText, 1);

  entry->id = id;
  entry->text = g_strdup (text);
  g_ptr_array_add (texts, entry);
}

static gboolean
take_captions (ReviewItem *item, Project *project, GError **error)
{
  g_autoptr (GArray) ids = library_captions_of (project, item->image, error);

  if (ids == NULL)
    return FALSE;
  for (guint i = 0; i < ids->len && item->captions->len < CAPTIONS_LIMIT; i++)
    {
      gint64 id = g_array_index (ids, gint64, i);
      g_autofree char *text = id != item->caption ? library_caption_text (project, id, error) : NULL;

      if (id == item->caption)
        continue;
      if (text == NULL)
        return FALSE;
      add_text (item->captions, id, text);
    }
  return TRUE;
}

static gboolean
take_chain (ReviewItem *item, Project *project, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (DatabaseRows) rows = database_bind (db, CHAIN_OTHERS, error, "i", item->phrase);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    add_text (item->chain, column_id (rows, 0), column_text (rows, 1));
  return code == SQLITE_DONE;
}

/* The best region of each other phrase of the picture. */
static gboolean
take_siblings (ReviewItem *item, Project *project, const ReviewView *view, GError **error)
{
  g_autoptr (GArray) ids = library_phrases_of (project, item->image, error);
  g_autoptr (GPtrArray) rows = NULL;

  if (ids == NULL)
    return FALSE;
  g_array_set_size (ids, MIN (ids->len, SIBLINGS_LIMIT));
  if ((rows = library_fetch_phrases (project, (const gint64 *) ids->data, ids->len, error)) == NULL)
    return FALSE;
  for (guint i = 0; i < rows->len; i++)
    {
      const LibraryPhrase *row = rows->pdata[i];
      g_autoptr (GPtrArray) regions = NULL;
      ReviewSibling *sibling;

      if (row == NULL || row->id == item->phrase)
        continue;
      if ((regions = review_regions_list (project, row->id, view, error)) == NULL)
        return FALSE;
      if (regions->len == 0)
        continue;
      sibling = g_new0 (ReviewSibling, 1);
      sibling->phrase = row->id;
      sibling->text = g_strdup (row->text);
      sibling->origin = ((ReviewRegion *) regions->pdata[0])->origin;
      shape_copy (&((ReviewRegion *) regions->pdata[0])->shape, &sibling->shape);
      g_ptr_array_add (item->siblings, sibling);
    }
  return TRUE;
}

static gboolean
take_accepted (ReviewItem *item, Project *project, int pass, const ReviewView *view, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (DatabaseRows) rows = NULL;
  gint64 slot = 0, verdict = 0;
  gboolean found;
  int code;

  if (!database_get (db, SLOT_FIND, &slot, &found, error, "isi", item->phrase, view->reviewer, (gint64) MAX (pass, 1)))
    return FALSE;
  if (!found)
    return TRUE;
  if (!database_get (db, SLOT_CURRENT, &verdict, NULL, error, "i", slot))
    return FALSE;
  if (verdict == 0)
    return TRUE;
  if ((rows = database_bind (db, VERDICT_REGIONS, error, "i", verdict)) == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      gint64 revision = column_id (rows, 0);

      g_array_append_val (item->accepted, revision);
    }
  return code == SQLITE_DONE;
}

ReviewItem *
review_item_load (Project *project, gint64 phrase, int pass, const ReviewView *view, GError **error)
{
  g_autoptr (ReviewItem) item = item_new ();

  if (!take_phrase (item, project, phrase, error) || !take_image (item, project, error) ||
      !take_captions (item, project, error) || !take_chain (item, project, error) ||
      (item->regions = review_regions_list (project, phrase, view, error)) == NULL ||
      !take_siblings (item, project, view, error) || !take_accepted (item, project, pass, view, error) ||
      (item->history = phrase_history (project, phrase, view->blind ? view->reviewer : NULL, error)) == NULL)
    return NULL;
  return g_steal_pointer (&item);
}
