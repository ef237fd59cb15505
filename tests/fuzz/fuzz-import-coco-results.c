/* SPDX-License-Identifier: MIT
 * fuzz-import-coco-results.c: any bytes as COCO results. */
#define FUZZ_FORMAT "coco-results"
#define FUZZ_BEFORE "coco"
#define FUZZ_BEFORE_TEXT "{\"images\": [{\"id\": 1, \"file_name\": \"a.jpg\", \"width\": 100, \"height\": 80}], \"annotations\":" \
  " [], \"categories\": [{\"id\": 3, \"name\": \"kite\"}]}"

#include "fuzz-format.h"
