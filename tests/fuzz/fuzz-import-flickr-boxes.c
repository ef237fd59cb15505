/* SPDX-License-Identifier: MIT
 * fuzz-import-flickr-boxes.c: any bytes as Flickr30k annotations. */
#define FUZZ_FILE "Annotations/1.xml"
#define FUZZ_BESIDE "Sentences/1.txt"
#define FUZZ_BESIDE_TEXT "[/EN#7/people A dog] and [/EN#8/scene the sky] of [/EN#0/notvisual it] .\n"
#define FUZZ_FORMAT "flickr30k-entities"

#include "fuzz-format.h"
