/* SPDX-License-Identifier: MIT
 * What a person does in the library, as data for alidade_project_service_write_async(): made on the main thread, run on the
 * writer's, looked at in the callback. */
#pragma once

#include "library-filter.h"
#include "project.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  LIBRARY_EDIT_TAG,            /* ids: images; text: the tag */
  LIBRARY_EDIT_UNTAG,
  LIBRARY_EDIT_RENAME,         /* target: image; text: the file's new name, with its ending */
  LIBRARY_EDIT_REMOVE,         /* ids: images; the files stay */
  LIBRARY_EDIT_BIN,            /* ids: images; the files go to the bin */
  LIBRARY_EDIT_ADD_CAPTION,    /* target: image; text */
  LIBRARY_EDIT_CAPTION,        /* target: caption; text: its new one */
  LIBRARY_EDIT_DELETE_CAPTION, /* target: caption */
  LIBRARY_EDIT_ADD_PHRASE,     /* target: caption; spans */
  LIBRARY_EDIT_ADD_QUERY,      /* target: image; text: a phrase of no caption */
  LIBRARY_EDIT_DELETE_PHRASE,  /* target: phrase */
  LIBRARY_EDIT_SAVE_FILTER,    /* text: its name; filter */
  LIBRARY_EDIT_DELETE_FILTER,  /* target: filter */
  LIBRARY_EDIT_HIDE,           /* target: entry of a removal, taken back */
  LIBRARY_EDIT_SHOW,           /* and done again */
  LIBRARY_EDIT_UNDO,           /* the person's newest record */
  LIBRARY_EDIT_REDO
} LibraryEditKind;

typedef struct
{
  LibraryEditKind kind;
  char *by;
  GArray *ids;      /* gint64 */
  gint64 target;
  char *text;
  GArray *spans;    /* Span */
  LibraryFilter filter;

  /* Afterwards */
  gint64 made;      /* caption, phrase, filter; entry of a removal */
  guint changed;    /* images that got or lost the tag */
  char *what;       /* what was undone or done again, for people */
  GPtrArray *failed; /* char *: files that could not be moved to the bin */
} LibraryEdit;

/* `ids` (may be NULL) is taken, `text` (may be NULL) copied. */
LibraryEdit *library_edit_new (LibraryEditKind kind, const char *by, gint64 target, const char *text, GArray *ids);
/* A GDestroyNotify of a LibraryEdit. */
void library_edit_free (gpointer edit);
/* An AlidadeProjectFunc of a LibraryEdit; one record, durable when it returns TRUE. */
gboolean library_edit_run (Project *project, gpointer edit, GCancellable *cancellable, GError **error);

G_END_DECLS
