/* SPDX-License-Identifier: MIT
 * fuzz-import-albef.c: any bytes as ALBEF's lists. */
#define FUZZ_FORMAT "albef"

#include "fuzz-format.h"
