/* SPDX-License-Identifier: MIT
 * AlidadeReliabilityPlot: how often people accepted proposals, by their score, raw and calibrated; a line of what a perfect
 * score would be. */
#pragma once

#include "review-statistics.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_RELIABILITY_PLOT (alidade_reliability_plot_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeReliabilityPlot, alidade_reliability_plot, ALIDADE, RELIABILITY_PLOT, GtkWidget)

GtkWidget *alidade_reliability_plot_new (void);
void alidade_reliability_plot_set (AlidadeReliabilityPlot *self, const ReviewStatistics *statistics);
/* As an SVG file, in light colours; written beside and renamed. */
gboolean alidade_reliability_plot_save (const ReviewStatistics *statistics, const char *path, GError **error);

G_END_DECLS
