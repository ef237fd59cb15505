/* SPDX-License-Identifier: MIT
 * row-kernel.h: for the inner loops outside of the backends (pictures, drawing). */
#pragma once

/* A function marked so is compiled for AVX2 and for any x86-64, and the right one is taken when the program starts:
 * a generic build still runs at the machine's speed. Without fused multiply-adds, so that both give the same bits.
 * Sanitizers cannot have it: the choice is made before they are ready. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) \
    && !defined(__SANITIZE_THREAD__)
#define ROW_KERNEL __attribute__ ((target_clones ("avx2", "default"), optimize ("O3")))
#else
#define ROW_KERNEL
#endif
