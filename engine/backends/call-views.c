/* SPDX-License-Identifier: MIT */
#include "call-views.h"

#include <stdio.h>
#include <stdlib.h>

/* The list while it is written. */
typedef struct
{
  CallView *views;
  int count;
} List;

/* Appends a view that reaches `elements` elements far; one that may be absent only if it is there. */
static void
name_view (List *list, const View *view, const char *name, bool optional, CallAccess access, int64_t elements)
{
  if ((optional && view->buffer == NULL) || elements <= 0)
    return;
  list->views[list->count++] = (CallView) { view, name, access, (size_t) elements * 4 }; /* f32 or i32 */
}

#define NAME(field, access, elements) name_view (&list, &args->field, #field, false, access, elements)
#define NAME_IF(field, access, elements) name_view (&list, &args->field, #field, true, access, elements)

/* Elements from the first to the last of a matrix. */
static int64_t
reach (int64_t rows, int64_t columns, int64_t ld)
{
  return rows <= 0 || columns <= 0 ? 0 : (rows - 1) * ld + columns;
}

/* The same for a batch of matrices, each of which reaches `inner` elements. */
static int64_t
reach_batch (int64_t batch, int64_t stride, int64_t inner)
{
  return batch <= 0 || inner <= 0 ? 0 : (batch - 1) * stride + inner;
}

static int
gemm_views (const GemmArgs *args, CallView *views)
{
  List list = { views, 0 };
  int64_t a = args->transpose_a ? reach (args->k, args->m, args->lda) : reach (args->m, args->k, args->lda);
  int64_t b = args->transpose_b ? reach (args->n, args->k, args->ldb) : reach (args->k, args->n, args->ldb);
  int64_t c = reach (args->m, args->n, args->ldc);

  a = reach_batch (args->outer, args->a_outer, reach_batch (args->inner, args->a_inner, a));
  b = reach_batch (args->outer, args->b_outer, reach_batch (args->inner, args->b_inner, b));
  c = reach_batch (args->outer, args->c_outer, reach_batch (args->inner, args->c_inner, c));
  NAME (a, CALL_READS, a);
  NAME (b, CALL_READS, b);
  NAME (c, args->accumulate ? CALL_UPDATES : CALL_OVERWRITES, c);
  return list.count;
}

static int
linear_views (const LinearArgs *args, CallView *views)
{
  List list = { views, 0 };

  NAME (x, CALL_READS, reach (args->m, args->k, args->ldx));
  NAME (w, CALL_READS, args->n * args->k);
  NAME_IF (bias, CALL_READS, args->n);
  NAME_IF (residual, CALL_READS, reach (args->m, args->n, args->ldr));
  NAME (y, CALL_OVERWRITES, reach (args->m, args->n, args->ldy));
  NAME_IF (pre, CALL_OVERWRITES, reach (args->m, args->n, args->ldy));
  return list.count;
}

static int
attention_views (const AttentionArgs *args, CallView *views)
{
  List list = { views, 0 };
  int64_t width = args->heads * args->d;

  NAME (q, CALL_READS, reach_batch (args->batch, args->q_batch, reach (args->queries, width, args->ldq)));
  NAME (k, CALL_READS, reach_batch (args->batch, args->k_batch, reach (args->keys, width, args->ldk)));
  NAME (v, CALL_READS, reach_batch (args->batch, args->v_batch, reach (args->keys, width, args->ldv)));
  NAME_IF (mask, CALL_READS, args->batch * args->mask_queries * args->keys);
  NAME (out, CALL_OVERWRITES, reach_batch (args->batch, args->out_batch, reach (args->queries, width, args->ldout)));
  return list.count;
}

static int
layer_norm_views (const LayerNormArgs *args, CallView *views)
{
  List list = { views, 0 };

  NAME (x, CALL_READS, reach (args->rows, args->n, args->ldx));
  NAME (gamma, CALL_READS, args->n);
  NAME (beta, CALL_READS, args->n);
  NAME (y, CALL_OVERWRITES, reach (args->rows, args->n, args->ldy));
  NAME_IF (mean, CALL_OVERWRITES, args->rows);
  NAME_IF (rstd, CALL_OVERWRITES, args->rows);
  return list.count;
}

static int
layer_norm_grad_views (const LayerNormGradArgs *args, CallView *views)
{
  List list = { views, 0 };

  NAME (dy, CALL_READS, reach (args->rows, args->n, args->lddy));
  NAME (x, CALL_READS, reach (args->rows, args->n, args->ldx));
  NAME (gamma, CALL_READS, args->n);
  NAME (mean, CALL_READS, args->rows);
  NAME (rstd, CALL_READS, args->rows);
  NAME_IF (dx, CALL_UPDATES, reach (args->rows, args->n, args->lddx));
  NAME_IF (dgamma, CALL_UPDATES, args->rows > 0 ? args->n : 0);
  NAME_IF (dbeta, CALL_UPDATES, args->rows > 0 ? args->n : 0);
  return list.count;
}

/* Shorter lists, one line a view. */
#define VIEWS_OF(type, field, ...)                                                                                     \
  {                                                                                                                    \
    const type *args = &call->field;                                                                                   \
    List list = { views, 0 };                                                                                          \
    __VA_ARGS__;                                                                                                       \
    return list.count;                                                                                                 \
  }

/* The kernels of training. */
static int
training_views (const KernelCall *call, CallView *views)
{
  switch (call->id)
    {
    case KERNEL_SOFT_TARGETS:
      VIEWS_OF (SoftTargetsArgs, soft_targets, NAME_IF (x, CALL_READS, reach (args->rows, args->n, args->ldx));
                NAME_IF (alpha, CALL_READS, args->rows > 0); NAME_IF (hard, CALL_READS, args->rows * args->n);
                NAME_IF (label, CALL_READS, args->rows); NAME (out, CALL_OVERWRITES, args->rows * args->n))
    case KERNEL_CROSS_ENTROPY:
      VIEWS_OF (CrossEntropyArgs, cross_entropy, NAME (x, CALL_READS, reach (args->rows, args->n, args->ldx));
                NAME (target, CALL_READS, args->rows * args->n); NAME_IF (weight, CALL_READS, args->rows);
                NAME (loss, CALL_OVERWRITES, args->rows); NAME_IF (lse, CALL_OVERWRITES, 2 * args->rows))
    case KERNEL_CROSS_ENTROPY_GRAD:
      VIEWS_OF (CrossEntropyGradArgs, cross_entropy_grad, NAME (dloss, CALL_READS, args->rows);
                NAME (x, CALL_READS, reach (args->rows, args->n, args->ldx));
                NAME (target, CALL_READS, args->rows * args->n); NAME_IF (weight, CALL_READS, args->rows);
                NAME (lse, CALL_READS, 2 * args->rows); NAME (dx, CALL_UPDATES, reach (args->rows, args->n, args->lddx)))
    case KERNEL_MATCH_TARGETS:
      VIEWS_OF (MatchTargetsArgs, match_targets, NAME (id, CALL_READS, args->rows); NAME (all, CALL_READS, args->n);
                NAME (out, CALL_OVERWRITES, args->rows * args->n); NAME_IF (equal, CALL_OVERWRITES, args->rows * args->n))
    case KERNEL_NEGATIVE_WEIGHTS:
      VIEWS_OF (NegativeWeightsArgs, negative_weights, NAME (x, CALL_READS, reach (args->rows, args->n, args->ldx));
                NAME_IF (id, CALL_READS, args->rows > args->n ? args->rows : args->n);
                NAME_IF (keep, CALL_READS, args->rows * args->n); NAME (out, CALL_OVERWRITES, args->rows * args->n))
    case KERNEL_DRAW:
      VIEWS_OF (DrawArgs, draw, NAME (weight, CALL_READS, args->rows * args->n); NAME (u, CALL_READS, args->rows);
                NAME (index, CALL_OVERWRITES, args->rows))
    case KERNEL_ENQUEUE:
      VIEWS_OF (EnqueueArgs, enqueue, NAME (in, CALL_READS, args->rows * args->n);
                NAME (queue, CALL_UPDATES, args->rows > 0 ? args->size * args->n : 0);
                NAME (pointer, args->advance ? CALL_UPDATES : CALL_READS, 1))
    case KERNEL_MOMENTUM:
      VIEWS_OF (MomentumArgs, momentum, NAME (x, CALL_READS, args->n); NAME (y, CALL_UPDATES, args->n))
    case KERNEL_CLAMP:
      VIEWS_OF (ClampArgs, clamp, NAME (x, CALL_UPDATES, args->n))
    case KERNEL_ADAMW:
      VIEWS_OF (AdamWArgs, adamw, NAME (w, CALL_UPDATES, args->n); NAME (g, CALL_READS, args->n);
                NAME (m, CALL_UPDATES, args->n); NAME (v, CALL_UPDATES, args->n); NAME (lr, CALL_READS, args->n > 0);
                NAME (t, CALL_READS, args->n > 0); NAME_IF (scale, CALL_READS, args->n > 0))
    case KERNEL_DROPOUT:
      VIEWS_OF (DropoutArgs, dropout, NAME (x, CALL_READS, args->n);
                NAME (y, args->accumulate ? CALL_UPDATES : CALL_OVERWRITES, args->n);
                NAME (seed, CALL_READS, args->n > 0 ? 2 : 0))
    case KERNEL_TANGENT:
      VIEWS_OF (TangentArgs, tangent, NAME (x, CALL_READS, args->rows * args->n);
                NAME (x_dot, CALL_READS, args->rows * args->n); NAME (y_dot, CALL_OVERWRITES, args->rows * args->n))
    case KERNEL_TANGENT_GRAD:
      VIEWS_OF (TangentGradArgs, tangent_grad, NAME (x, CALL_READS, args->rows * args->n);
                NAME (x_dot, CALL_READS, args->rows * args->n); NAME (dy_dot, CALL_READS, args->rows * args->n);
                NAME_IF (dx, CALL_UPDATES, args->rows * args->n); NAME_IF (dx_dot, CALL_UPDATES, args->rows * args->n))
    case KERNEL_LAYER_NORM_TANGENT:
      VIEWS_OF (LayerNormTangentArgs, layer_norm_tangent, NAME (x, CALL_READS, args->rows * args->n);
                NAME (x_dot, CALL_READS, args->rows * args->n); NAME (gamma, CALL_READS, args->rows > 0 ? args->n : 0);
                NAME (y_dot, CALL_OVERWRITES, args->rows * args->n))
    case KERNEL_LAYER_NORM_TANGENT_GRAD:
      VIEWS_OF (LayerNormTangentGradArgs, layer_norm_tangent_grad, NAME (x, CALL_READS, args->rows * args->n);
                NAME (x_dot, CALL_READS, args->rows * args->n); NAME (gamma, CALL_READS, args->rows > 0 ? args->n : 0);
                NAME (dy_dot, CALL_READS, args->rows * args->n); NAME_IF (dx, CALL_UPDATES, args->rows * args->n);
                NAME_IF (dx_dot, CALL_UPDATES, args->rows * args->n);
                NAME_IF (dgamma, CALL_UPDATES, args->rows > 0 ? args->n : 0))
    case KERNEL_CAM:
      VIEWS_OF (CamArgs, cam,
                NAME (attention, CALL_READS, args->batch * args->heads * args->tokens * (args->patches + 1));
                NAME (gradient, CALL_READS, args->batch * args->heads * args->tokens * (args->patches + 1));
                NAME (mask, CALL_READS, args->batch * args->tokens);
                NAME (out, CALL_OVERWRITES, args->batch * args->patches))
    case KERNEL_CAM_GRAD:
      VIEWS_OF (CamGradArgs, cam_grad,
                NAME (attention, CALL_READS, args->batch * args->heads * args->tokens * (args->patches + 1));
                NAME (gradient, CALL_READS, args->batch * args->heads * args->tokens * (args->patches + 1));
                NAME (mask, CALL_READS, args->batch * args->tokens);
                NAME (dout, CALL_READS, args->batch * args->patches);
                NAME_IF (dattention, CALL_UPDATES, args->batch * args->heads * args->tokens * (args->patches + 1));
                NAME_IF (dgradient, CALL_UPDATES, args->batch * args->heads * args->tokens * (args->patches + 1)))
    case KERNEL_MIN_MAX:
      VIEWS_OF (MinMaxArgs, min_max, NAME (x, CALL_READS, args->rows * args->n);
                NAME (y, CALL_OVERWRITES, args->rows * args->n))
    case KERNEL_MIN_MAX_GRAD:
      VIEWS_OF (MinMaxGradArgs, min_max_grad, NAME (x, CALL_READS, args->rows * args->n);
                NAME (y, CALL_READS, args->rows * args->n); NAME (dy, CALL_READS, args->rows * args->n);
                NAME (dx, CALL_UPDATES, args->rows * args->n))
    case KERNEL_BILINEAR:
      VIEWS_OF (BilinearArgs, bilinear, NAME (in, CALL_READS, args->batch * args->grid_h * args->grid_w);
                NAME (out, CALL_OVERWRITES, args->batch * args->height * args->width))
    case KERNEL_BILINEAR_GRAD:
      VIEWS_OF (BilinearGradArgs, bilinear_grad, NAME (dout, CALL_READS, args->batch * args->height * args->width);
                NAME (din, CALL_UPDATES, args->batch * args->grid_h * args->grid_w))
    case KERNEL_AMC:
      VIEWS_OF (AmcArgs, amc, NAME (x, CALL_READS, args->batch * args->n); NAME (m, CALL_READS, args->batch * args->n);
                NAME (weight, CALL_READS, args->batch); NAME (loss, CALL_OVERWRITES, 2);
                NAME_IF (stats, CALL_OVERWRITES, 2 + 2 * args->batch))
    case KERNEL_AMC_GRAD:
      VIEWS_OF (AmcGradArgs, amc_grad, NAME (x, CALL_READS, args->batch * args->n);
                NAME (m, CALL_READS, args->batch * args->n); NAME (weight, CALL_READS, args->batch);
                NAME (dloss, CALL_READS, 2); NAME (dx, CALL_UPDATES, args->batch * args->n))
    case KERNEL_LOG_MASS:
      VIEWS_OF (LogMassArgs, log_mass, NAME (x, CALL_READS, args->rows * args->n);
                NAME (m, CALL_READS, args->rows * args->n); NAME (loss, CALL_OVERWRITES, args->rows))
    case KERNEL_LOG_MASS_GRAD:
      VIEWS_OF (LogMassGradArgs, log_mass_grad, NAME (dloss, CALL_READS, args->rows);
                NAME (x, CALL_READS, args->rows * args->n); NAME (m, CALL_READS, args->rows * args->n);
                NAME (dx, CALL_UPDATES, args->rows * args->n))
    default:
      break;
    }
  fprintf (stderr, "albef: a call names kernel %d, which does not exist\n", (int) call->id);
  abort ();
}

int
call_views (const KernelCall *call, CallView views[CALL_VIEWS_MAX])
{
  switch (call->id)
    {
    case KERNEL_FILL:
      VIEWS_OF (FillArgs, fill, NAME (out, CALL_OVERWRITES, args->n))
    case KERNEL_COPY:
      VIEWS_OF (CopyArgs, copy,
                NAME (in, CALL_READS, reach_batch (args->n0, args->in_s0, reach (args->n1, args->n2, args->in_s1)));
                NAME (out, args->accumulate ? CALL_UPDATES : CALL_OVERWRITES,
                      reach_batch (args->n0, args->out_s0, reach (args->n1, args->n2, args->out_s1))))
    case KERNEL_GEMM:
      return gemm_views (&call->gemm, views);
    case KERNEL_LINEAR:
      return linear_views (&call->linear, views);
    case KERNEL_LINEAR_GRAD_INPUT:
      VIEWS_OF (LinearGradInputArgs, linear_grad_input, NAME (dy, CALL_READS, reach (args->m, args->n, args->lddy));
                NAME (w, CALL_READS, args->n * args->k);
                NAME (dx, CALL_UPDATES, reach (args->m, args->k, args->lddx)))
    case KERNEL_SOFTMAX:
      VIEWS_OF (SoftmaxArgs, softmax, NAME (x, CALL_READS, args->batch * args->heads * args->queries * args->keys);
                NAME_IF (mask, CALL_READS, args->batch * args->mask_queries * args->keys);
                NAME (y, CALL_OVERWRITES, args->batch * args->heads * args->queries * args->keys))
    case KERNEL_SOFTMAX_GRAD:
      VIEWS_OF (SoftmaxGradArgs, softmax_grad, NAME (y, CALL_READS, args->rows * args->n);
                NAME (dy, CALL_READS, args->rows * args->n); NAME (dx, CALL_UPDATES, args->rows * args->n))
    case KERNEL_ATTENTION:
      return attention_views (&call->attention, views);
    case KERNEL_LAYER_NORM:
      return layer_norm_views (&call->layer_norm, views);
    case KERNEL_LAYER_NORM_GRAD:
      return layer_norm_grad_views (&call->layer_norm_grad, views);
    case KERNEL_L2_NORMALIZE:
      VIEWS_OF (L2NormalizeArgs, l2_normalize, NAME (x, CALL_READS, reach (args->rows, args->n, args->ldx));
                NAME (y, CALL_OVERWRITES, reach (args->rows, args->n, args->ldy));
                NAME_IF (norm, CALL_OVERWRITES, args->rows))
    case KERNEL_L2_NORMALIZE_GRAD:
      VIEWS_OF (L2NormalizeGradArgs, l2_normalize_grad, NAME (dy, CALL_READS, reach (args->rows, args->n, args->lddy));
                NAME (y, CALL_READS, reach (args->rows, args->n, args->ldy)); NAME (norm, CALL_READS, args->rows);
                NAME (dx, CALL_UPDATES, reach (args->rows, args->n, args->lddx)))
    case KERNEL_UNARY:
      VIEWS_OF (UnaryArgs, unary, NAME (x, CALL_READS, args->n); NAME (y, CALL_OVERWRITES, args->n))
    case KERNEL_UNARY_GRAD:
      VIEWS_OF (UnaryGradArgs, unary_grad, NAME (x, CALL_READS, args->n); NAME (dy, CALL_READS, args->n);
                NAME (dx, CALL_UPDATES, args->n))
    case KERNEL_ADD:
      VIEWS_OF (AddArgs, add, NAME (a, CALL_READS, args->n); NAME (b, CALL_READS, args->n > 0 ? args->nb : 0);
                NAME (y, CALL_OVERWRITES, args->n))
    case KERNEL_ADD_SCALED:
      VIEWS_OF (AddScaledArgs, add_scaled, NAME (a, CALL_READS, args->n); NAME (y, CALL_UPDATES, args->n))
    case KERNEL_DIVIDE_BY_SCALAR:
      VIEWS_OF (DivideByScalarArgs, divide_by_scalar, NAME (x, CALL_READS, args->n);
                NAME (scalar, CALL_READS, args->n > 0); NAME (y, CALL_OVERWRITES, args->n))
    case KERNEL_DIVIDE_BY_SCALAR_GRAD:
      VIEWS_OF (DivideByScalarGradArgs, divide_by_scalar_grad, NAME (dy, CALL_READS, args->n);
                name_view (&list, &args->x, "x", args->dscalar.buffer == NULL, CALL_READS, args->n);
                NAME (scalar, CALL_READS, args->n > 0);
                NAME_IF (dx, CALL_UPDATES, args->n); NAME_IF (dscalar, CALL_UPDATES, args->n > 0))
    case KERNEL_SUM_ROWS:
      VIEWS_OF (SumRowsArgs, sum_rows, NAME (in, CALL_READS, reach (args->rows, args->n, args->ld));
                NAME (out, CALL_UPDATES, args->rows > 0 ? args->n : 0))
    case KERNEL_GATHER_ROWS:
      VIEWS_OF (GatherRowsArgs, gather_rows, NAME (table, CALL_READS, args->table_rows * args->n);
                NAME (index, CALL_READS, args->rows); NAME (out, CALL_OVERWRITES, args->rows * args->n))
    case KERNEL_SCATTER_ADD_ROWS:
      VIEWS_OF (ScatterAddRowsArgs, scatter_add_rows, NAME (in, CALL_READS, args->rows * args->n);
                NAME (index, CALL_READS, args->rows); NAME (table, CALL_UPDATES, args->table_rows * args->n))
    case KERNEL_PATCHES:
      VIEWS_OF (PatchesArgs, patches,
                NAME (image, CALL_READS, args->batch * 3 * args->grid_h * args->grid_w * args->patch * args->patch);
                NAME (out, CALL_OVERWRITES,
                      args->batch * 3 * args->grid_h * args->grid_w * args->patch * args->patch))
    default:
      return training_views (call, views);
    }
}
