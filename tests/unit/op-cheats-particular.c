/* SPDX-License-Identifier: MIT
 * op-cheats-particular.c: mistakes that belong to a kernel: the ones a tired author of a new backend makes. */
#include "op-harness.h"

#include "call-views.h"
#include "error.h"
#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------
 * Mistakes in the sizes and switches of a call
 */

/* Runs the changed call if it stays inside its buffers, else the honest one: a mistake that faults is caught
 * anyway. */
void
run_changed (const OpCheat *cheat, Backend *inner, const KernelCall *call)
{
  KernelCall changed = *call;
  CallView views[CALL_VIEWS_MAX];
  int count;
  bool fits = true;

  cheat->change (&changed);
  count = call_views (&changed, views);
  for (int i = 0; i < count; i++)
    fits = fits && views[i].view->buffer != NULL
           && views[i].view->offset + views[i].bytes <= views[i].view->buffer->size;
  inner->class->run (inner, fits ? &changed : call);
}

/* One line a mistake: a function that changes the call, named after the rule. */
#define MISTAKE(name, field, ...)                                                                                      \
  static void name (KernelCall *call)                                                                                  \
  {                                                                                                                    \
    __typeof__ (call->field) *args = &call->field;                                                                     \
    __VA_ARGS__;                                                                                                       \
  }

MISTAKE (fill_zero, fill, args->value = 0)
MISTAKE (copy_in_s0, copy, args->in_s0 = args->n1 * args->n2)
MISTAKE (copy_in_s1, copy, args->in_s1 = args->n2)
MISTAKE (copy_out_s0, copy, args->out_s0 = args->n1 * args->n2)
MISTAKE (copy_out_s1, copy, args->out_s1 = args->n2)
MISTAKE (copy_always_adds, copy, args->accumulate = true)
MISTAKE (copy_empty, copy, args->n0 += args->n0 == 0)
MISTAKE (gemm_odd, gemm, args->n -= args->n > 1 && args->n % 2)
MISTAKE (gemm_at, gemm, args->transpose_a = false)
MISTAKE (gemm_bt, gemm, args->transpose_b = false)
MISTAKE (gemm_lda, gemm, args->lda = args->transpose_a ? args->m : args->k)
MISTAKE (gemm_ldb, gemm, args->ldb = args->transpose_b ? args->k : args->n)
MISTAKE (gemm_ldc, gemm, args->ldc = args->n)
MISTAKE (gemm_alpha, gemm, args->alpha = 1)
MISTAKE (gemm_always_adds, gemm, args->accumulate = true)
MISTAKE (gemm_one_inner, gemm, args->inner = args->inner > 0)
MISTAKE (gemm_one_outer, gemm, args->outer = args->outer > 0)
MISTAKE (gemm_a_outer, gemm, args->a_outer = args->m * args->k)
MISTAKE (gemm_b_outer, gemm, args->b_outer = args->n * args->k)
MISTAKE (gemm_a_inner, gemm, args->a_inner = args->m * args->k)
MISTAKE (gemm_b_inner, gemm, args->b_inner = args->n * args->k)
MISTAKE (gemm_swapped, gemm, int64_t outer = args->outer; args->outer = args->inner; args->inner = outer)
MISTAKE (gemm_empty, gemm, args->m += args->m == 0)
MISTAKE (linear_odd, linear, args->n -= args->n > 1 && args->n % 2)
MISTAKE (linear_ldx, linear, args->ldx = args->k)
MISTAKE (linear_ldy, linear, args->ldy = args->n)
MISTAKE (linear_ldr, linear, args->ldr = args->ldy)
MISTAKE (linear_epilogue, linear, args->epilogue = EPILOGUE_NONE)
MISTAKE (linear_relu, linear, if (args->epilogue == EPILOGUE_GELU) args->epilogue = EPILOGUE_RELU)
MISTAKE (linear_residual, linear, args->residual = VIEW_NONE)
MISTAKE (linear_bias, linear, args->bias = VIEW_NONE)
MISTAKE (linear_pre, linear, args->pre = VIEW_NONE)
MISTAKE (grad_input_lddy, linear_grad_input, args->lddy = args->n)
MISTAKE (grad_input_lddx, linear_grad_input, args->lddx = args->k)
MISTAKE (softmax_mask, softmax, args->mask = VIEW_NONE)
MISTAKE (softmax_mask_row, softmax, args->mask_queries = 1)
MISTAKE (softmax_heads, softmax, if (args->mask_queries == 1) args->queries *= args->heads, args->heads = 1;
         else args->mask = VIEW_NONE)
MISTAKE (softmax_empty, softmax, args->batch += args->batch == 0)
MISTAKE (attention_mask, attention, args->mask = VIEW_NONE)
MISTAKE (attention_mask_row, attention, args->mask_queries = 1)
MISTAKE (attention_scale, attention, args->scale = (float) (1 / sqrt ((double) args->d)))
MISTAKE (attention_ldk, attention, args->ldk = args->heads * args->d)
MISTAKE (attention_ldv, attention, args->ldv = args->ldk)
MISTAKE (attention_ldout, attention, args->ldout = args->ldq)
MISTAKE (attention_k_batch, attention, args->k_batch = 0)
MISTAKE (attention_v_batch, attention, args->v_batch = args->keys * args->ldv)
MISTAKE (attention_out_batch, attention, args->out_batch = args->queries * args->ldout)
MISTAKE (layer_norm_eps, layer_norm, args->eps = 1e-12f)
MISTAKE (layer_norm_ldx, layer_norm, args->ldx = args->n)
MISTAKE (layer_norm_ldy, layer_norm, args->ldy = args->ldx)
MISTAKE (layer_norm_empty, layer_norm, args->rows += args->rows == 0)
MISTAKE (layer_norm_grad_lddy, layer_norm_grad, args->lddy = args->n)
MISTAKE (layer_norm_grad_lddx, layer_norm_grad, args->lddx = args->ldx)
MISTAKE (l2_eps, l2_normalize, args->eps = 1e-12f)
MISTAKE (l2_ldx, l2_normalize, args->ldx = args->n)
MISTAKE (l2_ldy, l2_normalize, args->ldy = args->n)
MISTAKE (l2_grad_ldy, l2_normalize_grad, args->ldy = args->lddy)
MISTAKE (l2_grad_lddx, l2_normalize_grad, args->lddx = args->n)
MISTAKE (unary_op, unary, args->op = UNARY_RELU)
MISTAKE (unary_tail, unary, args->n -= args->n % 8)
MISTAKE (unary_grad_op, unary_grad, args->op = UNARY_GELU)
MISTAKE (add_nb, add, args->nb = 1)
MISTAKE (add_scaled_alpha, add_scaled, args->alpha = 1)
MISTAKE (sum_rows_ld, sum_rows, args->ld = args->n)
MISTAKE (sum_rows_short, sum_rows, args->rows -= args->rows > 1)
MISTAKE (scatter_skip, scatter_add_rows, args->skip = -1)
MISTAKE (patches_grid, patches, int64_t h = args->grid_h; args->grid_h = args->grid_w; args->grid_w = h)
MISTAKE (patches_batch, patches, args->batch = args->batch > 0)

MISTAKE (targets_ldx, soft_targets, args->ldx = args->n)
MISTAKE (targets_labels, soft_targets, if (args->hard.buffer == NULL) args->x = VIEW_NONE, args->alpha = VIEW_NONE)
MISTAKE (entropy_ldx, cross_entropy, args->ldx = args->n)
MISTAKE (entropy_grad_ldx, cross_entropy_grad, args->ldx = args->n)
MISTAKE (entropy_grad_lddx, cross_entropy_grad, args->lddx = args->ldx)
MISTAKE (weights_ldx, negative_weights, args->ldx = args->n)
MISTAKE (weights_diagonal, negative_weights, args->id = VIEW_NONE)
MISTAKE (draw_first, draw, args->n = args->n > 1 ? args->n - 1 : args->n)
MISTAKE (enqueue_keeps, enqueue, args->advance = false)
MISTAKE (momentum_all, momentum, args->momentum = 1)
MISTAKE (clamp_low, clamp, args->low = -1)
MISTAKE (clamp_high, clamp, args->high = 2)
MISTAKE (adamw_decay, adamw, args->decay = 0)
MISTAKE (adamw_first, adamw, args->beta1 = 0)
MISTAKE (adamw_second, adamw, args->beta2 = 0.5f)
MISTAKE (adamw_eps, adamw, args->eps = 1e-8f)
MISTAKE (mass_eps, log_mass, args->eps = 0)
MISTAKE (mass_grad_eps, log_mass_grad, args->eps = 0)
MISTAKE (dropout_stream, dropout, args->stream = 0)
MISTAKE (dropout_p, dropout, args->p = 0)
MISTAKE (dropout_adds, dropout, args->accumulate = true)
MISTAKE (tangent_gelu, tangent, args->op = TANGENT_GELU)
MISTAKE (tangent_one_row, tangent, args->n *= args->rows, args->rows = args->rows > 0)
MISTAKE (tangent_grad_gelu, tangent_grad, args->op = TANGENT_GELU)
MISTAKE (norm_tangent_eps, layer_norm_tangent, args->eps = 1e-12f)
MISTAKE (norm_tangent_grad_eps, layer_norm_tangent_grad, args->eps = 1e-12f)
MISTAKE (cam_heads, cam, args->tokens *= args->heads, args->heads = 1)
MISTAKE (min_max_eps, min_max, args->eps = 0)
MISTAKE (min_max_grad_eps, min_max_grad, args->eps = 0)
MISTAKE (bilinear_grid, bilinear, int64_t h = args->grid_h; args->grid_h = args->grid_w; args->grid_w = h)
MISTAKE (bilinear_grad_size, bilinear_grad, int64_t h = args->height; args->height = args->width; args->width = h)
MISTAKE (amc_pool, amc, args->per_sample = !args->per_sample)
MISTAKE (amc_margins, amc, args->margin_max = args->margin_mean)
MISTAKE (amc_grad_pool, amc_grad, args->per_sample = !args->per_sample)
MISTAKE (amc_grad_margin, amc_grad, args->margin_max = -2)

/* ---------------------------------------------------------------------------------------------------
 * Mistakes in the arithmetic
 */

static double
gelu_by_tanh (double x)
{
  return 0.5 * x * (1 + tanh (0.7978845608 * (x + 0.044715 * x * x * x)));
}

static void
run_tanh_gelu (const OpCheat *cheat, Backend *inner, const KernelCall *call)
{
  float *x = reference_floats (call->unary.x), *y = reference_floats (call->unary.y);

  if (call->unary.op != UNARY_GELU)
    inner->class->run (inner, call);
  else
    for (int64_t i = 0; i < call->unary.n; i++)
      y[i] = (float) gelu_by_tanh (x[i]);
}

/* Clears the output before it reads the inputs: wrong in place. */
static void
run_clearing_first (const OpCheat *cheat, Backend *inner, const KernelCall *call)
{
  CallView views[CALL_VIEWS_MAX];
  int count = call_views (call, views);

  for (int i = 0; i < count; i++)
    if (views[i].access == CALL_OVERWRITES)
      memset (views[i].view->buffer->bytes + views[i].view->offset, 0, views[i].bytes);
  inner->class->run (inner, call);
}

/* Without taking the largest score off: overflows. */
static void
run_bold_softmax (const OpCheat *cheat, Backend *inner, const KernelCall *call)
{
  const SoftmaxArgs *args = &call->softmax;

  inner->class->run (inner, call);
  if (args->mask.buffer != NULL)
    return;
  for (int64_t i = 0; i < args->batch * args->heads * args->queries; i++)
    {
      const float *x = reference_floats (args->x) + i * args->keys;
      float *y = reference_floats (args->y) + i * args->keys;
      float total = 0;

      for (int64_t j = 0; j < args->keys; j++)
        total += expf (x[j]);
      for (int64_t j = 0; j < args->keys; j++)
        y[j] = expf (x[j]) / total;
    }
}

/* Divides by n - 1. */
static void
run_unbiased_layer_norm (const OpCheat *cheat, Backend *inner, const KernelCall *call)
{
  KernelCall changed = *call;
  const LayerNormArgs *args = &call->layer_norm;

  inner->class->run (inner, &changed);
  if (args->n < 2 || args->rstd.buffer == NULL)
    return;
  for (int64_t i = 0; i < args->rows; i++)
    reference_floats (args->rstd)[i] *= (float) sqrt ((args->n - 1.0) / args->n);
}

/* Rows with the same index: the last one wins. */
static void
run_racing_scatter (const OpCheat *cheat, Backend *inner, const KernelCall *call)
{
  const ScatterAddRowsArgs *args = &call->scatter_add_rows;
  size_t count = (size_t) (args->table_rows * args->n);
  float *before = mem_new0 (count, sizeof *before);
  float *table = reference_floats (args->table);
  const float *in = reference_floats (args->in);

  memcpy (before, table, count * sizeof *before);
  for (int64_t i = 0; i < args->rows; i++)
    {
      int64_t row = reference_indices (args->index)[i];

      for (int64_t j = 0; row != args->skip && j < args->n; j++)
        table[row * args->n + j] = before[row * args->n + j] + in[i * args->n + j];
    }
  free (before);
}

/* Rounds an operand of a product to bf16 while the call runs. */
static void
run_half_precision (const OpCheat *cheat, Backend *inner, const KernelCall *call)
{
  CallView views[CALL_VIEWS_MAX];
  uint32_t *words, *kept;

  if (call_views (call, views) < 2)
    return;
  words = (uint32_t *) (void *) (views[0].view->buffer->bytes + views[0].view->offset);
  kept = mem_new0 (views[0].bytes, 1);
  memcpy (kept, words, views[0].bytes);
  for (size_t i = 0; i < views[0].bytes / 4; i++)
    words[i] &= 0xffff0000u;
  inner->class->run (inner, call);
  memcpy (words, kept, views[0].bytes);
  free (kept);
}

/* `pre` keeps what comes after the epilogue. */
static void
run_late_pre (const OpCheat *cheat, Backend *inner, const KernelCall *call)
{
  KernelCall changed = *call;

  changed.linear.residual = VIEW_NONE;
  changed.linear.pre = VIEW_NONE;
  inner->class->run (inner, call);
  if (call->linear.pre.buffer == NULL || call->linear.epilogue == EPILOGUE_NONE)
    return;
  changed.linear.y = call->linear.pre;
  inner->class->run (inner, &changed);
}

/* Adds dx and forgets that sign of the scalar's gradient. */
static void
run_wrong_sign (const OpCheat *cheat, Backend *inner, const KernelCall *call)
{
  float *dscalar = reference_floats (call->divide_by_scalar_grad.dscalar);
  float before = dscalar != NULL ? *dscalar : 0;

  inner->class->run (inner, call);
  if (dscalar != NULL)
    *dscalar = before - (*dscalar - before);
}

const OpCheat op_particular_cheats[] = {
  { "fills with 0", KERNEL_FILL, run_changed, fill_zero },
  { "takes in_s0 for dense", KERNEL_COPY, run_changed, copy_in_s0 },
  { "takes in_s1 for dense", KERNEL_COPY, run_changed, copy_in_s1 },
  { "takes out_s0 for dense", KERNEL_COPY, run_changed, copy_out_s0 },
  { "takes out_s1 for dense", KERNEL_COPY, run_changed, copy_out_s1 },
  { "always accumulates", KERNEL_COPY, run_changed, copy_always_adds },
  { "takes a size of 0 for 1", KERNEL_COPY, run_changed, copy_empty },
  { "drops the last column when n is odd", KERNEL_GEMM, run_changed, gemm_odd },
  { "ignores transpose_a", KERNEL_GEMM, run_changed, gemm_at },
  { "ignores transpose_b", KERNEL_GEMM, run_changed, gemm_bt },
  { "ignores lda", KERNEL_GEMM, run_changed, gemm_lda },
  { "ignores ldb", KERNEL_GEMM, run_changed, gemm_ldb },
  { "ignores ldc", KERNEL_GEMM, run_changed, gemm_ldc },
  { "ignores alpha", KERNEL_GEMM, run_changed, gemm_alpha },
  { "always accumulates", KERNEL_GEMM, run_changed, gemm_always_adds },
  { "does the first inner product only", KERNEL_GEMM, run_changed, gemm_one_inner },
  { "does the first outer product only", KERNEL_GEMM, run_changed, gemm_one_outer },
  { "takes a_outer for dense", KERNEL_GEMM, run_changed, gemm_a_outer },
  { "takes b_outer for dense", KERNEL_GEMM, run_changed, gemm_b_outer },
  { "takes a_inner for dense", KERNEL_GEMM, run_changed, gemm_a_inner },
  { "takes b_inner for dense", KERNEL_GEMM, run_changed, gemm_b_inner },
  { "swaps outer and inner", KERNEL_GEMM, run_changed, gemm_swapped },
  { "takes a size of 0 for 1", KERNEL_GEMM, run_changed, gemm_empty },
  { "computes in bf16", KERNEL_GEMM, run_half_precision },
  { "drops the last column when n is odd", KERNEL_LINEAR, run_changed, linear_odd },
  { "ignores ldx", KERNEL_LINEAR, run_changed, linear_ldx },
  { "ignores ldy", KERNEL_LINEAR, run_changed, linear_ldy },
  { "takes ldr for ldy", KERNEL_LINEAR, run_changed, linear_ldr },
  { "ignores the epilogue", KERNEL_LINEAR, run_changed, linear_epilogue },
  { "takes gelu for relu", KERNEL_LINEAR, run_changed, linear_relu },
  { "ignores the residual", KERNEL_LINEAR, run_changed, linear_residual },
  { "ignores the bias", KERNEL_LINEAR, run_changed, linear_bias },
  { "does not keep pre", KERNEL_LINEAR, run_changed, linear_pre },
  { "keeps pre after the epilogue", KERNEL_LINEAR, run_late_pre },
  { "computes in bf16", KERNEL_LINEAR, run_half_precision },
  { "ignores lddy", KERNEL_LINEAR_GRAD_INPUT, run_changed, grad_input_lddy },
  { "ignores lddx", KERNEL_LINEAR_GRAD_INPUT, run_changed, grad_input_lddx },
  { "computes in bf16", KERNEL_LINEAR_GRAD_INPUT, run_half_precision },
  { "ignores the mask", KERNEL_SOFTMAX, run_changed, softmax_mask },
  { "masks all queries as the first", KERNEL_SOFTMAX, run_changed, softmax_mask_row },
  { "does not take the largest off", KERNEL_SOFTMAX, run_bold_softmax },
  { "takes a size of 0 for 1", KERNEL_SOFTMAX, run_changed, softmax_empty },
  { "ignores the mask of queries", KERNEL_SOFTMAX, run_changed, softmax_heads },
  { "ignores the mask", KERNEL_ATTENTION, run_changed, attention_mask },
  { "masks all queries as the first", KERNEL_ATTENTION, run_changed, attention_mask_row },
  { "has a scale of its own", KERNEL_ATTENTION, run_changed, attention_scale },
  { "ignores ldk", KERNEL_ATTENTION, run_changed, attention_ldk },
  { "takes ldv for ldk", KERNEL_ATTENTION, run_changed, attention_ldv },
  { "takes ldout for ldq", KERNEL_ATTENTION, run_changed, attention_ldout },
  { "ignores k_batch", KERNEL_ATTENTION, run_changed, attention_k_batch },
  { "takes v_batch for dense", KERNEL_ATTENTION, run_changed, attention_v_batch },
  { "takes out_batch for dense", KERNEL_ATTENTION, run_changed, attention_out_batch },
  { "computes in bf16", KERNEL_ATTENTION, run_half_precision },
  { "ignores eps", KERNEL_LAYER_NORM, run_changed, layer_norm_eps },
  { "ignores ldx", KERNEL_LAYER_NORM, run_changed, layer_norm_ldx },
  { "takes ldy for ldx", KERNEL_LAYER_NORM, run_changed, layer_norm_ldy },
  { "takes a size of 0 for 1", KERNEL_LAYER_NORM, run_changed, layer_norm_empty },
  { "divides the variance by n - 1", KERNEL_LAYER_NORM, run_unbiased_layer_norm },
  { "ignores lddy", KERNEL_LAYER_NORM_GRAD, run_changed, layer_norm_grad_lddy },
  { "takes lddx for ldx", KERNEL_LAYER_NORM_GRAD, run_changed, layer_norm_grad_lddx },
  { "ignores eps", KERNEL_L2_NORMALIZE, run_changed, l2_eps },
  { "ignores ldx", KERNEL_L2_NORMALIZE, run_changed, l2_ldx },
  { "ignores ldy", KERNEL_L2_NORMALIZE, run_changed, l2_ldy },
  { "takes ldy for lddy", KERNEL_L2_NORMALIZE_GRAD, run_changed, l2_grad_ldy },
  { "ignores lddx", KERNEL_L2_NORMALIZE_GRAD, run_changed, l2_grad_lddx },
  { "takes gelu for relu", KERNEL_UNARY, run_changed, unary_op },
  { "leaves out what does not fill a vector", KERNEL_UNARY, run_changed, unary_tail },
  { "takes the tanh form", KERNEL_UNARY, run_tanh_gelu },
  { "clears its output first", KERNEL_UNARY, run_clearing_first },
  { "takes relu for gelu", KERNEL_UNARY_GRAD, run_changed, unary_grad_op },
  { "repeats the first of b", KERNEL_ADD, run_changed, add_nb },
  { "clears its output first", KERNEL_ADD, run_clearing_first },
  { "ignores alpha", KERNEL_ADD_SCALED, run_changed, add_scaled_alpha },
  { "clears its output first", KERNEL_DIVIDE_BY_SCALAR, run_clearing_first },
  { "adds to dscalar", KERNEL_DIVIDE_BY_SCALAR_GRAD, run_wrong_sign },
  { "ignores ld", KERNEL_SUM_ROWS, run_changed, sum_rows_ld },
  { "leaves out the last row", KERNEL_SUM_ROWS, run_changed, sum_rows_short },
  { "ignores skip", KERNEL_SCATTER_ADD_ROWS, run_changed, scatter_skip },
  { "loses rows with the same index", KERNEL_SCATTER_ADD_ROWS, run_racing_scatter },
  { "swaps the grid's sides", KERNEL_PATCHES, run_changed, patches_grid },
  { "does the first picture only", KERNEL_PATCHES, run_changed, patches_batch },
  { "ignores ldx", KERNEL_SOFT_TARGETS, run_changed, targets_ldx },
  { "ignores the teacher", KERNEL_SOFT_TARGETS, run_changed, targets_labels },
  { "ignores ldx", KERNEL_CROSS_ENTROPY, run_changed, entropy_ldx },
  { "ignores ldx", KERNEL_CROSS_ENTROPY_GRAD, run_changed, entropy_grad_ldx },
  { "takes lddx for ldx", KERNEL_CROSS_ENTROPY_GRAD, run_changed, entropy_grad_lddx },
  { "ignores ldx", KERNEL_NEGATIVE_WEIGHTS, run_changed, weights_ldx },
  { "excludes the diagonal alone", KERNEL_NEGATIVE_WEIGHTS, run_changed, weights_diagonal },
  { "reads rows too short", KERNEL_DRAW, run_changed, draw_first },
  { "leaves the pointer", KERNEL_ENQUEUE, run_changed, enqueue_keeps },
  { "does not follow", KERNEL_MOMENTUM, run_changed, momentum_all },
  { "has no lower bound", KERNEL_CLAMP, run_changed, clamp_low },
  { "has no upper bound", KERNEL_CLAMP, run_changed, clamp_high },
  { "does not decay", KERNEL_ADAMW, run_changed, adamw_decay },
  { "ignores beta1", KERNEL_ADAMW, run_changed, adamw_first },
  { "ignores beta2", KERNEL_ADAMW, run_changed, adamw_second },
  { "ignores eps", KERNEL_ADAMW, run_changed, adamw_eps },
  { "ignores eps", KERNEL_LOG_MASS, run_changed, mass_eps },
  { "ignores eps", KERNEL_LOG_MASS_GRAD, run_changed, mass_grad_eps },
  { "ignores the stream", KERNEL_DROPOUT, run_changed, dropout_stream },
  { "drops nothing", KERNEL_DROPOUT, run_changed, dropout_p },
  { "always accumulates", KERNEL_DROPOUT, run_changed, dropout_adds },
  { "takes gelu for softmax", KERNEL_TANGENT, run_changed, tangent_gelu },
  { "takes all rows for one", KERNEL_TANGENT, run_changed, tangent_one_row },
  { "takes gelu for softmax", KERNEL_TANGENT_GRAD, run_changed, tangent_grad_gelu },
  { "ignores eps", KERNEL_LAYER_NORM_TANGENT, run_changed, norm_tangent_eps },
  { "ignores eps", KERNEL_LAYER_NORM_TANGENT_GRAD, run_changed, norm_tangent_grad_eps },
  { "masks heads as tokens", KERNEL_CAM, run_changed, cam_heads },
  { "ignores eps", KERNEL_MIN_MAX, run_changed, min_max_eps },
  { "ignores eps", KERNEL_MIN_MAX_GRAD, run_changed, min_max_grad_eps },
  { "swaps the grid's sides", KERNEL_BILINEAR, run_changed, bilinear_grid },
  { "swaps the picture's sides", KERNEL_BILINEAR_GRAD, run_changed, bilinear_grad_size },
  { "pools the other way", KERNEL_AMC, run_changed, amc_pool },
  { "has one margin", KERNEL_AMC, run_changed, amc_margins },
  { "pools the other way", KERNEL_AMC_GRAD, run_changed, amc_grad_pool },
  { "has no margin", KERNEL_AMC_GRAD, run_changed, amc_grad_margin },
  { NULL },
};
