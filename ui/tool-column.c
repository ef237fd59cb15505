/* SPDX-License-Identifier: MIT */
#include "tool-column.h"

typedef struct
{
  AlidadeRegionTool tool;
  const char *icon, *name, *key;
} Tool;

static const Tool tools[] = {
  { ALIDADE_REGION_TOOL_SELECT, "alidade-select-symbolic", "Select", "V" },
  { ALIDADE_REGION_TOOL_BOX, "alidade-box-symbolic", "Box", "B" },
  { ALIDADE_REGION_TOOL_POLYGON, "alidade-polygon-symbolic", "Polygon", "P" },
  { ALIDADE_REGION_TOOL_BRUSH, "alidade-brush-symbolic", "Brush", "D" },
  { ALIDADE_REGION_TOOL_ERASE, "alidade-erase-symbolic", "Eraser", "X" },
};

struct _AlidadeToolColumn
{
  GtkWidget parent_instance;

  AlidadeRegionCanvas *canvas;
  GtkToggleButton *buttons[G_N_ELEMENTS (tools)];
  GtkLabel *keys[G_N_ELEMENTS (tools)];
  gboolean following; /* the buttons follow the canvas */
};

G_DEFINE_FINAL_TYPE (AlidadeToolColumn, alidade_tool_column, GTK_TYPE_WIDGET)

static void
follow_tool (AlidadeToolColumn *self)
{
  AlidadeRegionTool tool = alidade_region_canvas_get_tool (self->canvas);

  self->following = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (tools); i++)
    gtk_toggle_button_set_active (self->buttons[i], tools[i].tool == tool);
  self->following = FALSE;
}

static void
toggled_cb (GtkToggleButton *button, AlidadeToolColumn *self)
{
  if (self->following)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (tools); i++)
    if (self->buttons[i] == button)
      alidade_region_canvas_set_tool (self->canvas, tools[i].tool);
  /* A second press on the tool in use leaves it in. */
  follow_tool (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->canvas));
}

static void
update_tooltip (AlidadeToolColumn *self, guint i, const char *key)
{
  g_autofree char *text = key != NULL ? g_strdup_printf ("%s (%s)", tools[i].name, key) : g_strdup (tools[i].name);

  gtk_widget_set_tooltip_text (GTK_WIDGET (self->buttons[i]), text);
}

static void
alidade_tool_column_dispose (GObject *object)
{
  AlidadeToolColumn *self = ALIDADE_TOOL_COLUMN (object);
  GtkWidget *child;

  if (self->canvas != NULL)
    g_signal_handlers_disconnect_by_data (self->canvas, self);
  g_clear_object (&self->canvas);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);

  G_OBJECT_CLASS (alidade_tool_column_parent_class)->dispose (object);
}

static void
alidade_tool_column_class_init (AlidadeToolColumnClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_tool_column_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "toolcolumn");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_TOOLBAR);
}

static void
alidade_tool_column_init (AlidadeToolColumn *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));

  gtk_orientable_set_orientation (GTK_ORIENTABLE (layout), GTK_ORIENTATION_VERTICAL);
  gtk_widget_add_css_class (GTK_WIDGET (self), "osd-box");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, "Tools", -1);
  for (guint i = 0; i < G_N_ELEMENTS (tools); i++)
    {
      GtkWidget *button = gtk_toggle_button_new (), *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2);
      GtkWidget *key = gtk_label_new (tools[i].key);

      gtk_widget_add_css_class (key, "tool-key");
      gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
      gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name (tools[i].icon));
      gtk_box_append (GTK_BOX (box), key);
      gtk_button_set_child (GTK_BUTTON (button), box);
      gtk_widget_set_focus_on_click (button, FALSE);
      gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, tools[i].name,
                                      GTK_ACCESSIBLE_PROPERTY_KEY_SHORTCUTS, tools[i].key, -1);
      g_signal_connect (button, "toggled", G_CALLBACK (toggled_cb), self);
      gtk_widget_set_parent (button, GTK_WIDGET (self));
      self->buttons[i] = GTK_TOGGLE_BUTTON (button);
      self->keys[i] = GTK_LABEL (key);
      update_tooltip (self, i, tools[i].key);
    }
}

GtkWidget *
alidade_tool_column_new (AlidadeRegionCanvas *canvas)
{
  AlidadeToolColumn *self = g_object_new (ALIDADE_TYPE_TOOL_COLUMN, NULL);

  self->canvas = g_object_ref (canvas);
  g_signal_connect_swapped (canvas, "notify::tool", G_CALLBACK (follow_tool), self);
  follow_tool (self);
  return GTK_WIDGET (self);
}

void
alidade_tool_column_set_key (AlidadeToolColumn *self, AlidadeRegionTool tool, const char *key)
{
  g_return_if_fail (ALIDADE_IS_TOOL_COLUMN (self));

  for (guint i = 0; i < G_N_ELEMENTS (tools); i++)
    if (tools[i].tool == tool)
      {
        gtk_label_set_text (self->keys[i], key != NULL ? key : "");
        gtk_widget_set_visible (GTK_WIDGET (self->keys[i]), key != NULL);
        gtk_accessible_update_property (GTK_ACCESSIBLE (self->buttons[i]), GTK_ACCESSIBLE_PROPERTY_KEY_SHORTCUTS,
                                        key != NULL ? key : "", -1);
        update_tooltip (self, i, key);
      }
}
