/* SPDX-License-Identifier: MIT
 * AlidadeLibraryCell: one picture of the library's grid, square. Asks for its thumbnail when bound, lets go of it
 * when unbound; an unreadable picture shows a marker. */
#pragma once

#include "project-picture.h"
#include "thumbnailer.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_LIBRARY_CELL (alidade_library_cell_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeLibraryCell, alidade_library_cell, ALIDADE, LIBRARY_CELL, GtkWidget)

GtkWidget *alidade_library_cell_new (AlidadeThumbnailer *thumbnailer);
/* `item`: an AlidadePicture, or an AlidadeProjectPicture, whose badge then shows how many phrases are left to review. The
 * item's widget around it gets its name for assistive technology. */
void alidade_library_cell_bind (AlidadeLibraryCell *self, gpointer item);
void alidade_library_cell_unbind (AlidadeLibraryCell *self);

G_END_DECLS
