/* SPDX-License-Identifier: MIT
 * backend.c: what is the same for every backend: names, sizes, opening by name, calls with their checks. */
#include "backend.h"

#include "error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t
dtype_size (DType dtype)
{
  switch (dtype)
    {
    case DTYPE_F32:
    case DTYPE_I32:
      return 4;
    case DTYPE_BF16:
      return 2;
    case DTYPE_U8:
      return 1;
    }
  fprintf (stderr, "albef: dtype %d does not exist\n", (int) dtype);
  abort ();
}

const char *
kernel_name (KernelId id)
{
  static const char *const names[KERNEL_COUNT] = {
    [KERNEL_FILL] = "fill",
    [KERNEL_COPY] = "copy",
    [KERNEL_GEMM] = "gemm",
    [KERNEL_LINEAR] = "linear",
    [KERNEL_LINEAR_GRAD_INPUT] = "linear grad input",
    [KERNEL_SOFTMAX] = "softmax",
    [KERNEL_SOFTMAX_GRAD] = "softmax grad",
    [KERNEL_ATTENTION] = "attention",
    [KERNEL_LAYER_NORM] = "layer norm",
    [KERNEL_LAYER_NORM_GRAD] = "layer norm grad",
    [KERNEL_L2_NORMALIZE] = "l2 normalize",
    [KERNEL_L2_NORMALIZE_GRAD] = "l2 normalize grad",
    [KERNEL_UNARY] = "unary",
    [KERNEL_UNARY_GRAD] = "unary grad",
    [KERNEL_ADD] = "add",
    [KERNEL_ADD_SCALED] = "add scaled",
    [KERNEL_DIVIDE_BY_SCALAR] = "divide by scalar",
    [KERNEL_DIVIDE_BY_SCALAR_GRAD] = "divide by scalar grad",
    [KERNEL_SUM_ROWS] = "sum rows",
    [KERNEL_GATHER_ROWS] = "gather rows",
    [KERNEL_SCATTER_ADD_ROWS] = "scatter add rows",
    [KERNEL_PATCHES] = "patches",
    [KERNEL_SOFT_TARGETS] = "soft targets",
    [KERNEL_CROSS_ENTROPY] = "cross entropy",
    [KERNEL_CROSS_ENTROPY_GRAD] = "cross entropy grad",
    [KERNEL_MATCH_TARGETS] = "match targets",
    [KERNEL_NEGATIVE_WEIGHTS] = "negative weights",
    [KERNEL_DRAW] = "draw",
    [KERNEL_ENQUEUE] = "enqueue",
    [KERNEL_MOMENTUM] = "momentum",
    [KERNEL_CLAMP] = "clamp",
    [KERNEL_ADAMW] = "adamw",
    [KERNEL_DROPOUT] = "dropout",
    [KERNEL_TANGENT] = "tangent",
    [KERNEL_TANGENT_GRAD] = "tangent grad",
    [KERNEL_LAYER_NORM_TANGENT] = "layer norm tangent",
    [KERNEL_LAYER_NORM_TANGENT_GRAD] = "layer norm tangent grad",
    [KERNEL_CAM] = "cam",
    [KERNEL_CAM_GRAD] = "cam grad",
    [KERNEL_MIN_MAX] = "min max",
    [KERNEL_MIN_MAX_GRAD] = "min max grad",
    [KERNEL_BILINEAR] = "bilinear",
    [KERNEL_BILINEAR_GRAD] = "bilinear grad",
    [KERNEL_AMC] = "amc",
    [KERNEL_AMC_GRAD] = "amc grad",
    [KERNEL_LOG_MASS] = "log mass",
    [KERNEL_LOG_MASS_GRAD] = "log mass grad",
  };

  return (unsigned) id < KERNEL_COUNT ? names[id] : "unknown kernel";
}

/* ---------------------------------------------------------------------------------------------------
 * Opening
 */

AlbefStatus
backend_open (const char *name, int threads, Backend **backend, AlbefError *error)
{
  *backend = NULL;
  if (name == NULL)
    name = "auto";
  if (strcmp (name, "reference") == 0)
    *backend = backend_reference_open ();
  else if (strcmp (name, "fenced") == 0)
    *backend = backend_fenced_open (true);
  else if (strcmp (name, "cpu") == 0 || strcmp (name, "auto") == 0)
    *backend = backend_cpu_open (threads);
  else if (strcmp (name, "cuda") == 0)
    return error_set (error, ALBEF_ERROR_DEVICE,
                      "device 'cuda': this build has no CUDA backend; use 'cpu', or 'auto' for the best there is");
  else
    return error_set (error, ALBEF_ERROR_ARGUMENT,
                      "device '%s' is not known; known are auto, cpu, cuda, reference and fenced", name);
  if (*backend == NULL)
    return error_set (error, ALBEF_ERROR_DEVICE, "device '%s' cannot be opened", name);
  return ALBEF_OK;
}

void
backend_close (Backend *backend)
{
  if (backend != NULL)
    backend->class->close (backend);
}

/* ---------------------------------------------------------------------------------------------------
 * Calls
 */

Buffer *
backend_buffer_new (Backend *backend, size_t bytes)
{
  Buffer *buffer = backend->class->buffer_new (backend, bytes);

  if (buffer == NULL)
    {
      fprintf (stderr, "albef: backend '%s' has no memory for %zu bytes\n", backend->name, bytes);
      abort ();
    }
  return buffer;
}

void
backend_upload (Backend *backend, View out, const void *host, size_t bytes)
{
  if (bytes > 0)
    backend->class->upload (backend, out, host, bytes);
}

void
backend_download (Backend *backend, void *host, View in, size_t bytes)
{
  if (bytes > 0)
    backend->class->download (backend, host, in, bytes);
}

void
backend_step_begin (Backend *backend)
{
  if (backend->class->step_begin != NULL)
    backend->class->step_begin (backend);
}

void
backend_step_end (Backend *backend)
{
  if (backend->class->step_end != NULL)
    backend->class->step_end (backend);
}

void
backend_pack_reset (Backend *backend, PackSlot *slot)
{
  if (slot == NULL)
    return;
  backend->class->pack_free (backend, slot);
  /* What the owner said of the weight still holds. */
  memset (slot->forms, 0, sizeof slot->forms);
  slot->version = 0;
}
