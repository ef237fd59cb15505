/* SPDX-License-Identifier: MIT
 * review-correct.c: what a person made of all regions of a phrase, with the verdict, as one record. */
#include "review-private.h"

#include "project-id.h"

typedef struct
{
  Record record;
  const Correction *correction;
  gint64 image;
  GArray *approved; /* revisions */
} Work;

/* A region that was changed: what it was, and what it is now on the first phrase (0: gone). */
typedef struct
{
  gint64 before, after;
} Moved;

static gboolean
region_of_revision (Database *db, gint64 revision, gint64 *region, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, REVISION_GET, error, "i", revision);

  if (rows == NULL || database_step (db, rows, error) != SQLITE_ROW)
    return FALSE;
  *region = column_id (rows, 1);
  return TRUE;
}

static gboolean
add_new (Work *work, const RegionChange *change, Moved *moved, GError **error)
{
  gint64 revision;

  if (!review_insert_region (&work->record, work->image, change->shape, 0, NULL, &moved->after, &revision, error) ||
      !database_run (work->record.db, LINK_INSERT_OWN, error, "iii", project_id_new (), work->correction->phrase, moved->after))
    return FALSE;
  g_array_append_val (work->approved, revision);
  return TRUE;
}

static gboolean
change_one (Work *work, const RegionChange *change, Moved *moved, GError **error)
{
  const gint64 phrase = work->correction->phrase;
  g_auto (Target) target = { 0 };
  gboolean found;
  gint64 revision;

  *moved = (Moved) { change->region, 0 };
  if (change->region == 0)
    return change->shape == NULL || add_new (work, change, moved, error);
  if (!review_find_target (work->record.db, phrase, change->region, &target, &found, error))
    return FALSE;
  if (!found)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "The phrase has no region %" G_GINT64_FORMAT ".", change->region);
  if (!review_correct (&work->record, phrase, work->image, &target, change->shape, &revision, error))
    return FALSE;
  if (change->shape == NULL)
    return TRUE;
  g_array_append_val (work->approved, revision);
  return region_of_revision (work->record.db, revision, &moved->after, error);
}

/* The region on another phrase of the chain: in place of the one that both shared, else beside what it has. */
static gboolean
follow_one (Work *work, gint64 phrase, const Moved *moved, GError **error)
{
  Database *db = work->record.db;
  g_auto (Target) target = { 0 };
  gboolean found = FALSE, linked;
  gint64 revision, link;

  if (moved->before != 0 && !review_find_target (db, phrase, moved->before, &target, &found, error))
    return FALSE;
  if (moved->after == 0)
    return !found || review_correct (&work->record, phrase, work->image, &target, NULL, &revision, error);
  if (!database_get (db, LINK_OF_REGION, &link, &linked, error, "ii", phrase, moved->after))
    return FALSE;
  if (linked)
    return TRUE;
  /* A proposal stays where it is; the person's region stands beside it. */
  if (found && target.origin != ORIGIN_MAP && target.origin != ORIGIN_DETECTOR)
    return record_step (&work->record, "link", target.link, moved->after, error);
  return database_run (db, LINK_INSERT_OWN, error, "iii", project_id_new (), phrase, moved->after);
}

static gboolean
follow_kept (Work *work, gint64 phrase, GError **error)
{
  for (guint i = 0; i < work->correction->n_revisions; i++)
    {
      Moved kept;

      if (!region_of_revision (work->record.db, work->correction->revisions[i], &kept.after, error))
        return FALSE;
      kept.before = kept.after;
      if (!follow_one (work, phrase, &kept, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_kept (Work *work, GError **error)
{
  const Correction *correction = work->correction;

  for (guint i = 0; i < correction->n_revisions; i++)
    {
      gint64 n;

      if (!database_get (work->record.db, REVISION_ON_PHRASE, &n, NULL, error, "ii", correction->phrase, correction->revisions[i]))
        return FALSE;
      if (n == 0)
        return project_fail (error, PROJECT_ERROR_NOT_FOUND, "The phrase has no region of revision %" G_GINT64_FORMAT ".",
                             correction->revisions[i]);
      g_array_append_val (work->approved, correction->revisions[i]);
    }
  return TRUE;
}

static gboolean
judge (Work *work, gint64 phrase, gint64 *before, gint64 *verdict, GError **error)
{
  const Review review = { .phrase = phrase, .verdict = "corrected", .by = work->correction->by, .pass = work->correction->pass };

  return review_add_verdict (&work->record, &review, (const gint64 *) work->approved->data, work->approved->len, before, verdict, error);
}

static gboolean
correct (Work *work, GError **error)
{
  const Correction *correction = work->correction;
  g_autofree Moved *moved = g_new0 (Moved, correction->n_changes);
  g_autofree char *old = NULL, *new = NULL;
  gint64 before, verdict, other;

  if (!review_phrase_image (work->record.db, correction->phrase, &work->image, error))
    return FALSE;
  for (guint i = 0; i < correction->n_changes; i++)
    if (!change_one (work, &correction->changes[i], &moved[i], error))
      return FALSE;
  if (!check_kept (work, error))
    return FALSE;
  if (work->approved->len == 0)
    return project_fail (error, PROJECT_ERROR_REFUSED, "No region is left; draw one, or say that the phrase is not here.");
  for (guint i = 0; i < correction->n_others; i++)
    {
      gint64 phrase = correction->others[i], image;

      if (!review_phrase_image (work->record.db, phrase, &image, error))
        return FALSE;
      if (image != work->image)
        return project_fail (error, PROJECT_ERROR_USAGE, "Phrases of a chain lie on one picture.");
      for (guint j = 0; j < correction->n_changes; j++)
        if (!follow_one (work, phrase, &moved[j], error))
          return FALSE;
      if (!follow_kept (work, phrase, error) || !judge (work, phrase, &other, &verdict, error))
        return FALSE;
    }
  if (!judge (work, correction->phrase, &before, &verdict, error))
    return FALSE;
  old = review_verdict_json (work->record.db, before, error);
  new = review_verdict_json (work->record.db, verdict, error);
  return record_write (&work->record, "verdict", correction->phrase, old, new, 0, error);
}

gboolean
project_correct (Project *project, const Correction *correction, GError **error)
{
  Work work = { .correction = correction, .approved = g_array_new (FALSE, FALSE, sizeof (gint64)) };
  gboolean good = record_begin (&work.record, project, correction->by, error) &&
                  record_end (&work.record, correct (&work, error), error);

  g_array_unref (work.approved);
  return good;
}
