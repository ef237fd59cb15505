/* SPDX-License-Identifier: MIT
 * pos-embed.h: the image encoder's position table at another resolution. */
#pragma once

/* Interpolates the patches' rows of a table `in` [1 + in_grid^2, width] to `out` [1 + out_grid^2, width], row-major;
 * row 0, the class token's, is copied. Bicubic with a = -0.75, half-pixel centres, no antialiasing, border repeated,
 * as the official code's interpolate_pos_embed (torch's interpolate, mode 'bicubic', align_corners False). */
void pos_embed_interpolate (const float *in, int in_grid, float *out, int out_grid, int width);
