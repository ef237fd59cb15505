/* SPDX-License-Identifier: MIT
 * library-table.c: GTK 4.8 does not tell which column sorts, so that each column's sorter answers for itself: asked
 * about two objects, the first one that is called is the one, and what comes out is its direction. */
#include "library-table.h"

#include "library-cell.h"

#define THUMBNAIL 40

struct _AlidadeLibraryTable
{
  GtkWidget parent_instance;

  GtkWidget *scroller;
  GtkColumnView *view;
  AlidadeThumbnailer *thumbnailer;
  int asked; /* column, while its sorter is asked */
  gboolean setting;
};

G_DEFINE_FINAL_TYPE (AlidadeLibraryTable, alidade_library_table, GTK_TYPE_WIDGET)

enum
{
  SIGNAL_SORT,
  SIGNAL_ACTIVATE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* What stands in the columns --------------------------------------------------------------------------------------- */

static char *
say_name (const LibraryImage *row)
{
  return g_strdup (row->name);
}

static char *
say_caption (const LibraryImage *row)
{
  return g_strdup (row->caption != NULL ? row->caption : "");
}

static char *
say_count (gint64 n)
{
  return n > 0 ? g_strdup_printf ("%'" G_GINT64_FORMAT, n) : g_strdup ("–");
}

static char *
say_phrases (const LibraryImage *row)
{
  return say_count (row->phrases);
}

static char *
say_left (const LibraryImage *row)
{
  return row->phrases == 0              ? g_strdup ("–")
         : row->phrases == row->decided ? g_strdup ("✓")
                                        : say_count (row->phrases - row->decided);
}

static char *
say_regions (const LibraryImage *row)
{
  return say_count (row->regions);
}

static char *
say_tags (const LibraryImage *row)
{
  return g_strjoinv (", ", row->tags);
}

static char *
say_size (const LibraryImage *row)
{
  return row->width > 0 ? g_strdup_printf ("%d × %d", row->width, row->height) : g_strdup ("–");
}

static char *
say_added (const LibraryImage *row)
{
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_local (row->added / G_USEC_PER_SEC);

  return when != NULL ? g_date_time_format (when, "%Y-%m-%d") : g_strdup ("");
}

typedef struct
{
  const char *title;
  char *(*say) (const LibraryImage *row);
  int order; /* LibraryOrder, or -1 */
  int width; /* -1: what is left */
  gboolean is_number;
} Column;

static const Column columns[] = {
  { "Name", say_name, LIBRARY_BY_NAME, -1, FALSE },
  { "Caption", say_caption, -1, -1, FALSE },
  { "Phrases", say_phrases, -1, 76, TRUE },
  { "To review", say_left, -1, 84, TRUE },
  { "Regions", say_regions, LIBRARY_BY_REGIONS, 84, TRUE },
  { "Tags", say_tags, -1, 130, FALSE },
  { "Size", say_size, -1, 104, TRUE },
  { "Added", say_added, LIBRARY_BY_ADDED, 104, TRUE },
};

/* Cells ------------------------------------------------------------------------------------------------------------ */

static void
row_cb (AlidadeProjectPicture *picture, GParamSpec *pspec, GtkLabel *label)
{
  const Column *column = g_object_get_data (G_OBJECT (label), "column");
  const LibraryImage *row = alidade_project_picture_get_row (picture);
  g_autofree char *text = row != NULL ? column->say (row) : g_strdup ("");

  gtk_label_set_text (label, text);
  gtk_widget_set_tooltip_text (GTK_WIDGET (label), column->is_number ? NULL : text);
}

static GtkLabel *
label_of (GtkListItem *item)
{
  GtkWidget *child = gtk_list_item_get_child (item);

  return GTK_LABEL (GTK_IS_LABEL (child) ? child : gtk_widget_get_last_child (child));
}

static void
setup_cb (GtkSignalListItemFactory *factory, GtkListItem *item, AlidadeLibraryTable *self)
{
  const Column *column = g_object_get_data (G_OBJECT (factory), "column");
  GtkWidget *label = gtk_label_new (NULL), *box, *cell;

  g_object_set_data (G_OBJECT (label), "column", (gpointer) column);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), column == columns ? PANGO_ELLIPSIZE_START : PANGO_ELLIPSIZE_END);
  if (column->is_number)
    gtk_widget_add_css_class (label, "numeric");
  if (column != columns)
    {
      gtk_list_item_set_child (item, label);
      return;
    }
  box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  cell = alidade_library_cell_new (self->thumbnailer);
  gtk_widget_set_size_request (cell, THUMBNAIL, THUMBNAIL);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_box_append (GTK_BOX (box), cell);
  gtk_box_append (GTK_BOX (box), label);
  gtk_list_item_set_child (item, box);
}

static void
bind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, AlidadeLibraryTable *self)
{
  AlidadeProjectPicture *picture = gtk_list_item_get_item (item);
  GtkLabel *label = label_of (item);

  if (GTK_IS_BOX (gtk_list_item_get_child (item)))
    alidade_library_cell_bind (ALIDADE_LIBRARY_CELL (gtk_widget_get_first_child (gtk_list_item_get_child (item))),
                               picture);
  g_signal_connect (picture, "notify::row", G_CALLBACK (row_cb), label);
  row_cb (picture, NULL, label);
}

static void
unbind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, AlidadeLibraryTable *self)
{
  if (GTK_IS_BOX (gtk_list_item_get_child (item)))
    alidade_library_cell_unbind (ALIDADE_LIBRARY_CELL (gtk_widget_get_first_child (gtk_list_item_get_child (item))));
  g_signal_handlers_disconnect_by_data (gtk_list_item_get_item (item), label_of (item));
}

/* Sorting ---------------------------------------------------------------------------------------------------------- */

typedef struct
{
  AlidadeLibraryTable *table; /* outlives its columns */
  int nth;
} Asked;

static int
ask_cb (gconstpointer a, gconstpointer b, gpointer data)
{
  const Asked *asked = data;

  if (asked->table->asked < 0)
    asked->table->asked = asked->nth;
  return -1;
}

static void
sorted_cb (AlidadeLibraryTable *self)
{
  g_autoptr (GObject) a = g_object_new (G_TYPE_OBJECT, NULL), b = g_object_new (G_TYPE_OBJECT, NULL);
  GtkOrdering ordering;

  if (self->setting)
    return;
  self->asked = -1;
  ordering = gtk_sorter_compare (gtk_column_view_get_sorter (self->view), a, b);
  if (self->asked >= 0)
    g_signal_emit (self, signals[SIGNAL_SORT], 0, (guint) columns[self->asked].order, ordering == GTK_ORDERING_LARGER);
}

static void
activate_cb (GtkColumnView *view, guint position, AlidadeLibraryTable *self)
{
  g_signal_emit (self, signals[SIGNAL_ACTIVATE], 0, position);
}

static void
add_column (AlidadeLibraryTable *self, int nth)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  GtkColumnViewColumn *column;

  g_object_set_data (G_OBJECT (factory), "column", (gpointer) &columns[nth]);
  g_signal_connect (factory, "setup", G_CALLBACK (setup_cb), self);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cb), self);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_cb), self);
  column = gtk_column_view_column_new (columns[nth].title, factory);
  if (columns[nth].width > 0)
    gtk_column_view_column_set_fixed_width (column, columns[nth].width);
  else
    gtk_column_view_column_set_expand (column, TRUE);
  gtk_column_view_column_set_resizable (column, TRUE);
  if (columns[nth].order >= 0)
    {
      const Asked asked = { self, nth };
      g_autoptr (GtkSorter) sorter
          = GTK_SORTER (gtk_custom_sorter_new (ask_cb, g_memdup2 (&asked, sizeof asked), g_free));

      gtk_column_view_column_set_sorter (column, sorter);
    }
  gtk_column_view_append_column (self->view, column);
  g_object_unref (column);
}

/* The widget ------------------------------------------------------------------------------------------------------- */

static void
alidade_library_table_dispose (GObject *object)
{
  AlidadeLibraryTable *self = ALIDADE_LIBRARY_TABLE (object);

  if (self->view != NULL)
    {
      g_signal_handlers_disconnect_by_data (gtk_column_view_get_sorter (self->view), self);
      gtk_column_view_set_model (self->view, NULL);
    }
  self->view = NULL;
  g_clear_pointer (&self->scroller, gtk_widget_unparent);
  g_clear_object (&self->thumbnailer);
  G_OBJECT_CLASS (alidade_library_table_parent_class)->dispose (object);
}

static void
alidade_library_table_class_init (AlidadeLibraryTableClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = alidade_library_table_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "librarytable");
  signals[SIGNAL_SORT] = g_signal_new ("sort", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_BOOLEAN);
  signals[SIGNAL_ACTIVATE] = g_signal_new ("activate", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                           NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
alidade_library_table_init (AlidadeLibraryTable *self)
{
  self->asked = -1;
}

GtkWidget *
alidade_library_table_new (AlidadeThumbnailer *thumbnailer)
{
  AlidadeLibraryTable *self = g_object_new (ALIDADE_TYPE_LIBRARY_TABLE, NULL);

  self->thumbnailer = g_object_ref (thumbnailer);
  self->view = GTK_COLUMN_VIEW (gtk_column_view_new (NULL));
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    add_column (self, i);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_PROPERTY_LABEL, "Pictures", -1);
  g_signal_connect_swapped (gtk_column_view_get_sorter (self->view), "changed", G_CALLBACK (sorted_cb), self);
  g_signal_connect (self->view, "activate", G_CALLBACK (activate_cb), self);
  self->scroller = gtk_scrolled_window_new ();
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->scroller), GTK_ACCESSIBLE_PROPERTY_LABEL, "Pictures", -1);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scroller), GTK_WIDGET (self->view));
  gtk_widget_set_parent (self->scroller, GTK_WIDGET (self));
  return GTK_WIDGET (self);
}

void
alidade_library_table_set_model (AlidadeLibraryTable *self, GtkSelectionModel *model)
{
  g_return_if_fail (ALIDADE_IS_LIBRARY_TABLE (self));
  gtk_column_view_set_model (self->view, model);
}

void
alidade_library_table_set_order (AlidadeLibraryTable *self, LibraryOrder order, gboolean descending)
{
  GListModel *model;
  GtkColumnViewColumn *by = NULL;

  g_return_if_fail (ALIDADE_IS_LIBRARY_TABLE (self));

  model = gtk_column_view_get_columns (self->view);
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    if (columns[i].order == (int) order)
      by = g_list_model_get_item (model, i);
  self->setting = TRUE;
  gtk_column_view_sort_by_column (self->view, by, descending ? GTK_SORT_DESCENDING : GTK_SORT_ASCENDING);
  self->setting = FALSE;
  g_clear_object (&by);
}

/* The action is the inner list's: a column view has none. */
void
alidade_library_table_scroll_to (AlidadeLibraryTable *self, guint position)
{
  GtkWidget *child;

  g_return_if_fail (ALIDADE_IS_LIBRARY_TABLE (self));

  for (child = gtk_widget_get_first_child (GTK_WIDGET (self->view)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_LIST_VIEW (child))
      gtk_widget_activate_action (child, "list.scroll-to-item", "u", position);
}
