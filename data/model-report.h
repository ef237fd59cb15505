/* SPDX-License-Identifier: MIT
 * AlidadeReport: a shared, immutable AlbefReport (what a checkpoint holds and whether it fits). Boxed. */
#pragma once

#include "albef.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_REPORT (alidade_report_get_type ())

typedef struct _AlidadeReport AlidadeReport;

GType alidade_report_get_type (void);

/* Takes `report`, which must not be NULL. `path` is the file the person chose (bytes), `loaded` whether the
 * model is in use now. */
AlidadeReport *alidade_report_new_take (AlbefReport *report, const char *path, gboolean loaded);
AlidadeReport *alidade_report_ref (AlidadeReport *self);
void alidade_report_unref (AlidadeReport *self);

/* Borrowed from self: read it with albef_report_*(). */
const AlbefReport *alidade_report_get (const AlidadeReport *self);
const char *alidade_report_get_path (const AlidadeReport *self);
/* TRUE: this model was loaded; FALSE: it was refused, and the previous one stayed. */
gboolean alidade_report_get_loaded (const AlidadeReport *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlidadeReport, alidade_report_unref)

G_END_DECLS
