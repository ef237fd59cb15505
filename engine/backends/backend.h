/* SPDX-License-Identifier: MIT
 * backend.h: the seam between the engine and a device.
 *
 * Everything above this header (tensors, ops, models, trainer) describes work; everything below it does
 * work. Memory is named by an opaque Buffer and a byte offset: only a backend can turn that into an
 * address, so no code above the seam can touch data behind a device's back. The one way in is
 * backend_upload, the one way out backend_download.
 *
 * Work is a KernelCall: a tag and a plain struct of sizes, strides and views. It holds no pointer to host
 * data (PackSlot excepted, which only backends open), so a call can be queued, replayed or recorded as it
 * stands. Calls run in order; when they run is the backend's business until a synchronisation.
 *
 * Conventions of all kernels:
 * - matrices are row-major with a leading dimension (`ld`, elements between rows); the last dimension is
 *   contiguous; floats are f32, indices i32 unless said otherwise;
 * - gradient kernels ACCUMULATE (+=) into their outputs, forward kernels overwrite; a view with a NULL
 *   buffer is absent (an input not given, an output not wanted);
 * - inputs and outputs of one call do not overlap, except that elementwise kernels may run in place;
 * - sizes may be odd, and any of them may be 1; head widths of 2 or 3 occur. Sizes of 0 do nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "albef.h"

typedef struct Backend Backend;
typedef struct Buffer Buffer;     /* a block of device memory; complete only inside a backend */
typedef struct PackSlot PackSlot; /* a weight's packed forms, made lazily by a backend; see PackSlot below */

typedef enum
{
  DTYPE_F32,
  DTYPE_BF16,
  DTYPE_I32,
  DTYPE_U8
} DType;

size_t dtype_size (DType dtype); /* bytes of one element */

/* A place in device memory. */
typedef struct
{
  Buffer *buffer; /* NULL: absent */
  size_t offset;  /* bytes */
} View;

#define VIEW_NONE ((View) { NULL, 0 })

/* ---------------------------------------------------------------------------------------------------
 * Kernels
 */

typedef enum
{
  KERNEL_FILL,
  KERNEL_COPY,
  KERNEL_GEMM,
  KERNEL_LINEAR,
  KERNEL_LINEAR_GRAD_INPUT,
  KERNEL_SOFTMAX,
  KERNEL_SOFTMAX_GRAD,
  KERNEL_ATTENTION,
  KERNEL_LAYER_NORM,
  KERNEL_LAYER_NORM_GRAD,
  KERNEL_L2_NORMALIZE,
  KERNEL_L2_NORMALIZE_GRAD,
  KERNEL_UNARY,
  KERNEL_UNARY_GRAD,
  KERNEL_ADD,
  KERNEL_ADD_SCALED,
  KERNEL_DIVIDE_BY_SCALAR,
  KERNEL_DIVIDE_BY_SCALAR_GRAD,
  KERNEL_SUM_ROWS,
  KERNEL_GATHER_ROWS,
  KERNEL_SCATTER_ADD_ROWS,
  KERNEL_PATCHES,
  KERNEL_SOFT_TARGETS,
  KERNEL_CROSS_ENTROPY,
  KERNEL_CROSS_ENTROPY_GRAD,
  KERNEL_MATCH_TARGETS,
  KERNEL_NEGATIVE_WEIGHTS,
  KERNEL_DRAW,
  KERNEL_ENQUEUE,
  KERNEL_MOMENTUM,
  KERNEL_CLAMP,
  KERNEL_ADAMW,
  KERNEL_DROPOUT,
  KERNEL_TANGENT,
  KERNEL_TANGENT_GRAD,
  KERNEL_LAYER_NORM_TANGENT,
  KERNEL_LAYER_NORM_TANGENT_GRAD,
  KERNEL_CAM,
  KERNEL_CAM_GRAD,
  KERNEL_MIN_MAX,
  KERNEL_MIN_MAX_GRAD,
  KERNEL_BILINEAR,
  KERNEL_BILINEAR_GRAD,
  KERNEL_AMC,
  KERNEL_AMC_GRAD,
  KERNEL_LOG_MASS,
  KERNEL_LOG_MASS_GRAD,
  KERNEL_COUNT
} KernelId;

const char *kernel_name (KernelId id); /* "softmax grad" */

/* out[i] = value for n floats. */
typedef struct
{
  View out;
  int64_t n;
  float value;
} FillArgs;

/* Strided block copy: for a < n0, b < n1, c < n2: out[a out_s0 + b out_s1 + c] (+)= in[a in_s0 + b in_s1 + c].
 * A source stride of 0 broadcasts; no two elements of out coincide. Strides in elements. */
typedef struct
{
  View in, out;
  int64_t n0, n1, n2;
  int64_t in_s0, in_s1, out_s0, out_s1;
  bool accumulate;
} CopyArgs;

/* C = alpha op(A) op(B) (+ C if accumulate), for outer x inner independent products; op(A) is m x k,
 * op(B) is k x n, C is m x n. Element (i, j) of product (o, q) of C lies at o c_outer + q c_inner + i ldc + j.
 * transpose_a: A is stored k x m; transpose_b: B is stored n x k. Batch strides may be 0 for a and b;
 * no two elements of C coincide. */
typedef struct
{
  View a, b, c;
  bool transpose_a, transpose_b, accumulate;
  int64_t m, n, k;
  int64_t lda, ldb, ldc;
  int64_t outer, inner;
  int64_t a_outer, a_inner, b_outer, b_inner, c_outer, c_inner;
  float alpha;
} GemmArgs;

typedef enum
{
  EPILOGUE_NONE,
  EPILOGUE_GELU, /* erf form */
  EPILOGUE_RELU
} Epilogue;

/* y[m][n] = epilogue (x[m][k] w^T + bias) + residual; w is n x k, contiguous, as torch.nn.Linear stores it.
 * bias (n) and residual (m x n, ld = ldr) may be absent. `pre` (if given, with either epilogue) keeps
 * x w^T + bias, ld = ldy. */
typedef struct
{
  View x, w, bias, residual, y, pre;
  int64_t m, n, k;
  int64_t ldx, ldy, ldr;
  Epilogue epilogue;
  PackSlot *pack; /* w's packed forms, or NULL */
} LinearArgs;

/* dx[m][k] += dy[m][n] w. */
typedef struct
{
  View dy, w, dx;
  int64_t m, n, k;
  int64_t lddy, lddx;
  PackSlot *pack;
} LinearGradInputArgs;

/* Rows of scores to rows of probabilities: y = softmax (x + mask). x, y: batch x heads x queries x keys,
 * contiguous. mask is added to the scores (0 or -10000 or -1e9): absent, batch x keys (mask_queries 1), or
 * batch x queries x keys (mask_queries = queries). A row whose keys are all masked comes out as x + mask
 * rounds on the backend. */
typedef struct
{
  View x, mask, y;
  int64_t batch, heads, queries, keys;
  int64_t mask_queries;
} SoftmaxArgs;

/* dx += y (dy - sum_keys (dy y)), rows of length n. */
typedef struct
{
  View y, dy, dx;
  int64_t rows, n;
} SoftmaxGradArgs;

/* Fused attention without kept probabilities:
 * out[b][i][h d + .] = sum_j softmax_j (scale q[b][i][h].k[b][j][h] + mask) v[b][j][h].
 * q, k, v, out are batch x tokens x (heads d) with leading dimension and batch stride of their own (kv
 * strides may be 0: one image for many texts). mask as in SoftmaxArgs. */
typedef struct
{
  View q, k, v, mask, out;
  int64_t batch, heads, queries, keys, d;
  int64_t ldq, ldk, ldv, ldout;
  int64_t q_batch, k_batch, v_batch, out_batch;
  int64_t mask_queries;
  float scale;
} AttentionArgs;

/* y = (x - mean) rstd gamma + beta over rows of n; variance is biased, eps inside the root.
 * mean and rstd (rows each) are written if given. */
typedef struct
{
  View x, gamma, beta, y, mean, rstd;
  int64_t rows, n;
  int64_t ldx, ldy;
  float eps;
} LayerNormArgs;

/* dx, dgamma, dbeta (each optional) +=, from dy, x and the kept mean and rstd. */
typedef struct
{
  View dy, x, gamma, mean, rstd, dx, dgamma, dbeta;
  int64_t rows, n;
  int64_t lddy, ldx, lddx;
} LayerNormGradArgs;

/* y = x / max (|x|_2, eps) per row (torch.nn.functional.normalize); norm (rows, optional) keeps the divisor. */
typedef struct
{
  View x, y, norm;
  int64_t rows, n;
  int64_t ldx, ldy;
  float eps; /* 1e-12 */
} L2NormalizeArgs;

/* dx += (dy - y (y . dy)) / norm. */
typedef struct
{
  View dy, y, norm, dx;
  int64_t rows, n;
  int64_t lddy, ldy, lddx;
} L2NormalizeGradArgs;

typedef enum
{
  UNARY_GELU, /* x Phi (x), erf form */
  UNARY_RELU
} UnaryOp;

/* y = f (x), n contiguous floats. */
typedef struct
{
  View x, y;
  int64_t n;
  UnaryOp op;
} UnaryArgs;

/* dx += f'(x) dy. */
typedef struct
{
  View x, dy, dx;
  int64_t n;
  UnaryOp op;
} UnaryGradArgs;

/* y[i] = a[i] + b[i % nb], i < n; nb divides n. */
typedef struct
{
  View a, b, y;
  int64_t n, nb;
} AddArgs;

/* y[i] += alpha a[i]. */
typedef struct
{
  View a, y;
  int64_t n;
  float alpha;
} AddScaledArgs;

/* y[i] = x[i] / *scalar; the scalar (temperature) lives on the device. */
typedef struct
{
  View x, scalar, y;
  int64_t n;
} DivideByScalarArgs;

/* dx[i] += dy[i] / *scalar; *dscalar -= sum dy x / scalar^2. dx and dscalar are optional, x is needed for
 * dscalar only. */
typedef struct
{
  View dy, x, scalar, dx, dscalar;
  int64_t n;
} DivideByScalarGradArgs;

/* out[j] += sum over rows of in[row][j] (bias gradients). */
typedef struct
{
  View in, out;
  int64_t rows, n;
  int64_t ld;
} SumRowsArgs;

/* out[i][.] = table[index[i]][.], rows of n; an index outside 0 .. table_rows - 1 aborts (programmer error). */
typedef struct
{
  View table, index, out;
  int64_t rows, n, table_rows;
} GatherRowsArgs;

/* table[index[i]][.] += in[i][.]; rows whose index equals `skip` are left out (padding; -1: none). */
typedef struct
{
  View in, index, table;
  int64_t rows, n, table_rows, skip;
} ScatterAddRowsArgs;

/* Unfolds pictures into patches: image batch x 3 x (grid_h p) x (grid_w p) to
 * out batch x (grid_h grid_w) x (3 p p), a patch's values ordered channel, row, column as a flattened
 * convolution weight. */
typedef struct
{
  View image, out;
  int64_t batch, grid_h, grid_w, patch;
} PatchesArgs;

/* ---- Losses and their targets. Scalars that steer a step are views of one f32 on the device. ---- */

/* out[r] = alpha softmax (x[r]) + (1 - alpha) hard[r], rows of n. hard is a row of `hard` (rows x n), or the one-hot
 * of label[r] (i32); a row whose label is negative is all 0. x and alpha absent: hard alone. (ALBEF section 3.3:
 * pseudo-targets of the momentum teacher.) */
typedef struct
{
  View x, alpha, hard, label, out;
  int64_t rows, n;
  int64_t ldx;
} SoftTargetsArgs;

/* loss[r] = weight[r] sum_j -target[r][j] log softmax (x[r])[j]. Without weight: 1. lse (rows x 2) keeps log sum exp as
 * a float and what that float lacks: at logits of 1000 (a temperature of 0.001) the float alone would put every
 * probability wrong by up to 3e-5, all of a row the same way. */
typedef struct
{
  View x, target, weight, loss, lse;
  int64_t rows, n;
  int64_t ldx;
} CrossEntropyArgs;

/* dx[r][j] += dloss[r] weight[r] (softmax (x[r])[j] sum target[r] - target[r][j]), softmax being exp (x - lse). */
typedef struct
{
  View dloss, x, target, weight, lse, dx;
  int64_t rows, n;
  int64_t ldx, lddx;
} CrossEntropyGradArgs;

/* out[r][j] = 1 / matches if id[r] == all[j], else 0, with matches the number of equal ones in the row (ids i32;
 * every row matches itself somewhere). `equal` (optional) keeps 0 and 1. */
typedef struct
{
  View id, all, out, equal;
  int64_t rows, n;
} MatchTargetsArgs;

/* out[r][j] = softmax over the first n columns of x[r], 0 where excluded: j == r, or, with ids (i32, n), id[j] ==
 * id[r]; `keep` (rows x n, optional) 0 excludes further ones. */
typedef struct
{
  View x, id, keep, out;
  int64_t rows, n;
  int64_t ldx;
} NegativeWeightsArgs;

/* index[r] (i32): drawn with probability weight[r][j] / sum, by the uniform number u[r] in [0, 1). A row of zeros
 * draws evenly among the columns other than r % n (the official code fails there), or 0 if there is no other. */
typedef struct
{
  View weight, u, index;
  int64_t rows, n;
} DrawArgs;

/* queue[(pointer + i) % size] = in[i] for rows i < rows of n 4-byte elements; then, if `advance`, pointer (i32)
 * = (pointer + rows) % size. */
typedef struct
{
  View in, queue, pointer;
  int64_t rows, n, size;
  bool advance;
} EnqueueArgs;

/* y = momentum y + (1 - momentum) x (the teacher follows). */
typedef struct
{
  View x, y;
  int64_t n;
  float momentum;
} MomentumArgs;

/* x = min (max (x, low), high), in place. */
typedef struct
{
  View x;
  int64_t n;
  float low, high;
} ClampArgs;

/* torch.optim.AdamW, in place: w -= lr decay w; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
 * w -= lr / (1 - b1^t) m / (sqrt (v) / sqrt (1 - b2^t) + eps). g is multiplied by *scale first (absent: 1).
 * lr and t are f32 on the device. */
typedef struct
{
  View w, g, m, v, lr, t, scale;
  int64_t n;
  float beta1, beta2, eps, decay;
} AdamWArgs;

/* y = x / (1 - p) where the counter's number is >= p, else 0 (+= if accumulate, so that the same call with dy is its
 * own gradient). Element i draws number (seed, stream, i); seed is two u32 on the device. */
typedef struct
{
  View x, y, seed;
  int64_t n;
  uint32_t stream;
  float p;
  bool accumulate;
} DropoutArgs;

/* ---- Forward mode, for a loss on a gradient (AMC): y_dot along x_dot. ---- */

typedef enum
{
  TANGENT_GELU,   /* y_dot = gelu'(x) x_dot */
  TANGENT_SOFTMAX /* x holds the probabilities p: y_dot = p (x_dot - sum (p x_dot)) per row */
} TangentOp;

/* rows x n contiguous. */
typedef struct
{
  View x, x_dot, y_dot;
  int64_t rows, n;
  TangentOp op;
} TangentArgs;

/* dx += , dx_dot += from dy_dot. */
typedef struct
{
  View x, x_dot, dy_dot, dx, dx_dot;
  int64_t rows, n;
  TangentOp op;
} TangentGradArgs;

/* y_dot = rstd (x_dot - mean (x_dot) - xh mean (x_dot xh)) gamma, xh = (x - mean) rstd. rows x n contiguous. */
typedef struct
{
  View x, x_dot, gamma, y_dot;
  int64_t rows, n;
  float eps;
} LayerNormTangentArgs;

/* dx +=, dx_dot +=, dgamma += (each optional) from dy_dot. */
typedef struct
{
  View x, x_dot, gamma, dy_dot, dx, dx_dot, dgamma;
  int64_t rows, n;
  float eps;
} LayerNormTangentGradArgs;

/* ---- Maps as a loss (AMC, Yang et al. 2023). ---- */

/* out[b][p] = mean over heads and tokens of attention[b][h][t][1 + p] max (gradient[b][h][t][1 + p], 0) mask[b][t];
 * attention, gradient: batch x heads x tokens x (1 + patches); mask f32 batch x tokens, 0 or 1. */
typedef struct
{
  View attention, gradient, mask, out;
  int64_t batch, heads, tokens, patches;
} CamArgs;

/* dattention +=, dgradient += (each optional). */
typedef struct
{
  View attention, gradient, mask, dout, dattention, dgradient;
  int64_t batch, heads, tokens, patches;
} CamGradArgs;

/* y = (x - min) / (max (x - min) + eps) per row. */
typedef struct
{
  View x, y;
  int64_t rows, n;
  float eps; /* 1e-7 */
} MinMaxArgs;

/* The first smallest and the first largest element of a row carry the gradients of min and max. */
typedef struct
{
  View x, y, dy, dx;
  int64_t rows, n;
  float eps;
} MinMaxGradArgs;

/* out batch x height x width from in batch x grid_h x grid_w, half-pixel centres, borders repeated (torch's
 * interpolate, bilinear, align_corners False). */
typedef struct
{
  View in, out;
  int64_t batch, grid_h, grid_w, height, width;
} BilinearArgs;

typedef struct
{
  View dout, din;
  int64_t batch, grid_h, grid_w, height, width;
} BilinearGradArgs;

/* Attention-mask consistency of maps x (batch x n, in 0..1) with masks m (batch x n); weight[b] 0 leaves a pair out.
 * mean term: max (0, S_out - S_in + margin_mean), S_in = sum x m / sum m, S_out = sum x (1 - m) / sum (1 - m), sums
 * pooled over the batch, or per pair and averaged with `per_sample`; max term: mean over the pairs of
 * max (0, max_p [x (1 - m)] - max_p [x m] + margin_max). An empty inside or outside counts as 0.
 * loss: [mean term, max term]; stats (optional): S_in, S_out, then max_p [x m] and max_p [x (1 - m)] of each pair. */
typedef struct
{
  View x, m, weight, loss, stats;
  int64_t batch, n;
  float margin_mean, margin_max; /* 0.1, 0.5 */
  bool per_sample;
} AmcArgs;

/* dx += from dloss[2]. The first of equal maxima carries the gradient. */
typedef struct
{
  View x, m, weight, dloss, dx;
  int64_t batch, n;
  float margin_mean, margin_max;
  bool per_sample;
} AmcGradArgs;

/* loss[r] = -log (sum_j x[r][j] m[r][j] + eps), rows of n: how much of a distribution lies where it should. */
typedef struct
{
  View x, m, loss;
  int64_t rows, n;
  float eps;
} LogMassArgs;

/* dx[r][j] += -dloss[r] m[r][j] / (sum + eps). */
typedef struct
{
  View dloss, x, m, dx;
  int64_t rows, n;
  float eps;
} LogMassGradArgs;

typedef struct
{
  KernelId id;
  union
  {
    FillArgs fill;
    CopyArgs copy;
    GemmArgs gemm;
    LinearArgs linear;
    LinearGradInputArgs linear_grad_input;
    SoftmaxArgs softmax;
    SoftmaxGradArgs softmax_grad;
    AttentionArgs attention;
    LayerNormArgs layer_norm;
    LayerNormGradArgs layer_norm_grad;
    L2NormalizeArgs l2_normalize;
    L2NormalizeGradArgs l2_normalize_grad;
    UnaryArgs unary;
    UnaryGradArgs unary_grad;
    AddArgs add;
    AddScaledArgs add_scaled;
    DivideByScalarArgs divide_by_scalar;
    DivideByScalarGradArgs divide_by_scalar_grad;
    SumRowsArgs sum_rows;
    GatherRowsArgs gather_rows;
    ScatterAddRowsArgs scatter_add_rows;
    PatchesArgs patches;
    SoftTargetsArgs soft_targets;
    CrossEntropyArgs cross_entropy;
    CrossEntropyGradArgs cross_entropy_grad;
    MatchTargetsArgs match_targets;
    NegativeWeightsArgs negative_weights;
    DrawArgs draw;
    EnqueueArgs enqueue;
    MomentumArgs momentum;
    ClampArgs clamp;
    AdamWArgs adamw;
    DropoutArgs dropout;
    TangentArgs tangent;
    TangentGradArgs tangent_grad;
    LayerNormTangentArgs layer_norm_tangent;
    LayerNormTangentGradArgs layer_norm_tangent_grad;
    CamArgs cam;
    CamGradArgs cam_grad;
    MinMaxArgs min_max;
    MinMaxGradArgs min_max_grad;
    BilinearArgs bilinear;
    BilinearGradArgs bilinear_grad;
    AmcArgs amc;
    AmcGradArgs amc_grad;
    LogMassArgs log_mass;
    LogMassGradArgs log_mass_grad;
  };
} KernelCall;

/* ---------------------------------------------------------------------------------------------------
 * The interface a backend fills in
 */

typedef struct
{
  /* Memory. buffer_new: contents are undefined (NaN when fenced); returns NULL when there is none left.
   * buffer_wrap takes read-only host memory (a mapped file) that outlives the buffer: without copying where
   * the device can read it, else by upload. buffer_free may be called while queued calls still use it. */
  Buffer *(*buffer_new) (Backend *backend, size_t bytes);
  Buffer *(*buffer_wrap) (Backend *backend, const void *host, size_t bytes);
  void (*buffer_free) (Backend *backend, Buffer *buffer);

  /* Transfers. upload takes its copy of the host data before it returns. download synchronises. */
  void (*upload) (Backend *backend, View out, const void *host, size_t bytes);
  void (*download) (Backend *backend, void *host, View in, size_t bytes);
  void (*synchronize) (Backend *backend);

  /* Between step_begin and step_end nothing may synchronise: a step must be recordable (optional; NULL: no
   * check). */
  void (*step_begin) (Backend *backend);
  void (*step_end) (Backend *backend);

  void (*run) (Backend *backend, const KernelCall *call);

  void (*pack_free) (Backend *backend, PackSlot *slot); /* frees what `run` put into the slot, not the slot */
  void (*close) (Backend *backend);
} BackendClass;

struct Backend
{
  const BackendClass *class;
  const char *name;      /* "cpu", "reference", "fenced" */
  const char *precision; /* arithmetic of products, "f32" */
  char description[256]; /* for people: instruction set, library, threads */
  int threads;
};

/* The place where a backend keeps packed forms of one weight. Owned by the weight's tensor; zero when new.
 * A change of the weight calls backend_pack_reset. */
struct PackSlot
{
  void *forms[4];        /* backend's own */
  uint32_t version;      /* backend's own */
  bool source_mapped;    /* set by the owner: the weight is a private, read-only mapping of a file, whose pages
                          * a backend may give back to the system once it has a packed form */
  bool changes;          /* set by the owner: the weight changes every few products, so that keeping packed forms
                          * costs more than it saves */
};

/* ---------------------------------------------------------------------------------------------------
 * Backends
 */

/* Plain loops, sums in double, one thread: the oracle. Never fails. */
Backend *backend_reference_open (void);

/* The reference backend behind a fence, for tests: memory is PROT_NONE except inside a call, fresh and freed
 * memory is NaN, every buffer ends at a guard page. `deferred`: calls queue up and run only at a
 * synchronisation. A synchronisation inside a step aborts with a message. */
Backend *backend_fenced_open (bool deferred);

/* oneDNN (where built in) and own kernels, chosen for the processor at run time. threads 0: as measured. */
Backend *backend_cpu_open (int threads);

/* "cpu", "reference", "fenced" (deferred), "auto"; "cuda" says why not. */
AlbefStatus backend_open (const char *name, int threads, Backend **backend, AlbefError *error);
void backend_close (Backend *backend);

/* ---------------------------------------------------------------------------------------------------
 * Calls, as the engine makes them
 */

Buffer *backend_buffer_new (Backend *backend, size_t bytes); /* aborts on no memory: sizes come from a checked config */
void backend_upload (Backend *backend, View out, const void *host, size_t bytes);
void backend_download (Backend *backend, void *host, View in, size_t bytes);
void backend_step_begin (Backend *backend);
void backend_step_end (Backend *backend);
void backend_pack_reset (Backend *backend, PackSlot *slot);

#define BACKEND_RUN(backend, ID, field, ...)                                                                           \
  do                                                                                                                   \
    {                                                                                                                  \
      KernelCall call_ = { .id = (ID), .field = { __VA_ARGS__ } };                                                     \
      (backend)->class->run ((backend), &call_);                                                                       \
    }                                                                                                                  \
  while (0)
