/* SPDX-License-Identifier: MIT
 * AlidadeProjectPane: the pictures of a project at the side of Explore: search, filter chips, thumbnails with badges, a
 * count, an order. Choosing a picture shows it in the exploration; its first caption becomes the sentence.
 *
 * Activates win.library for everything that the side has no room for. */
#pragma once

#include "exploration.h"
#include "project-pictures.h"
#include "thumbnailer.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_PROJECT_PANE (alidade_project_pane_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeProjectPane, alidade_project_pane, ALIDADE, PROJECT_PANE, GtkWidget)

GtkWidget *alidade_project_pane_new (AlidadeExploration *exploration, AlidadeProjectIndex *index,
                                     AlidadeThumbnailer *thumbnailer);

AlidadeProjectPictures *alidade_project_pane_get_pictures (AlidadeProjectPane *self);
void alidade_project_pane_set_columns (AlidadeProjectPane *self, guint columns);
void alidade_project_pane_focus_search (AlidadeProjectPane *self);
/* The first picture, as soon as there is one; nothing if one was chosen meanwhile. */
void alidade_project_pane_select_first (AlidadeProjectPane *self);
/* Chooses a picture by its id, although the filter hides it. */
void alidade_project_pane_select_id (AlidadeProjectPane *self, gint64 id);
/* The next picture (direction > 0) or the one before. */
void alidade_project_pane_step (AlidadeProjectPane *self, int direction);

G_END_DECLS
