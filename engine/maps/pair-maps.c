/* SPDX-License-Identifier: MIT */
#include "pair-maps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention-maps.h"
#include "error.h"
#include "gradcam.h"

/* Cosine of the two unit features; NAN without projections. `sim` was computed inside the step. */
static double
read_similarity (Tensor *sim)
{
  float value = NAN;

  if (sim != NULL)
    tensor_to_host (sim, &value);
  return (double) value;
}

static Tensor *
similarity (Scope *scope, const ImageState *image, const TextState *text)
{
  if (image->feature == NULL || text->feature == NULL)
    return NULL;
  return op_similarity (scope, image->feature, text->feature);
}

bool
pair_maps_itm (const Model *model, const ImageState *image, const TextState *text, int layer,
               const AlbefCancel *cancel, PairMaps *maps)
{
  int64_t tokens = text->hidden->shape[1], grid = model->vision.grid, i = grid * grid + 1;
  int heads = model->text.heads;
  AttentionMaps attention;
  Scope scope;
  Tensor *sim;
  bool done;

  *maps = (PairMaps) { .heads = heads, .tokens = (int) tokens, .grid = (int) grid };
  scope_init (&scope, model->backend);
  scope.cancel = cancel;
  backend_step_begin (model->backend);
  done = itm_attention (&scope, model, text->hidden, NULL, image->keys, layer > 0 ? model_bert_layer (model, layer) : -1,
                        &attention);
  sim = done ? similarity (&scope, image, text) : NULL;
  backend_step_end (model->backend);
  if (done)
    {
      tensor_to_host (attention.logits, maps->itm_logits);
      maps->itc = read_similarity (sim);
    }
  if (done && layer > 0)
    {
      size_t n = (size_t) heads * (size_t) tokens;
      float *a = mem_new0 (n * (size_t) i, sizeof *a), *g = mem_new0 (n * (size_t) i, sizeof *g);

      tensor_to_host (attention.attention, a);
      tensor_to_host (attention.gradient, g);
      maps->product = mem_new0 (n * (size_t) (i - 1), sizeof *maps->product);
      gradcam_product (a, g, NULL, 1, heads, tokens, i, maps->product);
      free (a);
      free (g);
    }
  scope_clear (&scope);
  return done;
}

bool
pair_maps_itc (const Model *model, const float *picture, const ImageState *image, const TextState *text, int block,
               const AlbefCancel *cancel, PairMaps *maps)
{
  int64_t r = model->config.image_res, grid = model->vision.grid, patches = grid * grid, i = patches + 1;
  int heads = model->vision.heads;
  AttentionMaps attention;
  Scope scope;
  bool done = pair_maps_itm (model, image, text, 0, cancel, maps);

  if (!done)
    return false;
  maps->heads = heads;
  maps->tokens = 1;
  scope_init (&scope, model->backend);
  scope.cancel = cancel;
  {
    Tensor *input = tensor_from_host (model->backend, DTYPE_F32, 4, (int64_t[]) { 1, 3, r, r }, picture);

    scope_own (&scope, input);
    backend_step_begin (model->backend);
    done = itc_attention (&scope, model, input, text->feature, block - 1, &attention);
    backend_step_end (model->backend);
  }
  if (done)
    {
      size_t n = (size_t) heads * (size_t) (i * i);
      float *a = mem_new0 (n, sizeof *a), *g = mem_new0 (n, sizeof *g);

      tensor_to_host (attention.attention, a);
      tensor_to_host (attention.gradient, g);
      maps->product = mem_new0 ((size_t) heads * (size_t) patches, sizeof *maps->product);
      /* One head at a time, so that each keeps its own map. */
      for (int h = 0; h < heads; h++)
        gradcam_class_row (a + (int64_t) h * i * i, g + (int64_t) h * i * i, 0, 1, 1, i, maps->product + h * patches);
      free (a);
      free (g);
    }
  scope_clear (&scope);
  return done;
}

void
pair_maps_clear (PairMaps *maps)
{
  free (maps->product);
  maps->product = NULL;
}
