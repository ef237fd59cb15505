/* SPDX-License-Identifier: MIT
 * reference.c: the oracle. One thread, plain loops, sums in double, host memory from malloc. */
#include "reference.h"

#include "call-views.h"
#include "error.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHO "reference backend"

/* ---------------------------------------------------------------------------------------------------
 * Checks
 */

static void
check_view (View view, size_t bytes, bool written, const char *who, const char *what)
{
  if (view.buffer == NULL)
    {
      fprintf (stderr, "albef: %s: %s: no buffer\n", who, what);
      abort ();
    }
  if (view.offset > view.buffer->size || bytes > view.buffer->size - view.offset)
    {
      fprintf (stderr, "albef: %s: %s: bytes %zu to %zu of a buffer of %zu\n", who, what, view.offset,
               view.offset + bytes, view.buffer->size);
      abort ();
    }
  if (written && view.buffer->borrowed)
    {
      fprintf (stderr, "albef: %s: %s: writes to wrapped host memory, which is read only\n", who, what);
      abort ();
    }
}

void
reference_check_upload (View out, size_t bytes, const char *who)
{
  check_view (out, bytes, true, who, "upload");
}

void
reference_check_download (View in, size_t bytes, const char *who)
{
  check_view (in, bytes, false, who, "download");
}

/* A mask has a row for all queries of a batch entry, or a row for each. */
static void
check_mask (View mask, int64_t mask_queries, int64_t queries, const char *who, KernelId id)
{
  if (mask.buffer != NULL && mask_queries != 1 && mask_queries != queries)
    {
      fprintf (stderr, "albef: %s: %s: mask_queries %" PRId64 " is neither 1 nor queries, %" PRId64 "\n", who,
               kernel_name (id), mask_queries, queries);
      abort ();
    }
}

void
reference_check_call (const KernelCall *call, const char *who)
{
  CallView views[CALL_VIEWS_MAX];
  int count = call_views (call, views);

  for (int i = 0; i < count; i++)
    {
      char what[96];

      snprintf (what, sizeof what, "%s: view '%s'", kernel_name (call->id), views[i].name);
      check_view (*views[i].view, views[i].bytes, views[i].access != CALL_READS, who, what);
      if (views[i].view->offset % 4 != 0)
        {
          fprintf (stderr, "albef: %s: %s: offset %zu is not a multiple of 4\n", who, what, views[i].view->offset);
          abort ();
        }
    }
  if (call->id == KERNEL_SOFTMAX)
    check_mask (call->softmax.mask, call->softmax.mask_queries, call->softmax.queries, who, call->id);
  if (call->id == KERNEL_ATTENTION)
    check_mask (call->attention.mask, call->attention.mask_queries, call->attention.queries, who, call->id);
  if (call->id == KERNEL_ADD && call->add.n > 0 && (call->add.nb <= 0 || call->add.n % call->add.nb != 0))
    {
      fprintf (stderr, "albef: %s: add: nb %" PRId64 " does not divide n %" PRId64 "\n", who, call->add.nb,
               call->add.n);
      abort ();
    }
}

void
reference_run (const KernelCall *call)
{
  switch (call->id)
    {
    case KERNEL_FILL:
      return reference_fill (&call->fill);
    case KERNEL_COPY:
      return reference_copy (&call->copy);
    case KERNEL_GEMM:
      return reference_gemm (&call->gemm);
    case KERNEL_LINEAR:
      return reference_linear (&call->linear);
    case KERNEL_LINEAR_GRAD_INPUT:
      return reference_linear_grad_input (&call->linear_grad_input);
    case KERNEL_SOFTMAX:
      return reference_softmax (&call->softmax);
    case KERNEL_SOFTMAX_GRAD:
      return reference_softmax_grad (&call->softmax_grad);
    case KERNEL_ATTENTION:
      return reference_attention (&call->attention);
    case KERNEL_LAYER_NORM:
      return reference_layer_norm (&call->layer_norm);
    case KERNEL_LAYER_NORM_GRAD:
      return reference_layer_norm_grad (&call->layer_norm_grad);
    case KERNEL_L2_NORMALIZE:
      return reference_l2_normalize (&call->l2_normalize);
    case KERNEL_L2_NORMALIZE_GRAD:
      return reference_l2_normalize_grad (&call->l2_normalize_grad);
    case KERNEL_UNARY:
      return reference_unary (&call->unary);
    case KERNEL_UNARY_GRAD:
      return reference_unary_grad (&call->unary_grad);
    case KERNEL_ADD:
      return reference_add (&call->add);
    case KERNEL_ADD_SCALED:
      return reference_add_scaled (&call->add_scaled);
    case KERNEL_DIVIDE_BY_SCALAR:
      return reference_divide_by_scalar (&call->divide_by_scalar);
    case KERNEL_DIVIDE_BY_SCALAR_GRAD:
      return reference_divide_by_scalar_grad (&call->divide_by_scalar_grad);
    case KERNEL_SUM_ROWS:
      return reference_sum_rows (&call->sum_rows);
    case KERNEL_GATHER_ROWS:
      return reference_gather_rows (&call->gather_rows);
    case KERNEL_SCATTER_ADD_ROWS:
      return reference_scatter_add_rows (&call->scatter_add_rows);
    case KERNEL_PATCHES:
      return reference_patches (&call->patches);
    case KERNEL_SOFT_TARGETS:
      return reference_soft_targets (&call->soft_targets);
    case KERNEL_CROSS_ENTROPY:
      return reference_cross_entropy (&call->cross_entropy);
    case KERNEL_CROSS_ENTROPY_GRAD:
      return reference_cross_entropy_grad (&call->cross_entropy_grad);
    case KERNEL_MATCH_TARGETS:
      return reference_match_targets (&call->match_targets);
    case KERNEL_NEGATIVE_WEIGHTS:
      return reference_negative_weights (&call->negative_weights);
    case KERNEL_DRAW:
      return reference_draw (&call->draw);
    case KERNEL_ENQUEUE:
      return reference_enqueue (&call->enqueue);
    case KERNEL_MOMENTUM:
      return reference_momentum (&call->momentum);
    case KERNEL_CLAMP:
      return reference_clamp (&call->clamp);
    case KERNEL_ADAMW:
      return reference_adamw (&call->adamw);
    case KERNEL_DROPOUT:
      return reference_dropout (&call->dropout);
    case KERNEL_TANGENT:
      return reference_tangent (&call->tangent);
    case KERNEL_TANGENT_GRAD:
      return reference_tangent_grad (&call->tangent_grad);
    case KERNEL_LAYER_NORM_TANGENT:
      return reference_layer_norm_tangent (&call->layer_norm_tangent);
    case KERNEL_LAYER_NORM_TANGENT_GRAD:
      return reference_layer_norm_tangent_grad (&call->layer_norm_tangent_grad);
    case KERNEL_CAM:
      return reference_cam (&call->cam);
    case KERNEL_CAM_GRAD:
      return reference_cam_grad (&call->cam_grad);
    case KERNEL_MIN_MAX:
      return reference_min_max (&call->min_max);
    case KERNEL_MIN_MAX_GRAD:
      return reference_min_max_grad (&call->min_max_grad);
    case KERNEL_BILINEAR:
      return reference_bilinear (&call->bilinear);
    case KERNEL_BILINEAR_GRAD:
      return reference_bilinear_grad (&call->bilinear_grad);
    case KERNEL_AMC:
      return reference_amc (&call->amc);
    case KERNEL_AMC_GRAD:
      return reference_amc_grad (&call->amc_grad);
    case KERNEL_LOG_MASS:
      return reference_log_mass (&call->log_mass);
    case KERNEL_LOG_MASS_GRAD:
      return reference_log_mass_grad (&call->log_mass_grad);
    case KERNEL_COUNT:
      break;
    }
}

/* ---------------------------------------------------------------------------------------------------
 * The backend
 */

static Buffer *
buffer_new (Backend *backend, size_t bytes)
{
  Buffer *buffer = malloc (sizeof *buffer);
  unsigned char *block = malloc (bytes > 0 ? bytes : 1);

  if (buffer == NULL || block == NULL)
    {
      free (buffer);
      free (block);
      return NULL;
    }
  *buffer = (Buffer) { .bytes = block, .size = bytes };
  return buffer;
}

static Buffer *
buffer_wrap (Backend *backend, const void *host, size_t bytes)
{
  Buffer *buffer = malloc (sizeof *buffer);

  if (buffer != NULL)
    *buffer = (Buffer) { .bytes = (unsigned char *) host, .size = bytes, .borrowed = true };
  return buffer;
}

static void
buffer_free (Backend *backend, Buffer *buffer)
{
  if (buffer == NULL)
    return;
  if (!buffer->borrowed)
    free (buffer->bytes);
  free (buffer);
}

static void
upload (Backend *backend, View out, const void *host, size_t bytes)
{
  reference_check_upload (out, bytes, WHO);
  memcpy (out.buffer->bytes + out.offset, host, bytes);
}

static void
download (Backend *backend, void *host, View in, size_t bytes)
{
  reference_check_download (in, bytes, WHO);
  memcpy (host, in.buffer->bytes + in.offset, bytes);
}

static void
synchronize (Backend *backend)
{
  /* Every call has run when it returns. */
}

static void
run (Backend *backend, const KernelCall *call)
{
  reference_check_call (call, WHO);
  reference_run (call);
}

static void
pack_free (Backend *backend, PackSlot *slot)
{
  /* Products read weights as they are: no packed forms. */
}

static void
close_backend (Backend *backend)
{
  free (backend);
}

static const BackendClass reference_class = {
  .buffer_new = buffer_new,
  .buffer_wrap = buffer_wrap,
  .buffer_free = buffer_free,
  .upload = upload,
  .download = download,
  .synchronize = synchronize,
  .run = run,
  .pack_free = pack_free,
  .close = close_backend,
};

Backend *
backend_reference_open (void)
{
  Backend *backend = mem_new0 (1, sizeof *backend);

  backend->class = &reference_class;
  backend->name = "reference";
  backend->precision = "f32";
  backend->threads = 1;
  snprintf (backend->description, sizeof backend->description, "reference: plain loops, sums in double, one thread");
  return backend;
}
