/* SPDX-License-Identifier: MIT
 * AlbefError as GError: the domain's codes are AlbefStatus; ALBEF_CANCELLED becomes G_IO_ERROR_CANCELLED. */
#pragma once

#include "albef.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define ALIDADE_ENGINE_ERROR (alidade_engine_error_quark ())

GQuark alidade_engine_error_quark (void);

/* A new GError with the sentence of `error` (made valid UTF-8). */
GError *alidade_engine_error_new (const AlbefError *error);

G_END_DECLS
