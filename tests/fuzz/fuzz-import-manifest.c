/* SPDX-License-Identifier: MIT
 * fuzz-import-manifest.c: any bytes as a manifest. */
#define FUZZ_FORMAT "manifest"

#include "fuzz-format.h"
