/* SPDX-License-Identifier: MIT
 * cpu-product.inc.h: tiles of matrix products (part of cpu-kernels.c).
 *
 * A tile keeps m x 2 vectors of sums in registers: each step loads two vectors of b and spreads one number
 * of a per row. 12 rows fill AVX-512's 32 registers (24 sums), 6 rows the 16 of AVX2 and SSE. */

#if LANES == 16
#define MR 12
#define GR 6 /* product_back: rows */
#else
#define MR 6
#define GR 2
#endif
#define GK 4 /* product_back: weight rows (outputs) at a time */
#define AHEAD 1 /* product_back: how many tiles ahead weights are fetched */
#define NR (2 * LANES)

/* Stores or adds one row of a tile. */
INLINE void
tile_row_out (float *c, vf s0, vf s1, int n, float alpha, bool accumulate)
{
  s0 *= alpha;
  s1 *= alpha;
  if (n == NR)
    {
      v_store (c, accumulate ? v_load (c) + s0 : s0);
      v_store (c + LANES, accumulate ? v_load (c + LANES) + s1 : s1);
    }
  else if (n >= LANES)
    {
      v_store (c, accumulate ? v_load (c) + s0 : s0);
      if (n > LANES)
        v_store_part (c + LANES, accumulate ? v_load_part (c + LANES, n - LANES) + s1 : s1, n - LANES);
    }
  else
    v_store_part (c, accumulate ? v_load_part (c, n) + s0 : s0, n);
}

/* m, vectors and which stride is 1 are constants where this is inlined. `next` is what the caller will want
 * after this tile: as much of it is fetched into the second-level cache as this tile reads of b. Memory is
 * read faster that way than the processor's own guesses manage, which stop at each page. */
INLINE void
tile (const int m, const int vectors, const bool a_by_row, int n, int64_t k, const float *a, int64_t a_stride,
      const float *b, int64_t ldb, const float *next, float *c, int64_t ldc, float alpha, bool accumulate)
{
  vf s[MR][2];

#pragma GCC unroll 16
  for (int i = 0; i < m; i++)
    s[i][0] = s[i][1] = (vf) { 0 };
  for (int64_t kk = 0; kk < k; kk++)
    {
      vf b0 = v_load (b);
      vf b1 = vectors > 1 ? v_load (b + LANES) : (vf) { 0 };

      if (vectors > 1)
        {
          __builtin_prefetch (next, 0, 2);
          if (LANES == 16)
            __builtin_prefetch (next + 16, 0, 2);
          next += NR;
        }
#pragma GCC unroll 16
      for (int i = 0; i < m; i++)
        {
          float x = a_by_row ? a[i * a_stride + kk] : a[kk * a_stride + i];

          s[i][0] += x * b0;
          if (vectors > 1)
            s[i][1] += x * b1;
        }
      b += ldb;
    }
#pragma GCC unroll 16
  for (int i = 0; i < m; i++)
    tile_row_out (c + i * ldc, s[i][0], s[i][1], n, alpha, accumulate);
}

#define TILE_FUNCTIONS(M)                                                                                              \
  static void tile_##M##_columns (int n, int64_t k, const float *a, int64_t a_stride, const float *b, int64_t ldb,     \
                                  const float *next, float *c, int64_t ldc, float alpha, bool accumulate)                                 \
  {                                                                                                                    \
    if (n > LANES)                                                                                                     \
      tile (M, 2, false, n, k, a, a_stride, b, ldb, next, c, ldc, alpha, accumulate);                                        \
    else                                                                                                               \
      tile (M, 1, false, n, k, a, a_stride, b, ldb, next, c, ldc, alpha, accumulate);                                        \
  }                                                                                                                    \
  static void tile_##M##_rows (int n, int64_t k, const float *a, int64_t a_stride, const float *b, int64_t ldb,        \
                               const float *next, float *c, int64_t ldc, float alpha, bool accumulate)                                    \
  {                                                                                                                    \
    if (n > LANES)                                                                                                     \
      tile (M, 2, true, n, k, a, a_stride, b, ldb, next, c, ldc, alpha, accumulate);                                         \
    else                                                                                                               \
      tile (M, 1, true, n, k, a, a_stride, b, ldb, next, c, ldc, alpha, accumulate);                                         \
  }

TILE_FUNCTIONS (1)
TILE_FUNCTIONS (2)
TILE_FUNCTIONS (3)
TILE_FUNCTIONS (4)
TILE_FUNCTIONS (5)
TILE_FUNCTIONS (6)
#if MR == 12
TILE_FUNCTIONS (7)
TILE_FUNCTIONS (8)
TILE_FUNCTIONS (9)
TILE_FUNCTIONS (10)
TILE_FUNCTIONS (11)
TILE_FUNCTIONS (12)
#endif

typedef void (*TileFunction) (int n, int64_t k, const float *a, int64_t a_stride, const float *b, int64_t ldb,
                              const float *next, float *c, int64_t ldc, float alpha, bool accumulate);

static const TileFunction tiles_by_column[MR] = {
  tile_1_columns, tile_2_columns,  tile_3_columns,  tile_4_columns, tile_5_columns, tile_6_columns,
#if MR == 12
  tile_7_columns, tile_8_columns, tile_9_columns, tile_10_columns, tile_11_columns, tile_12_columns,
#endif
};
static const TileFunction tiles_by_row[MR] = {
  tile_1_rows, tile_2_rows, tile_3_rows, tile_4_rows,  tile_5_rows,  tile_6_rows,
#if MR == 12
  tile_7_rows, tile_8_rows, tile_9_rows, tile_10_rows, tile_11_rows, tile_12_rows,
#endif
};

static void
product (int m, int n, int64_t k, const float *a, int64_t a_row, int64_t a_k, const float *b, int64_t ldb,
         const float *next, float *c, int64_t ldc, float alpha, bool accumulate)
{
  if (a_row == 1)
    tiles_by_column[m - 1](n, k, a, a_k, b, ldb, next, c, ldc, alpha, accumulate);
  else
    tiles_by_row[m - 1](n, k, a, a_row, b, ldb, next, c, ldc, alpha, accumulate);
}

/* ---------------------------------------------------------------------------------------------------
 * Packing
 */

#if defined (__SSE2__)
/* Four rows of `in` (in_j apart) become four neighbouring columns of `out`, four at a time. */
INLINE int64_t
pack_four (const float *in, int64_t in_j, int width, int64_t k, float *out)
{
  int64_t kk = 0;

  for (; kk + 4 <= k; kk += 4)
    {
      __m128 r0 = _mm_loadu_ps (in + kk), r1 = _mm_loadu_ps (in + in_j + kk);
      __m128 r2 = _mm_loadu_ps (in + 2 * in_j + kk), r3 = _mm_loadu_ps (in + 3 * in_j + kk);

      _MM_TRANSPOSE4_PS (r0, r1, r2, r3);
      _mm_storeu_ps (out + kk * width, r0);
      _mm_storeu_ps (out + (kk + 1) * width, r1);
      _mm_storeu_ps (out + (kk + 2) * width, r2);
      _mm_storeu_ps (out + (kk + 3) * width, r3);
    }
  return kk;
}
#endif

static void
pack (const float *in, int64_t in_j, int64_t in_k, int count, int width, int64_t k, float *out)
{
  int j = 0;

  if (in_j == 1)
    {
      for (int64_t kk = 0; kk < k; kk++)
        {
          const float *from = in + kk * in_k;
          float *to = out + kk * width;

          V_ROW (count, V_PUT (to, V_GET (from)););
          for (j = count; j < width; j++)
            to[j] = 0;
        }
      return;
    }
#if defined (__SSE2__)
  if (in_k == 1)
    for (; j + 4 <= count; j += 4)
      for (int64_t kk = pack_four (in + j * in_j, in_j, width, k, out + j); kk < k; kk++)
        for (int jj = j; jj < j + 4; jj++)
          out[kk * width + jj] = in[jj * in_j + kk];
#endif
  for (; j < count; j++)
    for (int64_t kk = 0; kk < k; kk++)
      out[kk * width + j] = in[j * in_j + kk * in_k];
  for (; j < width; j++)
    for (int64_t kk = 0; kk < k; kk++)
      out[kk * width + j] = 0;
}

/* ---------------------------------------------------------------------------------------------------
 * Backwards through a packed weight: sums run along the panels' columns, one vector of partial sums per
 * output, reduced at the end. The weight is crossed against its order, GK rows of every panel at a time.
 */

INLINE void
back_tile (const int m, const int outputs, int64_t stride, int64_t panels, const float *dy, int64_t lddy, const float *w,
           float *dx, int64_t lddx)
{
  vf s[GR][GK];

#pragma GCC unroll 8
  for (int i = 0; i < m; i++)
#pragma GCC unroll 8
    for (int o = 0; o < outputs; o++)
      s[i][o] = (vf) { 0 };
  for (int64_t p = 0; p < panels; p++)
    {
#pragma GCC unroll 2
      for (int half = 0; half < 2; half++)
        {
          vf column[GK];

#pragma GCC unroll 8
          for (int o = 0; o < outputs; o++)
            column[o] = v_load (w + o * NR + half * LANES);
#pragma GCC unroll 8
          for (int i = 0; i < m; i++)
            {
              vf d = v_load (dy + i * lddy + half * LANES);

#pragma GCC unroll 8
              for (int o = 0; o < outputs; o++)
                s[i][o] += d * column[o];
            }
        }
      /* Later outputs' rows of this panel, where the processor would not guess. */
#pragma GCC unroll 8
      for (int line = 0; line < outputs * NR; line += 16)
        __builtin_prefetch (w + AHEAD * GK * NR + line);
      w += stride;
      dy += NR;
    }
#pragma GCC unroll 8
  for (int i = 0; i < m; i++)
    if (outputs == 4)
      v_add_sums (dx + i * lddx, s[i][0], s[i][1], s[i][2], s[i][3]);
    else
#pragma GCC unroll 8
      for (int o = 0; o < outputs; o++)
        dx[i * lddx + o] += v_sum (s[i][o]);
}

#define BACK_FUNCTION(M)                                                                                               \
  static void back_tile_##M (int outputs, int64_t stride, int64_t panels, const float *dy, int64_t lddy, const float *w,    \
                             float *dx, int64_t lddx)                                                                  \
  {                                                                                                                    \
    if (outputs == GK)                                                                                                 \
      back_tile (M, GK, stride, panels, dy, lddy, w, dx, lddx);                                                             \
    else                                                                                                               \
      for (int o = 0; o < outputs; o++)                                                                                \
        back_tile (M, 1, stride, panels, dy, lddy, w + o * NR, dx + o, lddx);                                                \
  }

BACK_FUNCTION (1)
BACK_FUNCTION (2)
#if GR == 6
BACK_FUNCTION (3)
BACK_FUNCTION (4)
BACK_FUNCTION (5)
BACK_FUNCTION (6)
#endif

static void
product_back (int m, int64_t k_from, int64_t k_count, int64_t stride, int64_t panels, const float *dy, int64_t lddy,
              const float *w, float *dx, int64_t lddx)
{
  static void (*const functions[GR]) (int outputs, int64_t stride, int64_t panels, const float *dy, int64_t lddy,
                                      const float *w, float *dx, int64_t lddx) = {
    back_tile_1, back_tile_2,
#if GR == 6
    back_tile_3, back_tile_4, back_tile_5, back_tile_6,
#endif
  };

  for (int64_t o = 0; o < k_count; o += GK)
    {
      int outputs = k_count - o < GK ? (int) (k_count - o) : GK;

      for (int i = 0; i < m; i += GR)
        functions[(m - i < GR ? m - i : GR) - 1](outputs, stride, panels, dy + i * lddy, lddy, w + (k_from + o) * NR,
                                                 dx + i * lddx + o, lddx);
    }
}
