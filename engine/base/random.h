/* SPDX-License-Identifier: MIT
 * random.h: random numbers that are a pure function of (seed, stream, counter), so that any step of a run can be made
 * again alone: shuffling, augmentation, masking, scenes, dropout.
 *
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): key = seed, counter =
 * {counter, stream}. Only integer arithmetic and IEEE operations without contraction stand between a block and a
 * number, so every machine gives the same bits, normals included. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The 128 bits of one block. */
void random_block (uint64_t seed, uint64_t stream, uint64_t counter, uint32_t out[4]);

/* One number from a block of its own. */
uint64_t random_u64 (uint64_t seed, uint64_t stream, uint64_t counter);
double random_uniform (uint64_t seed, uint64_t stream, uint64_t counter); /* [0, 1), 53 bits */
double random_normal (uint64_t seed, uint64_t stream, uint64_t counter);  /* mean 0, deviation 1 */
/* 0 .. n - 1, n > 0; uneven by at most n / 2^64. */
uint64_t random_below (uint64_t seed, uint64_t stream, uint64_t counter, uint64_t n);

/* A stream's name from its parts, e.g. purpose, epoch, position: different parts give different streams but for
 * chance (64 bits). */
uint64_t random_stream (uint64_t purpose, uint64_t a, uint64_t b);

/* `index`'s place (0 .. n - 1) in a random order of n things: a permutation for each (seed, stream), computed without
 * a table. index < n. */
uint64_t random_permute (uint64_t seed, uint64_t stream, uint64_t n, uint64_t index);

/* A reader that takes one stream's numbers in turn, two 64-bit numbers from each block. */
typedef struct
{
  uint64_t seed, stream;
  uint64_t counter; /* of the next block */
  uint64_t spare;
  bool has_spare;
} Random;

Random random_begin (uint64_t seed, uint64_t stream);
uint64_t random_next (Random *random);
double random_next_uniform (Random *random);
double random_next_between (Random *random, double low, double high); /* [low, high) */
int random_next_below (Random *random, int n);                        /* n > 0 */
bool random_next_chance (Random *random, double p);
