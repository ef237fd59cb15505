/* SPDX-License-Identifier: MIT
 * machine-floor.h: what the machine can do at best, for figures that are multiples of it. Both rates are the
 * best of a few runs and must be taken in the same run as what is held against them. */
#pragma once

#include "backend.h"

/* FLOP/s of a large f32 product with a packed right side on `threads` threads: oneDNN's matmul where it is built
 * in, so that the measure is not our own. 0 where it is not. */
double floor_onednn_rate (int threads);

/* The same of the backend's own product, and the better of the two. */
double floor_own_rate (Backend *backend);
double floor_product_rate (Backend *backend);

/* Bytes/s of reading `bytes` bytes over and over on `threads` threads, as the kernels read weights: from memory for
 * what is larger than the caches, from the caches for what fits into them. At least 1 MB is read. NAN: no memory. */
double floor_memory_rate (int threads, double bytes);
