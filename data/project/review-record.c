/* SPDX-License-Identifier: MIT
 * review-record.c: one record of the journal in the making: which pointers it moved, written with
 * them in one transaction. */
#include "review-private.h"

#include "project-id.h"

#include <string.h>

static const struct
{
  const char *what;
  Statement current, set;
} pointers[] = {
  { "region", REGION_CURRENT, REGION_SET },    { "link", LINK_CURRENT, LINK_SET },
  { "verdict", SLOT_CURRENT, SLOT_SET },       { "phrase", PHRASE_CURRENT, PHRASE_SET },
  { "caption", CAPTION_CURRENT, CAPTION_SET }, { "tag", TAG_CURRENT, TAG_SET },
  { "file", FILE_CURRENT, FILE_SET },          { "root", ROOT_CURRENT, ROOT_SET },
  { "filter", FILTER_CURRENT, FILTER_SET },
};

static int
pointer_of (const char *what)
{
  for (guint i = 0; i < G_N_ELEMENTS (pointers); i++)
    if (strcmp (pointers[i].what, what) == 0)
      return i;
  return -1;
}

const char *
record_pointer_name (const char *what)
{
  int i = pointer_of (what);

  return i >= 0 ? pointers[i].what : NULL;
}

gboolean
record_pointer (Database *db, const char *what, gint64 target, gint64 *current, GError **error)
{
  return database_get (db, pointers[pointer_of (what)].current, current, NULL, error, "i", target);
}

gboolean
record_step (Record *record, const char *what, gint64 target, gint64 after, GError **error)
{
  int i = pointer_of (what);
  RecordStep step = { what, target, 0, after };

  if (!database_get (record->db, pointers[i].current, &step.before, NULL, error, "i", target) ||
      !database_run (record->db, pointers[i].set, error, "iI", target, after))
    return FALSE;
  g_array_append_val (record->steps, step);
  return TRUE;
}

gboolean
record_begin (Record *record, Project *project, const char *by, GError **error)
{
  record->db = project_database (project);
  record->by = by;
  record->now = project_now ();
  if (by == NULL || *by == '\0' || !g_utf8_validate (by, -1, NULL))
    return project_fail (error, PROJECT_ERROR_USAGE, "The reviewer needs a name.");
  if (!database_set_durable (record->db, TRUE, error) || !database_begin (record->db, error))
    return FALSE;
  record->steps = g_array_new (FALSE, FALSE, sizeof (RecordStep));
  return TRUE;
}

gboolean
record_write (Record *record, const char *kind, gint64 target, const char *before, const char *after, gint64 undoes,
              GError **error)
{
  gint64 seq;

  if (!database_get (record->db, JOURNAL_INSERT, &seq, NULL, error, "ississI", record->now, record->by, kind, target,
                     before, after, undoes))
    return FALSE;
  for (guint i = 0; i < record->steps->len; i++)
    {
      const RecordStep *step = &g_array_index (record->steps, RecordStep, i);

      if (!database_run (record->db, JOURNAL_STEP_INSERT, error, "iisiII", seq, (gint64) i, step->what, step->target,
                         step->before, step->after))
        return FALSE;
    }
  return TRUE;
}

gboolean
record_end (Record *record, gboolean good, GError **error)
{
  g_clear_pointer (&record->steps, g_array_unref);
  if (good)
    return database_commit (record->db, error);
  database_rollback (record->db);
  return FALSE;
}
