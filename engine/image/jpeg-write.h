/* SPDX-License-Identifier: MIT
 * jpeg-write.h: 8-bit RGB as JPEG, for generated pictures. */
#pragma once

#include "albef.h"

/* Encodes [height][width][3] without thinning the colours (4:4:4). *bytes is malloc'ed, the caller's to free. */
AlbefStatus jpeg_encode (const uint8_t *pixels, int width, int height, int quality, uint8_t **bytes, size_t *length,
                         AlbefError *error);
