/* SPDX-License-Identifier: MIT
 * op-cases-moves.c: copies, gathers, patches. */
#include "op-harness.h"

typedef struct
{
  int64_t n0, n1, n2;
  int64_t in_s0, in_s1, out_s0, out_s1;
} CopySize;

static const CopySize copies[] = {
  { 1, 1, 1, 1, 1, 1, 1 },       { 1, 1, 577, 0, 0, 577, 577 }, { 2, 3, 5, 15, 5, 15, 5 },
  { 2, 3, 5, 0, 5, 15, 5 },      { 2, 3, 5, 5, 0, 15, 5 },      { 2, 3, 5, 0, 0, 15, 5 },
  { 3, 4, 7, 31, 7, 28, 7 },     { 3, 4, 7, 28, 7, 41, 9 },     { 2, 3, 4, 4, 8, 12, 4 }, /* swaps the outer two */
  { 3, 1, 64, 640, 64, 64, 64 }, { 5, 9, 1, 9, 1, 1, 5 },       { 2, 144, 24, 3480, 24, 3480, 24 },
  { 0, 3, 4, 12, 4, 12, 4 },     { 0, 1, 2, 2, 2, 2, 2 },       { 0, 2, 1, 2, 1, 2, 1 },
  { 3, 0, 4, 12, 4, 12, 4 },     { 3, 4, 0, 12, 4, 12, 4 },     { 4, 1, 33, 0, 0, 40, 1 },
  { 1, 6, 2, 99, 5, 99, 3 },
};

static void
copy_case (OpSuite *suite, CopySize size, bool accumulate)
{
  OpCase *op
      = op_case_new (suite, KERNEL_COPY, 1, (double) size.n0 * size.n1 * size.n2,
                     "copy %dx%dx%d from %d, %d to %d, %d%s", (int) size.n0, (int) size.n1, (int) size.n2,
                     (int) size.in_s0,
                     (int) size.in_s1, (int) size.out_s0, (int) size.out_s1, accumulate ? " +=" : "");
  CopyArgs *args = &op->call.copy;

  *args = (CopyArgs) { .n0 = size.n0,
                      .n1 = size.n1,
                      .n2 = size.n2,
                      .in_s0 = size.in_s0,
                      .in_s1 = size.in_s1,
                      .out_s0 = size.out_s0,
                      .out_s1 = size.out_s1,
                      .accumulate = accumulate };
  op_operand (op, &args->in, OP_INPUT,
              (OpLayout) { { 1, size.n0, size.n1, size.n2 }, { 0, size.in_s0, size.in_s1, 1 } },
              draw_normal);
  op_operand (op, &args->out, accumulate ? OP_ACCUMULATED : OP_OVERWRITTEN,
              (OpLayout) { { 1, size.n0, size.n1, size.n2 }, { 0, size.out_s0, size.out_s1, 1 } }, draw_normal);
}

typedef struct
{
  int64_t rows, n, table_rows;
} GatherSize;

static const GatherSize gathers[] = {
  { 1, 1, 1 }, { 5, 3, 4 }, { 7, 17, 3 }, { 33, 64, 9 }, { 2, 577, 100 }, { 40, 1, 2 }, { 0, 4, 3 }, { 3, 0, 4 },
};

static void
gather_case (OpSuite *suite, GatherSize size)
{
  OpCase *op = op_case_new (suite, KERNEL_GATHER_ROWS, 1, (double) size.rows * size.n, "gather rows %dx%d of %d",
                            (int) size.rows, (int) size.n, (int) size.table_rows);
  GatherRowsArgs *args = &op->call.gather_rows;

  op->index_limit = size.table_rows;
  *args = (GatherRowsArgs) { .rows = size.rows, .n = size.n, .table_rows = size.table_rows };
  op_operand (op, &args->table, OP_INPUT, layout_flat (size.table_rows * size.n), draw_normal);
  op_operand (op, &args->index, OP_INPUT, layout_flat (size.rows), draw_index);
  op_operand (op, &args->out, OP_OVERWRITTEN, layout_flat (size.rows * size.n), draw_normal);
}

static void
scatter_case (OpSuite *suite, GatherSize size, int64_t skip)
{
  OpCase *op = op_case_new (suite, KERNEL_SCATTER_ADD_ROWS, (double) size.rows, (double) size.rows * size.n,
                            "scatter add rows %dx%d to %d, skip %d", (int) size.rows, (int) size.n,
                            (int) size.table_rows,
                            (int) skip);
  ScatterAddRowsArgs *args = &op->call.scatter_add_rows;

  op->index_limit = size.table_rows;
  *args = (ScatterAddRowsArgs) { .rows = size.rows, .n = size.n, .table_rows = size.table_rows, .skip = skip };
  op_operand (op, &args->in, OP_INPUT, layout_flat (size.rows * size.n), draw_normal);
  op_operand (op, &args->index, OP_INPUT, layout_flat (size.rows), draw_index);
  op_operand (op, &args->table, OP_ACCUMULATED, layout_flat (size.table_rows * size.n), draw_normal);
}

static void
patches_case (OpSuite *suite, int64_t batch, int64_t grid_h, int64_t grid_w, int64_t patch)
{
  int64_t n = batch * 3 * grid_h * grid_w * patch * patch;
  OpCase *op = op_case_new (suite, KERNEL_PATCHES, 1, (double) n, "patches %dx%dx%d of %d", (int) batch, (int) grid_h,
                            (int) grid_w, (int) patch);
  PatchesArgs *args = &op->call.patches;

  *args = (PatchesArgs) { .batch = batch, .grid_h = grid_h, .grid_w = grid_w, .patch = patch };
  op_operand (op, &args->image, OP_INPUT, layout_flat (n), draw_normal);
  op_operand (op, &args->out, OP_OVERWRITTEN, layout_flat (n), draw_normal);
}

void
op_cases_moves (OpSuite *suite)
{
  for (size_t i = 0; i < sizeof copies / sizeof *copies; i++)
    {
      copy_case (suite, copies[i], false);
      copy_case (suite, copies[i], true);
    }
  for (size_t i = 0; i < sizeof gathers / sizeof *gathers; i++)
    {
      gather_case (suite, gathers[i]);
      scatter_case (suite, gathers[i], -1);
      scatter_case (suite, gathers[i], 0);
      scatter_case (suite, gathers[i], gathers[i].table_rows - 1);
    }
  patches_case (suite, 1, 1, 1, 1);
  patches_case (suite, 2, 1, 3, 2);
  patches_case (suite, 1, 3, 2, 5);
  patches_case (suite, 3, 2, 2, 3);
  patches_case (suite, 1, 4, 5, 16);
  patches_case (suite, 0, 2, 2, 3);
}
