/* SPDX-License-Identifier: MIT
 * fuzz-safetensors.c: any bytes as a safetensors file. The length in front is made to fit half of the time, since
 * fuzzing would hardly guess it. */
#include "fuzz-weights.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const uint8_t *end = size > 8 ? memrchr (data + 8, '}', size - 8) : NULL;
  uint8_t *copy;

  open_bytes (data, size);
  if (end == NULL)
    return 0;
  copy = malloc (size);
  check (copy != NULL);
  memcpy (copy, data, size);
  for (int i = 0; i < 8; i++)
    copy[i] = (uint64_t) (end + 1 - data - 8) >> (8 * i);
  open_bytes (copy, size);
  free (copy);
  return 0;
}
