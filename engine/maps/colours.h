/* SPDX-License-Identifier: MIT
 * colours.h: tables of the colour maps. */
#pragma once

#include "albef.h"

#define COLOURS_N 256

/* [COLOURS_N][3] of 0..1, entry i for values from i / 256 on. Made once; never NULL. */
const float (*colours_table (AlbefColours colours))[3];
