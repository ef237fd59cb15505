/* SPDX-License-Identifier: MIT
 * AlidadeFilterBar: what the library shows, as a row of chips, one for each field of a LibraryFilter; a chip that restricts
 * something is filled and says how. Its text and order are others' to set. Filters are kept and found again here.
 *
 * Signals:
 *   changed ()           the person changed the filter
 *   picked ()            the person chose a kept one: text and order are new, too
 *   problem (sentence)   a filter could not be kept */
#pragma once

#include "project-index.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_FILTER_BAR (alidade_filter_bar_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeFilterBar, alidade_filter_bar, ALIDADE, FILTER_BAR, GtkWidget)

/* `by`: who keeps filters. */
GtkWidget *alidade_filter_bar_new (AlidadeProjectIndex *index, const char *by);

/* Borrowed; text and order may be written to directly. */
LibraryFilter *alidade_filter_bar_get_filter (AlidadeFilterBar *self);
/* Takes away everything but the order, without a signal. */
void alidade_filter_bar_clear (AlidadeFilterBar *self);
/* After the filter was written to. */
void alidade_filter_bar_update (AlidadeFilterBar *self);

G_END_DECLS
