/* SPDX-License-Identifier: MIT */
#include "op-harness.h"

#include "error.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------
 * Drawing numbers
 */

uint64_t
draw_bits (OpCase *op)
{
  uint64_t z = op->random += 0x9e3779b97f4a7c15u; /* splitmix64 */

  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static uint32_t
word_of (double value)
{
  float number = (float) value;
  uint32_t word;

  memcpy (&word, &number, sizeof word);
  return word;
}

static double
uniform (OpCase *op)
{
  return (double) (draw_bits (op) >> 11) * 0x1p-53;
}

uint32_t
draw_normal (OpCase *op)
{
  return word_of (2 * (uniform (op) + uniform (op) + uniform (op)) - 3);
}

uint32_t
draw_large (OpCase *op)
{
  return word_of (200 * (uniform (op) + uniform (op) + uniform (op)) - 300);
}

uint32_t
draw_positive (OpCase *op)
{
  return word_of (0.5 + uniform (op));
}

uint32_t
draw_index (OpCase *op)
{
  return (uint32_t) (draw_bits (op) % (uint64_t) op->index_limit);
}

/* A NaN that tells where it stood. */
static uint32_t
untouched_word (size_t position)
{
  return 0x7fa00001u + (uint32_t) (position % 0xffff0);
}

/* ---------------------------------------------------------------------------------------------------
 * Making cases
 */

OpCase *
op_case_new (OpSuite *suite, KernelId id, double terms, double cost, const char *format, ...)
{
  OpCase *op = mem_new0 (1, sizeof *op);
  va_list args;

  va_start (args, format);
  vsnprintf (op->name, sizeof op->name, format, args);
  va_end (args);
  op->call.id = id;
  op->tolerance = 1e-6 + 5e-7 * sqrt (terms);
  op->cost = cost;
  op->random = (uint64_t) id * 1000003 + (uint64_t) suite->count; /* fixed: every run sees the same numbers */
  if (suite->count == suite->capacity)
    {
      suite->capacity = suite->capacity > 0 ? 2 * suite->capacity : 64;
      suite->cases = mem_resize (suite->cases, (size_t) suite->capacity, sizeof *suite->cases);
    }
  suite->cases[suite->count++] = op;
  return op;
}

OpLayout
layout_flat (int64_t n)
{
  return (OpLayout) { { 1, 1, 1, n }, { 0, 0, 0, 1 } };
}

OpLayout
layout_rows (int64_t rows, int64_t n, int64_t ld)
{
  return (OpLayout) { { 1, 1, rows, n }, { 0, 0, ld, 1 } };
}

/* Words from the first to behind the last element. */
static size_t
layout_words (const OpLayout *layout)
{
  int64_t last = 0;

  for (int d = 0; d < 4; d++)
    {
      if (layout->count[d] <= 0)
        return 0;
      last += (layout->count[d] - 1) * layout->stride[d];
    }
  return (size_t) last + 1;
}

OpOperand *
op_operand (OpCase *op, View *view, OpRole role, OpLayout layout, OpDraw draw)
{
  /* Margins of several alignments, and none: then a fence stands right there. */
  static const size_t before[] = { 16, 0, 3, 5 }, after[] = { 33, 0, 8, 19 };
  OpOperand *operand = &op->operands[op->operand_count++];
  int kind = (int) (draw_bits (op) % 4);
  size_t words = layout_words (&layout);

  operand->role = role;
  operand->margin = before[kind];
  operand->words = before[kind] + words + after[kind];
  operand->data = mem_new0 (operand->words, sizeof *operand->data);
  operand->element = mem_new0 (operand->words, sizeof *operand->element);
  operand->wanted = mem_new0 (operand->words, sizeof *operand->wanted);
  for (size_t i = 0; i < operand->words; i++)
    operand->data[i] = untouched_word (i);
  if (words > 0)
    for (int64_t a = 0; a < layout.count[0]; a++)
      for (int64_t b = 0; b < layout.count[1]; b++)
        for (int64_t c = 0; c < layout.count[2]; c++)
          for (int64_t d = 0; d < layout.count[3]; d++)
            operand->element[operand->margin + (size_t) (a * layout.stride[0] + b * layout.stride[1]
                                                         + c * layout.stride[2] + d * layout.stride[3])]
                = true;
  for (size_t i = 0; i < operand->words; i++)
    if (operand->element[i] && role != OP_OVERWRITTEN)
      operand->data[i] = draw (op);
  op_alias (op, operand, view, 0);
  return operand;
}

void
op_alias (OpCase *op, OpOperand *operand, View *view, int64_t start)
{
  operand->view[operand->views] = (size_t) ((char *) view - (char *) &op->call);
  operand->view_start[operand->views] = (size_t) start;
  operand->views++;
}

uint32_t *
op_words (OpOperand *operand)
{
  return operand->data + operand->margin;
}

void
op_suite_free (OpSuite *suite)
{
  for (int i = 0; i < suite->count; i++)
    {
      OpCase *op = suite->cases[i];

      for (int j = 0; j < op->operand_count; j++)
        {
          free (op->operands[j].data);
          free (op->operands[j].element);
          free (op->operands[j].wanted);
        }
      free (op);
    }
  free (suite->cases);
  *suite = (OpSuite) { 0 };
}

/* ---------------------------------------------------------------------------------------------------
 * Running and judging
 */

/* Runs a case and puts the words of each operand after the call into results[]. */
static void
run_case (const OpCase *op, Backend *backend, uint32_t *results[])
{
  KernelCall call = op->call;
  Buffer *buffers[OP_OPERANDS_MAX];

  for (int i = 0; i < op->operand_count; i++)
    {
      const OpOperand *operand = &op->operands[i];

      buffers[i] = backend_buffer_new (backend, operand->words * 4);
      backend_upload (backend, (View) { buffers[i], 0 }, operand->data, operand->words * 4);
      for (int j = 0; j < operand->views; j++)
        {
          View *view = (View *) (void *) ((char *) &call + operand->view[j]);

          *view = (View) { buffers[i], (operand->margin + operand->view_start[j]) * 4 };
        }
    }
  backend_step_begin (backend);
  backend->class->run (backend, &call);
  backend_step_end (backend);
  for (int i = 0; i < op->operand_count; i++)
    {
      backend_download (backend, results[i], (View) { buffers[i], 0 }, op->operands[i].words * 4);
      backend->class->buffer_free (backend, buffers[i]);
    }
}

static float
number (uint32_t word)
{
  float value;

  memcpy (&value, &word, sizeof value);
  return value;
}

/* The largest error of an output over its largest magnitude; INFINITY if an element is not finite where the
 * reference's is. */
static double
output_error (const OpOperand *operand, const uint32_t *got, size_t *where)
{
  double largest = 0, error = 0;

  *where = 0;
  for (size_t i = 0; i < operand->words; i++)
    if (operand->element[i])
      {
        double wanted = operand->integers ? (int32_t) operand->wanted[i] : number (operand->wanted[i]);
        double difference = fabs ((operand->integers ? (int32_t) got[i] : number (got[i])) - wanted);

        largest = fmax (largest, fabs (wanted));
        if (!(difference <= error))
          {
            *where = i;
            error = isfinite (difference) ? difference : INFINITY;
          }
        if (isinf (error))
          return INFINITY;
      }
  return error > 0 ? error / fmax (largest, FLT_MIN) : 0;
}

/* Judges what a backend made of a case; a failure is put into words. */
static bool
judge_case (const OpCase *op, uint32_t *const results[], double *error, char *text, size_t size)
{
  bool good = true;

  *error = 0;
  for (int i = 0; i < op->operand_count && good; i++)
    {
      const OpOperand *operand = &op->operands[i];

      for (size_t j = 0; j < operand->words && good; j++)
        if ((operand->role == OP_INPUT || !operand->element[j]) && results[i][j] != operand->data[j])
          {
            snprintf (text, size, "%s: operand %d, word %zd: not an output, but 0x%08x became 0x%08x", op->name, i,
                      (ssize_t) (j - operand->margin), operand->data[j], results[i][j]);
            good = false;
          }
      if (good && operand->role != OP_INPUT)
        {
          size_t where;
          double relative = output_error (operand, results[i], &where);

          *error = fmax (*error, relative);
          if (!(relative <= op->tolerance))
            {
              snprintf (text, size, "%s: operand %d, word %zd: got %.9g, wanted %.9g; error %.3g, tolerance %.3g",
                        op->name, i, (ssize_t) (where - operand->margin), number (results[i][where]),
                        number (operand->wanted[where]), relative, op->tolerance);
              good = false;
            }
        }
    }
  return good;
}

void
op_suite_prepare (OpSuite *suite)
{
  Backend *reference = backend_reference_open ();

  for (int i = 0; i < suite->count; i++)
    {
      uint32_t *results[OP_OPERANDS_MAX];

      for (int j = 0; j < suite->cases[i]->operand_count; j++)
        results[j] = suite->cases[i]->operands[j].wanted;
      run_case (suite->cases[i], reference, results);
    }
  backend_close (reference);
}

OpVerdict
op_judge (const OpSuite *suite, Backend *backend, KernelId id, double cost_limit, bool stop)
{
  OpVerdict verdict = { 0 };

  for (int i = 0; i < suite->count && !(stop && verdict.failures > 0); i++)
    {
      const OpCase *op = suite->cases[i];
      uint32_t *results[OP_OPERANDS_MAX];
      char text[sizeof verdict.failure];
      double error;

      if (op->call.id != id || op->cost > cost_limit)
        continue;
      for (int j = 0; j < op->operand_count; j++)
        results[j] = mem_new0 (op->operands[j].words, 4);
      run_case (op, backend, results);
      verdict.cases++;
      if (!judge_case (op, results, &error, text, sizeof text) && verdict.failures++ == 0)
        strcpy (verdict.failure, text);
      if (error >= verdict.error)
        {
          verdict.error = error;
          strcpy (verdict.worst, op->name);
        }
      for (int j = 0; j < op->operand_count; j++)
        free (results[j]);
    }
  return verdict;
}

/* ---------------------------------------------------------------------------------------------------
 * What is no single call
 */

#define PACK_ROWS 3
#define PACK_N 19
#define PACK_K 37

typedef struct
{
  float w[PACK_N * PACK_K], x[PACK_ROWS * PACK_K], y[PACK_ROWS * PACK_N], dx[PACK_ROWS * PACK_K];
} PackNumbers;

/* Both products with w, on the host. */
static void
pack_products (PackNumbers *numbers)
{
  for (int i = 0; i < PACK_ROWS; i++)
    for (int j = 0; j < PACK_N; j++)
      {
        double sum = 0;

        for (int p = 0; p < PACK_K; p++)
          sum += (double) numbers->x[i * PACK_K + p] * numbers->w[j * PACK_K + p];
        numbers->y[i * PACK_N + j] = (float) sum;
      }
  for (int i = 0; i < PACK_ROWS; i++)
    for (int p = 0; p < PACK_K; p++)
      {
        double sum = 1; /* dx starts as ones */

        for (int j = 0; j < PACK_N; j++)
          sum += (double) numbers->y[i * PACK_N + j] * numbers->w[j * PACK_K + p];
        numbers->dx[i * PACK_K + p] = (float) sum;
      }
}

static bool
near (const float *got, const float *wanted, int n)
{
  double largest = 0;

  for (int i = 0; i < n; i++)
    largest = fmax (largest, fabsf (wanted[i]));
  for (int i = 0; i < n; i++)
    if (!(fabs ((double) got[i] - wanted[i]) <= 1e-5 * largest))
      return false;
  return true;
}

/* Runs both products of one weight with a slot; whether they are right. */
static bool
pack_run (Backend *backend, const PackNumbers *numbers, View w, PackSlot *slot)
{
  View x = { backend_buffer_new (backend, sizeof numbers->x), 0 };
  View y = { backend_buffer_new (backend, sizeof numbers->y), 0 };
  View dx = { backend_buffer_new (backend, sizeof numbers->dx), 0 };
  float got_y[PACK_ROWS * PACK_N], got_dx[PACK_ROWS * PACK_K];

  backend_upload (backend, x, numbers->x, sizeof numbers->x);
  BACKEND_RUN (backend, KERNEL_LINEAR, linear, .x = x, .w = w, .y = y, .m = PACK_ROWS, .n = PACK_N, .k = PACK_K,
               .ldx = PACK_K, .ldy = PACK_N, .pack = slot);
  BACKEND_RUN (backend, KERNEL_FILL, fill, .out = dx, .n = PACK_ROWS * PACK_K, .value = 1);
  BACKEND_RUN (backend, KERNEL_LINEAR_GRAD_INPUT, linear_grad_input, .dy = y, .w = w, .dx = dx, .m = PACK_ROWS,
               .n = PACK_N, .k = PACK_K, .lddy = PACK_N, .lddx = PACK_K, .pack = slot);
  backend_download (backend, got_y, y, sizeof got_y);
  backend_download (backend, got_dx, dx, sizeof got_dx);
  backend->class->buffer_free (backend, x.buffer);
  backend->class->buffer_free (backend, y.buffer);
  backend->class->buffer_free (backend, dx.buffer);
  return near (got_y, numbers->y, PACK_ROWS * PACK_N) && near (got_dx, numbers->dx, PACK_ROWS * PACK_K);
}

const char *
op_judge_packs (Backend *backend)
{
  static PackNumbers old, new;
  OpCase random = { .random = 7 };
  PackSlot slot = { 0 }, wrapped_slot = { 0 };
  View w = { backend_buffer_new (backend, sizeof old.w), 0 };
  View wrapped = { backend->class->buffer_wrap (backend, new.w, sizeof new.w), 0 };
  const char *wrong = NULL;

  for (int i = 0; i < PACK_N * PACK_K; i++)
    {
      old.w[i] = number (draw_normal (&random));
      new.w[i] = number (draw_normal (&random));
    }
  for (int i = 0; i < PACK_ROWS * PACK_K; i++)
    old.x[i] = new.x[i] = number (draw_normal (&random));
  pack_products (&old);
  pack_products (&new);
  backend->class->buffer_free (backend, wrapped.buffer); /* freed unused, then again with the numbers in it */
  wrapped.buffer = backend->class->buffer_wrap (backend, new.w, sizeof new.w);

  backend_upload (backend, w, old.w, sizeof old.w);
  if (!pack_run (backend, &old, w, &slot))
    wrong = "the first product with a slot";
  else if (!pack_run (backend, &old, w, &slot))
    wrong = "the second product with a slot";
  backend_upload (backend, w, new.w, sizeof new.w);
  backend_pack_reset (backend, &slot);
  if (wrong == NULL && !pack_run (backend, &new, w, &slot))
    wrong = "the product after the weight changed and its slot was reset";
  if (wrong == NULL && !pack_run (backend, &new, wrapped, &wrapped_slot))
    wrong = "the product with a wrapped weight";
  if (wrong == NULL && !pack_run (backend, &new, wrapped, NULL))
    wrong = "the product with a wrapped weight and no slot";
  backend_pack_reset (backend, &slot);
  backend_pack_reset (backend, &wrapped_slot);
  backend->class->buffer_free (backend, w.buffer);
  backend->class->buffer_free (backend, wrapped.buffer);
  return wrong;
}

const char *
op_judge_transfers (Backend *backend)
{
  View view = { backend_buffer_new (backend, 5000), 0 };
  Buffer *empty = backend_buffer_new (backend, 0);
  unsigned char sent[5000], got[5000];
  const char *wrong = NULL;

  for (int i = 0; i < 5000; i++)
    sent[i] = (unsigned char) (i * 7 + i / 256);
  backend_upload (backend, view, sent, sizeof sent);
  sent[4097] = 1;
  sent[4098] = 2;
  view.offset = 4097;
  backend_upload (backend, view, sent + 4097, 2);
  view.offset = 0;
  memset (got, 0, sizeof got);
  backend_download (backend, got, view, sizeof got);
  if (memcmp (got, sent, sizeof got) != 0)
    wrong = "upload and download of everything";
  view.offset = 4999;
  backend_download (backend, got, view, 1);
  if (got[0] != sent[4999] || got[1] != sent[1])
    wrong = "download of the last byte";
  backend->class->buffer_free (backend, view.buffer);
  backend->class->buffer_free (backend, empty);
  backend->class->synchronize (backend);
  return wrong;
}
