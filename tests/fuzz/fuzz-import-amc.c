/* SPDX-License-Identifier: MIT
 * fuzz-import-amc.c: any bytes as AMC's lists. */
#define FUZZ_PICTURE "a.jpg"
#define FUZZ_FORMAT "amc"

#include "fuzz-format.h"
