/* SPDX-License-Identifier: MIT
 * fuzz-import-coco.c: any bytes as a COCO file. */
#define FUZZ_WRITE_BACK
#define FUZZ_FORMAT "coco"

#include "fuzz-format.h"
