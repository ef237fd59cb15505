/* SPDX-License-Identifier: MIT
 * counter.h: random numbers by counter for dropout: the number depends on seed, stream and position alone, so
 * that a forward pass, its gradient and a resumed run see the same mask. */
#pragma once

#include <stdint.h>

/* 24 bits. Two rounds of a 64-bit mixer (the finaliser of MurmurHash3's 64-bit variant, Appleby 2011). */
static inline uint32_t
counter_number (uint32_t seed_low, uint32_t seed_high, uint32_t stream, uint64_t position)
{
  uint64_t z = ((uint64_t) seed_high << 32 | seed_low) ^ ((uint64_t) stream * 0x9e3779b97f4a7c15u);

  for (int round = 0; round < 2; round++)
    {
      z += position * 0xd1342543de82ef95u + 0x9e3779b97f4a7c15u;
      z = (z ^ (z >> 33)) * 0xff51afd7ed558ccdu;
      z = (z ^ (z >> 33)) * 0xc4ceb9fe1a85ec53u;
      z ^= z >> 33;
    }
  return (uint32_t) (z >> 40);
}

/* Uniform in [0, 1). */
static inline float
counter_uniform (uint32_t seed_low, uint32_t seed_high, uint32_t stream, uint64_t position)
{
  return (float) counter_number (seed_low, seed_high, stream, position) * 0x1p-24f;
}
