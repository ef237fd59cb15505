/* SPDX-License-Identifier: MIT */
#include "review-hint.h"

#include "wrap-layout.h"

struct _AlidadeReviewHint
{
  GtkWidget parent_instance;
};

G_DEFINE_FINAL_TYPE (AlidadeReviewHint, alidade_review_hint, GTK_TYPE_WIDGET)

static void
clear (AlidadeReviewHint *self)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
}

static void
add (AlidadeReviewHint *self, const char *text, const char *class)
{
  GtkWidget *label = gtk_label_new (text);

  if (class != NULL)
    gtk_widget_add_css_class (label, class);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_xalign (GTK_LABEL (label), class != NULL && g_str_equal (class, "osd-key") ? 0.5 : 0);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 60);
  gtk_widget_set_parent (label, GTK_WIDGET (self));
}

void
alidade_review_hint_set (AlidadeReviewHint *self, const char *text, gboolean error, const char *const *pairs)
{
  g_autoptr (GString) spoken = g_string_new (text);

  clear (self);
  if (text != NULL)
    add (self, text, error ? "hint-error" : "hint-text");
  for (guint i = 0; pairs != NULL && pairs[i] != NULL && pairs[i + 1] != NULL; i += 2)
    {
      add (self, pairs[i], "osd-key");
      add (self, pairs[i + 1], "hint-text");
      g_string_append_printf (spoken, "%s%s: %s", spoken->len > 0 ? ", " : "", pairs[i], pairs[i + 1]);
    }
  gtk_widget_set_visible (GTK_WIDGET (self), spoken->len > 0);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken->str, -1);
}

static void
alidade_review_hint_dispose (GObject *object)
{
  clear (ALIDADE_REVIEW_HINT (object));
  G_OBJECT_CLASS (alidade_review_hint_parent_class)->dispose (object);
}

static void
alidade_review_hint_class_init (AlidadeReviewHintClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = alidade_review_hint_dispose;
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_STATUS);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "reviewhint");
}

static void
alidade_review_hint_init (AlidadeReviewHint *self)
{
  gtk_widget_set_layout_manager (GTK_WIDGET (self), alidade_wrap_layout_new (8, 4));
  gtk_widget_add_css_class (GTK_WIDGET (self), "osd");
  gtk_widget_add_css_class (GTK_WIDGET (self), "osd-hint");
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}

GtkWidget *
alidade_review_hint_new (void)
{
  return g_object_new (ALIDADE_TYPE_REVIEW_HINT, NULL);
}
