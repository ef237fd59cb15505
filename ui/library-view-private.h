/* SPDX-License-Identifier: MIT
 * Inside of AlidadeLibraryView: library-view.c shows, library-view-edits.c does. */
#pragma once

#include "library-view.h"

#include "filter-bar.h"
#include "library-edit.h"
#include "library-table.h"
#include "picture-details.h"
#include "picture-selection.h"
#include "project-pictures.h"

#include <adwaita.h>

struct _AlidadeLibraryView
{
  GtkWidget parent_instance;

  AdwToastOverlay *toasts;
  GtkEditable *search;
  GtkDropDown *order;
  GtkToggleButton *descending, *as_grid, *as_list, *details_toggle;
  GtkWidget *filter_slot, *details_slot, *details_side, *table_slot;
  GtkWidget *missing_button;
  GtkStack *pages;
  GtkGridView *grid;
  GtkLabel *count;
  GtkSpinner *spinner;
  AdwStatusPage *nothing_page;
  GtkWidget *selection_box;

  AlidadeProjectIndex *index;
  AlidadeThumbnailer *thumbnailer;
  GSettings *settings; /* may be NULL */
  char *by;
  AlidadeFilterBar *filters;
  AlidadePictureDetails *details;
  AlidadeLibraryTable *table;
  AlidadeProjectPictures *pictures;
  AlidadePictureSelection *selection;
  GCancellable *counting;
  guint columns_id;
  gboolean setting, narrow;

  GArray *done, *undone; /* gint64, what this view did and took back, the newest last: a removal's entry, or 0 */
};

/* library-view-edits.c */
void _alidade_library_view_class_init_edits (GtkWidgetClass *widget_class);
void _alidade_library_view_update_actions (AlidadeLibraryView *self);
/* Takes the edit, and tells how it went. */
void _alidade_library_view_edit (AlidadeLibraryView *self, LibraryEdit *edit);
void _alidade_library_view_toast (AlidadeLibraryView *self, const char *text, gboolean undo);
