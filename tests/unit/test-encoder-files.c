/* SPDX-License-Identifier: MIT
 * The start of official pre-training: an image encoder and a BERT from files of their own, with the keys of the
 * released DeiT-B/16 and bert-base-uncased, here of a few numbers each. */
#include <stdlib.h>
#include <unistd.h>

#include "error.h"
#include "initial.h"
#include "pickle-write.h"
#include "pos-embed.h"
#include "random.h"
#include "tap.h"
#include "zip-write.h"

enum
{
  WIDTH = 8,
  WORDS = 11,
  LAYERS = 3, /* BERT's; the model's first one is text, the others fusion */
  POSITIONS = 6,
  MAX_TENSORS = 100
};

static char folder[] = "/tmp/alidade-encoders-XXXXXX";

typedef struct
{
  char name[120];
  int n_dims;
  int64_t shape[4];
} Entry;

typedef struct
{
  Entry entries[MAX_TENSORS];
  int n;
} List;

static void
add (List *list, const char *name, int64_t a, int64_t b, int64_t c, int64_t d)
{
  Entry *entry = &list->entries[list->n++];
  int64_t shape[] = { a, b, c, d };

  snprintf (entry->name, sizeof entry->name, "%s", name);
  for (entry->n_dims = 0; entry->n_dims < 4 && shape[entry->n_dims] > 0; entry->n_dims++)
    entry->shape[entry->n_dims] = shape[entry->n_dims];
}

static void
add_pair (List *list, const char *prefix, const char *name, const char *weight, const char *bias, int64_t out,
          int64_t in)
{
  char full[120];

  snprintf (full, sizeof full, "%s%s.%s", prefix, name, weight);
  add (list, full, out, in, 0, 0);
  snprintf (full, sizeof full, "%s%s.%s", prefix, name, bias);
  add (list, full, out, 0, 0, 0);
}

static size_t
count (const Entry *entry)
{
  size_t n = 1;

  for (int d = 0; d < entry->n_dims; d++)
    n *= (size_t) entry->shape[d];
  return n;
}

/* Any value depends on its tensor's name and place alone. */
static float
value_of (const char *name, size_t i)
{
  uint64_t stream = 7;

  for (; *name != 0; name++)
    stream = stream * 31 + (unsigned char) *name;
  return (float) random_normal (5, stream, i);
}

/* A .pth; under "model" or bare. */
static char *
write_file (const char *file, const List *list, bool under_model)
{
  char *path = mem_printf ("%s/%s", folder, file), *bytes = NULL, key[32];
  AlbefError error = ALBEF_ERROR_INIT;
  size_t length = 0;
  FILE *out = open_memstream (&bytes, &length);
  ZipWriter *zip = NULL;

  pickle_write_begin (out);
  if (under_model)
    {
      pickle_write_dict (out);
      pickle_write_open_items (out);
      pickle_write_text (out, "model");
    }
  pickle_write_ordered_dict (out);
  pickle_write_open_items (out);
  for (int i = 0; i < list->n; i++)
    {
      snprintf (key, sizeof key, "%d", i);
      pickle_write_text (out, list->entries[i].name);
      pickle_write_tensor (out, "FloatStorage", key, list->entries[i].n_dims, list->entries[i].shape);
    }
  pickle_write_close_items (out);
  if (under_model)
    pickle_write_close_items (out);
  pickle_write_end (out);
  fclose (out);
  if (zip_writer_open (path, &zip, &error) != ALBEF_OK
      || zip_writer_add (zip, "a/data.pkl", bytes, length, &error) != ALBEF_OK)
    abort ();
  for (int i = 0; i < list->n; i++)
    {
      size_t n = count (&list->entries[i]);
      float *values = mem_new0 (n, sizeof *values);

      for (size_t k = 0; k < n; k++)
        values[k] = value_of (list->entries[i].name, k);
      snprintf (key, sizeof key, "a/data/%d", i);
      if (zip_writer_add (zip, key, values, n * sizeof *values, &error) != ALBEF_OK)
        abort ();
      free (values);
    }
  if (zip_writer_add (zip, "a/version", "3\n", 2, &error) != ALBEF_OK || zip_writer_commit (zip, &error) != ALBEF_OK)
    abort ();
  free (bytes);
  return path;
}

static void
list_deit (List *list, int64_t grid)
{
  add (list, "cls_token", 1, 1, WIDTH, 0);
  add (list, "pos_embed", 1, 1 + grid * grid, WIDTH, 0);
  add_pair (list, "", "norm", "weight", "bias", WIDTH, 0);
  add_pair (list, "", "head", "weight", "bias", 10, WIDTH);
  add (list, "patch_embed.proj.weight", WIDTH, 3, 4, 4);
  add (list, "patch_embed.proj.bias", WIDTH, 0, 0, 0);
  add_pair (list, "blocks.0.", "norm1", "weight", "bias", WIDTH, 0);
  add_pair (list, "blocks.0.", "attn.qkv", "weight", "bias", 3 * WIDTH, WIDTH);
  add_pair (list, "blocks.0.", "attn.proj", "weight", "bias", WIDTH, WIDTH);
  add_pair (list, "blocks.0.", "norm2", "weight", "bias", WIDTH, 0);
  add_pair (list, "blocks.0.", "mlp.fc1", "weight", "bias", 12, WIDTH);
  add_pair (list, "blocks.0.", "mlp.fc2", "weight", "bias", WIDTH, 12);
}

/* `bert`: "bert." as a model with a head has it, "" as BertModel alone; `old`: gamma and beta. */
static void
list_bert (List *list, const char *bert, bool old, int words)
{
  const char *gamma = old ? "gamma" : "weight", *beta = old ? "beta" : "bias";
  char prefix[60];

  snprintf (prefix, sizeof prefix, "%sembeddings.", bert);
#define NAMED(suffix, a, b)                                                                                            \
  do                                                                                                                   \
    {                                                                                                                  \
      char name_[120];                                                                                                 \
      snprintf (name_, sizeof name_, "%s%s", prefix, suffix);                                                          \
      add (list, name_, a, b, 0, 0);                                                                                   \
    }                                                                                                                  \
  while (0)
  NAMED ("word_embeddings.weight", words, WIDTH);
  NAMED ("position_embeddings.weight", POSITIONS, WIDTH);
  NAMED ("token_type_embeddings.weight", 2, WIDTH);
  add_pair (list, prefix, "LayerNorm", gamma, beta, WIDTH, 0);
  for (int l = 0; l < LAYERS; l++)
    {
      snprintf (prefix, sizeof prefix, "%sencoder.layer.%d.", bert, l);
      add_pair (list, prefix, "attention.self.query", "weight", "bias", WIDTH, WIDTH);
      add_pair (list, prefix, "attention.self.key", "weight", "bias", WIDTH, WIDTH);
      add_pair (list, prefix, "attention.self.value", "weight", "bias", WIDTH, WIDTH);
      add_pair (list, prefix, "attention.output.dense", "weight", "bias", WIDTH, WIDTH);
      add_pair (list, prefix, "attention.output.LayerNorm", gamma, beta, WIDTH, 0);
      add_pair (list, prefix, "intermediate.dense", "weight", "bias", 10, WIDTH);
      add_pair (list, prefix, "output.dense", "weight", "bias", WIDTH, 10);
      add_pair (list, prefix, "output.LayerNorm", gamma, beta, WIDTH, 0);
    }
  snprintf (prefix, sizeof prefix, "%s", bert);
  add_pair (list, prefix, "pooler.dense", "weight", "bias", WIDTH, WIDTH);
  if (*bert == 0)
    return;
  add (list, "cls.predictions.bias", words, 0, 0, 0);
  add_pair (list, "cls.predictions.", "transform.dense", "weight", "bias", WIDTH, WIDTH);
  add_pair (list, "cls.predictions.", "transform.LayerNorm", gamma, beta, WIDTH, 0);
  add (list, "cls.predictions.decoder.weight", words, WIDTH, 0, 0);
  add_pair (list, "cls.", "seq_relationship", "weight", "bias", 2, WIDTH);
}

static ModelConfig
small_model (void)
{
  ModelConfig c;

  config_init (&c);
  c.image_res = 12;
  c.patch_size = 4;
  c.vision_width = c.hidden_size = c.encoder_width = WIDTH;
  c.vision_depth = 1;
  c.vision_heads = c.num_attention_heads = 2;
  c.vision_mlp_width = 12;
  c.vocab_size = WORDS;
  c.num_hidden_layers = LAYERS;
  c.fusion_layer = 1;
  c.intermediate_size = 10;
  c.max_position_embeddings = POSITIONS;
  c.embed_dim = 4;
  c.queue_size = 6;
  c.grounding_layer = 1;
  return c;
}

static bool
holds (const Initial *initial, const char *parameter, const char *place)
{
  const char *lines = initial_lines (initial), *at;
  char start[160];

  snprintf (start, sizeof start, "%s %s", parameter, place == NULL ? "new\n" : "<- ");
  for (at = strstr (lines, start); at != NULL && at != lines && at[-1] != '\n'; at = strstr (at + 1, start))
    ;
  if (at == NULL || place == NULL)
    return at != NULL;
  return strcspn (at, "\n") > strlen (place)
         && strncmp (at + strcspn (at, "\n") - strlen (place), place, strlen (place)) == 0;
}

/* The parameter's values are those of `from` in the file. */
static bool
taken (Initial *initial, const char *parameter, const char *from, int n_dims, const int64_t *shape)
{
  ParameterSource source = initial_source (initial);
  const float *mapped = NULL;
  float *copied = NULL;
  AlbefError error = ALBEF_ERROR_INIT;
  size_t n = 1;
  bool same
      = source.get (source.user_data, parameter, n_dims, shape, &mapped, &copied, &error) == ALBEF_OK && copied != NULL;

  for (int i = 0; i < n_dims; i++)
    n *= (size_t) shape[i];
  for (size_t i = 0; same && i < n; i++)
    same = copied[i] == value_of (from, i);
  free (copied);
  return same;
}

static void
test_pretraining (const char *image, const char *text, bool bare)
{
  ModelConfig config = small_model ();
  AlbefError error = ALBEF_ERROR_INIT;
  EncoderFiles files;
  Initial *initial;
  int same, moved, fresh;

  tap_ok (encoder_files_open (image, text, &files, &error) == ALBEF_OK, "/files/opened (%s)", error.message);
  initial = initial_new (NULL, &files, &config, 3);
  initial_counts (initial, &same, &moved, &fresh);
  if (!bare)
    {
      /* New: cross-attention of two layers (10 each), projections, match head, temperature. */
      tap_ok (same == 0 && fresh == 2 * 10 + 2 + 2 + 2 + 1,
              "/pretrain/%d taken, %d new: cross-attention, projections, head", moved, fresh);
      tap_ok (holds (initial, "text_encoder.cls.predictions.transform.LayerNorm.weight",
                     ": cls.predictions.transform.LayerNorm.gamma")
                  && holds (initial, "text_encoder.bert.embeddings.LayerNorm.bias", ": bert.embeddings.LayerNorm.beta"),
              "/pretrain/older names of LayerNorm are found and said");
      tap_ok (taken (initial, "text_encoder.cls.predictions.transform.dense.weight",
                     "cls.predictions.transform.dense.weight", 2, (int64_t[]){ WIDTH, WIDTH })
                  && taken (initial, "text_encoder.bert.encoder.layer.2.output.LayerNorm.weight",
                            "bert.encoder.layer.2.output.LayerNorm.gamma", 1, (int64_t[]){ WIDTH }),
              "/pretrain/the head and the last layer's values");
    }
  else
    tap_ok (holds (initial, "text_encoder.bert.encoder.layer.1.intermediate.dense.bias",
                   ": encoder.layer.1.intermediate.dense.bias")
                && holds (initial, "text_encoder.cls.predictions.bias", NULL),
            "/bare/a BERT without its head: the head is new");
  tap_ok (holds (initial, "text_encoder.bert.encoder.layer.1.crossattention.self.key.weight", NULL)
              && holds (initial, "temp", NULL),
          "/%s/cross-attention and temperature are new", bare ? "bare" : "pretrain");
  tap_ok (taken (initial, "visual_encoder.blocks.0.attn.qkv.weight", "blocks.0.attn.qkv.weight", 2,
                 (int64_t[]){ 3 * WIDTH, WIDTH })
              && holds (initial, "visual_encoder.norm.bias", ": norm.bias"),
          "/%s/the image encoder's values", bare ? "bare" : "pretrain");
  initial_free (initial);
  encoder_files_close (&files);
}

/* A table of 2 x 2 patches becomes one of 3 x 3. */
static void
test_positions (const char *image)
{
  AlbefError error = ALBEF_ERROR_INIT;
  float small[(1 + 4) * WIDTH], large[(1 + 9) * WIDTH], *values = NULL;
  EncoderFiles files;
  bool same;

  encoder_files_open (image, NULL, &files, &error);
  for (size_t i = 0; i < (1 + 4) * WIDTH; i++)
    small[i] = value_of ("pos_embed", i);
  pos_embed_interpolate (small, 2, large, 3, WIDTH);
  same = encoder_files_read (&files, "visual_encoder.pos_embed", 3, (int64_t[]){ 1, 10, WIDTH }, &values, &error)
             == ALBEF_OK
         && memcmp (values, large, sizeof large) == 0;
  tap_ok (same, "/positions/interpolated to the model's grid (%s)", error.message);
  free (values);
  encoder_files_close (&files);
}

static void
test_refused (const char *image, const char *text)
{
  AlbefError error = ALBEF_ERROR_INIT;
  EncoderFiles files;
  float *values = NULL;

  tap_ok (encoder_files_open (text, NULL, &files, &error) == ALBEF_ERROR_MISMATCH
              && strstr (error.message, "no image encoder") != NULL,
          "/refused/a BERT as an image encoder (%s)", error.message);
  error = (AlbefError) ALBEF_ERROR_INIT;
  tap_ok (encoder_files_open (NULL, image, &files, &error) == ALBEF_ERROR_MISMATCH
              && strstr (error.message, "no BERT") != NULL,
          "/refused/an image encoder as a BERT (%s)", error.message);
  error = (AlbefError) ALBEF_ERROR_INIT;
  encoder_files_open (image, text, &files, &error);
  tap_ok (encoder_files_read (&files, "text_encoder.bert.embeddings.word_embeddings.weight", 2,
                              (int64_t[]){ WORDS + 1, WIDTH }, &values, &error)
                  == ALBEF_ERROR_MISMATCH
              && strstr (error.message, "11 x 8") != NULL && strstr (error.message, "12 x 8") != NULL,
          "/refused/a vocabulary of another size (%s)", error.message);
  encoder_files_close (&files);
}

int
main (void)
{
  static List deit, bert, alone;
  char *image, *text, *bare;

  if (mkdtemp (folder) == NULL)
    return 1;
  list_deit (&deit, 2);
  list_bert (&bert, "bert.", true, WORDS);
  list_bert (&alone, "", false, WORDS);
  image = write_file ("deit.pth", &deit, true);
  text = write_file ("pytorch_model.bin", &bert, false);
  bare = write_file ("bert.bin", &alone, false);
  test_pretraining (image, text, false);
  test_pretraining (image, bare, true);
  test_positions (image);
  test_refused (image, text);
  unlink (image);
  unlink (text);
  unlink (bare);
  rmdir (folder);
  free (image);
  free (text);
  free (bare);
  return tap_done ();
}
