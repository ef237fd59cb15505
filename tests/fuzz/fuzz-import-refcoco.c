/* SPDX-License-Identifier: MIT
 * fuzz-import-refcoco.c: any bytes as RefCOCO's pickle. */
#define FUZZ_FILE "refs(x).p"
#define FUZZ_BESIDE "instances.json"
#define FUZZ_BESIDE_TEXT                                                                      \
  "{\"images\":[{\"id\":1,\"file_name\":\"a.jpg\",\"width\":9,\"height\":9}],\"annotations\":[{\"id\":1,\"image_id\":1," \
  "\"bbox\":[1,1,2,2]},{\"id\":2,\"image_id\":1,\"bbox\":[1,1,2,2]}]}"
#define FUZZ_FORMAT "refcoco"

#include "fuzz-format.h"
