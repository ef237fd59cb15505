/* SPDX-License-Identifier: MIT
 * AlidadeImportWindow: what importing a file or folder would do, before it is done: the format (guessed, can be
 * changed), the first records, what will be skipped and why. Reads on a thread; nothing is changed here. */
#pragma once

#include "import-preview.h"

#include <adwaita.h>

G_BEGIN_DECLS

typedef struct
{
  char *source;       /* bytes */
  char *format;       /* NULL: guessed */
  char *images;       /* folder of the pictures, bytes; NULL: the source's */
  char *split_by;     /* NULL */
  int voc_origin;
  gboolean proposals;
  gint64 bytes;       /* of the annotation files, times how often they are read; 0: unknown */
} AlidadeImportRequest;

void alidade_import_request_free (AlidadeImportRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlidadeImportRequest, alidade_import_request_free)

/* The person wants it; takes `request`. */
typedef void (*AlidadeImportFunc) (AlidadeImportRequest *request, gpointer user_data);

#define ALIDADE_TYPE_IMPORT_WINDOW (alidade_import_window_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeImportWindow, alidade_import_window, ALIDADE, IMPORT_WINDOW, AdwWindow)

/* Lives no longer than `parent`, and `user_data` must live as long. */
GtkWidget *alidade_import_window_new (GtkWindow *parent, const char *source, AlidadeImportFunc import,
                                      gpointer user_data);

G_END_DECLS
