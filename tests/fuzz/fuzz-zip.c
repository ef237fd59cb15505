/* SPDX-License-Identifier: MIT
 * fuzz-zip.c: any bytes as a PyTorch checkpoint, both containers. */
#include "fuzz-weights.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  return open_bytes (data, size);
}
