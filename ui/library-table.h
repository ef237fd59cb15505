/* SPDX-License-Identifier: MIT
 * AlidadeLibraryTable: the library as a list with columns. A click on a column's title sorts by it.
 *
 * Signals:
 *   sort (order, descending)  a title was clicked: LibraryOrder as an unsigned number
 *   activate (position)       a row was activated */
#pragma once

#include "library-filter.h"
#include "thumbnailer.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_LIBRARY_TABLE (alidade_library_table_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeLibraryTable, alidade_library_table, ALIDADE, LIBRARY_TABLE, GtkWidget)

GtkWidget *alidade_library_table_new (AlidadeThumbnailer *thumbnailer);
/* Its items are AlidadeProjectPicture. NULL: no rows. */
void alidade_library_table_set_model (AlidadeLibraryTable *self, GtkSelectionModel *model);
/* Shows by which column the list is sorted, without a signal. */
void alidade_library_table_set_order (AlidadeLibraryTable *self, LibraryOrder order, gboolean descending);
void alidade_library_table_scroll_to (AlidadeLibraryTable *self, guint position);

G_END_DECLS
