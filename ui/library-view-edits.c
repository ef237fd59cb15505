/* SPDX-License-Identifier: MIT
 * library-view-edits.c: what a person does to pictures, said afterwards with Undo beside it. Removals are undone as
 * entries, everything else as the person's newest record. */
#include "library-view-private.h"

#define UNDO_DEPTH 200

void
_alidade_library_view_toast (AlidadeLibraryView *self, const char *text, gboolean undo)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  AdwToast *toast = adw_toast_new (escaped);

  if (undo)
    {
      adw_toast_set_button_label (toast, "Undo");
      adw_toast_set_action_name (toast, "library.undo");
    }
  adw_toast_overlay_add_toast (self->toasts, toast);
}

static void
push (GArray *stack, gint64 entry)
{
  g_array_append_val (stack, entry);
  if (stack->len > UNDO_DEPTH)
    g_array_remove_index (stack, 0);
}

/* What to say of it; NULL: it is plain to see. */
static char *
say_done (const LibraryEdit *edit)
{
  guint n = edit->ids->len;

  switch (edit->kind)
    {
    case LIBRARY_EDIT_TAG:
      return edit->changed == 0 ? g_strdup_printf ("Tagged “%s” already", edit->text)
                                : g_strdup_printf ("Tagged %u %s “%s”", edit->changed,
                                                   edit->changed == 1 ? "picture" : "pictures", edit->text);
    case LIBRARY_EDIT_UNTAG:
      return g_strdup_printf ("Tag “%s” taken away", edit->text);
    case LIBRARY_EDIT_RENAME:
      return g_strdup_printf ("Renamed to %s", edit->text);
    case LIBRARY_EDIT_REMOVE:
      return g_strdup_printf ("Removed %u %s from the project; %s", n, n == 1 ? "picture" : "pictures",
                              n == 1 ? "the file stays" : "the files stay");
    case LIBRARY_EDIT_BIN:
      if (edit->failed != NULL && edit->failed->len > 0)
        return g_strdup_printf ("%u of %u files could not be moved to the bin: %s", edit->failed->len, n,
                                (const char *) edit->failed->pdata[0]);
      return g_strdup_printf ("Moved %u %s to the bin", n, n == 1 ? "file" : "files");
    case LIBRARY_EDIT_DELETE_CAPTION:
      return g_strdup ("Caption taken away; its phrases stay");
    case LIBRARY_EDIT_DELETE_PHRASE:
      return g_strdup ("Phrase taken away");
    case LIBRARY_EDIT_HIDE:
      return g_strdup ("Undone: pictures removed");
    case LIBRARY_EDIT_SHOW:
      return g_strdup ("Done again: pictures removed");
    case LIBRARY_EDIT_UNDO:
      return g_strdup_printf ("Undone: %s", edit->what != NULL ? edit->what : "");
    case LIBRARY_EDIT_REDO:
      return g_strdup_printf ("Done again: %s", edit->what != NULL ? edit->what : "");
    default:
      return NULL;
    }
}

static void
note_done (AlidadeLibraryView *self, const LibraryEdit *edit)
{
  switch (edit->kind)
    {
    case LIBRARY_EDIT_HIDE:
      push (self->undone, edit->target);
      break;
    case LIBRARY_EDIT_UNDO:
      push (self->undone, 0);
      break;
    case LIBRARY_EDIT_SHOW:
      push (self->done, edit->target);
      break;
    case LIBRARY_EDIT_REDO:
      push (self->done, 0);
      break;
    case LIBRARY_EDIT_TAG:
      if (edit->changed == 0)
        break;
      /* fall through */
    default:
      push (self->done, edit->kind == LIBRARY_EDIT_REMOVE || edit->kind == LIBRARY_EDIT_BIN ? edit->made : 0);
      g_array_set_size (self->undone, 0);
    }
}

static gboolean
can_undo (const LibraryEdit *edit)
{
  return edit->kind < LIBRARY_EDIT_SAVE_FILTER && edit->kind != LIBRARY_EDIT_BIN
         && (edit->kind != LIBRARY_EDIT_TAG || edit->changed > 0);
}

static void
edited_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeLibraryView) self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gpointer passed = NULL;
  gboolean good = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (object), result, &passed, &error);
  const LibraryEdit *edit = passed;

  if (self->toasts == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (!good)
    {
      _alidade_library_view_toast (self, error->message, FALSE);
      return;
    }
  note_done (self, edit);
  if ((text = say_done (edit)) != NULL)
    _alidade_library_view_toast (self, text, can_undo (edit));
}

void
_alidade_library_view_edit (AlidadeLibraryView *self, LibraryEdit *edit)
{
  if (edit->by == NULL)
    edit->by = g_strdup (self->by);
  if (edit->kind <= LIBRARY_EDIT_UNTAG && edit->ids->len == 0)
    {
      g_array_unref (edit->ids);
      edit->ids = alidade_picture_selection_get_ids (self->selection);
    }
  alidade_project_service_write_async (alidade_project_index_get_service (self->index), library_edit_run, edit,
                                       library_edit_free, edited_cb, g_object_ref (self));
}

/* Actions ---------------------------------------------------------------------------------------------------------- */

static void
edit_selected (AlidadeLibraryView *self, LibraryEditKind kind)
{
  GArray *ids = alidade_picture_selection_get_ids (self->selection);
  guint position = 0;

  if (ids->len == 0)
    {
      g_array_unref (ids);
      return;
    }
  /* The one behind them is selected next, so that the hand can go on. */
  alidade_picture_selection_count (self->selection, &position);
  alidade_picture_selection_set_id (self->selection,
                                    ids->len == 1 ? alidade_project_pictures_get_id (self->pictures, position + 1) : 0);
  _alidade_library_view_edit (self, library_edit_new (kind, NULL, 0, NULL, ids));
}

static void
remove_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  edit_selected (ALIDADE_LIBRARY_VIEW (widget), LIBRARY_EDIT_REMOVE);
}

static void
bin_cb (AlidadeLibraryView *self, const char *response)
{
  if (g_strcmp0 (response, "bin") == 0)
    edit_selected (self, LIBRARY_EDIT_BIN);
}

/* Files in the bin come back by hand alone: asked about before. */
static void
bin_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeLibraryView *self = ALIDADE_LIBRARY_VIEW (widget);
  guint n = alidade_picture_selection_count (self->selection, NULL);
  g_autofree char *title
      = n == 1 ? g_strdup ("Move the File to the Bin?") : g_strdup_printf ("Move %'u Files to the Bin?", n);
  GtkWidget *dialog;

  if (n == 0)
    return;
  dialog = adw_message_dialog_new (
      GTK_WINDOW (gtk_widget_get_root (widget)), title,
      "The pictures leave the project, and their files go to the bin. Undo brings back what the project "
      "knows; the files have to be taken out of the bin by hand.");
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", "_Cancel", "bin", "_Move to Bin", NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "bin", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  g_signal_connect_object (dialog, "response", G_CALLBACK (bin_cb), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
show_details (AlidadeLibraryView *self)
{
  gtk_toggle_button_set_active (self->details_toggle, TRUE);
}

static void
rename_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  show_details (ALIDADE_LIBRARY_VIEW (widget));
  alidade_picture_details_rename (ALIDADE_LIBRARY_VIEW (widget)->details);
}

static void
tag_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  show_details (ALIDADE_LIBRARY_VIEW (widget));
  alidade_picture_details_focus_tag (ALIDADE_LIBRARY_VIEW (widget)->details);
}

static gint64
pop (GArray *stack)
{
  gint64 entry = stack->len > 0 ? g_array_index (stack, gint64, stack->len - 1) : 0;

  if (stack->len > 0)
    g_array_set_size (stack, stack->len - 1);
  return entry;
}

static void
undo_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeLibraryView *self = ALIDADE_LIBRARY_VIEW (widget);
  gint64 entry = pop (self->done);

  _alidade_library_view_edit (
      self, library_edit_new (entry != 0 ? LIBRARY_EDIT_HIDE : LIBRARY_EDIT_UNDO, NULL, entry, NULL, NULL));
}

static void
redo_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeLibraryView *self = ALIDADE_LIBRARY_VIEW (widget);
  gint64 entry = pop (self->undone);

  _alidade_library_view_edit (
      self, library_edit_new (entry != 0 ? LIBRARY_EDIT_SHOW : LIBRARY_EDIT_REDO, NULL, entry, NULL, NULL));
}

void
_alidade_library_view_update_actions (AlidadeLibraryView *self)
{
  gboolean writable = alidade_project_service_get_reason (alidade_project_index_get_service (self->index)) == NULL;
  guint n = alidade_picture_selection_count (self->selection, NULL);
  GtkWidget *widget = GTK_WIDGET (self);

  gtk_widget_action_set_enabled (widget, "library.remove", writable && n > 0);
  gtk_widget_action_set_enabled (widget, "library.bin", writable && n > 0);
  gtk_widget_action_set_enabled (widget, "library.tag", writable && n > 0);
  gtk_widget_action_set_enabled (widget, "library.rename", writable && n == 1);
  gtk_widget_action_set_enabled (widget, "library.open", n > 0);
  gtk_widget_action_set_enabled (widget, "library.undo", writable);
  gtk_widget_action_set_enabled (widget, "library.redo", writable);
}

void
_alidade_library_view_class_init_edits (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "library.remove", NULL, remove_action);
  gtk_widget_class_install_action (widget_class, "library.bin", NULL, bin_action);
  gtk_widget_class_install_action (widget_class, "library.rename", NULL, rename_action);
  gtk_widget_class_install_action (widget_class, "library.tag", NULL, tag_action);
  gtk_widget_class_install_action (widget_class, "library.undo", NULL, undo_action);
  gtk_widget_class_install_action (widget_class, "library.redo", NULL, redo_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F2, 0, "library.rename", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_z, GDK_CONTROL_MASK, "library.undo", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_z, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "library.redo",
                                       NULL);
}
