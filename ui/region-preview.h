/* SPDX-License-Identifier: MIT
 * AlidadeRegionPreview: a picture at the width it is given, with the regions of its phrases. One phrase can be shown alone.
 * Regions have no handles here. */
#pragma once

#include "library-details.h"
#include "thumbnailer.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_REGION_PREVIEW (alidade_region_preview_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeRegionPreview, alidade_region_preview, ALIDADE, REGION_PREVIEW, GtkWidget)

GtkWidget *alidade_region_preview_new (AlidadeThumbnailer *thumbnailer);
/* `picture` NULL: nothing. The one before stays until it is there. */
void alidade_region_preview_set_picture (AlidadeRegionPreview *self, AlidadePicture *picture);
/* Copies what it needs; NULL: no regions. */
void alidade_region_preview_set_details (AlidadeRegionPreview *self, const LibraryDetails *details);
/* The phrase whose regions are shown alone; 0: all. */
void alidade_region_preview_set_phrase (AlidadeRegionPreview *self, gint64 phrase);

G_END_DECLS
