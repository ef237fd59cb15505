/* SPDX-License-Identifier: MIT */
#include "tensor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

struct Storage
{
  int refs; /* atomic */
  Backend *backend;
  Buffer *buffer;
  PackSlot pack;
};

static Storage *
storage_new (Backend *backend, Buffer *buffer)
{
  Storage *storage = mem_new0 (1, sizeof *storage);

  storage->refs = 1;
  storage->backend = backend;
  storage->buffer = buffer;
  return storage;
}

static void
storage_unref (Storage *storage)
{
  if (__atomic_sub_fetch (&storage->refs, 1, __ATOMIC_ACQ_REL) > 0)
    return;
  backend_pack_reset (storage->backend, &storage->pack);
  storage->backend->class->buffer_free (storage->backend, storage->buffer);
  free (storage);
}

static Tensor *
tensor_on (Storage *storage, DType dtype, int n_dims, const int64_t *shape)
{
  Tensor *tensor = mem_new0 (1, sizeof *tensor);

  if (n_dims < 0 || n_dims > TENSOR_MAX_DIMS)
    tensor_abort ("tensor", "%d dimensions", n_dims);
  tensor->refs = 1;
  tensor->backend = storage->backend;
  tensor->storage = storage;
  tensor->dtype = dtype;
  tensor->n_dims = n_dims;
  for (int i = 0; i < n_dims; i++)
    tensor->shape[i] = shape[i];
  tensor->ld = tensor_columns (tensor);
  return tensor;
}

static size_t
shape_bytes (DType dtype, int n_dims, const int64_t *shape)
{
  size_t bytes = dtype_size (dtype);

  for (int i = 0; i < n_dims; i++)
    if (shape[i] < 0 || __builtin_mul_overflow (bytes, (size_t) shape[i], &bytes))
      tensor_abort ("tensor", "dimension %d of size %lld", i, (long long) shape[i]);
  return bytes;
}

/* A view of `tensor` that starts `skip` elements into it. */
static Tensor *
view_new (Tensor *tensor, int64_t skip, int n_dims, const int64_t *shape, int64_t ld)
{
  Tensor *view = tensor_on (tensor->storage, tensor->dtype, n_dims, shape);

  __atomic_add_fetch (&tensor->storage->refs, 1, __ATOMIC_RELAXED);
  view->offset = tensor->offset + (size_t) skip * dtype_size (tensor->dtype);
  view->ld = ld;
  view->root = tensor_ref (tensor->root ? tensor->root : tensor);
  view->needs_grad = tensor->needs_grad;
  return view;
}

Tensor *
tensor_new (Backend *backend, DType dtype, int n_dims, const int64_t *shape)
{
  size_t bytes = shape_bytes (dtype, n_dims, shape);

  return tensor_on (storage_new (backend, backend_buffer_new (backend, bytes > 0 ? bytes : 1)), dtype, n_dims, shape);
}

Tensor *
tensor_zeros (Backend *backend, int n_dims, const int64_t *shape)
{
  Tensor *tensor = tensor_new (backend, DTYPE_F32, n_dims, shape);

  BACKEND_RUN (backend, KERNEL_FILL, fill, .out = tensor_view (tensor), .n = tensor_numel (tensor), .value = 0);
  return tensor;
}

Tensor *
tensor_from_host (Backend *backend, DType dtype, int n_dims, const int64_t *shape, const void *data)
{
  Tensor *tensor = tensor_new (backend, dtype, n_dims, shape);

  backend_upload (backend, tensor_view (tensor), data, shape_bytes (dtype, n_dims, shape));
  return tensor;
}

Tensor *
tensor_wrap (Backend *backend, int n_dims, const int64_t *shape, const float *data)
{
  Buffer *buffer = backend->class->buffer_wrap (backend, data, shape_bytes (DTYPE_F32, n_dims, shape));

  return tensor_on (storage_new (backend, buffer), DTYPE_F32, n_dims, shape);
}

Tensor *
tensor_ref (Tensor *tensor)
{
  __atomic_add_fetch (&tensor->refs, 1, __ATOMIC_RELAXED);
  return tensor;
}

void
tensor_unref (Tensor *tensor)
{
  if (tensor == NULL || __atomic_sub_fetch (&tensor->refs, 1, __ATOMIC_ACQ_REL) > 0)
    return;
  tensor_unref (tensor->grad);
  storage_unref (tensor->storage);
  tensor_unref (tensor->root);
  free (tensor);
}

void
tensor_to_host (const Tensor *tensor, void *data)
{
  size_t row_bytes = (size_t) tensor_columns (tensor) * dtype_size (tensor->dtype);
  View view = tensor_view (tensor);

  if (tensor_is_contiguous (tensor))
    {
      backend_download (tensor->backend, data, view, row_bytes * (size_t) tensor_rows (tensor));
      return;
    }
  for (int64_t i = 0; i < tensor_rows (tensor); i++)
    {
      View row = { view.buffer, view.offset + (size_t) (i * tensor->ld) * dtype_size (tensor->dtype) };

      backend_download (tensor->backend, (char *) data + (size_t) i * row_bytes, row, row_bytes);
    }
}

void
tensor_set (Tensor *tensor, const void *data)
{
  if (!tensor_is_contiguous (tensor))
    tensor_abort ("tensor_set", "a strided view");
  backend_upload (tensor->backend, tensor_view (tensor), data,
                  (size_t) tensor_numel (tensor) * dtype_size (tensor->dtype));
  backend_pack_reset (tensor->backend, &tensor->storage->pack);
}

int64_t
tensor_numel (const Tensor *tensor)
{
  int64_t n = 1;

  for (int i = 0; i < tensor->n_dims; i++)
    n *= tensor->shape[i];
  return n;
}

int64_t
tensor_columns (const Tensor *tensor)
{
  return tensor->n_dims > 0 ? tensor->shape[tensor->n_dims - 1] : 1;
}

int64_t
tensor_rows (const Tensor *tensor)
{
  int64_t n = 1;

  for (int i = 0; i + 1 < tensor->n_dims; i++)
    n *= tensor->shape[i];
  return n;
}

bool
tensor_is_contiguous (const Tensor *tensor)
{
  return tensor->ld == tensor_columns (tensor) || tensor_rows (tensor) <= 1;
}

View
tensor_view (const Tensor *tensor)
{
  return tensor ? (View) { tensor->storage->buffer, tensor->offset } : VIEW_NONE;
}

PackSlot *
tensor_pack (const Tensor *tensor)
{
  /* A slot describes the whole buffer; a view of part of a weight is packed as nothing. */
  return tensor->root == NULL ? &tensor->storage->pack : NULL;
}

const char *
tensor_describe (const Tensor *tensor, char text[64])
{
  static const char *const names[] = { "f32", "bf16", "i32", "u8" };
  int length;

  if (tensor == NULL)
    return "none";
  length = snprintf (text, 64, "%s ", names[tensor->dtype]);
  for (int i = 0; i < tensor->n_dims && length < 64; i++)
    length += snprintf (text + length, 64 - (size_t) length, "%s%lld", i ? "x" : "", (long long) tensor->shape[i]);
  return text;
}

Tensor *
tensor_reshape (Tensor *tensor, int n_dims, const int64_t *shape)
{
  char text[64];
  Tensor *view;

  if (!tensor_is_contiguous (tensor))
    tensor_abort ("tensor_reshape", "strided %s", tensor_describe (tensor, text));
  view = view_new (tensor, 0, n_dims, shape, n_dims > 0 ? shape[n_dims - 1] : 1);
  if (tensor_numel (view) != tensor_numel (tensor))
    tensor_abort ("tensor_reshape", "%s has another number of elements", tensor_describe (tensor, text));
  return view;
}

Tensor *
tensor_column_block (Tensor *tensor, int64_t first, int64_t count)
{
  int64_t shape[TENSOR_MAX_DIMS];
  char text[64];

  if (first < 0 || count < 0 || first + count > tensor_columns (tensor))
    tensor_abort ("tensor_column_block", "columns %lld + %lld of %s", (long long) first, (long long) count,
                  tensor_describe (tensor, text));
  memcpy (shape, tensor->shape, sizeof shape);
  shape[tensor->n_dims - 1] = count;
  return view_new (tensor, first, tensor->n_dims, shape, tensor->ld);
}

Tensor *
tensor_row_block (Tensor *tensor, int64_t first, int64_t count)
{
  int64_t shape[TENSOR_MAX_DIMS];
  int64_t stride = tensor->shape[0] > 0 ? tensor_numel (tensor) / tensor->shape[0] : 0;
  char text[64];

  if (!tensor_is_contiguous (tensor) || first < 0 || count < 0 || first + count > tensor->shape[0])
    tensor_abort ("tensor_row_block", "rows %lld + %lld of %s", (long long) first, (long long) count,
                  tensor_describe (tensor, text));
  memcpy (shape, tensor->shape, sizeof shape);
  shape[0] = count;
  return view_new (tensor, first * stride, tensor->n_dims, shape, tensor->ld);
}

Tensor *
tensor_token (Tensor *tensor, int64_t index)
{
  char text[64];

  if (tensor->n_dims != 3 || !tensor_is_contiguous (tensor) || index < 0 || index >= tensor->shape[1])
    tensor_abort ("tensor_token", "token %lld of %s", (long long) index, tensor_describe (tensor, text));
  return view_new (tensor, index * tensor->shape[2], 2, (int64_t[]) { tensor->shape[0], tensor->shape[2] },
                   tensor->shape[1] * tensor->shape[2]);
}

Tensor *
tensor_unsqueeze (Tensor *tensor)
{
  char text[64];

  if (tensor->n_dims != 2)
    tensor_abort ("tensor_unsqueeze", "%s", tensor_describe (tensor, text));
  return view_new (tensor, 0, 3, (int64_t[]) { tensor->shape[0], 1, tensor->shape[1] }, tensor->ld);
}

Tensor *
tensor_detach (Tensor *tensor)
{
  char text[64];
  Tensor *copy;

  if (!tensor_is_contiguous (tensor))
    tensor_abort ("tensor_detach", "strided %s", tensor_describe (tensor, text));
  copy = tensor_on (tensor->storage, tensor->dtype, tensor->n_dims, tensor->shape);
  __atomic_add_fetch (&tensor->storage->refs, 1, __ATOMIC_RELAXED);
  copy->offset = tensor->offset;
  return copy;
}

Tensor *
tensor_grad (Tensor *tensor)
{
  Tensor *root = tensor->root ? tensor->root : tensor;
  Tensor *grad;

  if (!root->needs_grad)
    return NULL;
  if (root->grad == NULL)
    root->grad = tensor_zeros (root->backend, root->n_dims, root->shape);
  if (root == tensor)
    return root->grad;
  if (tensor->grad == NULL)
    {
      int64_t skip = (int64_t) ((tensor->offset - root->offset) / dtype_size (tensor->dtype));

      grad = view_new (root->grad, skip, tensor->n_dims, tensor->shape, tensor->ld);
      tensor->grad = grad;
    }
  return tensor->grad;
}

bool
tensor_has_grad (const Tensor *tensor)
{
  return (tensor->root ? tensor->root : tensor)->grad != NULL;
}

void
tensor_clear_grad (Tensor *tensor)
{
  if (tensor->root != NULL)
    tensor_abort ("tensor_clear_grad", "called on a view");
  tensor_unref (tensor->grad);
  tensor->grad = NULL;
}

void
scope_init (Scope *scope, Backend *backend)
{
  *scope = (Scope) { .backend = backend };
}

void
scope_clear (Scope *scope)
{
  scope_collect (scope, 0, NULL);
  free (scope->owned);
  scope->owned = NULL;
  scope->n_allocated = 0;
}

Tensor *
scope_own (Scope *scope, Tensor *tensor)
{
  if (scope->n_owned == scope->n_allocated)
    {
      scope->n_allocated = scope->n_allocated > 0 ? 2 * scope->n_allocated : 64;
      scope->owned = mem_resize (scope->owned, (size_t) scope->n_allocated, sizeof *scope->owned);
    }
  scope->owned[scope->n_owned++] = tensor;
  return tensor;
}

Tensor *
scope_collect (Scope *scope, int mark, Tensor *keep)
{
  if (keep != NULL)
    tensor_ref (keep);
  while (scope->n_owned > mark)
    tensor_unref (scope->owned[--scope->n_owned]);
  return keep != NULL ? scope_own (scope, keep) : NULL;
}

bool
scope_cancelled (const Scope *scope)
{
  return albef_cancel_is_triggered (scope->cancel);
}

bool
scope_drops (const Scope *scope)
{
  return scope->dropout != NULL && scope->dropout->p > 0;
}

void
tensor_abort (const char *where, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  fprintf (stderr, "albef: %s: ", where);
  vfprintf (stderr, format, args);
  fprintf (stderr, "\n");
  va_end (args);
  abort ();
}
