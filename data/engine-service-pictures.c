/* SPDX-License-Identifier: MIT
 * Reading whole pictures, on threads of their own. */
#include "engine-service-private.h"

#include "loaded-picture.h"

#define LOAD_THREADS 2

typedef struct
{
  GTask *task; /* touched on the main thread alone, as in thumbnailer.c */
  GCancellable *cancellable;
  AlidadePicture *picture;
  char *path;
  AlidadeLoadedPicture *loaded;
  GError *error;
} Load;

static void
load_free (gpointer data)
{
  Load *load = data;

  g_clear_pointer (&load->loaded, alidade_loaded_picture_unref);
  g_clear_error (&load->error);
  g_clear_object (&load->cancellable);
  g_clear_object (&load->picture);
  g_clear_object (&load->task);
  g_free (load->path);
  g_free (load);
}

static gboolean
load_end (gpointer data)
{
  Load *load = data;

  if (load->loaded != NULL)
    {
      alidade_picture_set_state (load->picture, ALIDADE_PICTURE_OK, NULL);
      g_task_return_pointer (load->task, g_steal_pointer (&load->loaded),
                             (GDestroyNotify) alidade_loaded_picture_unref);
    }
  else
    {
      if (!g_error_matches (load->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        alidade_picture_set_unreadable (load->picture, load->error);
      g_task_return_error (load->task, g_steal_pointer (&load->error));
    }
  return G_SOURCE_REMOVE;
}

static void
load_work (gpointer data, gpointer user_data)
{
  Load *load = data;
  g_autoptr (GSource) source = g_idle_source_new ();

  load->loaded = alidade_loaded_picture_read (load->picture, load->path, load->cancellable, &load->error);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, load_end, load, load_free);
  g_source_attach (source, NULL);
}

void
alidade_engine_service_load_picture_async (AlidadeEngineService *self, AlidadePicture *picture,
                                           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  Load *load;

  g_return_if_fail (ALIDADE_IS_ENGINE_SERVICE (self) && ALIDADE_IS_PICTURE (picture));

  load = g_new0 (Load, 1);
  load->task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (load->task, alidade_engine_service_load_picture_async);
  load->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  load->picture = g_object_ref (picture);
  load->path = g_strdup (alidade_picture_get_path (picture));
  g_thread_pool_push (self->loaders, load, NULL);
}

AlidadeLoadedPicture *
alidade_engine_service_load_picture_finish (AlidadeEngineService *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

GThreadPool *
_alidade_engine_service_new_loaders (void)
{
  return g_thread_pool_new (load_work, NULL, LOAD_THREADS, FALSE, NULL);
}
