/* SPDX-License-Identifier: MIT
 * exif.h: the one thing we want from EXIF: which way up the picture is. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Orientation 1-8 (tag 0x0112 of the first directory) from a block that starts with "Exif\0\0" or with the TIFF
 * header itself. 1 for anything absent or damaged. */
int exif_orientation (const uint8_t *block, size_t length);
