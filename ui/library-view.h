/* SPDX-License-Identifier: MIT
 * AlidadeLibraryView: all pictures of a project over the whole page: search, filters and order above, a grid or a list,
 * details at the right, and what can be done with those selected. For the keyboard: Ctrl+F search, T tag, F2 rename, Delete
 * remove from the project, Shift+Delete to the bin, Ctrl+Z and Ctrl+Shift+Z, Enter shows in Explore, Esc leaves.
 *
 * Signals:
 *   close ()       the person leaves
 *   open (id)      shows a picture in Explore: its id as a gint64 */
#pragma once

#include "project-index.h"
#include "thumbnailer.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_LIBRARY_VIEW (alidade_library_view_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeLibraryView, alidade_library_view, ALIDADE, LIBRARY_VIEW, GtkWidget)

/* `by`: who the records are by. `settings` (may be NULL) keeps grid or list. */
GtkWidget *alidade_library_view_new (AlidadeProjectIndex *index, AlidadeThumbnailer *thumbnailer, const char *by,
                                     GSettings *settings);
/* When it comes on screen: the search takes the focus. */
void alidade_library_view_enter (AlidadeLibraryView *self);
void alidade_library_view_set_narrow (AlidadeLibraryView *self, gboolean narrow);

G_END_DECLS
