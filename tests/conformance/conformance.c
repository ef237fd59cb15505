/* SPDX-License-Identifier: MIT
 * conformance DIR [--dump OUT] [--backend cpu|reference|fenced] [--check]
 *
 * Runs every case of a reference folder through the engine, each in a process of its own, prints a line per
 * tensor with its error relative to the golden one's largest magnitude, and writes what was computed.
 * Only inputs are read; a folder may come with its outputs zeroed. */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "error.h"

typedef struct
{
  const char *dir;
  const char *dump;    /* NULL: nothing is written */
  const char *backend;
  bool check;
} Options;

/* What a child says by its exit status. */
enum
{
  CASE_DONE = 0,
  CASE_FAILED = 1,    /* could not run */
  CASE_WRONG = 3      /* ran; a tensor is out of tolerance */
};

typedef struct
{
  const char *name;
  bool (*run) (Case *c);
} TensorCase;

static const TensorCase tensor_cases[] = {
  { "vit", case_vit },
  { "text_encoder", case_text_encoder },
  { "retrieval_eval", case_retrieval_eval },
  { "grounding", case_grounding },
  { "visualization", case_visualization },
  { "pos_embed", case_pos_embed },
  { "checkpoints", case_checkpoints },
  { "pretrain", case_pretrain },
  { "pretrain_variations", case_pretrain_variations },
  { "pretrain_trajectory", case_pretrain_trajectory },
  { "retrieval", case_retrieval },
  { "ve", case_ve },
  { "nlvr", case_nlvr },
  { "pretrain_nlvr", case_pretrain_nlvr },
  { "vqa", case_vqa },
  { "amc", case_amc },
};

/* Inputs are not compared: they are not computed. A name that begins with '*' may follow a prefix and a dot ("step0."),
 * one that ends with '*' stands for all that begin so. */
static const struct
{
  const char *case_name, *inputs;
} case_inputs[] = {
  { "vit", "image" },
  { "text_encoder", "input_ids attention_mask image_embeds" },
  { "retrieval_eval", "image input_ids attention_mask" },
  { "grounding", "image itm_block itc_block input_ids attention_mask" },
  { "visualization", "image block_num rgb_image input_ids attention_mask" },
  { "pos_embed", "pos_embed_in image_*" },
  { "checkpoints", "image input_ids attention_mask" },
  { "pretrain", "image alpha queue_ptr_before input_ids attention_mask neg_image_idx neg_text_idx mlm_bernoulli_* "
                "mlm_random_words" },
  { "pretrain_variations", "*temp_in *alpha" },
  { "pretrain_trajectory", "*input_ids *attention_mask *neg_image_idx *neg_text_idx *mlm_bernoulli_mask "
                           "*mlm_bernoulli_replace *mlm_bernoulli_random *mlm_random_words" },
  { "retrieval", "image idx alpha input_ids attention_mask neg_image_idx neg_text_idx" },
  { "vqa", "image question_ids question_mask answer_ids answer_mask n_answers weights alpha rank.answer_ids "
           "rank.answer_mask rank.k" },
  { "ve", "image targets alpha input_ids attention_mask" },
  { "nlvr", "images targets alpha input_ids attention_mask" },
  { "pretrain_nlvr", "image image0_idx image1_idx labels rand1 rand2 input_ids attention_mask" },
  { "amc", "image mask_query_interp gt_mask_indicator alpha block_num input_ids attention_mask neg_image_idx "
           "neg_text_idx mlm_bernoulli_* mlm_random_words" },
};

static bool
fits (const char *pattern, size_t length, const char *name)
{
  const char *dot = strchr (name, '.');

  if (pattern[0] == '*')
    return dot != NULL && strlen (dot + 1) == length - 1 && strncmp (dot + 1, pattern + 1, length - 1) == 0;
  if (pattern[length - 1] == '*')
    return strncmp (name, pattern, length - 1) == 0;
  return strlen (name) == length && strncmp (name, pattern, length) == 0;
}

static bool
is_input (const char *case_name, const char *tensor)
{
  for (size_t i = 0; i < sizeof case_inputs / sizeof case_inputs[0]; i++)
    if (strcmp (case_inputs[i].case_name, case_name) == 0)
      for (const char *at = case_inputs[i].inputs; *at != 0;)
        {
          size_t length = strcspn (at, " ");

          if (fits (at, length, tensor))
            return true;
          at += length + (at[length] == ' ');
        }
  return false;
}

static bool
is_judged (const char *case_name, const char *tensor)
{
  size_t length = strlen (tensor);

  if (strncmp (tensor, "f64.", 4) == 0 || strcmp (tensor, "losses_f64") == 0)
    return false;
  return !(length > 3 && strcmp (tensor + length - 3, ".lr") == 0) && !is_input (case_name, tensor);
}

/* ---------------------------------------------------------------------------------------------------
 * Comparison with the golden tensors
 */

/* Rounding noise of a golden gradient: f32_noise.json of the folder, 0 where it says nothing. */
static double
noise_of (json_t *noise, const char *case_name, const char *tensor)
{
  const char *dot = strchr (tensor, '.');
  json_t *group = json_object_get (noise, case_name), *entry;

  if (dot == NULL || strncmp (tensor, "grad", 4) != 0)
    return 0;
  for (void *i = json_object_iter (group); i != NULL; i = json_object_iter_next (group, i))
    if ((entry = json_object_get (json_object_iter_value (i), dot + 1)) != NULL)
      return json_number_value (json_array_get (entry, 0));
  return 0;
}

/* Biases of attention keys have a gradient of exactly 0 in exact arithmetic. */
static bool
is_key_bias (const char *tensor)
{
  size_t length = strlen (tensor);

  return length > 9 && strcmp (tensor + length - 9, ".key.bias") == 0;
}

static double
value_at (const TensorFileEntry *entry, int64_t i)
{
  return entry->type == TENSOR_I64 ? (double) ((const int64_t *) entry->data)[i] : ((const float *) entry->data)[i];
}

/* How far apart two tensors may be, as an absolute number. `largest`: of the golden magnitudes. */
static double
tolerance_of (const char *case_name, const TensorFileEntry *golden, double largest, double noise)
{
  bool gradient = strstr (golden->name, "grad") != NULL;

  if (golden->type == TENSOR_I64)
    return 0;
  if (gradient && is_key_bias (golden->name))
    return 1e-6;
  /* AdamW turns noise in a vanishing gradient into steps of up to lr = 1e-3. */
  if (strncmp (golden->name, "adamw_after.", 12) == 0)
    return 2e-3;
  if (gradient || strcmp (case_name, "pretrain_trajectory") == 0)
    return 1e-3 * largest + 20 * noise;
  return 2e-4 * largest;
}

/* Prints one line; returns false when out of tolerance. */
static bool
compare (const char *case_name, const TensorFileEntry *mine, const TensorFileEntry *golden, json_t *noise)
{
  bool same_shape = mine->type == golden->type && mine->n_dims == golden->n_dims, good;
  double worst = 0, largest = 0;

  for (int i = 0; same_shape && i < mine->n_dims; i++)
    same_shape = mine->shape[i] == golden->shape[i];
  if (!same_shape)
    {
      printf ("%s %s WRONG SHAPE OR TYPE\n", case_name, golden->name);
      return false;
    }
  for (int64_t i = 0; i < golden->n_elements; i++)
    {
      double a = value_at (mine, i), b = value_at (golden, i);

      if (isnan (a) && isnan (b))
        continue;
      largest = fmax (largest, fabs (b));
      worst = isnan (a - b) ? INFINITY : fmax (worst, fabs (a - b));
    }
  good = worst <= tolerance_of (case_name, golden, largest, noise_of (noise, case_name, golden->name)) + 1e-12;
  /* A golden tensor of zeros: either the outputs were emptied, or the answer is zero. */
  printf ("%s %s %.3g%s%s\n", case_name, golden->name, largest > 0 ? worst / largest : worst,
          largest > 0 ? "" : " absolute, golden is zero", good ? "" : " OUT OF TOLERANCE");
  return good;
}

static int
compare_all (const char *dir, const char *case_name, TensorFile *golden, const char *dumped)
{
  AlbefError error = ALBEF_ERROR_INIT;
  TensorFile *mine = tensor_file_open (dumped, &error);
  char noise_path[4200];
  json_t *noise;
  int result = CASE_DONE;

  if (mine == NULL)
    {
      printf ("%s FAILED %s\n", case_name, error.message);
      return CASE_FAILED;
    }
  snprintf (noise_path, sizeof noise_path, "%s/f32_noise.json", dir);
  noise = json_load_file (noise_path, 0, NULL);
  for (int i = 0; i < tensor_file_count (golden); i++)
    {
      const TensorFileEntry *entry = tensor_file_entry (golden, i), *computed;

      if (!is_judged (case_name, entry->name))
        continue;
      computed = tensor_file_find (mine, entry->name);
      if (computed == NULL)
        printf ("%s %s MISSING\n", case_name, entry->name);
      if (computed == NULL || !compare (case_name, computed, entry, noise))
        result = CASE_WRONG;
    }
  json_decref (noise);
  tensor_file_free (mine);
  return result;
}

/* Files of text are compared byte by byte only in the tests; here a line says that they were written. */
static int
report_file (const char *case_name, int failed, const char *message)
{
  if (failed != 0)
    printf ("%s FAILED %s\n", case_name, message);
  else
    printf ("%s written\n", case_name);
  return failed != 0 ? CASE_FAILED : CASE_DONE;
}

/* ---------------------------------------------------------------------------------------------------
 * Running one case, in a child
 */

static int
run_tensor_case (const Options *options, const TensorCase *which, const char *out_dir)
{
  Case c = { .dir = options->dir, .backend = options->backend, .error = ALBEF_ERROR_INIT };
  char in_path[4200], out_path[4200];
  int result = CASE_FAILED;

  snprintf (in_path, sizeof in_path, "%s/%s.safetensors", options->dir, which->name);
  snprintf (out_path, sizeof out_path, "%s/%s.safetensors", out_dir, which->name);
  c.in = tensor_file_open (in_path, &c.error);
  if (c.in != NULL && backend_open (options->backend, 0, &c.device, &c.error) == ALBEF_OK)
    {
      c.out = tensor_writer_new ();
      if (which->run (&c) && tensor_writer_save (c.out, out_path, &c.error) == ALBEF_OK)
        result = compare_all (options->dir, which->name, c.in, out_path);
      tensor_writer_free (c.out);
      case_close (&c);
      backend_close (c.device);
    }
  if (result == CASE_FAILED)
    printf ("%s FAILED %s\n", which->name, c.error.message);
  tensor_file_free (c.in);
  return result;
}

static int
run_file_case (const Options *options, const char *name, const char *out_dir)
{
  char out_path[4200], message[1024] = "";

  if (strcmp (name, "schedule") == 0)
    return report_file (name, case_schedule (options->dir, out_dir, message, sizeof message), message);
  if (strcmp (name, "preprocess") == 0)
    {
      char in_path[4200];
      AlbefError error = ALBEF_ERROR_INIT;
      TensorFile *golden;
      int result;

      snprintf (in_path, sizeof in_path, "%s/preprocess/preprocess.safetensors", options->dir);
      snprintf (out_path, sizeof out_path, "%s/preprocess.safetensors", out_dir);
      if (case_preprocess (options->dir, out_path, message, sizeof message) != 0)
        return report_file (name, 1, message);
      golden = tensor_file_open (in_path, &error);
      if (golden == NULL)
        return report_file (name, 1, error.message);
      result = compare_all (options->dir, name, golden, out_path);
      tensor_file_free (golden);
      return result;
    }
  snprintf (out_path, sizeof out_path, "%s/%s.json", out_dir, name);
  if (strcmp (name, "tokenizer") == 0)
    return report_file (name, case_tokenizer (options->dir, out_path, message, sizeof message), message);
  return report_file (name, case_pre_caption (options->dir, out_path, message, sizeof message), message);
}

/* Runs `name` in a child and returns its CASE_ status; a crash is a failure of that case alone. */
static int
in_child (const Options *options, const char *name, const char *out_dir)
{
  pid_t child;
  int status = 0;

  fflush (stdout);
  child = fork ();
  if (child == 0)
    {
      int result = -1;

      for (size_t i = 0; i < sizeof tensor_cases / sizeof tensor_cases[0]; i++)
        if (strcmp (tensor_cases[i].name, name) == 0)
          result = run_tensor_case (options, &tensor_cases[i], out_dir);
      if (result < 0)
        result = run_file_case (options, name, out_dir);
      fflush (stdout);
      _exit (result);
    }
  if (child < 0 || waitpid (child, &status, 0) < 0)
    {
      printf ("%s FAILED %s\n", name, strerror (errno));
      return CASE_FAILED;
    }
  if (WIFSIGNALED (status))
    {
      printf ("%s FAILED killed by signal %d\n", name, WTERMSIG (status));
      return CASE_FAILED;
    }
  return WEXITSTATUS (status);
}

/* ---------------------------------------------------------------------------------------------------
 * The folder
 */

static bool
is_known (const char *name)
{
  for (size_t i = 0; i < sizeof tensor_cases / sizeof tensor_cases[0]; i++)
    if (strcmp (tensor_cases[i].name, name) == 0)
      return true;
  return false;
}

static bool
exists (const char *dir, const char *rest)
{
  char path[4200];
  struct stat info;

  snprintf (path, sizeof path, "%s/%s", dir, rest);
  return stat (path, &info) == 0;
}

static int
compare_names (const struct dirent **a, const struct dirent **b)
{
  return strcmp ((*a)->d_name, (*b)->d_name);
}

/* Runs everything; returns the worst outcome. */
static int
run_folder (const Options *options, const char *out_dir)
{
  struct dirent **entries = NULL;
  int n = scandir (options->dir, &entries, NULL, compare_names), worst = CASE_DONE, ran = 0;

  if (n < 0)
    {
      fprintf (stderr, "conformance: cannot read '%s': %s. Give a folder laid out like tests/reference/public.\n",
               options->dir, strerror (errno));
      return CASE_FAILED;
    }
  for (int i = 0; i < n; i++)
    {
      char name[256];
      char *suffix;
      int result = CASE_DONE;

      snprintf (name, sizeof name, "%s", entries[i]->d_name);
      free (entries[i]);
      suffix = strstr (name, ".safetensors");
      if (suffix == NULL || suffix[12] != 0 || strncmp (name, "weights_", 8) == 0)
        continue;
      *suffix = 0;
      ran++;
      if (is_known (name))
        result = in_child (options, name, out_dir);
      else
        printf ("%s skipped\n", name);
      worst = result == CASE_FAILED || worst == CASE_DONE ? result : worst;
      if (result == CASE_FAILED)
        worst = CASE_FAILED;
    }
  free (entries);
  {
    static const struct { const char *name, *file; } files[] = {
      { "preprocess", "preprocess/preprocess.safetensors" },
      { "tokenizer", "text/tokenizer.json" },
      { "pre_caption", "text/pre_caption.json" },
      { "schedule", "schedule" },
    };

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
      if (exists (options->dir, files[i].file))
        {
          int result = in_child (options, files[i].name, out_dir);

          ran++;
          if (result == CASE_FAILED || worst == CASE_DONE)
            worst = result == CASE_DONE ? worst : result;
        }
  }
  if (ran == 0)
    {
      fprintf (stderr, "conformance: '%s' holds no case. Give a folder laid out like tests/reference/public.\n",
               options->dir);
      return CASE_FAILED;
    }
  return worst;
}

/* Makes `path` and the folders above it that are missing. */
static bool
make_folders (const char *path)
{
  char part[4200];
  struct stat info;

  if (strlen (path) >= sizeof part)
    return errno = ENAMETOOLONG, false;
  strcpy (part, path);
  for (char *slash = strchr (part + 1, '/'); slash != NULL; slash = strchr (slash + 1, '/'))
    {
      *slash = 0;
      if (mkdir (part, 0777) != 0 && errno != EEXIST)
        return false;
      *slash = '/';
    }
  if (mkdir (part, 0777) != 0 && errno != EEXIST)
    return false;
  if (stat (part, &info) != 0)
    return false;
  return S_ISDIR (info.st_mode) || (errno = ENOTDIR, false);
}

static void
remove_folder (const char *path)
{
  DIR *dir = opendir (path);
  struct dirent *entry;
  char file[4200];

  while (dir != NULL && (entry = readdir (dir)) != NULL)
    if (entry->d_name[0] != '.')
      {
        snprintf (file, sizeof file, "%s/%s", path, entry->d_name);
        if (unlink (file) != 0)
          remove_folder (file);
      }
  if (dir != NULL)
    closedir (dir);
  rmdir (path);
}

static const char usage[] =
  "Usage: conformance DIR [--dump OUT] [--backend cpu|reference|fenced] [--check]\n"
  "\n"
  "Runs every case of the reference folder DIR through the engine and prints each tensor's largest error\n"
  "relative to the golden tensor's largest magnitude.\n"
  "\n"
  "  --dump OUT      write what was computed, one file a case, into the folder OUT\n"
  "  --backend NAME  cpu (default), reference (plain loops in double), fenced (reference behind a fence)\n"
  "  --check         exit 1 also if a tensor is out of tolerance\n"
  "\n"
  "Exit status: 0 done, 1 a case could not run (or is out of tolerance), 2 usage.\n";

int
main (int argc, char **argv)
{
  static const struct option long_options[] = {
    { "dump", required_argument, NULL, 'd' },    { "backend", required_argument, NULL, 'b' },
    { "check", no_argument, NULL, 'c' },         { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
  };
  Options options = { .backend = "cpu" };
  char scratch[] = "/tmp/conformance-XXXXXX";
  const char *out_dir;
  int key, worst;

  while ((key = getopt_long (argc, argv, "h", long_options, NULL)) != -1)
    switch (key)
      {
      case 'd':
        options.dump = optarg;
        break;
      case 'b':
        options.backend = optarg;
        break;
      case 'c':
        options.check = true;
        break;
      case 'h':
        fputs (usage, stdout);
        return 0;
      default:
        fputs (usage, stderr);
        return 2;
      }
  if (optind + 1 != argc)
    {
      fputs (usage, stderr);
      return 2;
    }
  options.dir = argv[optind];
  signal (SIGPIPE, SIG_IGN); /* the dump is complete even if nobody reads the lines to their end */
  if (strcmp (options.backend, "cpu") != 0 && strcmp (options.backend, "reference") != 0 &&
      strcmp (options.backend, "fenced") != 0)
    {
      fprintf (stderr, "conformance: no backend '%s'; there are cpu, reference and fenced.\n", options.backend);
      return 2;
    }
  out_dir = options.dump != NULL ? options.dump : mkdtemp (scratch);
  if (out_dir == NULL || (options.dump != NULL && !make_folders (out_dir)))
    {
      fprintf (stderr, "conformance: cannot make the folder '%s': %s\n", out_dir ? out_dir : scratch, strerror (errno));
      return 1;
    }
  worst = run_folder (&options, out_dir);
  if (options.dump == NULL)
    remove_folder (out_dir);
  if (worst == CASE_WRONG)
    return options.check ? 1 : 0;
  return worst == CASE_DONE ? 0 : 1;
}
