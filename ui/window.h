/* SPDX-License-Identifier: MIT
 * AlidadeWindow: the Explore view: header, pictures, sentence, canvas, strip, map controls. */
#pragma once

#include "engine-service.h"
#include "library.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_WINDOW (alidade_window_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeWindow, alidade_window, ALIDADE, WINDOW, AdwApplicationWindow)

/* `settings` (schema org.alidade.Alidade) may be NULL: defaults, nothing is kept. All are referenced. */
AlidadeWindow *alidade_window_new (AdwApplication *app, AlidadeEngineService *service, AlidadeLibrary *library,
                                   GSettings *settings);

/* What a start without files shows: the project that was open last, or the sample project, made where there is none. */
void alidade_window_open_start (AlidadeWindow *self);
/* Opens files and folders in place of what the library holds, and selects the first picture. */
void alidade_window_open_paths (AlidadeWindow *self, GFile *const *files, guint n_files);
/* Selects the first picture as soon as the library has one; a sample's caption becomes the sentence. */
void alidade_window_select_first (AlidadeWindow *self);

G_END_DECLS
