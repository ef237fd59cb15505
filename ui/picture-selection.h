/* SPDX-License-Identifier: MIT
 * AlidadePictureSelection: a GtkSelectionModel over AlidadeProjectPictures that knows what is selected by id, so that it
 * stays selected when the list is sorted or filtered anew, and no object is made to find out. */
#pragma once

#include "project-pictures.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_PICTURE_SELECTION (alidade_picture_selection_get_type ())
G_DECLARE_FINAL_TYPE (AlidadePictureSelection, alidade_picture_selection, ALIDADE, PICTURE_SELECTION, GObject)

/* `single`: selecting one unselects the others. */
AlidadePictureSelection *alidade_picture_selection_new (AlidadeProjectPictures *pictures, gboolean single);

/* Ids of selected pictures that are in the list, in its order (GArray of gint64); free with g_array_unref(). */
GArray *alidade_picture_selection_get_ids (AlidadePictureSelection *self);
/* The same as a number, and the first one's position (may be NULL; unchanged without any). */
guint alidade_picture_selection_count (AlidadePictureSelection *self, guint *first);
/* Selects exactly this one by its id, in the list or not; 0: none. */
void alidade_picture_selection_set_id (AlidadePictureSelection *self, gint64 id);

G_END_DECLS
