/* SPDX-License-Identifier: MIT */
#include "exploration-private.h"

#include <string.h>

G_DEFINE_FINAL_TYPE (AlidadeExploration, alidade_exploration, G_TYPE_OBJECT)

enum
{
  PICTURE_CHANGED,
  TEXT_CHANGED,
  REQUEST_CHANGED,
  MAPS_CHANGED,
  SELECTION_CHANGED,
  WAITING_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* ---- waiting -------------------------------------------------------------------------------------- */

static void
set_waiting (AlidadeExploration *self, gboolean waiting)
{
  if (self->waiting == waiting)
    return;
  self->waiting = waiting;
  g_signal_emit (self, signals[WAITING_CHANGED], 0);
}

static void
adopt_words (AlidadeExploration *self, AlidadeMaps *words)
{
  if (words == self->words)
    return;
  _alidade_exploration_carry_selection (self, words);
  g_clear_pointer (&self->words, alidade_maps_unref);
  self->words = words != NULL ? alidade_maps_ref (words) : NULL;
}

/* The answer is late: say so, and show the words of the newest sentence at least. */
static gboolean
late_cb (gpointer data)
{
  AlidadeExploration *self = data;

  self->late_id = 0;
  set_waiting (self, TRUE);
  if (self->pending_words != NULL)
    {
      adopt_words (self, self->pending_words);
      g_clear_pointer (&self->pending_words, alidade_maps_unref);
      g_signal_emit (self, signals[MAPS_CHANGED], 0);
      g_signal_emit (self, signals[SELECTION_CHANGED], 0);
    }
  return G_SOURCE_REMOVE;
}

static void
settled (AlidadeExploration *self)
{
  g_clear_handle_id (&self->late_id, g_source_remove);
  g_clear_pointer (&self->pending_words, alidade_maps_unref);
  set_waiting (self, FALSE);
}

static void
words_cb (AlidadeEngineService *service, AlidadeMaps *words, AlidadeExploration *self)
{
  if (self->serial_done == self->serial)
    return; /* of somebody else's request */
  g_clear_pointer (&self->pending_words, alidade_maps_unref);
  self->pending_words = alidade_maps_ref (words);
  if (self->waiting)
    {
      adopt_words (self, words);
      g_signal_emit (self, signals[MAPS_CHANGED], 0);
      g_signal_emit (self, signals[SELECTION_CHANGED], 0);
    }
}

/* ---- requests ------------------------------------------------------------------------------------- */

typedef struct
{
  AlidadeExploration *exploration;
  guint serial;
  gint64 started;
} Call;

static void
set_maps (AlidadeExploration *self, AlidadeMaps *maps)
{
  AlidadeMaps *scored = maps != NULL && maps->scored ? maps : NULL;

  adopt_words (self, maps);
  if (scored != NULL)
    alidade_maps_ref (scored);
  g_clear_pointer (&self->maps, alidade_maps_unref);
  self->maps = scored;
  _alidade_exploration_choose (self);
  _alidade_exploration_refresh_shown (self);
  g_signal_emit (self, signals[MAPS_CHANGED], 0);
  g_signal_emit (self, signals[SELECTION_CHANGED], 0);
}

static void
maps_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *call = data;
  AlidadeExploration *self = call->exploration;
  g_autoptr (GError) error = NULL;
  g_autoptr (AlidadeMaps) maps
      = alidade_engine_service_request_maps_finish (ALIDADE_ENGINE_SERVICE (source), result, &error);

  if (call->serial == self->serial && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      self->serial_done = call->serial;
      self->asked_at = call->started;
      self->latency = (g_get_monotonic_time () - call->started) / 1e6;
      g_clear_pointer (&self->error, g_free);
      if (error != NULL)
        self->error = g_strdup (error->message);
      settled (self);
      set_maps (self, maps);
      g_debug ("exploration: answer after %.1f ms, shown in %.1f ms", 1e3 * self->latency,
               (g_get_monotonic_time () - call->started) / 1e3 - 1e3 * self->latency);
    }
  g_object_unref (self);
  g_free (call);
}

static void
send_request (AlidadeExploration *self)
{
  AlbefMapsRequest request = { 0 };
  Call *call;

  self->serial++;
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->text[0] == '\0')
    {
      self->serial_done = self->serial;
      g_clear_pointer (&self->error, g_free);
      settled (self);
      set_maps (self, NULL);
      if (self->loaded != NULL)
        alidade_engine_service_prepare (self->service, self->loaded);
      return;
    }
  request.method = self->method;
  request.layer = self->layers[self->method];
  request.heads = self->heads;
  call = g_new0 (Call, 1);
  call->exploration = g_object_ref (self);
  call->serial = self->serial;
  call->started = g_get_monotonic_time ();
  self->cancellable = g_cancellable_new ();
  if (self->late_id == 0 && !self->waiting)
    self->late_id = g_timeout_add (ALIDADE_LATE_MS, late_cb, self);
  alidade_engine_service_request_maps_async (self->service, self->loaded, self->text, &request, self->cancellable,
                                             maps_cb, call);
}

static void
read_model (AlidadeExploration *self)
{
  if (!alidade_engine_service_get_model_info (self->service, &self->info))
    memset (&self->info, 0, sizeof self->info);
}

static void
model_changed_cb (AlidadeEngineService *service, AlidadeExploration *self)
{
  read_model (self);
  memset (self->layers, 0, sizeof self->layers);
  self->heads = 0;
  g_signal_emit (self, signals[REQUEST_CHANGED], 0);
  send_request (self);
}

/* ---- pictures ------------------------------------------------------------------------------------- */

static void
show_picture (AlidadeExploration *self, AlidadeLoadedPicture *loaded, ViewPyramid *pyramid, const char *problem)
{
  if (loaded != NULL)
    alidade_loaded_picture_ref (loaded);
  g_clear_pointer (&self->loaded, alidade_loaded_picture_unref);
  self->loaded = loaded;
  g_clear_pointer (&self->pyramid, view_pyramid_unref);
  self->pyramid = pyramid != NULL ? view_pyramid_ref (pyramid) : NULL;
  g_free (self->problem);
  self->problem = g_strdup (problem);
  /* Maps of another picture must not lie on this one, not for a moment. */
  g_clear_pointer (&self->maps, alidade_maps_unref);
  _alidade_exploration_refresh_shown (self);
  g_signal_emit (self, signals[PICTURE_CHANGED], 0);
  send_request (self);
}

static void
pyramid_worker (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_pointer (task, view_pyramid_new (alidade_loaded_picture_get_pixels (data)),
                         (GDestroyNotify) view_pyramid_unref);
}

static void
pyramid_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  AlidadeExploration *self = ALIDADE_EXPLORATION (source);
  AlidadeLoadedPicture *loaded = g_task_get_task_data (G_TASK (result));
  g_autoptr (ViewPyramid) pyramid = g_task_propagate_pointer (G_TASK (result), NULL);

  if (pyramid != NULL && alidade_loaded_picture_get_picture (loaded) == self->picture)
    show_picture (self, loaded, pyramid, NULL);
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeExploration) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (AlidadeLoadedPicture) loaded
      = alidade_engine_service_load_picture_finish (ALIDADE_ENGINE_SERVICE (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (loaded == NULL)
    {
      show_picture (self, NULL, NULL, error->message);
      return;
    }
  g_autoptr (GTask) task = g_task_new (self, self->load_cancellable, pyramid_cb, NULL);
  g_task_set_task_data (task, alidade_loaded_picture_ref (loaded), (GDestroyNotify) alidade_loaded_picture_unref);
  g_task_run_in_thread (task, pyramid_worker);
}

static void
alidade_exploration_dispose (GObject *object)
{
  AlidadeExploration *self = ALIDADE_EXPLORATION (object);

  g_clear_handle_id (&self->late_id, g_source_remove);
  if (self->service != NULL)
    g_signal_handlers_disconnect_by_data (self->service, self);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  if (self->load_cancellable != NULL)
    g_cancellable_cancel (self->load_cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->load_cancellable);
  g_clear_object (&self->service);
  g_clear_object (&self->look);
  g_clear_object (&self->picture);
  g_clear_pointer (&self->loaded, alidade_loaded_picture_unref);
  g_clear_pointer (&self->pyramid, view_pyramid_unref);
  g_clear_pointer (&self->words, alidade_maps_unref);
  g_clear_pointer (&self->pending_words, alidade_maps_unref);
  g_clear_pointer (&self->maps, alidade_maps_unref);

  G_OBJECT_CLASS (alidade_exploration_parent_class)->dispose (object);
}

static void
alidade_exploration_finalize (GObject *object)
{
  AlidadeExploration *self = ALIDADE_EXPLORATION (object);

  g_free (self->text);
  g_free (self->problem);
  g_free (self->error);
  g_free (self->shown);
  g_clear_pointer (&self->pins, g_array_unref);

  G_OBJECT_CLASS (alidade_exploration_parent_class)->finalize (object);
}

static void
alidade_exploration_class_init (AlidadeExplorationClass *klass)
{
  static const char *const names[N_SIGNALS] = { "picture-changed", "text-changed",      "request-changed",
                                                "maps-changed",    "selection-changed", "waiting-changed" };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = alidade_exploration_dispose;
  object_class->finalize = alidade_exploration_finalize;
  for (guint i = 0; i < N_SIGNALS; i++)
    signals[i]
        = g_signal_new (names[i], G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
alidade_exploration_init (AlidadeExploration *self)
{
  self->text = g_strdup ("");
  self->selected = ALIDADE_NO_WORD;
  self->n_selected = 1;
  self->hovered = ALIDADE_NO_WORD;
  self->pins = g_array_new (FALSE, FALSE, sizeof (int));
}

/* ---- public --------------------------------------------------------------------------------------- */

AlidadeExploration *
alidade_exploration_new (AlidadeEngineService *service, AlidadeLook *look)
{
  AlidadeExploration *self = g_object_new (ALIDADE_TYPE_EXPLORATION, NULL);

  self->service = g_object_ref (service);
  self->look = g_object_ref (look);
  g_signal_connect (service, "words", G_CALLBACK (words_cb), self);
  g_signal_connect (service, "model-changed", G_CALLBACK (model_changed_cb), self);
  read_model (self);
  return self;
}

AlidadeEngineService *
alidade_exploration_get_service (AlidadeExploration *self)
{
  return self->service;
}

AlidadeLook *
alidade_exploration_get_look (AlidadeExploration *self)
{
  return self->look;
}

void
alidade_exploration_set_picture (AlidadeExploration *self, AlidadePicture *picture)
{
  const char *before = self->picture != NULL ? alidade_picture_get_caption (self->picture) : "";
  g_autofree char *old_caption = g_strdup (before);

  g_return_if_fail (ALIDADE_IS_EXPLORATION (self));

  if (!g_set_object (&self->picture, picture))
    return;
  if (self->load_cancellable != NULL)
    g_cancellable_cancel (self->load_cancellable);
  g_clear_object (&self->load_cancellable);
  if (picture == NULL)
    {
      show_picture (self, NULL, NULL, NULL);
      return;
    }
  /* The caption fills the entry as long as nobody typed something else. */
  if (alidade_picture_get_caption (picture)[0] != '\0'
      && (self->text[0] == '\0' || g_str_equal (self->text, old_caption)))
    {
      g_free (self->text);
      self->text = g_strdup (alidade_picture_get_caption (picture));
      self->chosen_by_hand = FALSE;
      g_array_set_size (self->pins, 0);
      g_signal_emit (self, signals[TEXT_CHANGED], 0);
    }
  self->load_cancellable = g_cancellable_new ();
  alidade_engine_service_load_picture_async (self->service, picture, self->load_cancellable, loaded_cb,
                                             g_object_ref (self));
}

AlidadePicture *
alidade_exploration_get_picture (AlidadeExploration *self)
{
  return self->picture;
}

const char *
alidade_exploration_get_problem (AlidadeExploration *self)
{
  return self->problem;
}

AlidadeLoadedPicture *
alidade_exploration_get_loaded (AlidadeExploration *self)
{
  return self->loaded;
}

ViewPyramid *
alidade_exploration_get_pyramid (AlidadeExploration *self)
{
  return self->pyramid;
}

void
alidade_exploration_set_text (AlidadeExploration *self, const char *text)
{
  g_return_if_fail (ALIDADE_IS_EXPLORATION (self));

  if (g_str_equal (self->text, text))
    return;
  g_free (self->text);
  self->text = g_strdup (text);
  g_signal_emit (self, signals[TEXT_CHANGED], 0);
  send_request (self);
}

const char *
alidade_exploration_get_text (AlidadeExploration *self)
{
  return self->text;
}

void
alidade_exploration_set_method (AlidadeExploration *self, AlbefMethod method)
{
  g_return_if_fail (ALIDADE_IS_EXPLORATION (self));

  if (self->method == method)
    return;
  self->method = method;
  self->heads = 0;
  g_signal_emit (self, signals[REQUEST_CHANGED], 0);
  send_request (self);
}

AlbefMethod
alidade_exploration_get_method (AlidadeExploration *self)
{
  return self->method;
}

void
alidade_exploration_set_layer (AlidadeExploration *self, int layer)
{
  g_return_if_fail (ALIDADE_IS_EXPLORATION (self));

  if (self->layers[self->method] == layer)
    return;
  self->layers[self->method] = layer;
  g_signal_emit (self, signals[REQUEST_CHANGED], 0);
  send_request (self);
}

int
alidade_exploration_get_layer (AlidadeExploration *self)
{
  int layer = self->layers[self->method];

  if (layer > 0)
    return layer;
  return self->method == ALBEF_METHOD_ITM_GRADCAM ? self->info.grounding_layer : self->info.vision_layers;
}

int
alidade_exploration_get_n_layers (AlidadeExploration *self)
{
  return self->method == ALBEF_METHOD_ITM_GRADCAM ? self->info.fusion_layers : self->info.vision_layers;
}

int
alidade_exploration_get_n_heads (AlidadeExploration *self)
{
  return self->method == ALBEF_METHOD_ITM_GRADCAM ? self->info.text_heads : self->info.vision_heads;
}

void
alidade_exploration_set_heads (AlidadeExploration *self, guint64 heads)
{
  int n = alidade_exploration_get_n_heads (self);
  guint64 all = n >= 64 ? G_MAXUINT64 : (G_GUINT64_CONSTANT (1) << n) - 1;

  if ((heads & all) == all)
    heads = 0;
  if (self->heads == heads)
    return;
  self->heads = heads;
  g_signal_emit (self, signals[REQUEST_CHANGED], 0);
  send_request (self);
}

guint64
alidade_exploration_get_heads (AlidadeExploration *self)
{
  return self->heads;
}

AlidadeMaps *
alidade_exploration_get_words (AlidadeExploration *self)
{
  return self->words;
}

AlidadeMaps *
alidade_exploration_get_maps (AlidadeExploration *self)
{
  return self->maps;
}

gboolean
alidade_exploration_get_in_step (AlidadeExploration *self)
{
  return self->words != NULL && self->words == self->maps;
}

gboolean
alidade_exploration_get_waiting (AlidadeExploration *self)
{
  return self->waiting;
}

const char *
alidade_exploration_get_error (AlidadeExploration *self)
{
  return self->error;
}

double
alidade_exploration_get_latency (AlidadeExploration *self)
{
  return self->latency;
}

void
_alidade_exploration_selection_changed (AlidadeExploration *self)
{
  _alidade_exploration_refresh_shown (self);
  g_signal_emit (self, signals[SELECTION_CHANGED], 0);
}

gint64
alidade_exploration_get_asked_at (AlidadeExploration *self)
{
  return self->asked_at;
}
