/* SPDX-License-Identifier: MIT */
#include "random.h"

#include <math.h>

/* Fused multiply-adds would give other last bits on other machines. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=off")
#else
#pragma STDC FP_CONTRACT OFF
#endif

/* ---------------------------------------------------------------------------------------------------
 * Bits
 */

void
random_block (uint64_t seed, uint64_t stream, uint64_t counter, uint32_t out[4])
{
  uint32_t k0 = (uint32_t) seed, k1 = (uint32_t) (seed >> 32);
  uint32_t c0 = (uint32_t) counter, c1 = (uint32_t) (counter >> 32);
  uint32_t c2 = (uint32_t) stream, c3 = (uint32_t) (stream >> 32);

  for (int round = 0; round < 10; round++)
    {
      uint64_t p0 = (uint64_t) c0 * 0xd2511f53u, p1 = (uint64_t) c2 * 0xcd9e8d57u;

      c0 = (uint32_t) (p1 >> 32) ^ c1 ^ k0;
      c2 = (uint32_t) (p0 >> 32) ^ c3 ^ k1;
      c1 = (uint32_t) p1;
      c3 = (uint32_t) p0;
      k0 += 0x9e3779b9u; /* the golden ratio */
      k1 += 0xbb67ae85u; /* sqrt (3) - 1 */
    }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

static uint64_t
join (uint32_t low, uint32_t high)
{
  return low | (uint64_t) high << 32;
}

static double
unit (uint64_t bits)
{
  return (double) (bits >> 11) * 0x1p-53;
}

static uint64_t
below (uint64_t bits, uint64_t n)
{
  return (uint64_t) ((unsigned __int128) bits * n >> 64);
}

uint64_t
random_u64 (uint64_t seed, uint64_t stream, uint64_t counter)
{
  uint32_t block[4];

  random_block (seed, stream, counter, block);
  return join (block[0], block[1]);
}

double
random_uniform (uint64_t seed, uint64_t stream, uint64_t counter)
{
  return unit (random_u64 (seed, stream, counter));
}

uint64_t
random_below (uint64_t seed, uint64_t stream, uint64_t counter, uint64_t n)
{
  return below (random_u64 (seed, stream, counter), n);
}

/* ---------------------------------------------------------------------------------------------------
 * Normal numbers. The C library's log and cos differ in their last bits from one version to the next, so both are
 * series here.
 */

/* Natural logarithm of x in (0, 1]: x = m 2^e with m in [sqrt (1/2), sqrt (2)), log m = 2 atanh ((m - 1) / (m + 1)). */
static double
series_log (double x)
{
  int e;
  double m = frexp (x, &e), z, z2, sum = 0;

  if (m < 0.70710678118654752)
    {
      m *= 2;
      e--;
    }
  z = (m - 1) / (m + 1);
  z2 = z * z;
  for (int k = 12; k >= 0; k--) /* z2 <= 0.0295: the next term is below 1e-20 */
    sum = sum * z2 + 1.0 / (2 * k + 1);
  return 2 * z * sum + e * 0.693147180559945309417;
}

/* cos (2 pi u), u in [0, 1): reduced to at most pi / 4, then Taylor. */
static double
series_cos_turns (double u)
{
  double x, x2, sum = 0;
  bool negative = false, sine = false;

  if (u > 0.5)
    u = 1 - u;
  if (u > 0.25)
    {
      u = 0.5 - u;
      negative = true;
    }
  if (u > 0.125)
    {
      u = 0.25 - u;
      sine = true;
    }
  x = u * 6.28318530717958647693;
  x2 = x * x;
  for (int k = 9; k >= 1; k--)
    sum = -(sum + 1) * x2 / (sine ? 2 * k * (2 * k + 1) : (2 * k - 1) * (2 * k));
  sum += 1;
  if (sine)
    sum *= x;
  return negative ? -sum : sum;
}

double
random_normal (uint64_t seed, uint64_t stream, uint64_t counter)
{
  uint32_t block[4];

  /* Box and Muller, the cosine half. 1 - u lies in (0, 1]. */
  random_block (seed, stream, counter, block);
  return sqrt (-2 * series_log (1 - unit (join (block[0], block[1]))))
         * series_cos_turns (unit (join (block[2], block[3])));
}

/* ---------------------------------------------------------------------------------------------------
 * Streams, orders, readers
 */

/* The finaliser of SplitMix64. */
static uint64_t
mix (uint64_t x)
{
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

uint64_t
random_stream (uint64_t purpose, uint64_t a, uint64_t b)
{
  return mix (mix (mix (purpose + 0x9e3779b97f4a7c15u) + a + 0x9e3779b97f4a7c15u) + b + 0x9e3779b97f4a7c15u);
}

uint64_t
random_permute (uint64_t seed, uint64_t stream, uint64_t n, uint64_t index)
{
  int bits = 2; /* of the Feistel network's domain; even, so both halves are alike */
  uint64_t mask;

  while (bits < 64 && (n - 1) >> bits > 0)
    bits += 2;
  mask = ((uint64_t) 1 << bits / 2) - 1;
  do /* the domain is at most 4 times n: walk on until we are inside */
    for (uint64_t round = 0; round < 6; round++)
      {
        uint64_t right = index & mask, left = index >> bits / 2;

        index = right << bits / 2 | (left ^ (mix (random_u64 (seed, stream, round) ^ right) & mask));
      }
  while (index >= n);
  return index;
}

Random
random_begin (uint64_t seed, uint64_t stream)
{
  return (Random){ .seed = seed, .stream = stream };
}

uint64_t
random_next (Random *random)
{
  uint32_t block[4];

  if (random->has_spare)
    {
      random->has_spare = false;
      return random->spare;
    }
  random_block (random->seed, random->stream, random->counter++, block);
  random->spare = join (block[2], block[3]);
  random->has_spare = true;
  return join (block[0], block[1]);
}

double
random_next_uniform (Random *random)
{
  return unit (random_next (random));
}

double
random_next_between (Random *random, double low, double high)
{
  return low + (high - low) * random_next_uniform (random);
}

int
random_next_below (Random *random, int n)
{
  return (int) below (random_next (random), (uint64_t) n);
}

bool
random_next_chance (Random *random, double p)
{
  return random_next_uniform (random) < p;
}
