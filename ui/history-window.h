/* SPDX-License-Identifier: MIT
 * AlidadeHistoryWindow: the imports, runs and removals of the open project, the newest first; each is undone, or done
 * again, as a whole. Follows the project. */
#pragma once

#include "project-service.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_HISTORY_WINDOW (alidade_history_window_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeHistoryWindow, alidade_history_window, ALIDADE, HISTORY_WINDOW, AdwWindow)

/* `by`: who undoes. */
GtkWidget *alidade_history_window_new (GtkWindow *parent, AlidadeProjectService *projects, const char *by);

G_END_DECLS
