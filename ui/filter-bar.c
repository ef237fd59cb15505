/* SPDX-License-Identifier: MIT
 * filter-bar.c: a chip's popover is made when it opens, from the filter as it is then. */
#include "filter-bar.h"

#include "saved-filters.h"
#include "wrap-layout.h"

#include <string.h>

#define NAMES_SHOWN 500 /* tags or models in a popover */

typedef enum
{
  CHIP_VERDICT,
  CHIP_ORIGIN,
  CHIP_TAG,
  CHIP_SCORE,
  CHIP_MODEL,
  CHIP_REGIONS,
  CHIP_CHANGED,
  CHIP_OVERLAP,
  CHIP_FILE,
  N_CHIPS
} Chip;

struct _AlidadeFilterBar
{
  GtkWidget parent_instance;

  AlidadeProjectIndex *index;
  LibraryFilter filter;
  GtkWidget *chips[N_CHIPS]; /* GtkMenuButton */
  GtkLabel *labels[N_CHIPS];
  GtkWidget *saved, *clear;
  gboolean building;
};

G_DEFINE_FINAL_TYPE (AlidadeFilterBar, alidade_filter_bar, GTK_TYPE_WIDGET)

enum
{
  SIGNAL_CHANGED,
  SIGNAL_PICKED,
  SIGNAL_PROBLEM,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static const char *const titles[N_CHIPS]
    = { "Verdict", "Origin", "Tag", "Score", "Model", "Regions", "Changed", "Disagrees", "File" };
static const char *const verdicts[]
    = { "No verdict", "Accepted", "Corrected", "Rejected", "Not in the picture", "Unsure", "Outdated" };
static const char *const origins[] = { "From a map", "From a detector", "Imported", "A person's" };
static const char *const files[] = { "There", "Missing", "Changed" };
static const char *const having[] = { "Any", "With regions", "Without regions" };
static const char *const phrased[] = { "Any", "With phrases", "Without phrases" };
static const struct
{
  const char *label;
  gint64 seconds;
} times[] = { { "Any time", 0 },
              { "Last hour", 3600 },
              { "Last day", 86400 },
              { "Last 7 days", 7 * 86400 },
              { "Last 30 days", 30 * 86400 } };

/* Saying it -------------------------------------------------------------------------------------------------------- */

/* "Accepted", "Accepted +2"; NULL: none. */
static char *
say_bits (guint bits, const char *const *names, guint n)
{
  const char *first = NULL;
  guint more = 0;

  for (guint i = 0; i < n; i++)
    if ((bits >> i & 1) != 0 && first == NULL)
      first = names[i];
    else
      more += bits >> i & 1;
  return first == NULL ? NULL : more == 0 ? g_strdup (first) : g_strdup_printf ("%s +%u", first, more);
}

static char *
say_since (gint64 since)
{
  gint64 age = since > 0 ? (g_get_real_time () - since) / G_USEC_PER_SEC : 0;

  for (guint i = 1; since > 0 && i < G_N_ELEMENTS (times); i++)
    if (age <= times[i].seconds + 60)
      return g_strdup (times[i].label);
  return since > 0 ? g_strdup ("Since a date") : NULL;
}

/* What the chip restricts; NULL: nothing. */
static char *
say_chip (AlidadeFilterBar *self, Chip chip)
{
  const LibraryFilter *filter = &self->filter;

  switch (chip)
    {
    case CHIP_VERDICT:
      return say_bits (filter->verdicts, verdicts, G_N_ELEMENTS (verdicts));
    case CHIP_ORIGIN:
      return say_bits (filter->origins, origins, G_N_ELEMENTS (origins));
    case CHIP_TAG:
      return g_strdup (filter->tag);
    case CHIP_SCORE:
      return filter->with_score ? g_strdup_printf ("%.2f – %.2f", filter->score_min, filter->score_max) : NULL;
    case CHIP_MODEL:
      return g_strdup (filter->model);
    case CHIP_REGIONS:
      if (filter->regions != LIBRARY_ANY)
        return g_strdup (having[filter->regions]);
      return filter->phrases != LIBRARY_ANY ? g_strdup (phrased[filter->phrases]) : NULL;
    case CHIP_CHANGED:
      return say_since (filter->changed_since);
    case CHIP_OVERLAP:
      return filter->iou_below > 0 ? g_strdup_printf ("IoU < %.2f", filter->iou_below) : NULL;
    default:
      return say_bits (filter->files, files, G_N_ELEMENTS (files));
    }
}

static void
update (AlidadeFilterBar *self)
{
  for (int i = 0; i < N_CHIPS; i++)
    {
      g_autofree char *said = say_chip (self, i);
      g_autofree char *spoken
          = said != NULL ? g_strdup_printf ("%s: %s", titles[i], said) : g_strdup_printf ("%s: any", titles[i]);

      gtk_label_set_text (self->labels[i], said != NULL ? said : titles[i]);
      gtk_accessible_update_property (GTK_ACCESSIBLE (self->chips[i]), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
      gtk_widget_set_tooltip_text (self->chips[i], spoken);
      if (said != NULL)
        gtk_widget_add_css_class (self->chips[i], "on");
      else
        gtk_widget_remove_css_class (self->chips[i], "on");
    }
  gtk_widget_set_visible (self->clear, !library_filter_is_empty (&self->filter));
}

static void
changed (AlidadeFilterBar *self)
{
  if (self->building)
    return;
  update (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

/* Popovers --------------------------------------------------------------------------------------------------------- */

static guint
value_of (GtkCheckButton *button)
{
  return GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "value"));
}

static GtkWidget *
add_check (GtkWidget *box, const char *label, guint value, gboolean active, GtkCheckButton *group)
{
  GtkWidget *check = gtk_check_button_new_with_label (label);

  g_object_set_data (G_OBJECT (check), "value", GUINT_TO_POINTER (value));
  if (group != NULL)
    gtk_check_button_set_group (GTK_CHECK_BUTTON (check), group);
  gtk_check_button_set_active (GTK_CHECK_BUTTON (check), active);
  gtk_box_append (GTK_BOX (box), check);
  return check;
}

/* Several of a set: `bits` is the filter's. */
static void
bit_cb (GtkCheckButton *button, guint *bits)
{
  AlidadeFilterBar *self = g_object_get_data (G_OBJECT (button), "bar");
  guint bit = 1u << value_of (button);

  *bits = gtk_check_button_get_active (button) ? *bits | bit : *bits & ~bit;
  changed (self);
}

static void
add_bits (AlidadeFilterBar *self, GtkWidget *box, guint *bits, const char *const *names, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      GtkWidget *check = add_check (box, names[i], i, (*bits >> i & 1) != 0, NULL);

      g_object_set_data (G_OBJECT (check), "bar", self);
      g_signal_connect (check, "toggled", G_CALLBACK (bit_cb), bits);
    }
}

/* One of several. */
static void
has_cb (GtkCheckButton *button, LibraryHas *has)
{
  if (!gtk_check_button_get_active (button))
    return;
  *has = value_of (button);
  changed (g_object_get_data (G_OBJECT (button), "bar"));
}

static void
add_having (AlidadeFilterBar *self, GtkWidget *box, LibraryHas *has, const char *const *names)
{
  GtkWidget *first = NULL;

  for (guint i = 0; i < 3; i++)
    {
      GtkWidget *check = add_check (box, names[i], i, *has == i, GTK_CHECK_BUTTON (first));

      g_object_set_data (G_OBJECT (check), "bar", self);
      g_signal_connect (check, "toggled", G_CALLBACK (has_cb), has);
      first = first != NULL ? first : check;
    }
}

static void
since_cb (GtkCheckButton *button, AlidadeFilterBar *self)
{
  gint64 seconds = times[value_of (button)].seconds;

  if (!gtk_check_button_get_active (button))
    return;
  self->filter.changed_since = seconds > 0 ? g_get_real_time () - seconds * G_USEC_PER_SEC : 0;
  changed (self);
}

static void
add_times (AlidadeFilterBar *self, GtkWidget *box)
{
  g_autofree char *said = say_since (self->filter.changed_since);
  GtkWidget *first = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      GtkWidget *check
          = add_check (box, times[i].label, i, g_strcmp0 (said != NULL ? said : times[0].label, times[i].label) == 0,
                       GTK_CHECK_BUTTON (first));

      g_signal_connect (check, "toggled", G_CALLBACK (since_cb), self);
      first = first != NULL ? first : check;
    }
}

/* A name out of a list; `name` is the filter's. */
static void
name_cb (GtkCheckButton *button, char **name)
{
  const char *chosen = g_object_get_data (G_OBJECT (button), "name");

  if (!gtk_check_button_get_active (button))
    return;
  g_free (*name);
  *name = g_strdup (chosen);
  changed (g_object_get_data (G_OBJECT (button), "bar"));
}

static void
add_names (AlidadeFilterBar *self, GtkWidget *box, char **name, char **names, const char *none)
{
  GtkWidget *first = add_check (box, "Any", 0, *name == NULL, NULL);

  g_object_set_data (G_OBJECT (first), "bar", self);
  g_signal_connect (first, "toggled", G_CALLBACK (name_cb), name);
  for (guint i = 0; names[i] != NULL && i < NAMES_SHOWN; i++)
    {
      GtkWidget *check = add_check (box, names[i], 0, g_strcmp0 (*name, names[i]) == 0, GTK_CHECK_BUTTON (first));

      g_object_set_data (G_OBJECT (check), "bar", self);
      g_object_set_data_full (G_OBJECT (check), "name", g_strdup (names[i]), g_free);
      g_signal_connect (check, "toggled", G_CALLBACK (name_cb), name);
    }
  if (names[0] == NULL)
    {
      GtkWidget *label = gtk_label_new (none);

      gtk_widget_add_css_class (label, "secondary");
      gtk_box_append (GTK_BOX (box), label);
    }
}

static GtkWidget *
add_spin (GtkWidget *box, const char *label, double value)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12), *text = gtk_label_new (label);
  GtkWidget *spin = gtk_spin_button_new_with_range (0, 1, 0.05);

  gtk_spin_button_set_digits (GTK_SPIN_BUTTON (spin), 2);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (spin), value);
  gtk_label_set_xalign (GTK_LABEL (text), 0);
  gtk_widget_set_hexpand (text, TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (spin), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_box_append (GTK_BOX (row), text);
  gtk_box_append (GTK_BOX (row), spin);
  gtk_box_append (GTK_BOX (box), row);
  return spin;
}

static void
score_cb (GtkWidget *any, AlidadeFilterBar *self)
{
  GtkWidget *check = g_object_get_data (G_OBJECT (any), "check");
  GtkWidget *from = g_object_get_data (G_OBJECT (any), "from"), *to = g_object_get_data (G_OBJECT (any), "to");

  self->filter.with_score = gtk_check_button_get_active (GTK_CHECK_BUTTON (check));
  self->filter.score_min = gtk_spin_button_get_value (GTK_SPIN_BUTTON (from));
  self->filter.score_max = gtk_spin_button_get_value (GTK_SPIN_BUTTON (to));
  changed (self);
}

static void
add_scores (AlidadeFilterBar *self, GtkWidget *box)
{
  GtkWidget *parts[3];

  parts[0] = add_check (box, "Only with a best score", 0, self->filter.with_score, NULL);
  parts[1] = add_spin (box, "From", self->filter.with_score ? self->filter.score_min : 0);
  parts[2] = add_spin (box, "To", self->filter.with_score ? self->filter.score_max : 1);
  for (int i = 0; i < 3; i++)
    {
      g_object_set_data (G_OBJECT (parts[i]), "check", parts[0]);
      g_object_set_data (G_OBJECT (parts[i]), "from", parts[1]);
      g_object_set_data (G_OBJECT (parts[i]), "to", parts[2]);
      if (i > 0)
        g_object_bind_property (parts[0], "active", parts[i], "sensitive", G_BINDING_SYNC_CREATE);
      g_signal_connect (parts[i], i == 0 ? "toggled" : "value-changed", G_CALLBACK (score_cb), self);
    }
}

static void
overlap_cb (GtkWidget *any, AlidadeFilterBar *self)
{
  GtkWidget *check = g_object_get_data (G_OBJECT (any), "check"), *below = g_object_get_data (G_OBJECT (any), "below");

  self->filter.iou_below = gtk_check_button_get_active (GTK_CHECK_BUTTON (check))
                               ? MAX (gtk_spin_button_get_value (GTK_SPIN_BUTTON (below)), 0.01)
                               : 0;
  changed (self);
}

static void
add_overlap (AlidadeFilterBar *self, GtkWidget *box)
{
  GtkWidget *check
      = add_check (box, "The model disagrees with a person or an import", 0, self->filter.iou_below > 0, NULL);
  GtkWidget *below = add_spin (box, "Overlap (IoU) below", self->filter.iou_below > 0 ? self->filter.iou_below : 0.5);

  g_object_set_data (G_OBJECT (check), "check", check);
  g_object_set_data (G_OBJECT (check), "below", below);
  g_object_set_data (G_OBJECT (below), "check", check);
  g_object_set_data (G_OBJECT (below), "below", below);
  g_object_bind_property (check, "active", below, "sensitive", G_BINDING_SYNC_CREATE);
  g_signal_connect (check, "toggled", G_CALLBACK (overlap_cb), self);
  g_signal_connect (below, "value-changed", G_CALLBACK (overlap_cb), self);
}

static void
fill_popover (AlidadeFilterBar *self, Chip chip, GtkWidget *box)
{
  g_auto (GStrv) names = chip == CHIP_TAG     ? alidade_project_index_get_tags (self->index)
                         : chip == CHIP_MODEL ? alidade_project_index_get_models (self->index)
                                              : NULL;

  switch (chip)
    {
    case CHIP_VERDICT:
      add_bits (self, box, &self->filter.verdicts, verdicts, G_N_ELEMENTS (verdicts));
      break;
    case CHIP_ORIGIN:
      add_bits (self, box, &self->filter.origins, origins, G_N_ELEMENTS (origins));
      break;
    case CHIP_TAG:
      add_names (self, box, &self->filter.tag, names, "Nothing is tagged yet");
      break;
    case CHIP_MODEL:
      add_names (self, box, &self->filter.model, names, "No model proposed anything yet");
      break;
    case CHIP_SCORE:
      add_scores (self, box);
      break;
    case CHIP_REGIONS:
      add_having (self, box, &self->filter.regions, having);
      gtk_box_append (GTK_BOX (box), gtk_separator_new (GTK_ORIENTATION_HORIZONTAL));
      add_having (self, box, &self->filter.phrases, phrased);
      break;
    case CHIP_CHANGED:
      add_times (self, box);
      break;
    case CHIP_OVERLAP:
      add_overlap (self, box);
      break;
    default:
      add_bits (self, box, &self->filter.files, files, G_N_ELEMENTS (files));
    }
}

static void
popup_cb (GtkMenuButton *button, gpointer data)
{
  AlidadeFilterBar *self = data;
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6), *scroller = gtk_scrolled_window_new (), *popover;
  Chip chip = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "chip"));

  self->building = TRUE;
  fill_popover (self, chip, box);
  self->building = FALSE;
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scroller), TRUE);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (scroller), 360);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), box);
  gtk_accessible_update_property (GTK_ACCESSIBLE (scroller), GTK_ACCESSIBLE_PROPERTY_LABEL, titles[chip], -1);
  popover = GTK_WIDGET (gtk_menu_button_get_popover (button));
  gtk_popover_set_child (GTK_POPOVER (popover), scroller);
}

/* The bar ---------------------------------------------------------------------------------------------------------- */

static void
clear_cb (AlidadeFilterBar *self)
{
  alidade_filter_bar_clear (self);
  g_signal_emit (self, signals[SIGNAL_PICKED], 0);
}

static void
saved_picked_cb (AlidadeFilterBar *self)
{
  const LibraryFilter *chosen = alidade_saved_filters_get_chosen (
      ALIDADE_SAVED_FILTERS (gtk_menu_button_get_popover (GTK_MENU_BUTTON (self->saved))));

  library_filter_clear (&self->filter);
  library_filter_copy (&self->filter, chosen);
  update (self);
  g_signal_emit (self, signals[SIGNAL_PICKED], 0);
}

static void
saved_problem_cb (AlidadeFilterBar *self, const char *sentence)
{
  g_signal_emit (self, signals[SIGNAL_PROBLEM], 0, sentence);
}

static void
saved_popup_cb (GtkMenuButton *button, gpointer data)
{
  AlidadeFilterBar *self = data;

  alidade_saved_filters_load (ALIDADE_SAVED_FILTERS (gtk_menu_button_get_popover (button)), &self->filter);
}

static GtkWidget *
chip_new (AlidadeFilterBar *self, const char *title, GtkWidget *popover, GtkLabel **label)
{
  GtkWidget *chip = gtk_menu_button_new (), *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 4),
            *text = gtk_label_new (title);

  gtk_label_set_ellipsize (GTK_LABEL (text), PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars (GTK_LABEL (text), 24);
  gtk_box_append (GTK_BOX (box), text);
  gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name ("pan-down-symbolic"));
  gtk_menu_button_set_child (GTK_MENU_BUTTON (chip), box);
  gtk_menu_button_set_popover (GTK_MENU_BUTTON (chip), popover);
  gtk_widget_add_css_class (chip, "filter-chip");
  gtk_widget_set_parent (chip, GTK_WIDGET (self));
  if (label != NULL)
    *label = GTK_LABEL (text);
  return chip;
}

static void
alidade_filter_bar_dispose (GObject *object)
{
  AlidadeFilterBar *self = ALIDADE_FILTER_BAR (object);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->index);
  library_filter_clear (&self->filter);
  G_OBJECT_CLASS (alidade_filter_bar_parent_class)->dispose (object);
}

static void
alidade_filter_bar_class_init (AlidadeFilterBarClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = alidade_filter_bar_dispose;
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "filterbar");
  signals[SIGNAL_CHANGED]
      = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_PICKED]
      = g_signal_new ("picked", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_PROBLEM] = g_signal_new ("problem", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
alidade_filter_bar_init (AlidadeFilterBar *self)
{
  gtk_widget_set_layout_manager (GTK_WIDGET (self), alidade_wrap_layout_new (6, 6));
}

GtkWidget *
alidade_filter_bar_new (AlidadeProjectIndex *index, const char *by)
{
  AlidadeFilterBar *self = g_object_new (ALIDADE_TYPE_FILTER_BAR, NULL);
  GtkWidget *saved = alidade_saved_filters_new (alidade_project_index_get_service (index), by);

  self->index = g_object_ref (index);
  for (guint i = 0; i < N_CHIPS; i++)
    {
      self->chips[i] = chip_new (self, titles[i], gtk_popover_new (), &self->labels[i]);
      g_object_set_data (G_OBJECT (self->chips[i]), "chip", GUINT_TO_POINTER (i));
      gtk_menu_button_set_create_popup_func (GTK_MENU_BUTTON (self->chips[i]), popup_cb, self, NULL);
    }
  self->saved = chip_new (self, "Saved", saved, NULL);
  gtk_widget_set_tooltip_text (self->saved, "Kept Filters");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->saved), GTK_ACCESSIBLE_PROPERTY_LABEL, "Kept filters", -1);
  gtk_menu_button_set_create_popup_func (GTK_MENU_BUTTON (self->saved), saved_popup_cb, self, NULL);
  g_signal_connect_swapped (saved, "chosen", G_CALLBACK (saved_picked_cb), self);
  g_signal_connect_swapped (saved, "problem", G_CALLBACK (saved_problem_cb), self);
  self->clear = gtk_button_new_with_label ("Clear");
  gtk_widget_add_css_class (self->clear, "filter-clear");
  gtk_widget_add_css_class (self->clear, "flat");
  gtk_widget_set_parent (self->clear, GTK_WIDGET (self));
  g_signal_connect_swapped (self->clear, "clicked", G_CALLBACK (clear_cb), self);
  update (self);
  return GTK_WIDGET (self);
}

LibraryFilter *
alidade_filter_bar_get_filter (AlidadeFilterBar *self)
{
  g_return_val_if_fail (ALIDADE_IS_FILTER_BAR (self), NULL);
  return &self->filter;
}

void
alidade_filter_bar_clear (AlidadeFilterBar *self)
{
  LibraryOrder order;
  gboolean descending;

  g_return_if_fail (ALIDADE_IS_FILTER_BAR (self));

  order = self->filter.order;
  descending = self->filter.descending;
  library_filter_clear (&self->filter);
  self->filter = (LibraryFilter){ .order = order, .descending = descending };
  update (self);
}

void
alidade_filter_bar_update (AlidadeFilterBar *self)
{
  g_return_if_fail (ALIDADE_IS_FILTER_BAR (self));
  update (self);
}
