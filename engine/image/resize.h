/* SPDX-License-Identifier: MIT
 * resize.h: Pillow's antialiased bicubic resize of 8-bit pictures, bit for bit. */
#pragma once

#include "albef.h"

/* [height][width][3] to out, [out_height][out_width][3]; out may not overlap. All sizes at least 1. False: no memory.
 *
 * Two passes, width first, each rounded and clipped to 8 bits, a pass left out where the size stays. The cubic
 * (a = -0.5) is stretched by the scale when reducing; its weights are normalised in double and then fixed-point
 * with 22 bits, each sum rounded half up. */
bool resize_bicubic (const uint8_t *pixels, int width, int height, uint8_t *out, int out_width, int out_height);
