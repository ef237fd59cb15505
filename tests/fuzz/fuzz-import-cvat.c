/* SPDX-License-Identifier: MIT
 * fuzz-import-cvat.c: any bytes as a CVAT file. */
#define FUZZ_PICTURE "a.jpg"
#define FUZZ_FORMAT "cvat"

#include "fuzz-format.h"
