/* SPDX-License-Identifier: MIT
 * attention, in two halves so that a tap can hold the map between them:
 *
 *   S = scale Q K^T + mask,   P = softmax (S)        (probs)
 *   O = P V                                          (context)
 *
 * Gradients:  dP += dO V^T,  dV += P^T dO;   dS = P (dP - sum_keys (dP P)),  dQ += scale dS K,
 * dK += scale dS^T Q. Heads are blocks of D columns; every product runs over B x H blocks in place. */
#include "ops.h"

#include <math.h>

typedef struct
{
  int64_t batch, heads, queries, keys, d;
  float scale;
} Sizes;

static Sizes
sizes_of (Tensor *q, Tensor *k, int heads, const char *where)
{
  char a[64], b[64];
  Sizes s = { q->shape[0], heads, q->shape[1], k->shape[1], q->shape[2] / heads, 0 };

  if (q->n_dims != 3 || k->n_dims != 3 || q->shape[2] != k->shape[2] || q->shape[2] % heads != 0 ||
      (k->shape[0] != s.batch && k->shape[0] != 1))
    tensor_abort (where, "q %s, k %s, %d heads", tensor_describe (q, a), tensor_describe (k, b), heads);
  s.scale = (float) (1.0 / sqrt ((double) s.d));
  return s;
}

/* Elements from one picture's (text's) block to the next; 0 for one block shared by the batch. */
static int64_t
batch_stride (const Tensor *t, int64_t batch)
{
  return t->shape[0] == 1 && batch > 1 ? 0 : t->shape[1] * t->ld;
}

static int64_t
mask_queries (const Tensor *mask, const Sizes *s)
{
  char a[64];

  if (mask == NULL)
    return 1;
  if (!tensor_is_contiguous (mask) || mask->shape[0] != s->batch || tensor_columns (mask) != s->keys ||
      (mask->n_dims == 3 && mask->shape[1] != s->queries))
    tensor_abort ("attention", "mask %s", tensor_describe (mask, a));
  return mask->n_dims == 3 ? s->queries : 1;
}

static void
require_own_keys (const Tensor *k, const Sizes *s, const char *where)
{
  if (k->shape[0] != s->batch)
    tensor_abort (where, "a gradient into keys shared by the batch");
}

/* dQ and dK from dS. */
static void
scores_gradient (Scope *scope, const TapeNode *node, Tensor *ds)
{
  Tensor *q = node->inputs[0], *k = node->inputs[1];
  Sizes s = sizes_of (q, k, (int) node->number, "attention scores");
  int64_t block = s.queries * s.keys;

  if (q->needs_grad)
    {
      Tensor *dq = tensor_grad (q);

      BACKEND_RUN (scope->backend, KERNEL_GEMM, gemm, .a = tensor_view (ds), .b = tensor_view (k),
                   .c = tensor_view (dq), .accumulate = true, .m = s.queries, .n = s.d, .k = s.keys, .lda = s.keys,
                   .ldb = k->ld, .ldc = dq->ld, .outer = s.batch, .inner = s.heads, .a_outer = s.heads * block,
                   .a_inner = block, .b_outer = batch_stride (k, s.batch), .b_inner = s.d,
                   .c_outer = s.queries * dq->ld, .c_inner = s.d, .alpha = s.scale);
    }
  if (k->needs_grad)
    {
      Tensor *dk = tensor_grad (k);

      require_own_keys (k, &s, "attention probs");
      BACKEND_RUN (scope->backend, KERNEL_GEMM, gemm, .a = tensor_view (ds), .b = tensor_view (q),
                   .c = tensor_view (dk), .transpose_a = true, .accumulate = true, .m = s.keys, .n = s.d,
                   .k = s.queries, .lda = s.keys, .ldb = q->ld, .ldc = dk->ld, .outer = s.batch, .inner = s.heads,
                   .a_outer = s.heads * block, .a_inner = block, .b_outer = s.queries * q->ld, .b_inner = s.d,
                   .c_outer = s.keys * dk->ld, .c_inner = s.d, .alpha = s.scale);
    }
}

static void
probs_gradient (Scope *scope, const TapeNode *node, Tensor *dp)
{
  Tensor *probs = node->output, *ds = scope_own (scope, tensor_zeros (scope->backend, 4, probs->shape));

  BACKEND_RUN (scope->backend, KERNEL_SOFTMAX_GRAD, softmax_grad, .y = tensor_view (probs), .dy = tensor_view (dp),
               .dx = tensor_view (ds), .rows = tensor_rows (probs), .n = tensor_columns (probs));
  scores_gradient (scope, node, ds);
}

static void
context_gradient (Scope *scope, const TapeNode *node, Tensor *d_out)
{
  Tensor *probs = node->inputs[0], *v = node->inputs[1];
  Sizes s = { probs->shape[0], probs->shape[1], probs->shape[2], probs->shape[3], v->shape[2] / probs->shape[1], 0 };
  int64_t block = s.queries * s.keys;

  if (probs->needs_grad)
    BACKEND_RUN (scope->backend, KERNEL_GEMM, gemm, .a = tensor_view (d_out), .b = tensor_view (v),
                 .c = tensor_view (tensor_grad (probs)), .transpose_b = true, .accumulate = true, .m = s.queries,
                 .n = s.keys, .k = s.d, .lda = d_out->ld, .ldb = v->ld, .ldc = s.keys, .outer = s.batch,
                 .inner = s.heads, .a_outer = s.queries * d_out->ld, .a_inner = s.d,
                 .b_outer = batch_stride (v, s.batch), .b_inner = s.d, .c_outer = s.heads * block, .c_inner = block,
                 .alpha = 1);
  if (v->needs_grad)
    {
      Tensor *dv = tensor_grad (v);

      require_own_keys (v, &s, "attention context");
      BACKEND_RUN (scope->backend, KERNEL_GEMM, gemm, .a = tensor_view (probs), .b = tensor_view (d_out),
                   .c = tensor_view (dv), .transpose_a = true, .accumulate = true, .m = s.keys, .n = s.d,
                   .k = s.queries, .lda = s.keys, .ldb = d_out->ld, .ldc = dv->ld, .outer = s.batch,
                   .inner = s.heads, .a_outer = s.heads * block, .a_inner = block,
                   .b_outer = s.queries * d_out->ld, .b_inner = s.d, .c_outer = s.keys * dv->ld, .c_inner = s.d,
                   .alpha = 1);
    }
}

static const OpRule scores_rule = { "attention scores", scores_gradient };
static const OpRule probs_rule = { "attention probs", probs_gradient };
static const OpRule context_rule = { "attention context", context_gradient };

/* scale Q K^T into `scores`. */
static void
run_scores (Scope *scope, Tensor *q, Tensor *k, const Sizes *s, Tensor *scores)
{
  int64_t block = s->queries * s->keys;

  BACKEND_RUN (scope->backend, KERNEL_GEMM, gemm, .a = tensor_view (q), .b = tensor_view (k),
               .c = tensor_view (scores), .transpose_b = true, .m = s->queries, .n = s->keys, .k = s->d, .lda = q->ld,
               .ldb = k->ld, .ldc = s->keys, .outer = s->batch, .inner = s->heads, .a_outer = s->queries * q->ld,
               .a_inner = s->d, .b_outer = batch_stride (k, s->batch), .b_inner = s->d, .c_outer = s->heads * block,
               .c_inner = block, .alpha = s->scale);
}

Tensor *
op_attention_scores (Scope *scope, Tensor *q, Tensor *k, int heads)
{
  Tensor *inputs[] = { q, k };
  Sizes s = sizes_of (q, k, heads, "attention scores");
  int64_t shape[] = { s.batch, heads, s.queries, s.keys };
  Tensor *scores = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 4, shape));

  run_scores (scope, q, k, &s, scores);
  if (tape_wants (scope, inputs, 2))
    tape_append (scope, &scores_rule, scores, inputs, 2)->number = heads;
  return scores;
}

Tensor *
op_attention_probs (Scope *scope, Tensor *q, Tensor *k, Tensor *mask, int heads)
{
  Tensor *inputs[] = { q, k };
  Sizes s = sizes_of (q, k, heads, "attention probs");
  int64_t shape[] = { s.batch, heads, s.queries, s.keys };
  Tensor *probs = tensor_new (scope->backend, DTYPE_F32, 4, shape);
  Tensor *scores = tensor_new (scope->backend, DTYPE_F32, 4, shape);

  scope_own (scope, probs);
  run_scores (scope, q, k, &s, scores);
  BACKEND_RUN (scope->backend, KERNEL_SOFTMAX, softmax, .x = tensor_view (scores), .mask = tensor_view (mask),
               .y = tensor_view (probs), .batch = s.batch, .heads = heads, .queries = s.queries, .keys = s.keys,
               .mask_queries = mask_queries (mask, &s));
  tensor_unref (scores);
  if (tape_wants (scope, inputs, 2))
    tape_append (scope, &probs_rule, probs, inputs, 2)->number = heads;
  return probs;
}

Tensor *
op_attention_context (Scope *scope, Tensor *probs, Tensor *v)
{
  Tensor *inputs[] = { probs, v };
  int64_t batch = probs->shape[0], heads = probs->shape[1], queries = probs->shape[2], keys = probs->shape[3];
  int64_t d = v->shape[2] / heads, block = queries * keys;
  int64_t shape[] = { batch, queries, v->shape[2] };
  Tensor *out = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 3, shape));
  char a[64], b[64];

  if (probs->n_dims != 4 || v->n_dims != 3 || v->shape[1] != keys || v->shape[2] % heads != 0 ||
      (v->shape[0] != batch && v->shape[0] != 1))
    tensor_abort ("attention context", "probs %s, v %s", tensor_describe (probs, a), tensor_describe (v, b));
  BACKEND_RUN (scope->backend, KERNEL_GEMM, gemm, .a = tensor_view (probs), .b = tensor_view (v),
               .c = tensor_view (out), .m = queries, .n = d, .k = keys, .lda = keys, .ldb = v->ld,
               .ldc = shape[2], .outer = batch, .inner = heads, .a_outer = heads * block, .a_inner = block,
               .b_outer = batch_stride (v, batch), .b_inner = d, .c_outer = queries * shape[2], .c_inner = d,
               .alpha = 1);
  if (tape_wants (scope, inputs, 2))
    tape_append (scope, &context_rule, out, inputs, 2);
  return out;
}

Tensor *
op_attention (Scope *scope, Tensor *q, Tensor *k, Tensor *v, Tensor *mask, int heads)
{
  Tensor *inputs[] = { q, k, v };
  Sizes s = sizes_of (q, k, heads, "attention");
  Tensor *out;

  if (tape_wants (scope, inputs, 3))
    return op_attention_context (scope, op_attention_probs (scope, q, k, mask, heads), v);
  out = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 3, q->shape));
  BACKEND_RUN (scope->backend, KERNEL_ATTENTION, attention, .q = tensor_view (q), .k = tensor_view (k),
               .v = tensor_view (v), .mask = tensor_view (mask), .out = tensor_view (out), .batch = s.batch,
               .heads = heads, .queries = s.queries, .keys = s.keys, .d = s.d, .ldq = q->ld, .ldk = k->ld,
               .ldv = v->ld, .ldout = out->ld, .q_batch = s.queries * q->ld, .k_batch = batch_stride (k, s.batch),
               .v_batch = batch_stride (v, s.batch), .out_batch = s.queries * out->ld,
               .mask_queries = mask_queries (mask, &s), .scale = s.scale);
  return out;
}
