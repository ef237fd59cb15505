/* SPDX-License-Identifier: MIT */
#include "review-caption.h"

#include "wrap-layout.h"

struct _AlidadeReviewCaption
{
  GtkWidget parent_instance;

  GtkWidget *words;    /* labels that wrap */
  GtkWidget *others;   /* box of the other captions */
  GtkLabel *more;      /* "2 other captions" */
  GtkWidget *buttons;
  GtkLabel *previous_key, *next_key;
  char *others_key;
  gboolean open;
  guint n_others;
};

G_DEFINE_FINAL_TYPE (AlidadeReviewCaption, alidade_review_caption, GTK_TYPE_WIDGET)

static void
clear (GtkWidget *box)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (box)) != NULL)
    gtk_widget_unparent (child);
}

static void
add_label (AlidadeReviewCaption *self, const char *text, gboolean marked)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_widget_add_css_class (label, marked ? "phrase-span" : "secondary");
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_widget_set_parent (label, self->words);
}

/* A stretch of the caption between two marks, word by word. */
static void
add_plain (AlidadeReviewCaption *self, const char *text, gsize length)
{
  g_autofree char *part = g_strndup (text, length);
  g_auto (GStrv) words = g_strsplit_set (part, " \t\n", -1);

  for (guint i = 0; words[i] != NULL; i++)
    if (*words[i] != '\0')
      add_label (self, words[i], FALSE);
}

/* Punctuation that follows a mark at once keeps to it. */
static gsize
glued (const char *text)
{
  gsize n = 0;

  while (text[n] != '\0' && g_ascii_ispunct (text[n]) && text[n] != '(' && text[n] != '"')
    n++;
  return n;
}

static void
add_caption (AlidadeReviewCaption *self, const ReviewItem *item)
{
  const char *caption = item->caption_text, *at = caption;
  glong length = g_utf8_strlen (caption, -1);

  for (guint i = 0; i < item->spans->len; i++)
    {
      const Span *span = &g_array_index (item->spans, Span, i);
      const char *from, *to;
      g_autofree char *marked = NULL;
      gsize n;

      if (span->first < 0 || span->last > length || span->last <= span->first)
        continue;
      from = g_utf8_offset_to_pointer (caption, span->first);
      to = g_utf8_offset_to_pointer (caption, span->last);
      if (from < at)
        continue;
      add_plain (self, at, from - at);
      marked = g_strndup (from, to - from);
      add_label (self, marked, TRUE);
      at = to;
      if ((n = glued (at)) > 0)
        {
          g_autofree char *sign = g_strndup (at, n);
          GtkWidget *label = gtk_label_new (sign), *mark = gtk_widget_get_last_child (self->words);
          GtkWidget *both = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 1);

          gtk_widget_add_css_class (label, "secondary");
          g_object_ref (mark);
          gtk_widget_unparent (mark);
          gtk_box_append (GTK_BOX (both), mark);
          gtk_box_append (GTK_BOX (both), label);
          g_object_unref (mark);
          gtk_widget_set_parent (both, self->words);
          at += n;
        }
    }
  add_plain (self, at, strlen (at));
}

static void
update_more (AlidadeReviewCaption *self)
{
  g_autofree char *text = g_strdup_printf ("%u other caption%s%s%s", self->n_others, self->n_others == 1 ? "" : "s",
                                           self->others_key != NULL && *self->others_key != '\0' ? "  " : "",
                                           self->others_key != NULL ? self->others_key : "");

  gtk_label_set_text (self->more, text);
  gtk_widget_set_visible (GTK_WIDGET (self->more), self->n_others > 0 && !self->open);
  gtk_widget_set_visible (self->others, self->n_others > 0 && self->open);
}

void
alidade_review_caption_set (AlidadeReviewCaption *self, const ReviewItem *item, const char *text)
{
  g_autofree char *spoken = NULL;

  clear (self->words);
  clear (self->others);
  self->n_others = item != NULL ? item->captions->len : 0;
  if (item != NULL && item->caption_text != NULL && item->spans->len > 0)
    add_caption (self, item);
  else if (item != NULL || text != NULL)
    add_label (self, item != NULL ? item->text : text, TRUE);
  for (guint i = 0; i < self->n_others; i++)
    {
      GtkWidget *label = gtk_label_new (((ReviewText *) item->captions->pdata[i])->text);

      gtk_label_set_xalign (GTK_LABEL (label), 0);
      gtk_label_set_wrap (GTK_LABEL (label), TRUE);
      gtk_widget_add_css_class (label, "secondary");
      gtk_box_append (GTK_BOX (self->others), label);
    }
  update_more (self);
  if (item != NULL)
    spoken = item->caption_text != NULL && item->spans->len > 0 ? g_strdup_printf ("%s, in: %s", item->text, item->caption_text)
                                                                 : g_strdup (item->text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->words), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  spoken != NULL ? spoken : text != NULL ? text : "No phrase", -1);
}

void
alidade_review_caption_toggle_others (AlidadeReviewCaption *self)
{
  self->open = !self->open;
  update_more (self);
}

void
alidade_review_caption_set_keys (AlidadeReviewCaption *self, const char *previous, const char *next, const char *others)
{
  gtk_label_set_text (self->previous_key, previous);
  gtk_label_set_text (self->next_key, next);
  g_free (self->others_key);
  self->others_key = g_strdup (others);
  update_more (self);
}

void
alidade_review_caption_append (AlidadeReviewCaption *self, GtkWidget *widget)
{
  gtk_box_append (GTK_BOX (self->buttons), widget);
}

static GtkWidget *
step_button (const char *icon, const char *name, const char *action, GtkLabel **key)
{
  GtkWidget *button = gtk_button_new (), *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 10);

  *key = GTK_LABEL (gtk_label_new (""));
  gtk_widget_add_css_class (GTK_WIDGET (*key), "keycap");
  gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name (icon));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (*key));
  gtk_button_set_child (GTK_BUTTON (button), box);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_focusable (button, FALSE);
  gtk_widget_set_tooltip_text (button, name);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  return button;
}

static void
alidade_review_caption_dispose (GObject *object)
{
  AlidadeReviewCaption *self = ALIDADE_REVIEW_CAPTION (object);

  if (self->words != NULL)
    clear (self->words);
  self->words = NULL;
  clear (GTK_WIDGET (self));
  g_clear_pointer (&self->others_key, g_free);
  G_OBJECT_CLASS (alidade_review_caption_parent_class)->dispose (object);
}

/* The place of the words: a widget of its own, since a label cannot mark with rounded corners. */
typedef struct
{
  GtkWidget parent_instance;
} CaptionWords;

typedef struct
{
  GtkWidgetClass parent_class;
} CaptionWordsClass;

static GType caption_words_get_type (void);
G_DEFINE_TYPE (CaptionWords, caption_words, GTK_TYPE_WIDGET)

static void
caption_words_dispose (GObject *object)
{
  clear (GTK_WIDGET (object));
  G_OBJECT_CLASS (caption_words_parent_class)->dispose (object);
}

static void
caption_words_class_init (CaptionWordsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = caption_words_dispose;
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
caption_words_init (CaptionWords *self)
{
  gtk_widget_set_layout_manager (GTK_WIDGET (self), alidade_wrap_layout_new (5, 4));
}

static void
alidade_review_caption_class_init (AlidadeReviewCaptionClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = alidade_review_caption_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "reviewcaption");
}

static void
alidade_review_caption_init (AlidadeReviewCaption *self)
{
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);

  self->words = g_object_new (caption_words_get_type (), NULL);
  self->others = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2);
  self->more = GTK_LABEL (gtk_label_new (""));
  gtk_label_set_xalign (self->more, 0);
  gtk_widget_add_css_class (GTK_WIDGET (self->more), "caption");
  gtk_widget_add_css_class (GTK_WIDGET (self->more), "secondary");
  gtk_box_append (GTK_BOX (texts), self->words);
  gtk_box_append (GTK_BOX (texts), self->others);
  gtk_box_append (GTK_BOX (texts), GTK_WIDGET (self->more));
  gtk_widget_set_hexpand (texts, TRUE);
  gtk_widget_set_valign (texts, GTK_ALIGN_CENTER);
  gtk_widget_set_parent (texts, GTK_WIDGET (self));
  self->buttons = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 4);
  gtk_widget_set_valign (self->buttons, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (self->buttons), step_button ("go-up-symbolic", "Previous", "review.previous", &self->previous_key));
  gtk_box_append (GTK_BOX (self->buttons), step_button ("go-down-symbolic", "Next", "review.next", &self->next_key));
  gtk_widget_set_parent (self->buttons, GTK_WIDGET (self));
}

GtkWidget *
alidade_review_caption_new (void)
{
  return g_object_new (ALIDADE_TYPE_REVIEW_CAPTION, NULL);
}
