/* SPDX-License-Identifier: MIT */
#include "propose.h"

#include "database.h"
#include "import.h"
#include "project-id.h"
#include "propose-private.h"
#include "search.h"

#include <math.h>
#include <string.h>

#define JOB_PHRASES 32              /* of one picture at a time: short transactions */
#define LOG_LIMIT (32 << 20)
#define NOTES_LIMIT 100

typedef struct
{
  gint64 image, phrase;
} Choice;

struct ProposeRun
{
  ProposeOptions options; /* its texts are not used */
  char *by, *model, *key, *choice_text, *other_model;
  GArray *choices;        /* Choice, by image */
  GHashTable *done;       /* gint64 *: phrases of this run that are written */
  guint next;
  ProposeReport report;
};

char *
propose_model_key (const AlbefModel *model)
{
  return g_strdup_printf ("%s %.12s", albef_model_name (model), albef_model_hash (model));
}

void
propose_report_clear (ProposeReport *report)
{
  g_clear_pointer (&report->notes, g_ptr_array_unref);
}

static void
job_phrase_free (gpointer data)
{
  JobPhrase *phrase = data;

  g_free (phrase->text);
  g_free (phrase->caption);
  g_array_unref (phrase->spans);
  g_array_unref (phrase->proposals);
  g_free (phrase);
}

void
propose_job_free (ProposeJob *job)
{
  if (job == NULL)
    return;
  g_free (job->path);
  g_free (job->failure);
  g_ptr_array_unref (job->phrases);
  g_array_unref (job->detected);
  g_free (job);
}

void
propose_run_free (ProposeRun *run)
{
  if (run == NULL)
    return;
  propose_report_clear (&run->report);
  g_clear_pointer (&run->choices, g_array_unref);
  g_clear_pointer (&run->done, g_hash_table_unref);
  g_free (run->by);
  g_free (run->model);
  g_free (run->key);
  g_free (run->choice_text);
  g_free (run->other_model);
  g_free (run);
}

const ProposeReport *
propose_run_report (const ProposeRun *run)
{
  return &run->report;
}

static double
number (sqlite3_stmt *rows, int column)
{
  return sqlite3_column_type (rows, column) == SQLITE_NULL ? NAN : sqlite3_column_double (rows, column);
}

gboolean
phrase_measure_load (Project *project, gint64 phrase, const char *model, PhraseMeasure *measure, gboolean *found, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (DatabaseRows) rows = database_bind (db, MEASURE_GET, error, "is", phrase, model);
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  *found = code == SQLITE_ROW;
  if (*found)
    *measure = (PhraseMeasure) {
      .alone = sqlite3_column_int (rows, 2), .match = number (rows, 3), .text_match = number (rows, 4), .spread = number (rows, 5),
      .peaks = sqlite3_column_int (rows, 6), .peak_x = number (rows, 7), .peak_y = number (rows, 8), .energy = number (rows, 9),
      .outside = sqlite3_column_int (rows, 10), .methods = number (rows, 11), .twin = number (rows, 12), .other = number (rows, 13),
    };
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* The entry ------------------------------------------------------------------------------------------------------- */

/* What makes two runs the same: model and everything that shapes their regions. */
static char *
run_key (const ProposeOptions *options, const char *model)
{
  g_autofree char *text = g_strdup_printf ("%s|%d|%" G_GUINT64_FORMAT "|%d|%g|%d|%d", model, options->layer, options->heads,
                                           options->alone, options->regions.threshold, options->regions.limit, options->regions.masks);

  return g_strdup_printf ("%" G_GINT64_FORMAT, project_identity ("run", text, strlen (text)));
}

/* What it was asked to cover. */
static char *
run_choice (const ProposeOptions *options)
{
  if (options->phrases != NULL)
    return g_strdup_printf ("ids %" G_GINT64_FORMAT,
                            project_identity ("choice", options->phrases, options->n_phrases * sizeof *options->phrases));
  if (options->filter != NULL)
    return g_strconcat ("filter ", options->filter, NULL);
  return g_strdup ("all");
}

static char *
run_settings (const ProposeRun *run, gboolean finished)
{
  const ProposeOptions *o = &run->options;
  g_autoptr (json_t) settings =
    json_pack ("{s:s, s:s, s:s, s:i, s:b, s:b, s:b, s:f, s:i, s:i}", "key", run->key, "choice", run->choice_text, "model", run->model,
               "layer", o->layer, "alone", o->alone, "masks", o->regions.masks, "quick", o->quick, "threshold",
               o->regions.threshold, "limit", o->regions.limit, "finished", finished ? 1 : 0);

  return settings != NULL ? json_to_text (settings) : NULL;
}

static gboolean
start_entry (ProposeRun *run, Project *project, GError **error)
{
  Database *db = project_database (project);
  g_autofree char *settings = run_settings (run, FALSE), *after = NULL;
  gint64 seq;
  gboolean found;

  if (settings == NULL)
    return project_fail (error, PROJECT_ERROR_USAGE, "The filter is no UTF-8.");
  if (!database_get (db, RUN_UNFINISHED, &run->report.entry, &found, error, "ss", run->key, run->choice_text))
    return FALSE;
  if (found)
    {
      run->report.resumed = TRUE;
      return TRUE;
    }
  run->report.entry = project_id_new ();
  after = g_strdup_printf ("{\"run\":\"%" G_GINT64_FORMAT "\"}", run->report.entry);
  if (!database_begin (db, error))
    return FALSE;
  if (database_run (db, ENTRY_INSERT, error, "isssnssi", run->report.entry, "run", "shown", "map", settings, run->by, project_now ()) &&
      database_get (db, JOURNAL_INSERT, &seq, NULL, error, "ississI", project_now (), run->by, "run", run->report.entry, NULL, after,
                    (gint64) 0))
    return database_commit (db, error);
  database_rollback (db);
  return FALSE;
}

/* The choice --------------------------------------------------------------------------------------------------------- */

static int
by_image (gconstpointer a, gconstpointer b)
{
  const Choice *first = a, *second = b;

  if (first->image != second->image)
    return first->image < second->image ? -1 : 1;
  return first->phrase < second->phrase ? -1 : first->phrase > second->phrase;
}

static gboolean
take_rows (Database *db, sqlite3_stmt *statement, GArray *choices, GError **error)
{
  g_autoptr (DatabaseRows) rows = statement;
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      const Choice choice = { column_id (rows, 0), column_id (rows, 1) };

      g_array_append_val (choices, choice);
    }
  return code == SQLITE_DONE;
}

static gboolean
take_ids (Database *db, const ProposeOptions *options, GArray *choices, GError **error)
{
  for (gsize i = 0; i < options->n_phrases; i++)
    {
      Choice choice = { 0, options->phrases[i] };
      gboolean found;

      if (!database_get (db, PHRASE_IMAGE, &choice.image, &found, error, "i", choice.phrase))
        return FALSE;
      if (found)
        g_array_append_val (choices, choice);
    }
  g_array_sort (choices, by_image);
  return TRUE;
}

static gboolean
take_choice (ProposeRun *run, Project *project, GError **error)
{
  Database *db = project_database (project);
  g_autofree char *query = run->options.filter != NULL ? search_text_query (run->options.filter) : NULL;

  if (run->options.phrases != NULL)
    return take_ids (db, &run->options, run->choices, error);
  if (query != NULL)
    return take_rows (db, database_bind (db, RUN_FILTERED, error, "s", query), run->choices, error);
  return take_rows (db, database_statement (db, RUN_ALL, error), run->choices, error);
}

static gint64 *
id_copy (gint64 id)
{
  return g_memdup2 (&id, sizeof id);
}

/* Leaves out what the cut-off part of this run wrote, and counts. */
static gboolean
leave_out_done (ProposeRun *run, Project *project, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (DatabaseRows) rows = database_bind (db, RUN_DONE, error, "i", run->report.entry);
  guint kept = 0;
  gint64 image = 0, left = 0;
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    g_hash_table_add (run->done, id_copy (column_id (rows, 0)));
  if (code != SQLITE_DONE)
    return FALSE;
  for (guint i = 0; i < run->choices->len; i++)
    {
      Choice choice = g_array_index (run->choices, Choice, i);

      run->report.images += choice.image != image;
      image = choice.image;
      if (g_hash_table_contains (run->done, &choice.phrase))
        continue;
      left += kept == 0 || g_array_index (run->choices, Choice, kept - 1).image != choice.image;
      g_array_index (run->choices, Choice, kept++) = choice;
    }
  run->report.phrases = run->choices->len;
  run->report.done_phrases = run->choices->len - kept;
  run->report.done_images = run->report.images - left;
  g_array_set_size (run->choices, kept);
  return TRUE;
}

ProposeRun *
propose_run_open_as (Project *project, const char *model, const char *other, const ProposeOptions *options, GError **error)
{
  g_autoptr (ProposeRun) run = g_new0 (ProposeRun, 1);

  if (options->by == NULL || *options->by == '\0' || !g_utf8_validate (options->by, -1, NULL))
    {
      project_fail (error, PROJECT_ERROR_USAGE, "A run needs the name of who started it.");
      return NULL;
    }
  run->options = *options;
  run->by = g_strdup (options->by);
  run->model = g_strdup (model);
  run->other_model = g_strdup (other);
  run->key = run_key (options, run->model);
  run->choice_text = run_choice (options);
  run->choices = g_array_new (FALSE, FALSE, sizeof (Choice));
  run->done = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  run->report.notes = g_ptr_array_new_with_free_func (g_free);
  if (!start_entry (run, project, error) ||
      (options->find_phrases &&
       !project_find_phrases (project, run->report.entry, options->filter, run->by, &run->report.new_phrases, error)) ||
      !take_choice (run, project, error) || !leave_out_done (run, project, error))
    return NULL;
  run->options.filter = NULL;
  run->options.phrases = NULL;
  run->options.by = NULL;
  return g_steal_pointer (&run);
}

ProposeRun *
propose_run_open (Project *project, const ProposeModels *models, const ProposeOptions *options, GError **error)
{
  g_autofree char *model = propose_model_key (models->model), *other = models->other != NULL ? propose_model_key (models->other) : NULL;

  return propose_run_open_as (project, model, other, options, error);
}

/* Jobs ------------------------------------------------------------------------------------------------------------------ */

static gboolean
load_spans (Database *db, JobPhrase *phrase, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, SPANS, error, "i", phrase->revision);
  glong length = phrase->caption != NULL ? g_utf8_strlen (phrase->caption, -1) : 0;
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      const Span span = { column_id (rows, 0), column_id (rows, 1) };

      if (span.last <= length)
        g_array_append_val (phrase->spans, span);
    }
  return code == SQLITE_DONE;
}

/* Adds the phrase to the job; one that went meanwhile is left out. */
static gboolean
load_phrase (Database *db, ProposeJob *job, gint64 id, GError **error)
{
  sqlite3_stmt *rows = database_bind (db, RUN_PHRASE, error, "i", id);
  JobPhrase *phrase;
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  if (code == SQLITE_ROW)
    {
      gboolean detached = sqlite3_column_int (rows, 6) != 0;

      phrase = g_new0 (JobPhrase, 1);
      phrase->id = id;
      phrase->revision = column_id (rows, 2);
      phrase->text = g_strdup (column_text (rows, 3));
      phrase->caption = detached ? NULL : g_strdup (column_text (rows, 5));
      phrase->caption_id = phrase->caption != NULL ? column_id (rows, 4) : 0;
      phrase->spans = g_array_new (FALSE, FALSE, sizeof (Span));
      phrase->proposals = g_array_new (FALSE, FALSE, sizeof (Proposal));
      g_array_set_clear_func (phrase->proposals, proposal_clear);
      g_ptr_array_add (job->phrases, phrase);
    }
  database_rows_end (rows);
  return code == SQLITE_DONE || (code == SQLITE_ROW && load_spans (db, phrase, error));
}

static gboolean
load_picture (Database *db, ProposeJob *job, GError **error)
{
  sqlite3_stmt *rows = database_bind (db, IMAGE_GET, error, "i", job->image);
  int code = rows != NULL ? database_step (db, rows, error) : SQLITE_ERROR;

  if (rows == NULL)
    return FALSE;
  if (code == SQLITE_ROW)
    {
      g_autofree char *root = g_strndup (sqlite3_column_blob (rows, 2), sqlite3_column_bytes (rows, 2));
      g_autofree char *name = g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1));

      job->path = g_build_filename (root, name, NULL);
      job->orientation = sqlite3_column_int (rows, 5);
    }
  database_rows_end (rows);
  if (code == SQLITE_DONE)
    job->path = g_strdup (""); /* removed meanwhile: no phrase of it is shown either */
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

static gboolean
load_detected (Database *db, ProposeJob *job, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, RUN_DETECTED, error, "i", job->image);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    for (int i = 1; i <= 4; i++)
      {
        double edge = sqlite3_column_double (rows, i);

        g_array_append_val (job->detected, edge);
      }
  return code == SQLITE_DONE;
}

ProposeJob *
propose_run_next (ProposeRun *run, Project *project, GError **error)
{
  Database *db = project_database (project);

  while (run->next < run->choices->len)
    {
      g_autoptr (ProposeJob) job = g_new0 (ProposeJob, 1);

      job->image = g_array_index (run->choices, Choice, run->next).image;
      job->phrases = g_ptr_array_new_with_free_func (job_phrase_free);
      job->detected = g_array_new (FALSE, FALSE, sizeof (double));
      job->options = run->options;
      if (!load_picture (db, job, error) || !load_detected (db, job, error))
        return NULL;
      for (int n = 0; n < JOB_PHRASES && run->next < run->choices->len &&
                      g_array_index (run->choices, Choice, run->next).image == job->image;
           n++, run->next++)
        if (!load_phrase (db, job, g_array_index (run->choices, Choice, run->next).phrase, error))
          return NULL;
      job->last = run->next == run->choices->len || g_array_index (run->choices, Choice, run->next).image != job->image;
      if (job->phrases->len > 0)
        return g_steal_pointer (&job);
      run->report.done_images += job->last;
    }
  return NULL;
}

/* Writing ---------------------------------------------------------------------------------------------------------------- */

/* Earlier regions of the same model and settings go, unless somebody made something of them. */
static gboolean
drop_earlier (const ProposeRun *run, Database *db, gint64 phrase, GError **error)
{
  g_autoptr (GArray) links = g_array_new (FALSE, FALSE, sizeof (Choice));

  if (!take_rows (db, database_bind (db, RUN_LINKS, error, "iis", phrase, run->report.entry, run->key), links, error))
    return FALSE;
  for (guint i = 0; i < links->len; i++)
    {
      gint64 link = g_array_index (links, Choice, i).image, region = g_array_index (links, Choice, i).phrase, held;

      if (!database_get (db, RUN_REGION_HELD, &held, NULL, error, "i", region))
        return FALSE;
      if (held == 0 && (!database_run (db, RUN_LINK_DELETE, error, "i", link) ||
                        !database_run (db, RUN_REVISIONS_DELETE, error, "i", region) ||
                        !database_run (db, RUN_REGION_DELETE, error, "i", region)))
        return FALSE;
    }
  return database_run (db, MEASURE_DELETE, error, "iis", phrase, run->report.entry, run->key);
}

static gint64
proposal_identity (const ProposeRun *run, const Proposal *proposal)
{
  const gint64 parts[2] = { region_identity (&proposal->shape, proposal->origin), g_ascii_strtoll (run->key, NULL, 10) };

  return project_identity ("proposal", parts, sizeof parts);
}

/* Whether one like it is there, kept for a person's sake; else *nth is free. */
static gboolean
find_place (Database *db, gint64 phrase, gint64 identity, gint64 *nth, gboolean *there, GError **error)
{
  *there = FALSE;
  for (*nth = 0;; ++*nth)
    {
      sqlite3_stmt *rows = database_bind (db, LINK_FIND, error, "iii", phrase, identity, *nth);
      int code = rows != NULL ? database_step (db, rows, error) : SQLITE_ERROR;
      gboolean shown = code == SQLITE_ROW && g_strcmp0 (column_text (rows, 3), "shown") == 0;

      if (rows != NULL)
        database_rows_end (rows);
      if (code != SQLITE_ROW)
        return code == SQLITE_DONE;
      if (shown)
        return *there = TRUE;
    }
}

static gboolean
write_proposal (ProposeRun *run, Database *db, gint64 image, gint64 phrase, const Proposal *proposal, GError **error)
{
  g_autoptr (GBytes) bytes = shape_to_bytes (&proposal->shape);
  gsize length = 0;
  const void *data = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;
  const double *box = proposal->shape.box;
  gint64 identity = proposal_identity (run, proposal), region = project_id_new (), revision = project_id_new (), nth;
  gboolean there;

  if (!find_place (db, phrase, identity, &nth, &there, error))
    return FALSE;
  if (there)
    return TRUE;
  run->report.regions++;
  return database_run (db, REGION_INSERT, error, "iiii", region, image, revision, run->report.entry) &&
         database_run (db, REGION_REVISION_INSERT, error, "iisddddbsiDsnnsi", revision, region, shape_kind_name (proposal->shape.kind),
                       box[0], box[1], box[2], box[3], data, (gssize) length, origin_name (proposal->origin), (gint64) 0, proposal->score,
                       run->model, run->by, project_now ()) &&
         database_run (db, LINK_INSERT, error, "iiiiii", project_id_new (), phrase, region, identity, nth, run->report.entry);
}

static gboolean
write_measure (const ProposeRun *run, Database *db, const JobPhrase *phrase, GError **error)
{
  const PhraseMeasure *m = &phrase->measure;
  sqlite3_stmt *statement =
    database_bind (db, MEASURE_SET, error, "isiiiddd" "iDDDnDDDsi", phrase->id, run->model, phrase->revision, run->report.entry,
                   (gint64) m->alone, m->match, m->text_match, m->spread, (gint64) m->peaks, m->peak_x, m->peak_y, m->energy, m->methods,
                   m->twin, m->other, run->other_model, project_now ());
  int code;

  if (statement == NULL)
    return FALSE;
  if (m->peaks > 0)
    sqlite3_bind_int (statement, 13, m->outside);
  code = database_step (db, statement, error);
  database_rows_end (statement);
  return code == SQLITE_DONE;
}

/* A phrase that was edited or went while its maps were computed waits for the next run. */
static gboolean
still_so (Database *db, const JobPhrase *phrase, gboolean *same, GError **error)
{
  gint64 current = 0;

  if (!database_get (db, PHRASE_CURRENT, &current, same, error, "i", phrase->id))
    return FALSE;
  *same = *same && current == phrase->revision;
  return TRUE;
}

static gboolean
write_phrase (ProposeRun *run, Database *db, const ProposeJob *job, const JobPhrase *phrase, GError **error)
{
  gboolean same;

  if (!still_so (db, phrase, &same, error))
    return FALSE;
  if (!same)
    return TRUE;
  if (!drop_earlier (run, db, phrase->id, error))
    return FALSE;
  for (guint i = 0; i < phrase->proposals->len; i++)
    if (!write_proposal (run, db, job->image, phrase->id, &g_array_index (phrase->proposals, Proposal, i), error))
      return FALSE;
  run->report.empty += phrase->measure.peaks == 0;
  return write_measure (run, db, phrase, error);
}

static void
note_failure (ProposeRun *run, const ProposeJob *job)
{
  run->report.skipped += job->phrases->len;
  if (run->report.notes->len < NOTES_LIMIT)
    g_ptr_array_add (run->report.notes, g_utf8_make_valid (job->failure, -1));
}

gboolean
propose_run_store (ProposeRun *run, Project *project, const ProposeJob *job, GError **error)
{
  Database *db = project_database (project);
  ProposeReport before = run->report;

  if (job->failure != NULL)
    note_failure (run, job);
  else
    {
      if (!database_set_durable (db, FALSE, error) || !database_begin (db, error))
        return FALSE;
      for (guint i = 0; i < job->phrases->len; i++)
        {
          const JobPhrase *phrase = job->phrases->pdata[i];

          if (phrase->computed && !write_phrase (run, db, job, phrase, error))
            {
              database_rollback (db);
              run->report.regions = before.regions;
              run->report.empty = before.empty;
              return FALSE;
            }
        }
      if (!database_commit (db, error) || (database_log_bytes (db) > LOG_LIMIT && !database_checkpoint (db, error)))
        return FALSE;
    }
  run->report.done_phrases += job->phrases->len;
  run->report.done_images += job->last;
  return TRUE;
}

gboolean
propose_run_finish (ProposeRun *run, Project *project, GError **error)
{
  Database *db = project_database (project);
  g_autofree char *settings = run_settings (run, TRUE);

  return database_set_durable (db, TRUE, error) && database_run (db, ENTRY_SET_SETTINGS, error, "is", run->report.entry, settings);
}

/* All of it ---------------------------------------------------------------------------------------------------------------- */

static gboolean
go_through (ProposeRun *run, Project *project, const ProposeModels *models, const AlbefCancel *cancel, ProposeProgress progress,
            gpointer user_data, GError **error)
{
  GError *local = NULL;

  while (TRUE)
    {
      g_autoptr (ProposeJob) job = propose_run_next (run, project, &local);

      if (job == NULL && local == NULL)
        return propose_run_finish (run, project, error);
      if (job == NULL || !propose_job_compute (job, models, cancel, &local) || !propose_run_store (run, project, job, &local))
        {
          g_propagate_error (error, local);
          return FALSE;
        }
      if ((progress != NULL && !progress (&run->report, user_data)) || albef_cancel_is_triggered (cancel))
        return project_fail (error, PROJECT_ERROR_CANCELLED, "The run was stopped; started again, it goes on from there.");
    }
}

gboolean
project_propose (Project *project, const ProposeModels *models, const ProposeOptions *options, const AlbefCancel *cancel,
                 ProposeProgress progress, gpointer user_data, ProposeReport *report, GError **error)
{
  g_autoptr (ProposeRun) run = propose_run_open (project, models, options, error);
  gboolean good;

  if (run == NULL)
    return FALSE;
  good = go_through (run, project, models, cancel, progress, user_data, error);
  *report = run->report;
  run->report.notes = NULL;
  return good;
}
