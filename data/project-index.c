/* SPDX-License-Identifier: MIT
 * project-index.c: one reading at a time. What changes meanwhile is taken up by one more when it ends. */
#include "project-index.h"

#include <string.h>

#define TELL_FIRST (60 * G_TIME_SPAN_MILLISECOND) /* a first screen */
#define TELL_AGAIN (700 * G_TIME_SPAN_MILLISECOND)

struct _AlidadeProjectIndex
{
  GObject parent_instance;

  AlidadeProjectService *service;
  LibraryIndex *index; /* NULL: no project */
  GCancellable *cancellable;
  guint serial; /* of the project */
  gboolean reading, again, loaded;
  GArray *entries, *images; /* gint64, waiting to be read again */
  double done;
  char *error;
};

G_DEFINE_FINAL_TYPE (AlidadeProjectIndex, alidade_project_index, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_READY,
  PROP_DONE,
  N_PROPS
};

enum
{
  SIGNAL_RESET,
  SIGNAL_UPDATED,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

/* Reading ---------------------------------------------------------------------------------------------------------- */

/* One visit of a reader: the first load, or what changed since. */
typedef struct
{
  AlidadeProjectIndex *owner; /* a reference, let go on the main thread */
  LibraryIndex *index;
  guint serial;
  gboolean load;
  GArray *entries, *images;
  gint64 told; /* the reader's */
  gint64 interval;
} Reading;

typedef struct
{
  AlidadeProjectIndex *owner;
  guint serial;
  double done;
} Progress;

static void start_reading (AlidadeProjectIndex *self);

static void
reading_free (gpointer data)
{
  Reading *reading = data;

  g_object_unref (reading->owner);
  library_index_unref (reading->index);
  g_array_unref (reading->entries);
  g_array_unref (reading->images);
  g_free (reading);
}

static gboolean
progress_cb (gpointer data)
{
  Progress *progress = data;
  AlidadeProjectIndex *self = progress->owner;

  if (progress->serial == self->serial && !self->loaded)
    {
      self->done = progress->done;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DONE]);
      g_signal_emit (self, signals[SIGNAL_UPDATED], 0);
    }
  return G_SOURCE_REMOVE;
}

static void
progress_free (gpointer data)
{
  Progress *progress = data;

  g_object_unref (progress->owner);
  g_free (progress);
}

/* On the reader's thread. */
static void
tell_progress (gint64 done, gint64 all, gpointer user_data)
{
  Reading *reading = user_data;
  gint64 now = g_get_monotonic_time ();
  Progress *progress;

  if (now - reading->told < reading->interval)
    return;
  reading->told = now;
  reading->interval = TELL_AGAIN;
  progress = g_new (Progress, 1);
  *progress = (Progress){ g_object_ref (reading->owner), reading->serial, all > 0 ? (double) done / all : 0 };
  g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, progress_cb, progress, progress_free);
}

static gboolean
read_func (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  Reading *reading = data;

  reading->told = g_get_monotonic_time ();
  if (reading->load)
    return library_index_load (reading->index, project, cancellable, tell_progress, reading, error);
  for (guint i = 0; i < reading->entries->len; i++)
    if (!library_index_update_entry (reading->index, project, g_array_index (reading->entries, gint64, i), cancellable,
                                     error))
      return FALSE;
  return (reading->images->len == 0
          || library_index_refresh_images (reading->index, project, (const gint64 *) reading->images->data,
                                           reading->images->len, error))
         && library_index_update (reading->index, project, cancellable, error);
}

static void
read_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeProjectIndex) self = data;
  g_autoptr (GError) error = NULL;
  gpointer passed = NULL;
  gboolean good = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (object), result, &passed, &error);
  const Reading *reading = passed;

  if (reading->serial != self->serial)
    return;
  self->reading = FALSE;
  if (good && reading->load)
    {
      self->loaded = TRUE;
      self->done = 1;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DONE]);
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_READY]);
    }
  if (!good && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_free (self->error);
      self->error = g_strdup (error->message);
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_READY]);
    }
  g_signal_emit (self, signals[SIGNAL_UPDATED], 0);
  if (self->again && (good || self->loaded))
    start_reading (self);
}

static void
start_reading (AlidadeProjectIndex *self)
{
  Reading *reading;

  if (self->index == NULL)
    return;
  if (self->reading)
    {
      self->again = TRUE;
      return;
    }
  self->reading = TRUE;
  self->again = FALSE;
  g_clear_pointer (&self->error, g_free);
  reading = g_new0 (Reading, 1);
  reading->owner = g_object_ref (self);
  reading->index = library_index_ref (self->index);
  reading->serial = self->serial;
  reading->load = !self->loaded;
  reading->interval = TELL_FIRST;
  reading->entries = g_steal_pointer (&self->entries);
  reading->images = g_steal_pointer (&self->images);
  self->entries = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->images = g_array_new (FALSE, FALSE, sizeof (gint64));
  alidade_project_service_read_async (self->service, read_func, reading, reading_free, self->cancellable, read_cb,
                                      g_object_ref (self));
}

/* The project ------------------------------------------------------------------------------------------------------ */

static void
forget (AlidadeProjectIndex *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->index, library_index_unref);
  g_clear_pointer (&self->error, g_free);
  g_array_set_size (self->entries, 0);
  g_array_set_size (self->images, 0);
  self->serial++;
  self->reading = self->again = self->loaded = FALSE;
  self->done = 0;
}

static void
opened_cb (AlidadeProjectIndex *self)
{
  forget (self);
  if (alidade_project_service_get_folder (self->service) != NULL)
    {
      self->index = library_index_new ();
      self->cancellable = g_cancellable_new ();
    }
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DONE]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_READY]);
  g_signal_emit (self, signals[SIGNAL_RESET], 0);
  start_reading (self);
}

/* Queries ---------------------------------------------------------------------------------------------------------- */

typedef struct
{
  LibraryIndex *index;
  LibraryFilter filter;
  guint page;
} Question;

static void
question_free (gpointer data)
{
  Question *question = data;

  library_index_unref (question->index);
  library_filter_clear (&question->filter);
  g_free (question);
}

static void
question_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Question *question = data;
  LibraryResult *result = library_index_query (question->index, &question->filter, question->page, cancellable);

  if (result != NULL)
    g_task_return_pointer (task, result, g_free);
  else
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "A newer question came");
}

void
alidade_project_index_query_async (AlidadeProjectIndex *self, const LibraryFilter *filter, guint page,
                                   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Question *question;

  g_return_if_fail (ALIDADE_IS_PROJECT_INDEX (self));
  g_task_set_source_tag (task, alidade_project_index_query_async);
  if (self->index == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "No project is open");
      return;
    }
  question = g_new0 (Question, 1);
  question->index = library_index_ref (self->index);
  question->page = page;
  library_filter_copy (&question->filter, filter);
  g_task_set_task_data (task, question, question_free);
  g_task_run_in_thread (task, question_thread);
}

LibraryResult *
alidade_project_index_query_finish (AlidadeProjectIndex *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* GObject ---------------------------------------------------------------------------------------------------------- */

static void
alidade_project_index_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  AlidadeProjectIndex *self = ALIDADE_PROJECT_INDEX (object);

  if (id == PROP_READY)
    g_value_set_boolean (value, self->loaded);
  else if (id == PROP_DONE)
    g_value_set_double (value, self->done);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
alidade_project_index_dispose (GObject *object)
{
  AlidadeProjectIndex *self = ALIDADE_PROJECT_INDEX (object);

  forget (self);
  if (self->service != NULL)
    g_signal_handlers_disconnect_by_data (self->service, self);
  g_clear_object (&self->service);
  G_OBJECT_CLASS (alidade_project_index_parent_class)->dispose (object);
}

static void
alidade_project_index_finalize (GObject *object)
{
  AlidadeProjectIndex *self = ALIDADE_PROJECT_INDEX (object);

  g_array_unref (self->entries);
  g_array_unref (self->images);
  G_OBJECT_CLASS (alidade_project_index_parent_class)->finalize (object);
}

static void
alidade_project_index_class_init (AlidadeProjectIndexClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = alidade_project_index_get_property;
  object_class->dispose = alidade_project_index_dispose;
  object_class->finalize = alidade_project_index_finalize;
  props[PROP_READY] = g_param_spec_boolean ("ready", NULL, NULL, FALSE, flags);
  props[PROP_DONE] = g_param_spec_double ("done", NULL, NULL, 0, 1, 0, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signals[SIGNAL_RESET]
      = g_signal_new ("reset", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_UPDATED]
      = g_signal_new ("updated", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
alidade_project_index_init (AlidadeProjectIndex *self)
{
  self->entries = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->images = g_array_new (FALSE, FALSE, sizeof (gint64));
}

AlidadeProjectIndex *
alidade_project_index_new (AlidadeProjectService *service)
{
  AlidadeProjectIndex *self = g_object_new (ALIDADE_TYPE_PROJECT_INDEX, NULL);

  self->service = g_object_ref (service);
  g_signal_connect_swapped (service, "opened", G_CALLBACK (opened_cb), self);
  g_signal_connect_swapped (service, "changed", G_CALLBACK (start_reading), self);
  if (alidade_project_service_get_folder (service) != NULL)
    opened_cb (self);
  return self;
}

AlidadeProjectService *
alidade_project_index_get_service (AlidadeProjectIndex *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_INDEX (self), NULL);
  return self->service;
}

gboolean
alidade_project_index_get_is_open (AlidadeProjectIndex *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_INDEX (self), FALSE);
  return self->index != NULL;
}

gboolean
alidade_project_index_get_ready (AlidadeProjectIndex *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_INDEX (self), FALSE);
  return self->loaded;
}

double
alidade_project_index_get_done (AlidadeProjectIndex *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_INDEX (self), 0);
  return self->done;
}

const char *
alidade_project_index_get_error (AlidadeProjectIndex *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_INDEX (self), NULL);
  return self->error;
}

gsize
alidade_project_index_get_bytes (AlidadeProjectIndex *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_INDEX (self), 0);
  return self->index != NULL ? library_index_bytes (self->index) : 0;
}

char **
alidade_project_index_get_tags (AlidadeProjectIndex *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_INDEX (self), NULL);
  return self->index != NULL ? library_index_tags (self->index) : g_new0 (char *, 1);
}

char **
alidade_project_index_get_models (AlidadeProjectIndex *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_INDEX (self), NULL);
  return self->index != NULL ? library_index_models (self->index) : g_new0 (char *, 1);
}

void
alidade_project_index_refresh_entry (AlidadeProjectIndex *self, gint64 entry)
{
  g_return_if_fail (ALIDADE_IS_PROJECT_INDEX (self));
  g_array_append_val (self->entries, entry);
  start_reading (self);
}

void
alidade_project_index_refresh_images (AlidadeProjectIndex *self, const gint64 *images, guint n)
{
  g_return_if_fail (ALIDADE_IS_PROJECT_INDEX (self));
  g_array_append_vals (self->images, images, n);
  start_reading (self);
}
