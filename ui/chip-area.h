/* SPDX-License-Identifier: MIT
 * AlidadeChipArea: the place of the words' chips. They wrap; beyond three rows they scroll, so that a long sentence
 * leaves the picture its room. In single mode they are one row that scrolls sideways. */
#pragma once

#include "word-row.h"

G_BEGIN_DECLS

#define ALIDADE_TYPE_CHIP_AREA (alidade_chip_area_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeChipArea, alidade_chip_area, ALIDADE, CHIP_AREA, GtkWidget)

AlidadeWordRow *alidade_chip_area_get_row (AlidadeChipArea *self);
void alidade_chip_area_set_single (AlidadeChipArea *self, gboolean single);

G_END_DECLS
