/* SPDX-License-Identifier: MIT */
#include "library-edit.h"

#include "library-records.h"
#include "phrase-spans.h"
#include "picture-files.h"
#include "review.h"

LibraryEdit *
library_edit_new (LibraryEditKind kind, const char *by, gint64 target, const char *text, GArray *ids)
{
  LibraryEdit *edit = g_new0 (LibraryEdit, 1);

  edit->kind = kind;
  edit->by = g_strdup (by);
  edit->target = target;
  edit->text = g_strdup (text);
  edit->ids = ids != NULL ? ids : g_array_new (FALSE, FALSE, sizeof (gint64));
  edit->spans = g_array_new (FALSE, FALSE, sizeof (Span));
  return edit;
}

void
library_edit_free (gpointer data)
{
  LibraryEdit *edit = data;

  if (edit == NULL)
    return;
  g_free (edit->by);
  g_free (edit->text);
  g_array_unref (edit->ids);
  g_array_unref (edit->spans);
  library_filter_clear (&edit->filter);
  g_free (edit->what);
  g_clear_pointer (&edit->failed, g_ptr_array_unref);
  g_free (edit);
}

gboolean
library_edit_run (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  LibraryEdit *edit = data;
  const gint64 *ids = (const gint64 *) edit->ids->data;
  guint n = edit->ids->len;

  switch (edit->kind)
    {
    case LIBRARY_EDIT_TAG:
    case LIBRARY_EDIT_UNTAG:
      return project_tag_images (project, ids, n, edit->text, edit->kind == LIBRARY_EDIT_TAG, edit->by, &edit->changed,
                                 error);
    case LIBRARY_EDIT_RENAME:
      return project_rename_image (project, edit->target, edit->text, edit->by, error);
    case LIBRARY_EDIT_REMOVE:
      return project_remove_images (project, ids, n, edit->by, &edit->made, error);
    case LIBRARY_EDIT_BIN:
      return project_bin_images (project, ids, n, edit->by, &edit->made, &edit->failed, error);
    case LIBRARY_EDIT_ADD_CAPTION:
      return project_add_caption (project, edit->target, edit->text, edit->by, &edit->made, error);
    case LIBRARY_EDIT_CAPTION:
      return project_edit_caption (project, edit->target, edit->text, edit->by, error);
    case LIBRARY_EDIT_DELETE_CAPTION:
      return project_delete_caption (project, edit->target, edit->by, error);
    case LIBRARY_EDIT_ADD_PHRASE:
      return project_add_span_phrase (project, edit->target, (const Span *) edit->spans->data, edit->spans->len,
                                      edit->by, &edit->made, error);
    case LIBRARY_EDIT_ADD_QUERY:
      return project_add_phrase (project, edit->target, edit->text, edit->by, &edit->made, error);
    case LIBRARY_EDIT_DELETE_PHRASE:
      return project_delete_phrase (project, edit->target, edit->by, error);
    case LIBRARY_EDIT_SAVE_FILTER:
      return project_save_filter (project, edit->text, &edit->filter, edit->by, &edit->made, error);
    case LIBRARY_EDIT_DELETE_FILTER:
      return project_delete_filter (project, edit->target, edit->by, error);
    case LIBRARY_EDIT_HIDE:
    case LIBRARY_EDIT_SHOW:
      return project_hide_entry (project, edit->target, edit->kind == LIBRARY_EDIT_HIDE, edit->by, error);
    case LIBRARY_EDIT_UNDO:
      return project_undo (project, edit->by, &edit->what, error);
    default:
      return project_redo (project, edit->by, &edit->what, error);
    }
}
