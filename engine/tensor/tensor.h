/* SPDX-License-Identifier: MIT
 * tensor.h: shape, type and a reference-counted place in device memory.
 *
 * A tensor's data has no address here: it is {buffer, offset} of its backend. The last dimension is
 * contiguous; rows may lie `ld` elements apart (a block of columns, or the class-token rows of a batch), so
 * a tensor is always a matrix of `tensor_rows` x `tensor_columns` to a kernel. Everything an op makes is
 * contiguous; only views have a larger ld.
 *
 * Views share data and gradient with their root: the gradient of a view is the same view of the root's
 * gradient, so slicing needs no gradient rule.
 *
 * Shape mistakes are programmer errors and abort with the names and shapes concerned.
 */
#pragma once

#include "backend.h"

#define TENSOR_MAX_DIMS 5

typedef struct Tensor Tensor;
typedef struct Storage Storage;

struct Tensor
{
  int refs;             /* atomic */
  Backend *backend;
  Storage *storage;     /* shared by views */
  size_t offset;        /* bytes into the storage's buffer */
  DType dtype;
  int n_dims;
  int64_t shape[TENSOR_MAX_DIMS];
  int64_t ld;           /* elements between rows; shape[n_dims - 1] when contiguous */
  bool needs_grad;      /* watched, or computed from something that is */
  Tensor *root;         /* of a view: the tensor it looks into (held); NULL otherwise */
  Tensor *grad;         /* of a root: its gradient, once one flowed */
  int last_use;         /* tape.c's: the node that ends a root's part in the walk back */
};

/* New contiguous tensors; the caller owns one reference. Contents of tensor_new are undefined. */
Tensor *tensor_new (Backend *backend, DType dtype, int n_dims, const int64_t *shape);
Tensor *tensor_zeros (Backend *backend, int n_dims, const int64_t *shape);
Tensor *tensor_from_host (Backend *backend, DType dtype, int n_dims, const int64_t *shape, const void *data);
/* Read-only tensor over host memory that outlives it (a mapped weight file); f32. */
Tensor *tensor_wrap (Backend *backend, int n_dims, const int64_t *shape, const float *data);

Tensor *tensor_ref (Tensor *tensor);   /* returns its argument */
void tensor_unref (Tensor *tensor);    /* NULL is accepted */

/* Copies out tensor_numel elements, row by row where ld says so. Synchronises: never inside a step. */
void tensor_to_host (const Tensor *tensor, void *data);
/* Overwrites a contiguous tensor; packed forms of it are forgotten. */
void tensor_set (Tensor *tensor, const void *data);

int64_t tensor_numel (const Tensor *tensor);
int64_t tensor_columns (const Tensor *tensor); /* last dimension; 1 for a scalar */
int64_t tensor_rows (const Tensor *tensor);    /* product of the others */
bool tensor_is_contiguous (const Tensor *tensor);
View tensor_view (const Tensor *tensor);       /* NULL: VIEW_NONE */
PackSlot *tensor_pack (const Tensor *tensor);
const char *tensor_describe (const Tensor *tensor, char text[64]); /* "f32 4x15x48" */

/* Views; new references that keep their root alive. */
Tensor *tensor_reshape (Tensor *tensor, int n_dims, const int64_t *shape); /* contiguous tensors only */
Tensor *tensor_column_block (Tensor *tensor, int64_t first, int64_t count);/* last dimension */
Tensor *tensor_row_block (Tensor *tensor, int64_t first, int64_t count);   /* first dimension; contiguous */
/* Row `index` of the middle dimension of B x T x C: B x C with ld = T C (e.g. every [CLS]). */
Tensor *tensor_token (Tensor *tensor, int64_t index);
/* B x C (any ld) seen as B x 1 x C. */
Tensor *tensor_unsqueeze (Tensor *tensor);

/* The same data as a root of its own that needs no gradient (contiguous tensors). */
Tensor *tensor_detach (Tensor *tensor);

/* The gradient of `tensor` (of its root, seen alike), zero-filled when first asked for. Borrowed from the
 * tensor. NULL if it needs none. */
Tensor *tensor_grad (Tensor *tensor);
bool tensor_has_grad (const Tensor *tensor); /* has one flowed? */
void tensor_clear_grad (Tensor *tensor);

/* ---------------------------------------------------------------------------------------------------
 * Scope: the owner of a forward pass's tensors
 */

typedef struct Tape Tape;

/* Dropout of a training step: probability, seed (two u32 on the device), and the next stream. */
typedef struct
{
  float p;
  Tensor *seed;
  uint32_t stream;
} Dropout;

/* Ops return tensors owned by their scope; take a reference to keep one longer. */
typedef struct
{
  Backend *backend;
  Tape *tape;                /* NULL: nothing is recorded */
  const AlbefCancel *cancel; /* looked at between layers; may be NULL */
  Dropout *dropout;          /* NULL: none (inference) */
  bool recompute;            /* blocks of the image encoder are computed again for their gradients instead of kept */
  Tensor **owned;
  int n_owned, n_allocated;
} Scope;

void scope_init (Scope *scope, Backend *backend);
void scope_clear (Scope *scope); /* drops every tensor; the scope can be used again */
/* Hands a new reference to the scope; returns the tensor. */
Tensor *scope_own (Scope *scope, Tensor *tensor);
/* Drops what was made since `mark` (an earlier n_owned) except `keep` (NULL: nothing kept). What the tape
 * needs stays alive through the tape. Returns keep. */
Tensor *scope_collect (Scope *scope, int mark, Tensor *keep);
bool scope_cancelled (const Scope *scope);
bool scope_drops (const Scope *scope); /* is dropout on? */

/* Aborts with "albef: <where>: <format>". For programmer errors only. */
_Noreturn void tensor_abort (const char *where, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
