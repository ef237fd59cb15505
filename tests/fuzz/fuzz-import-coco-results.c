/* SPDX-License-Identifier: MIT
 * fuzz-import-coco-results.c: any bytes as COCO results. */
#define FUZZ_FORMAT "coco-results"

#include "fuzz-format.h"
