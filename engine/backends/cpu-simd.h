/* SPDX-License-Identifier: MIT
 * cpu-simd.h: one vector of floats, as wide as the instruction set the including file is compiled for.
 *
 * Only cpu-kernels.c includes this, once per instruction set. Arithmetic is written with the compiler's
 * vector extension (`a * b + c` becomes a fused multiply-add where there is one), so the same text serves
 * any processor; the few operations it lacks are intrinsics on x86-64 and plain loops elsewhere. */
#pragma once

#include <stdint.h>
#include <string.h>

#if defined (__AVX512F__)
#define LANES 16
#elif defined (__AVX2__) && defined (__FMA__)
#define LANES 8
#else
#define LANES 4
#endif

#if defined (__SSE2__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__ ((always_inline, unused))

typedef float vf __attribute__ ((vector_size (LANES * 4)));
typedef int32_t vi __attribute__ ((vector_size (LANES * 4)));
typedef float vf_loose __attribute__ ((vector_size (LANES * 4), aligned (4), may_alias));

INLINE vf
v_set (float x)
{
  return x - (vf) { 0 };
}

INLINE vf
v_load (const float *p)
{
  return *(const vf_loose *) p;
}

INLINE void
v_store (float *p, vf x)
{
  *(vf_loose *) p = x;
}

/* The first n < LANES elements (0 <= n); the others read as 0 and are not touched in memory. */
#if LANES == 16

INLINE vf
v_load_part (const float *p, int64_t n)
{
  return (vf) _mm512_maskz_loadu_ps ((__mmask16) ((1u << n) - 1), p);
}

INLINE void
v_store_part (float *p, vf x, int64_t n)
{
  _mm512_mask_storeu_ps (p, (__mmask16) ((1u << n) - 1), (__m512) x);
}

#elif LANES == 8

static const int32_t part_masks[16] = { -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0 };

INLINE vf
v_load_part (const float *p, int64_t n)
{
  return (vf) _mm256_maskload_ps (p, _mm256_loadu_si256 ((const __m256i *) (part_masks + 8 - n)));
}

INLINE void
v_store_part (float *p, vf x, int64_t n)
{
  _mm256_maskstore_ps (p, _mm256_loadu_si256 ((const __m256i *) (part_masks + 8 - n)), (__m256) x);
}

#else

INLINE vf
v_load_part (const float *p, int64_t n)
{
  float all[LANES] = { 0 };

  for (int64_t i = 0; i < n; i++)
    all[i] = p[i];
  return v_load (all);
}

INLINE void
v_store_part (float *p, vf x, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    p[i] = x[i];
}

#endif

/* Larger of the two, and b where a is not a number (so that NaN in b is kept). */
INLINE vf
v_max (vf a, vf b)
{
#if LANES == 16
  return (vf) _mm512_max_ps ((__m512) a, (__m512) b);
#elif LANES == 8
  return (vf) _mm256_max_ps ((__m256) a, (__m256) b);
#elif defined (__SSE2__)
  return (vf) _mm_max_ps ((__m128) a, (__m128) b);
#else
  for (int i = 0; i < LANES; i++)
    b[i] = a[i] > b[i] ? a[i] : b[i];
  return b;
#endif
}

INLINE vf
v_min (vf a, vf b)
{
#if LANES == 16
  return (vf) _mm512_min_ps ((__m512) a, (__m512) b);
#elif LANES == 8
  return (vf) _mm256_min_ps ((__m256) a, (__m256) b);
#elif defined (__SSE2__)
  return (vf) _mm_min_ps ((__m128) a, (__m128) b);
#else
  for (int i = 0; i < LANES; i++)
    b[i] = a[i] < b[i] ? a[i] : b[i];
  return b;
#endif
}

INLINE vf
v_sqrt (vf x)
{
#if LANES == 16
  return (vf) _mm512_sqrt_ps ((__m512) x);
#elif LANES == 8
  return (vf) _mm256_sqrt_ps ((__m256) x);
#elif defined (__SSE2__)
  return (vf) _mm_sqrt_ps ((__m128) x);
#else
  for (int i = 0; i < LANES; i++)
    x[i] = __builtin_sqrtf (x[i]);
  return x;
#endif
}

/* x where condition holds, else 0; condition is the result of a comparison. */
INLINE vf
v_where (vi condition, vf x)
{
  return (vf) (condition & (vi) x);
}

INLINE vf
v_abs (vf x)
{
  return (vf) ((vi) x & 0x7fffffff);
}

INLINE float
v_sum (vf x)
{
#if LANES == 16
  return _mm512_reduce_add_ps ((__m512) x);
#else
  float all[LANES];

  v_store (all, x);
#if LANES == 8
  return ((all[0] + all[4]) + (all[2] + all[6])) + ((all[1] + all[5]) + (all[3] + all[7]));
#else
  return (all[0] + all[2]) + (all[1] + all[3]);
#endif
#endif
}

/* out[0..3] += the sums of four vectors. */
INLINE void
v_add_sums (float *out, vf a, vf b, vf c, vf d)
{
#if LANES == 16
  __m512 ab = _mm512_add_ps (_mm512_unpacklo_ps ((__m512) a, (__m512) b), _mm512_unpackhi_ps ((__m512) a, (__m512) b));
  __m512 cd = _mm512_add_ps (_mm512_unpacklo_ps ((__m512) c, (__m512) d), _mm512_unpackhi_ps ((__m512) c, (__m512) d));
  __m512 quarters = _mm512_add_ps (_mm512_shuffle_ps (ab, cd, 0x44), _mm512_shuffle_ps (ab, cd, 0xee));
  __m256 halves = _mm256_add_ps (_mm512_castps512_ps256 (quarters), _mm512_extractf32x8_ps (quarters, 1));
  __m128 sums = _mm_add_ps (_mm256_castps256_ps128 (halves), _mm256_extractf128_ps (halves, 1));

  _mm_storeu_ps (out, _mm_add_ps (_mm_loadu_ps (out), sums));
#elif LANES == 8
  __m256 ab = _mm256_add_ps (_mm256_unpacklo_ps ((__m256) a, (__m256) b), _mm256_unpackhi_ps ((__m256) a, (__m256) b));
  __m256 cd = _mm256_add_ps (_mm256_unpacklo_ps ((__m256) c, (__m256) d), _mm256_unpackhi_ps ((__m256) c, (__m256) d));
  __m256 halves = _mm256_add_ps (_mm256_shuffle_ps (ab, cd, 0x44), _mm256_shuffle_ps (ab, cd, 0xee));
  __m128 sums = _mm_add_ps (_mm256_castps256_ps128 (halves), _mm256_extractf128_ps (halves, 1));

  _mm_storeu_ps (out, _mm_add_ps (_mm_loadu_ps (out), sums));
#else
  out[0] += v_sum (a);
  out[1] += v_sum (b);
  out[2] += v_sum (c);
  out[3] += v_sum (d);
#endif
}

INLINE float
v_largest (vf x)
{
#if LANES == 16
  return _mm512_reduce_max_ps ((__m512) x);
#else
  float all[LANES], largest;

  v_store (all, x);
  largest = all[0];
  for (int i = 1; i < LANES; i++)
    largest = all[i] > largest ? all[i] : largest;
  return largest;
#endif
}

/* ---------------------------------------------------------------------------------------------------
 * Functions. Coefficients were fitted for this file (weighted least squares towards equal ripple, then
 * checked in f32 against double); tests/unit/test-cpu-kernels.c measures the error that is left.
 */

/* e^x to 2 units in the last place; 0 below -87, infinity is not reached: x is cut at 88. */
INLINE vf
v_exp (vf x)
{
  const vf magic = v_set (12582912.f); /* 1.5 * 2^23: adding it rounds to an integer in the low bits */
  vf cut = v_min (v_set (88.f), v_max (v_set (-87.f), x));
  vf shifted = cut * 1.44269504f + magic;
  vf n = shifted - magic;
  vf r = (cut - n * 0.693145752f) - n * 1.42860677e-6f;
  vf p = v_set (0.00138144667f);

  p = p * r + 0.00836878043f;
  p = p * r + 0.0416683942f;
  p = p * r + 0.166665201f;
  p = p * r + 0.499999934f;
  p = (p * r) * r + r + 1.f;
  return v_where (~(x < -87.f), (vf) ((vi) p + ((vi) shifted << 23)));
}

/* Phi (-|x|), the lower tail of the normal distribution, and e^(-x^2/2) beside it. */
INLINE vf
v_normal_tail (vf x, vf *bell)
{
  vf t = v_min (v_set (20.f), v_abs (x));
  vf p = v_set (0.00355792645f);
  vf q = v_set (0.00891807448f);

  p = p * t + 0.0367829543f;
  p = p * t + 0.171648518f;
  p = p * t + 0.422352737f;
  p = p * t + 0.500000001f;
  q = q * t + 0.0922149831f;
  q = q * t + 0.438914295f;
  q = q * t + 1.15389256f;
  q = q * t + 1.64259018f;
  q = q * t + 1.f;
  *bell = v_exp (t * t * -0.5f);
  return *bell * (p / q);
}

/* x Phi (x): the erf form of GELU. */
INLINE vf
v_gelu (vf x)
{
  vf bell;
  vf part = v_min (v_set (20.f), v_abs (x)) * v_normal_tail (x, &bell); /* cut: no infinity times 0 */

  return v_max (v_set (0.f), x) - part;
}

/* Its derivative, Phi (x) + x phi (x). */
INLINE vf
v_gelu_slope (vf x)
{
  vf bell;
  vf tail = v_normal_tail (x, &bell);
  vf upper = v_where (x > 0.f, 1.f - (tail + tail));

  return tail + upper + v_max (v_set (-20.f), v_min (v_set (20.f), x)) * bell * 0.398942280f;
}

/* A loop over vectors of a row: BODY sees `i`, LOAD (p) and STORE (p, x), first for whole vectors, then for
 * what is left. */
#define V_ROW(n, ...)                                                                                                  \
  do                                                                                                                   \
    {                                                                                                                  \
      int64_t i = 0, left_;                                                                                            \
      for (; i + LANES <= (n); i += LANES)                                                                             \
        {                                                                                                              \
          enum { WHOLE = 1 };                                                                                          \
          left_ = LANES;                                                                                               \
          __VA_ARGS__                                                                                                         \
        }                                                                                                              \
      left_ = (n) - i;                                                                                                 \
      if (left_ > 0)                                                                                                   \
        {                                                                                                              \
          enum { WHOLE = 0 };                                                                                          \
          __VA_ARGS__                                                                                                         \
        }                                                                                                              \
    }                                                                                                                  \
  while (0)
#define V_GET(p) (WHOLE ? v_load ((p) + i) : v_load_part ((p) + i, left_))
#define V_PUT(p, x) (WHOLE ? v_store ((p) + i, (x)) : v_store_part ((p) + i, (x), left_))
/* For sums: lanes beyond the row count as 0. */
#define V_KEEP(x) (WHOLE ? (x) : v_first (x, left_))

INLINE vf
v_first (vf x, int64_t n)
{
#if LANES == 16
  return (vf) _mm512_maskz_mov_ps ((__mmask16) ((1u << n) - 1), (__m512) x);
#else
  for (int64_t i = n; i < LANES; i++)
    x[i] = 0;
  return x;
#endif
}
