/* SPDX-License-Identifier: MIT
 * What an import did, or would do, for people: counts, what is skipped and why, notes. */
#pragma once

#include "import.h"

#include <adwaita.h>

G_BEGIN_DECLS

/* "24 pictures, 3 captions and 40 phrases"; "nothing" where all are 0. The caller frees. */
char *import_counts_text (gint64 pictures, gint64 captions, gint64 phrases, gint64 regions);

/* The rows of a report behind those that are in the group: what was not found, skipped, noted. `before`: it is a
 * preview, and what stands there will happen. */
void import_report_add_rows (AdwPreferencesGroup *group, const ImportReport *report, gboolean before);

/* A window with the whole of it, to be presented; the report is read before this returns. */
GtkWidget *import_report_window_new (GtkWindow *parent, const char *source, const ImportReport *report);

/* The same as text, for the clipboard; the caller frees. */
char *import_report_text (const char *source, const ImportReport *report);

G_END_DECLS
