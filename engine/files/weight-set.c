/* SPDX-License-Identifier: MIT */
#include "weight-set.h"
#include "derive.h"
#include "error.h"
#include "pickle-json.h"
#include "pos-embed.h"
#include "unicode.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum
{
  MAX_CONFIG = 1 << 20, /* bytes of a config.json */
  MAX_VOCAB = 64 << 20, /* bytes of a vocab.txt; BERT's has 230 KB */
};

struct WeightSet
{
  WeightSource *source;
  KeyIndex keys;
  ModelConfig config;
  uint32_t stated; /* CONFIG_STATED_* */
  bool temp_stated;
  ParameterSpec *specs;
  int *found; /* [n_specs] source index or -1 */
  int n_specs;
  char *name;
  char *vocab;
  size_t vocab_length;
  int wrong_shapes, missing;
  AlbefReport *report;
};

/* --- configuration ---------------------------------------------------------------------------------- */

/* PATH's folder + "/" + name. */
static char *
beside (const char *path, const char *name)
{
  const char *slash = strrchr (path, '/');

  return slash != NULL ? mem_printf ("%.*s/%s", (int) (slash - path), path, name) : mem_strdup (name);
}

/* Puts what a JSON text states over the configuration. With several entries and none named, the first that agrees
 * with the weights is taken. */
static AlbefStatus
overlay (WeightSet *set, const char *json, size_t length, const char *name, const char *entry,
         const ModelConfig *derived, AlbefError *error)
{
  json_t *root = json_loadb (json, length, JSON_ALLOW_NUL, NULL), *value;
  ModelConfig config = set->config;
  uint32_t stated = 0;
  AlbefStatus status;
  const char *key;
  int a, b;

  status = config_parse (json, length, name, entry, &config, &stated, error);
  if (status == ALBEF_OK && entry == NULL && stated == 0)
    json_object_foreach (root, key, value)
    {
      ModelConfig other = set->config;
      uint32_t other_stated = 0;

      if (json_is_object (value) && json_object_get (value, "vision_width") != NULL
          && config_parse (json, length, name, key, &other, &other_stated, NULL) == ALBEF_OK
          && config_contradiction (&other, derived, &a, &b) == NULL)
        {
          config = other;
          stated = other_stated;
          break;
        }
    }
  /* config_parse takes 4 x the width unless told otherwise, which the weights know better. */
  if (config.vision_width == derived->vision_width && config.vision_mlp_width == 4 * config.vision_width)
    config.vision_mlp_width = derived->vision_mlp_width;
  if (!(stated & CONFIG_STATED_GROUNDING_LAYER) && !(set->stated & CONFIG_STATED_GROUNDING_LAYER))
    config.grounding_layer = config.fusion_layer + (config.num_hidden_layers - config.fusion_layer - 1) / 2;
  if (config.num_classes == 0)
    config.num_classes = derived->num_classes;
  if (status == ALBEF_OK)
    {
      set->config = config;
      set->stated |= stated;
    }
  json_decref (root);
  return status;
}

/* A config.json that merely lies beside is used if it agrees with the weights. */
static void
overlay_beside (WeightSet *set, const char *path, const ModelConfig *derived)
{
  char *place = beside (path, "config.json"), *json;
  ModelConfig before = set->config;
  uint32_t stated_before = set->stated;
  const char *field;
  int stated, found;
  size_t length;

  if (access (place, F_OK) == 0 && file_read (place, MAX_CONFIG, &json, &length, NULL) == ALBEF_OK)
    {
      AlbefError problem = ALBEF_ERROR_INIT;

      if (overlay (set, json, length, place, NULL, derived, &problem) != ALBEF_OK)
        report_add (set->report, ALBEF_REPORT_ASSUMED, "config.json", "not used: %s", problem.message);
      else if ((field = config_contradiction (&set->config, derived, &stated, &found)) != NULL)
        {
          set->config = before;
          set->stated = stated_before;
          report_add (set->report, ALBEF_REPORT_ASSUMED, "config.json",
                      "not used: it describes another model (%s is %d there, %d in the weights)", field, stated, found);
        }
      free (json);
    }
  free (place);
}

static AlbefStatus
load_config (WeightSet *set, const char *path, const WeightSetOptions *options, const ModelConfig *derived,
             AlbefError *error)
{
  AlbefStatus status = ALBEF_OK;
  const char *metadata;
  size_t length;
  char *json;

  set->config = *derived;
  metadata = weight_source_metadata (set->source, "config", &length);
  if (metadata != NULL)
    return overlay (set, metadata, length, path, NULL, derived, error);
  json = pickle_dict_json (pickle_dict_get (weight_source_pickle (set->source), "config"));
  if (json != NULL)
    {
      ModelConfig before = set->config;
      uint32_t stated_before = set->stated;
      int a, b;

      /* Training scripts put anything under 'config': what does not fit is left alone. */
      if (overlay (set, json, strlen (json), path, NULL, derived, NULL) != ALBEF_OK
          || config_contradiction (&set->config, derived, &a, &b) != NULL)
        {
          set->config = before;
          set->stated = stated_before;
        }
      free (json);
    }
  if (options->config == NULL)
    overlay_beside (set, path, derived);
  else
    {
      status = file_read (options->config, MAX_CONFIG, &json, &length, error);
      if (status == ALBEF_OK)
        {
          status = overlay (set, json, length, options->config, options->config_entry, derived, error);
          free (json);
        }
    }
  return status;
}

/* No shape tells the number of heads. */
static void
note_heads (AlbefReport *report, const char *name, int heads, int width)
{
  if (width % 64 == 0)
    report_add (report, ALBEF_REPORT_ASSUMED, name, "%d, width %d / 64", heads, width);
  else
    report_add (report, ALBEF_REPORT_ASSUMED, name, "%d, as the width %d is no multiple of 64: name a config.json",
                heads, width);
}

static void
note_assumed (WeightSet *set)
{
  AlbefReport *report = set->report;
  const ModelConfig *c = &set->config;

  if (!(set->stated & CONFIG_STATED_VISION_HEADS))
    note_heads (report, "vision_heads", c->vision_heads, c->vision_width);
  if (!(set->stated & CONFIG_STATED_TEXT_HEADS))
    note_heads (report, "num_attention_heads", c->num_attention_heads, c->hidden_size);
  if (!(set->stated & CONFIG_STATED_VISION_NORM_EPS))
    report_add (report, ALBEF_REPORT_ASSUMED, "vision_layer_norm_eps", "%g, the official value",
                c->vision_layer_norm_eps);
  if (!(set->stated & CONFIG_STATED_NORM_EPS))
    report_add (report, ALBEF_REPORT_ASSUMED, "layer_norm_eps", "%g, the official value", c->layer_norm_eps);
  if (!(set->stated & CONFIG_STATED_IMAGE_NORM))
    report_add (report, ALBEF_REPORT_ASSUMED, "image_mean, image_std", "the official values");
  if (!(set->stated & CONFIG_STATED_GROUNDING_LAYER))
    report_add (report, ALBEF_REPORT_ASSUMED, "grounding_layer", "%d, fusion layer %d of %d", c->grounding_layer,
                config_grounding_fusion_layer (c), c->num_hidden_layers - c->fusion_layer);
  if (!(set->stated & CONFIG_STATED_TRAINING))
    report_add (report, ALBEF_REPORT_ASSUMED, "momentum, alpha, mlm_probability", "%g, %g, %g, the official values",
                c->momentum, c->alpha, c->mlm_probability);
}

/* --- vocabulary ------------------------------------------------------------------------------------- */

/* Lines as Python reads them: LF, CR LF and CR end one; a last line without an end counts. */
static int
count_lines (const char *text, size_t length)
{
  int lines = 0;
  size_t start = 0;

  for (size_t i = 0; i < length && lines < INT32_MAX; i++)
    if (text[i] == '\n' || text[i] == '\r')
      {
        if (text[i] == '\r' && i + 1 < length && text[i + 1] == '\n')
          i++;
        lines++;
        start = i + 1;
      }
  return lines + (start < length);
}

static AlbefStatus
load_vocab (WeightSet *set, const char *path, const WeightSetOptions *options, AlbefError *error)
{
  const char *metadata, *from = options->vocab;
  char *place = NULL;
  AlbefStatus status = ALBEF_OK;

  metadata = weight_source_metadata (set->source, "vocab", &set->vocab_length);
  if (metadata != NULL)
    {
      set->vocab = mem_new0 (set->vocab_length + 1, 1);
      memcpy (set->vocab, metadata, set->vocab_length);
      from = "inside the file";
    }
  else
    {
      place = from == NULL ? beside (path, "vocab.txt") : NULL;
      if (place != NULL && access (place, F_OK) == 0)
        from = place;
      if (from != NULL)
        status = file_read (from, MAX_VOCAB, &set->vocab, &set->vocab_length, error);
    }
  if (set->vocab != NULL)
    report_set (&set->report->vocabulary, "%d words, %s", count_lines (set->vocab, set->vocab_length), from);
  free (place);
  return status;
}

/* --- matching --------------------------------------------------------------------------------------- */

static bool
same_shape (const Weight *weight, int n_dims, const int64_t *shape)
{
  if (weight->n_dims != n_dims)
    return false;
  for (int i = 0; i < n_dims; i++)
    if (weight->shape[i] != shape[i])
      return false;
  return true;
}

/* A position table of any square grid serves: it is interpolated. */
static int
position_grid (const char *canonical, const Weight *weight, int64_t width)
{
  bool table = strcmp (canonical, "visual_encoder.pos_embed") == 0 || strcmp (canonical, "visual_encoder_m.pos_embed") == 0;
  int64_t grid = 0;

  if (!table || weight->n_dims != 3 || weight->shape[0] != 1
      || weight->shape[2] != width || weight->shape[1] < 2 || weight->shape[1] > 1 + 256 * 256)
    return 0;
  while ((grid + 1) * (grid + 1) <= weight->shape[1] - 1)
    grid++;
  return grid * grid == weight->shape[1] - 1 ? (int) grid : 0;
}

static void
match_spec (WeightSet *set, int i)
{
  const ParameterSpec *spec = &set->specs[i];
  char wanted[128], got[128];
  const Weight *weight;
  int index = key_index_find (&set->keys, spec->name);

  weight_shape_text (spec->n_dims, spec->shape, wanted, sizeof wanted);
  set->found[i] = -1;
  if (index < 0 && spec->alias >= 0 && set->found[spec->alias] >= 0)
    {
      set->found[i] = set->found[spec->alias];
      report_add (set->report, ALBEF_REPORT_MATCHED, spec->name, "%s, shared with the layer before", wanted);
      return;
    }
  if (index < 0 && spec->optional)
    {
      report_add (set->report, ALBEF_REPORT_ASSUMED, spec->name, "%g, not among the weights", set->config.temp);
      return;
    }
  if (index < 0)
    {
      set->missing++;
      report_add (set->report, ALBEF_REPORT_MISSING, spec->name, "%s", wanted);
      return;
    }
  weight = weight_source_get (set->source, index);
  if (same_shape (weight, spec->n_dims, spec->shape))
    report_add (set->report, ALBEF_REPORT_MATCHED, spec->name, "%s", wanted);
  else if (position_grid (spec->name, weight, set->config.vision_width) > 0)
    report_add (set->report, ALBEF_REPORT_RESHAPED, spec->name, "position table %lld -> %lld",
                (long long) weight->shape[1], (long long) spec->shape[1]);
  else
    {
      set->wrong_shapes++;
      report_add (set->report, ALBEF_REPORT_MISSING, spec->name, "wrong shape: %s in the file, the model needs %s",
                  weight_shape_text (weight->n_dims, weight->shape, got, sizeof got), wanted);
      return;
    }
  set->found[i] = index;
}

static void
match (WeightSet *set)
{
  bool *used = mem_new0 (set->keys.n, sizeof *used);
  char shape[128];

  set->specs = parameter_specs (&set->config, &set->n_specs);
  set->found = mem_new0 (set->n_specs, sizeof *set->found);
  for (int i = 0; i < set->n_specs; i++)
    {
      int index = key_index_find (&set->keys, set->specs[i].name);

      match_spec (set, i);
      if (index >= 0)
        used[index] = true;
    }
  for (int i = 0; i < set->keys.n; i++)
    {
      const Weight *weight = weight_source_get (set->source, i);

      weight_shape_text (weight->n_dims, weight->shape, shape, sizeof shape);
      if (used[i])
        continue;
      if (set->keys.classes[i] == KEY_TIED && set->config.kind != MODEL_RETRIEVAL)
        report_add (set->report, ALBEF_REPORT_MATCHED, set->keys.names[i], "%s, tied to the embedding or bias", shape);
      else if (set->keys.classes[i] == KEY_TWIN || set->keys.classes[i] == KEY_QUEUE)
        report_add (set->report, ALBEF_REPORT_MOMENTUM, set->keys.names[i], "%s", shape);
      else if (set->keys.classes[i] == KEY_BUFFER)
        report_add (set->report, ALBEF_REPORT_MOMENTUM, set->keys.names[i], "%s, a buffer", shape);
      else if (key_index_find (&set->keys, set->keys.names[i]) != i)
        report_add (set->report, ALBEF_REPORT_UNEXPECTED, weight->name, "%s, a second spelling", shape);
      else
        report_add (set->report, ALBEF_REPORT_UNEXPECTED, weight->name, "%s", shape);
    }
  set->report->parameters = parameter_count (set->specs, set->n_specs);
  free (used);
}

/* --- verdict ---------------------------------------------------------------------------------------- */

static int
count_class (const WeightSet *set, KeyClass class)
{
  int n = 0;

  for (int i = 0; i < set->keys.n; i++)
    n += set->keys.classes[i] == class;
  return n;
}

static bool
lacks (const WeightSet *set, const char *canonical)
{
  return weight_set_find (set, canonical) < 0;
}

/* What usually lies behind missing weights. */
static void
advise_missing (WeightSet *set)
{
  AlbefReport *report = set->report;

  if (lacks (set, "itm_head.weight") && set->missing <= 2
      && (set->config.kind == MODEL_PRETRAIN || set->config.kind == MODEL_RETRIEVAL))
    report_set (&report->advice, "The match head (itm_head) was left out when the file was saved. Without it there are "
                                 "neither match scores nor word maps; save the whole model's state dict.");
  else if (report->n_entries[ALBEF_REPORT_UNEXPECTED] > 0)
    report_set (&report->advice,
                "The file holds %d weights under other names, for example '%s': some names may sit at "
                "another level than the official ones. Loading without them would give random maps.",
                report->n_entries[ALBEF_REPORT_UNEXPECTED], report->entries[ALBEF_REPORT_UNEXPECTED][0].name);
  else
    report_set (&report->advice, "The file seems to be cut off or saved in part; get it again, or save the whole "
                                 "model's state dict.");
}

static AlbefStatus
judge (WeightSet *set, const ModelConfig *derived, const WeightSetOptions *options, AlbefError *error)
{
  AlbefReport *report = set->report;
  int stated, found, lines = count_lines (set->vocab != NULL ? set->vocab : "", set->vocab_length);
  const char *field = config_contradiction (&set->config, derived, &stated, &found);
  AlbefStatus status = ALBEF_ERROR_MISMATCH;

  if (set->wrong_shapes > 0 || (field != NULL && set->missing == 0))
    {
      if (set->wrong_shapes > 0)
        report_set (&report->headline, "Not loaded: %d weight%s the wrong shape, first '%s' (%s)", set->wrong_shapes,
                    set->wrong_shapes == 1 ? " has" : "s have", report->entries[ALBEF_REPORT_MISSING][0].name,
                    report->entries[ALBEF_REPORT_MISSING][0].note);
      else
        report_set (&report->headline, "Not loaded: the configuration does not fit the weights");
      if (field != NULL)
        report_set (&report->advice,
                    "The configuration says %s is %d, the weights say %d: it belongs to another model.", field, stated,
                    found);
    }
  else if (set->missing > 0 && !options->allow_incomplete)
    {
      report_set (&report->headline, "Not loaded: %d weight%s missing, first '%s'", set->missing,
                  set->missing == 1 ? " is" : "s are", report->entries[ALBEF_REPORT_MISSING][0].name);
      advise_missing (set);
    }
  else if (set->vocab == NULL && !options->without_vocab)
    {
      report_set (&report->headline, "Not loaded: the vocabulary is missing");
      report_set (&report->advice,
                  "Put the model's vocab.txt beside the file or name it with --vocab (official models: "
                  "that of bert-base-uncased, 30522 lines).");
    }
  else if (set->vocab != NULL && lines != set->config.vocab_size)
    {
      report_set (&report->headline, "Not loaded: the vocabulary has %d words, the model %d", lines,
                  set->config.vocab_size);
      report_set (&report->advice, "Use the vocab.txt that the model was trained with.");
    }
  else
    {
      status = ALBEF_OK;
      report->loadable = true;
      if (set->missing > 0)
        report_set (&report->headline, "Loaded in part: %d of %d weights are missing and count as zero", set->missing,
                    set->n_specs);
      else
        report_set (&report->headline, "All weights are there");
    }
  if (status != ALBEF_OK)
    error_set (error, status, "'%s': %s%s%s", report->path, report->headline, report->advice[0] != 0 ? ". " : "",
               report->advice);
  return status;
}

/* The file is readable but holds no ALBEF. */
static AlbefStatus
not_albef (WeightSet *set, AlbefError *error)
{
  AlbefReport *report = set->report;
  int n = weight_source_count (set->source);

  for (int i = 0; i < n; i++)
    report_add (report, ALBEF_REPORT_UNEXPECTED, weight_source_get (set->source, i)->name, "%s", "");
  report_set (&report->headline, "Not an ALBEF model");
  if (count_class (set, KEY_TWIN) > n / 2)
    report_set (&report->advice,
                "The file holds the momentum twins only ('visual_encoder_m' and so on); save the model "
                "itself as well.");
  else if (n == 0)
    report_set (&report->advice, "The file holds no tensors.");
  else
    report_set (&report->advice,
                "It holds %d tensors, but no 'visual_encoder' and 'text_encoder' of an ALBEF; the first is "
                "'%.100s'.",
                n, weight_source_get (set->source, 0)->name);
  return error_set (error, ALBEF_ERROR_MISMATCH, "'%s' is not an ALBEF model. %s", report->path, report->advice);
}

static void
summarise (WeightSet *set)
{
  const ModelConfig *c = &set->config;
  AlbefReport *report = set->report;

  report->recognised = true;
  report->config = *c;
  report_set (&report->summary, "ALBEF, %d + %d + %d layers, %.1f million parameters", c->vision_depth, c->fusion_layer,
              config_bert_layers (c) - c->fusion_layer, report->parameters / 1e6);
}

/* --- public ----------------------------------------------------------------------------------------- */

static void
note_file (WeightSet *set)
{
  AlbefReport *report = set->report;
  const char *from = weight_source_metadata (set->source, "source_file", NULL);
  const char *hash = weight_source_metadata (set->source, "source_sha256", NULL);

  report->format = weight_source_format (set->source);
  report->file_size = weight_source_size (set->source);
  report->n_tensors = weight_source_count (set->source);
  if (from != NULL && hash != NULL)
    report_set (&report->provenance, "%.200s (SHA-256 %.64s)", from, hash);
  for (int i = 0; i < weight_source_n_others (set->source); i++)
    report_add_other (report, weight_source_other (set->source, i));
  for (int i = 0; i < weight_source_n_opaque (set->source); i++)
    report_add (report, ALBEF_REPORT_OPAQUE, weight_source_opaque (set->source, i), "%s", "");
}

/* "alidade-mini" of "/a/b/alidade-mini.pth", unless the file says better. */
static char *
model_name (const WeightSource *source, const char *path)
{
  const char *stored = weight_source_metadata (source, "name", NULL);
  const char *base = strrchr (path, '/') != NULL ? strrchr (path, '/') + 1 : path;
  const char *dot = strrchr (base, '.');

  if (stored != NULL && stored[0] != 0 && strlen (stored) < 200)
    return mem_strdup (stored);
  return utf8_repair (base, dot != NULL && dot > base ? (size_t) (dot - base) : strlen (base));
}

static AlbefStatus
fill (WeightSet *set, const char *path, const WeightSetOptions *options, AlbefError *error)
{
  AlbefStatus status, vocab_status;
  ModelConfig derived;

  note_file (set);
  key_index_init (&set->keys, set->source);
  set->name = model_name (set->source, path);
  if (!config_derive (&set->keys, &derived))
    return not_albef (set, error);
  status = load_config (set, path, options, &derived, error);
  if (status == ALBEF_OK && options->image_resolution > 0)
    set->config.image_res = options->image_resolution;
  if (status == ALBEF_OK)
    status = config_check (&set->config, path, error);
  if (status != ALBEF_OK)
    {
      report_set (&set->report->headline, "Not loaded: no usable configuration");
      report_set (&set->report->advice, "%s", error != NULL ? error->message : "");
      return status;
    }
  vocab_status = load_vocab (set, path, options, error);
  match (set);
  note_assumed (set);
  summarise (set);
  if (vocab_status != ALBEF_OK)
    {
      report_set (&set->report->headline, "Not loaded: the vocabulary cannot be read");
      report_set (&set->report->advice, "%s", error != NULL ? error->message : "");
      return vocab_status;
    }
  return judge (set, &derived, options, error);
}

AlbefStatus
weight_set_open (const char *path, const WeightSetOptions *options, WeightSet **out, AlbefReport **report,
                 AlbefError *error)
{
  static const WeightSetOptions defaults;
  AlbefError local = ALBEF_ERROR_INIT;
  WeightSet *set = mem_new0 (1, sizeof *set);
  AlbefStatus status;

  status = weight_source_open (path, &set->source, error);
  if (status != ALBEF_OK)
    {
      free (set);
      return status;
    }
  set->report = report_new (path);
  status = fill (set, path, options != NULL ? options : &defaults, &local);
  if (report != NULL)
    *report = report_ref (set->report);
  if (status == ALBEF_OK)
    *out = set;
  else
    {
      error_set (error, status, "%s", local.message);
      weight_set_free (set);
    }
  return status;
}

void
weight_set_free (WeightSet *set)
{
  if (set == NULL)
    return;
  key_index_clear (&set->keys);
  weight_source_free (set->source);
  albef_report_free (set->report);
  free (set->specs);
  free (set->found);
  free (set->name);
  free (set->vocab);
  free (set);
}

const ModelConfig *
weight_set_config (const WeightSet *set)
{
  return &set->config;
}

const char *
weight_set_name (const WeightSet *set)
{
  return set->name;
}

const char *
weight_set_vocab (const WeightSet *set, size_t *length)
{
  *length = set->vocab_length;
  return set->vocab;
}

AlbefReport *
weight_set_report (const WeightSet *set)
{
  return set->report;
}

const WeightSource *
weight_set_source (const WeightSet *set)
{
  return set->source;
}

const ParameterSpec *
weight_set_specs (const WeightSet *set, int *n)
{
  *n = set->n_specs;
  return set->specs;
}

int
weight_set_find (const WeightSet *set, const char *canonical)
{
  int index = key_index_find (&set->keys, canonical);

  for (int i = 0; index < 0 && i < set->n_specs; i++)
    if (strcmp (set->specs[i].name, canonical) == 0)
      index = set->found[i];
  return index;
}

bool
weight_set_has (void *set, const char *canonical)
{
  return weight_set_find (set, canonical) >= 0;
}

AlbefStatus
weight_set_get (void *user_data, const char *canonical, int n_dims, const int64_t *shape, const float **mapped,
                float **copied, AlbefError *error)
{
  WeightSet *set = user_data;
  int index = weight_set_find (set, canonical), grid, wanted = 0;
  const Weight *weight;
  uint64_t n = 1;
  char got[128], needed[128];
  AlbefStatus status;
  float *values, *resized;

  *mapped = NULL;
  *copied = NULL;
  for (int i = 0; i < n_dims; i++)
    n *= shape[i];
  if (index < 0)
    {
      /* Only reached for what weight_set_open allowed to be missing. */
      *copied = calloc (n + 1, sizeof **copied);
      return *copied != NULL ? ALBEF_OK : error_set (error, ALBEF_ERROR_MEMORY, "no memory for '%s'", canonical);
    }
  weight = weight_source_get (set->source, index);
  grid = !same_shape (weight, n_dims, shape) && n_dims == 3 ? position_grid (canonical, weight, shape[2]) : 0;
  while (grid > 0 && (int64_t) wanted * wanted < shape[1] - 1)
    wanted++;
  if (!same_shape (weight, n_dims, shape) && (grid == 0 || (int64_t) wanted * wanted != shape[1] - 1))
    return error_set (error, ALBEF_ERROR_MISMATCH, "'%s': weight '%s' is %s in the file, the model needs %s",
                      set->report->path, canonical, weight_shape_text (weight->n_dims, weight->shape, got, sizeof got),
                      weight_shape_text (n_dims, shape, needed, sizeof needed));
  if (grid == 0)
    *mapped = weight_source_map_f32 (set->source, index);
  if (*mapped != NULL)
    {
      status = weight_check_finite (set->report->path, canonical, *mapped, n, error);
      if (status != ALBEF_OK)
        *mapped = NULL;
      return status;
    }
  values = malloc ((weight->n_elements + 1) * sizeof *values);
  if (values == NULL)
    return error_set (error, ALBEF_ERROR_MEMORY, "no memory for '%s'", canonical);
  weight_source_read_f32 (set->source, index, values);
  status = weight_check_finite (set->report->path, canonical, values, weight->n_elements, error);
  if (status == ALBEF_OK && grid > 0)
    {
      resized = malloc ((n + 1) * sizeof *resized);
      if (resized == NULL)
        status = error_set (error, ALBEF_ERROR_MEMORY, "no memory for '%s'", canonical);
      else
        {
          pos_embed_interpolate (values, grid, resized, wanted, shape[2]);
          free (values);
          values = resized;
        }
    }
  if (status == ALBEF_OK)
    *copied = values;
  else
    free (values);
  return status;
}

void
weight_set_give_back (const WeightSet *set, const char *canonical)
{
  int index = weight_set_find (set, canonical);

  if (index >= 0)
    weight_source_advise_done (set->source, index);
}
