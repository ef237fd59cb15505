/* SPDX-License-Identifier: MIT
 * op-harness.h: one harness for every kernel of every backend.
 *
 * A case is a kernel call and the contents of its operands. It is run on the reference backend once, then on
 * any backend to be judged. Judged are: every element of every output against the reference, and every other
 * word of every operand (inputs, padding between rows, margins around), which must be as before. What is not
 * an element, or is overwritten without being read, starts as NaN, so that whoever reads it is noticed.
 *
 * op-cases*.c make the cases, op-gradients.c checks gradient kernels against differences of forward kernels,
 * op-cheats.c is a backend that breaks one rule at a time, which the harness has to notice. */
#pragma once

#include "backend.h"

#define OP_OPERANDS_MAX 8
#define OP_VIEWS_MAX 3

/* What the call does to an operand. */
typedef enum
{
  OP_INPUT,
  OP_OVERWRITTEN, /* starts as NaN */
  OP_ACCUMULATED, /* starts as numbers */
  OP_IN_PLACE     /* an input that is overwritten */
} OpRole;

/* Which elements belong to an operand: up to four nested loops, strides in elements. A count of 0 means no
 * elements; strides of 0 repeat some. */
typedef struct
{
  int64_t count[4];
  int64_t stride[4];
} OpLayout;

typedef struct
{
  OpRole role;
  size_t words;    /* with margins */
  size_t margin;   /* words before the first element */
  uint32_t *data;  /* words: contents before the call */
  bool *element;   /* words: belongs to the layout */
  bool integers;   /* an output of i32, where floats would look like nothing */
  uint32_t *wanted; /* words: contents after the call on the reference backend */
  size_t view[OP_VIEWS_MAX];       /* where in the KernelCall the views lie */
  size_t view_start[OP_VIEWS_MAX]; /* at which word after the margin each starts */
  int views;
} OpOperand;

typedef struct
{
  KernelCall call; /* views hold offsets; their buffers are set when it runs */
  char name[200];
  OpOperand operands[OP_OPERANDS_MAX];
  int operand_count;
  double tolerance; /* of the largest magnitude of an output */
  double cost;      /* multiplications, roughly */
  uint64_t random;  /* state of the generator */
  int64_t index_limit; /* draw_index stays below */
} OpCase;

typedef struct
{
  OpCase **cases;
  int count, capacity;
} OpSuite;

/* ---------------------------------------------------------------------------------------------------
 * Making cases
 */

/* A word of a new operand. */
typedef uint32_t (*OpDraw) (OpCase *op);

uint32_t draw_normal (OpCase *op);   /* about -3 to 3 */
uint32_t draw_large (OpCase *op);    /* about -300 to 300 */
uint32_t draw_positive (OpCase *op); /* 0.5 to 1.5 */
uint32_t draw_index (OpCase *op);    /* an i32 from 0 to index_limit - 1 */
uint64_t draw_bits (OpCase *op);

/* A new case at the end of the suite. `terms` is the length of its longest sum: the tolerance is
 * 1e-6 + 5e-7 sqrt (terms), the drift of sums in f32. */
OpCase *op_case_new (OpSuite *suite, KernelId id, double terms, double cost, const char *format, ...)
    __attribute__ ((format (printf, 5, 6)));

/* Gives the case an operand and points a view of its call there. Returns it, for changes to its words. */
OpOperand *op_operand (OpCase *op, View *view, OpRole role, OpLayout layout, OpDraw draw);

/* Points another view to an operand, `start` elements after its first. */
void op_alias (OpCase *op, OpOperand *operand, View *view, int64_t start);

/* The word of the first element. */
uint32_t *op_words (OpOperand *operand);

OpLayout layout_flat (int64_t n);
OpLayout layout_rows (int64_t rows, int64_t n, int64_t ld);

/* All cases, by topic. */
void op_cases_products (OpSuite *suite);
void op_cases_attention (OpSuite *suite);
void op_cases_rows (OpSuite *suite);
void op_cases_elementwise (OpSuite *suite);
void op_cases_moves (OpSuite *suite);
void op_cases_training (OpSuite *suite);
void op_cases_maps (OpSuite *suite);

/* Runs every case on the reference backend and keeps what comes out. */
void op_suite_prepare (OpSuite *suite);
void op_suite_free (OpSuite *suite);

/* ---------------------------------------------------------------------------------------------------
 * Judging
 */

typedef struct
{
  int cases, failures;
  double error;      /* largest relative error of all cases */
  char worst[200];   /* and its case */
  char failure[400]; /* the first failure in words */
} OpVerdict;

/* Runs all cases of a kernel, those below a cost, on a backend. With `stop`, ends at the first failure. */
OpVerdict op_judge (const OpSuite *suite, Backend *backend, KernelId id, double cost_limit, bool stop);

/* Packed weights follow a reset, and wrapped weights are read: NULL, or what went wrong. */
const char *op_judge_packs (Backend *backend);

/* Uploads and downloads at odd places and sizes: NULL, or what went wrong. */
const char *op_judge_transfers (Backend *backend);

/* ---------------------------------------------------------------------------------------------------
 * Gradients
 */

/* Told of each comparison: the gradient's name with its sizes, whether it is right, its relative error. */
typedef void (*OpReport) (const char *name, bool right, double error);

/* Compares each gradient kernel with central differences of its forward kernel, both on the backend. */
void op_check_gradients (Backend *backend, OpReport report);

/* ---------------------------------------------------------------------------------------------------
 * Cheats
 */

typedef struct OpCheat OpCheat;

/* A way to break the rules of a kernel: it runs in the place of an honest call. */
struct OpCheat
{
  const char *name;
  KernelId id;
  void (*run) (const OpCheat *cheat, Backend *inner, const KernelCall *call);
  void (*change) (KernelCall *call); /* what run_changed does to the call before it runs honestly */
  const char *view;                  /* the field that general cheats single out */
};

/* A reference backend whose `run` is the cheat's for the cheat's kernel. NULL: honest. */
Backend *op_cheat_open (const OpCheat *cheat);

/* Calls `each` for every cheat there is: the general ones for every view of every kernel in the suite, and the
 * particular ones. */
void op_cheats_each (const OpSuite *suite, void (*each) (const OpCheat *cheat, void *data), void *data);

/* The particular cheats, ended by one without a name. */
extern const OpCheat op_particular_cheats[];
void run_changed (const OpCheat *cheat, Backend *inner, const KernelCall *call);

/* A reference backend that ignores backend_pack_reset. */
Backend *op_stale_pack_open (void);
