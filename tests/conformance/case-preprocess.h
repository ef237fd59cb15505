/* SPDX-License-Identifier: MIT
 * case-preprocess.h: the case 'preprocess': official test transform of pictures. */
#pragma once

#include <stddef.h>

/* Reads names and shapes from the header of DIR/preprocess/preprocess.safetensors and the pictures
 * DIR/preprocess/NAME.png or .ppm; writes NAME.tensor_R (F32, [3, R, R]) and NAME.resized_u8_R (I64, [R, R, 3]) to
 * out_path, whole or not at all. 0: done; else `message` (room for n bytes) says why not. */
int case_preprocess (const char *dir, const char *out_path, char *message, size_t n);
