/* SPDX-License-Identifier: MIT
 * fuzz-import-voc.c: any bytes as a VOC file. */
#define FUZZ_FILE "a.xml"
#define FUZZ_PICTURE "a.jpg"
#define FUZZ_FORMAT "voc"

#include "fuzz-format.h"
