/* SPDX-License-Identifier: MIT
 * albef bench: seconds from picture and sentence to word maps, cold and warm, beside what the machine could
 * do at best (the floor: the larger of FLOP / P and bytes / M, with P the rate of a large product and M the
 * bandwidth of memory, both measured here with the threads used). */
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "cli.h"
#include "error.h"
#include "handles.h"
#include "random-model.h"

#define FLOOR_SIDE 2048              /* of the large product */
#define FLOOR_BYTES ((size_t) 512 << 20)
#define MAX_RUNS 1000

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
median (double *values, int n)
{
  qsort (values, (size_t) n, sizeof *values, compare_doubles);
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

/* ---------------------------------------------------------------------------------------------------
 * The machine's floor
 */

/* FLOP/s of a large product through the backend's linear kernel. */
static double
product_rate (Backend *backend)
{
  int64_t n = FLOOR_SIDE, shape[] = { n, n };
  Tensor *x = tensor_zeros (backend, 2, shape), *w = tensor_zeros (backend, 2, shape);
  double best = INFINITY;
  Scope scope;

  scope_init (&scope, backend);
  for (int i = 0; i < 4; i++)
    {
      double start = now ();

      op_linear (&scope, x, w, NULL, EPILOGUE_NONE, NULL);
      backend->class->synchronize (backend);
      if (i > 0)
        best = fmin (best, now () - start);
      scope_clear (&scope);
    }
  tensor_unref (x);
  tensor_unref (w);
  return 2.0 * (double) n * (double) n * (double) n / best;
}

/* Bytes/s of reading a large block with `threads` threads. */
static double
memory_rate (int threads)
{
  size_t n = FLOOR_BYTES / sizeof (uint64_t);
  uint64_t *block = malloc (FLOOR_BYTES), sum = 0;
  double best = INFINITY;

  if (block == NULL)
    return NAN;
  memset (block, 1, FLOOR_BYTES);
  for (int i = 0; i < 4; i++)
    {
      double start = now ();

#pragma omp parallel for reduction(+ : sum) num_threads(threads)
      for (size_t k = 0; k < n; k += 8)
        sum += block[k] + block[k + 1] + block[k + 2] + block[k + 3] + block[k + 4] + block[k + 5] + block[k + 6]
               + block[k + 7];
      best = fmin (best, now () - start);
    }
  free (block);
  return sum == 42 ? NAN : (double) FLOOR_BYTES / best;
}

/* ---------------------------------------------------------------------------------------------------
 * What the work costs
 */

static double
image_flop (const ModelConfig *c)
{
  double tokens = pow ((double) (c->image_res / c->patch_size), 2) + 1, w = c->vision_width;
  double layer = 2 * tokens * w * (4 * w + 2.0 * c->vision_mlp_width) + 4 * tokens * tokens * w;
  double keys = 4 * tokens * c->encoder_width * c->hidden_size * (c->num_hidden_layers - c->fusion_layer);

  return c->vision_depth * layer + 2 * tokens * w * 3 * c->patch_size * c->patch_size + keys;
}

/* Bytes that a warm query must read: each layer's weights once, those above the tap twice, the image's keys
 * and values. A dozen tokens leave the arithmetic far below that. */
static double
query_bytes (const ModelConfig *c)
{
  double w = c->hidden_size, image_tokens = pow ((double) (c->image_res / c->patch_size), 2) + 1;
  double text_layer = 4 * w * w + 2 * w * c->intermediate_size, fusion_layer = text_layer + 2 * w * w;
  int fusion = c->num_hidden_layers - c->fusion_layer, above = c->num_hidden_layers - c->grounding_layer;

  return 4 * (c->fusion_layer * text_layer + (fusion + above) * fusion_layer +
              2.0 * fusion * image_tokens * w * 1.5);
}

static double
query_flop (const ModelConfig *c, int tokens)
{
  double weights = (query_bytes (c) / 4) - 3.0 * (c->num_hidden_layers - c->fusion_layer) *
                   (pow ((double) (c->image_res / c->patch_size), 2) + 1) * c->hidden_size;

  return 2 * tokens * weights;
}

/* ---------------------------------------------------------------------------------------------------
 * Runs
 */

typedef struct
{
  double image, text, fusion; /* medians, seconds; text is cold: a text never seen */
  double warm;                /* a new query on a cached image, text layers included */
  int tokens;
  long peak_rss_kib;
} Timing;

static void
measure (Model *model, int runs, int tokens, Timing *timing)
{
  double image[MAX_RUNS], text[MAX_RUNS], fusion[MAX_RUNS], warm[MAX_RUNS];
  size_t pixels = 3 * (size_t) model->config.image_res * (size_t) model->config.image_res;
  float *picture = mem_new0 (pixels, sizeof *picture);
  int32_t *ids = mem_new0 ((size_t) tokens, sizeof *ids);
  int layer = config_grounding_fusion_layer (&model->config);

  for (size_t i = 0; i < pixels; i++)
    picture[i] = (float) ((i * 2654435761u >> 8) % 1000) / 500.0f - 1.0f;
  for (int i = -1; i < runs; i++) /* one warm-up */
    {
      ImageCache *cache = image_cache_new (UINT64_MAX);
      TextCache *texts = text_cache_new ();
      const ImageState *state;
      const TextState *text_state;
      PairMaps maps;
      double t0 = now (), t1, t2, t3;

      for (int k = 0; k < tokens; k++)
        ids[k] = (int32_t) ((5 + 31 * k + 7 * (i + 1)) % model->config.vocab_size);
      state = image_cache_compute (cache, model, 1, picture, NULL);
      t1 = now ();
      text_state = text_cache_get (texts, model, ids, tokens, NULL);
      t2 = now ();
      pair_maps_itm (model, state, text_state, layer, NULL, &maps);
      t3 = now ();
      pair_maps_clear (&maps);
      if (i >= 0)
        {
          image[i] = t1 - t0;
          text[i] = t2 - t1;
          fusion[i] = t3 - t2;
          warm[i] = t3 - t1;
        }
      text_cache_free (texts);
      image_cache_free (cache);
    }
  *timing = (Timing) { median (image, runs), median (text, runs), median (fusion, runs), median (warm, runs), tokens, 0 };
  free (picture);
  free (ids);
}

static long
peak_rss_kib (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

static void
print_text (Backend *backend, const ModelConfig *c, const Timing *t, double p, double m)
{
  double image_floor = image_flop (c) / p;
  double query_floor = fmax (query_flop (c, t->tokens) / p, query_bytes (c) / m);

  printf ("device     %s (%s, %s)\n", backend->description, backend->name, backend->precision);
  printf ("floor      P %.0f GFLOP/s, M %.1f GB/s\n", p / 1e9, m / 1e9);
  printf ("model      %d px, %d + %d + %d layers, width %d\n", c->image_res, c->vision_depth, c->fusion_layer,
          c->num_hidden_layers - c->fusion_layer, c->hidden_size);
  printf ("image      %8.1f ms  %.0f GFLOP, %.2f x floor (image encoder, keys and values)\n", 1e3 * t->image,
          image_flop (c) / 1e9, t->image / image_floor);
  printf ("query      %8.1f ms  %.2f GFLOP, %.0f MB, %.2f x floor (%d tokens, forward and backward, all word maps)\n",
          1e3 * t->warm, query_flop (c, t->tokens) / 1e9, query_bytes (c) / 1e6, t->warm / query_floor, t->tokens);
  printf ("  text     %8.1f ms\n  fusion   %8.1f ms\n", 1e3 * t->text, 1e3 * t->fusion);
  printf ("cold       %8.1f ms\n", 1e3 * (t->image + t->warm));
  printf ("peak RSS   %8.0f MiB\n", (double) t->peak_rss_kib / 1024);
}

static json_t *
describe (Backend *backend, const ModelConfig *c, const Timing *t, double p, double m)
{
  return json_pack ("{s:s, s:s, s:s, s:i, s:f, s:f, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:i}", "command",
                    cli_command_line, "device", backend->description, "precision", backend->precision, "threads",
                    backend->threads, "flop_per_s", p, "bytes_per_s", m, "image_res", c->image_res, "tokens", t->tokens,
                    "image_s", t->image, "text_s", t->text, "fusion_s", t->fusion, "query_s", t->warm, "cold_s",
                    t->image + t->warm, "image_floor_s", image_flop (c) / p, "query_floor_s",
                    fmax (query_flop (c, t->tokens) / p, query_bytes (c) / m), "peak_rss_kib", (int) t->peak_rss_kib);
}

static int
run (int argc, char **argv)
{
  static const struct option options[] = { CLI_MODEL_OPTIONS,
                                           { "full", no_argument, NULL, 'f' },
                                           { "runs", required_argument, NULL, 'r' },
                                           { "tokens", required_argument, NULL, 't' },
                                           { NULL, 0, NULL, 0 } };
  CliModelOptions common = { 0 };
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefEngine *engine = NULL;
  AlbefModel *handle = NULL;
  Model *model = NULL;
  int runs = 5, tokens = 9, key;
  bool full = false;
  Timing timing;
  double p, m;

  while ((key = getopt_long (argc, argv, "h", options, NULL)) != -1)
    {
      bool good = true;

      if (key == 'h')
        return fputs (command_bench.usage, stdout), CLI_DONE;
      if (key == 'f')
        full = true;
      else if (key == 'r')
        good = cli_int (optarg, 1, MAX_RUNS, &runs);
      else if (key == 't')
        good = cli_int (optarg, 1, 512, &tokens);
      else
        good = cli_model_option (&common, key, optarg);
      if (!good)
        return cli_usage (&command_bench, "an option cannot be used as given");
    }
  if (optind != argc)
    return cli_usage (&command_bench, "no arguments are taken");
  if (full)
    {
      AlbefEngineConfig engine_config = { .device = common.device, .threads = common.threads };
      ModelConfig config;

      config_init (&config);
      if (common.resolution > 0)
        config.image_res = common.resolution;
      if (config_check (&config, "--resolution", &error) != ALBEF_OK ||
          albef_engine_open (&engine_config, &engine, &error) != ALBEF_OK)
        return cli_fail (&error);
      if (random_model_new (engine->backend, &config, 1, &model, &error) != ALBEF_OK)
        return albef_engine_close (engine), cli_fail (&error);
    }
  else if (!cli_open (&common, &engine, &handle))
    return CLI_FAILED;
  else
    model = handle->model;
  if (tokens > model->text.max_positions)
    tokens = model->text.max_positions;
  measure (model, runs, tokens, &timing);
  timing.peak_rss_kib = peak_rss_kib (); /* before the floor is measured: that takes memory of its own */
  p = product_rate (engine->backend);
  m = memory_rate (engine->backend->threads);
  if (common.json)
    cli_print_json (describe (engine->backend, &model->config, &timing, p, m));
  else
    print_text (engine->backend, &model->config, &timing, p, m);
  if (full)
    model_free (model);
  albef_model_free (handle);
  albef_engine_close (engine);
  return CLI_DONE;
}

const CliCommand command_bench = {
  "bench", "seconds from picture and sentence to maps on this machine",
  "Usage: albef bench [OPTIONS]\n"
  "\n"
  "Times the embedded model (or --model FILE, or --full) on a picture of noise and a text of random words:\n"
  "the image once, then a query on the cached image. Medians, and multiples of the machine's floor, which is\n"
  "the larger of FLOP / P and bytes / M, with P (a large product) and M (reading memory) measured in the run.\n"
  "\n"
  "      --full             the official sizes (ViT-B/16, BERT-base, 384 px) with random weights\n"
  "      --runs N           default 5, after one warm-up\n"
  "      --tokens N         length of the text with [CLS]; default 9\n"
  CLI_MODEL_HELP
  "\n"
  "Example:\n"
  "  albef bench --full --threads 2\n",
  run
};
