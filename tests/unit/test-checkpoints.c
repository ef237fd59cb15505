/* SPDX-License-Identifier: MIT
 * Every fixture checkpoint: each tensor's type, shape and sums as PyTorch had them, and the models they make. */
#include "error.h"
#include "tap.h"
#include "weight-set.h"

#include <jansson.h>
#include <stdlib.h>

static char *
fixture (const char *name)
{
  return mem_printf ("%s/reference/public/%s", getenv ("ALIDADE_TESTS"), name);
}

static const char *
torch_name (WeightType type)
{
  static const char *const names[WEIGHT_N_TYPES]
      = { [WEIGHT_F32] = "float32", [WEIGHT_F16] = "float16", [WEIGHT_BF16] = "bfloat16", [WEIGHT_I64] = "int64" };

  return names[type] != NULL ? names[type] : "?";
}

/* Compares sum, sum of squares and largest magnitude, the last three items of `wanted`. */
static bool
sums_match (const WeightSource *source, int index, json_t *wanted, const char *key)
{
  const Weight *weight = weight_source_get (source, index);
  float *values = mem_new0 (weight->n_elements + 1, sizeof *values);
  double sum[3] = { 0 };
  size_t first = json_array_size (wanted) - 3;
  bool good = true;

  weight_source_read_f32 (source, index, values);
  for (uint64_t i = 0; i < weight->n_elements; i++)
    {
      sum[0] += values[i];
      sum[1] += (double) values[i] * values[i];
      sum[2] = fmax (sum[2], fabs (values[i]));
    }
  for (int i = 0; i < 3; i++)
    {
      double expected = json_number_value (json_array_get (wanted, first + i));
      double scale = i == 0 ? sqrt (sum[1] * weight->n_elements) + fabs (expected) : fabs (expected);

      if (!(fabs (sum[i] - expected) <= 1e-8 * scale + 1e-12))
        {
          tap_note ("%s: sum %d is %.12g, wanted %.12g", key, i, sum[i], expected);
          good = false;
        }
    }
  free (values);
  return good;
}

static bool
header_matches (const Weight *weight, json_t *wanted)
{
  json_t *shape = json_array_get (wanted, 1);
  bool good = strcmp (torch_name (weight->type), json_string_value (json_array_get (wanted, 0))) == 0;

  good = good && (int) json_array_size (shape) == weight->n_dims;
  for (int i = 0; good && i < weight->n_dims; i++)
    good = weight->shape[i] == json_integer_value (json_array_get (shape, i));
  return good;
}

/* A position of sixteen bytes: mapped data must be the very values that reading gives. */
static bool
mapped_matches (const WeightSource *source, int index)
{
  const Weight *weight = weight_source_get (source, index);
  const float *mapped = weight_source_map_f32 (source, index);
  float *values;
  bool same;

  if (mapped == NULL)
    return true;
  values = mem_new0 (weight->n_elements, sizeof *values);
  weight_source_read_f32 (source, index, values);
  same = memcmp (values, mapped, weight->n_elements * sizeof *values) == 0;
  free (values);
  return same;
}

static void
test_values (json_t *all, const char *file, const char *entry, const char *member)
{
  json_t *keys = json_object_get (json_object_get (all, entry), member), *wanted;
  char *name = mem_printf ("checkpoints/%s.pth", file), *path = fixture (name);
  AlbefError error = ALBEF_ERROR_INIT;
  WeightSource *source = NULL;
  int n = 0, n_good = 0, n_mapped = 0;
  const char *key;

  if (!tap_ok (weight_source_open (path, &source, &error) == ALBEF_OK, "/%s/opens", file))
    tap_note ("%s", error.message);
  else
    {
      json_object_foreach (keys, key, wanted)
      {
        int index = weight_source_find (source, key);

        n++;
        if (index < 0)
          tap_note ("'%s' is missing", key);
        else if (strcmp (member, "keys") == 0 && !header_matches (weight_source_get (source, index), wanted))
          tap_note ("'%s' has another type or shape", key);
        else if (sums_match (source, index, wanted, key) && mapped_matches (source, index))
          n_good++;
        n_mapped += index >= 0 && weight_source_map_f32 (source, index) != NULL;
      }
      tap_ok (n_good == n && n > 80 && n == weight_source_count (source), "/%s/all %d tensors have PyTorch's values",
              file, n);
      tap_note ("%d of %d can be used in place", n_mapped, n);
      tap_ok (weight_source_n_opaque (source) == 0, "/%s/nothing in it is opaque", file);
    }
  weight_source_free (source);
  free (path);
  free (name);
}

static void
test_model (const char *file, const char *kind, int n_others)
{
  char *name = mem_printf ("checkpoints/%s.pth", file), *path = fixture (name), *config = fixture ("config.json");
  WeightSetOptions options = { .config = config, .config_entry = "micro", .without_vocab = true };
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefReport *report = NULL;
  WeightSet *set = NULL;

  if (!tap_ok (weight_set_open (path, &options, &set, &report, &error) == ALBEF_OK, "/%s/matches completely", file))
    tap_note ("%s", error.message);
  else
    {
      tap_equal_text (albef_report_kind (report), kind, file);
      tap_ok (albef_report_count (report, ALBEF_REPORT_UNEXPECTED) == 0, "/%s/nothing is left over", file);
      tap_ok (report->n_others == n_others, "/%s/%d entries beside the weights", file, n_others);
      tap_ok (weight_set_config (set)->num_hidden_layers == 2 && weight_set_config (set)->fusion_layer == 1
                  && weight_set_config (set)->vision_heads == 2 && weight_set_config (set)->num_attention_heads == 2,
              "/%s/its configuration", file);
    }
  if (albef_report_count (report, ALBEF_REPORT_UNEXPECTED) > 0)
    tap_note ("left over: %s", albef_report_entry (report, ALBEF_REPORT_UNEXPECTED, 0, NULL));
  albef_report_free (report);
  weight_set_free (set);
  free (config);
  free (path);
  free (name);
}

/* Writes `n` bytes as a file of its own; the caller removes and frees its name. */
static char *
scratch_file (const void *bytes, size_t n)
{
  char *path = mem_printf ("%s/checkpoint-XXXXXX", getenv ("TMPDIR") != NULL ? getenv ("TMPDIR") : "/tmp");
  int fd = mkstemp (path);
  FILE *file = fd >= 0 ? fdopen (fd, "wb") : NULL;

  if (!tap_ok (file != NULL && fwrite (bytes, 1, n, file) == n && fclose (file) == 0, "/scratch file"))
    exit (1);
  return path;
}

/* torch.save with another pickle_protocol: the first pickle says so, from 4 on inside a frame. */
static void
test_old_protocols (void)
{
  char *path = fixture ("checkpoints/pretrain_legacy.pth");
  AlbefError error = ALBEF_ERROR_INIT;
  WeightSource *plain = NULL;

  if (!tap_ok (weight_source_open (path, &plain, &error) == ALBEF_OK, "/old protocols/fixture opens"))
    exit (1);
  for (int protocol = 3; protocol <= 5; protocol++)
    {
      size_t n = plain->file.size, frame = protocol >= 4 ? 9 : 0;
      uint8_t *bytes = mem_new0 (n + frame, 1);
      WeightSource *source = NULL;
      char *changed;

      bytes[0] = 0x80;
      bytes[1] = (uint8_t) protocol;
      if (frame > 0)
        {
          bytes[2] = 0x95;
          bytes[3] = 13; /* LONG1, its length, ten bytes, STOP */
        }
      memcpy (bytes + 2 + frame, plain->file.data + 2, n - 2);
      changed = scratch_file (bytes, n + frame);
      tap_ok (weight_source_open (changed, &source, &error) == ALBEF_OK
                  && weight_source_count (source) == weight_source_count (plain),
              "/old protocols/%d", protocol);
      weight_source_free (source);
      remove (changed);
      free (changed);
      free (bytes);
    }
  weight_source_free (plain);
  free (path);
}

/* Inspecting says what loading would: a weight that is not a number is found. */
static void
test_not_numbers (void)
{
  static const char *const names[] = { "itm_head.bias", "visual_encoder_m.cls_token" };
  char *path = fixture ("weights_pretrain.safetensors"), *vocab = fixture ("vocab.txt");
  char *config = fixture ("config.json");
  const float nothing = NAN;
  AlbefError error = ALBEF_ERROR_INIT;
  WeightSource *source = NULL;

  if (!tap_ok (weight_source_open (path, &source, &error) == ALBEF_OK, "/not numbers/fixture opens"))
    exit (1);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    {
      int index = weight_source_find (source, names[i]);
      uint8_t *bytes;
      AlbefReport *report = NULL;
      char *changed;

      if (!tap_ok (index >= 0, "/not numbers/%s/is in the file", names[i]))
        continue;
      bytes = mem_new0 (source->file.size, 1);
      memcpy (bytes, source->file.data, source->file.size);
      memcpy (bytes + (weight_source_get (source, index)->storage - source->file.data), &nothing, sizeof nothing);
      changed = scratch_file (bytes, source->file.size);
      tap_ok (albef_report_open (changed, vocab, config, &report, &error) == ALBEF_OK, "/not numbers/%s/is inspected",
              names[i]);
      /* Twins are not touched for inference. */
      tap_ok (albef_report_loadable (report) == (strstr (names[i], "_m.") != NULL), "/not numbers/%s/loads or not",
              names[i]);
      tap_ok (albef_report_loadable (report) || strstr (albef_report_text (report), names[i]) != NULL,
              "/not numbers/%s/is named", names[i]);
      albef_report_free (report);
      remove (changed);
      free (changed);
      free (bytes);
    }
  weight_source_free (source);
  free (config);
  free (vocab);
  free (path);
}

int
main (void)
{
  static const char *const whole[] = { "pretrain", "retrieval", "ve", "vqa", "nlvr" };
  char *path = fixture ("checkpoints.json");
  json_t *all = json_load_file (path, 0, NULL);

  for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
    test_values (all, whole[i], whole[i], "keys");
  test_values (all, "pretrain_half", "pretrain_half", "checksum");
  test_values (all, "pretrain_bf16", "pretrain_bf16", "checksum");
  test_values (all, "bare_state_dict", "bare_state_dict", "checksum");
  test_values (all, "pretrain_legacy", "pretrain", "keys");
  test_values (all, "pretrain_strided", "pretrain", "keys");

  test_model ("pretrain", "pretrain", 4);
  test_model ("retrieval", "retrieval", 4);
  test_model ("vqa", "vqa", 4);
  test_model ("ve", "ve", 4);
  test_model ("nlvr", "nlvr2", 4);
  test_model ("pretrain_half", "pretrain", 1);
  test_model ("pretrain_bf16", "pretrain", 1);
  test_model ("pretrain_legacy", "pretrain", 4);
  test_model ("pretrain_strided", "pretrain", 0);
  test_model ("pretrain_parameters", "pretrain", 0);
  test_old_protocols ();
  test_not_numbers ();
  json_decref (all);
  free (path);
  return tap_done ();
}
