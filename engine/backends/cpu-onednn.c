/* SPDX-License-Identifier: MIT */
#include "cpu-onednn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if !defined (HAVE_DNNL)

CpuOneDnn *
cpu_onednn_open (const CpuKernels *kernels)
{
  return NULL;
}

void
cpu_onednn_close (CpuOneDnn *onednn)
{
}

const char *
cpu_onednn_version (void)
{
  return NULL;
}

size_t
cpu_onednn_packed_bytes (CpuOneDnn *onednn, int64_t m, int64_t n, int64_t k)
{
  return 0;
}

bool
cpu_onednn_pack (CpuOneDnn *onednn, int64_t n, int64_t k, const float *w, void *packed)
{
  return false;
}

bool
cpu_onednn_product (CpuOneDnn *onednn, int64_t m, int64_t n, int64_t k, const float *x, int64_t ldx,
                    const void *packed, float *y, int64_t ldy)
{
  return false;
}

#else

#include <dnnl.h>
#include <omp.h>
#include <pthread.h>

#include "error.h"

/* ---------------------------------------------------------------------------------------------------
 * What differs between oneDNN 2 and 3: memory descriptors became handles, operation descriptors went away.
 */

#if DNNL_VERSION_MAJOR >= 3

typedef dnnl_memory_desc_t Desc;
typedef const_dnnl_memory_desc_t DescRef;

static DescRef
desc_ref (const Desc *desc)
{
  return *desc;
}

static bool
desc_strided (Desc *desc, dnnl_dims_t dims, dnnl_dims_t strides)
{
  return dnnl_memory_desc_create_with_strides (desc, 2, dims, dnnl_f32, strides) == dnnl_success;
}

static bool
desc_any (Desc *desc, dnnl_dims_t dims)
{
  return dnnl_memory_desc_create_with_tag (desc, 2, dims, dnnl_f32, dnnl_format_tag_any) == dnnl_success;
}

static bool
desc_copy (Desc *desc, DescRef from)
{
  return dnnl_memory_desc_clone (desc, from) == dnnl_success;
}

static void
desc_clear (Desc *desc)
{
  dnnl_memory_desc_destroy (*desc);
}

static dnnl_status_t
matmul_new (dnnl_primitive_desc_t *made, dnnl_engine_t engine, const Desc *x, const Desc *w, const Desc *y,
            dnnl_primitive_attr_t attr)
{
  return dnnl_matmul_primitive_desc_create (made, engine, *x, *w, NULL, *y, attr);
}

#else

typedef dnnl_memory_desc_t Desc;
typedef const dnnl_memory_desc_t *DescRef;

static DescRef
desc_ref (const Desc *desc)
{
  return desc;
}

static bool
desc_strided (Desc *desc, dnnl_dims_t dims, dnnl_dims_t strides)
{
  return dnnl_memory_desc_init_by_strides (desc, 2, dims, dnnl_f32, strides) == dnnl_success;
}

static bool
desc_any (Desc *desc, dnnl_dims_t dims)
{
  return dnnl_memory_desc_init_by_tag (desc, 2, dims, dnnl_f32, dnnl_format_tag_any) == dnnl_success;
}

static bool
desc_copy (Desc *desc, DescRef from)
{
  *desc = *from;
  return true;
}

static void
desc_clear (Desc *desc)
{
}

static dnnl_status_t
matmul_new (dnnl_primitive_desc_t *made, dnnl_engine_t engine, const Desc *x, const Desc *w, const Desc *y,
            dnnl_primitive_attr_t attr)
{
  dnnl_matmul_desc_t matmul;
  dnnl_status_t status = dnnl_matmul_desc_init (&matmul, x, w, NULL, y);

  return status == dnnl_success ? dnnl_primitive_desc_create (made, &matmul, attr, engine, NULL) : status;
}

#endif

/* ---------------------------------------------------------------------------------------------------
 * Weight shapes and products that occurred
 */

/* The layout of all n x k weights. */
typedef struct
{
  int64_t n, k;
  Desc packed;
} Layout;

typedef struct
{
  int64_t m, n, k, ldx, ldy;
  dnnl_primitive_t primitive;
  Desc x, y, scratch;
  size_t scratch_bytes; /* 0: `scratch` is not set */
} Product;

/* Sizes beyond these many are left to the own product: a primitive is code and memory of its own. */
#define PRODUCTS_MAX 512

struct CpuOneDnn
{
  pthread_mutex_t lock; /* guards the lists; their entries never change or move */
  dnnl_engine_t engine;
  dnnl_primitive_attr_t attr;
  Layout **layouts;
  int n_layouts;
  Product **products;
  int n_products;
};

/* Everything here runs on one thread of our pool: oneDNN must not open threads of its own. */
static void
stay_on_this_thread (void)
{
  if (omp_get_max_threads () != 1)
    omp_set_num_threads (1);
}

static bool
make_primitive (CpuOneDnn *onednn, Product *product, const Desc *w, dnnl_primitive_desc_t *made)
{
  dnnl_dims_t x_dims = { product->m, product->k }, x_strides = { product->ldx, 1 };
  dnnl_dims_t y_dims = { product->m, product->n }, y_strides = { product->ldy, 1 };

  if (!desc_strided (&product->x, x_dims, x_strides))
    return false;
  if (!desc_strided (&product->y, y_dims, y_strides))
    {
      desc_clear (&product->x);
      return false;
    }
  if (matmul_new (made, onednn->engine, &product->x, w, &product->y, onednn->attr) == dnnl_success)
    return true;
  desc_clear (&product->x);
  desc_clear (&product->y);
  return false;
}

/* The layout of n x k weights, settled now for products of about m rows if need be. Called with the lock
 * held; NULL when oneDNN refuses. */
static Layout *
layout_of (CpuOneDnn *onednn, int64_t m, int64_t n, int64_t k)
{
  Product probe = { .m = m, .n = n, .k = k, .ldx = k, .ldy = n };
  dnnl_dims_t dims = { k, n };
  dnnl_primitive_desc_t made;
  Layout *layout;
  Desc any;
  bool usable;

  for (int i = 0; i < onednn->n_layouts; i++)
    if (onednn->layouts[i]->n == n && onednn->layouts[i]->k == k)
      return onednn->layouts[i];
  if (!desc_any (&any, dims))
    return NULL;
  usable = make_primitive (onednn, &probe, &any, &made);
  desc_clear (&any);
  if (!usable)
    return NULL;
  layout = mem_new0 (1, sizeof *layout);
  layout->n = n;
  layout->k = k;
  usable = desc_copy (&layout->packed, dnnl_primitive_desc_query_md (made, dnnl_query_weights_md, 0));
  dnnl_primitive_desc_destroy (made);
  desc_clear (&probe.x);
  desc_clear (&probe.y);
  if (!usable)
    {
      free (layout);
      return NULL;
    }
  onednn->layouts = mem_resize (onednn->layouts, (size_t) onednn->n_layouts + 1, sizeof *onednn->layouts);
  onednn->layouts[onednn->n_layouts++] = layout;
  return layout;
}

static void
product_free (Product *product)
{
  if (product->primitive != NULL)
    dnnl_primitive_destroy (product->primitive);
  if (product->scratch_bytes > 0)
    desc_clear (&product->scratch);
  desc_clear (&product->x);
  desc_clear (&product->y);
  free (product);
}

/* The primitive for these sizes. Called with the lock held; NULL when oneDNN refuses. */
static Product *
product_of (CpuOneDnn *onednn, const Layout *layout, int64_t m, int64_t ldx, int64_t ldy)
{
  Product *product;
  dnnl_primitive_desc_t made;
  DescRef scratch;
  bool usable;

  for (int i = 0; i < onednn->n_products; i++)
    {
      product = onednn->products[i];
      if (product->m == m && product->n == layout->n && product->k == layout->k && product->ldx == ldx
          && product->ldy == ldy)
        return product;
    }
  if (onednn->n_products == PRODUCTS_MAX)
    return NULL;
  product = mem_new0 (1, sizeof *product);
  *product = (Product) { .m = m, .n = layout->n, .k = layout->k, .ldx = ldx, .ldy = ldy };
  if (!make_primitive (onednn, product, &layout->packed, &made))
    {
      free (product);
      return NULL;
    }
  scratch = dnnl_primitive_desc_query_md (made, dnnl_query_scratchpad_md, 0);
  product->scratch_bytes = scratch != NULL ? dnnl_memory_desc_get_size (scratch) : 0;
  usable = product->scratch_bytes == 0 || desc_copy (&product->scratch, scratch);
  usable = usable && dnnl_primitive_create (&product->primitive, made) == dnnl_success;
  dnnl_primitive_desc_destroy (made);
  if (!usable)
    {
      product_free (product);
      return NULL;
    }
  onednn->products = mem_resize (onednn->products, (size_t) onednn->n_products + 1, sizeof *onednn->products);
  onednn->products[onednn->n_products++] = product;
  return product;
}

static bool
execute (CpuOneDnn *onednn, dnnl_primitive_t primitive, int n_args, const dnnl_exec_arg_t *args)
{
  dnnl_stream_t stream;
  bool done;

  if (dnnl_stream_create (&stream, onednn->engine, dnnl_stream_default_flags) != dnnl_success)
    return false;
  done = dnnl_primitive_execute (primitive, stream, n_args, args) == dnnl_success
         && dnnl_stream_wait (stream) == dnnl_success;
  dnnl_stream_destroy (stream);
  return done;
}

/* ---------------------------------------------------------------------------------------------------
 * Public functions
 */

CpuOneDnn *
cpu_onednn_open (const CpuKernels *kernels)
{
  const char *wanted = getenv ("ALBEF_CPU_PRODUCTS");
  CpuOneDnn *onednn;

  if (wanted != NULL && strcmp (wanted, "own") == 0)
    return NULL;
  if ((wanted == NULL || strcmp (wanted, "onednn") != 0) && kernels->lanes >= 8)
    return NULL;
  onednn = mem_new0 (1, sizeof *onednn);
  pthread_mutex_init (&onednn->lock, NULL);
  if (dnnl_engine_create (&onednn->engine, dnnl_cpu, 0) == dnnl_success)
    {
      if (dnnl_primitive_attr_create (&onednn->attr) == dnnl_success)
        {
          /* Scratch memory of our own, so that threads may run the same primitive. */
          if (dnnl_primitive_attr_set_scratchpad_mode (onednn->attr, dnnl_scratchpad_mode_user) == dnnl_success)
            return onednn;
          dnnl_primitive_attr_destroy (onednn->attr);
        }
      dnnl_engine_destroy (onednn->engine);
    }
  pthread_mutex_destroy (&onednn->lock);
  free (onednn);
  return NULL;
}

void
cpu_onednn_close (CpuOneDnn *onednn)
{
  if (onednn == NULL)
    return;
  for (int i = 0; i < onednn->n_products; i++)
    product_free (onednn->products[i]);
  for (int i = 0; i < onednn->n_layouts; i++)
    {
      desc_clear (&onednn->layouts[i]->packed);
      free (onednn->layouts[i]);
    }
  free (onednn->products);
  free (onednn->layouts);
  dnnl_primitive_attr_destroy (onednn->attr);
  dnnl_engine_destroy (onednn->engine);
  pthread_mutex_destroy (&onednn->lock);
  free (onednn);
}

const char *
cpu_onednn_version (void)
{
  static char text[40];
  const dnnl_version_t *version = dnnl_version ();

  snprintf (text, sizeof text, "oneDNN %d.%d.%d", version->major, version->minor, version->patch);
  return text;
}

size_t
cpu_onednn_packed_bytes (CpuOneDnn *onednn, int64_t m, int64_t n, int64_t k)
{
  Layout *layout;

  stay_on_this_thread ();
  pthread_mutex_lock (&onednn->lock);
  layout = layout_of (onednn, m, n, k);
  pthread_mutex_unlock (&onednn->lock);
  return layout != NULL ? dnnl_memory_desc_get_size (desc_ref (&layout->packed)) : 0;
}

bool
cpu_onednn_pack (CpuOneDnn *onednn, int64_t n, int64_t k, const float *w, void *packed)
{
  dnnl_dims_t dims = { k, n }, strides = { 1, k };
  dnnl_memory_t from = NULL, to = NULL;
  dnnl_primitive_desc_t made = NULL;
  dnnl_primitive_t reorder = NULL;
  Layout *layout;
  Desc plain;
  bool done = false;

  stay_on_this_thread ();
  pthread_mutex_lock (&onednn->lock);
  layout = layout_of (onednn, 256, n, k);
  pthread_mutex_unlock (&onednn->lock);
  if (layout == NULL || !desc_strided (&plain, dims, strides))
    return false;
  if (dnnl_memory_create (&from, desc_ref (&plain), onednn->engine, (void *) w) == dnnl_success
      && dnnl_memory_create (&to, desc_ref (&layout->packed), onednn->engine, packed) == dnnl_success
      && dnnl_reorder_primitive_desc_create (&made, desc_ref (&plain), onednn->engine, desc_ref (&layout->packed),
                                             onednn->engine, NULL) == dnnl_success
      && dnnl_primitive_create (&reorder, made) == dnnl_success)
    {
      dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } };

      done = execute (onednn, reorder, 2, args);
    }
  if (reorder != NULL)
    dnnl_primitive_destroy (reorder);
  if (made != NULL)
    dnnl_primitive_desc_destroy (made);
  if (to != NULL)
    dnnl_memory_destroy (to);
  if (from != NULL)
    dnnl_memory_destroy (from);
  desc_clear (&plain);
  return done;
}

bool
cpu_onednn_product (CpuOneDnn *onednn, int64_t m, int64_t n, int64_t k, const float *x, int64_t ldx,
                    const void *packed, float *y, int64_t ldy)
{
  dnnl_memory_t memories[4] = { NULL };
  Product *product = NULL;
  Layout *layout;
  void *scratch = NULL;
  bool done = false;

  stay_on_this_thread ();
  pthread_mutex_lock (&onednn->lock);
  layout = layout_of (onednn, m, n, k);
  if (layout != NULL)
    product = product_of (onednn, layout, m, ldx, ldy);
  pthread_mutex_unlock (&onednn->lock);
  if (product == NULL)
    return false;
  if (product->scratch_bytes > 0 && posix_memalign (&scratch, 64, product->scratch_bytes) != 0)
    return false;
  if (dnnl_memory_create (&memories[0], desc_ref (&product->x), onednn->engine, (void *) x) == dnnl_success
      && dnnl_memory_create (&memories[1], desc_ref (&layout->packed), onednn->engine, (void *) packed) == dnnl_success
      && dnnl_memory_create (&memories[2], desc_ref (&product->y), onednn->engine, y) == dnnl_success)
    {
      dnnl_exec_arg_t args[4] = { { DNNL_ARG_SRC, memories[0] }, { DNNL_ARG_WEIGHTS, memories[1] },
                                  { DNNL_ARG_DST, memories[2] } };
      int n_args = 3;

      if (scratch != NULL
          && dnnl_memory_create (&memories[3], desc_ref (&product->scratch), onednn->engine, scratch) == dnnl_success)
        args[n_args++] = (dnnl_exec_arg_t) { DNNL_ARG_SCRATCHPAD, memories[3] };
      if (scratch == NULL || n_args == 4)
        done = execute (onednn, product->primitive, n_args, args);
    }
  for (int i = 0; i < 4; i++)
    if (memories[i] != NULL)
      dnnl_memory_destroy (memories[i]);
  free (scratch);
  return done;
}

#endif
