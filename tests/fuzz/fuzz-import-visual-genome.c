/* SPDX-License-Identifier: MIT
 * fuzz-import-visual-genome.c: any bytes as Visual Genome's region descriptions. */
#define FUZZ_FORMAT "visual-genome"

#include "fuzz-format.h"
