/* SPDX-License-Identifier: MIT
 * fuzz-import-flickr.c: any bytes as Flickr30k sentences. */
#define FUZZ_FILE "Sentences/1.txt"
#define FUZZ_BESIDE "Annotations/1.xml"
#define FUZZ_BESIDE_TEXT                                                                       \
  "<annotation><filename>1.jpg</filename><object><name>7</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>9</xmax>" \
  "<ymax>9</ymax></bndbox></object><object><name>8</name><scene>1</scene><nobndbox>0</nobndbox></object></annotation>"
#define FUZZ_FORMAT "flickr30k-entities"

#include "fuzz-format.h"
