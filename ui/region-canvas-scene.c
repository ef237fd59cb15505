/* SPDX-License-Identifier: MIT
 * What the canvas is given: picture, map and regions of a phrase. */
#include "region-canvas-private.h"

/* The map turned into the stored grid's frame. */
static float *
turn_map (AlidadeRegionCanvas *self, int *width, int *height)
{
  gboolean swapped = self->orientation >= 5;
  float *turned = g_new (float, (gsize) self->grid_width * self->grid_height);

  *width = swapped ? self->grid_height : self->grid_width;
  *height = swapped ? self->grid_width : self->grid_height;
  for (int y = 0; y < self->grid_height; y++)
    for (int x = 0; x < self->grid_width; x++)
      {
        double u = x + 0.5, v = y + 0.5;

        shape_turn_point (self->orientation, FALSE, *width, *height, &u, &v);
        turned[(gsize) v * *width + (gsize) u] = self->map[(gsize) y * self->grid_width + x];
      }
  return turned;
}

static void
take_map (AlidadeRegionCanvas *self, const float *map, int grid_width, int grid_height, double scale)
{
  g_autofree float *turned = NULL;
  int width = 0, height = 0;

  g_clear_pointer (&self->map, g_free);
  self->grid_width = self->grid_height = 0;
  if (map != NULL && grid_width > 0 && grid_height > 0)
    {
      gsize cells = (gsize) grid_width * grid_height;

      self->map = g_memdup2 (map, cells * sizeof *map);
      self->grid_width = grid_width;
      self->grid_height = grid_height;
      self->map_scale = scale;
      for (gsize i = 0; scale <= 0 && i < cells; i++)
        self->map_scale = MAX (self->map_scale, map[i]);
      if (!(self->map_scale > 0))
        self->map_scale = 1;
      turned = turn_map (self, &width, &height);
    }
  alidade_region_edit_set_map (self->edit, turned, width, height);
  _region_canvas_drop_map (self);
}

static void
take_region (AlidadeRegionCanvas *self, const AlidadeSceneRegion *from)
{
  CanvasRegion *region = g_new0 (CanvasRegion, 1);

  region->id = from->id;
  region->origin = from->origin;
  region->ticked = from->ticked;
  region->visible = from->visible;
  region->dimmed = from->dimmed;
  region->name = g_strdup (from->name);
  g_ptr_array_add (self->regions, region);
  if (from->dimmed)
    {
      shape_copy (from->shape, &region->shape);
      return;
    }
  g_hash_table_insert (self->by_id, &region->id, region);
  alidade_region_edit_load (self->edit, from->id, from->origin, from->shape);
}

static void
take_picture (AlidadeRegionCanvas *self, ViewPyramid *pyramid)
{
  gboolean swapped = self->orientation >= 5, same = self->pyramid == pyramid;

  if (pyramid != NULL)
    view_pyramid_ref (pyramid);
  g_clear_pointer (&self->pyramid, view_pyramid_unref);
  self->pyramid = pyramid;
  if (same)
    return;
  picture_layer_drop_base (&self->layer);
  if (pyramid == NULL)
    alidade_viewport_set_picture (self->viewport, 0, 0);
  else
    alidade_viewport_set_picture (self->viewport, swapped ? self->stored_height : self->stored_width,
                                  swapped ? self->stored_width : self->stored_height);
}

void
alidade_region_canvas_set_scene (AlidadeRegionCanvas *self, const AlidadeRegionScene *scene)
{
  const AlidadeRegionScene nothing = { .stored_width = 1, .stored_height = 1, .orientation = 1, .selected = -1 };
  int selected = -1, n = 0;

  g_return_if_fail (ALIDADE_IS_REGION_CANVAS (self));

  if (scene == NULL)
    scene = &nothing;
  g_return_if_fail (scene->stored_width > 0 && scene->stored_height > 0);
  _region_canvas_drop_grab (self);
  g_clear_handle_id (&self->run_timer, g_source_remove);
  self->run = RUN_NONE;
  self->loading = TRUE;
  g_hash_table_remove_all (self->by_id);
  g_ptr_array_set_size (self->regions, 0);
  self->stored_width = scene->stored_width;
  self->stored_height = scene->stored_height;
  self->orientation = CLAMP (scene->orientation, 1, 8);
  alidade_region_edit_set_picture (self->edit, scene->stored_width, scene->stored_height);
  take_picture (self, scene->pyramid);
  take_map (self, scene->map, scene->grid_width, scene->grid_height, scene->map_scale);
  for (guint i = 0; i < scene->n_regions; i++)
    {
      if ((int) i == scene->selected && !scene->regions[i].dimmed)
        selected = n;
      n += scene->regions[i].dimmed ? 0 : 1;
      take_region (self, &scene->regions[i]);
    }
  alidade_region_edit_select (self->edit, selected);
  self->loading = FALSE;
  _region_canvas_scene_changed (self);
}

void
alidade_region_canvas_set_map (AlidadeRegionCanvas *self, const float *map, int grid_width, int grid_height,
                               double scale)
{
  g_return_if_fail (ALIDADE_IS_REGION_CANVAS (self));

  take_map (self, map, grid_width, grid_height, scale);
}

void
alidade_region_canvas_set_ticked (AlidadeRegionCanvas *self, gint64 id, gboolean ticked)
{
  CanvasRegion *region = g_hash_table_lookup (self->by_id, &id);

  if (region == NULL || region->ticked == ticked)
    return;
  region->ticked = ticked;
  _region_canvas_drop_statics (self);
}

void
alidade_region_canvas_set_visible_region (AlidadeRegionCanvas *self, gint64 id, gboolean visible)
{
  CanvasRegion *region = g_hash_table_lookup (self->by_id, &id);

  if (region == NULL || region->visible == visible)
    return;
  region->visible = visible;
  _region_canvas_drop_statics (self);
}

void
alidade_region_canvas_set_look (AlidadeRegionCanvas *self, AlidadeLook *look)
{
  g_return_if_fail (ALIDADE_IS_REGION_CANVAS (self));

  if (self->look != NULL)
    g_signal_handlers_disconnect_by_data (self->look, self);
  g_set_object (&self->look, look);
  g_signal_connect_swapped (look, "notify", G_CALLBACK (_region_canvas_drop_map), self);
  _region_canvas_drop_map (self);
}

void
alidade_region_canvas_set_bare (AlidadeRegionCanvas *self, gboolean bare)
{
  g_return_if_fail (ALIDADE_IS_REGION_CANVAS (self));

  if (self->bare == bare)
    return;
  self->bare = bare;
  _region_canvas_drop_map (self);
}
