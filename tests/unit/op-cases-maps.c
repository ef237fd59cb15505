/* SPDX-License-Identifier: MIT
 * op-cases-maps.c: tangents and maps as a loss. */
#include "op-harness.h"

#include <string.h>

static uint32_t
draw_unit (OpCase *op)
{
  float value = (float) (draw_bits (op) >> 40) * 0x1p-24f;
  uint32_t word;

  memcpy (&word, &value, sizeof word);
  return word;
}

static uint32_t
draw_bit (OpCase *op)
{
  float value = (float) (draw_bits (op) >> 40 & 1);
  uint32_t word;

  memcpy (&word, &value, sizeof word);
  return word;
}

static void
set_float (OpOperand *operand, int64_t i, float value)
{
  memcpy (op_words (operand) + i, &value, sizeof value);
}

static const char *const tangents[] = { "gelu", "softmax" };

static void
tangent_case (OpSuite *suite, int64_t rows, int64_t n, TangentOp kind)
{
  OpCase *op = op_case_new (suite, KERNEL_TANGENT, (double) n, (double) (rows * n) * 20, "tangent %s %dx%d",
                            tangents[kind], (int) rows, (int) n);
  TangentArgs *args = &op->call.tangent;

  *args = (TangentArgs) { .rows = rows, .n = n, .op = kind };
  op_operand (op, &args->x, OP_INPUT, layout_flat (rows * n), kind == TANGENT_SOFTMAX ? draw_unit : draw_normal);
  op_operand (op, &args->x_dot, OP_INPUT, layout_flat (rows * n), draw_normal);
  op_operand (op, &args->y_dot, OP_OVERWRITTEN, layout_flat (rows * n), draw_normal);
}

static void
tangent_grad_case (OpSuite *suite, int64_t rows, int64_t n, TangentOp kind, bool dx, bool dx_dot)
{
  OpCase *op = op_case_new (suite, KERNEL_TANGENT_GRAD, (double) (2 * n), (double) (rows * n) * 20,
                            "tangent grad %s %dx%d%s%s", tangents[kind], (int) rows, (int) n, dx ? " dx" : "",
                            dx_dot ? " dx_dot" : "");
  TangentGradArgs *args = &op->call.tangent_grad;

  *args = (TangentGradArgs) { .rows = rows, .n = n, .op = kind };
  op_operand (op, &args->x, OP_INPUT, layout_flat (rows * n), kind == TANGENT_SOFTMAX ? draw_unit : draw_normal);
  op_operand (op, &args->x_dot, OP_INPUT, layout_flat (rows * n), draw_normal);
  op_operand (op, &args->dy_dot, OP_INPUT, layout_flat (rows * n), draw_normal);
  if (dx)
    op_operand (op, &args->dx, OP_ACCUMULATED, layout_flat (rows * n), draw_normal);
  if (dx_dot)
    op_operand (op, &args->dx_dot, OP_ACCUMULATED, layout_flat (rows * n), draw_normal);
}

static void
norm_tangent_case (OpSuite *suite, int64_t rows, int64_t n)
{
  OpCase *op = op_case_new (suite, KERNEL_LAYER_NORM_TANGENT, (double) n * 4, (double) (rows * n) * 10,
                            "layer norm tangent %dx%d", (int) rows, (int) n);
  LayerNormTangentArgs *args = &op->call.layer_norm_tangent;

  *args = (LayerNormTangentArgs) { .rows = rows, .n = n, .eps = 0.5f };
  op_operand (op, &args->x, OP_INPUT, layout_flat (rows * n), draw_normal);
  op_operand (op, &args->x_dot, OP_INPUT, layout_flat (rows * n), draw_normal);
  op_operand (op, &args->gamma, OP_INPUT, layout_flat (n), draw_normal);
  op_operand (op, &args->y_dot, OP_OVERWRITTEN, layout_flat (rows * n), draw_normal);
}

static void
norm_tangent_grad_case (OpSuite *suite, int64_t rows, int64_t n, int wanted)
{
  OpCase *op = op_case_new (suite, KERNEL_LAYER_NORM_TANGENT_GRAD, (double) (n + rows) * 4, (double) (rows * n) * 20,
                            "layer norm tangent grad %dx%d wanted %d", (int) rows, (int) n, wanted);
  LayerNormTangentGradArgs *args = &op->call.layer_norm_tangent_grad;

  *args = (LayerNormTangentGradArgs) { .rows = rows, .n = n, .eps = 0.5f };
  op_operand (op, &args->x, OP_INPUT, layout_flat (rows * n), draw_normal);
  op_operand (op, &args->x_dot, OP_INPUT, layout_flat (rows * n), draw_normal);
  op_operand (op, &args->gamma, OP_INPUT, layout_flat (n), draw_normal);
  op_operand (op, &args->dy_dot, OP_INPUT, layout_flat (rows * n), draw_normal);
  if (wanted & 1)
    op_operand (op, &args->dx, OP_ACCUMULATED, layout_flat (rows * n), draw_normal);
  if (wanted & 2)
    op_operand (op, &args->dx_dot, OP_ACCUMULATED, layout_flat (rows * n), draw_normal);
  if (wanted & 4)
    op_operand (op, &args->dgamma, OP_ACCUMULATED, layout_flat (n), draw_normal);
}

static void
cam_case (OpSuite *suite, int64_t batch, int64_t heads, int64_t tokens, int64_t patches)
{
  int64_t n = batch * heads * tokens * (patches + 1);
  OpCase *op = op_case_new (suite, KERNEL_CAM, (double) (heads * tokens), (double) n, "cam %dx%dx%dx%d", (int) batch,
                            (int) heads, (int) tokens, (int) patches);
  CamArgs *args = &op->call.cam;

  *args = (CamArgs) { .batch = batch, .heads = heads, .tokens = tokens, .patches = patches };
  op_operand (op, &args->attention, OP_INPUT, layout_flat (n), draw_normal);
  op_operand (op, &args->gradient, OP_INPUT, layout_flat (n), draw_normal);
  op_operand (op, &args->mask, OP_INPUT, layout_flat (batch * tokens), draw_bit);
  op_operand (op, &args->out, OP_OVERWRITTEN, layout_flat (batch * patches), draw_normal);
}

static void
cam_grad_case (OpSuite *suite, int64_t batch, int64_t heads, int64_t tokens, int64_t patches, int wanted)
{
  int64_t n = batch * heads * tokens * (patches + 1);
  OpCase *op = op_case_new (suite, KERNEL_CAM_GRAD, 2, (double) n, "cam grad %dx%dx%dx%d wanted %d", (int) batch,
                            (int) heads, (int) tokens, (int) patches, wanted);
  CamGradArgs *args = &op->call.cam_grad;

  *args = (CamGradArgs) { .batch = batch, .heads = heads, .tokens = tokens, .patches = patches };
  op_operand (op, &args->attention, OP_INPUT, layout_flat (n), draw_normal);
  op_operand (op, &args->gradient, OP_INPUT, layout_flat (n), draw_normal);
  op_operand (op, &args->mask, OP_INPUT, layout_flat (batch * tokens), draw_bit);
  op_operand (op, &args->dout, OP_INPUT, layout_flat (batch * patches), draw_normal);
  if (wanted & 1)
    op_operand (op, &args->dattention, OP_ACCUMULATED, layout_flat (n), draw_normal);
  if (wanted & 2)
    op_operand (op, &args->dgradient, OP_ACCUMULATED, layout_flat (n), draw_normal);
}

static void
min_max_case (OpSuite *suite, int64_t rows, int64_t n, bool gradient)
{
  OpCase *op = op_case_new (suite, gradient ? KERNEL_MIN_MAX_GRAD : KERNEL_MIN_MAX, gradient ? (double) n : 2,
                            (double) (rows * n), "min max%s %dx%d", gradient ? " grad" : "", (int) rows, (int) n);

  if (!gradient)
    {
      MinMaxArgs *args = &op->call.min_max;

      *args = (MinMaxArgs) { .rows = rows, .n = n, .eps = 0.125f };
      op_operand (op, &args->x, OP_INPUT, layout_flat (rows * n), draw_normal);
      op_operand (op, &args->y, OP_OVERWRITTEN, layout_flat (rows * n), draw_normal);
    }
  else
    {
      MinMaxGradArgs *args = &op->call.min_max_grad;

      *args = (MinMaxGradArgs) { .rows = rows, .n = n, .eps = 0.125f };
      op_operand (op, &args->x, OP_INPUT, layout_flat (rows * n), draw_normal);
      op_operand (op, &args->y, OP_INPUT, layout_flat (rows * n), draw_unit);
      op_operand (op, &args->dy, OP_INPUT, layout_flat (rows * n), draw_normal);
      op_operand (op, &args->dx, OP_ACCUMULATED, layout_flat (rows * n), draw_normal);
    }
}

static void
bilinear_case (OpSuite *suite, int64_t batch, int64_t gh, int64_t gw, int64_t h, int64_t w, bool gradient)
{
  OpCase *op = op_case_new (suite, gradient ? KERNEL_BILINEAR_GRAD : KERNEL_BILINEAR,
                            gradient ? (double) (h * w) : 4, (double) (batch * h * w) * 8, "bilinear%s %d %dx%d to %dx%d",
                            gradient ? " grad" : "", (int) batch, (int) gh, (int) gw, (int) h, (int) w);

  if (!gradient)
    {
      BilinearArgs *args = &op->call.bilinear;

      *args = (BilinearArgs) { .batch = batch, .grid_h = gh, .grid_w = gw, .height = h, .width = w };
      op_operand (op, &args->in, OP_INPUT, layout_flat (batch * gh * gw), draw_normal);
      op_operand (op, &args->out, OP_OVERWRITTEN, layout_flat (batch * h * w), draw_normal);
    }
  else
    {
      BilinearGradArgs *args = &op->call.bilinear_grad;

      *args = (BilinearGradArgs) { .batch = batch, .grid_h = gh, .grid_w = gw, .height = h, .width = w };
      op_operand (op, &args->dout, OP_INPUT, layout_flat (batch * h * w), draw_normal);
      op_operand (op, &args->din, OP_ACCUMULATED, layout_flat (batch * gh * gw), draw_normal);
    }
}

typedef enum
{
  REGION_SOME,
  REGION_NONE, /* nothing inside in one pair */
  REGION_ALL   /* nothing outside in one pair */
} RegionKind;

static void
fill_regions (OpOperand *m, OpOperand *weight, int64_t batch, int64_t n, RegionKind kind)
{
  for (int64_t i = 0; kind != REGION_SOME && i < n; i++)
    set_float (m, i, kind == REGION_ALL);
  for (int64_t b = 0; b < batch; b++)
    set_float (weight, b, b == 1 ? 0 : 1); /* the second pair has no region */
}

static void
amc_case (OpSuite *suite, int64_t batch, int64_t n, bool per_sample, RegionKind kind, bool stats)
{
  OpCase *op = op_case_new (suite, KERNEL_AMC, (double) (batch * n), (double) (batch * n) * 8, "amc %dx%d%s kind %d%s",
                            (int) batch, (int) n, per_sample ? " per sample" : "", kind, stats ? " stats" : "");
  AmcArgs *args = &op->call.amc;
  OpOperand *m, *weight;

  *args = (AmcArgs) { .batch = batch, .n = n, .margin_mean = 0.1f, .margin_max = 0.5f, .per_sample = per_sample };
  op_operand (op, &args->x, OP_INPUT, layout_flat (batch * n), draw_unit);
  m = op_operand (op, &args->m, OP_INPUT, layout_flat (batch * n), draw_bit);
  weight = op_operand (op, &args->weight, OP_INPUT, layout_flat (batch), draw_unit);
  fill_regions (m, weight, batch, n, kind);
  op_operand (op, &args->loss, OP_OVERWRITTEN, layout_flat (2), draw_normal);
  if (stats)
    op_operand (op, &args->stats, OP_OVERWRITTEN, layout_flat (2 + 2 * batch), draw_normal);
}

static void
amc_grad_case (OpSuite *suite, int64_t batch, int64_t n, bool per_sample, RegionKind kind)
{
  OpCase *op = op_case_new (suite, KERNEL_AMC_GRAD, (double) (batch * n), (double) (batch * n) * 8,
                            "amc grad %dx%d%s kind %d", (int) batch, (int) n, per_sample ? " per sample" : "", kind);
  AmcGradArgs *args = &op->call.amc_grad;
  OpOperand *m, *weight;

  *args = (AmcGradArgs) { .batch = batch, .n = n, .margin_mean = 0.1f, .margin_max = 0.5f, .per_sample = per_sample };
  op_operand (op, &args->x, OP_INPUT, layout_flat (batch * n), draw_unit);
  m = op_operand (op, &args->m, OP_INPUT, layout_flat (batch * n), draw_bit);
  weight = op_operand (op, &args->weight, OP_INPUT, layout_flat (batch), draw_unit);
  fill_regions (m, weight, batch, n, kind);
  op_operand (op, &args->dloss, OP_INPUT, layout_flat (2), draw_normal);
  op_operand (op, &args->dx, OP_ACCUMULATED, layout_flat (batch * n), draw_normal);
}

static void
log_mass_case (OpSuite *suite, int64_t rows, int64_t n, float eps, bool gradient)
{
  OpCase *op = op_case_new (suite, gradient ? KERNEL_LOG_MASS_GRAD : KERNEL_LOG_MASS, (double) n, (double) (rows * n) * 2,
                            "log mass%s %dx%d eps %g", gradient ? " grad" : "", (int) rows, (int) n, (double) eps);
  LogMassArgs *args = &op->call.log_mass;
  LogMassGradArgs *grad = &op->call.log_mass_grad;

  if (gradient)
    {
      *grad = (LogMassGradArgs) { .rows = rows, .n = n, .eps = eps };
      op_operand (op, &grad->dloss, OP_INPUT, layout_flat (rows), draw_normal);
      op_operand (op, &grad->x, OP_INPUT, layout_flat (rows * n), draw_positive);
      op_operand (op, &grad->m, OP_INPUT, layout_flat (rows * n), draw_positive);
      op_operand (op, &grad->dx, OP_ACCUMULATED, layout_flat (rows * n), draw_normal);
      return;
    }
  *args = (LogMassArgs) { .rows = rows, .n = n, .eps = eps };
  op_operand (op, &args->x, OP_INPUT, layout_flat (rows * n), draw_positive);
  op_operand (op, &args->m, OP_INPUT, layout_flat (rows * n), draw_positive);
  op_operand (op, &args->loss, OP_OVERWRITTEN, layout_flat (rows), draw_normal);
}

void
op_cases_maps (OpSuite *suite)
{
  static const int64_t rows[] = { 0, 1, 3, 8 }, widths[] = { 1, 2, 7, 33, 100 };

  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 5; j++)
      {
        for (int kind = 0; kind < 2; kind++)
          {
            tangent_case (suite, rows[i], widths[j], (TangentOp) kind);
            for (int wanted = 1; wanted < 4; wanted++)
              tangent_grad_case (suite, rows[i], widths[j], (TangentOp) kind, wanted & 1, wanted & 2);
          }
        norm_tangent_case (suite, rows[i], widths[j]);
        for (int wanted = 1; wanted < 8; wanted++)
          norm_tangent_grad_case (suite, rows[i], widths[j], wanted);
        min_max_case (suite, rows[i], widths[j], false);
        min_max_case (suite, rows[i], widths[j], true);
      }
  cam_case (suite, 1, 1, 1, 1);
  cam_case (suite, 2, 3, 4, 9);
  cam_case (suite, 3, 2, 5, 16);
  for (int wanted = 1; wanted < 4; wanted++)
    {
      cam_grad_case (suite, 1, 1, 1, 1, wanted);
      cam_grad_case (suite, 2, 3, 4, 9, wanted);
    }
  for (int gradient = 0; gradient < 2; gradient++)
    {
      bilinear_case (suite, 1, 1, 1, 3, 2, gradient);
      bilinear_case (suite, 2, 3, 2, 7, 9, gradient);
      bilinear_case (suite, 1, 4, 4, 4, 4, gradient);
      bilinear_case (suite, 1, 5, 6, 3, 2, gradient); /* smaller */
    }
  for (int per_sample = 0; per_sample < 2; per_sample++)
    for (int kind = REGION_SOME; kind <= REGION_ALL; kind++)
      {
        amc_case (suite, 3, 20, per_sample, (RegionKind) kind, per_sample != 0);
        amc_case (suite, 1, 7, per_sample, (RegionKind) kind, true);
        amc_grad_case (suite, 3, 20, per_sample, (RegionKind) kind);
        amc_grad_case (suite, 1, 7, per_sample, (RegionKind) kind);
      }
  for (int64_t n = 1; n < 40; n += 6)
    for (int gradient = 0; gradient < 2; gradient++)
      {
        log_mass_case (suite, 3, n, 1e-3f, gradient);
        log_mass_case (suite, 1, n, 2, gradient);
      }
}
