/* SPDX-License-Identifier: MIT
 * albef bench: seconds from picture and sentence to word maps, cold and warm, beside what the machine could
 * do at best (the floor: the larger of FLOP / P and bytes / M, with P the rate of a large product and M the
 * bandwidth of reading as many bytes as a query reads, both measured here with the threads used). */
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "cli.h"
#include "error.h"
#include "handles.h"
#include "machine-floor.h"
#include "random-model.h"

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

/* ---------------------------------------------------------------------------------------------------
 * What the work costs
 */

/* The least that must be done: products and attention, every weight read from memory each time it is used, and a
 * picture's keys and values likewise. Norms, biases, GELU, softmax and the embedding rows are left out. */
typedef struct
{
  double flop, bytes;
} Work;

static double
image_tokens (const ModelConfig *c)
{
  double side = c->image_res / c->patch_size;

  return side * side + 1;
}

/* The image encoder, and the keys and values of every fusion layer. */
static Work
image_work (const ModelConfig *c)
{
  double tokens = image_tokens (c), w = c->vision_width;
  double layer = 4 * w * w + 2 * w * c->vision_mlp_width, patch = 3.0 * c->patch_size * c->patch_size * w;
  double keys = 2.0 * (c->num_hidden_layers - c->fusion_layer) * c->encoder_width * c->hidden_size;
  double weights = c->vision_depth * layer + keys;

  return (Work) { 2 * tokens * weights + 2 * (tokens - 1) * patch + 4 * tokens * tokens * w * c->vision_depth,
                  4 * (weights + patch) };
}

/* A query of `tokens` tokens on a cached picture: all text and fusion layers forward, and from the score back to the
 * attention of BERT layer `tap`. In the last layer only [CLS] asks. */
static Work
query_work (const ModelConfig *c, int tokens, int tap)
{
  double w = c->hidden_size, t = tokens, i = image_tokens (c), feed_forward = 2 * w * c->intermediate_size;
  Work work = { 0 };

  for (int l = 0; l < c->num_hidden_layers; l++)
    {
      bool fusion = l >= c->fusion_layer, back = l > tap;
      double rows = l == c->num_hidden_layers - 1 && l != tap ? 1 : t;
      double asking = 2 * w * w + (fusion ? 2 * w * w : 0) + feed_forward, answering = 2 * w * w;
      double products = 2 * (rows * asking + t * answering);
      double self = 4 * rows * t * w, cross = fusion ? 4 * rows * i * w : 0;
      double keys = fusion ? 2 * i * w : 0;

      /* Back: gradients of both sides of self-attention, of the query side alone of cross-attention. */
      work.flop += products + self + cross + (back ? products + 2 * self + cross : 0);
      work.bytes += 4 * (asking + answering + keys) * (back ? 2 : 1);
      if (l == tap) /* as far as the map: feed-forward, output of cross-attention, values */
        {
          work.flop += 2 * rows * (feed_forward + w * w) + 2 * rows * i * w;
          work.bytes += 4 * (feed_forward + w * w + i * w);
        }
    }
  return work;
}

/* ---------------------------------------------------------------------------------------------------
 * Runs
 */

/* Seconds of several runs. */
typedef struct
{
  double lowest, median, highest;
} Spread;

typedef struct
{
  Spread image, text, fusion; /* text is cold: a text never seen */
  Spread query;               /* a new query on a cached image, text layers included */
  Spread cold;                /* image and query */
  int tokens, runs;
  long peak_rss_kib;
} Timing;

/* The rates and what the work would take at them. */
typedef struct
{
  double p, m; /* FLOP/s, bytes/s */
  Work image, query;
  double image_seconds, query_seconds;
} Floor;

static Spread
spread (double *values, int n)
{
  qsort (values, (size_t) n, sizeof *values, compare_doubles);
  return (Spread) { values[0], n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]), values[n - 1] };
}

static void
measure (Model *model, int runs, int tokens, Timing *timing)
{
  double image[MAX_RUNS], text[MAX_RUNS], fusion[MAX_RUNS], query[MAX_RUNS], cold[MAX_RUNS];
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
          query[i] = t3 - t1;
          cold[i] = t3 - t0;
        }
      text_cache_free (texts);
      image_cache_free (cache);
    }
  *timing = (Timing) { .image = spread (image, runs), .text = spread (text, runs), .fusion = spread (fusion, runs),
                       .query = spread (query, runs), .cold = spread (cold, runs), .tokens = tokens, .runs = runs };
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
floor_measure (Model *model, int tokens, Floor *floor)
{
  int tap = model_bert_layer (model, config_grounding_fusion_layer (&model->config));

  floor->image = image_work (&model->config);
  floor->query = query_work (&model->config, tokens, tap);
  floor->p = floor_product_rate (model->backend);
  floor->m = floor_memory_rate (model->backend->threads, floor->query.bytes);
  floor->image_seconds = fmax (floor->image.flop / floor->p, floor->image.bytes / floor->m);
  floor->query_seconds = fmax (floor->query.flop / floor->p, floor->query.bytes / floor->m);
}

static void
print_line (const char *name, const Spread *seconds)
{
  printf ("%-10s %8.1f ms (%.1f - %.1f)", name, 1e3 * seconds->median, 1e3 * seconds->lowest, 1e3 * seconds->highest);
}

static void
print_text (Backend *backend, const ModelConfig *c, const Timing *t, const Floor *floor)
{
  printf ("device     %s (%s, %s)\n", backend->description, backend->name, backend->precision);
  printf ("floor      P %.0f GFLOP/s, M %.1f GB/s (reading %.0f MB)\n", floor->p / 1e9, floor->m / 1e9,
          floor->query.bytes / 1e6);
  printf ("model      %d px, %d + %d + %d layers, width %d\n", c->image_res, c->vision_depth, c->fusion_layer,
          c->num_hidden_layers - c->fusion_layer, c->hidden_size);
  printf ("runs       %d, after one warm-up: median (lowest - highest)\n", t->runs);
  print_line ("image", &t->image);
  printf ("  %.1f GFLOP, %.2f x floor (image encoder, keys and values)\n", floor->image.flop / 1e9,
          t->image.median / floor->image_seconds);
  print_line ("query", &t->query);
  printf ("  %.2f GFLOP, %.0f MB, %.2f x floor (%d tokens, forward and backward, all word maps)\n",
          floor->query.flop / 1e9, floor->query.bytes / 1e6, t->query.median / floor->query_seconds, t->tokens);
  print_line ("  text", &t->text);
  putchar ('\n');
  print_line ("  fusion", &t->fusion);
  putchar ('\n');
  print_line ("cold", &t->cold);
  printf ("  %.2f x floor\n", t->cold.median / (floor->image_seconds + floor->query_seconds));
  printf ("peak RSS   %8.0f MiB\n", (double) t->peak_rss_kib / 1024);
}

static json_t *
spread_json (const Spread *seconds)
{
  return json_pack ("{s:f, s:f, s:f}", "median", seconds->median, "lowest", seconds->lowest, "highest",
                    seconds->highest);
}

static json_t *
describe (Backend *backend, const ModelConfig *c, const Timing *t, const Floor *floor)
{
  return json_pack ("{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:f, s:f, s:f, s:f, s:f, s:f, s:f, "
                    "s:i}", "command", cli_command_line, "device", backend->description, "precision", backend->precision,
                    "threads", backend->threads, "image_res", c->image_res, "tokens", t->tokens, "runs", t->runs,
                    "image_s", spread_json (&t->image), "text_s", spread_json (&t->text), "fusion_s",
                    spread_json (&t->fusion), "query_s", spread_json (&t->query), "cold_s", spread_json (&t->cold),
                    "flop_per_s", floor->p, "bytes_per_s", floor->m, "image_flop", floor->image.flop, "query_flop",
                    floor->query.flop, "query_bytes", floor->query.bytes, "image_floor_s", floor->image_seconds,
                    "query_floor_s", floor->query_seconds, "peak_rss_kib", (int) t->peak_rss_kib);
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
  Floor floor;

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
        return cli_bad_option (&command_bench, options, key, optarg);
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
  floor_measure (model, tokens, &floor);
  if (common.json)
    cli_print_json (describe (engine->backend, &model->config, &timing, &floor));
  else
    print_text (engine->backend, &model->config, &timing, &floor);
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
  "the larger of FLOP / P and bytes / M, with P (a large product) and M (reading as many bytes as a query\n"
  "reads) measured in the run.\n"
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
