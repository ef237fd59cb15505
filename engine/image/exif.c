/* SPDX-License-Identifier: MIT */
#include "exif.h"

#include <stdbool.h>
#include <string.h>

#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT 3

static uint32_t
load_u16 (const uint8_t *at, bool big)
{
  return big ? at[0] << 8 | at[1] : at[1] << 8 | at[0];
}

static uint32_t
load_u32 (const uint8_t *at, bool big)
{
  return big ? load_u16 (at, big) << 16 | load_u16 (at + 2, big) : load_u16 (at + 2, big) << 16 | load_u16 (at, big);
}

int
exif_orientation (const uint8_t *block, size_t length)
{
  bool big;
  uint32_t offset, count;

  if (length >= 6 && memcmp (block, "Exif\0\0", 6) == 0)
    {
      block += 6;
      length -= 6;
    }
  if (length < 8 || (memcmp (block, "II*\0", 4) != 0 && memcmp (block, "MM\0*", 4) != 0))
    return 1;
  big = block[0] == 'M';
  offset = load_u32 (block + 4, big);
  if (offset > length - 2)
    return 1;
  count = load_u16 (block + offset, big);
  for (uint32_t i = 0; i < count; i++)
    {
      size_t at = (size_t) offset + 2 + 12 * (size_t) i;
      uint32_t value;

      if (at + 12 > length)
        return 1;
      if (load_u16 (block + at, big) != TAG_ORIENTATION || load_u16 (block + at + 2, big) != TYPE_SHORT)
        continue;
      value = load_u16 (block + at + 8, big);
      return value >= 1 && value <= 8 ? (int) value : 1;
    }
  return 1;
}
