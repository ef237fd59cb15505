/* SPDX-License-Identifier: MIT
 * AlidadeApplication: one process, its engine service and library, the table of actions and their keys. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_APPLICATION (alidade_application_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeApplication, alidade_application, ALIDADE, APPLICATION, AdwApplication)

AlidadeApplication *alidade_application_new (void);

G_END_DECLS
