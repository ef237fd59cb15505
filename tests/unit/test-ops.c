/* SPDX-License-Identifier: MIT
 * Gradient rules against central differences: for each op, d (sum w y) / dx with random w, through the tape,
 * on the fenced backend in its deferred mode, so that a rule that peeks fails too. */
#include <math.h>
#include <stdlib.h>

#include "ops.h"
#include "tap.h"

#define MAX_INPUTS 4

typedef Tensor *(*Forward) (Scope *scope, Tensor **inputs);

typedef struct
{
  const char *name;
  Forward forward;
  int n_inputs;
  int n_dims[MAX_INPUTS];
  int64_t shapes[MAX_INPUTS][4];
  double spread;  /* inputs are uniform in -spread .. spread, plus `shift` */
  double shift;
  bool skip[MAX_INPUTS]; /* not differentiable inputs */
  bool spaced;    /* values far from each other, so that no step changes which is the largest */
} GradientCase;

static uint64_t state = 88172645463325252u;

static double
noise (void)
{
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (double) (state >> 11) / 9007199254740992.0 * 2 - 1;
}

static int64_t
count (const GradientCase *c, int input)
{
  int64_t n = 1;

  for (int i = 0; i < c->n_dims[input]; i++)
    n *= c->shapes[input][i];
  return n;
}

/* sum w y in double for given input values; fills gradients if wanted. */
static double
evaluate (Backend *backend, const GradientCase *c, float *const *values, const float *weights, float **gradients)
{
  Scope scope;
  Tensor *inputs[MAX_INPUTS], *y, *seed;
  double sum = 0;
  float *out;
  int64_t n;

  scope_init (&scope, backend);
  scope.tape = gradients != NULL ? tape_new () : NULL;
  for (int i = 0; i < c->n_inputs; i++)
    {
      inputs[i] = scope_own (&scope, tensor_from_host (backend, DTYPE_F32, c->n_dims[i], c->shapes[i], values[i]));
      if (gradients != NULL && !c->skip[i])
        tape_watch (inputs[i]);
    }
  y = c->forward (&scope, inputs);
  n = tensor_numel (y);
  if (gradients != NULL)
    {
      seed = scope_own (&scope, tensor_from_host (backend, DTYPE_F32, y->n_dims, y->shape, weights));
      tape_backward (&scope, y, seed);
      for (int i = 0; i < c->n_inputs; i++)
        if (!c->skip[i])
          tensor_to_host (tensor_grad (inputs[i]), gradients[i]);
    }
  out = malloc ((size_t) n * sizeof *out);
  tensor_to_host (y, out);
  for (int64_t i = 0; i < n; i++)
    sum += (double) out[i] * (double) weights[i];
  free (out);
  tape_free (scope.tape);
  scope_clear (&scope);
  return sum;
}

/* -1 .. 1 in n equal steps, in an order that is not sorted. */
static double
spaced (int64_t k, int64_t n)
{
  return 2 * ((double) (k * 7 % n) + 0.5) / (double) n - 1;
}

static void
check (Backend *backend, const GradientCase *c)
{
  float *values[MAX_INPUTS], *gradients[MAX_INPUTS], weights[4096];
  double worst = 0, largest = 0;

  for (int i = 0; i < 4096; i++)
    weights[i] = (float) noise ();
  for (int i = 0; i < c->n_inputs; i++)
    {
      values[i] = malloc ((size_t) count (c, i) * sizeof (float));
      gradients[i] = malloc ((size_t) count (c, i) * sizeof (float));
      for (int64_t k = 0; k < count (c, i); k++)
        values[i][k] = (float) (c->spread * (c->spaced ? spaced (k, count (c, i)) : noise ()) + c->shift);
    }
  evaluate (backend, c, values, weights, gradients);
  for (int i = 0; i < c->n_inputs; i++)
    for (int64_t k = 0; !c->skip[i] && k < count (c, i); k++)
      {
        const double h = 1e-2;
        float kept = values[i][k];
        double up, down, slope;

        /* Fourth order: f32 values leave no room for a small step. */
        values[i][k] = (float) ((double) kept + h);
        up = 8 * evaluate (backend, c, values, weights, NULL);
        values[i][k] = (float) ((double) kept - h);
        down = 8 * evaluate (backend, c, values, weights, NULL);
        values[i][k] = (float) ((double) kept + 2 * h);
        up -= evaluate (backend, c, values, weights, NULL);
        values[i][k] = (float) ((double) kept - 2 * h);
        down -= evaluate (backend, c, values, weights, NULL);
        values[i][k] = kept;
        slope = (up - down) / (12 * h);
        worst = fmax (worst, fabs (slope - (double) gradients[i][k]));
        largest = fmax (largest, fabs (slope));
      }
  tap_ok (worst <= 2e-3 * largest && largest > 0, "/ops/%s/gradient (error %.1e of %.1e)", c->name, worst, largest);
  for (int i = 0; i < c->n_inputs; i++)
    {
      free (values[i]);
      free (gradients[i]);
    }
}

static Tensor *
linear_gelu (Scope *scope, Tensor **in)
{
  return op_linear (scope, in[0], in[1], in[2], EPILOGUE_GELU, in[3]);
}

static Tensor *
linear_plain (Scope *scope, Tensor **in)
{
  return op_linear (scope, in[0], in[1], NULL, EPILOGUE_NONE, NULL);
}

/* Columns of a block and a single token as inputs: gradients of views land in their root. */
static Tensor *
linear_of_views (Scope *scope, Tensor **in)
{
  Tensor *block = scope_own (scope, tensor_column_block (in[0], 1, 3));
  Tensor *a = op_linear (scope, block, in[1], NULL, EPILOGUE_NONE, NULL);
  Tensor *cls = scope_own (scope, tensor_token (a, 1));

  return op_linear (scope, cls, in[2], NULL, EPILOGUE_RELU, NULL);
}

static Tensor *
layer_norm (Scope *scope, Tensor **in)
{
  return op_layer_norm (scope, in[0], in[1], in[2], 1e-6f);
}

static Tensor *
add (Scope *scope, Tensor **in)
{
  return op_add (scope, in[0], in[1]);
}

static Tensor *
attention (Scope *scope, Tensor **in)
{
  return op_attention (scope, in[0], in[1], in[2], NULL, 2);
}

static Tensor *
attention_masked (Scope *scope, Tensor **in)
{
  return op_attention (scope, in[0], in[1], in[2], in[3], 3);
}

static Tensor *
attention_of_one (Scope *scope, Tensor **in)
{
  /* Query, key and value are blocks of one product, as in the image encoder. */
  int64_t c = tensor_columns (in[0]) / 3;
  Tensor *q = scope_own (scope, tensor_column_block (in[0], 0, c));
  Tensor *k = scope_own (scope, tensor_column_block (in[0], c, c));
  Tensor *v = scope_own (scope, tensor_column_block (in[0], 2 * c, c));

  return op_attention (scope, q, k, v, NULL, 2);
}

static Tensor *
prepend (Scope *scope, Tensor **in)
{
  return op_prepend_token (scope, in[0], in[1]);
}

static Tensor *
normalize (Scope *scope, Tensor **in)
{
  return op_l2_normalize (scope, in[0]);
}

static Tensor *
contrast (Scope *scope, Tensor **in)
{
  return op_divide_by_scalar (scope, op_similarity (scope, in[0], in[1]), in[2]);
}

static Tensor *
gather (Scope *scope, Tensor **in)
{
  static const int32_t ids[] = { 2, 0, 2, 4, 1, 2 };
  Tensor *index = scope_own (scope, tensor_from_host (scope->backend, DTYPE_I32, 2, (int64_t[]) { 2, 3 }, ids));

  return op_gather_rows (scope, in[0], index, -1);
}

/* ---- training ---- */

static Tensor *
cross_entropy (Scope *scope, Tensor **in)
{
  return op_sum (scope, op_cross_entropy (scope, in[0], in[1], in[2]), 1.5f);
}

static Tensor *
scale_and_concat (Scope *scope, Tensor **in)
{
  return op_concat_rows (scope, op_scale (scope, in[0], -2.5f), in[1]);
}

/* Class-token rows of one batch above those of another: strided inputs. */
static Tensor *
concat_tokens (Scope *scope, Tensor **in)
{
  Tensor *a = scope_own (scope, tensor_token (in[0], 0)), *b = scope_own (scope, tensor_token (in[1], 1));

  return op_concat_rows (scope, a, b);
}

static Tensor *
gather_blocks (Scope *scope, Tensor **in)
{
  static const int32_t ids[] = { 2, 0, 2 };
  int64_t n = 3;

  return op_gather_blocks (scope, in[0], scope_own (scope, tensor_from_host (scope->backend, DTYPE_I32, 1, &n, ids)));
}

static Tensor *
contiguous_columns (Scope *scope, Tensor **in)
{
  return op_contiguous (scope, scope_own (scope, tensor_column_block (in[0], 1, 2)));
}

static Tensor *
gelu (Scope *scope, Tensor **in)
{
  return op_gelu (scope, in[0]);
}

static Tensor *
scores (Scope *scope, Tensor **in)
{
  return op_attention_scores (scope, in[0], in[1], 2);
}

static Tensor *
tangent_gelu (Scope *scope, Tensor **in)
{
  return op_tangent (scope, in[0], in[1], TANGENT_GELU);
}

static Tensor *
tangent_softmax (Scope *scope, Tensor **in)
{
  return op_tangent (scope, in[0], in[1], TANGENT_SOFTMAX);
}

static Tensor *
norm_tangent (Scope *scope, Tensor **in)
{
  return op_layer_norm_tangent (scope, in[0], in[1], in[2], 0.1f);
}

static Tensor *
cam (Scope *scope, Tensor **in)
{
  return op_cam (scope, in[0], in[1], in[2]);
}

static Tensor *
min_max (Scope *scope, Tensor **in)
{
  return op_min_max (scope, in[0], 0.1f);
}

static Tensor *
bilinear (Scope *scope, Tensor **in)
{
  return op_bilinear (scope, in[0], 2, 3, 5, 4);
}

/* Hinges and maxima are smooth away from ties; the numbers are far from them. */
static Tensor *
amc (Scope *scope, Tensor **in, bool per_sample)
{
  static const float masks[] = { 1, 1, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0 }, weights[] = { 1, 1 };
  Tensor *m = scope_own (scope, tensor_from_host (scope->backend, DTYPE_F32, 2, (int64_t[]) { 2, 6 }, masks));
  Tensor *w = scope_own (scope, tensor_from_host (scope->backend, DTYPE_F32, 1, (int64_t[]) { 2 }, weights));

  return op_amc (scope, in[0], m, w, per_sample, NULL);
}

static Tensor *
amc_pooled (Scope *scope, Tensor **in)
{
  return amc (scope, in, false);
}

static Tensor *
amc_per_sample (Scope *scope, Tensor **in)
{
  return amc (scope, in, true);
}

static Tensor *
dropout (Scope *scope, Tensor **in)
{
  static const int32_t seed[] = { 7, 9 };
  Dropout settings = { .p = 0.4f, .stream = 5 };
  Tensor *y;

  settings.seed = scope_own (scope, tensor_from_host (scope->backend, DTYPE_I32, 1, (int64_t[]) { 2 }, seed));
  scope->dropout = &settings;
  y = op_dropout (scope, in[0]);
  scope->dropout = NULL;
  return y;
}

static const GradientCase cases[] = {
  { "linear with gelu, bias, residual", linear_gelu, 4, { 3, 2, 1, 3 }, { { 2, 3, 5 }, { 4, 5 }, { 4 }, { 2, 3, 4 } }, 1, 0, { 0 } },
  { "linear of one row", linear_plain, 2, { 2, 2 }, { { 1, 7 }, { 3, 7 } }, 1, 0, { 0 } },
  { "linear of views", linear_of_views, 3, { 3, 2, 2 }, { { 2, 3, 5 }, { 4, 3 }, { 2, 4 } }, 1, 0.3, { 0 } },
  { "layer norm", layer_norm, 3, { 2, 1, 1 }, { { 3, 7 }, { 7 }, { 7 } }, 1, 0.2, { 0 } },
  { "add with broadcast", add, 2, { 3, 2 }, { { 2, 3, 4 }, { 3, 4 } }, 1, 0, { 0 } },
  { "attention", attention, 3, { 3, 3, 3 }, { { 2, 3, 4 }, { 2, 5, 4 }, { 2, 5, 4 } }, 1, 0, { 0 } },
  { "attention with mask and odd heads", attention_masked, 4, { 3, 3, 3, 2 },
    { { 2, 3, 9 }, { 2, 4, 9 }, { 2, 4, 9 }, { 2, 4 } }, 1, 0, { false, false, false, true } },
  { "attention of one product", attention_of_one, 1, { 3 }, { { 2, 4, 12 } }, 1, 0, { 0 } },
  { "class token", prepend, 2, { 3, 3 }, { { 1, 1, 3 }, { 2, 4, 3 } }, 1, 0, { 0 } },
  { "l2 normalize", normalize, 1, { 2 }, { { 3, 5 } }, 1, 0.5, { 0 } },
  { "similarity over temperature", contrast, 3, { 2, 2, 1 }, { { 3, 4 }, { 2, 4 }, { 1 } }, 0.5, 1.2, { 0 } },
  { "cross entropy, weighted", cross_entropy, 3, { 2, 2, 1 }, { { 4, 5 }, { 4, 5 }, { 4 } }, 0.5, 0.6, { false, true, true } },
  { "scale and concat", scale_and_concat, 2, { 2, 2 }, { { 2, 3 }, { 3, 3 } }, 1, 0, { 0 } },
  { "concat of class tokens", concat_tokens, 2, { 3, 3 }, { { 2, 3, 4 }, { 2, 2, 4 } }, 1, 0, { 0 } },
  { "gather blocks with repeats", gather_blocks, 1, { 3 }, { { 3, 2, 2 } }, 1, 0, { 0 } },
  { "contiguous copy of columns", contiguous_columns, 1, { 2 }, { { 3, 4 } }, 1, 0, { 0 } },
  { "gelu", gelu, 1, { 2 }, { { 3, 4 } }, 1.5, 0, { 0 } },
  { "attention scores", scores, 2, { 3, 3 }, { { 2, 3, 4 }, { 2, 5, 4 } }, 1, 0, { 0 } },
  { "tangent of gelu", tangent_gelu, 2, { 2, 2 }, { { 3, 4 }, { 3, 4 } }, 1.5, 0, { 0 } },
  { "tangent of softmax", tangent_softmax, 2, { 2, 2 }, { { 3, 4 }, { 3, 4 } }, 1, 0, { 0 } },
  { "tangent of layer norm", norm_tangent, 3, { 2, 2, 1 }, { { 3, 6 }, { 3, 6 }, { 6 } }, 1, 0.1, { 0 } },
  { "cam", cam, 3, { 4, 4, 2 }, { { 2, 2, 3, 5 }, { 2, 2, 3, 5 }, { 2, 3 } }, 0.4, 0.6, { false, false, true } },
  { "min max", min_max, 1, { 2 }, { { 2, 5 } }, 1, 0, { 0 }, true },
  { "bilinear", bilinear, 1, { 2 }, { { 2, 6 } }, 1, 0, { 0 } },
  { "amc pooled", amc_pooled, 1, { 2 }, { { 2, 6 } }, 0.5, 0.5, { 0 }, true },
  { "amc per sample", amc_per_sample, 1, { 2 }, { { 2, 6 } }, 0.5, 0.5, { 0 }, true },
  { "dropout", dropout, 1, { 2 }, { { 5, 6 } }, 1, 0, { 0 } },
  { "gather rows with repeats", gather, 1, { 2 }, { { 5, 3 } }, 1, 0, { 0 } },
};

/* A row equal to the padding index sends no gradient. */
static void
check_padding (Backend *backend)
{
  static const int32_t ids[] = { 0, 1 };
  float table[] = { 1, 2, 3, 4 }, gradient[4];
  Scope scope;
  Tensor *t, *index, *y;

  scope_init (&scope, backend);
  scope.tape = tape_new ();
  t = scope_own (&scope, tensor_from_host (backend, DTYPE_F32, 2, (int64_t[]) { 2, 2 }, table));
  index = scope_own (&scope, tensor_from_host (backend, DTYPE_I32, 1, (int64_t[]) { 2 }, ids));
  tape_watch (t);
  y = op_gather_rows (&scope, t, index, 0);
  tape_backward (&scope, y, NULL);
  tensor_to_host (tensor_grad (t), gradient);
  tap_ok (gradient[0] == 0 && gradient[1] == 0 && gradient[2] == 1 && gradient[3] == 1, "/ops/gather/padding sends no gradient");
  tape_free (scope.tape);
  scope_clear (&scope);
}

/* Two uses of one tensor add up. */
static void
check_accumulation (Backend *backend)
{
  float value = 3, gradient;
  int64_t one = 1;
  Scope scope;
  Tensor *x, *y;

  scope_init (&scope, backend);
  scope.tape = tape_new ();
  x = scope_own (&scope, tensor_from_host (backend, DTYPE_F32, 1, &one, &value));
  tape_watch (x);
  y = op_add (&scope, op_add (&scope, x, x), x);
  tape_backward (&scope, y, NULL);
  tensor_to_host (tensor_grad (x), &gradient);
  tap_ok (gradient == 3, "/tape/uses of one tensor add up");
  tap_ok (tape_length (scope.tape) == 2, "/tape/records what depends on a watched tensor");
  op_add (&scope, scope_own (&scope, tensor_zeros (backend, 1, &one)), scope_own (&scope, tensor_zeros (backend, 1, &one)));
  tap_ok (tape_length (scope.tape) == 2, "/tape/records nothing else");
  tape_free (scope.tape);
  scope_clear (&scope);
}

/* What only the tape holds is let go of on the way back, the gradients of leaves stay. */
static void
check_release (Backend *backend)
{
  float value = 3, gradient;
  int64_t one = 1;
  Scope scope;
  Tensor *x, *middle, *y;
  int mark, before;

  scope_init (&scope, backend);
  scope.tape = tape_new ();
  x = scope_own (&scope, tensor_from_host (backend, DTYPE_F32, 1, &one, &value));
  tape_watch (x);
  mark = scope.n_owned;
  middle = tensor_ref (op_add (&scope, x, x));
  y = scope_collect (&scope, mark, op_add (&scope, middle, x));
  before = middle->refs;
  tape_backward (&scope, y, NULL);
  tap_ok (before > 1 && middle->refs == 1, "/tape/the walk back lets go of what it has passed (%d, then %d)", before,
          middle->refs);
  tensor_to_host (tensor_grad (x), &gradient);
  tap_ok (gradient == 3, "/tape/gradients of leaves stay");
  tensor_unref (middle);
  tape_free (scope.tape);
  scope_clear (&scope);
}

/* At a temperature of 0.001 logits lie near 1000. The gradient of a row adds up to 0 there too, and each probability
 * is that of the logits as they are: log sum exp as one float would put all of them wrong by 3e-5. */
static void
check_large_logits (const char *name, Backend *backend)
{
  enum { N = 37 };
  float x[N], target[N] = { 0 }, gradient[N];
  double sum = 0, total = 0, worst = 0;
  Scope scope;
  Tensor *t, *y;

  for (int j = 0; j < N; j++)
    {
      x[j] = 993.7f + (float) (j * 7 % N) * 0.171f;
      total += exp ((double) x[j] - 1000);
    }
  target[5] = 1;
  scope_init (&scope, backend);
  scope.tape = tape_new ();
  t = scope_own (&scope, tensor_from_host (backend, DTYPE_F32, 2, (int64_t[]) { 1, N }, x));
  tape_watch (t);
  y = op_cross_entropy (&scope, t, scope_own (&scope, tensor_from_host (backend, DTYPE_F32, 2, (int64_t[]) { 1, N }, target)),
                        NULL);
  tape_backward (&scope, y, NULL);
  tensor_to_host (tensor_grad (t), gradient);
  for (int j = 0; j < N; j++)
    {
      sum += (double) gradient[j];
      worst = fmax (worst, fabs ((double) gradient[j] - (exp ((double) x[j] - 1000) / total - (double) target[j])));
    }
  tap_ok (fabs (sum) < 5e-7, "/ops/cross entropy/%s: a row's gradient adds up to 0 at logits of 1000 (%.1e)", name, sum);
  tap_ok (worst < 5e-7, "/ops/cross entropy/%s: probabilities at logits of 1000 (%.1e)", name, worst);
  tape_free (scope.tape);
  scope_clear (&scope);
}

int
main (void)
{
  static const char *const isas[] = { "baseline", "avx2", NULL };
  AlbefError error = ALBEF_ERROR_INIT;
  Backend *backend = backend_fenced_open (true), *cpu;

  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    check (backend, &cases[i]);
  check_padding (backend);
  check_accumulation (backend);
  check_release (backend);
  check_large_logits ("fenced", backend);
  backend_close (backend);
  for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++)
    {
      if (isas[i] != NULL)
        setenv ("ALBEF_CPU_ISA", isas[i], 1);
      else
        unsetenv ("ALBEF_CPU_ISA");
      if (backend_open ("cpu", 1, &cpu, &error) != ALBEF_OK)
        continue; /* a processor without it */
      check_large_logits (isas[i] != NULL ? isas[i] : "cpu", cpu);
      backend_close (cpu);
    }
  return tap_done ();
}
