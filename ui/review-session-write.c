/* SPDX-License-Identifier: MIT
 * review-session-write.c: verdicts, corrections, taking back. They show at once and are written in their order. */
#include "review-session-private.h"

#include <string.h>

typedef enum
{
  WRITE_VERDICT,
  WRITE_CORRECTION,
  WRITE_UNDO,
  WRITE_REDO,
  WRITE_REVERT
} WriteKind;

typedef struct
{
  AlidadeReviewSession *session; /* owned; main thread */
  WriteKind kind;
  gint64 phrase, image;
  char *reviewer, *text;
  const char *verdict;  /* static */
  char *before;         /* the row's verdict, to be put back on failure */
  int pass, queue_pass, position;
  guint opening;
  Queue queue;          /* its id alone counts */
  gint64 nth, next;     /* of the queue; -1: none */
  GArray *revisions;    /* ticked */
  GArray *changes;      /* RegionChange; shapes owned */
  GArray *others;       /* phrases of the chain */
  gint64 seq;
  gboolean put_back;

  /* results */
  GPtrArray *added;     /* QueueItem put at the end */
  char *undone;         /* kind of the record; NULL: there is none */
  gint64 target;
  gboolean changed;
} WriteJob;

static void
change_clear (gpointer data)
{
  RegionChange *change = data;

  if (change->shape == NULL)
    return;
  shape_clear ((Shape *) change->shape);
  g_free ((Shape *) change->shape);
}

static WriteJob *
job_new (AlidadeReviewSession *self, WriteKind kind)
{
  WriteJob *job = g_new0 (WriteJob, 1);
  AlidadeReviewRow *row = alidade_review_session_get_row (self);
  ReviewItem *item = alidade_review_session_get_item (self);

  job->session = g_object_ref (self);
  job->kind = kind;
  job->reviewer = g_strdup (self->reviewer);
  job->opening = self->opening;
  job->queue.id = self->queue.id;
  job->position = self->position;
  job->next = -1;
  job->pass = job->queue_pass = self->pass;
  if (row != NULL)
    {
      const QueueItem *at = alidade_review_row_get_item (row);

      job->phrase = at->phrase;
      job->image = at->image;
      job->text = g_strdup (at->text);
      job->before = g_strdup (at->verdict);
      job->nth = at->nth;
      job->pass = at->pass;
    }
  job->revisions = g_array_new (FALSE, FALSE, sizeof (gint64));
  job->others = g_array_new (FALSE, FALSE, sizeof (gint64));
  job->changes = g_array_new (FALSE, FALSE, sizeof (RegionChange));
  g_array_set_clear_func (job->changes, change_clear);
  for (guint i = 0; item != NULL && i < item->regions->len; i++)
    if (alidade_review_session_get_ticked (self, i))
      g_array_append_val (job->revisions, ((ReviewRegion *) item->regions->pdata[i])->revision);
  return job;
}

static void
job_free (gpointer data)
{
  WriteJob *job = data;

  g_object_unref (job->session);
  g_free (job->reviewer);
  g_free (job->text);
  g_free (job->before);
  g_free (job->undone);
  g_array_unref (job->revisions);
  g_array_unref (job->changes);
  g_array_unref (job->others);
  g_clear_pointer (&job->added, g_ptr_array_unref);
  g_free (job);
}

/* On the writer's thread --------------------------------------------------------------------------------------------- */

static gboolean
write_verdict (Project *project, WriteJob *job, GError **error)
{
  Review review = { .phrase = job->phrase, .verdict = job->verdict, .by = job->reviewer, .pass = job->pass };

  if (strcmp (job->verdict, "accepted") == 0)
    {
      review.revisions = (const gint64 *) job->revisions->data;
      review.n_revisions = job->revisions->len;
    }
  return project_review (project, &review, error);
}

static gboolean
write_correction (Project *project, WriteJob *job, GError **error)
{
  const Correction correction = {
    .phrase = job->phrase,
    .by = job->reviewer,
    .pass = job->pass,
    .changes = (const RegionChange *) job->changes->data,
    .n_changes = job->changes->len,
    .revisions = (const gint64 *) job->revisions->data,
    .n_revisions = job->revisions->len,
    .others = (const gint64 *) job->others->data,
    .n_others = job->others->len,
  };

  return project_correct (project, &correction, error);
}

static gboolean
write_undo (Project *project, WriteJob *job, GError **error)
{
  gboolean redo = job->kind == WRITE_REDO;
  g_autofree char *what = NULL;

  if (!project_undo_peek (project, job->reviewer, redo, &job->undone, &job->target, error))
    return FALSE;
  return job->undone == NULL || (redo ? project_redo : project_undo) (project, job->reviewer, &what, error);
}

/* The place and what comes back follow in the same turn. That they might fail takes no verdict back. */
static void
write_place (Project *project, WriteJob *job)
{
  g_autoptr (GError) error = NULL;

  if (job->queue.id == 0)
    return;
  if (job->put_back)
    {
      g_auto (Queue) now = { 0 };

      if (queue_open (project, job->reviewer, job->queue_pass, &now, &error) && queue_put_back (project, &job->queue, job->nth, &error))
        job->added = queue_items (project, &job->queue, now.n, 2, &error);
    }
  if (error == NULL && job->next >= 0)
    queue_set_position (project, &job->queue, job->next, &error);
  if (error != NULL)
    g_warning ("The queue was not written: %s", error->message);
}

static gboolean
write_job (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  WriteJob *job = data;
  gboolean good;

  switch (job->kind)
    {
    case WRITE_VERDICT:
      good = write_verdict (project, job, error);
      break;
    case WRITE_CORRECTION:
      good = write_correction (project, job, error);
      break;
    case WRITE_REVERT:
      return project_revert_phrase (project, job->phrase, job->seq, job->reviewer, &job->changed, error);
    default:
      return write_undo (project, job, error);
    }
  if (good)
    write_place (project, job);
  return good;
}

/* Back on the main thread ----------------------------------------------------------------------------------------------- */

/* Rows of a phrase whose verdict may be another one now. */
typedef struct
{
  AlidadeReviewSession *session;
  guint opening;
  Queue queue;
  gint64 phrase;
  GArray *nths;       /* gint64 */
  GPtrArray *items;   /* QueueItem */
  gboolean go;        /* to the first of them */
} RowsJob;

static void
rows_job_free (gpointer data)
{
  RowsJob *job = data;

  g_object_unref (job->session);
  g_array_unref (job->nths);
  g_ptr_array_unref (job->items);
  g_free (job);
}

static gboolean
read_rows (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  RowsJob *job = data;

  for (guint i = 0; i < job->nths->len; i++)
    {
      g_autoptr (GPtrArray) items = queue_items (project, &job->queue, g_array_index (job->nths, gint64, i), 1, error);

      if (items == NULL)
        return FALSE;
      if (items->len > 0)
        g_ptr_array_add (job->items, g_ptr_array_steal_index (items, 0));
    }
  return TRUE;
}

static int
find_row (AlidadeReviewSession *self, gint64 nth)
{
  for (guint i = 0; i < self->list->len; i++)
    if (alidade_review_row_get_item (_alidade_review_session_row (self, i))->nth == nth)
      return i;
  return -1;
}

static void
rows_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeReviewSession) self = data;
  g_autoptr (GError) error = NULL;
  gpointer job_data;
  gboolean good = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (source), result, &job_data, &error);
  RowsJob *job = job_data;
  int first = -1;

  if (!good || self->prefetch == NULL || job->opening != self->opening)
    return;
  for (guint i = 0; i < job->items->len; i++)
    {
      const QueueItem *item = job->items->pdata[i];
      int at = find_row (self, item->nth);

      if (at < 0)
        continue;
      alidade_review_row_set_verdict (_alidade_review_session_row (self, at), item->verdict);
      alidade_review_row_set_answered (_alidade_review_session_row (self, at), FALSE);
      if (first < 0)
        first = at;
    }
  if (self->state == REVIEW_FINISHED && _alidade_review_session_find_waiting (self, self->position) >= 0)
    _alidade_review_session_set_state (self, REVIEW_AT_WORK, NULL);
  if (job->go && first >= 0 && first != self->position)
    _alidade_review_session_move (self, first);
  _alidade_review_session_progress (self);
}

/* Reads the verdicts of a phrase's rows again. */
static void
refresh_rows (AlidadeReviewSession *self, gint64 phrase, gboolean go)
{
  RowsJob *job = g_new0 (RowsJob, 1);

  job->session = g_object_ref (self);
  job->opening = self->opening;
  job->queue.id = self->queue.id;
  job->phrase = phrase;
  job->go = go;
  job->nths = g_array_new (FALSE, FALSE, sizeof (gint64));
  job->items = g_ptr_array_new_with_free_func ((GDestroyNotify) queue_item_free);
  for (guint i = 0; i < self->list->len; i++)
    {
      const QueueItem *item = alidade_review_row_get_item (_alidade_review_session_row (self, i));

      if (item->phrase == phrase)
        g_array_append_val (job->nths, item->nth);
    }
  alidade_project_service_read_async (self->projects, read_rows, job, rows_job_free, NULL, rows_cb, g_object_ref (self));
}

static void
tell_undone (AlidadeReviewSession *self, const WriteJob *job)
{
  const char *did = job->kind == WRITE_REDO ? "Done again" : "Taken back";
  g_autofree char *text = NULL;
  const QueueItem *item = NULL;

  if (job->undone == NULL)
    {
      _alidade_review_session_say (self, job->kind == WRITE_REDO ? "Nothing to do again" : "Nothing to take back");
      return;
    }
  for (guint i = 0; i < self->list->len && item == NULL; i++)
    {
      const QueueItem *at = alidade_review_row_get_item (_alidade_review_session_row (self, i));

      if (at->phrase == job->target)
        item = at;
    }
  text = item != NULL ? g_strdup_printf ("%s: %s", did, item->text) : g_strdup_printf ("%s: a change of %s %s", did,
                                                                                        strchr ("aeiou", *job->undone) ? "an" : "a", job->undone);
  _alidade_review_session_refresh_image (self, item != NULL ? item->image : 0);
  if (item != NULL)
    refresh_rows (self, job->target, TRUE);
  _alidade_review_session_say (self, text);
}

static void
tell_written (AlidadeReviewSession *self, WriteJob *job)
{
  g_autofree char *text = NULL;

  if (job->added != NULL)
    _alidade_review_session_add_rows (self, job->added);
  if (job->kind == WRITE_CORRECTION || job->kind == WRITE_REVERT)
    _alidade_review_session_refresh_image (self, job->image);
  else
    review_prefetch_forget_phrase (self->prefetch, job->phrase);
  for (guint i = 0; i < job->others->len; i++)
    refresh_rows (self, g_array_index (job->others, gint64, i), FALSE);
  if (job->kind == WRITE_REVERT)
    {
      refresh_rows (self, job->phrase, FALSE);
      _alidade_review_session_say (self, job->changed ? "Reverted" : "It was like this already");
      return;
    }
  text = g_strdup_printf ("%s · %s", review_verdict_letter (job->verdict), job->text);
  _alidade_review_session_say (self, text);
}

/* The row gets its old verdict, and the session goes back to it. */
static void
take_back (AlidadeReviewSession *self, WriteJob *job)
{
  if (job->kind != WRITE_VERDICT && job->kind != WRITE_CORRECTION)
    return;
  alidade_review_row_set_answered (_alidade_review_session_row (self, job->position), FALSE);
  alidade_review_row_set_verdict (_alidade_review_session_row (self, job->position), job->before);
  _alidade_review_session_refresh_image (self, job->image);
  if (self->state == REVIEW_FINISHED)
    _alidade_review_session_set_state (self, REVIEW_AT_WORK, NULL);
  if (self->position != job->position)
    _alidade_review_session_move (self, job->position);
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeReviewSession) self = data;
  g_autoptr (GError) error = NULL;
  gpointer job_data;
  gboolean good = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (source), result, &job_data, &error);
  WriteJob *job = job_data;

  self->n_unwritten--;
  self->ignore_until = g_get_monotonic_time () + G_USEC_PER_SEC / 4;
  if (self->prefetch == NULL)
    return;
  if (job->opening != self->opening)
    {
      if (!good)
        _alidade_review_session_fail (self, error);
      return;
    }
  if (!good)
    {
      take_back (self, job);
      _alidade_review_session_fail (self, error);
    }
  else if (job->kind == WRITE_UNDO || job->kind == WRITE_REDO)
    tell_undone (self, job);
  else
    tell_written (self, job);
  if (self->state == REVIEW_FINISHED && job->added != NULL && _alidade_review_session_find_waiting (self, self->position) >= 0)
    {
      _alidade_review_session_set_state (self, REVIEW_AT_WORK, NULL);
      alidade_review_session_next (self);
    }
  _alidade_review_session_progress (self);
}

static void
send (AlidadeReviewSession *self, WriteJob *job)
{
  self->n_unwritten++;
  self->ignore_until = g_get_monotonic_time () + G_USEC_PER_SEC;
  alidade_project_service_write_async (self->projects, write_job, job, job_free, written_cb, g_object_ref (self));
}

/* What people do --------------------------------------------------------------------------------------------------------- */

static void
note_time (AlidadeReviewSession *self)
{
  memmove (self->times + 1, self->times, (REVIEW_PACE_TIMES - 1) * sizeof *self->times);
  self->times[0] = g_get_monotonic_time ();
  self->n_times = MIN (self->n_times + 1, REVIEW_PACE_TIMES);
}

/* The row has its verdict, and the next one that waits is on screen. */
static void
go_on (AlidadeReviewSession *self, WriteJob *job)
{
  AlidadeReviewRow *row = alidade_review_session_get_row (self);
  int next;

  note_time (self);
  alidade_review_row_set_verdict (row, job->verdict);
  alidade_review_row_set_answered (row, TRUE);
  next = _alidade_review_session_find_waiting (self, self->position);
  if (next >= 0)
    job->next = alidade_review_row_get_item (_alidade_review_session_row (self, next))->nth;
  send (self, job);
  if (next >= 0)
    _alidade_review_session_move (self, next);
  else
    _alidade_review_session_set_state (self, REVIEW_FINISHED, NULL);
  _alidade_review_session_progress (self);
}

static gboolean
can_give (AlidadeReviewSession *self, gint64 phrase)
{
  return phrase != 0 && phrase == alidade_review_session_get_phrase (self) && alidade_review_session_get_ready (self);
}

static void
refuse (AlidadeReviewSession *self, const char *text)
{
  g_autoptr (GError) error = g_error_new_literal (PROJECT_ERROR, PROJECT_ERROR_REFUSED, text);

  _alidade_review_session_fail (self, error);
}

gboolean
alidade_review_session_give (AlidadeReviewSession *self, gint64 phrase, VerdictKind verdict)
{
  WriteJob *job;

  g_return_val_if_fail (ALIDADE_IS_REVIEW_SESSION (self) && verdict != VERDICT_CORRECTED, FALSE);

  if (!can_give (self, phrase))
    return FALSE;
  job = job_new (self, WRITE_VERDICT);
  job->verdict = verdict_kind_name (verdict);
  if (verdict == VERDICT_ACCEPTED && job->revisions->len == 0)
    {
      ReviewItem *item = alidade_review_session_get_item (self);

      refuse (self, item->regions->len == 0 ? "There is no region to accept: draw one, or say that it is not here."
                                            : "No region is ticked: tick those that are right.");
      job_free (job);
      return FALSE;
    }
  job->put_back = verdict == VERDICT_UNSURE;
  go_on (self, job);
  return TRUE;
}

static gboolean
is_changed (const RegionChange *changes, guint n, gint64 region)
{
  for (guint i = 0; i < n; i++)
    if (changes[i].region == region)
      return TRUE;
  return FALSE;
}

/* In a blind pass a region that is shown as it was is not the one that is there: a person's version stands beside. */
static gboolean
may_change (const QueueItem *at, const ReviewItem *item, gint64 region)
{
  for (guint i = 0; i < item->regions->len; i++)
    {
      const ReviewRegion *own = item->regions->pdata[i];

      if (own->region == region)
        return !at->blind || own->origin == ORIGIN_PERSON;
    }
  return FALSE;
}

gboolean
alidade_review_session_correct (AlidadeReviewSession *self, gint64 phrase, const RegionChange *changes, guint n, gboolean whole_chain)
{
  ReviewItem *item = alidade_review_session_get_item (self);
  WriteJob *job;

  g_return_val_if_fail (ALIDADE_IS_REVIEW_SESSION (self), FALSE);

  if (!can_give (self, phrase))
    return FALSE;
  job = job_new (self, WRITE_CORRECTION);
  job->verdict = "corrected";
  g_array_set_size (job->revisions, 0);
  for (guint i = 0; i < item->regions->len; i++)
    {
      const ReviewRegion *region = item->regions->pdata[i];

      if (alidade_review_session_get_ticked (self, i) && !is_changed (changes, n, region->region))
        g_array_append_val (job->revisions, region->revision);
    }
  for (guint i = 0; i < n; i++)
    {
      RegionChange change = changes[i];
      Shape *shape = NULL;

      if (change.region != 0 && !may_change (alidade_review_row_get_item (alidade_review_session_get_row (self)), item, change.region))
        {
          if (change.shape == NULL)
            continue;
          change.region = 0;
        }
      if (change.shape != NULL)
        {
          shape = g_new0 (Shape, 1);
          shape_copy (change.shape, shape);
        }
      change.shape = shape;
      g_array_append_val (job->changes, change);
    }
  for (guint i = 0; whole_chain && i < item->chain->len; i++)
    g_array_append_val (job->others, ((ReviewText *) item->chain->pdata[i])->id);
  go_on (self, job);
  return TRUE;
}

void
alidade_review_session_undo (AlidadeReviewSession *self)
{
  if (self->reviewer != NULL)
    send (self, job_new (self, WRITE_UNDO));
}

void
alidade_review_session_redo (AlidadeReviewSession *self)
{
  if (self->reviewer != NULL)
    send (self, job_new (self, WRITE_REDO));
}

void
alidade_review_session_revert (AlidadeReviewSession *self, gint64 seq)
{
  WriteJob *job;

  if (alidade_review_session_get_phrase (self) == 0)
    return;
  job = job_new (self, WRITE_REVERT);
  job->seq = seq;
  send (self, job);
}
