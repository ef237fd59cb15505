/* SPDX-License-Identifier: MIT
 * fuzz-import-label-studio.c: any bytes as Label Studio's tasks. */
#define FUZZ_FORMAT "label-studio"

#include "fuzz-format.h"
