/* SPDX-License-Identifier: MIT
 * AlidadeStatisticsWindow: figures about the open project's verdicts: by origin, acceptance by score, pointing game, pace,
 * agreement; exported as CSV, HTML or the plot alone. Follows the project. */
#pragma once

#include "project-service.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_STATISTICS_WINDOW (alidade_statistics_window_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeStatisticsWindow, alidade_statistics_window, ALIDADE, STATISTICS_WINDOW, AdwWindow)

/* `model` by its key; NULL: the one measured last. */
GtkWidget *alidade_statistics_window_new (AlidadeProjectService *projects, const char *model);

G_END_DECLS
