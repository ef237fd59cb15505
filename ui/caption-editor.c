/* SPDX-License-Identifier: MIT */
#include "caption-editor.h"

#include "wrap-layout.h"

struct _AlidadeCaptionEditor
{
  GtkWidget parent_instance;

  gint64 caption;
  char *text;
  GArray *words;    /* Span */
  GPtrArray *chips; /* GtkToggleButton, one a word */
  GtkWidget *column, *flow, *entry, *tools, *make, *change;
};

G_DEFINE_FINAL_TYPE (AlidadeCaptionEditor, alidade_caption_editor, GTK_TYPE_WIDGET)

static guint edit_signal;

/* Words ------------------------------------------------------------------------------------------------------------ */

GArray *
alidade_caption_words (const char *text)
{
  GArray *words = g_array_new (FALSE, FALSE, sizeof (Span));
  gint64 place = 0;

  while (*text != '\0')
    {
      gint64 first = place, last = 0, begin = -1;
      const char *at = text;

      for (; *at != '\0' && !g_unichar_isspace (g_utf8_get_char (at)); at = g_utf8_next_char (at), place++)
        if (g_unichar_isalnum (g_utf8_get_char (at)) || g_unichar_ismark (g_utf8_get_char (at)))
          {
            begin = begin < 0 ? place : begin;
            last = place + 1;
          }
      if (at != text)
        {
          Span word = { begin < 0 ? first : begin, begin < 0 ? place : last };

          g_array_append_val (words, word);
        }
      for (; *at != '\0' && g_unichar_isspace (g_utf8_get_char (at)); at = g_utf8_next_char (at))
        place++;
      text = at;
    }
  return words;
}

GArray *
alidade_caption_spans (GArray *words, const gboolean *selected)
{
  GArray *spans = g_array_new (FALSE, FALSE, sizeof (Span));

  for (guint i = 0; i < words->len; i++)
    {
      Span word = g_array_index (words, Span, i);

      if (!selected[i])
        continue;
      if (i > 0 && selected[i - 1])
        g_array_index (spans, Span, spans->len - 1).last = word.last;
      else
        g_array_append_val (spans, word);
    }
  return spans;
}

static char *
word_text (const char *text, const Span *word)
{
  return g_utf8_substring (text, word->first, word->last);
}

/* Doing it --------------------------------------------------------------------------------------------------------- */

static void
chip_cb (AlidadeCaptionEditor *self)
{
  gboolean any = FALSE;

  for (guint i = 0; i < self->chips->len; i++)
    any = any || gtk_toggle_button_get_active (self->chips->pdata[i]);
  gtk_widget_set_sensitive (self->make, any);
}

static void
make_cb (AlidadeCaptionEditor *self)
{
  g_autofree gboolean *selected = g_new0 (gboolean, self->chips->len + 1);
  LibraryEdit *edit;

  for (guint i = 0; i < self->chips->len; i++)
    selected[i] = gtk_toggle_button_get_active (self->chips->pdata[i]);
  edit = library_edit_new (LIBRARY_EDIT_ADD_PHRASE, NULL, self->caption, NULL, NULL);
  g_array_unref (edit->spans);
  edit->spans = alidade_caption_spans (self->words, selected);
  if (edit->spans->len == 0)
    {
      library_edit_free (edit);
      return;
    }
  for (guint i = 0; i < self->chips->len; i++)
    gtk_toggle_button_set_active (self->chips->pdata[i], FALSE);
  g_signal_emit (self, edit_signal, 0, edit);
}

static void
show_entry (AlidadeCaptionEditor *self, gboolean shown)
{
  gtk_widget_set_visible (self->entry, shown);
  gtk_widget_set_visible (self->flow, !shown);
  gtk_widget_set_visible (self->tools, !shown);
}

static void
change_cb (AlidadeCaptionEditor *self)
{
  gtk_editable_set_text (GTK_EDITABLE (self->entry), self->text);
  show_entry (self, TRUE);
  gtk_widget_grab_focus (self->entry);
}

static void
entry_cb (AlidadeCaptionEditor *self)
{
  g_autofree char *text = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->entry))));

  show_entry (self, FALSE);
  gtk_widget_grab_focus (self->change);
  if (*text != '\0' && !g_str_equal (text, self->text))
    g_signal_emit (self, edit_signal, 0, library_edit_new (LIBRARY_EDIT_CAPTION, NULL, self->caption, text, NULL));
}

static gboolean
entry_key_cb (GtkEventControllerKey *keys, guint key, guint code, GdkModifierType state, AlidadeCaptionEditor *self)
{
  if (key != GDK_KEY_Escape)
    return FALSE;
  show_entry (self, FALSE);
  gtk_widget_grab_focus (self->change);
  return TRUE;
}

static void
delete_cb (AlidadeCaptionEditor *self)
{
  g_signal_emit (self, edit_signal, 0, library_edit_new (LIBRARY_EDIT_DELETE_CAPTION, NULL, self->caption, NULL, NULL));
}

/* The widget ------------------------------------------------------------------------------------------------------- */

static void
alidade_caption_editor_dispose (GObject *object)
{
  AlidadeCaptionEditor *self = ALIDADE_CAPTION_EDITOR (object);

  g_clear_pointer (&self->column, gtk_widget_unparent);
  g_clear_pointer (&self->chips, g_ptr_array_unref);
  g_clear_pointer (&self->words, g_array_unref);
  g_clear_pointer (&self->text, g_free);
  G_OBJECT_CLASS (alidade_caption_editor_parent_class)->dispose (object);
}

static void
alidade_caption_editor_class_init (AlidadeCaptionEditorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = alidade_caption_editor_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "captioneditor");
  edit_signal = g_signal_new ("edit", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                              G_TYPE_POINTER);
}

static void
alidade_caption_editor_init (AlidadeCaptionEditor *self)
{
  self->chips = g_ptr_array_new ();
}

static gboolean
has_phrase (const LibraryDetails *details, gint64 caption, const Span *word)
{
  for (guint i = 0; i < details->phrases->len; i++)
    {
      const LibraryPhrase *row = ((LibraryDetailsPhrase *) details->phrases->pdata[i])->row;

      for (guint j = 0; row->caption == caption && j < row->spans->len; j++)
        {
          const Span *span = &g_array_index (row->spans, Span, j);

          if (span->first < word->last && span->last > word->first)
            return TRUE;
        }
    }
  return FALSE;
}

static void
add_words (AlidadeCaptionEditor *self, const LibraryDetails *details, gboolean editable)
{
  for (guint i = 0; i < self->words->len; i++)
    {
      const Span *word = &g_array_index (self->words, Span, i);
      g_autofree char *text = word_text (self->text, word);
      GtkWidget *chip = gtk_toggle_button_new_with_label (text);
      gboolean phrased = has_phrase (details, self->caption, word);
      g_autofree char *spoken = g_strdup_printf ("%s%s", text, phrased ? ", in a phrase" : "");

      gtk_widget_add_css_class (chip, "caption-word");
      if (phrased)
        gtk_widget_add_css_class (chip, "in-phrase");
      gtk_widget_set_sensitive (chip, editable);
      gtk_accessible_update_property (GTK_ACCESSIBLE (chip), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
      g_signal_connect_swapped (chip, "toggled", G_CALLBACK (chip_cb), self);
      gtk_box_append (GTK_BOX (self->flow), chip);
      g_ptr_array_add (self->chips, chip);
    }
}

static GtkWidget *
tool_new (AlidadeCaptionEditor *self, const char *icon, const char *name, GCallback callback)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon);
  g_autofree char *spoken = g_strdup_printf ("%s: %s", name, self->text);

  gtk_widget_set_tooltip_text (button, name);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_add_css_class (button, "small");
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  g_signal_connect_swapped (button, "clicked", callback, self);
  gtk_box_append (GTK_BOX (self->tools), button);
  return button;
}

GtkWidget *
alidade_caption_editor_new (const LibraryCaption *caption, const LibraryDetails *details, gboolean editable)
{
  AlidadeCaptionEditor *self = g_object_new (ALIDADE_TYPE_CAPTION_EDITOR, NULL);
  GtkEventController *keys = gtk_event_controller_key_new ();

  self->caption = caption->id;
  self->text = g_strdup (caption->text);
  self->words = alidade_caption_words (caption->text);
  self->column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);
  self->flow = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_widget_set_layout_manager (self->flow, alidade_wrap_layout_new (2, 2));
  self->tools = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 2);
  self->make = gtk_button_new_with_label ("Make Phrase");
  gtk_widget_set_tooltip_text (self->make, "Select words of the caption first");
  gtk_widget_add_css_class (self->make, "small-text");
  gtk_widget_set_hexpand (self->make, TRUE);
  gtk_widget_set_halign (self->make, GTK_ALIGN_START);
  gtk_widget_set_sensitive (self->make, FALSE);
  g_signal_connect_swapped (self->make, "clicked", G_CALLBACK (make_cb), self);
  gtk_box_append (GTK_BOX (self->tools), self->make);
  self->change = tool_new (self, "document-edit-symbolic", "Change the caption", G_CALLBACK (change_cb));
  tool_new (self, "edit-delete-symbolic", "Take the caption away", G_CALLBACK (delete_cb));
  gtk_widget_set_visible (self->tools, editable);
  self->entry = gtk_entry_new ();
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->entry), GTK_ACCESSIBLE_PROPERTY_LABEL, "Text of the caption",
                                  -1);
  gtk_widget_set_visible (self->entry, FALSE);
  g_signal_connect_swapped (self->entry, "activate", G_CALLBACK (entry_cb), self);
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (entry_key_cb), self);
  gtk_widget_add_controller (self->entry, keys);
  add_words (self, details, editable);
  gtk_box_append (GTK_BOX (self->column), self->flow);
  gtk_box_append (GTK_BOX (self->column), self->entry);
  gtk_box_append (GTK_BOX (self->column), self->tools);
  gtk_widget_set_parent (self->column, GTK_WIDGET (self));
  return GTK_WIDGET (self);
}
