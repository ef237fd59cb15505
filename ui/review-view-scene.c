/* SPDX-License-Identifier: MIT
 * review-view-scene.c: the phrase on screen: picture, regions, map, caption, hint. */
#include "review-view-private.h"

#include <math.h>
#include <time.h>

#define LATE 150 /* ms until waiting shows */

/* The hint ---------------------------------------------------------------------------------------------------------------- */

void
_alidade_review_view_update_hint (AlidadeReviewView *self)
{
  const char *const *canvas_pairs = alidade_region_canvas_get_hint (self->canvas);
  const char *trouble = alidade_review_session_get_trouble (self->session);
  g_autoptr (GPtrArray) pairs = g_ptr_array_new ();
  g_autofree char *undo = review_keymap_label (alidade_review_keys_get_keymap (self->keys), REVIEW_ACTION_UNDO);
  gboolean editing = alidade_region_canvas_get_editing (self->canvas) || self->correcting;
  gboolean error = self->said_error;
  const char *text = self->said;
  const char *const opened[] = { "Enter", "save, next", "Esc", "cancel", "←↑↓→", "nudge", NULL };

  if (editing)
    {
      if (canvas_pairs == NULL || canvas_pairs[0] == NULL)
        canvas_pairs = opened;
      for (guint i = 0; canvas_pairs != NULL && canvas_pairs[i] != NULL; i++)
        g_ptr_array_add (pairs, (char *) canvas_pairs[i]);
      if (self->shown_item != NULL && self->shown_item->chain->len > 0)
        {
          g_ptr_array_add (pairs, (char *) "⇧Enter");
          g_ptr_array_add (pairs, (char *) "for all of the chain");
        }
      text = error ? text : NULL;
    }
  else if (self->said != NULL && !error)
    {
      g_ptr_array_add (pairs, undo);
      g_ptr_array_add (pairs, (char *) "undo");
    }
  if (text == NULL && trouble != NULL)
    text = trouble, error = TRUE;
  g_ptr_array_add (pairs, NULL);
  alidade_review_hint_set (self->hint, text, error, (const char *const *) pairs->pdata);
}

/* The map ------------------------------------------------------------------------------------------------------------------- */

/* The scale is the phrase's own peak, which proposals are measured against. */
static void
set_map (AlidadeReviewView *self, const float *map, const AlidadeMaps *maps)
{
  if (map == NULL || maps == NULL || !alidade_review_map_box_get_shown (self->map_box))
    alidade_region_canvas_set_map (self->canvas, NULL, 0, 0, 0);
  else
    alidade_region_canvas_set_map (self->canvas, map, maps->grid_width, maps->grid_height, 0);
}

static void
compared_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeReviewView) self = data;
  g_autoptr (GError) error = NULL;
  AlidadeMaps *maps = alidade_review_session_request_maps_finish (ALIDADE_REVIEW_SESSION (source), result, &error);

  if (maps == NULL)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) && self->session != NULL)
        _alidade_review_view_say (self, error->message, TRUE);
      return;
    }
  if (self->session == NULL || g_cancellable_is_cancelled (g_task_get_cancellable (G_TASK (result))))
    {
      alidade_maps_unref (maps);
      return;
    }
  g_clear_pointer (&self->compared, alidade_maps_unref);
  self->compared = maps;
  _alidade_review_view_show_map (self);
}

static void
compare (AlidadeReviewView *self, const AlbefMapsRequest *request)
{
  if (self->comparing != NULL)
    return;
  self->comparing = g_cancellable_new ();
  alidade_review_session_request_maps_async (self->session, request, self->comparing, compared_cb, g_object_ref (self));
}

static void
stop_comparing (AlidadeReviewView *self)
{
  if (self->comparing != NULL)
    g_cancellable_cancel (self->comparing);
  g_clear_object (&self->comparing);
  g_clear_pointer (&self->compared, alidade_maps_unref);
}

void
_alidade_review_view_show_map (AlidadeReviewView *self)
{
  AlbefMapsRequest request;

  if (self->shown_item == NULL)
    return;
  if (!alidade_review_map_box_get_request (self->map_box, &request))
    {
      stop_comparing (self);
      self->shown_map = alidade_review_session_get_map (self->session);
      set_map (self, self->shown_map, alidade_review_session_get_maps (self->session));
    }
  else if (self->compared != NULL && self->compared->method == request.method && self->compared->layer == request.layer)
    {
      g_autofree float *map = alidade_review_phrase_map (self->shown_item, self->compared);

      set_map (self, map, self->compared);
    }
  else
    {
      stop_comparing (self);
      compare (self, &request);
    }
}

/* The scene ------------------------------------------------------------------------------------------------------------------- */

static char *
tag_of (const ReviewRegion *region)
{
  const char *kind = region->origin == ORIGIN_MAP ? "proposal" : region->origin == ORIGIN_DETECTOR ? "detected" : NULL;

  if (kind == NULL)
    return NULL;
  return isnan (region->score) ? g_strdup (kind) : g_strdup_printf ("%s %.2f", kind, region->score);
}

static void
set_scene (AlidadeReviewView *self, ReviewItem *item, ViewPyramid *pyramid)
{
  const AlidadeMaps *maps = alidade_review_session_get_maps (self->session);
  const float *map = alidade_review_session_get_map (self->session);
  AlidadeLoadedPicture *picture = alidade_review_session_get_picture (self->session);
  const AlbefImage *image = alidade_loaded_picture_get_image (picture);
  guint n = item->regions->len + item->siblings->len;
  g_autofree AlidadeSceneRegion *regions = g_new0 (AlidadeSceneRegion, n);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  AlbefMapsRequest request;
  AlidadeRegionScene scene = {
    .pyramid = pyramid,
    .stored_width = item->width > 0 ? item->width : albef_image_stored_width (image),
    .stored_height = item->height > 0 ? item->height : albef_image_stored_height (image),
    .orientation = albef_image_orientation (image),
    .regions = regions,
    .n_regions = n,
    .selected = item->regions->len > 0 ? 0 : -1,
  };

  if (map != NULL && alidade_review_map_box_get_shown (self->map_box) && !alidade_review_map_box_get_request (self->map_box, &request))
    {
      scene.map = map;
      scene.grid_width = maps->grid_width;
      scene.grid_height = maps->grid_height;
    }
  for (guint i = 0; i < item->regions->len; i++)
    {
      const ReviewRegion *region = item->regions->pdata[i];
      char *name = tag_of (region);

      g_ptr_array_add (names, name);
      regions[i] = (AlidadeSceneRegion) { region->region, &region->shape, region->origin,
                                          alidade_review_session_get_ticked (self->session, i), TRUE, FALSE, name };
    }
  for (guint i = 0; i < item->siblings->len; i++)
    {
      const ReviewSibling *sibling = item->siblings->pdata[i];

      regions[item->regions->len + i]
          = (AlidadeSceneRegion) { -(gint64) i - 1, &sibling->shape, sibling->origin, FALSE, TRUE, TRUE, NULL };
    }
  alidade_region_canvas_set_scene (self->canvas, &scene);
  self->shown_map = map;
}

void
_alidade_review_view_clear_scene (AlidadeReviewView *self)
{
  stop_comparing (self);
  self->shown_phrase = 0;
  self->shown_map = NULL;
  g_clear_pointer (&self->shown_item, review_item_unref);
  g_clear_pointer (&self->shown_pyramid, view_pyramid_unref);
}

/* Seconds that the main thread has worked. */
double
_alidade_review_view_work (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

/* For benchmarks: from the key to the frame that shows the next phrase with its map. */
static void
painted_cb (GdkFrameClock *clock, AlidadeReviewView *self)
{
  g_signal_handler_disconnect (clock, self->after_paint);
  self->after_paint = 0;
  g_clear_object (&self->clock);
  g_debug ("review: on screen %.1f ms after the key, %.1f ms of it work", (g_get_monotonic_time () - self->key_at) / 1e3,
           1e3 * (_alidade_review_view_work () - self->key_work));
  self->key_at = 0;
}

static void
measure_paint (AlidadeReviewView *self)
{
  if (self->key_at == 0 || self->shown_map == NULL || self->after_paint != 0 || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  self->clock = g_object_ref (gtk_widget_get_frame_clock (GTK_WIDGET (self)));
  self->after_paint = g_signal_connect (self->clock, "after-paint", G_CALLBACK (painted_cb), self);
}

static gboolean
late_cb (gpointer data)
{
  AlidadeReviewView *self = data;

  self->late_id = 0;
  if (self->shown_phrase == 0)
    {
      alidade_region_canvas_set_scene (self->canvas, NULL);
      gtk_spinner_set_spinning (self->spinner, alidade_review_session_get_trouble (self->session) == NULL);
      gtk_widget_set_visible (GTK_WIDGET (self->spinner), alidade_review_session_get_trouble (self->session) == NULL);
    }
  return G_SOURCE_REMOVE;
}

static void
settle (AlidadeReviewView *self)
{
  g_clear_handle_id (&self->late_id, g_source_remove);
  gtk_spinner_stop (self->spinner);
  gtk_widget_set_visible (GTK_WIDGET (self->spinner), FALSE);
}

/* Everything that belongs to the item but the picture. */
static void
take_item (AlidadeReviewView *self, ReviewItem *item)
{
  g_clear_pointer (&self->shown_item, review_item_unref);
  self->shown_item = review_item_ref (item);
  alidade_review_caption_set (self->caption, item, item->text);
}

void
_alidade_review_view_show_loaded (AlidadeReviewView *self)
{
  ReviewItem *item = alidade_review_session_get_item (self->session);
  ViewPyramid *pyramid = alidade_review_session_get_pyramid (self->session);
  const float *map = alidade_review_session_get_map (self->session);
  gint64 phrase = alidade_review_session_get_phrase (self->session);
  gboolean trouble = alidade_review_session_get_trouble (self->session) != NULL;

  if (item == NULL || (pyramid == NULL && !trouble))
    {
      if (trouble)
        settle (self), _alidade_review_view_update_hint (self);
      return;
    }
  if (self->shown_phrase == phrase && self->shown_item != item && alidade_region_canvas_get_editing (self->canvas))
    return; /* what is being drawn stays */
  if (self->shown_phrase != phrase || self->shown_item != item || self->shown_pyramid != pyramid)
    {
      gboolean other = self->shown_phrase != phrase;

      settle (self);
      if (other)
        {
          self->shown_phrase = phrase;
          alidade_review_keys_changed (self->keys, g_get_monotonic_time ());
        }
      take_item (self, item);
      g_clear_pointer (&self->shown_pyramid, view_pyramid_unref);
      self->shown_pyramid = pyramid != NULL ? view_pyramid_ref (pyramid) : NULL;
      if (pyramid != NULL)
        set_scene (self, item, pyramid);
      else
        alidade_region_canvas_set_scene (self->canvas, NULL);
      _alidade_review_view_show_map (self);
      alidade_review_side_pane_update (self->side);
      _alidade_review_view_update_hint (self);
    }
  else if (self->shown_map != map)
    _alidade_review_view_show_map (self);
  for (guint i = 0; i < item->regions->len; i++)
    alidade_region_canvas_set_ticked (self->canvas, ((ReviewRegion *) item->regions->pdata[i])->region,
                                      alidade_review_session_get_ticked (self->session, i));
  measure_paint (self);
}

void
_alidade_review_view_show_current (AlidadeReviewView *self)
{
  AlidadeReviewRow *row = alidade_review_session_get_row (self->session);
  gint64 phrase = alidade_review_session_get_phrase (self->session);

  self->correcting = FALSE;
  g_clear_pointer (&self->doing, g_free);
  alidade_review_side_pane_set_doing (self->side, NULL);
  _alidade_review_view_clear_scene (self);
  alidade_review_keys_changed (self->keys, g_get_monotonic_time ());
  if (alidade_review_session_get_ready (self->session))
    {
      _alidade_review_view_show_loaded (self);
      return;
    }
  settle (self);
  alidade_review_caption_set (self->caption, NULL, row != NULL ? alidade_review_row_get_item (row)->text : NULL);
  if (phrase != 0)
    self->late_id = g_timeout_add (LATE, late_cb, self);
  else
    {
      alidade_region_canvas_set_scene (self->canvas, NULL);
      alidade_review_side_pane_update (self->side);
    }
}
