/* SPDX-License-Identifier: MIT
 * AlidadeExportWindow: in which format the labels leave the project, and what that format cannot keep, said before.
 * Either into a new file or folder, or back into the files that were imported. */
#pragma once

#include "export.h"
#include "project-service.h"

#include <adwaita.h>

G_BEGIN_DECLS

typedef struct
{
  const Format *format;
  char *target; /* bytes; NULL: back into the files that were imported */
  gboolean proposals, copy_images, force;
} AlidadeExportRequest;

void alidade_export_request_free (AlidadeExportRequest *request);

/* The person wants it; takes `request`. */
typedef void (*AlidadeExportFunc) (AlidadeExportRequest *request, gpointer user_data);

#define ALIDADE_TYPE_EXPORT_WINDOW (alidade_export_window_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeExportWindow, alidade_export_window, ALIDADE, EXPORT_WINDOW, AdwWindow)

/* Lives no longer than `parent`, and `user_data` must live as long. */
GtkWidget *alidade_export_window_new (GtkWindow *parent, AlidadeProjectService *projects, AlidadeExportFunc export,
                                      gpointer user_data);

G_END_DECLS
