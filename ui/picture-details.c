/* SPDX-License-Identifier: MIT
 * picture-details.c: read again after every change; rebuilt only where something is otherwise, so that the focus stays.
 */
#include "picture-details.h"

#include "caption-editor.h"
#include "library-details.h"
#include "region-preview.h"
#include "wrap-layout.h"

#include <math.h>
#include <string.h>

struct _AlidadePictureDetails
{
  GtkWidget parent_instance;

  GtkWidget *scroller, *column, *preview_box, *name_box, *tags_box, *captions_box, *phrases_box;
  GtkLabel *several, *name, *state, *phrases_title;
  GtkWidget *name_entry, *rename, *open, *tags, *tag_entry, *captions, *caption_entry, *phrases, *phrase_entry;
  GtkGrid *facts;
  GtkWidget *preview; /* AlidadeRegionPreview */

  AlidadeProjectIndex *index;
  AlidadeProjectPicture *picture;
  GCancellable *reading;
  LibraryDetails *details; /* of `picture`, or NULL */
  char *signature;         /* what is on screen */
  gint64 phrase;           /* shown alone; 0: all */
};

G_DEFINE_FINAL_TYPE (AlidadePictureDetails, alidade_picture_details, GTK_TYPE_WIDGET)

enum
{
  SIGNAL_EDIT,
  SIGNAL_OPEN,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static gboolean
editable (AlidadePictureDetails *self)
{
  return alidade_project_service_get_reason (alidade_project_index_get_service (self->index)) == NULL;
}

static void
remove_children (GtkWidget *box)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (box)) != NULL)
    gtk_widget_unparent (child);
}

static void
emit_edit (AlidadePictureDetails *self, LibraryEditKind kind, gint64 target, const char *text)
{
  g_signal_emit (self, signals[SIGNAL_EDIT], 0, library_edit_new (kind, NULL, target, text, NULL));
}

/* Text of an entry, taken out of it; NULL: nothing. */
static char *
take_text (GtkWidget *entry)
{
  char *text = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (entry))));

  gtk_editable_set_text (GTK_EDITABLE (entry), "");
  if (*text == '\0')
    g_clear_pointer (&text, g_free);
  return text;
}

/* Tags ------------------------------------------------------------------------------------------------------------- */

static void
tag_activate_cb (AlidadePictureDetails *self)
{
  g_autofree char *text = take_text (self->tag_entry);

  if (text != NULL)
    emit_edit (self, LIBRARY_EDIT_TAG, 0, text);
}

static void
untag_cb (GtkButton *button, AlidadePictureDetails *self)
{
  emit_edit (self, LIBRARY_EDIT_UNTAG, 0, g_object_get_data (G_OBJECT (button), "tag"));
}

static void
show_tags (AlidadePictureDetails *self)
{
  char **tags = self->details->image->tags;

  remove_children (self->tags);
  for (guint i = 0; tags[i] != NULL; i++)
    {
      GtkWidget *button = gtk_button_new (), *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 4);
      GtkWidget *label = gtk_label_new (tags[i]);
      g_autofree char *spoken = g_strdup_printf ("Tag %s: take away", tags[i]);

      gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
      gtk_label_set_max_width_chars (GTK_LABEL (label), 24);
      gtk_box_append (GTK_BOX (box), label);
      if (editable (self))
        gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name ("window-close-symbolic"));
      gtk_button_set_child (GTK_BUTTON (button), box);
      gtk_widget_set_sensitive (button, editable (self));
      gtk_widget_add_css_class (button, "filter-chip");
      gtk_widget_set_tooltip_text (button, spoken);
      gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
      g_object_set_data_full (G_OBJECT (button), "tag", g_strdup (tags[i]), g_free);
      g_signal_connect (button, "clicked", G_CALLBACK (untag_cb), self);
      gtk_box_append (GTK_BOX (self->tags), button);
    }
  gtk_widget_set_visible (self->tags, tags[0] != NULL);
}

/* Captions and phrases --------------------------------------------------------------------------------------------- */

static void
caption_edit_cb (AlidadePictureDetails *self, LibraryEdit *edit)
{
  g_signal_emit (self, signals[SIGNAL_EDIT], 0, edit);
}

static void
caption_activate_cb (AlidadePictureDetails *self)
{
  g_autofree char *text = take_text (self->caption_entry);

  if (text != NULL && self->picture != NULL)
    emit_edit (self, LIBRARY_EDIT_ADD_CAPTION, alidade_project_picture_get_id (self->picture), text);
}

static void
phrase_activate_cb (AlidadePictureDetails *self)
{
  g_autofree char *text = take_text (self->phrase_entry);

  if (text != NULL && self->picture != NULL)
    emit_edit (self, LIBRARY_EDIT_ADD_QUERY, alidade_project_picture_get_id (self->picture), text);
}

static void
delete_phrase_cb (GtkButton *button, AlidadePictureDetails *self)
{
  const gint64 *id = g_object_get_data (G_OBJECT (button), "id");

  emit_edit (self, LIBRARY_EDIT_DELETE_PHRASE, *id, NULL);
}

static void
phrase_toggled_cb (GtkToggleButton *button, AlidadePictureDetails *self)
{
  const gint64 *id = g_object_get_data (G_OBJECT (button), "id");
  GtkWidget *row;

  if (gtk_toggle_button_get_active (button))
    {
      self->phrase = *id;
      for (row = gtk_widget_get_first_child (self->phrases); row != NULL; row = gtk_widget_get_next_sibling (row))
        {
          GtkWidget *other = gtk_widget_get_first_child (row);

          if (other != GTK_WIDGET (button) && GTK_IS_TOGGLE_BUTTON (other))
            gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (other), FALSE);
        }
    }
  else if (self->phrase == *id)
    self->phrase = 0;
  alidade_region_preview_set_phrase (ALIDADE_REGION_PREVIEW (self->preview), self->phrase);
}

/* Icon and letter: never the colour alone. */
static const struct
{
  const char *icon, *letter, *spoken;
} verdict_looks[LIBRARY_N_VERDICTS] = {
  { NULL, "", "no verdict" },
  { "object-select-symbolic", "A", "accepted" },
  { "document-edit-symbolic", "C", "corrected" },
  { "window-close-symbolic", "R", "rejected" },
  { "action-unavailable-symbolic", "N", "not in the picture" },
  { "dialog-question-symbolic", "U", "unsure" },
  { "emblem-synchronizing-symbolic", "", "verdict outdated" },
};

static GtkWidget *
phrase_row_new (AlidadePictureDetails *self, const LibraryDetailsPhrase *phrase)
{
  const LibraryPhrase *row = phrase->row;
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 2), *toggle = gtk_toggle_button_new ();
  GtkWidget *inside = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6), *text = gtk_label_new (row->text);
  GtkWidget *away = gtk_button_new_from_icon_name ("edit-delete-symbolic"), *count;
  g_autofree char *regions
      = row->regions == 1 ? g_strdup ("1 region") : g_strdup_printf ("%" G_GINT64_FORMAT " regions", row->regions);
  g_autofree char *spoken
      = g_strdup_printf ("Phrase %s, %s, %s", row->text, regions, verdict_looks[row->verdict].spoken);
  g_autofree char *delete_spoken = g_strdup_printf ("Take the phrase away: %s", row->text);

  gtk_label_set_xalign (GTK_LABEL (text), 0);
  gtk_label_set_ellipsize (GTK_LABEL (text), PANGO_ELLIPSIZE_END);
  gtk_widget_set_hexpand (text, TRUE);
  gtk_box_append (GTK_BOX (inside), text);
  count = gtk_label_new (row->regions > 0 ? regions : "");
  gtk_widget_add_css_class (count, "caption");
  gtk_widget_add_css_class (count, "secondary");
  gtk_widget_add_css_class (count, "numeric");
  gtk_box_append (GTK_BOX (inside), count);
  if (verdict_looks[row->verdict].icon != NULL)
    {
      GtkWidget *letter = gtk_label_new (verdict_looks[row->verdict].letter);

      gtk_box_append (GTK_BOX (inside), gtk_image_new_from_icon_name (verdict_looks[row->verdict].icon));
      gtk_widget_add_css_class (letter, "caption-heading");
      gtk_box_append (GTK_BOX (inside), letter);
    }
  gtk_button_set_child (GTK_BUTTON (toggle), inside);
  gtk_widget_set_hexpand (toggle, TRUE);
  gtk_widget_add_css_class (toggle, "flat");
  gtk_widget_add_css_class (toggle, "phrase-row");
  gtk_widget_set_tooltip_text (toggle, row->detached ? "Lost its place when its caption was edited" : row->text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (toggle), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  g_object_set_data_full (G_OBJECT (toggle), "id", g_memdup2 (&row->id, sizeof row->id), g_free);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (toggle), row->id == self->phrase);
  g_signal_connect (toggle, "toggled", G_CALLBACK (phrase_toggled_cb), self);
  gtk_widget_add_css_class (away, "flat");
  gtk_widget_add_css_class (away, "small");
  gtk_widget_set_tooltip_text (away, "Take the Phrase Away");
  gtk_widget_set_visible (away, editable (self));
  gtk_accessible_update_property (GTK_ACCESSIBLE (away), GTK_ACCESSIBLE_PROPERTY_LABEL, delete_spoken, -1);
  g_object_set_data_full (G_OBJECT (away), "id", g_memdup2 (&row->id, sizeof row->id), g_free);
  g_signal_connect (away, "clicked", G_CALLBACK (delete_phrase_cb), self);
  gtk_box_append (GTK_BOX (line), toggle);
  gtk_box_append (GTK_BOX (line), away);
  return line;
}

static void
show_texts (AlidadePictureDetails *self)
{
  const LibraryDetails *details = self->details;
  g_autofree char *title = details->n_phrases > details->phrases->len
                               ? g_strdup_printf ("Phrases (the first %u of %'" G_GINT64_FORMAT ")",
                                                  details->phrases->len, details->n_phrases)
                               : g_strdup ("Phrases");

  remove_children (self->captions);
  for (guint i = 0; i < details->captions->len; i++)
    {
      GtkWidget *editor = alidade_caption_editor_new (details->captions->pdata[i], details, editable (self));

      g_signal_connect_swapped (editor, "edit", G_CALLBACK (caption_edit_cb), self);
      gtk_box_append (GTK_BOX (self->captions), editor);
    }
  remove_children (self->phrases);
  for (guint i = 0; i < details->phrases->len; i++)
    gtk_box_append (GTK_BOX (self->phrases), phrase_row_new (self, details->phrases->pdata[i]));
  gtk_label_set_text (self->phrases_title, title);
  gtk_widget_set_visible (self->captions, details->captions->len > 0);
  gtk_widget_set_visible (self->phrases, details->phrases->len > 0);
}

/* Facts ------------------------------------------------------------------------------------------------------------ */

static void
add_fact (AlidadePictureDetails *self, int *row, const char *name, const char *value)
{
  GtkWidget *left = gtk_label_new (name), *right = gtk_label_new (value);

  gtk_label_set_xalign (GTK_LABEL (left), 0);
  gtk_widget_set_valign (left, GTK_ALIGN_START);
  gtk_label_set_xalign (GTK_LABEL (right), 1);
  gtk_label_set_ellipsize (GTK_LABEL (right), PANGO_ELLIPSIZE_START);
  gtk_widget_set_hexpand (right, TRUE);
  gtk_widget_set_tooltip_text (right, value);
  for (int i = 0; i < 2; i++)
    gtk_widget_add_css_class (i == 0 ? left : right, "fact");
  gtk_widget_add_css_class (left, "secondary");
  gtk_widget_add_css_class (right, "numeric");
  gtk_grid_attach (self->facts, left, 0, *row, 1, 1);
  gtk_grid_attach (self->facts, right, 1, *row, 1, 1);
  ++*row;
}

static char *
date_text (gint64 microseconds)
{
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_local (microseconds / G_USEC_PER_SEC);

  return when != NULL ? g_date_time_format (when, "%e %b %Y, %H:%M") : g_strdup ("");
}

static void
show_facts (AlidadePictureDetails *self)
{
  const LibraryImage *image = self->details->image;
  g_autofree char *folder = g_path_get_dirname (image->path), *shown = g_filename_display_name (folder);
  g_autofree char *grid = g_strdup_printf ("%d × %d", image->width, image->height), *size = g_format_size (image->size);
  g_autofree char *added = date_text (image->added), *changed = date_text (image->mtime);
  g_autofree char *regions = g_strdup_printf ("%'" G_GINT64_FORMAT, image->regions);
  int row = 0;

  remove_children (GTK_WIDGET (self->facts));
  if (image->width > 0)
    add_fact (self, &row, "Size", grid);
  if (image->size > 0)
    add_fact (self, &row, "File", size);
  if (image->mtime > 0)
    add_fact (self, &row, "File changed", g_strchug (changed));
  add_fact (self, &row, "Added", g_strchug (added));
  add_fact (self, &row, "Regions", regions);
  add_fact (self, &row, "Folder", shown);
}

/* All of it -------------------------------------------------------------------------------------------------------- */

/* Whatever is drawn from, in one text: equal ones need no new widgets. */
static char *
sign (const LibraryDetails *details)
{
  GString *all = g_string_new (NULL);
  const LibraryImage *image = details->image;
  g_autofree char *tags = g_strjoinv ("\n", image->tags);

  g_string_append_printf (all, "%" G_GINT64_FORMAT "|%s|%d|%s|%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT, details->id,
                          image->path, image->file, tags, image->regions, details->n_phrases);
  for (guint i = 0; i < details->captions->len; i++)
    {
      const LibraryCaption *caption = details->captions->pdata[i];

      g_string_append_printf (all, "|%" G_GINT64_FORMAT ":%s", caption->id, caption->text);
    }
  for (guint i = 0; i < details->phrases->len; i++)
    {
      const LibraryDetailsPhrase *phrase = details->phrases->pdata[i];

      g_string_append_printf (all, "|%" G_GINT64_FORMAT ":%s:%d:%d", phrase->row->id, phrase->row->text,
                              phrase->row->verdict, phrase->row->detached);
      for (guint j = 0; phrase->regions != NULL && j < phrase->regions->len; j++)
        g_string_append_printf (all, ":%" G_GINT64_FORMAT, ((ReviewRegion *) phrase->regions->pdata[j])->revision);
    }
  return g_string_free (all, FALSE);
}

static void
show_state (AlidadePictureDetails *self)
{
  const LibraryImage *image = self->details->image;
  const char *text = image->file == LIBRARY_FILE_MISSING
                         ? "The file is not where it was. If its folder has moved, tell the project where it is now."
                     : image->file == LIBRARY_FILE_CHANGED ? "The file has changed since its regions were drawn."
                                                           : NULL;

  gtk_label_set_text (self->state, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->state), text != NULL);
}

static void
show_details (AlidadePictureDetails *self)
{
  g_autofree char *signature = sign (self->details);
  g_autofree char *name = g_path_get_basename (self->details->image->name);

  alidade_region_preview_set_picture (ALIDADE_REGION_PREVIEW (self->preview),
                                      alidade_project_picture_get_picture (self->picture));
  if (g_strcmp0 (signature, self->signature) == 0)
    return;
  g_free (self->signature);
  self->signature = g_steal_pointer (&signature);
  gtk_label_set_text (self->name, name);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->name), self->details->image->name);
  gtk_widget_set_visible (self->rename, editable (self) && self->details->image->file != LIBRARY_FILE_MISSING);
  show_state (self);
  show_tags (self);
  show_texts (self);
  show_facts (self);
  alidade_region_preview_set_details (ALIDADE_REGION_PREVIEW (self->preview), self->details);
  alidade_region_preview_set_phrase (ALIDADE_REGION_PREVIEW (self->preview), self->phrase);
}

static void
set_shown (AlidadePictureDetails *self, gboolean one, guint n_selected)
{
  GtkWidget *of_one[]
      = { self->preview_box, self->name_box, self->captions_box, self->phrases_box, GTK_WIDGET (self->facts) };
  g_autofree char *text = n_selected > 1
                              ? g_strdup_printf ("%'u pictures selected", n_selected)
                              : g_strdup (n_selected == 1 ? "" : "Select a picture to see what is known about it");

  for (guint i = 0; i < G_N_ELEMENTS (of_one); i++)
    gtk_widget_set_visible (of_one[i], one);
  gtk_label_set_text (self->several, text);
  gtk_widget_set_visible (GTK_WIDGET (self->several), !one && *text != '\0');
  gtk_widget_set_visible (self->tags_box, (one || n_selected > 1) && (one || editable (self)));
  if (!one)
    {
      gtk_widget_set_visible (self->tags, FALSE);
      gtk_widget_set_visible (GTK_WIDGET (self->state), FALSE);
    }
  gtk_widget_set_visible (self->tag_entry, editable (self));
  gtk_widget_set_visible (self->caption_entry, editable (self));
  gtk_widget_set_visible (self->phrase_entry, editable (self));
}

static void
read_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadePictureDetails) self = data;
  GCancellable *cancellable = g_task_get_cancellable (G_TASK (result));
  g_autoptr (GError) error = NULL;
  gpointer passed = NULL;
  gboolean good = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (object), result, &passed, &error);
  LibraryDetails *details = passed;

  if (cancellable != self->reading)
    return;
  g_clear_object (&self->reading);
  if (!good || details->image == NULL || self->picture == NULL)
    return;
  g_clear_pointer (&self->details, library_details_free);
  self->details = g_new (LibraryDetails, 1);
  *self->details = *details;
  *details = (LibraryDetails){ .captions = g_ptr_array_new (), .phrases = g_ptr_array_new () };
  set_shown (self, TRUE, 1);
  show_details (self);
}

static void
read_details (AlidadePictureDetails *self)
{
  if (self->reading != NULL)
    g_cancellable_cancel (self->reading);
  g_clear_object (&self->reading);
  if (self->picture == NULL)
    return;
  self->reading = g_cancellable_new ();
  alidade_project_service_read_async (alidade_project_index_get_service (self->index), library_details_read,
                                      library_details_new (alidade_project_picture_get_id (self->picture)),
                                      library_details_free, self->reading, read_cb, g_object_ref (self));
}

/* The picture's file is another one, or came back. */
static void
row_cb (AlidadePictureDetails *self)
{
  if (self->details != NULL)
    alidade_region_preview_set_picture (ALIDADE_REGION_PREVIEW (self->preview),
                                        alidade_project_picture_get_picture (self->picture));
}

static void
updated_cb (AlidadePictureDetails *self)
{
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    read_details (self);
}

static void
show_name_entry (AlidadePictureDetails *self, gboolean shown)
{
  gtk_widget_set_visible (self->name_entry, shown);
  gtk_widget_set_visible (GTK_WIDGET (self->name), !shown);
}

static void
rename_cb (AlidadePictureDetails *self)
{
  alidade_picture_details_rename (self);
}

static void
name_activate_cb (AlidadePictureDetails *self)
{
  g_autofree char *text = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->name_entry))));

  show_name_entry (self, FALSE);
  gtk_widget_grab_focus (self->rename);
  if (*text != '\0' && self->picture != NULL && strcmp (text, gtk_label_get_text (self->name)) != 0)
    emit_edit (self, LIBRARY_EDIT_RENAME, alidade_project_picture_get_id (self->picture), text);
}

static gboolean
name_key_cb (GtkEventControllerKey *keys, guint key, guint code, GdkModifierType state, AlidadePictureDetails *self)
{
  if (key != GDK_KEY_Escape)
    return FALSE;
  show_name_entry (self, FALSE);
  gtk_widget_grab_focus (self->rename);
  return TRUE;
}

static void
open_cb (AlidadePictureDetails *self)
{
  g_signal_emit (self, signals[SIGNAL_OPEN], 0);
}

static void
alidade_picture_details_dispose (GObject *object)
{
  AlidadePictureDetails *self = ALIDADE_PICTURE_DETAILS (object);

  if (self->index != NULL)
    {
      alidade_picture_details_set (self, NULL, 0);
      g_signal_handlers_disconnect_by_data (self->index, self);
    }
  gtk_widget_dispose_template (GTK_WIDGET (self), ALIDADE_TYPE_PICTURE_DETAILS);
  g_clear_object (&self->index);
  g_clear_pointer (&self->signature, g_free);
  G_OBJECT_CLASS (alidade_picture_details_parent_class)->dispose (object);
}

static void
alidade_picture_details_class_init (AlidadePictureDetailsClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_picture_details_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "picturedetails");
  gtk_widget_class_set_template_from_resource (widget_class, "/org/alidade/ui/picture-details.ui");
#define BIND(member) gtk_widget_class_bind_template_child (widget_class, AlidadePictureDetails, member)
  BIND (scroller);
  BIND (column);
  BIND (several);
  BIND (preview_box);
  BIND (name_box);
  BIND (name);
  BIND (name_entry);
  BIND (rename);
  BIND (open);
  BIND (state);
  BIND (tags_box);
  BIND (tags);
  BIND (tag_entry);
  BIND (captions_box);
  BIND (captions);
  BIND (caption_entry);
  BIND (phrases_box);
  BIND (phrases_title);
  BIND (phrases);
  BIND (phrase_entry);
  BIND (facts);
#undef BIND
  gtk_widget_class_bind_template_callback (widget_class, name_activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, rename_cb);
  gtk_widget_class_bind_template_callback (widget_class, open_cb);
  gtk_widget_class_bind_template_callback (widget_class, tag_activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, caption_activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, phrase_activate_cb);
  signals[SIGNAL_EDIT] = g_signal_new ("edit", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[SIGNAL_OPEN]
      = g_signal_new ("open", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
alidade_picture_details_init (AlidadePictureDetails *self)
{
  GtkEventController *keys = gtk_event_controller_key_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_set_layout_manager (self->tags, alidade_wrap_layout_new (6, 6));
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (name_key_cb), self);
  gtk_widget_add_controller (self->name_entry, keys);
}

GtkWidget *
alidade_picture_details_new (AlidadeProjectIndex *index, AlidadeThumbnailer *thumbnailer)
{
  AlidadePictureDetails *self = g_object_new (ALIDADE_TYPE_PICTURE_DETAILS, NULL);

  self->index = g_object_ref (index);
  self->preview = alidade_region_preview_new (thumbnailer);
  gtk_box_append (GTK_BOX (self->preview_box), self->preview);
  g_signal_connect_swapped (index, "updated", G_CALLBACK (updated_cb), self);
  g_signal_connect_swapped (self, "map", G_CALLBACK (read_details), self);
  set_shown (self, FALSE, 0);
  return GTK_WIDGET (self);
}

void
alidade_picture_details_set (AlidadePictureDetails *self, AlidadeProjectPicture *picture, guint n_selected)
{
  g_return_if_fail (ALIDADE_IS_PICTURE_DETAILS (self));

  if (picture != self->picture)
    {
      if (self->picture != NULL)
        g_signal_handlers_disconnect_by_data (self->picture, self);
      g_set_object (&self->picture, picture);
      if (picture != NULL)
        g_signal_connect_swapped (picture, "notify::row", G_CALLBACK (row_cb), self);
      g_clear_pointer (&self->details, library_details_free);
      self->phrase = 0;
      show_name_entry (self, FALSE);
      read_details (self);
    }
  /* One that is being read leaves the one before on screen: no flicker while somebody walks through the list. */
  if (picture == NULL)
    {
      g_clear_pointer (&self->signature, g_free);
      set_shown (self, FALSE, n_selected);
    }
}

void
alidade_picture_details_rename (AlidadePictureDetails *self)
{
  const char *name, *ending;

  g_return_if_fail (ALIDADE_IS_PICTURE_DETAILS (self));

  if (self->details == NULL || !gtk_widget_get_visible (self->rename))
    return;
  name = gtk_label_get_text (self->name);
  ending = strrchr (name, '.');
  gtk_editable_set_text (GTK_EDITABLE (self->name_entry), name);
  show_name_entry (self, TRUE);
  gtk_widget_grab_focus (self->name_entry);
  gtk_editable_select_region (GTK_EDITABLE (self->name_entry), 0,
                              ending != NULL ? g_utf8_strlen (name, ending - name) : -1);
}

void
alidade_picture_details_focus_tag (AlidadePictureDetails *self)
{
  g_return_if_fail (ALIDADE_IS_PICTURE_DETAILS (self));

  if (gtk_widget_get_visible (self->tag_entry) && gtk_widget_get_visible (self->tags_box))
    gtk_widget_grab_focus (self->tag_entry);
}
