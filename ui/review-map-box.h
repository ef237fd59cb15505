/* SPDX-License-Identifier: MIT
 * AlidadeReviewMapBox: the box at the upper right of the canvas: the map shown or not, its opacity, and which one it is:
 * the one that proposals are made from, another layer of the fusion encoder, or the image encoder's (Compare).
 *
 * Signals:
 *   choice-changed ()     another map is wanted
 *   shown-changed ()      shown, or not */
#pragma once

#include "engine-service.h"
#include "look.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_REVIEW_MAP_BOX (alidade_review_map_box_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeReviewMapBox, alidade_review_map_box, ALIDADE, REVIEW_MAP_BOX, GtkWidget)

GtkWidget *alidade_review_map_box_new (AlidadeEngineService *engine, AlidadeLook *look);
gboolean alidade_review_map_box_get_shown (AlidadeReviewMapBox *self);
/* FALSE: the usual one; else *request is what to ask for. */
gboolean alidade_review_map_box_get_request (AlidadeReviewMapBox *self, AlbefMapsRequest *request);
/* The next choice. */
void alidade_review_map_box_step (AlidadeReviewMapBox *self);
void alidade_review_map_box_set_key (AlidadeReviewMapBox *self, const char *label);

G_END_DECLS
