/* SPDX-License-Identifier: MIT
 * fuzz-import-yolo.c: any bytes as YOLO labels. */
#define FUZZ_FILE "a.txt"
#define FUZZ_BESIDE "classes.txt"
#define FUZZ_BESIDE_TEXT "red kite\ndog\n"
#define FUZZ_PICTURE "a.jpg"
#define FUZZ_WRITE_BACK
#define FUZZ_FORMAT "yolo"

#include "fuzz-format.h"
