/* SPDX-License-Identifier: MIT
 * fuzz-import-labelme.c: any bytes as a LabelMe file. */
#define FUZZ_FILE "a.json"
#define FUZZ_FORMAT "labelme"

#include "fuzz-format.h"
