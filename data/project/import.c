/* SPDX-License-Identifier: MIT
 * import.c: an import as a whole: batches, reports, rows that are there already. */
#include "import-private.h"

#include "project-id.h"
#include "search.h"

#include <string.h>

#define BATCH_MICROSECONDS 4000   /* beside people, who wait for a batch */
#define ALONE_MICROSECONDS 200000 /* nobody can: the writer's lock is ours, and nothing is done between batches */
#define LATE_MICROSECONDS 15000
#define LOG_BYTES (32 << 20)
#define SKIPPED_LIMIT 100000

/* Batches ------------------------------------------------------------------------------------------------------- */

gboolean
import_batch_end (Import *import, GError **error)
{
  gint64 held;

  if (import->batch_began == 0)
    return TRUE;
  if (!database_commit (import->db, error))
    {
      import->batch_began = 0;
      return FALSE;
    }
  held = g_get_monotonic_time () - import->batch_began;
  import->batch_began = 0;
  import->report->n_batches++;
  import->report->longest_batch = MAX (import->report->longest_batch, held / 1e6);
  if (held > LATE_MICROSECONDS)
    import->report->batches_over++;
  if (import->options->between != NULL)
    import->options->between (import->options->user_data);
  /* A passive checkpoint never resets the log while somebody writes: pause until it is. */
  if (database_log_bytes (import->db) > LOG_BYTES)
    return database_checkpoint (import->db, error);
  return TRUE;
}

/* Before each record. */
gboolean
import_batch_go_on (Import *import, GError **error)
{
  gint64 longest = import->options->between != NULL ? BATCH_MICROSECONDS : ALONE_MICROSECONDS;
  ImportReport *report = import->report;

  if (import->options->limit > 0 && !report->cut &&
      report->new_images + report->new_captions + report->new_phrases + report->new_regions >= import->options->limit)
    {
      report->cut = TRUE;
      return project_fail (error, PROJECT_ERROR_CANCELLED, "the limit of records is reached");
    }
  if (import->batch_began != 0 && g_get_monotonic_time () - import->batch_began > longest &&
      !import_batch_end (import, error))
    return FALSE;
  if (import->batch_began != 0)
    return TRUE;
  /* What people did between two batches was durable. */
  if (!import_go_on (import, error) || !database_set_durable (import->db, FALSE, error) ||
      !database_begin (import->db, error))
    return FALSE;
  import->batch_began = g_get_monotonic_time ();
  return TRUE;
}

gboolean
import_go_on (Import *import, GError **error)
{
  if (import->options->cancellable != NULL && g_cancellable_is_cancelled (import->options->cancellable))
    return project_fail (error, PROJECT_ERROR_CANCELLED, "The import was cancelled; nothing changed.");
  return TRUE;
}

/* What formats ask for ------------------------------------------------------------------------------------------- */

const char *
origin_name (RegionOrigin origin)
{
  static const char *const names[] = { "map", "detector", "import", "person" };

  return names[origin];
}

gboolean
origin_parse (const char *name, RegionOrigin *origin)
{
  for (int i = ORIGIN_MAP; i <= ORIGIN_PERSON; i++)
    if (g_strcmp0 (name, origin_name (i)) == 0)
      {
        *origin = i;
        return TRUE;
      }
  return FALSE;
}

void
import_skip (Import *import, const char *where, const char *format, ...)
{
  ImportSkipped *skipped;
  va_list args;

  import->report->n_skipped++;
  if (import->report->skipped->len >= SKIPPED_LIMIT)
    return;
  skipped = g_new0 (ImportSkipped, 1);
  va_start (args, format);
  skipped->why = g_strdup_vprintf (format, args);
  va_end (args);
  skipped->where = g_strdup (where);
  g_ptr_array_add (import->report->skipped, skipped);
}

void
import_note (Import *import, const char *format, ...)
{
  va_list args;

  if (import->report->notes->len >= SKIPPED_LIMIT)
    return;
  va_start (args, format);
  g_ptr_array_add (import->report->notes, g_strdup_vprintf (format, args));
  va_end (args);
}

void
import_count_unused (Import *import, guint n)
{
  import->report->unused += n;
}

ImageFinder *
import_finder (Import *import)
{
  return import->finder;
}

const char *
import_split_by (const Import *import)
{
  return import->options->split_by;
}

gboolean
import_is_preview (const Import *import)
{
  return import->options->limit > 0;
}

const char *const *
import_pictures (const Import *import)
{
  return import->options->pictures;
}

int
import_voc_origin (const Import *import)
{
  return import->options->voc_origin;
}

gboolean
import_image_size (Import *import, gint64 image, double *width, double *height)
{
  const ImageFacts *facts = g_hash_table_lookup (import->facts, &image);
  gboolean swapped;

  if (facts == NULL || facts->width <= 0)
    return FALSE;
  swapped = facts->turn && facts->orientation >= 5;
  *width = swapped ? facts->height : facts->width;
  *height = swapped ? facts->width : facts->height;
  return TRUE;
}

void
import_set_settings (Import *import, const json_t *settings)
{
  g_clear_pointer (&import->settings, json_decref);
  import->settings = json_deep_copy (settings);
}

/* Records that are there already --------------------------------------------------------------------------------- */

gint64 *
import_id_new (gint64 id)
{
  return g_memdup2 (&id, sizeof id);
}

/* A row found by its identity: ours now if its entry is hidden, or pending from somewhere else. `changed` tells. */
gboolean
import_claim (Import *import, ImportKind kind, gint64 id, gint64 entry, const char *state, gboolean *changed,
              GError **error)
{
  static const Statement claims[] = { CLAIM_IMAGE, CLAIM_CAPTION, CLAIM_PHRASE, CLAIM_REGION, CLAIM_LINK };
  static const char *const names[] = { "image", "caption", "phrase", "region", "link" };

  *changed = FALSE;
  if (entry == 0 || entry == import->entry || g_strcmp0 (state, "shown") == 0)
    return TRUE;
  *changed = TRUE;
  return database_run (import->db, TAKEN_ADD, error, "isii", import->entry, names[kind], id, entry) &&
         database_run (import->db, claims[kind], error, "ii", id, import->entry);
}

/* Looks up id, entry, state. *id is 0 when there is none. */
gboolean
import_find_row (Import *import, Statement which, ImportKind kind, gint64 parent, gint64 identity, gint64 *id,
                 gboolean *changed, GError **error)
{
  sqlite3_stmt *rows = database_bind (import->db, which, error, "ii", parent, identity);
  g_autofree char *state = NULL;
  gint64 entry = 0;
  int code;

  *id = 0;
  *changed = FALSE;
  if (rows == NULL)
    return FALSE;
  code = database_step (import->db, rows, error);
  if (code == SQLITE_ROW)
    {
      *id = column_id (rows, 0);
      entry = column_id (rows, 1);
      state = g_strdup (column_text (rows, 2));
    }
  database_rows_end (rows);
  if (code == SQLITE_DONE)
    return TRUE;
  return code == SQLITE_ROW && import_claim (import, kind, *id, entry, state, changed, error);
}

/* The whole ------------------------------------------------------------------------------------------------------- */

static gboolean
begin (Import *import, const char *source, GError **error)
{
  Database *db = import->db;
  gint64 persons;

  if (!database_get (db, JOURNAL_ANY_REGION, &persons, &import->with_persons, error, ""))
    return FALSE;
  import->entry = project_id_new ();
  import->now = project_now ();
  return database_set_durable (db, FALSE, error) && database_exec (db, "PRAGMA wal_autocheckpoint = 0", error) &&
         database_exec (db, "DELETE FROM temp.seen; DELETE FROM temp.met", error) && database_begin (db, error) &&
         database_run (db, ENTRY_INSERT, error, "isssbnsi", import->entry, "import", "pending", import->format->name,
                       source, (gssize) strlen (source), import->options->by, import->now) &&
         database_commit (db, error) && import_load_roots (import, error);
}

static char *
summary (const ImportReport *report, const char *source)
{
  GString *text = g_string_new ("{");
  g_autofree char *shown = g_filename_display_name (source);

  json_put_name (text, "format");
  json_put_text (text, report->format);
  json_put_name (text, "source");
  json_put_text (text, shown);
  g_string_append_printf (text,
                          ",\"images\":%" G_GINT64_FORMAT ",\"captions\":%" G_GINT64_FORMAT
                          ",\"phrases\":%" G_GINT64_FORMAT ",\"regions\":%" G_GINT64_FORMAT "}",
                          report->new_images, report->new_captions, report->new_phrases, report->new_regions);
  return g_string_free (text, FALSE);
}

/* With the folder of the pictures, for writing back. */
static char *
settings_text (const Import *import)
{
  g_autoptr (json_t) settings = import->settings != NULL ? json_incref (import->settings) : json_object ();

  if (import->options->images != NULL)
    {
      g_autofree char *uri = g_filename_to_uri (image_finder_folder (import->finder), NULL, NULL);

      json_object_set_new (settings, "images", json_string (uri));
    }
  return json_object_size (settings) > 0 ? json_to_text (settings) : NULL;
}

/* The one row that makes everything visible, durable before it returns. */
static gboolean
finish (Import *import, const char *source, GError **error)
{
  const ImportReport *report = import->report;
  g_autofree char *settings = NULL;
  g_autofree char *after = summary (report, source);
  Database *db = import->db;
  gint64 seq;

  if (!import_batch_end (import, error) || !database_set_durable (db, TRUE, error))
    return FALSE;
  if (report->new_images + report->new_captions + report->new_phrases + report->new_regions == 0)
    {
      gint64 entry = import->entry;

      import->entry = 0;
      return project_purge (import->project, entry, error);
    }
  settings = settings_text (import);
  if (!database_begin (db, error))
    return FALSE;
  if (database_run (db, ENTRY_SET_SETTINGS, error, "is", import->entry, settings) &&
      database_run (db, PROGRESS_START, error, "i", import->entry) &&
      database_get (db, JOURNAL_INSERT, &seq, NULL, error, "issinsn", project_now (), import->options->by, "import",
                    import->entry, after) &&
      database_run (db, ENTRY_SET_STATE, error, "is", import->entry, "shown"))
    return database_commit (db, error);
  database_rollback (db);
  return FALSE;
}

/* Reading that stopped at the limit is as good as one to the end. */
static gboolean
read_source (Import *import, const char *source, GError **error)
{
  GError *local = NULL;

  if (import->format->read (import, source, &local) || import->report->cut)
    {
      g_clear_error (&local);
      return TRUE;
    }
  g_propagate_error (error, local);
  return FALSE;
}

static void
skipped_free (gpointer data)
{
  ImportSkipped *skipped = data;

  g_free (skipped->where);
  g_free (skipped->why);
  g_free (skipped);
}

void
import_report_clear (ImportReport *report)
{
  g_clear_pointer (&report->skipped, g_ptr_array_unref);
  g_clear_pointer (&report->notes, g_ptr_array_unref);
}

static void
import_clear (Import *import)
{
  g_clear_pointer (&import->finder, image_finder_free);
  g_clear_pointer (&import->roots, g_array_unref);
  g_clear_pointer (&import->names, g_hash_table_unref);
  g_clear_pointer (&import->facts, g_hash_table_unref);
  g_clear_pointer (&import->captions, g_hash_table_unref);
  g_clear_pointer (&import->coco_images, g_hash_table_unref);
  g_clear_pointer (&import->coco_categories, g_hash_table_unref);
  g_clear_pointer (&import->settings, json_decref);
}

static void
import_init (Import *import)
{
  import->report->skipped = g_ptr_array_new_with_free_func (skipped_free);
  import->report->notes = g_ptr_array_new_with_free_func (g_free);
  import->roots = g_array_new (FALSE, FALSE, sizeof (ImportRoot));
  g_array_set_clear_func (import->roots, import_root_clear);
  import->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  import->facts = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  import->captions = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
}

gboolean
project_import (Project *project, const char *source, const ImportOptions *options, ImportReport *report,
                GError **error)
{
  Import import = { .project = project, .db = project_database (project), .options = options, .report = report };
  g_autofree char *absolute = g_canonicalize_filename (source, NULL);
  g_autofree char *parent = g_path_get_dirname (absolute);
  gboolean folder = g_file_test (absolute, G_FILE_TEST_IS_DIR), good;

  import_init (&import);
  import.format = options->format != NULL ? format_find (options->format) : format_guess (absolute, error);
  if (import.format == NULL)
    {
      if (options->format != NULL)
        project_fail (error, PROJECT_ERROR_USAGE, "There is no format '%s'.", options->format);
      import_clear (&import);
      return FALSE;
    }
  report->format = import.format->name;
  import.finder = image_finder_new (options->images != NULL ? options->images : folder ? absolute : parent);
  if (import.format->read == NULL)
    good = project_fail (error, PROJECT_ERROR_USAGE, "Importing '%s' is not yet possible.", import.format->name);
  else if (!g_file_test (absolute, G_FILE_TEST_EXISTS))
    good = project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no %s.", source);
  else if (options->images != NULL && !g_file_test (options->images, G_FILE_TEST_IS_DIR))
    good = project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no folder %s for the pictures.", options->images);
  else
    {
      work_meter_bind (options->meter);
      good = begin (&import, absolute, error) && read_source (&import, absolute, error) &&
             import_settle_changed (&import, absolute, error) &&
             finish (&import, absolute, error);
      work_meter_bind (NULL);
      report->entry = good ? import.entry : 0;
      database_rollback (import.db);
      if (!good && import.entry != 0)
        {
          g_autoptr (GError) purge = NULL;

          /* Where that fails as well, the next writer does it: nobody sees pending rows. */
          if (!project_purge (project, import.entry, &purge))
            g_debug ("purge: %s", purge->message);
        }
      if (good && report->entry != 0)
        good = search_index (project, options->between, options->user_data, error);
    }
  import_clear (&import);
  database_exec (project_database (project), "PRAGMA wal_autocheckpoint = 2000", NULL);
  if (good)
    return database_checkpoint (project_database (project), error);
  return FALSE;
}
