/* SPDX-License-Identifier: MIT
 * Finding the preferences' schema: installed, beside the program in the build tree, or nowhere. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define ALIDADE_APP_ID "org.alidade.Alidade"

/* NULL when no schema is found (a program copied on its own): the window then uses its defaults and keeps
 * nothing. Never aborts, unlike g_settings_new. */
GSettings *alidade_settings_open (void);

G_END_DECLS
