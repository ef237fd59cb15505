/* SPDX-License-Identifier: MIT */
#include "region-edit-private.h"

#include "shape-sample.h"

#include <string.h>

G_DEFINE_FINAL_TYPE (AlidadeRegionEdit, alidade_region_edit, G_TYPE_OBJECT)

enum
{
  CHANGED,
  SELECTION_CHANGED,
  GESTURE_ENDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
forget_steps (AlidadeRegionEdit *self)
{
  g_queue_clear_full (&self->undo, edit_state_free);
  g_queue_clear_full (&self->redo, edit_state_free);
}

/* The held point may be gone with its shape. */
static void
settle_point (AlidadeRegionEdit *self)
{
  EditItem *item = _region_edit_selected (self);

  if (item == NULL || self->point >= (int) polygon_count_points (&item->shape))
    self->point = -1;
}

/* For the tools ---------------------------------------------------------------------------------------------------- */

EditPicture
_region_edit_picture (AlidadeRegionEdit *self, gboolean snap)
{
  EditPicture picture = { self->width, self->height, snap ? self->snap : 0 };

  return picture;
}

EditItem *
_region_edit_selected (AlidadeRegionEdit *self)
{
  int index = edit_state_find (&self->now, self->now.selected);

  return index >= 0 ? g_ptr_array_index (self->now.items, index) : NULL;
}

EditItem *
_region_edit_selected_before (AlidadeRegionEdit *self)
{
  int index = self->gesture != NULL ? edit_state_find (&self->began, self->now.selected) : -1;

  return index >= 0 ? g_ptr_array_index (self->began.items, index) : _region_edit_selected (self);
}

void
_region_edit_changed (AlidadeRegionEdit *self)
{
  settle_point (self);
  self->stamp++;
  g_signal_emit (self, signals[CHANGED], 0);
  if (self->announced != self->now.selected)
    {
      self->announced = self->now.selected;
      g_signal_emit (self, signals[SELECTION_CHANGED], 0);
    }
}

void
_region_edit_replace (AlidadeRegionEdit *self, Shape *shape)
{
  int index = edit_state_find (&self->now, self->now.selected);
  EditItem *before = g_ptr_array_index (self->now.items, index);
  EditItem *after = edit_item_new_take (before->serial, before->origin, shape);

  g_ptr_array_index (self->now.items, index) = after;
  edit_item_unref (before);
}

void
_region_edit_append (AlidadeRegionEdit *self, Shape *shape)
{
  self->drawn = ++self->last_serial;
  g_ptr_array_add (self->now.items, edit_item_new_take (self->drawn, ORIGIN_PERSON, shape));
  self->now.selected = self->drawn;
  self->point = -1;
}

void
_region_edit_drop (AlidadeRegionEdit *self, guint serial)
{
  int index = edit_state_find (&self->now, serial);

  if (index < 0)
    return;
  g_ptr_array_remove_index (self->now.items, index);
  if (self->now.selected == serial)
    self->now.selected = 0;
  self->point = -1;
}

gboolean
_region_edit_enter (AlidadeRegionEdit *self, const char *what)
{
  if (self->gesture != NULL)
    return FALSE;
  alidade_region_edit_begin (self, what);
  return TRUE;
}

gboolean
_region_edit_leave (AlidadeRegionEdit *self, gboolean opened, gboolean done)
{
  if (done)
    _region_edit_changed (self);
  if (opened && done)
    alidade_region_edit_end (self);
  else if (opened)
    alidade_region_edit_cancel (self);
  return done;
}

/* The object ------------------------------------------------------------------------------------------------------- */

static void
alidade_region_edit_finalize (GObject *object)
{
  AlidadeRegionEdit *self = ALIDADE_REGION_EDIT (object);

  forget_steps (self);
  edit_state_clear (&self->now);
  edit_state_clear (&self->began);
  g_ptr_array_unref (self->loaded);
  g_hash_table_unref (self->ids);
  g_array_unref (self->draft);
  map_field_clear (&self->map);

  G_OBJECT_CLASS (alidade_region_edit_parent_class)->finalize (object);
}

static void
alidade_region_edit_class_init (AlidadeRegionEditClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = alidade_region_edit_finalize;
  signals[CHANGED] = g_signal_new ("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SELECTION_CHANGED]
      = g_signal_new ("selection-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[GESTURE_ENDED]
      = g_signal_new ("gesture-ended", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
alidade_region_edit_init (AlidadeRegionEdit *self)
{
  self->width = self->height = 1;
  self->loaded = edit_items_new ();
  self->now.items = edit_items_new ();
  self->ids = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->draft = g_array_new (FALSE, FALSE, sizeof (double));
  self->point = -1;
  self->figures_of = -1;
}

AlidadeRegionEdit *
alidade_region_edit_new (void)
{
  return g_object_new (ALIDADE_TYPE_REGION_EDIT, NULL);
}

void
alidade_region_edit_set_picture (AlidadeRegionEdit *self, guint32 width, guint32 height)
{
  g_return_if_fail (ALIDADE_IS_REGION_EDIT (self));
  g_return_if_fail (width > 0 && height > 0);

  self->gesture = NULL;
  edit_state_clear (&self->began);
  forget_steps (self);
  g_ptr_array_set_size (self->loaded, 0);
  g_ptr_array_set_size (self->now.items, 0);
  g_hash_table_remove_all (self->ids);
  g_array_set_size (self->draft, 0);
  self->now.selected = 0;
  self->width = width;
  self->height = height;
  self->has_map = FALSE;
  map_field_clear (&self->map);
  _region_edit_changed (self);
}

void
alidade_region_edit_get_picture (AlidadeRegionEdit *self, guint32 *width, guint32 *height)
{
  *width = self->width;
  *height = self->height;
}

void
alidade_region_edit_load (AlidadeRegionEdit *self, gint64 id, RegionOrigin origin, const Shape *shape)
{
  g_auto (Shape) copy = { 0 };
  EditItem *item;

  g_return_if_fail (ALIDADE_IS_REGION_EDIT (self));
  g_return_if_fail (self->gesture == NULL);

  shape_copy (shape, &copy);
  item = edit_item_new_take (++self->last_serial, origin, &copy);
  g_ptr_array_add (self->loaded, item);
  g_ptr_array_insert (self->now.items, self->loaded->len - 1, g_rc_box_acquire (item));
  g_hash_table_insert (self->ids, GUINT_TO_POINTER (item->serial), g_memdup2 (&id, sizeof id));
  forget_steps (self);
  _region_edit_changed (self);
}

void
alidade_region_edit_set_map (AlidadeRegionEdit *self, const float *map, int grid_width, int grid_height)
{
  g_return_if_fail (ALIDADE_IS_REGION_EDIT (self));

  map_field_clear (&self->map);
  self->has_map = map != NULL && map_field_set (&self->map, map, grid_width, grid_height, self->width, self->height);
  _region_edit_changed (self);
}

const MapField *
alidade_region_edit_get_map (AlidadeRegionEdit *self)
{
  return self->has_map ? &self->map : NULL;
}

void
alidade_region_edit_set_snap (AlidadeRegionEdit *self, double pixels)
{
  self->snap = MAX (pixels, 0);
}

/* What there is ---------------------------------------------------------------------------------------------------- */

/* Serials were given in order. */
static const EditItem *
find_loaded (AlidadeRegionEdit *self, guint serial)
{
  guint from = 0, to = self->loaded->len;

  while (from < to)
    {
      guint middle = from + (to - from) / 2;
      const EditItem *item = g_ptr_array_index (self->loaded, middle);

      if (item->serial == serial)
        return item;
      if (item->serial < serial)
        from = middle + 1;
      else
        to = middle;
    }
  return NULL;
}

static AlidadeEditRegion
describe (AlidadeRegionEdit *self, guint serial, const EditItem *now)
{
  const EditItem *loaded = find_loaded (self, serial);
  const gint64 *id = g_hash_table_lookup (self->ids, GUINT_TO_POINTER (serial));
  AlidadeEditRegion region = { 0 };

  region.id = id != NULL ? *id : 0;
  region.origin = loaded != NULL ? loaded->origin : ORIGIN_PERSON;
  region.shape = now != NULL ? &now->shape : NULL;
  region.loaded = loaded != NULL ? &loaded->shape : NULL;
  region.changed = now == NULL || loaded == NULL || (now != loaded && !shape_equal (&now->shape, &loaded->shape));
  return region;
}

guint
alidade_region_edit_get_n (AlidadeRegionEdit *self)
{
  return self->now.items->len;
}

gboolean
alidade_region_edit_get (AlidadeRegionEdit *self, guint index, AlidadeEditRegion *region)
{
  const EditItem *item;

  if (index >= self->now.items->len)
    return FALSE;
  item = g_ptr_array_index (self->now.items, index);
  *region = describe (self, item->serial, item);
  return TRUE;
}

GArray *
alidade_region_edit_list_changes (AlidadeRegionEdit *self)
{
  GArray *changes = g_array_new (FALSE, FALSE, sizeof (AlidadeEditRegion));

  for (guint i = 0; i < self->loaded->len; i++)
    {
      const EditItem *item = g_ptr_array_index (self->loaded, i);

      if (edit_state_find (&self->now, item->serial) < 0)
        {
          AlidadeEditRegion region = describe (self, item->serial, NULL);

          g_array_append_val (changes, region);
        }
    }
  for (guint i = 0; i < self->now.items->len; i++)
    {
      AlidadeEditRegion region;

      if (alidade_region_edit_get (self, i, &region) && region.changed)
        g_array_append_val (changes, region);
    }
  return changes;
}

gboolean
alidade_region_edit_get_changed (AlidadeRegionEdit *self)
{
  EditState loaded = { self->loaded, 0 };

  return !edit_states_equal (&loaded, &self->now);
}

guint64
alidade_region_edit_get_stamp (AlidadeRegionEdit *self)
{
  return self->stamp;
}

void
alidade_region_edit_set_id (AlidadeRegionEdit *self, guint index, gint64 id)
{
  g_return_if_fail (index < self->now.items->len);

  g_hash_table_insert (self->ids, GUINT_TO_POINTER (((EditItem *) g_ptr_array_index (self->now.items, index))->serial),
                       g_memdup2 (&id, sizeof id));
}

/* Selection -------------------------------------------------------------------------------------------------------- */

int
alidade_region_edit_get_selected (AlidadeRegionEdit *self)
{
  return edit_state_find (&self->now, self->now.selected);
}

void
alidade_region_edit_select (AlidadeRegionEdit *self, int index)
{
  guint serial;

  g_return_if_fail (ALIDADE_IS_REGION_EDIT (self));
  g_return_if_fail (index < (int) self->now.items->len);

  serial = index >= 0 ? ((EditItem *) g_ptr_array_index (self->now.items, index))->serial : 0;
  if (serial == self->now.selected)
    return;
  alidade_region_edit_end (self);
  self->now.selected = serial;
  self->point = -1;
  _region_edit_changed (self);
}

int
alidade_region_edit_get_point (AlidadeRegionEdit *self)
{
  return self->point;
}

void
alidade_region_edit_hold_point (AlidadeRegionEdit *self, int point)
{
  if (self->point == point)
    return;
  self->point = point;
  _region_edit_changed (self);
}

gboolean
alidade_region_edit_step_point (AlidadeRegionEdit *self, int direction)
{
  EditItem *item = _region_edit_selected (self);
  int n = item != NULL ? (int) polygon_count_points (&item->shape) : 0, point;

  if (n == 0)
    return FALSE;
  alidade_region_edit_end (self);
  point = self->point < 0 ? (direction > 0 ? 0 : n - 1) : (self->point + direction + n) % n;
  alidade_region_edit_hold_point (self, point);
  return TRUE;
}

/* Gestures --------------------------------------------------------------------------------------------------------- */

void
alidade_region_edit_begin (AlidadeRegionEdit *self, const char *what)
{
  g_return_if_fail (ALIDADE_IS_REGION_EDIT (self));

  alidade_region_edit_end (self);
  self->gesture = what;
  self->began = edit_state_copy (&self->now);
  self->began_point = self->point;
  self->drawn = 0;
}

void
alidade_region_edit_end (AlidadeRegionEdit *self)
{
  const char *what = self->gesture;

  if (what == NULL)
    return;
  self->gesture = NULL;
  if (edit_states_equal (&self->began, &self->now))
    {
      edit_state_clear (&self->began);
      what = NULL;
    }
  else
    {
      edit_state_push (&self->undo, self->began);
      self->began = (EditState){ 0 };
      g_queue_clear_full (&self->redo, edit_state_free);
    }
  if (what != NULL)
    g_signal_emit (self, signals[GESTURE_ENDED], 0, what);
}

void
alidade_region_edit_cancel (AlidadeRegionEdit *self)
{
  if (self->gesture == NULL)
    return;
  self->gesture = NULL;
  edit_state_clear (&self->now);
  self->now = self->began;
  self->began = (EditState){ 0 };
  self->point = self->began_point;
  _region_edit_changed (self);
}

const char *
alidade_region_edit_get_gesture (AlidadeRegionEdit *self)
{
  return self->gesture;
}

gboolean
alidade_region_edit_revert (AlidadeRegionEdit *self)
{
  EditState loaded = { self->loaded, 0 };
  guint selected;

  g_return_val_if_fail (ALIDADE_IS_REGION_EDIT (self), FALSE);

  alidade_region_edit_cancel (self);
  alidade_region_edit_draft_drop (self);
  if (edit_states_equal (&loaded, &self->now))
    return FALSE;
  alidade_region_edit_begin (self, "Changes dropped");
  selected = self->now.selected;
  edit_state_clear (&self->now);
  self->now = edit_state_copy (&loaded);
  self->now.selected = edit_state_find (&self->now, selected) >= 0 ? selected : 0;
  self->point = -1;
  _region_edit_changed (self);
  alidade_region_edit_end (self);
  return TRUE;
}

/* Another state in place of the present one, which `kept` keeps. */
static gboolean
travel (AlidadeRegionEdit *self, GQueue *from, GQueue *kept, const char *what)
{
  EditState *state = g_queue_pop_head (from);

  if (state == NULL)
    return FALSE;
  edit_state_push (kept, self->now);
  self->now = *state;
  g_free (state);
  self->point = -1;
  _region_edit_changed (self);
  g_signal_emit (self, signals[GESTURE_ENDED], 0, what);
  return TRUE;
}

gboolean
alidade_region_edit_undo (AlidadeRegionEdit *self)
{
  g_return_val_if_fail (ALIDADE_IS_REGION_EDIT (self), FALSE);

  if (self->gesture != NULL)
    {
      alidade_region_edit_cancel (self);
      return TRUE;
    }
  return alidade_region_edit_draft_undo (self) || travel (self, &self->undo, &self->redo, "Undone");
}

gboolean
alidade_region_edit_redo (AlidadeRegionEdit *self)
{
  g_return_val_if_fail (ALIDADE_IS_REGION_EDIT (self), FALSE);

  return self->gesture == NULL && travel (self, &self->redo, &self->undo, "Done again");
}

gboolean
alidade_region_edit_can_undo (AlidadeRegionEdit *self)
{
  return self->gesture != NULL || self->draft->len > 0 || self->undo.length > 0;
}

gboolean
alidade_region_edit_can_redo (AlidadeRegionEdit *self)
{
  return self->redo.length > 0;
}

/* Figures ---------------------------------------------------------------------------------------------------------- */

static const Shape *
find_proposal (AlidadeRegionEdit *self)
{
  for (guint i = 0; i < self->loaded->len; i++)
    {
      const EditItem *item = g_ptr_array_index (self->loaded, i);

      if (item->origin == ORIGIN_MAP || item->origin == ORIGIN_DETECTOR)
        return &item->shape;
    }
  return NULL;
}

static AlidadeRegionFigures
measure (AlidadeRegionEdit *self, const Shape *shape)
{
  const Shape *proposal = find_proposal (self);
  AlidadeRegionFigures figures = { .has_map = self->has_map, .has_proposal = proposal != NULL };

  if (self->has_map)
    {
      figures.peak_inside = shape_hit (shape, &self->map);
      figures.energy = shape_energy (shape, &self->map);
    }
  if (proposal != NULL)
    figures.iou = shape_iou (shape, proposal);
  figures.fills = shape_covered_area (shape, self->width, self->height) / ((double) self->width * self->height);
  return figures;
}

gboolean
alidade_region_edit_get_figures (AlidadeRegionEdit *self, int index, AlidadeRegionFigures *figures)
{
  memset (figures, 0, sizeof *figures);
  if (index < 0 || index >= (int) self->now.items->len)
    return FALSE;
  /* The badge, the pane and whoever else asks in one frame. */
  if (self->figures_of != index || self->figures_stamp != self->stamp)
    {
      self->figures = measure (self, &((EditItem *) g_ptr_array_index (self->now.items, index))->shape);
      self->figures_of = index;
      self->figures_stamp = self->stamp;
    }
  *figures = self->figures;
  return TRUE;
}
