/* SPDX-License-Identifier: MIT
 * Conversion to the native form, through the public header; and checkpoints that do not fit. */
#include "convert.h"
#include "error.h"
#include "safetensors.h"
#include "tap.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/alidade-convert-XXXXXX";

static char *
place (const char *name)
{
  return mem_printf ("%s/%s", folder, name);
}

static char *
fixture (const char *name)
{
  return mem_printf ("%s/reference/public/%s", getenv ("ALIDADE_TESTS"), name);
}

static bool
write_text (const char *path, const char *text, size_t length)
{
  FILE *file = fopen (path, "wb");
  bool done = file != NULL && fwrite (text, 1, length, file) == length;

  return (file == NULL || fclose (file) == 0) && done;
}

/* A vocabulary of n words beside the converted files. */
static char *
write_vocab (const char *name, int n)
{
  char *path = place (name), *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream (&text, &length);

  for (int i = 0; i < n; i++)
    fprintf (out, i == 1 ? "a%cb\n" : "word%d\n", i == 1 ? 0 : i); /* U+0000 occurs in real ones */
  fclose (out);
  write_text (path, text, length);
  free (text);
  return path;
}

static int progress_calls;

static bool
count_progress (void *data, const char *what, uint64_t done, uint64_t total)
{
  progress_calls++;
  return data == NULL || progress_calls < *(int *) data;
}

/* --- the good way ----------------------------------------------------------------------------------- */

static bool
same_values (WeightSet *a, WeightSet *b)
{
  const ParameterSpec *specs;
  int n;

  specs = weight_set_specs (a, &n);
  for (int i = 0; i < n; i++)
    {
      const float *mapped[2];
      float *copied[2];
      uint64_t count = 1;
      bool same;

      for (int d = 0; d < specs[i].n_dims; d++)
        count *= specs[i].shape[d];
      if (weight_set_get (a, specs[i].name, specs[i].n_dims, specs[i].shape, &mapped[0], &copied[0], NULL) != ALBEF_OK
          || weight_set_get (b, specs[i].name, specs[i].n_dims, specs[i].shape, &mapped[1], &copied[1], NULL)
                 != ALBEF_OK)
        return false;
      same = memcmp (mapped[0] ? mapped[0] : copied[0], mapped[1] ? mapped[1] : copied[1], count * sizeof (float)) == 0;
      free (copied[0]);
      free (copied[1]);
      if (!same)
        {
          tap_note ("'%s' differs", specs[i].name);
          return false;
        }
    }
  return n > 0;
}

static void
test_good (const char *file, const char *kind)
{
  char *in = mem_printf ("%s/reference/public/checkpoints/%s.pth", getenv ("ALIDADE_TESTS"), file);
  char *out = place ("good.safetensors"), *again = place ("again.safetensors"), *config = fixture ("config.json");
  char *vocab = write_vocab ("words.txt", 40), *bytes[2] = { NULL };
  AlbefModelOptions options = { .vocab = vocab, .config = config, .progress = count_progress };
  WeightSetOptions given = { .vocab = vocab, .config = config, .config_entry = "micro" };
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefReport *report = NULL;
  WeightSet *native = NULL, *source = NULL;
  size_t length[2] = { 0 };
  const char *stored;
  int n = 0, n_tensors;

  progress_calls = 0;
  if (!tap_ok (albef_checkpoint_convert (in, out, &options, &report, &error) == ALBEF_OK, "/convert/%s", file))
    tap_note ("%s", error.message);
  tap_ok (progress_calls > 50, "/convert/%s/progress is told", file);
  tap_equal_text (albef_report_kind (report), kind, file);
  albef_report_free (report);

  /* Opened without any help, from the file alone. */
  if (!tap_ok (weight_set_open (out, NULL, &native, &report, &error) == ALBEF_OK, "/convert/%s/opens alone", file))
    tap_note ("%s", error.message);
  weight_set_open (in, &given, &source, NULL, &error);
  if (native != NULL && source != NULL)
    {
      stored = weight_set_vocab (native, &length[0]);
      tap_ok (length[0] > 200 && memchr (stored, 0, length[0]) != NULL, "/convert/%s/vocabulary inside", file);
      tap_ok (weight_set_config (native)->vision_heads == 2 && weight_set_config (native)->num_attention_heads == 2
                  && config_check (weight_set_config (native), "x", NULL) == ALBEF_OK,
              "/convert/%s/configuration inside, of the entry that fits", file);
      tap_ok (same_values (source, native), "/convert/%s/the same values", file);
      tap_ok (albef_report_count (report, ALBEF_REPORT_ASSUMED) == 0, "/convert/%s/nothing is assumed any more", file);
      weight_set_specs (native, &n);
      n_tensors = weight_source_count (weight_set_source (native));
      tap_ok (n_tensors <= n, "/convert/%s/no twins and queues", file);
      tap_ok (strstr (albef_report_text (report), "Made from") != NULL, "/convert/%s/provenance", file);
      for (int i = 0; i < n_tensors; i++)
        n_tensors = weight_source_map_f32 (weight_set_source (native), i) != NULL ? n_tensors : -1;
      tap_ok (n_tensors > 0, "/convert/%s/every weight can be used in place", file);
    }
  weight_set_free (native);
  weight_set_free (source);
  albef_report_free (report);

  tap_ok (albef_checkpoint_convert (in, again, &options, NULL, &error) == ALBEF_OK
              && file_read (out, 1 << 22, &bytes[0], &length[0], &error) == ALBEF_OK
              && file_read (again, 1 << 22, &bytes[1], &length[1], &error) == ALBEF_OK && length[0] == length[1]
              && memcmp (bytes[0], bytes[1], length[0]) == 0,
          "/convert/%s/the same bytes each time", file);
  free (bytes[0]);
  free (bytes[1]);
  free (in);
  free (out);
  free (again);
  free (config);
  free (vocab);
}

static void
test_training_state (void)
{
  char *in = fixture ("checkpoints/pretrain.pth"), *out = place ("training.safetensors"),
       *config = fixture ("config.json");
  char *vocab = write_vocab ("words.txt", 40), *smaller = place ("smaller.safetensors");
  AlbefModelOptions options = { .vocab = vocab, .config = config, .keep_training = true };
  AlbefError error = ALBEF_ERROR_INIT;
  WeightSource *source = NULL;
  WeightSet *set = NULL;
  int first_twin = -1, last_weight = -1;

  tap_ok (albef_checkpoint_convert (in, out, &options, NULL, &error) == ALBEF_OK, "/training state/kept if asked for");
  if (weight_source_open (out, &source, &error) == ALBEF_OK)
    {
      for (int i = 0; i < weight_source_count (source); i++)
        {
          bool twin = strstr (weight_source_get (source, i)->name, "_m.") != NULL
                      || strstr (weight_source_get (source, i)->name, "queue") != NULL;

          if (twin && first_twin < 0)
            first_twin = i;
          if (!twin)
            last_weight = i;
        }
      tap_ok (first_twin > 0 && last_weight < first_twin, "/training state/behind all weights");
      tap_ok (weight_source_find (source, "queue_ptr") >= 0
                  && weight_source_get (source, weight_source_find (source, "queue_ptr"))->type == WEIGHT_I64,
              "/training state/the pointer stays a whole number");
    }
  weight_source_free (source);
  /* A native file is a checkpoint like others. */
  options.keep_training = false;
  options.vocab = options.config = NULL;
  tap_ok (albef_checkpoint_convert (out, smaller, &options, NULL, &error) == ALBEF_OK
              && weight_set_open (smaller, NULL, &set, NULL, &error) == ALBEF_OK
              && weight_set_has (set, "itm_head.weight"),
          "/training state/dropped by converting again");
  weight_set_free (set);
  free (smaller);
  free (vocab);
  free (config);
  free (out);
  free (in);
}

/* --- what leaves the old file alone ------------------------------------------------------------------ */

static bool
is_untouched (const char *path)
{
  size_t length = 0;
  char *text = NULL;
  bool same = file_read (path, 100, &text, &length, NULL) == ALBEF_OK && strcmp (text, "old") == 0;

  free (text);
  return same;
}

/* Nothing but the files that the test made may lie in the folder. */
static int
count_new_files (void)
{
  char *command = mem_printf ("ls %s | grep -c new-", folder);
  FILE *out = popen (command, "r");
  int n = -1;

  if (out == NULL || fscanf (out, "%d", &n) != 1)
    n = -1;
  if (out != NULL)
    pclose (out);
  free (command);
  return n;
}

static void
test_untouched (void)
{
  char *in = fixture ("checkpoints/pretrain.pth"), *out = place ("old.safetensors"), *config = fixture ("config.json");
  char *vocab = write_vocab ("words.txt", 40), *broken = place ("broken.txt");
  int limit = 20;
  AlbefModelOptions options = { .vocab = vocab, .config = config, .progress = count_progress, .progress_data = &limit };
  AlbefError error = ALBEF_ERROR_INIT;
  struct rlimit before, small;
  AlbefStatus status;

  write_text (out, "old", 3);
  progress_calls = 0;
  tap_ok (albef_checkpoint_convert (in, out, &options, NULL, &error) == ALBEF_CANCELLED && is_untouched (out),
          "/untouched/cancelled on the way");
  options.progress_data = NULL;

  getrlimit (RLIMIT_FSIZE, &before);
  small = before;
  small.rlim_cur = 20000;
  signal (SIGXFSZ, SIG_IGN);
  setrlimit (RLIMIT_FSIZE, &small);
  status = albef_checkpoint_convert (in, out, &options, NULL, &error);
  setrlimit (RLIMIT_FSIZE, &before);
  tap_ok (status == ALBEF_ERROR_FILE && strstr (error.message, "nothing was replaced") != NULL && is_untouched (out),
          "/untouched/no room for all of it");

  write_text (broken, "a\xff\n", 3);
  for (int i = 1; i < 40; i++)
    {
      FILE *file = fopen (broken, "ab");

      fprintf (file, "%d\n", i);
      fclose (file);
    }
  options.vocab = broken;
  tap_ok (albef_checkpoint_convert (in, out, &options, NULL, &error) == ALBEF_ERROR_FORMAT
              && strstr (error.message, "not UTF-8") != NULL && is_untouched (out),
          "/untouched/a vocabulary that is no text");
  tap_ok (count_new_files () == 0, "/untouched/and no half file beside it");

  options.vocab = vocab;
  tap_ok (albef_checkpoint_convert (in, "/nonexistent/x.safetensors", &options, NULL, &error) == ALBEF_ERROR_FILE,
          "/untouched/no such folder");
  free (broken);
  free (vocab);
  free (config);
  free (out);
  free (in);
}

/* --- what does not fit ------------------------------------------------------------------------------ */

typedef struct
{
  const char *drop;    /* names that hold this are left out */
  const char *rename;  /* this start ... */
  const char *to;      /* ... becomes this */
  const char *reshape; /* this one is written as one long row less its last element */
  const char *spoil;   /* this one begins with NaN */
} Edit;

/* A copy of the pre-training fixture with an edit. */
static char *
edited (const char *name, const Edit *edit)
{
  char *in = fixture ("checkpoints/pretrain.pth"), *out = place (name);
  WeightSource *source = NULL;
  SafetensorsWriter *writer = NULL;
  SafetensorsEntry entries[200];
  int from[200], n = 0;
  bool good = weight_source_open (in, &source, NULL) == ALBEF_OK;

  for (int i = 0; good && i < weight_source_count (source); i++)
    {
      const Weight *weight = weight_source_get (source, i);
      SafetensorsEntry *entry = &entries[n];

      if (edit->drop != NULL && strstr (weight->name, edit->drop) != NULL)
        continue;
      *entry = (SafetensorsEntry){ .type = weight->type == WEIGHT_I64 ? WEIGHT_I64 : WEIGHT_F32,
                                   .n_dims = weight->n_dims };
      memcpy (entry->shape, weight->shape, sizeof entry->shape);
      if (edit->rename != NULL && strncmp (weight->name, edit->rename, strlen (edit->rename)) == 0)
        entry->name = mem_printf ("%s%s", edit->to, weight->name + strlen (edit->rename));
      else
        entry->name = mem_strdup (weight->name);
      if (edit->reshape != NULL && strcmp (weight->name, edit->reshape) == 0)
        {
          entry->n_dims = 1;
          entry->shape[0] = weight->n_elements - 1;
        }
      from[n++] = i;
    }
  good = good && safetensors_writer_open (out, entries, n, NULL, 0, &writer, NULL) == ALBEF_OK;
  for (int i = 0; good && i < n; i++)
    {
      const Weight *weight = weight_source_get (source, from[i]);
      uint8_t *values = mem_new0 (weight->n_elements, 8);
      size_t bytes = weight->n_elements * weight_type_size (entries[i].type);

      weight_source_read_raw (source, from[i], values);
      if (edit->spoil != NULL && strcmp (weight->name, edit->spoil) == 0)
        memcpy (values, "\0\0\xc0\x7f", 4);
      if (edit->reshape != NULL && strcmp (weight->name, edit->reshape) == 0)
        bytes -= 4;
      good = safetensors_writer_write (writer, values, bytes, NULL) == ALBEF_OK;
      free (values);
    }
  good = good && safetensors_writer_commit (writer, NULL) == ALBEF_OK;
  if (!good)
    tap_note ("'%s' could not be made", name);
  for (int i = 0; i < n; i++)
    free ((char *) entries[i].name);
  weight_source_free (source);
  free (in);
  return out;
}

static void
check_refused (const char *name, const Edit *edit, const char *message, const char *advice, int n_missing)
{
  char *file_name = mem_printf ("%s.safetensors", name), *path = edited (file_name, edit),
       *config = fixture ("config.json");
  char *vocab = write_vocab ("words.txt", 40);
  WeightSetOptions options = { .vocab = vocab, .config = config, .config_entry = "micro" };
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefReport *report = NULL;
  WeightSet *set = NULL;
  AlbefStatus status = weight_set_open (path, &options, &set, &report, &error);

  if (!tap_ok (status == ALBEF_ERROR_MISMATCH && set == NULL && strstr (error.message, message) != NULL,
               "/misfit/%s is refused", name))
    tap_note ("status %d: %s", status, error.message);
  if (tap_ok (report != NULL && !albef_report_loadable (report), "/misfit/%s has a report", name))
    {
      tap_ok (albef_report_count (report, ALBEF_REPORT_MISSING) == n_missing, "/misfit/%s: %d weights", name,
              n_missing);
      if (!tap_ok (strstr (albef_report_advice (report), advice) != NULL, "/misfit/%s: advice", name))
        tap_note ("%s", albef_report_advice (report));
    }
  albef_report_free (report);
  weight_set_free (set);
  free (vocab);
  free (config);
  free (path);
  free (file_name);
}

static void
test_misfits (void)
{
  char *config = fixture ("config.json"), *vocab = write_vocab ("words.txt", 40), *few = write_vocab ("few.txt", 39),
       *path;
  WeightSetOptions options = { .vocab = vocab, .config = config, .config_entry = "micro" };
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefReport *report = NULL;
  WeightSet *set = NULL;
  const float *mapped;
  float *copied;

  check_refused ("no match head", &(Edit){ .drop = "itm_head" }, "2 weights are missing, first 'itm_head.weight'",
                 "match head (itm_head) was left out", 2);
  check_refused ("another level",
                 &(Edit){ .rename = "text_encoder.bert.encoder.", .to = "text_encoder.bert.bert.encoder." },
                 "text_encoder.bert", "another level", 42);
  check_refused ("a layer cut off", &(Edit){ .drop = "encoder.layer.1.output" }, "4 weights are missing", "", 4);
  check_refused ("a wrong shape", &(Edit){ .reshape = "itm_head.weight" },
                 "'itm_head.weight' (wrong shape: 23 in the file, the model needs 2 x 12)", "", 1);
  check_refused ("twins only", &(Edit){ .rename = "visual_encoder.", .to = "other." }, "is not an ALBEF",
                 "no 'visual_encoder'", 0);

  /* Missing weights that are allowed are zeros. */
  path = edited ("partial.safetensors", &(Edit){ .drop = "itm_head" });
  options.allow_incomplete = true;
  if (tap_ok (weight_set_open (path, &options, &set, &report, &error) == ALBEF_OK, "/misfit/incomplete, if allowed"))
    {
      tap_ok (albef_report_loadable (report) && strstr (albef_report_headline (report), "Loaded in part: 2 of") != NULL,
              "/misfit/and said so");
      tap_ok (weight_set_get (set, "itm_head.bias", 1, (int64_t[]){ 2 }, &mapped, &copied, &error) == ALBEF_OK
                  && copied[0] == 0 && copied[1] == 0,
              "/misfit/missing weights are zeros");
      free (copied);
    }
  albef_report_free (report);
  weight_set_free (set);
  set = NULL;
  report = NULL;
  free (path);
  options.allow_incomplete = false;

  /* NaN is found when the weight is used. */
  path = edited ("nan.safetensors", &(Edit){ .spoil = "vision_proj.weight" });
  if (tap_ok (weight_set_open (path, &options, &set, NULL, &error) == ALBEF_OK, "/misfit/NaN/opens"))
    tap_ok (weight_set_get (set, "vision_proj.weight", 2, (int64_t[]){ 6, 4 }, &mapped, &copied, &error)
                    == ALBEF_ERROR_FORMAT
                && strstr (error.message, "'vision_proj.weight' holds 1 values that are not numbers") != NULL
                && mapped == NULL && copied == NULL,
            "/misfit/NaN/is named");
  weight_set_free (set);
  set = NULL;
  free (path);

  /* The vocabulary. */
  path = edited ("whole.safetensors", &(Edit){ NULL });
  options.vocab = few;
  tap_ok (weight_set_open (path, &options, &set, NULL, &error) == ALBEF_ERROR_MISMATCH
              && strstr (error.message, "the vocabulary has 39 words, the model 40") != NULL,
          "/misfit/vocabulary of another size");
  options.vocab = NULL;
  tap_ok (weight_set_open (path, &options, &set, NULL, &error) == ALBEF_ERROR_MISMATCH
              && strstr (error.message, "vocabulary is missing") != NULL,
          "/misfit/no vocabulary");
  options.vocab = "/nonexistent/vocab.txt";
  tap_ok (weight_set_open (path, &options, &set, NULL, &error) == ALBEF_ERROR_FILE,
          "/misfit/a vocabulary that is not there");
  options.vocab = vocab;

  /* The configuration. */
  options.config_entry = "tiny";
  if (!tap_ok (weight_set_open (path, &options, &set, &report, &error) == ALBEF_ERROR_MISMATCH
                   && strstr (albef_report_advice (report), "vision_width is 40, the weights say 4") != NULL,
               "/misfit/configuration of another model"))
    tap_note ("%s", error.message);
  albef_report_free (report);
  report = NULL;
  options.config_entry = NULL;
  options.image_resolution = 64;
  if (tap_ok (weight_set_open (path, &options, &set, &report, &error) == ALBEF_OK, "/reshaped/another resolution"))
    {
      const char *note = "";

      albef_report_entry (report, ALBEF_REPORT_RESHAPED, 0, &note);
      tap_equal_text (note, "position table 5 -> 17", "/reshaped/said so");
      tap_ok (weight_set_get (set, "visual_encoder.pos_embed", 3, (int64_t[]){ 1, 17, 4 }, &mapped, &copied, &error)
                      == ALBEF_OK
                  && copied != NULL,
              "/reshaped/interpolated");
      free (copied);
      tap_ok (weight_set_get (set, "visual_encoder.pos_embed", 3, (int64_t[]){ 1, 18, 4 }, &mapped, &copied, &error)
                  == ALBEF_ERROR_MISMATCH,
              "/reshaped/but not to what is no square");
    }
  albef_report_free (report);
  weight_set_free (set);
  set = NULL;
  options.image_resolution = 70;
  tap_ok (weight_set_open (path, &options, &set, NULL, &error) == ALBEF_ERROR_FORMAT
              && strstr (error.message, "70") != NULL,
          "/reshaped/not to half a patch");
  free (path);
  free (few);
  free (vocab);
  free (config);
}

/* vocab.txt and config.json found beside, and a config.json of another model there. */
static void
test_beside (void)
{
  char *path = edited ("beside.safetensors", &(Edit){ NULL }), *config = place ("config.json"),
       *vocab = write_vocab ("vocab.txt", 40);
  static const char right[]
      = "{\"vision_heads\": 4, \"bert_config\": {\"num_attention_heads\": 3, \"layer_norm_eps\": 0.001}}";
  static const char other[] = "{\"hidden_size\": 768, \"num_attention_heads\": 12}";
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefReport *report = NULL;
  WeightSet *set = NULL;
  json_t *json;

  write_text (config, right, strlen (right));
  tap_ok (weight_set_open (path, NULL, &set, &report, &error) == ALBEF_OK && weight_set_config (set)->vision_heads == 4
              && weight_set_config (set)->num_attention_heads == 3 && weight_set_config (set)->layer_norm_eps == 0.001,
          "/beside/both are found");
  albef_report_free (report);
  weight_set_free (set);
  report = NULL;
  set = NULL;
  write_text (config, other, strlen (other));
  if (!tap_ok (weight_set_open (path, NULL, &set, &report, &error) == ALBEF_OK
                   && weight_set_config (set)->num_attention_heads == 1
                   && strstr (albef_report_text (report),
                              "it describes another model (hidden_size is 768 there, 12 in the weights)")
                          != NULL,
               "/beside/another model's is left alone, and said so"))
    tap_note ("%s\n%s", error.message, report != NULL ? albef_report_text (report) : "");
  albef_report_free (report);
  weight_set_free (set);
  unlink (config);
  report = NULL;
  tap_ok (albef_report_open (path, NULL, NULL, &report, &error) == ALBEF_OK, "/inspect/opens");
  json = report != NULL ? json_loads (albef_report_json (report), 0, NULL) : NULL;
  tap_ok (json_integer_value (json_object_get (json_object_get (json, "configuration"), "vision_width")) == 4
              && json_integer_value (json_object_get (json, "parameters")) == 8651
              && strlen (json_string_value (json_object_get (json_object_get (json, "file"), "sha256"))) == 64
              && json_array_size (json_object_get (json_object_get (json, "groups"), "matched")) == 79
              && json_is_true (json_object_get (json, "loadable")),
          "/inspect/JSON");
  json_decref (json);
  albef_report_free (report);
  report = NULL;
  tap_ok (albef_report_open (vocab, NULL, NULL, &report, &error) == ALBEF_ERROR_FORMAT && report == NULL,
          "/inspect/not a model");
  unlink (vocab);
  free (vocab);
  free (config);
  free (path);
}

int
main (void)
{
  char *command;

  if (mkdtemp (folder) == NULL)
    {
      tap_ok (false, "/a folder for the test");
      return tap_done ();
    }
  test_good ("pretrain", "pretrain");
  test_good ("retrieval", "retrieval");
  test_good ("vqa", "vqa");
  test_good ("ve", "ve");
  test_good ("nlvr", "nlvr2");
  test_good ("pretrain_legacy", "pretrain");
  test_good ("pretrain_strided", "pretrain");
  test_good ("pretrain_bf16", "pretrain");
  test_training_state ();
  test_untouched ();
  test_misfits ();
  test_beside ();
  command = mem_printf ("rm -rf '%s'", folder);
  tap_ok (system (command) == 0, "/cleared up");
  free (command);
  return tap_done ();
}
