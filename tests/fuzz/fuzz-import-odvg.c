/* SPDX-License-Identifier: MIT
 * fuzz-import-odvg.c: any bytes as ODVG lines. */
#define FUZZ_PICTURE "a.jpg"
#define FUZZ_FORMAT "odvg"

#include "fuzz-format.h"
