/* SPDX-License-Identifier: MIT
 * Philox against its published known answers, and what its numbers must have in common with chance. */
#include "random.h"

#include <stdint.h>
#include <stdlib.h>

#include "tap.h"

static void
test_known_answers (void)
{
  static const struct
  {
    uint64_t seed, stream, counter;
    uint32_t wanted[4];
  } cases[] = {
    { 0, 0, 0, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
    { UINT64_MAX, UINT64_MAX, UINT64_MAX, { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
    { 0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88, { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
  };

  for (int i = 0; i < 3; i++)
    {
      uint32_t block[4];

      random_block (cases[i].seed, cases[i].stream, cases[i].counter, block);
      tap_ok (memcmp (block, cases[i].wanted, sizeof block) == 0, "/random/known answer %d of Philox4x32-10", i);
    }
}

static void
test_moments (void)
{
  double sum = 0, squares = 0, fourth = 0, uniform = 0, within = 0, largest = 0;
  int n = 200000, counts[7] = { 0 };
  bool inside = true;

  for (int i = 0; i < n; i++)
    {
      double x = random_normal (3, 5, (uint64_t) i), u = random_uniform (4, 5, (uint64_t) i);

      sum += x;
      squares += x * x;
      fourth += x * x * x * x;
      within += fabs (x) < 1;
      largest = fmax (largest, fabs (x));
      uniform += u;
      inside = inside && u >= 0 && u < 1;
      counts[random_below (5, 5, (uint64_t) i, 7)]++;
    }
  tap_near (sum / n, 0, 0.01, "/random/normal: mean 0");
  tap_near (squares / n, 1, 0.015, "/random/normal: variance 1");
  tap_near (fourth / n, 3, 0.1, "/random/normal: fourth moment 3");
  tap_near (within / n, 0.682689, 0.005, "/random/normal: 68 % within one deviation");
  tap_ok (largest > 4 && largest < 7, "/random/normal: the largest of 200,000 is %.2f", largest);
  tap_ok (inside, "/random/uniform lies in [0, 1)");
  tap_near (uniform / n, 0.5, 0.003, "/random/uniform: mean 0.5");
  for (int i = 0; i < 7; i++)
    inside = inside && abs (counts[i] - n / 7) < 700;
  tap_ok (inside, "/random/below: seven even shares");
}

/* The series against the C library: a normal number is made of both. */
static void
test_series (void)
{
  double worst = 0;

  for (int i = 0; i < 20000; i++)
    {
      uint32_t b[4];
      double u, v, wanted;

      random_block (9, 1, (uint64_t) i, b);
      u = (double) ((b[0] | (uint64_t) b[1] << 32) >> 11) * 0x1p-53;
      v = (double) ((b[2] | (uint64_t) b[3] << 32) >> 11) * 0x1p-53;
      wanted = sqrt (-2 * log (1 - u)) * cos (2 * M_PI * v);
      worst = fmax (worst, fabs (random_normal (9, 1, (uint64_t) i) - wanted));
    }
  tap_ok (worst < 1e-14, "/random/normal follows log and cos within 1e-14 (%.1e)", worst);
  /* Bits, so that a compiler's contraction or another library would be seen. */
  tap_ok (random_normal (1, 2, 3) == -0x1.b73d8d85dcffp-5, "/random/normal has the same bits everywhere (%a)",
          random_normal (1, 2, 3));
}

static void
test_permutation (void)
{
  static const int sizes[] = { 1, 2, 3, 5, 16, 17, 100, 1025 };
  int moved = 0, other = 0;

  for (int s = 0; s < 8; s++)
    {
      int n = sizes[s], seen[1025] = { 0 };
      bool once = true;

      for (int i = 0; i < n; i++)
        {
          uint64_t to = random_permute (11, 4, (uint64_t) n, (uint64_t) i);

          once = once && to < (uint64_t) n && seen[to]++ == 0;
          if (n == 1025)
            {
              moved += to != (uint64_t) i;
              other += to != random_permute (11, 5, 1025, (uint64_t) i);
            }
        }
      tap_ok (once, "/random/permute: every place of %d once", n);
    }
  tap_ok (moved > 1000 && other > 1000, "/random/permute: shuffles, and otherwise for another stream");
}

static void
test_reader (void)
{
  Random random = random_begin (7, 8), again = random_begin (7, 8);
  uint32_t block[4];
  bool same = true;

  random_block (7, 8, 0, block);
  tap_ok (random_next (&random) == (block[0] | (uint64_t) block[1] << 32)
              && random_next (&random) == (block[2] | (uint64_t) block[3] << 32),
          "/random/reader: two numbers a block");
  random_next (&again);
  random_next (&again);
  for (int i = 0; i < 100; i++)
    same = same && random_next_between (&random, -2, 3) == random_next_between (&again, -2, 3);
  tap_ok (same, "/random/reader: the same stream again");
  tap_ok (random_stream (1, 2, 3) != random_stream (1, 3, 2) && random_stream (1, 2, 3) != random_stream (2, 1, 3),
          "/random/streams differ by the place of their parts");
}

int
main (void)
{
  test_known_answers ();
  test_moments ();
  test_series ();
  test_permutation ();
  test_reader ();
  return tap_done ();
}
