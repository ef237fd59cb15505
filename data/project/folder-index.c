/* SPDX-License-Identifier: MIT */
#include "folder-index.h"

#include "database.h"
#include "image-finder.h"
#include "json-text.h"
#include "picture-facts.h"
#include "project-id.h"
#include "search.h"

#include <string.h>
#include <sys/stat.h>

#define BATCH_MICROSECONDS 4000 /* beside people, who wait for a batch */
#define FIRST_BATCH 200         /* names: a screen or two */
#define PAUSE_MICROSECONDS 50000
#define LOG_BYTES (32 << 20)

struct FolderIndex
{
  gint refs; /* atomic */
  char *folder;
  GMutex lock; /* what follows */
  FolderProgress progress;
  gint64 began, read; /* of looking at files: for the time left */
  GArray *changed;    /* gint64 */
};

typedef struct
{
  gint64 id;
  char *path;
} Root;

/* The job under way. */
typedef struct
{
  FolderIndex *job;
  Project *project;
  Database *db;
  const char *by;
  void (*between) (gpointer user_data);
  gpointer user_data;
  GCancellable *cancellable;
  GArray *roots;      /* Root */
  gint64 own_root;    /* 0: not made yet */
  gint64 entry;       /* 0: nothing was new so far */
  gint64 batch_began; /* 0: no transaction is open */
} Run;

static void
root_clear (gpointer data)
{
  g_free (((Root *) data)->path);
}

/* Batches ---------------------------------------------------------------------------------------------------------- */

static gboolean
batch_end (Run *run, GError **error)
{
  if (run->batch_began == 0)
    return TRUE;
  run->batch_began = 0;
  if (!database_commit (run->db, error))
    return FALSE;
  if (run->between != NULL)
    run->between (run->user_data);
  return database_log_bytes (run->db) <= LOG_BYTES || database_checkpoint (run->db, error);
}

static gboolean
is_paused (FolderIndex *job)
{
  gboolean paused;

  g_mutex_lock (&job->lock);
  paused = job->progress.paused;
  g_mutex_unlock (&job->lock);
  return paused;
}

/* Between two files, no transaction open: waits while paused. */
static gboolean
may_go_on (Run *run, GError **error)
{
  while (is_paused (run->job) && !g_cancellable_is_cancelled (run->cancellable))
    {
      if (!batch_end (run, error))
        return FALSE;
      if (run->between != NULL)
        run->between (run->user_data);
      g_usleep (PAUSE_MICROSECONDS);
    }
  return !g_cancellable_is_cancelled (run->cancellable) ||
         project_fail (error, PROJECT_ERROR_CANCELLED, "Cancelled; what was read so far stays.");
}

static gboolean
batch_go_on (Run *run, GError **error)
{
  if (run->batch_began != 0 && g_get_monotonic_time () - run->batch_began > BATCH_MICROSECONDS && !batch_end (run, error))
    return FALSE;
  if (run->batch_began != 0)
    return TRUE;
  /* people's records between two batches were durable: these need not be */
  if (!database_set_durable (run->db, FALSE, error) || !database_begin (run->db, error))
    return FALSE;
  run->batch_began = g_get_monotonic_time ();
  return TRUE;
}

/* Names ------------------------------------------------------------------------------------------------------------ */

static const char *
below (const char *path, const char *root)
{
  gsize length = strlen (root);

  if (strcmp (root, "/") == 0)
    return path + 1;
  return strncmp (path, root, length) == 0 && path[length] == '/' && path[length + 1] != '\0' ? path + length + 1 : NULL;
}

static gboolean
load_roots (Run *run, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_statement (run->db, ROOT_ALL, error);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (run->db, rows, error)) == SQLITE_ROW)
    {
      Root root = { column_id (rows, 0), g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1)) };

      if (strcmp (root.path, run->job->folder) == 0)
        run->own_root = root.id;
      g_array_append_val (run->roots, root);
    }
  return code == SQLITE_DONE;
}

/* The image at a path, by whatever root: *id 0 if there is none; *hidden if its import was undone. */
static gboolean
find_image (Run *run, const char *path, gint64 *id, gint64 *entry, gboolean *hidden, GError **error)
{
  *id = 0;
  for (guint i = 0; i < run->roots->len && *id == 0; i++)
    {
      const Root *root = &g_array_index (run->roots, Root, i);
      const char *rest = below (path, root->path);
      g_autoptr (DatabaseRows) rows = NULL;
      int code;

      if (rest == NULL)
        continue;
      if ((rows = database_bind (run->db, IMAGE_FIND, error, "ib", root->id, rest, (gssize) strlen (rest))) == NULL)
        return FALSE;
      code = database_step (run->db, rows, error);
      if (code != SQLITE_ROW && code != SQLITE_DONE)
        return FALSE;
      if (code == SQLITE_DONE)
        continue;
      *id = column_id (rows, 0);
      *entry = column_id (rows, 1);
      *hidden = g_strcmp0 (column_text (rows, 2), "hidden") == 0;
    }
  return TRUE;
}

/* The entry of what is new, with its record: shown from the start, as a run's is. */
static gboolean
begin_entry (Run *run, GError **error)
{
  gint64 seq;

  run->entry = project_id_new ();
  return database_run (run->db, ENTRY_INSERT, error, "isssbnsi", run->entry, "import", "shown", "folder", run->job->folder,
                       (gssize) strlen (run->job->folder), run->by, project_now ()) &&
         database_get (run->db, JOURNAL_INSERT, &seq, NULL, error, "issinnn", project_now (), run->by, "import", run->entry);
}

static gboolean
begin_root (Run *run, GError **error)
{
  Root root = { project_id_new (), g_strdup (run->job->folder) };

  run->own_root = root.id;
  g_array_append_val (run->roots, root);
  return database_run (run->db, ROOT_INSERT, error, "ib", root.id, root.path, (gssize) strlen (root.path));
}

static gboolean
add_image (Run *run, const char *path, GError **error)
{
  const char *rest = below (path, run->job->folder);
  gint64 id = project_id_new ();
  struct stat status;

  if (stat (path, &status) != 0 || !S_ISREG (status.st_mode))
    return TRUE; /* gone meanwhile */
  if ((run->entry == 0 && !begin_entry (run, error)) || (run->own_root == 0 && !begin_root (run, error)))
    return FALSE;
  /* Without a hash: that tells the second walk to read it. */
  return database_run (run->db, IMAGE_INSERT, error, "iibinniiisni", id, run->own_root, rest, (gssize) strlen (rest),
                       (gint64) status.st_size, (gint64) 0, (gint64) 0, (gint64) 1, "ok", run->entry) &&
         search_add_name (run->db, id, rest, error);
}

static gboolean
take_name (Run *run, const char *path, GError **error)
{
  gint64 id, entry = 0;
  gboolean hidden = FALSE;

  if (!batch_go_on (run, error) || !find_image (run, path, &id, &entry, &hidden, error))
    return FALSE;
  if (id != 0 && !hidden)
    return TRUE;
  if (id == 0 && !add_image (run, path, error))
    return FALSE;
  /* One whose import was undone is taken over. */
  if (id != 0 &&
      ((run->entry == 0 && !begin_entry (run, error)) ||
       !database_run (run->db, TAKEN_ADD, error, "isii", run->entry, "image", id, entry) ||
       !database_run (run->db, CLAIM_IMAGE, error, "ii", id, run->entry)))
    return FALSE;
  g_mutex_lock (&run->job->lock);
  run->job->progress.added++;
  g_mutex_unlock (&run->job->lock);
  return TRUE;
}

static gboolean
take_names (Run *run, GError **error)
{
  g_autoptr (GPtrArray) all = files_below (run->job->folder, NULL);

  for (guint i = 0; i < all->len; i++)
    {
      if (!may_go_on (run, error) || !take_name (run, all->pdata[i], error) ||
          (i == FIRST_BATCH && !batch_end (run, error)))
        return FALSE;
    }
  return batch_end (run, error);
}

/* Contents --------------------------------------------------------------------------------------------------------- */

/* An image as the project knows it. */
typedef struct
{
  gint64 id, size, mtime;
  char *path, *state, *hash;
} Known;

static void
known_clear (Known *known)
{
  g_free (known->path);
  g_free (known->state);
  g_free (known->hash);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Known, known_clear)

static gboolean
next_known (Database *db, gint64 after, Known *known, gboolean *found, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, IMAGE_NEXT, error, "i", after);
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  *found = code == SQLITE_ROW;
  if (*found)
    {
      g_autofree char *path = g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1));
      g_autofree char *root = g_strndup (sqlite3_column_blob (rows, 2), sqlite3_column_bytes (rows, 2));

      known->id = column_id (rows, 0);
      known->path = g_build_filename (root, path, NULL);
      known->state = g_strdup (column_text (rows, 6));
      known->size = column_id (rows, 8);
      known->mtime = column_id (rows, 9);
      known->hash = g_strdup (column_text (rows, 10));
    }
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* Neither size nor time changed since its content was read. */
static gboolean
looks_the_same (const Known *known)
{
  struct stat status;

  return known->hash != NULL && strcmp (known->state, "ok") == 0 && stat (known->path, &status) == 0 &&
         S_ISREG (status.st_mode) && status.st_size == known->size &&
         status.st_mtim.tv_sec * G_USEC_PER_SEC + status.st_mtim.tv_nsec / 1000 == known->mtime;
}

static void
count_state (FolderIndex *job, const Known *known, const char *state)
{
  g_mutex_lock (&job->lock);
  if (strcmp (state, "missing") == 0)
    job->progress.missing++;
  if (strcmp (state, "changed") == 0)
    job->progress.changed++;
  if (strcmp (state, "ok") == 0 && strcmp (known->state, "ok") != 0)
    job->progress.again++;
  if (strcmp (state, known->state) != 0)
    g_array_append_val (job->changed, known->id);
  g_mutex_unlock (&job->lock);
}

static gboolean
look_at (Run *run, const Known *known, GError **error)
{
  PictureFacts facts;
  const char *state;

  if (looks_the_same (known))
    return TRUE;
  /* The disk first: no person waits for it. */
  if (!batch_end (run, error))
    return FALSE;
  if (!picture_facts_read (known->path, &facts))
    state = "missing";
  else
    state = known->hash == NULL || strcmp (known->hash, facts.quick_hash) == 0 ? "ok" : "changed";
  count_state (run->job, known, state);
  if (!batch_go_on (run, error))
    return FALSE;
  if (strcmp (state, "ok") == 0)
    return database_run (run->db, IMAGE_REFRESH, error, "iiisiiis", known->id, facts.size, facts.mtime, facts.quick_hash,
                         (gint64) facts.width, (gint64) facts.height, (gint64) facts.orientation, "ok");
  return strcmp (state, known->state) == 0 || database_run (run->db, IMAGE_SET_STATE, error, "is", known->id, state);
}

static void
count_done (FolderIndex *job)
{
  g_mutex_lock (&job->lock);
  job->progress.done++;
  job->read++;
  g_mutex_unlock (&job->lock);
}

static gboolean
count_total (Run *run, GError **error)
{
  gint64 total = 0;

  for (guint i = 0; i < run->roots->len; i++)
    {
      const Root *root = &g_array_index (run->roots, Root, i);
      gint64 n = 0;

      /* Roots above hold others, too: an upper bound is good enough for a bar. */
      if ((strcmp (root->path, run->job->folder) == 0 || below (root->path, run->job->folder) != NULL ||
           below (run->job->folder, root->path) != NULL) &&
          !database_get (run->db, IMAGES_OF_ROOT, &n, NULL, error, "i", root->id))
        return FALSE;
      total += n;
    }
  g_mutex_lock (&run->job->lock);
  run->job->progress.total = total;
  run->job->progress.listing = FALSE;
  run->job->began = g_get_monotonic_time ();
  g_mutex_unlock (&run->job->lock);
  return TRUE;
}

static gboolean
take_contents (Run *run, GError **error)
{
  gint64 after = 0;

  while (TRUE)
    {
      g_auto (Known) known = { 0 };
      gboolean found;

      if (!may_go_on (run, error) || !next_known (run->db, after, &known, &found, error))
        return FALSE;
      if (!found)
        return batch_end (run, error);
      after = known.id;
      if (below (known.path, run->job->folder) == NULL)
        continue;
      if (!look_at (run, &known, error))
        return FALSE;
      count_done (run->job);
    }
}

gboolean
folder_index_run (FolderIndex *job, Project *project, const char *by, void (*between) (gpointer user_data),
                  gpointer user_data, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) roots = g_array_new (FALSE, FALSE, sizeof (Root));
  Run run = { job, project, project_database (project), by, between, user_data, cancellable, roots, 0, 0, 0 };
  gboolean good;

  g_array_set_clear_func (roots, root_clear);
  if (!g_file_test (job->folder, G_FILE_TEST_IS_DIR))
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no folder %s.", job->folder);
  g_mutex_lock (&job->lock);
  job->progress.listing = TRUE;
  g_mutex_unlock (&job->lock);
  good = load_roots (&run, error) && take_names (&run, error) && count_total (&run, error) && take_contents (&run, error);
  /* What was read so far stays, also when this was cancelled. */
  if (run.batch_began != 0 && !database_commit (run.db, good ? error : NULL))
    good = FALSE;
  database_rollback (run.db);
  return database_set_durable (run.db, TRUE, good ? error : NULL) && good;
}

/* The object --------------------------------------------------------------------------------------------------------- */

FolderIndex *
folder_index_new (const char *folder)
{
  FolderIndex *job = g_new0 (FolderIndex, 1);

  job->refs = 1;
  job->folder = g_canonicalize_filename (folder, NULL);
  g_mutex_init (&job->lock);
  job->progress.listing = TRUE;
  job->changed = g_array_new (FALSE, FALSE, sizeof (gint64));
  return job;
}

FolderIndex *
folder_index_ref (FolderIndex *job)
{
  g_atomic_int_inc (&job->refs);
  return job;
}

void
folder_index_unref (FolderIndex *job)
{
  if (job == NULL || !g_atomic_int_dec_and_test (&job->refs))
    return;
  g_free (job->folder);
  g_array_unref (job->changed);
  g_mutex_clear (&job->lock);
  g_free (job);
}

void
folder_index_get_progress (FolderIndex *job, FolderProgress *progress)
{
  double spent;

  g_mutex_lock (&job->lock);
  *progress = job->progress;
  spent = (g_get_monotonic_time () - job->began) / 1e6;
  progress->seconds_left = job->read >= 20 && job->began != 0 && !progress->paused
                               ? spent / job->read * MAX (progress->total - progress->done, 0)
                               : -1;
  g_mutex_unlock (&job->lock);
}

void
folder_index_set_paused (FolderIndex *job, gboolean paused)
{
  g_mutex_lock (&job->lock);
  /* The time left is that of the files since. */
  if (job->progress.paused && !paused && job->began != 0)
    {
      job->began = g_get_monotonic_time ();
      job->read = 0;
    }
  job->progress.paused = paused;
  g_mutex_unlock (&job->lock);
}

GArray *
folder_index_take_changed (FolderIndex *job)
{
  GArray *changed;

  g_mutex_lock (&job->lock);
  changed = job->changed;
  job->changed = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_mutex_unlock (&job->lock);
  return changed;
}
