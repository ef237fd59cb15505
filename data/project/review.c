/* SPDX-License-Identifier: MIT
 * review.c: verdicts. */
#include "review-private.h"

#include "project-id.h"

#include <string.h>

static gboolean
find_slot (Record *record, const Review *review, gint64 *slot, GError **error)
{
  gboolean found;

  if (!database_get (record->db, SLOT_FIND, slot, &found, error, "isi", review->phrase, review->by,
                     (gint64) MAX (review->pass, 1)))
    return FALSE;
  if (found)
    return TRUE;
  *slot = project_id_new ();
  return database_run (record->db, SLOT_INSERT, error, "iisi", *slot, review->phrase, review->by,
                       (gint64) MAX (review->pass, 1));
}

char *
review_verdict_json (Database *db, gint64 verdict, GError **error)
{
  g_autoptr (DatabaseRows) rows = NULL;
  GString *text;

  if (verdict == 0 || (rows = database_bind (db, VERDICT_GET, error, "i", verdict)) == NULL ||
      database_step (db, rows, error) != SQLITE_ROW)
    return NULL;
  text = g_string_new ("{");
  json_put_name (text, "verdict");
  json_put_text (text, column_text (rows, 1));
  json_put_name (text, "id");
  json_put_id (text, verdict);
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

/* The revisions that a reviewer ticked are of this phrase's regions. */
static gboolean
check_revisions (Database *db, const Review *review, GError **error)
{
  for (guint i = 0; i < review->n_revisions; i++)
    {
      gint64 n;

      if (!database_get (db, REVISION_ON_PHRASE, &n, NULL, error, "ii", review->phrase, review->revisions[i]))
        return FALSE;
      if (n == 0)
        return project_fail (error, PROJECT_ERROR_NOT_FOUND, "The phrase has no region of revision %" G_GINT64_FORMAT ".",
                             review->revisions[i]);
    }
  return TRUE;
}

static gboolean
name_revisions (Record *record, gint64 verdict, const gint64 *revisions, guint n, GError **error)
{
  for (guint i = 0; i < n; i++)
    if (!database_run (record->db, VERDICT_REGION_INSERT, error, "ii", verdict, revisions[i]))
      return FALSE;
  return TRUE;
}

gboolean
review_add_verdict (Record *record, const Review *review, const gint64 *revisions, guint n, gint64 *before, gint64 *verdict,
                    GError **error)
{
  gint64 slot;

  *verdict = project_id_new ();
  return find_slot (record, review, &slot, error) &&
         database_run (record->db, VERDICT_INSERT, error, "iisii", *verdict, slot, review->verdict,
                       (gint64) review->adjudicated, record->now) &&
         name_revisions (record, *verdict, revisions, n, error) &&
         database_get (record->db, SLOT_CURRENT, before, NULL, error, "i", slot) &&
         record_step (record, "verdict", slot, *verdict, error);
}

static gboolean
set_verdict (Record *record, const Review *review, gint64 image, GError **error)
{
  gboolean approves = strcmp (review->verdict, "accepted") == 0 || strcmp (review->verdict, "corrected") == 0,
           found = FALSE;
  g_auto (Target) target = { 0 };
  gint64 before, revision = 0, verdict;
  g_autofree char *old = NULL, *new = NULL;

  const gint64 *named = review->revisions;
  guint n_named = review->n_revisions;

  if (approves && named != NULL)
    {
      if (!check_revisions (record->db, review, error))
        return FALSE;
    }
  else if (approves && !review_find_target (record->db, review->phrase, review->region, &target, &found, error))
    return FALSE;
  if (review->region != 0 && approves && named == NULL && !found)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "The phrase has no region %" G_GINT64_FORMAT ".",
                         review->region);
  if (!approves || named != NULL)
    ;
  else if (strcmp (review->verdict, "accepted") == 0)
    {
      if (!found)
        return project_fail (error, PROJECT_ERROR_REFUSED,
                             "The phrase %" G_GINT64_FORMAT " has no region to accept; correct it with "
                             "--box, or say absent.",
                             review->phrase);
      revision = target.revision;
    }
  else if (found)
    {
      if (!review_correct (record, review->phrase, image, &target, review->shape, &revision, error))
        return FALSE;
    }
  else
    {
      gint64 region;

      if (!review_insert_region (record, image, review->shape, 0, NULL, &region, &revision, error) ||
          !database_run (record->db, LINK_INSERT_OWN, error, "iii", project_id_new (), review->phrase, region))
        return FALSE;
    }
  if (named == NULL && revision != 0)
    {
      named = &revision;
      n_named = 1;
    }
  if (!review_add_verdict (record, review, named, approves ? n_named : 0, &before, &verdict, error))
    return FALSE;
  old = review_verdict_json (record->db, before, error);
  new = review_verdict_json (record->db, verdict, error);
  return record_write (record, "verdict", review->phrase, old, new, 0, error);
}

gboolean
project_review (Project *project, const Review *review, GError **error)
{
  static const char *const known[] = { "accepted", "corrected", "rejected", "absent", "unsure", NULL };
  Record record;
  gint64 image;

  if (!g_strv_contains (known, review->verdict))
    return project_fail (error, PROJECT_ERROR_USAGE,
                         "'%s' is no verdict: accepted, corrected, rejected, absent or unsure.", review->verdict);
  if (strcmp (review->verdict, "corrected") == 0 && review->shape == NULL && review->n_revisions == 0)
    return project_fail (error, PROJECT_ERROR_USAGE, "'corrected' needs a region: --box x1,y1,x2,y2.");
  if (review->revisions != NULL && review->n_revisions == 0)
    return project_fail (error, PROJECT_ERROR_USAGE, "A verdict that approves regions names at least one.");
  if (!record_begin (&record, project, review->by, error))
    return FALSE;
  return record_end (&record,
                     review_phrase_image (record.db, review->phrase, &image, error) &&
                         set_verdict (&record, review, image, error),
                     error);
}
