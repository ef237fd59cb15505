/* SPDX-License-Identifier: MIT
 * AlidadeLibraryPane: the pictures as a grid of thumbnails, searched by name. The selected one is the picture of the
 * exploration; a search that hides it leaves it on screen. While a project is open, its pictures (project-pane.h) stand in
 * place of the library's. */
#pragma once

#include "exploration.h"
#include "library.h"
#include "project-pane.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_LIBRARY_PANE (alidade_library_pane_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeLibraryPane, alidade_library_pane, ALIDADE, LIBRARY_PANE, GtkWidget)

void alidade_library_pane_set_exploration (AlidadeLibraryPane *self, AlidadeExploration *exploration,
                                           AlidadeLibrary *library);
/* Once. Thumbnails of a project are kept in files in its folder `cache`. */
void alidade_library_pane_set_project (AlidadeLibraryPane *self, AlidadeProjectIndex *index);
AlidadeProjectPane *alidade_library_pane_get_project (AlidadeLibraryPane *self); /* borrowed */
AlidadeThumbnailer *alidade_library_pane_get_thumbnailer (AlidadeLibraryPane *self); /* borrowed */
void alidade_library_pane_set_columns (AlidadeLibraryPane *self, guint columns);
void alidade_library_pane_focus_search (AlidadeLibraryPane *self);
/* Selects the picture at `position` of the library (not of the search) and scrolls to it. */
void alidade_library_pane_select (AlidadeLibraryPane *self, guint position);
/* The next picture of those found (direction > 0) or the one before. */
void alidade_library_pane_step (AlidadeLibraryPane *self, int direction);

G_END_DECLS
