/* SPDX-License-Identifier: MIT
 * States of the regions and the steps between them. */
#include "region-edit-private.h"

#include <string.h>

#define UNDO_LIMIT 1000         /* steps */
#define UNDO_BYTES (64 << 20) /* of their shapes, about */

static void
item_clear (gpointer data)
{
  shape_clear (&((EditItem *) data)->shape);
}

void
edit_item_unref (gpointer data)
{
  g_rc_box_release_full (data, item_clear);
}

/* Takes what `shape` holds. */
EditItem *
edit_item_new_take (guint serial, RegionOrigin origin, Shape *shape)
{
  EditItem *item = g_rc_box_new0 (EditItem);

  item->serial = serial;
  item->origin = origin;
  item->shape = *shape;
  memset (shape, 0, sizeof *shape);
  return item;
}

static gpointer
copy_item (gconstpointer item, gpointer data)
{
  return g_rc_box_acquire ((gpointer) item);
}

GPtrArray *
edit_items_new (void)
{
  return g_ptr_array_new_with_free_func (edit_item_unref);
}

EditState
edit_state_copy (const EditState *state)
{
  EditState copy = { g_ptr_array_copy (state->items, copy_item, NULL), state->selected };

  g_ptr_array_set_free_func (copy.items, edit_item_unref);
  return copy;
}

void
edit_state_clear (EditState *state)
{
  g_clear_pointer (&state->items, g_ptr_array_unref);
  state->selected = 0;
}

void
edit_state_free (gpointer data)
{
  edit_state_clear (data);
  g_free (data);
}

int
edit_state_find (const EditState *state, guint serial)
{
  for (guint i = 0; serial != 0 && i < state->items->len; i++)
    if (((EditItem *) g_ptr_array_index (state->items, i))->serial == serial)
      return (int) i;
  return -1;
}

gboolean
edit_states_equal (const EditState *a, const EditState *b)
{
  if (a->items->len != b->items->len)
    return FALSE;
  for (guint i = 0; i < a->items->len; i++)
    {
      const EditItem *one = g_ptr_array_index (a->items, i), *other = g_ptr_array_index (b->items, i);

      if (one != other && (one->serial != other->serial || !shape_equal (&one->shape, &other->shape)))
        return FALSE;
    }
  return TRUE;
}

/* Bytes that a step holds alone, about: the shape it was made on. */
static gsize
state_cost (const EditState *state)
{
  int index = edit_state_find (state, state->selected);
  const Shape *shape = index >= 0 ? &((EditItem *) g_ptr_array_index (state->items, index))->shape : NULL;
  gsize bytes = state->items->len * sizeof (gpointer);

  if (shape != NULL && shape->runs != NULL)
    bytes += shape->runs->len * sizeof (guint32);
  if (shape != NULL && shape->points != NULL)
    bytes += shape->points->len * sizeof (double);
  return bytes;
}

void
edit_state_push (GQueue *queue, EditState state)
{
  gsize bytes = 0;

  g_queue_push_head (queue, g_memdup2 (&state, sizeof state));
  for (GList *l = queue->head; l != NULL; l = l->next)
    bytes += state_cost (l->data);
  while (queue->length > 1 && (queue->length > UNDO_LIMIT || bytes > UNDO_BYTES))
    {
      EditState *oldest = g_queue_pop_tail (queue);

      bytes -= state_cost (oldest);
      edit_state_free (oldest);
    }
}
