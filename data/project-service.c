/* SPDX-License-Identifier: MIT
 * project-service.c: one thread for the writer, which takes a person's functions first, and a few for readers, each with
 * a connection of its own. A session is one open project; what was handed to an older one ends as cancelled. */
#include "project-service.h"

#include "project.h"

#include <string.h>

#define N_READERS 2
#define CHANGED_INTERVAL (200 * G_TIME_SPAN_MILLISECOND)

/* An open project with its threads. References: the service, and each thread while it works. */
typedef struct
{
  gint ref_count; /* atomic */
  AlidadeProjectService *service; /* main thread only; NULL once the service let go */
  char *folder;
  char *reason;
  Project *writer; /* its thread's; NULL when open for reading */

  GMutex lock;
  GCond there;
  GQueue person, background; /* GTask, references */
  gboolean closing;
  GCancellable *all; /* jobs in the background and readers */
  gint told_at;      /* atomic: a "changed" is on its way */
  gint64 last_told;  /* the writer's thread */

  GThread *thread;
  GThreadPool *readers;
  GAsyncQueue *idle; /* Project, open for reading and not in use */
} Session;

typedef enum
{
  JOB_PERSON,
  JOB_BACKGROUND,
  JOB_READ
} JobKind;

typedef struct
{
  JobKind kind;
  AlidadeProjectFunc func;
  gpointer data;
  GDestroyNotify destroy;
  Session *session;
  GCancellable *both; /* the caller's and the session's */
  gulong all_id;
} Job;

struct _AlidadeProjectService
{
  GObject parent_instance;

  Session *session; /* NULL: no project */
  gboolean opening;
  char *title;
  guint n_waiting;
};

G_DEFINE_FINAL_TYPE (AlidadeProjectService, alidade_project_service, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_FOLDER,
  PROP_TITLE,
  PROP_REASON,
  PROP_N_WAITING,
  N_PROPS
};

enum
{
  SIGNAL_OPENED,
  SIGNAL_CHANGED,
  N_SIGNALS
};

/* Of the writer's thread: its session. */
static GPrivate current = G_PRIVATE_INIT (NULL);
static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

/* Sessions ------------------------------------------------------------------------------------------------------- */

static Session *
session_ref (Session *session)
{
  g_atomic_int_inc (&session->ref_count);
  return session;
}

static void
session_unref (gpointer data)
{
  Session *session = data;

  if (!g_atomic_int_dec_and_test (&session->ref_count))
    return;
  g_clear_pointer (&session->idle, g_async_queue_unref);
  g_clear_pointer (&session->writer, project_close);
  g_clear_object (&session->all);
  g_mutex_clear (&session->lock);
  g_cond_clear (&session->there);
  g_free (session->folder);
  g_free (session->reason);
  g_free (session);
}

static void
job_free (gpointer data)
{
  Job *job = data;

  if (job->both != NULL)
    g_cancellable_disconnect (job->session->all, job->all_id);
  g_clear_object (&job->both);
  if (job->destroy != NULL)
    job->destroy (job->data);
  session_unref (job->session);
  g_free (job);
}

static gboolean
changed_cb (gpointer data)
{
  Session *session = data;

  g_atomic_int_set (&session->told_at, 0);
  if (session->service != NULL)
    g_signal_emit (session->service, signals[SIGNAL_CHANGED], 0);
  return G_SOURCE_REMOVE;
}

/* From the writer's thread. */
static void
tell_changed (Session *session)
{
  session->last_told = g_get_monotonic_time ();
  if (g_atomic_int_compare_and_exchange (&session->told_at, 0, 1))
    g_idle_add_full (G_PRIORITY_DEFAULT, changed_cb, session_ref (session), session_unref);
}

static void
run_task (Session *session, Project *project, GTask *task)
{
  Job *job = g_task_get_task_data (task);
  GCancellable *cancellable = job->both != NULL ? job->both : g_task_get_cancellable (task);
  GError *error = NULL;

  if (g_cancellable_set_error_if_cancelled (cancellable, &error))
    g_task_return_error (task, error);
  else if (!job->func (project, job->data, cancellable, &error))
    g_task_return_error (task, error != NULL ? error
                                             : g_error_new_literal (PROJECT_ERROR, PROJECT_ERROR_FAILED,
                                                                    "The project could not be changed."));
  else
    {
      if (job->kind != JOB_READ)
        tell_changed (session);
      g_task_return_boolean (task, TRUE);
    }
}

/* The next function of a person, or with `any` of whatever kind; waits for one. NULL: the session ends. */
static GTask *
take (Session *session, gboolean any)
{
  GTask *task;

  g_mutex_lock (&session->lock);
  while ((task = g_queue_pop_head (&session->person)) == NULL && any &&
         (task = g_queue_pop_head (&session->background)) == NULL && !session->closing)
    g_cond_wait (&session->there, &session->lock);
  g_mutex_unlock (&session->lock);
  return task;
}

static gpointer
writer_main (gpointer data)
{
  Session *session = data;
  GTask *task;

  g_private_set (&current, session);
  while ((task = take (session, TRUE)) != NULL)
    {
      run_task (session, session->writer, task);
      g_object_unref (task);
    }
  /* Closed by the thread that used it, so that the lock is free when the thread has ended. */
  g_clear_pointer (&session->writer, project_close);
  session_unref (session);
  return NULL;
}

void
alidade_project_service_give_way (gpointer unused)
{
  Session *session = g_private_get (&current);
  GTask *task;

  g_return_if_fail (session != NULL);

  while ((task = take (session, FALSE)) != NULL)
    {
      run_task (session, session->writer, task);
      g_object_unref (task);
    }
  if (g_get_monotonic_time () - session->last_told > CHANGED_INTERVAL)
    tell_changed (session);
}

static void
reader_main (gpointer data, gpointer user_data)
{
  g_autoptr (GTask) task = data;
  Job *job = g_task_get_task_data (task);
  Session *session = job->session;
  g_autoptr (Project) project = g_async_queue_try_pop (session->idle);
  GError *error = NULL;

  if (project == NULL && (project = project_open (session->folder, FALSE, &error)) == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  run_task (session, project, task);
  if (!g_cancellable_is_cancelled (session->all))
    g_async_queue_push (session->idle, g_steal_pointer (&project));
}

static void
project_free (gpointer data)
{
  project_close (data);
}

/* Opens the folder for writing, or for reading with the reason why. On a thread. */
static Session *
session_open (const char *folder, gboolean create, GError **error)
{
  Session *session = g_new0 (Session, 1);
  g_autoptr (Project) reader = NULL;
  g_autoptr (GError) local = NULL;

  session->ref_count = 1;
  session->folder = g_canonicalize_filename (folder, NULL);
  session->idle = g_async_queue_new_full (project_free);
  session->all = g_cancellable_new ();
  g_mutex_init (&session->lock);
  g_cond_init (&session->there);
  session->writer = create ? project_create (folder, &local) : project_open (folder, TRUE, &local);
  if (session->writer == NULL)
    {
      if (create || g_error_matches (local, PROJECT_ERROR, PROJECT_ERROR_NEWER) ||
          g_error_matches (local, PROJECT_ERROR, PROJECT_ERROR_NOT_FOUND) ||
          g_error_matches (local, PROJECT_ERROR, PROJECT_ERROR_DAMAGED) ||
          (reader = project_open (folder, FALSE, NULL)) == NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          session_unref (session);
          return NULL;
        }
      session->reason = g_strdup (local->message);
      g_async_queue_push (session->idle, g_steal_pointer (&reader));
    }
  return session;
}

static void
session_start (Session *session)
{
  session->readers = g_thread_pool_new (reader_main, NULL, N_READERS, FALSE, NULL);
  if (session->writer != NULL)
    session->thread = g_thread_new ("project-writer", writer_main, session_ref (session));
}

/* Main thread. Nothing new begins; what people did is still written. */
static void
session_stop (Session *session)
{
  GQueue left = G_QUEUE_INIT;
  GTask *task;

  session->service = NULL;
  g_cancellable_cancel (session->all);
  g_mutex_lock (&session->lock);
  session->closing = TRUE;
  while ((task = g_queue_pop_head (&session->background)) != NULL)
    g_queue_push_tail (&left, task);
  g_cond_broadcast (&session->there);
  g_mutex_unlock (&session->lock);
  while ((task = g_queue_pop_head (&left)) != NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The project was closed");
      g_object_unref (task);
    }
}

/* Any thread. Waits for what people did, and for a job to tidy up. Takes the reference. */
static void
session_join (Session *session)
{
  g_clear_pointer (&session->thread, g_thread_join);
  g_thread_pool_free (g_steal_pointer (&session->readers), FALSE, TRUE);
  session_unref (session);
}

/* Folders whose sessions end behind the main thread's back: whoever opens one of them, or ends the program, waits. */
static GMutex ending_lock;
static GCond ending_cond;
static GList *ending; /* char * */

static gpointer
join_thread (gpointer data)
{
  Session *session = data;
  g_autofree char *folder = g_strdup (session->folder);
  GList *link;

  session_join (session);
  g_mutex_lock (&ending_lock);
  link = g_list_find_custom (ending, folder, (GCompareFunc) strcmp);
  g_free (link->data);
  ending = g_list_delete_link (ending, link);
  g_cond_broadcast (&ending_cond);
  g_mutex_unlock (&ending_lock);
  return NULL;
}

static void
session_join_behind (Session *session)
{
  g_mutex_lock (&ending_lock);
  ending = g_list_prepend (ending, g_strdup (session->folder));
  g_mutex_unlock (&ending_lock);
  g_thread_unref (g_thread_new ("project-closer", join_thread, session));
}

/* `folder` NULL: all of them. */
static void
wait_for_ending (const char *folder)
{
  g_mutex_lock (&ending_lock);
  while (folder != NULL ? g_list_find_custom (ending, folder, (GCompareFunc) strcmp) != NULL : ending != NULL)
    g_cond_wait (&ending_cond, &ending_lock);
  g_mutex_unlock (&ending_lock);
}

/* Public --------------------------------------------------------------------------------------------------------- */

static void
set_session (AlidadeProjectService *self, Session *session)
{
  Session *old = self->session;

  self->session = session;
  if (session != NULL)
    {
      session->service = self;
      session_start (session);
    }
  g_free (self->title);
  self->title = session != NULL ? g_filename_display_basename (session->folder) : NULL;
  if (old != NULL)
    {
      session_stop (old);
      session_join_behind (old);
    }
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_FOLDER]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TITLE]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_REASON]);
  g_signal_emit (self, signals[SIGNAL_OPENED], 0);
}

typedef struct
{
  char *folder;
  gboolean create;
} Opening;

static void
opening_free (gpointer data)
{
  Opening *opening = data;

  g_free (opening->folder);
  g_free (opening);
}

static void
open_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Opening *opening = data;
  GError *error = NULL;
  Session *session;

  wait_for_ending (opening->folder);
  session = session_open (opening->folder, opening->create, &error);

  if (session != NULL)
    g_task_return_pointer (task, session, session_unref);
  else
    g_task_return_error (task, error);
}

void
alidade_project_service_open_async (AlidadeProjectService *self, const char *folder, gboolean create,
                                    GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  g_autofree char *full = g_canonicalize_filename (folder, NULL);
  Opening *opening;

  g_return_if_fail (ALIDADE_IS_PROJECT_SERVICE (self));
  if (self->opening)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_PENDING, "Another project is being opened");
      return;
    }
  /* The lock is held by this process itself: the same project again is closed first. */
  if (self->session != NULL && !create && strcmp (self->session->folder, full) == 0)
    alidade_project_service_leave (self);
  opening = g_new0 (Opening, 1);
  opening->folder = g_steal_pointer (&full);
  opening->create = create;
  self->opening = TRUE;
  g_task_set_task_data (task, opening, opening_free);
  g_task_set_source_tag (task, alidade_project_service_open_async);
  g_task_run_in_thread (task, open_thread);
}

gboolean
alidade_project_service_open_finish (AlidadeProjectService *self, GAsyncResult *result, GError **error)
{
  Session *session;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  if (g_task_get_source_tag (G_TASK (result)) == alidade_project_service_open_async)
    self->opening = FALSE;
  session = g_task_propagate_pointer (G_TASK (result), error);
  if (session == NULL)
    return FALSE;
  set_session (self, session);
  return TRUE;
}

void
alidade_project_service_leave (AlidadeProjectService *self)
{
  g_return_if_fail (ALIDADE_IS_PROJECT_SERVICE (self));

  if (self->session != NULL)
    set_session (self, NULL);
}

void
alidade_project_service_close (AlidadeProjectService *self)
{
  alidade_project_service_leave (self);
  wait_for_ending (NULL);
}

static void
all_cancelled_cb (GCancellable *all, gpointer both)
{
  g_cancellable_cancel (both);
}

/* The caller's cancellation passed on. */
static void
pass_on_cb (GCancellable *cancellable, gpointer both)
{
  g_cancellable_cancel (both);
}

/* After the callback, on the main thread, where `data` is freed; the thread's own reference may go later. */
static void
completed_cb (GTask *task, GParamSpec *pspec, gpointer data)
{
  AlidadeProjectService *self = data;
  Job *job = g_task_get_task_data (task);

  if (job->destroy != NULL)
    job->destroy (job->data);
  job->destroy = NULL;
  if (job->kind != JOB_PERSON)
    return;
  self->n_waiting--;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_N_WAITING]);
}

static void
hand_over (AlidadeProjectService *self, JobKind kind, AlidadeProjectFunc func, gpointer data, GDestroyNotify destroy,
           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  Session *session = self->session;
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Job *job;

  g_task_set_check_cancellable (task, FALSE);
  if (session == NULL || (kind != JOB_READ && session->reason != NULL))
    {
      if (destroy != NULL)
        g_task_set_task_data (task, data, destroy);
      if (session == NULL)
        g_task_return_new_error (task, PROJECT_ERROR, PROJECT_ERROR_NOT_FOUND, "No project is open.");
      else
        g_task_return_new_error (task, PROJECT_ERROR, PROJECT_ERROR_REFUSED, "%s", session->reason);
      g_object_unref (task);
      return;
    }
  job = g_new0 (Job, 1);
  *job = (Job) { .kind = kind, .func = func, .data = data, .destroy = destroy, .session = session_ref (session) };
  if (kind != JOB_PERSON)
    {
      job->both = g_cancellable_new ();
      job->all_id = g_cancellable_connect (session->all, G_CALLBACK (all_cancelled_cb), job->both, NULL);
      if (cancellable != NULL)
        g_cancellable_connect (cancellable, G_CALLBACK (pass_on_cb), g_object_ref (job->both), g_object_unref);
    }
  g_task_set_task_data (task, job, job_free);
  g_task_set_source_tag (task, hand_over);
  g_signal_connect (task, "notify::completed", G_CALLBACK (completed_cb), self); /* the task holds a reference */
  if (kind == JOB_READ)
    {
      g_thread_pool_push (session->readers, task, NULL);
      return;
    }
  if (kind == JOB_PERSON)
    {
      self->n_waiting++;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_N_WAITING]);
    }
  g_mutex_lock (&session->lock);
  g_queue_push_tail (kind == JOB_PERSON ? &session->person : &session->background, task);
  g_cond_signal (&session->there);
  g_mutex_unlock (&session->lock);
}

void
alidade_project_service_write_async (AlidadeProjectService *self, AlidadeProjectFunc func, gpointer data,
                                     GDestroyNotify destroy, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (ALIDADE_IS_PROJECT_SERVICE (self));
  hand_over (self, JOB_PERSON, func, data, destroy, NULL, callback, user_data);
}

void
alidade_project_service_run_async (AlidadeProjectService *self, AlidadeProjectFunc func, gpointer data,
                                   GDestroyNotify destroy, GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_return_if_fail (ALIDADE_IS_PROJECT_SERVICE (self));
  hand_over (self, JOB_BACKGROUND, func, data, destroy, cancellable, callback, user_data);
}

void
alidade_project_service_read_async (AlidadeProjectService *self, AlidadeProjectFunc func, gpointer data,
                                    GDestroyNotify destroy, GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_return_if_fail (ALIDADE_IS_PROJECT_SERVICE (self));
  hand_over (self, JOB_READ, func, data, destroy, cancellable, callback, user_data);
}

gboolean
alidade_project_service_finish (AlidadeProjectService *self, GAsyncResult *result, gpointer *data, GError **error)
{
  GTask *task = G_TASK (result);

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  if (data != NULL)
    *data = g_task_get_source_tag (task) == hand_over ? ((Job *) g_task_get_task_data (task))->data
                                                      : g_task_get_task_data (task);
  return g_task_propagate_boolean (task, error);
}

const char *
alidade_project_service_get_folder (AlidadeProjectService *self)
{
  return self->session != NULL ? self->session->folder : NULL;
}

const char *
alidade_project_service_get_title (AlidadeProjectService *self)
{
  return self->title != NULL ? self->title : "";
}

const char *
alidade_project_service_get_reason (AlidadeProjectService *self)
{
  return self->session != NULL ? self->session->reason : NULL;
}

guint
alidade_project_service_get_n_waiting (AlidadeProjectService *self)
{
  return self->n_waiting;
}

/* GObject -------------------------------------------------------------------------------------------------------- */

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  AlidadeProjectService *self = ALIDADE_PROJECT_SERVICE (object);

  switch (id)
    {
    case PROP_FOLDER:
      g_value_set_string (value, alidade_project_service_get_folder (self));
      break;
    case PROP_TITLE:
      g_value_set_string (value, alidade_project_service_get_title (self));
      break;
    case PROP_REASON:
      g_value_set_string (value, alidade_project_service_get_reason (self));
      break;
    case PROP_N_WAITING:
      g_value_set_uint (value, self->n_waiting);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dispose (GObject *object)
{
  AlidadeProjectService *self = ALIDADE_PROJECT_SERVICE (object);

  if (self->session != NULL)
    {
      session_stop (self->session);
      session_join (g_steal_pointer (&self->session));
    }
  wait_for_ending (NULL);
  G_OBJECT_CLASS (alidade_project_service_parent_class)->dispose (object);
}

static void
finalize (GObject *object)
{
  g_free (ALIDADE_PROJECT_SERVICE (object)->title);
  G_OBJECT_CLASS (alidade_project_service_parent_class)->finalize (object);
}

static void
alidade_project_service_class_init (AlidadeProjectServiceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = get_property;
  object_class->dispose = dispose;
  object_class->finalize = finalize;
  props[PROP_FOLDER] = g_param_spec_string ("folder", NULL, NULL, NULL, flags);
  props[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, "", flags);
  props[PROP_REASON] = g_param_spec_string ("reason", NULL, NULL, NULL, flags);
  props[PROP_N_WAITING] = g_param_spec_uint ("n-waiting", NULL, NULL, 0, G_MAXUINT, 0, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signals[SIGNAL_OPENED] = g_signal_new ("opened", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 0);
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 0);
}

static void
alidade_project_service_init (AlidadeProjectService *self)
{
}

AlidadeProjectService *
alidade_project_service_new (void)
{
  return g_object_new (ALIDADE_TYPE_PROJECT_SERVICE, NULL);
}
