/* SPDX-License-Identifier: MIT */
#include "picture-selection.h"

struct _AlidadePictureSelection
{
  GObject parent_instance;

  AlidadeProjectPictures *pictures;
  GHashTable *ids; /* gint64 *, owned */
  gboolean single;
};

static void model_init (GListModelInterface *iface);
static void selection_init (GtkSelectionModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (AlidadePictureSelection, alidade_picture_selection, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, model_init)
                                   G_IMPLEMENT_INTERFACE (GTK_TYPE_SELECTION_MODEL, selection_init))

static guint
length (AlidadePictureSelection *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->pictures));
}

static gboolean
has (AlidadePictureSelection *self, guint position)
{
  gint64 id = alidade_project_pictures_get_id (self->pictures, position);

  return g_hash_table_contains (self->ids, &id);
}

static void
add (AlidadePictureSelection *self, gint64 id)
{
  if (id != 0)
    g_hash_table_add (self->ids, g_memdup2 (&id, sizeof id));
}

static void
all_changed (AlidadePictureSelection *self)
{
  if (length (self) > 0)
    gtk_selection_model_selection_changed (GTK_SELECTION_MODEL (self), 0, length (self));
}

static void
items_changed_cb (AlidadePictureSelection *self, guint position, guint removed, guint added)
{
  g_list_model_items_changed (G_LIST_MODEL (self), position, removed, added);
}

/* GListModel ------------------------------------------------------------------------------------------------------- */

static GType
get_item_type (GListModel *model)
{
  return ALIDADE_TYPE_PROJECT_PICTURE;
}

static guint
get_n_items (GListModel *model)
{
  return length (ALIDADE_PICTURE_SELECTION (model));
}

static gpointer
get_item (GListModel *model, guint position)
{
  return g_list_model_get_item (G_LIST_MODEL (ALIDADE_PICTURE_SELECTION (model)->pictures), position);
}

static void
model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

/* GtkSelectionModel ------------------------------------------------------------------------------------------------ */

static gboolean
is_selected (GtkSelectionModel *model, guint position)
{
  return has (ALIDADE_PICTURE_SELECTION (model), position);
}

static GtkBitset *
get_selection_in_range (GtkSelectionModel *model, guint position, guint n)
{
  AlidadePictureSelection *self = ALIDADE_PICTURE_SELECTION (model);
  GtkBitset *set = gtk_bitset_new_empty ();

  if (g_hash_table_size (self->ids) > 0)
    for (guint i = position; i < MIN (position + n, length (self)); i++)
      if (has (self, i))
        gtk_bitset_add (set, i);
  return set;
}

static gboolean
set_selection (GtkSelectionModel *model, GtkBitset *selected, GtkBitset *mask)
{
  AlidadePictureSelection *self = ALIDADE_PICTURE_SELECTION (model);
  GtkBitsetIter iter;
  guint position, n = length (self);

  if (self->single && gtk_bitset_get_size (selected) > 1)
    return FALSE;
  if (gtk_bitset_iter_init_first (&iter, mask, &position))
    do
      {
        gint64 id = alidade_project_pictures_get_id (self->pictures, position);

        if (gtk_bitset_contains (selected, position))
          {
            if (self->single)
              g_hash_table_remove_all (self->ids);
            add (self, id);
          }
        else if (!self->single)
          g_hash_table_remove (self->ids, &id);
      }
    while (gtk_bitset_iter_next (&iter, &position) && position < n);
  /* Everything is asked for: what is not in the list goes too. */
  if (!self->single && gtk_bitset_get_size (mask) >= n && gtk_bitset_is_empty (selected))
    g_hash_table_remove_all (self->ids);
  all_changed (self);
  return TRUE;
}

static gboolean
select_item (GtkSelectionModel *model, guint position, gboolean unselect_rest)
{
  AlidadePictureSelection *self = ALIDADE_PICTURE_SELECTION (model);

  if (self->single || unselect_rest)
    g_hash_table_remove_all (self->ids);
  add (self, alidade_project_pictures_get_id (self->pictures, position));
  if (self->single || unselect_rest)
    all_changed (self);
  else
    gtk_selection_model_selection_changed (model, position, 1);
  return TRUE;
}

static gboolean
unselect_item (GtkSelectionModel *model, guint position)
{
  AlidadePictureSelection *self = ALIDADE_PICTURE_SELECTION (model);
  gint64 id = alidade_project_pictures_get_id (self->pictures, position);

  if (self->single)
    return FALSE;
  g_hash_table_remove (self->ids, &id);
  gtk_selection_model_selection_changed (model, position, 1);
  return TRUE;
}

static gboolean
unselect_all (GtkSelectionModel *model)
{
  AlidadePictureSelection *self = ALIDADE_PICTURE_SELECTION (model);

  if (self->single)
    return FALSE;
  g_hash_table_remove_all (self->ids);
  all_changed (self);
  return TRUE;
}

static void
selection_init (GtkSelectionModelInterface *iface)
{
  iface->is_selected = is_selected;
  iface->get_selection_in_range = get_selection_in_range;
  iface->set_selection = set_selection;
  iface->select_item = select_item;
  iface->unselect_item = unselect_item;
  iface->unselect_all = unselect_all;
}

/* GObject ---------------------------------------------------------------------------------------------------------- */

static void
alidade_picture_selection_finalize (GObject *object)
{
  AlidadePictureSelection *self = ALIDADE_PICTURE_SELECTION (object);

  g_signal_handlers_disconnect_by_data (self->pictures, self);
  g_object_unref (self->pictures);
  g_hash_table_unref (self->ids);
  G_OBJECT_CLASS (alidade_picture_selection_parent_class)->finalize (object);
}

static void
alidade_picture_selection_class_init (AlidadePictureSelectionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = alidade_picture_selection_finalize;
}

static void
alidade_picture_selection_init (AlidadePictureSelection *self)
{
  self->ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

AlidadePictureSelection *
alidade_picture_selection_new (AlidadeProjectPictures *pictures, gboolean single)
{
  AlidadePictureSelection *self = g_object_new (ALIDADE_TYPE_PICTURE_SELECTION, NULL);

  self->pictures = g_object_ref (pictures);
  self->single = single;
  g_signal_connect_swapped (pictures, "items-changed", G_CALLBACK (items_changed_cb), self);
  return self;
}

GArray *
alidade_picture_selection_get_ids (AlidadePictureSelection *self)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  guint n;

  g_return_val_if_fail (ALIDADE_IS_PICTURE_SELECTION (self), ids);
  n = g_hash_table_size (self->ids) > 0 ? length (self) : 0;
  for (guint i = 0; i < n; i++)
    if (has (self, i))
      {
        gint64 id = alidade_project_pictures_get_id (self->pictures, i);

        g_array_append_val (ids, id);
      }
  return ids;
}

guint
alidade_picture_selection_count (AlidadePictureSelection *self, guint *first)
{
  guint n = 0, all;

  g_return_val_if_fail (ALIDADE_IS_PICTURE_SELECTION (self), 0);
  all = g_hash_table_size (self->ids) > 0 ? length (self) : 0;
  for (guint i = 0; i < all && n < g_hash_table_size (self->ids); i++)
    if (has (self, i) && n++ == 0 && first != NULL)
      *first = i;
  return n;
}

void
alidade_picture_selection_set_id (AlidadePictureSelection *self, gint64 id)
{
  g_return_if_fail (ALIDADE_IS_PICTURE_SELECTION (self));

  g_hash_table_remove_all (self->ids);
  add (self, id);
  all_changed (self);
}
