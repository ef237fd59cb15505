/* SPDX-License-Identifier: MIT
 * Annotation formats as people know them. */
#pragma once

#include "format.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* "COCO instances" for "coco"; the name itself where there is no other. */
const char *format_title (const char *name);

/* Formats that can be read (or, with `writing`, written), by title, as a list for a drop-down with `first` (may be
 * NULL) before them. *formats: the same as const Format * (NULL for `first`); free it with g_ptr_array_unref(). */
GtkStringList *format_titles (gboolean writing, const char *first, GPtrArray **formats);

G_END_DECLS
