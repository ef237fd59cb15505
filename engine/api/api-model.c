/* SPDX-License-Identifier: MIT
 * The model handle: a file opened, its weights on the device, its vocabulary, and one forward pass as proof. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "handles.h"
#include "model-handle.h"
#include "query.h"
#include "report.h"
#include "unicode.h"
#include "weight-set.h"

static char *
name_of (const char *path)
{
  const char *slash = strrchr (path, '/'), *base = slash != NULL ? slash + 1 : path;
  const char *dot = strrchr (base, '.');

  return utf8_repair (base, dot != NULL && dot > base ? (size_t) (dot - base) : strlen (base));
}

/* ---------------------------------------------------------------------------------------------------
 * Self-test: a fixed picture and ids; every value finite, every attention row a distribution
 */

static bool
rows_sum_to_one (Tensor *probs, double *worst)
{
  int64_t n = tensor_columns (probs), rows = tensor_rows (probs);
  float *values = mem_new0 ((size_t) (rows * n), sizeof *values);
  bool good = true;

  *worst = 0;
  tensor_to_host (probs, values);
  for (int64_t r = 0; r < rows; r++)
    {
      double sum = 0;

      for (int64_t i = 0; i < n; i++)
        sum += (double) values[r * n + i];
      *worst = fmax (*worst, fabs (sum - 1));
      good = good && fabs (sum - 1) < 1e-4; /* false for NaN */
    }
  free (values);
  return good;
}

/* What the layers so far have packed needs no pages of the mapped file any more; a weight that is read once more
 * comes back from it. So a large model is never in memory twice. */
static void
give_source_back (void *user_data, ObservePoint point, int layer, Tensor *value)
{
  const WeightSet *set = user_data;
  int n;
  const ParameterSpec *specs = weight_set_specs (set, &n);

  for (int i = 0; i < n; i++)
    weight_set_give_back (set, specs[i].name);
}

/* weight_set_get reads a mapped weight to check it; its pages are not needed until it is packed. */
static AlbefStatus
get_weight (void *set, const char *name, int n_dims, const int64_t *shape, const float **mapped, float **copied,
            AlbefError *error)
{
  AlbefStatus status = weight_set_get (set, name, n_dims, shape, mapped, copied, error);

  if (status == ALBEF_OK && *mapped != NULL)
    weight_set_give_back (set, name);
  return status;
}

/* Fills `text` with what was found; false if the model cannot be used. */
static bool
self_test (const Model *model, WeightSet *set, char **text)
{
  int64_t r = model->config.image_res, n = 3 * r * r;
  float *picture = mem_new0 ((size_t) n, sizeof *picture), logits[2] = { 0, 0 };
  int32_t ids[4];
  AttentionTap tap = { model->text.n_layers - 1, false, NULL };
  ImageKeys *keys = mem_new0 ((size_t) model->text.n_layers, sizeof *keys);
  Observer packed = { false, give_source_back, set };
  BertOptions options = { .tap = &tap, .keys = keys, .observer = &packed };
  bool finite = true, distribution;
  double worst;
  Scope scope;
  Tensor *tokens, *hidden, *input;
  int n_ids = model->text.max_positions < 4 ? model->text.max_positions : 4;
  float *state;

  for (int64_t i = 0; i < n; i++)
    picture[i] = sinf (0.01f * (float) i);
  for (int i = 0; i < 4; i++)
    ids[i] = (int32_t) ((i + 1) % model->config.vocab_size);
  scope_init (&scope, model->backend);
  input = scope_own (&scope, tensor_from_host (model->backend, DTYPE_F32, 4, (int64_t[]) { 1, 3, r, r }, picture));
  tokens = vision_forward (&scope, model, input, NULL, &packed);
  for (int l = model->text.fusion_layer; l < model->text.n_layers; l++)
    {
      keys[l] = fusion_keys (&scope, &model->text, l, tokens);
      give_source_back (set, OBSERVE_BERT_LAYER, l, NULL);
    }
  input = scope_own (&scope, tensor_from_host (model->backend, DTYPE_I32, 2, (int64_t[]) { 1, n_ids }, ids));
  hidden = bert_layers (&scope, &model->text, bert_embed (&scope, &model->text, input, NULL), 0, model->text.n_layers,
                        &options);
  state = mem_new0 ((size_t) tensor_numel (hidden), sizeof *state);
  tensor_to_host (hidden, state);
  for (int64_t i = 0; i < tensor_numel (hidden); i++)
    finite = finite && isfinite (state[i]);
  if (model->itm_head.weight != NULL)
    {
      tensor_to_host (head_cls (&scope, &model->itm_head, hidden), logits);
      finite = finite && isfinite (logits[0]) && isfinite (logits[1]);
    }
  distribution = rows_sum_to_one (tap.map, &worst);
  if (!finite)
    *text = mem_strdup ("failed: a forward pass gives values that are not finite");
  else if (!distribution)
    *text = mem_printf ("failed: attention rows do not sum to 1 (off by %.1e)", worst);
  else
    *text = mem_printf ("passed: all values finite, attention rows sum to 1 within %.0e", fmax (worst, 1e-7));
  tap_clear (&tap);
  scope_clear (&scope);
  free (state);
  free (picture);
  free (keys);
  return finite && distribution;
}

/* ---------------------------------------------------------------------------------------------------
 * Opening
 */

/* Reads the weights of `set` into a model handle. */
static AlbefStatus
build (AlbefEngine *engine, const char *path, WeightSet *set, const AlbefModelOptions *options, AlbefModel **out,
       AlbefError *error)
{
  ParameterSource source = { .get = get_weight, .has = weight_set_has, .user_data = set,
                             .progress = options->progress, .progress_data = options->progress_data };
  AlbefReport *report = weight_set_report (set);
  AlbefModel *model = mem_new0 (1, sizeof *model);
  size_t length = 0;
  const char *vocab = weight_set_vocab (set, &length);
  AlbefStatus status;

  model->engine = engine;
  model->weights = set;
  model->path = mem_strdup (path);
  model->name = name_of (path);
  model->report = report_ref (report);
  model->texts = text_cache_new ();
  status = vocab_from_bytes (vocab, length, path, &model->vocab, error);
  if (status == ALBEF_OK)
    {
      pthread_mutex_lock (&engine->lock);
      status = model_new (engine->backend, weight_set_config (set), &source, &model->model, error);
      if (status == ALBEF_OK)
        {
          char *text = NULL;

          if (!self_test (model->model, set, &text))
            status = error_set (error, ALBEF_ERROR_MISMATCH, "the self-test of '%s' %s. Use another checkpoint", path, text);
          report_set (&report->self_test, "%s", text);
          free (text);
        }
      pthread_mutex_unlock (&engine->lock);
    }
  if (status != ALBEF_OK)
    {
      albef_model_free (model);
      return status;
    }
  *out = model;
  return ALBEF_OK;
}

AlbefStatus
albef_model_open_report (AlbefEngine *engine, const char *path, const AlbefModelOptions *options, AlbefModel **model,
                         AlbefReport **report, AlbefError *error)
{
  static const AlbefModelOptions defaults = { 0 };
  WeightSetOptions how = { 0 };
  WeightSet *set = NULL;
  AlbefStatus status;

  if (engine == NULL || path == NULL || model == NULL)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "engine, path and model must be given");
  if (options == NULL)
    options = &defaults;
  how.vocab = options->vocab;
  how.config = options->config;
  how.image_resolution = options->image_resolution;
  how.allow_incomplete = options->allow_incomplete;
  status = weight_set_open (path, &how, &set, report, error);
  if (status != ALBEF_OK)
    return status;
  return build (engine, path, set, options, model, error); /* takes the set over, also on failure */
}

AlbefStatus
albef_model_open (AlbefEngine *engine, const char *path, const AlbefModelOptions *options, AlbefModel **model,
                  AlbefError *error)
{
  return albef_model_open_report (engine, path, options, model, NULL, error);
}

AlbefStatus
albef_model_twin_open (AlbefModel *model, AlbefModel **twin, AlbefError *error)
{
  return model_twin_open (model, twin, error);
}

void
albef_model_twin_free (AlbefModel *twin)
{
  model_twin_free (twin);
}

void
albef_model_free (AlbefModel *model)
{
  if (model == NULL)
    return;
  pthread_mutex_lock (&model->engine->lock);
  image_cache_forget (model->engine->cache, model->model);
  text_cache_free (model->texts);
  model_free (model->model);
  pthread_mutex_unlock (&model->engine->lock);
  vocab_free (model->vocab);
  albef_report_free (model->report);
  weight_set_free (model->weights); /* after the tensors that lie in its mapping */
  free (model->name);
  free (model->path);
  free (model);
}

/* ---------------------------------------------------------------------------------------------------
 * Getters
 */

void
albef_model_info (const AlbefModel *model, AlbefModelInfo *info)
{
  const ModelConfig *c = &model->model->config;

  *info = (AlbefModelInfo) {
    .image_resolution = c->image_res,
    .patch_size = c->patch_size,
    .grid = model->model->vision.grid,
    .vision_layers = c->vision_depth,
    .vision_width = c->vision_width,
    .vision_heads = c->vision_heads,
    .text_layers = model->model->text.fusion_layer,
    .fusion_layers = model_fusion_layers (model->model),
    .text_width = c->hidden_size,
    .text_heads = c->num_attention_heads,
    .vocab_size = c->vocab_size,
    .max_positions = c->max_position_embeddings,
    .grounding_layer = config_grounding_fusion_layer (c),
    .parameters = model->model->n_parameters,
  };
}

const char *
albef_model_name (const AlbefModel *model)
{
  return model->name;
}

const char *
albef_model_kind (const AlbefModel *model)
{
  return model_kind_name (model->model->config.kind);
}

const char *
albef_model_path (const AlbefModel *model)
{
  return model->path;
}

const char *
albef_model_hash (const AlbefModel *model)
{
  return report_hash (model->report);
}

const AlbefReport *
albef_model_report (const AlbefModel *model)
{
  return model->report;
}

const Vocab *
model_vocab (const AlbefModel *model)
{
  return model->vocab;
}

int
model_max_positions (const AlbefModel *model)
{
  return model->model->text.max_positions;
}

AlbefStatus
albef_query_new (const AlbefModel *model, const char *text, int max_words, AlbefQuery **query, AlbefError *error)
{
  if (model == NULL || text == NULL || query == NULL)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "model, text and query must be given");
  return query_new (model->vocab, model_max_positions (model), text, max_words, query, error);
}
