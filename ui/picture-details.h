/* SPDX-License-Identifier: MIT
 * AlidadePictureDetails: at the library's right: one picture with its regions, name, tags, captions, phrases and facts, or
 * how many are selected, with the tags entry for them all.
 *
 * Signals:
 *   edit (LibraryEdit *)  what the person wants done; its one handler owns it, fills in `by`, and `ids` of a tag where they
 *                         are empty: those of all selected
 *   open ()               show it in Explore */
#pragma once

#include "library-edit.h"
#include "project-index.h"
#include "project-picture.h"
#include "thumbnailer.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_PICTURE_DETAILS (alidade_picture_details_get_type ())
G_DECLARE_FINAL_TYPE (AlidadePictureDetails, alidade_picture_details, ALIDADE, PICTURE_DETAILS, GtkWidget)

GtkWidget *alidade_picture_details_new (AlidadeProjectIndex *index, AlidadeThumbnailer *thumbnailer);
/* The only selected picture (else NULL), and how many are. */
void alidade_picture_details_set (AlidadePictureDetails *self, AlidadeProjectPicture *picture, guint n_selected);
/* Opens the entry for another file name; the entry for a tag. */
void alidade_picture_details_rename (AlidadePictureDetails *self);
void alidade_picture_details_focus_tag (AlidadePictureDetails *self);

G_END_DECLS
