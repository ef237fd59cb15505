/* SPDX-License-Identifier: MIT
 * fuzz-import-coco-captions.c: any bytes as COCO captions. */
#define FUZZ_FORMAT "coco-captions"

#include "fuzz-format.h"
