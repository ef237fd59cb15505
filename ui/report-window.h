/* SPDX-License-Identifier: MIT
 * AlidadeReportWindow: what a checkpoint holds and whether it fits: headline, file, counts, lists, advice, and what
 * can be done about it. */
#pragma once

#include "model-report.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_REPORT_WINDOW (alidade_report_window_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeReportWindow, alidade_report_window, ALIDADE, REPORT_WINDOW, AdwWindow)

/* `parent` is the window whose actions choose another file. `in_use`: the model that works now, "" without. */
GtkWidget *alidade_report_window_new (GtkWindow *parent, AlidadeReport *report, const char *in_use);

G_END_DECLS
