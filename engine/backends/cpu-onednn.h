/* SPDX-License-Identifier: MIT
 * cpu-onednn.h: products with many rows by oneDNN, where it is built in and better than the own tiles.
 *
 * Measured on AVX-512 and AVX2, the own product is as fast as oneDNN's (tests/bench/bench-backend.c), and its
 * packed form serves any number of rows and the gradient too; oneDNN then would only double the memory of the
 * weights. Below AVX2, and on other processors, oneDNN has kernels that we lack. ALBEF_CPU_PRODUCTS (own,
 * onednn) overrides the choice. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu-kernels.h"

typedef struct CpuOneDnn CpuOneDnn;

/* NULL where the library is not built in, or is not wanted beside these kernels. */
CpuOneDnn *cpu_onednn_open (const CpuKernels *kernels);
void cpu_onednn_close (CpuOneDnn *onednn);
const char *cpu_onednn_version (void); /* "oneDNN 2.6.3"; NULL where not built in */

/* Bytes of the packed form of an n x k weight when products have about m rows; 0 when oneDNN refuses the
 * product. The form is settled by the first call for a shape and holds for all m. */
size_t cpu_onednn_packed_bytes (CpuOneDnn *onednn, int64_t m, int64_t n, int64_t k);
/* Packs w (n x k, as torch stores it) on the calling thread; false when oneDNN refuses. */
bool cpu_onednn_pack (CpuOneDnn *onednn, int64_t n, int64_t k, const float *w, void *packed);

/* y (m x n) = x w^T on the calling thread; false, and nothing written, when oneDNN refuses. */
bool cpu_onednn_product (CpuOneDnn *onednn, int64_t m, int64_t n, int64_t k, const float *x, int64_t ldx,
                         const void *packed, float *y, int64_t ldy);
