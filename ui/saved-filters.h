/* SPDX-License-Identifier: MIT
 * AlidadeSavedFilters: the popover of filters that are kept in the project: chosen, taken away, and the present one kept
 * under a name.
 *
 * Signals:
 *   chosen ()           see alidade_saved_filters_get_chosen()
 *   problem (sentence)  what could not be done */
#pragma once

#include "library-filter.h"
#include "project-service.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_SAVED_FILTERS (alidade_saved_filters_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeSavedFilters, alidade_saved_filters, ALIDADE, SAVED_FILTERS, GtkPopover)

GtkWidget *alidade_saved_filters_new (AlidadeProjectService *service, const char *by);
/* Before it opens: reads what is kept; `present` is copied. */
void alidade_saved_filters_load (AlidadeSavedFilters *self, const LibraryFilter *present);
const LibraryFilter *alidade_saved_filters_get_chosen (AlidadeSavedFilters *self);

G_END_DECLS
