/* SPDX-License-Identifier: MIT
 * kill-writer.c: a program to be killed: beside a run that adds a map's regions in short batches which nobody waits
 * for, a person judges one phrase after another and sometimes takes it back. What it prints is acknowledged.
 *
 *     kill-writer PROJECT NAME
 *
 * prints "batch N", "PHRASE VERDICT" or "undo PHRASE" a line, until it is killed or has done 100,000 of them. */
#include "database.h"
#include "project-id.h"
#include "project.h"
#include "review.h"

#include <stdio.h>
#include <string.h>

#define BATCH 20
#define PHRASES 400

static int
fail (const GError *error)
{
  fprintf (stderr, "kill-writer: %s\n", error != NULL ? error->message : "failed");
  return 1;
}

static gboolean
load_phrases (Database *db, GArray *phrases, GArray *images, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, PHRASE_LIST, error, "ii", (gint64) 0, (gint64) PHRASES);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      gint64 phrase = column_id (rows, 0), image = column_id (rows, 1);

      g_array_append_val (phrases, phrase);
      g_array_append_val (images, image);
    }
  return code == SQLITE_DONE;
}

/* The entry and its record come first; the regions show as they come. */
static gboolean
begin_run (Database *db, const char *name, gint64 *entry, GError **error)
{
  gint64 seq;

  *entry = project_id_new ();
  if (database_set_durable (db, TRUE, error) && database_begin (db, error) &&
      database_run (db, ENTRY_INSERT, error, "issnnnsi", *entry, "run", "shown", name, project_now ()) &&
      database_get (db, JOURNAL_INSERT, &seq, NULL, error, "issinnn", project_now (), name, "run", *entry))
    return database_commit (db, error);
  database_rollback (db);
  return FALSE;
}

static gboolean
add_region (Database *db, gint64 entry, gint64 phrase, gint64 image, guint n, GError **error)
{
  gint64 region = project_id_new (), revision = project_id_new ();

  return database_run (db, REGION_INSERT, error, "iiii", region, image, revision, entry) &&
         database_run (db, REGION_REVISION_INSERT, error, "iisddddnsidsnnsi", revision, region, "box", 1.0, 2.0,
                       3.0 + n % 50, 9.0, "map", (gint64) 0, 0.5, "model", "run", project_now ()) &&
         database_run (db, LINK_INSERT, error, "iiiiii", project_id_new (), phrase, region, (gint64) (1 + n),
                       (gint64) 0, entry);
}

static gboolean
add_batch (Database *db, gint64 entry, const GArray *phrases, const GArray *images, guint n, GError **error)
{
  gboolean good = database_set_durable (db, FALSE, error) && database_begin (db, error);

  for (guint i = 0; good && i < BATCH; i++)
    {
      guint at = (n * BATCH + i) % phrases->len;

      good = add_region (db, entry, g_array_index (phrases, gint64, at), g_array_index (images, gint64, at),
                         (guint) project_id_new (), error);
    }
  if (good)
    return database_commit (db, error);
  database_rollback (db);
  return FALSE;
}

int
main (int argc, char **argv)
{
  static const char *const verdicts[] = { "rejected", "absent", "unsure" };
  g_autoptr (GArray) phrases = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) images = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = NULL;
  gint64 entry;

  if (argc != 3)
    return 2;
  project = project_open (argv[1], TRUE, &error);
  if (project == NULL || !load_phrases (project_database (project), phrases, images, &error) || phrases->len == 0 ||
      !begin_run (project_database (project), argv[2], &entry, &error))
    return fail (error);
  for (guint n = 0; n < 100000; n++)
    {
      Review review = { .verdict = verdicts[n % 3], .by = argv[2], .pass = 1 + (int) (n / phrases->len) };
      g_autofree char *what = NULL;

      if (n % 4 == 0)
        {
          if (!add_batch (project_database (project), entry, phrases, images, n, &error))
            return fail (error);
          printf ("batch %u\n", n / 4);
          fflush (stdout);
        }
      review.phrase = g_array_index (phrases, gint64, n % phrases->len);
      if (!project_review (project, &review, &error))
        return fail (error);
      printf ("%" G_GINT64_FORMAT " %s\n", review.phrase, review.verdict);
      fflush (stdout);
      if (n % 7 != 6)
        continue;
      if (!project_undo (project, argv[2], &what, &error))
        return fail (error);
      printf ("undo %" G_GINT64_FORMAT "\n", review.phrase);
      fflush (stdout);
    }
  return 0;
}
