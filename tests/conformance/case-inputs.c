/* SPDX-License-Identifier: MIT */
#include "cases.h"

#include <stdlib.h>

#include "error.h"

const TensorFileEntry *
case_input (Case *c, const char *name, TensorFileType type)
{
  const TensorFileEntry *entry = tensor_file_find (c->in, name);

  if (entry == NULL || entry->type != type)
    {
      error_set (&c->error, ALBEF_ERROR_FORMAT, "input '%s' is missing or has another type", name);
      return NULL;
    }
  return entry;
}

Tensor *
case_tensor (Case *c, Scope *scope, const char *name)
{
  const TensorFileEntry *entry = tensor_file_find (c->in, name);
  int32_t *ids;
  Tensor *tensor;

  if (entry == NULL || entry->n_dims > TENSOR_MAX_DIMS)
    {
      error_set (&c->error, ALBEF_ERROR_FORMAT, "input '%s' is missing", name);
      return NULL;
    }
  if (entry->type == TENSOR_F32)
    return scope_own (scope, tensor_from_host (c->device, DTYPE_F32, entry->n_dims, entry->shape, entry->data));
  ids = mem_new0 ((size_t) entry->n_elements, sizeof *ids);
  for (int64_t i = 0; i < entry->n_elements; i++)
    ids[i] = (int32_t) ((const int64_t *) entry->data)[i];
  tensor = tensor_from_host (c->device, DTYPE_I32, entry->n_dims, entry->shape, ids);
  free (ids);
  return scope_own (scope, tensor);
}

int64_t
case_scalar (Case *c, const char *name, int64_t otherwise)
{
  const TensorFileEntry *entry = tensor_file_find (c->in, name);

  return entry != NULL && entry->type == TENSOR_I64 ? *(const int64_t *) entry->data : otherwise;
}

void
case_dump (Case *c, const char *name, Tensor *tensor)
{
  tensor_to_host (tensor, tensor_writer_reserve (c->out, name, TENSOR_F32, tensor->n_dims, tensor->shape));
}

void
case_dump_host (Case *c, const char *name, int n_dims, const int64_t *shape, const float *values)
{
  tensor_writer_add (c->out, name, TENSOR_F32, n_dims, shape, values);
}
