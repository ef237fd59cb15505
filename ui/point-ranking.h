/* SPDX-License-Identifier: MIT
 * AlidadePointRanking: a popover that ranks the words by how much they look at one place of the picture. */
#pragma once

#include "exploration.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_POINT_RANKING (alidade_point_ranking_get_type ())
G_DECLARE_FINAL_TYPE (AlidadePointRanking, alidade_point_ranking, ALIDADE, POINT_RANKING, GtkPopover)

GtkWidget *alidade_point_ranking_new (void);
/* Fills it for (u, v) in 0..1 of the picture. FALSE: there are no word maps. */
gboolean alidade_point_ranking_set (AlidadePointRanking *self, AlidadeExploration *exploration, double u, double v);

G_END_DECLS
