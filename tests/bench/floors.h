/* SPDX-License-Identifier: MIT
 * floors.h: what the machine can do at best, for programs that measure. */
#pragma once

#include <stddef.h>

double seconds_now (void);
float *numbers_new (size_t count); /* aligned, between -0.5 and 0.5; free () it */

/* M: bytes per second of reading 512 MB, the best of some runs. */
double measure_memory (int threads);

/* P: FLOP per second of oneDNN's matmul with a packed right side, the best of some runs; 0 where it is not built in. */
double measure_product (int threads);
