/* SPDX-License-Identifier: MIT
 * review-session.c: the queue, the place in it, and what is known of the current phrase. */
#include "review-session-private.h"

#include <math.h>
#include <string.h>

#define AHEAD 4               /* items that are made ready before they are asked for */
#define ROWS_LIMIT 1000000
#define POSITION_DELAY 500    /* ms until the place is written down */
#define PAUSE (120 * G_USEC_PER_SEC)
#define PACE_LEAST 5

G_DEFINE_FINAL_TYPE (AlidadeReviewSession, alidade_review_session, G_TYPE_OBJECT)

enum
{
  STATE_CHANGED,
  CURRENT_CHANGED,
  CURRENT_LOADED,
  PROGRESS_CHANGED,
  SAID,
  FAILED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

void
_alidade_review_session_set_state (AlidadeReviewSession *self, ReviewState state, const char *problem)
{
  self->state = state;
  if (self->problem != problem)
    {
      g_free (self->problem);
      self->problem = g_strdup (problem);
    }
  g_signal_emit (self, signals[STATE_CHANGED], 0);
}

void
_alidade_review_session_fail (AlidadeReviewSession *self, const GError *error)
{
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_signal_emit (self, signals[FAILED], 0, error->message);
}

void
_alidade_review_session_say (AlidadeReviewSession *self, const char *text)
{
  g_signal_emit (self, signals[SAID], 0, text);
}

void
_alidade_review_session_progress (AlidadeReviewSession *self)
{
  g_signal_emit (self, signals[PROGRESS_CHANGED], 0);
}

/* Rows ---------------------------------------------------------------------------------------------------------------- */

AlidadeReviewRow *
_alidade_review_session_row (AlidadeReviewSession *self, int position)
{
  return position >= 0 && position < (int) self->list->len ? self->list->pdata[position] : NULL;
}

static int
n_rows (AlidadeReviewSession *self)
{
  return (int) self->list->len;
}

int
_alidade_review_session_find_waiting (AlidadeReviewSession *self, int position)
{
  int n = n_rows (self);

  for (int i = 1; i <= n; i++)
    {
      int at = (position + i) % n;

      if (alidade_review_row_get_waiting (_alidade_review_session_row (self, at)))
        return at;
    }
  return -1;
}

void
_alidade_review_session_add_rows (AlidadeReviewSession *self, GPtrArray *items)
{
  guint before = self->list->len;

  g_ptr_array_set_free_func (items, NULL);
  for (guint i = 0; i < items->len; i++)
    g_ptr_array_add (self->list, alidade_review_row_new (items->pdata[i]));
  g_ptr_array_set_size (items, 0);
  g_list_store_splice (self->rows, before, 0, self->list->pdata + before, self->list->len - before);
}

static void
remove_rows (AlidadeReviewSession *self)
{
  g_list_store_remove_all (self->rows);
  g_ptr_array_set_size (self->list, 0);
}

/* The current one --------------------------------------------------------------------------------------------------------- */

static gboolean
get_loaded (AlidadeReviewSession *self, ReviewLoaded *loaded)
{
  AlidadeReviewRow *row = alidade_review_session_get_row (self);
  const QueueItem *item = row != NULL ? alidade_review_row_get_item (row) : NULL;

  memset (loaded, 0, sizeof *loaded);
  return item != NULL && review_prefetch_get (self->prefetch, item->phrase, item->pass, loaded);
}

static void
add_wish (AlidadeReviewSession *self, int position, GArray *wishes)
{
  const QueueItem *item = alidade_review_row_get_item (_alidade_review_session_row (self, position));
  const ReviewWish wish = { item->phrase, item->pass, item->blind };

  for (guint i = 0; i < wishes->len; i++)
    if (g_array_index (wishes, ReviewWish, i).phrase == wish.phrase && g_array_index (wishes, ReviewWish, i).pass == wish.pass)
      return;
  g_array_append_val (wishes, wish);
}

/* The current item, the next ones that wait, and the one before. */
static void
wish (AlidadeReviewSession *self)
{
  g_autoptr (GArray) wishes = g_array_new (FALSE, FALSE, sizeof (ReviewWish));
  int at = self->position;

  if (at < 0)
    return;
  add_wish (self, at, wishes);
  for (int i = 0; i < AHEAD && (at = _alidade_review_session_find_waiting (self, at)) >= 0; i++)
    add_wish (self, at, wishes);
  if (self->position > 0)
    add_wish (self, self->position - 1, wishes);
  review_prefetch_wish (self->prefetch, (const ReviewWish *) wishes->data, wishes->len);
}

static void
set_ticks (AlidadeReviewSession *self)
{
  ReviewLoaded loaded;
  ReviewItem *item = get_loaded (self, &loaded) ? loaded.item : NULL;
  gboolean any = FALSE;

  if (item == self->ticked_of)
    return;
  self->ticked_of = item;
  self->ticks_touched = self->drawing = FALSE;
  g_array_set_size (self->ticked, 0);
  if (item == NULL)
    return;
  g_array_set_size (self->ticked, item->regions->len);
  for (guint i = 0; i < item->regions->len; i++)
    {
      const ReviewRegion *region = item->regions->pdata[i];
      gboolean ticked = FALSE;

      for (guint j = 0; j < item->accepted->len; j++)
        ticked |= g_array_index (item->accepted, gint64, j) == region->revision;
      g_array_index (self->ticked, gboolean, i) = ticked;
      any |= ticked;
    }
  if (!any && item->regions->len > 0)
    g_array_index (self->ticked, gboolean, 0) = TRUE;
}

static void
loaded_cb (gint64 phrase, int pass, gpointer data)
{
  AlidadeReviewSession *self = data;
  AlidadeReviewRow *row = alidade_review_session_get_row (self);
  const QueueItem *item = row != NULL ? alidade_review_row_get_item (row) : NULL;

  if (item == NULL || item->phrase != phrase || item->pass != pass)
    return;
  set_ticks (self);
  g_signal_emit (self, signals[CURRENT_LOADED], 0);
}

void
_alidade_review_session_refresh_image (AlidadeReviewSession *self, gint64 image)
{
  review_prefetch_forget_items (self->prefetch, image);
}

/* The place ------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  Queue queue; /* its id alone counts */
  gint64 nth;
} PositionJob;

static gboolean
write_position (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  PositionJob *job = data;

  return queue_set_position (project, &job->queue, job->nth, error);
}

static void
flush_position (AlidadeReviewSession *self)
{
  AlidadeReviewRow *row = alidade_review_session_get_row (self);
  PositionJob *job;

  g_clear_handle_id (&self->position_id, g_source_remove);
  if (row == NULL || self->position == self->kept_position || alidade_project_service_get_folder (self->projects) == NULL ||
      alidade_project_service_get_reason (self->projects) != NULL)
    return;
  self->kept_position = self->position;
  self->ignore_until = g_get_monotonic_time () + G_USEC_PER_SEC;
  job = g_new0 (PositionJob, 1);
  job->queue.id = self->queue.id;
  job->nth = alidade_review_row_get_item (row)->nth;
  alidade_project_service_write_async (self->projects, write_position, job, g_free, NULL, NULL);
}

static gboolean
position_cb (gpointer data)
{
  AlidadeReviewSession *self = data;

  self->position_id = 0;
  flush_position (self);
  return G_SOURCE_REMOVE;
}

void
_alidade_review_session_move (AlidadeReviewSession *self, int position)
{
  self->position = position;
  self->ticked_of = NULL;
  g_array_set_size (self->ticked, 0);
  wish (self);
  set_ticks (self);
  if (self->position_id == 0)
    self->position_id = g_timeout_add (POSITION_DELAY, position_cb, self);
  g_signal_emit (self, signals[CURRENT_CHANGED], 0);
}

void
alidade_review_session_go_to (AlidadeReviewSession *self, int position)
{
  if (position < 0 || position >= n_rows (self) || position == self->position)
    return;
  _alidade_review_session_move (self, position);
}

void
alidade_review_session_next (AlidadeReviewSession *self)
{
  int next = self->position >= 0 ? _alidade_review_session_find_waiting (self, self->position) : -1;

  alidade_review_session_go_to (self, next);
}

void
alidade_review_session_previous (AlidadeReviewSession *self)
{
  alidade_review_session_go_to (self, self->position - 1);
}

/* Opening ---------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  AlidadeReviewSession *session;
  guint opening;
  gboolean make;          /* anew, whatever is there */
  gboolean writing;
  QueueSettings settings;
  ProjectCounts counts;
  Queue queue;
  GPtrArray *items;       /* QueueItem */
  gboolean none;          /* there is no queue */
} OpenJob;

static void
settings_copy (QueueSettings *to, const QueueSettings *from)
{
  *to = *from;
  to->reviewer = g_strdup (from->reviewer);
  to->model = g_strdup (from->model);
  to->filter = g_strdup (from->filter);
}

static void
settings_clear (QueueSettings *settings)
{
  g_free ((char *) settings->reviewer);
  g_free ((char *) settings->model);
  g_free ((char *) settings->filter);
  memset (settings, 0, sizeof *settings);
}

static void
open_job_free (gpointer data)
{
  OpenJob *job = data;

  settings_clear (&job->settings);
  queue_clear (&job->queue);
  g_clear_pointer (&job->items, g_ptr_array_unref);
  g_free (job);
}

static gboolean
open_queue (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  OpenJob *job = data;

  if (!project_count (project, &job->counts, error) || (job->make && !queue_make (project, &job->settings, error)) ||
      !queue_open (project, job->settings.reviewer, job->settings.pass, &job->queue, error))
    return FALSE;
  job->none = job->queue.id == 0;
  if (job->none)
    return TRUE;
  job->items = queue_items (project, &job->queue, 0, ROWS_LIMIT, error);
  return job->items != NULL;
}

static int
find_nth (AlidadeReviewSession *self, gint64 nth)
{
  int n = n_rows (self);

  for (int i = 0; i < n; i++)
    if (alidade_review_row_get_item (_alidade_review_session_row (self, i))->nth >= nth)
      return i;
  return n > 0 ? 0 : -1;
}

static void
take_queue (AlidadeReviewSession *self, OpenJob *job)
{
  int at;

  queue_clear (&self->queue);
  self->queue = job->queue;
  memset (&job->queue, 0, sizeof job->queue);
  remove_rows (self);
  _alidade_review_session_add_rows (self, job->items);
  review_prefetch_set_reader (self->prefetch, self->reviewer, self->pass > 1 ? self->queue.at : 0, self->queue.model);
  at = find_nth (self, self->queue.position);
  if (at >= 0 && !alidade_review_row_get_waiting (_alidade_review_session_row (self, at)))
    {
      int waiting = _alidade_review_session_find_waiting (self, at);

      at = waiting >= 0 ? waiting : at;
    }
  self->position = self->kept_position = at;
}

static void start_opening (AlidadeReviewSession *self, gboolean make);

static void
show_queue (AlidadeReviewSession *self, OpenJob *job)
{
  ReviewState state;

  take_queue (self, job);
  if (n_rows (self) == 0)
    state = REVIEW_EMPTY;
  else
    state = _alidade_review_session_find_waiting (self, self->position) < 0 ? REVIEW_FINISHED : REVIEW_AT_WORK;
  _alidade_review_session_set_state (self, state, NULL);
  _alidade_review_session_progress (self);
  if (self->position >= 0)
    _alidade_review_session_move (self, self->position);
  else
    g_signal_emit (self, signals[CURRENT_CHANGED], 0);
}

static void
show_nothing (AlidadeReviewSession *self, ReviewState state, const char *problem)
{
  remove_rows (self);
  self->position = self->kept_position = -1;
  review_prefetch_set_reader (self->prefetch, self->reviewer, 0, NULL);
  self->ticked_of = NULL;
  g_array_set_size (self->ticked, 0);
  _alidade_review_session_set_state (self, state, problem);
  _alidade_review_session_progress (self);
  g_signal_emit (self, signals[CURRENT_CHANGED], 0);
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeReviewSession) self = data;
  g_autoptr (GError) error = NULL;
  gpointer job_data;
  OpenJob *job;
  gboolean good = alidade_project_service_finish (self->projects, result, &job_data, &error);

  job = job_data;
  if (self->prefetch == NULL || job->opening != self->opening)
    return;
  self->is_opening = FALSE;
  self->counts = job->counts;
  if (!good && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (!good)
    show_nothing (self, REVIEW_FAILED, error->message);
  else if (job->counts.phrases == 0 && job->counts.captions == 0)
    show_nothing (self, REVIEW_NO_PHRASES, NULL);
  else if (job->counts.phrases == 0 || (job->counts.regions == 0 && job->counts.verdicts == 0))
    show_nothing (self, REVIEW_NO_PROPOSALS, NULL);
  else if (job->none && alidade_project_service_get_reason (self->projects) != NULL)
    show_nothing (self, REVIEW_FAILED, alidade_project_service_get_reason (self->projects));
  else if (job->none)
    start_opening (self, TRUE);
  else
    show_queue (self, job);
}

static void
start_opening (AlidadeReviewSession *self, gboolean make)
{
  OpenJob *job;

  self->opening++;
  self->is_opening = FALSE;
  g_clear_handle_id (&self->position_id, g_source_remove);
  if (!self->started)
    return;
  if (alidade_project_service_get_folder (self->projects) == NULL)
    {
      memset (&self->counts, 0, sizeof self->counts);
      show_nothing (self, REVIEW_NO_PROJECT, NULL);
      return;
    }
  self->is_opening = TRUE;
  job = g_new0 (OpenJob, 1);
  job->opening = self->opening;
  job->make = make;
  settings_copy (&job->settings, &self->settings);
  g_free ((char *) job->settings.reviewer);
  job->settings.reviewer = g_strdup (self->reviewer);
  job->settings.pass = self->pass;
  if (self->state != REVIEW_AT_WORK && self->state != REVIEW_FINISHED)
    _alidade_review_session_set_state (self, REVIEW_LOADING, NULL);
  self->ignore_until = g_get_monotonic_time () + G_USEC_PER_SEC;
  if (make)
    alidade_project_service_write_async (self->projects, open_queue, job, open_job_free, opened_cb, g_object_ref (self));
  else
    alidade_project_service_read_async (self->projects, open_queue, job, open_job_free, NULL, opened_cb, g_object_ref (self));
}

void
alidade_review_session_set_reviewer (AlidadeReviewSession *self, const char *name, int pass)
{
  char *kept;

  g_return_if_fail (ALIDADE_IS_REVIEW_SESSION (self) && name != NULL);

  if (self->started && g_strcmp0 (name, self->reviewer) == 0 && pass == self->pass)
    return;
  flush_position (self);
  kept = g_strdup (name); /* which may be ours */
  g_free (self->reviewer);
  self->reviewer = kept;
  self->pass = MAX (pass, 1);
  self->started = TRUE;
  self->n_times = 0;
  start_opening (self, FALSE);
}

void
alidade_review_session_set_settings (AlidadeReviewSession *self, const QueueSettings *settings)
{
  QueueSettings copy;

  settings_copy (&copy, settings);
  settings_clear (&self->settings);
  self->settings = copy;
}

void
alidade_review_session_refresh (AlidadeReviewSession *self)
{
  start_opening (self, TRUE);
}

void
alidade_review_session_reopen (AlidadeReviewSession *self)
{
  flush_position (self);
  start_opening (self, FALSE);
}

void
alidade_review_session_set_held (AlidadeReviewSession *self, gboolean held)
{
  self->held = held;
}

static void
project_opened_cb (AlidadeReviewSession *self)
{
  self->state = REVIEW_LOADING;
  self->n_times = 0;
  start_opening (self, FALSE);
}

/* Others wrote: what is kept of phrases that are not on screen may be old. A queue that could not be shown may be there now. */
static void
project_changed_cb (AlidadeReviewSession *self)
{
  if (self->n_unwritten > 0 || self->is_opening || self->held || g_get_monotonic_time () < self->ignore_until)
    return;
  if (self->state == REVIEW_NO_PHRASES || self->state == REVIEW_NO_PROPOSALS)
    start_opening (self, FALSE);
}

static void
model_changed_cb (AlidadeReviewSession *self)
{
  review_prefetch_forget_maps (self->prefetch);
  g_signal_emit (self, signals[CURRENT_LOADED], 0);
}

/* Getters ------------------------------------------------------------------------------------------------------------- */

const char *
alidade_review_session_get_reviewer (AlidadeReviewSession *self)
{
  return self->reviewer;
}

int
alidade_review_session_get_pass (AlidadeReviewSession *self)
{
  return self->pass;
}

const QueueSettings *
alidade_review_session_get_settings (AlidadeReviewSession *self)
{
  return &self->settings;
}

ReviewState
alidade_review_session_get_state (AlidadeReviewSession *self)
{
  return self->state;
}

const char *
alidade_review_session_get_problem (AlidadeReviewSession *self)
{
  return self->problem;
}

const ProjectCounts *
alidade_review_session_get_counts (AlidadeReviewSession *self)
{
  return &self->counts;
}

QueueOrder
alidade_review_session_get_order (AlidadeReviewSession *self)
{
  return self->queue.id != 0 ? self->queue.order : self->settings.order;
}

const char *
alidade_review_session_get_model (AlidadeReviewSession *self)
{
  return self->queue.model;
}

GListModel *
alidade_review_session_get_rows (AlidadeReviewSession *self)
{
  return G_LIST_MODEL (self->rows);
}

int
alidade_review_session_get_n_left (AlidadeReviewSession *self)
{
  int left = 0;

  for (int i = 0, n = n_rows (self); i < n; i++)
    left += alidade_review_row_get_waiting (_alidade_review_session_row (self, i));
  return left;
}

/* As the queue's own, but without reading: verdicts of this session, up to the first pause. */
double
alidade_review_session_get_pace (AlidadeReviewSession *self)
{
  guint n = self->n_times > 0 ? 1 : 0;

  while (n < self->n_times && self->times[n - 1] - self->times[n] <= PAUSE)
    n++;
  if (n < PACE_LEAST || self->times[0] <= self->times[n - 1])
    return self->queue.pace;
  return (n - 1) * 60e6 / (self->times[0] - self->times[n - 1]);
}

guint
alidade_review_session_get_n_unwritten (AlidadeReviewSession *self)
{
  return self->n_unwritten;
}

int
alidade_review_session_get_position (AlidadeReviewSession *self)
{
  return self->position;
}

AlidadeReviewRow *
alidade_review_session_get_row (AlidadeReviewSession *self)
{
  return _alidade_review_session_row (self, self->position);
}

gint64
alidade_review_session_get_phrase (AlidadeReviewSession *self)
{
  AlidadeReviewRow *row = alidade_review_session_get_row (self);

  return row != NULL ? alidade_review_row_get_item (row)->phrase : 0;
}

ReviewItem *
alidade_review_session_get_item (AlidadeReviewSession *self)
{
  ReviewLoaded loaded;

  return get_loaded (self, &loaded) ? loaded.item : NULL;
}

AlidadeLoadedPicture *
alidade_review_session_get_picture (AlidadeReviewSession *self)
{
  ReviewLoaded loaded;

  return get_loaded (self, &loaded) ? loaded.picture : NULL;
}

ViewPyramid *
alidade_review_session_get_pyramid (AlidadeReviewSession *self)
{
  ReviewLoaded loaded;

  return get_loaded (self, &loaded) ? loaded.pyramid : NULL;
}

AlidadeMaps *
alidade_review_session_get_maps (AlidadeReviewSession *self)
{
  ReviewLoaded loaded;

  return get_loaded (self, &loaded) ? loaded.maps : NULL;
}

const float *
alidade_review_session_get_map (AlidadeReviewSession *self)
{
  ReviewLoaded loaded;

  return get_loaded (self, &loaded) ? loaded.map : NULL;
}

const char *
alidade_review_session_get_trouble (AlidadeReviewSession *self)
{
  ReviewLoaded loaded;

  return get_loaded (self, &loaded) ? loaded.trouble : NULL;
}

gboolean
alidade_review_session_get_ready (AlidadeReviewSession *self)
{
  ReviewLoaded loaded;

  return get_loaded (self, &loaded) && loaded.item != NULL && loaded.fresh && (loaded.pyramid != NULL || loaded.trouble != NULL);
}

gboolean
alidade_review_session_get_ticked (AlidadeReviewSession *self, guint region)
{
  return region < self->ticked->len && g_array_index (self->ticked, gboolean, region);
}

void
alidade_review_session_set_ticked (AlidadeReviewSession *self, guint region, gboolean ticked)
{
  if (region >= self->ticked->len || g_array_index (self->ticked, gboolean, region) == ticked)
    return;
  g_array_index (self->ticked, gboolean, region) = ticked;
  self->ticks_touched = TRUE;
  g_signal_emit (self, signals[CURRENT_LOADED], 0);
}

/* A person's own region stands for the proposals, unless the person ticked some. */
void
alidade_review_session_set_drawing (AlidadeReviewSession *self, gboolean drawing)
{
  ReviewItem *item = self->ticked_of;

  if (item == NULL || self->ticks_touched || self->drawing == drawing)
    return;
  self->ticked_of = NULL;
  set_ticks (self);
  self->drawing = drawing;
  for (guint i = 0; drawing && i < self->ticked->len; i++)
    {
      const ReviewRegion *region = item->regions->pdata[i];

      if (region->origin == ORIGIN_MAP || region->origin == ORIGIN_DETECTOR)
        g_array_index (self->ticked, gboolean, i) = FALSE;
    }
  g_signal_emit (self, signals[CURRENT_LOADED], 0);
}

float *
alidade_review_phrase_map (const ReviewItem *item, const AlidadeMaps *maps)
{
  return review_map_of (item, maps);
}

/* Comparing -------------------------------------------------------------------------------------------------------------- */

static void
compared_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  gpointer job_data;
  gboolean good = alidade_engine_service_work_finish (ALIDADE_ENGINE_SERVICE (source), result, &job_data, &error);
  ReviewMapsJob *job = job_data;

  if (good)
    g_task_return_pointer (task, g_steal_pointer (&job->maps), (GDestroyNotify) alidade_maps_unref);
  else
    g_task_return_error (task, error);
}

void
alidade_review_session_request_maps_async (AlidadeReviewSession *self, const AlbefMapsRequest *request, GCancellable *cancellable,
                                           GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  ReviewLoaded loaded;
  /* ITC has one map of a whole text: the phrase's own. */
  gboolean alone = request->method == ALBEF_METHOD_ITC_GRADCAM;

  if (!get_loaded (self, &loaded) || loaded.item == NULL || loaded.picture == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "The picture is not there yet.");
      g_object_unref (task);
      return;
    }
  alidade_engine_service_work_async (self->engine, ALIDADE_ENGINE_NOW, review_maps_job_run,
                                     review_maps_job_new (loaded.picture, review_map_text (loaded.item, alone), request),
                                     review_maps_job_free, cancellable, compared_cb, task);
}

AlidadeMaps *
alidade_review_session_request_maps_finish (AlidadeReviewSession *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* GObject ------------------------------------------------------------------------------------------------------------------- */

static void
alidade_review_session_dispose (GObject *object)
{
  AlidadeReviewSession *self = ALIDADE_REVIEW_SESSION (object);

  if (self->prefetch != NULL)
    {
      flush_position (self);
      g_clear_handle_id (&self->position_id, g_source_remove);
      g_signal_handlers_disconnect_by_data (self->projects, self);
      g_signal_handlers_disconnect_by_data (self->engine, self);
    }
  g_clear_pointer (&self->prefetch, review_prefetch_free);
  G_OBJECT_CLASS (alidade_review_session_parent_class)->dispose (object);
}

static void
alidade_review_session_finalize (GObject *object)
{
  AlidadeReviewSession *self = ALIDADE_REVIEW_SESSION (object);

  g_clear_object (&self->projects);
  g_clear_object (&self->engine);
  g_clear_object (&self->rows);
  g_ptr_array_unref (self->list);
  g_array_unref (self->ticked);
  settings_clear (&self->settings);
  queue_clear (&self->queue);
  g_free (self->reviewer);
  g_free (self->problem);
  G_OBJECT_CLASS (alidade_review_session_parent_class)->finalize (object);
}

static void
alidade_review_session_class_init (AlidadeReviewSessionClass *klass)
{
  const char *const plain[] = { "state-changed", "current-changed", "current-loaded", "progress-changed" };

  G_OBJECT_CLASS (klass)->dispose = alidade_review_session_dispose;
  G_OBJECT_CLASS (klass)->finalize = alidade_review_session_finalize;
  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    signals[i] = g_signal_new (plain[i], G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  for (guint i = SAID; i <= FAILED; i++)
    signals[i] = g_signal_new (i == SAID ? "said" : "failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                               G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
alidade_review_session_init (AlidadeReviewSession *self)
{
  self->rows = g_list_store_new (ALIDADE_TYPE_REVIEW_ROW);
  self->list = g_ptr_array_new_with_free_func (g_object_unref);
  self->ticked = g_array_new (FALSE, TRUE, sizeof (gboolean));
  self->position = self->kept_position = -1;
  self->pass = 1;
  self->settings.order = QUEUE_OUTSIDE;
}

AlidadeReviewSession *
alidade_review_session_new (AlidadeProjectService *projects, AlidadeEngineService *engine)
{
  AlidadeReviewSession *self = g_object_new (ALIDADE_TYPE_REVIEW_SESSION, NULL);

  self->projects = g_object_ref (projects);
  self->engine = g_object_ref (engine);
  self->prefetch = review_prefetch_new (projects, engine, loaded_cb, self);
  g_signal_connect_swapped (projects, "opened", G_CALLBACK (project_opened_cb), self);
  g_signal_connect_swapped (projects, "changed", G_CALLBACK (project_changed_cb), self);
  g_signal_connect_swapped (engine, "model-changed", G_CALLBACK (model_changed_cb), self);
  return self;
}
