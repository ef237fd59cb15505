/* SPDX-License-Identifier: MIT
 * The full-size official models: every entry of their key lists finds its place. The lists become safetensors files
 * of gigabytes whose data are holes, so that nothing but names and shapes is read. */
#include "derive.h"
#include "error.h"
#include "tap.h"
#include "weight-set.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

typedef enum
{
  AS_IT_IS,
  WITH_PREFIX,    /* "module." */
  OTHER_BERT,     /* `bert.` added where it is missing, dropped where it is there */
  WITHOUT_SHARED, /* as safetensors files are often written: shared entries once */
  WITHOUT_TWINS,
  N_FORMS
} Form;

static const char *const forms[N_FORMS]
    = { "as it is", "with a prefix", "with or without bert.", "shared entries once", "without twins" };

static void
alter_name (const char *key, Form form, char *out, size_t size)
{
  static const char with[] = "text_encoder.bert.", with_m[] = "text_encoder_m.bert.";

  if (form == WITH_PREFIX)
    snprintf (out, size, "module.%s", key);
  else if (form == OTHER_BERT && strncmp (key, with, strlen (with)) == 0)
    snprintf (out, size, "text_encoder.%s", key + strlen (with));
  else if (form == OTHER_BERT && strncmp (key, with_m, strlen (with_m)) == 0)
    snprintf (out, size, "text_encoder_m.%s", key + strlen (with_m));
  else if (form == OTHER_BERT
           && (strncmp (key, "text_encoder.e", 14) == 0 || strncmp (key, "text_encoder_m.e", 16) == 0))
    snprintf (out, size, "%.*s.bert.%s", (int) (strchr (key, '.') - key), key, strchr (key, '.') + 1);
  else
    snprintf (out, size, "%s", key);
}

/* Writes the header for a list of keys; the data stay a hole. Returns false if there is no room for it. */
static bool
write_sparse (json_t *keys, Form form, const char *path, int *n_entries)
{
  json_t *header = json_object (), *entry, *dim;
  uint64_t at = 0, length;
  char name[300], *text;
  size_t i, d;
  bool done;
  FILE *file;

  *n_entries = 0;
  json_array_foreach (keys, i, entry)
  {
    bool integer = strcmp (json_string_value (json_object_get (entry, "dtype")), "int64") == 0;
    json_t *shape = json_object_get (entry, "shape");
    uint64_t bytes = integer ? 8 : 4;

    json_array_foreach (shape, d, dim) bytes *= json_integer_value (dim);
    if ((form == WITHOUT_SHARED && json_object_get (entry, "shares_storage_with") != NULL)
        || (form == WITHOUT_TWINS && strstr (json_string_value (json_object_get (entry, "key")), "_m.") != NULL))
      continue;
    alter_name (json_string_value (json_object_get (entry, "key")), form, name, sizeof name);
    json_object_set_new (header, name,
                         json_pack ("{s:s, s:O, s:[I, I]}", "dtype", integer ? "I64" : "F32", "shape", shape,
                                    "data_offsets", (json_int_t) at, (json_int_t) (at + bytes)));
    at += bytes;
    ++*n_entries;
  }
  text = json_dumps (header, JSON_COMPACT);
  json_decref (header);
  length = strlen (text);
  file = fopen (path, "wb");
  done = file != NULL && fwrite (&length, 8, 1, file) == 1 && fwrite (text, length, 1, file) == 1 && fflush (file) == 0
         && ftruncate (fileno (file), 8 + length + at) == 0;
  if (file != NULL)
    fclose (file);
  free (text);
  return done;
}

static bool
is_official (const ModelConfig *c, int image_res)
{
  return c->image_res == image_res && c->patch_size == 16 && c->vision_width == 768 && c->vision_depth == 12
         && c->vision_heads == 12 && c->vision_mlp_width == 3072 && c->vocab_size == 30522 && c->hidden_size == 768
         && c->num_hidden_layers == 12 && c->fusion_layer == 6 && c->num_attention_heads == 12
         && c->intermediate_size == 3072 && c->encoder_width == 768 && c->max_position_embeddings == 512
         && c->type_vocab_size == 2 && c->embed_dim == 256 && c->queue_size == 65536 && c->grounding_layer == 8;
}

static void
test_list (const char *list, ModelKind kind, int image_res, int n_classes)
{
  char *path = mem_printf ("%s/reference/keys/keys_full_%s.json", getenv ("ALIDADE_TESTS"), list);
  char place[] = "/tmp/alidade-keys-XXXXXX";
  json_t *root = json_load_file (path, 0, NULL), *keys = json_object_get (root, "keys");
  int fd = mkstemp (place), n_shared = 0;
  json_t *entry;
  size_t i;

  tap_ok (json_array_size (keys) > 400 && fd >= 0, "/%s/list", list);
  json_array_foreach (keys, i, entry) n_shared += json_object_get (entry, "shares_storage_with") != NULL;
  for (Form form = 0; form < N_FORMS; form++)
    {
      WeightSetOptions options = { .without_vocab = true };
      AlbefError error = ALBEF_ERROR_INIT;
      AlbefReport *report = NULL;
      WeightSet *set = NULL;
      int n_entries;

      if (!write_sparse (keys, form, place, &n_entries))
        {
          tap_skip (list, "no room for a sparse file");
          continue;
        }
      if (!tap_ok (weight_set_open (place, &options, &set, &report, &error) == ALBEF_OK, "/%s/%s/complete", list,
                   forms[form]))
        tap_note ("%s", error.message);
      if (set == NULL)
        {
          albef_report_free (report);
          continue;
        }
      tap_ok (weight_set_config (set)->kind == kind && is_official (weight_set_config (set), image_res)
                  && (n_classes == 0 || weight_set_config (set)->num_classes == n_classes),
              "/%s/%s/kind and configuration", list, forms[form]);
      tap_ok (albef_report_count (report, ALBEF_REPORT_UNEXPECTED) == 0
                  && albef_report_count (report, ALBEF_REPORT_MISSING) == 0
                  && albef_report_count (report, ALBEF_REPORT_RESHAPED) == 0,
              "/%s/%s/nothing left over, nothing missing", list, forms[form]);
      if (form != WITHOUT_SHARED)
        tap_ok (albef_report_count (report, ALBEF_REPORT_MATCHED) + albef_report_count (report, ALBEF_REPORT_MOMENTUM)
                    == n_entries,
                "/%s/%s/all %d entries accounted for", list, forms[form], n_entries);
      if (form == AS_IT_IS)
        {
          /* Trainable parameters, twins aside, are what a model of this kind has. */
          tap_ok (report->parameters == (uint64_t) json_integer_value (json_object_get (root, "n_trainable")),
                  "/%s/%llu parameters", list, (unsigned long long) report->parameters);
          tap_ok (strstr (albef_report_summary (report), kind == MODEL_NLVR2 || kind == MODEL_NLVR2_PRETRAIN
                                                             ? "12 + 6 + 12 layers"
                                                             : "12 + 6 + 6 layers")
                      != NULL,
                  "/%s/summary", list);
        }
      albef_report_free (report);
      weight_set_free (set);
    }
  tap_note ("%s: %d entries share storage", list, n_shared);
  unlink (place);
  if (fd >= 0)
    close (fd);
  json_decref (root);
  free (path);
}

static void
test_names (void)
{
  static const struct
  {
    const char *name, *canonical;
    KeyClass class;
  } cases[] = {
    { "visual_encoder.cls_token", "visual_encoder.cls_token", KEY_PARAMETER },
    { "text_encoder.encoder.layer.3.output.dense.bias", "text_encoder.bert.encoder.layer.3.output.dense.bias",
      KEY_PARAMETER },
    { "text_encoder.bert.embeddings.LayerNorm.gamma", "text_encoder.bert.embeddings.LayerNorm.weight", KEY_PARAMETER },
    { "text_encoder.embeddings.LayerNorm.beta", "text_encoder.bert.embeddings.LayerNorm.bias", KEY_PARAMETER },
    { "text_encoder.cls.predictions.decoder.weight", "text_encoder.cls.predictions.decoder.weight", KEY_TIED },
    { "text_encoder_m.embeddings.word_embeddings.weight", "text_encoder_m.bert.embeddings.word_embeddings.weight",
      KEY_TWIN },
    { "vision_proj_m.weight", "vision_proj_m.weight", KEY_TWIN },
    { "cls_head_m.0.bias", "cls_head_m.0.bias", KEY_TWIN },
    { "text_decoder.bert.encoder.layer.0.attention.self.key.bias",
      "text_decoder.bert.encoder.layer.0.attention.self.key.bias", KEY_PARAMETER },
    { "text_encoder.embeddings.position_ids", "text_encoder.bert.embeddings.position_ids", KEY_BUFFER },
    { "queue_ptr_img", "queue_ptr_img", KEY_QUEUE },
    { "idx_queue", "idx_queue", KEY_QUEUE },
    { "temp", "temp", KEY_PARAMETER },
    { "visual_encoder_mm.x", "visual_encoder_mm.x", KEY_FOREIGN },
    { "visual_encoder", "visual_encoder", KEY_FOREIGN },
    { "optimizer", "optimizer", KEY_FOREIGN },
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    {
      char canonical[KEY_SIZE];
      KeyClass class = key_canonical (cases[i].name, 0, canonical);

      tap_ok (class == cases[i].class, "/names/class of %s", cases[i].name);
      tap_equal_text (canonical, cases[i].canonical, cases[i].name);
    }
}

int
main (void)
{
  test_names ();
  test_list ("pretrain", MODEL_PRETRAIN, 256, 0);
  test_list ("retrieval", MODEL_RETRIEVAL, 384, 0);
  test_list ("vqa", MODEL_VQA, 384, 0);
  test_list ("ve", MODEL_VE, 384, 3);
  test_list ("nlvr", MODEL_NLVR2, 384, 2);
  test_list ("pretrain_nlvr", MODEL_NLVR2_PRETRAIN, 256, 0);
  return tap_done ();
}
