/* SPDX-License-Identifier: MIT
 * bench-step: one pre-training step at full size, beside what the machine can do.
 *
 *   bench-step [--threads N] [--steps N] [--profile] [--mini] [--embedded [--frozen]] [--recompute] [--early]
 *
 * Batch 4, 256 px, 12 tokens, dropout 0.1, queues of 65536, random weights, distillation on: the step function and
 * the update that `albef train` runs. Each step is split into forward (with the teacher), backward and optimizer; the
 * floor is FLOP / P + bytes / M, with P and M measured in the same run (where another load moved P meanwhile, it means
 * little). FLOP are counted from the calls, bytes are those of the optimizer and the teacher's following. The first
 * step allocates and is left out. --recompute, --early: the settings `recompute`
 * and `early-updates` of a run. --profile: time by kernel. --mini: small sizes, to see that it runs.
 * --embedded: the embedded model's sizes, batch 64, 128 px, queues of 2048; --frozen: its image encoder is not learned.
 * torch_step.py does the same in PyTorch. */
#include "floors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "error.h"
#include "steps.h"
#include "trainer.h"

#define STEPS_MAX 32

/* ---------------------------------------------------------------------------------------------------
 * Calls, counted and timed on their way to the backend
 */

static struct
{
  const BackendClass *class;
  double seconds[KERNEL_COUNT];
  long calls[KERNEL_COUNT];
  double flop, bytes, filled;
  bool timed;
} counted;

static double
call_flop (const KernelCall *call)
{
  switch (call->id)
    {
    case KERNEL_GEMM:
      return 2. * call->gemm.m * call->gemm.n * call->gemm.k * call->gemm.outer * call->gemm.inner;
    case KERNEL_LINEAR:
      return 2. * call->linear.m * call->linear.n * call->linear.k;
    case KERNEL_LINEAR_GRAD_INPUT:
      return 2. * call->linear_grad_input.m * call->linear_grad_input.n * call->linear_grad_input.k;
    case KERNEL_ATTENTION:
      return 4. * call->attention.batch * call->attention.heads * call->attention.queries * call->attention.keys
             * call->attention.d;
    default:
      return 0;
    }
}

static double
call_bytes (const KernelCall *call)
{
  return call->id == KERNEL_ADAMW ? 28. * call->adamw.n : call->id == KERNEL_MOMENTUM ? 12. * call->momentum.n : 0;
}

/* Gradients begin as zeros: in the profile, not in the floor. */
static double
call_filled (const KernelCall *call)
{
  return call->id == KERNEL_FILL ? 4. * call->fill.n : 0;
}

static void
counted_run (Backend *backend, const KernelCall *call)
{
  double start = counted.timed ? seconds_now () : 0;

  counted.class->run (backend, call);
  if (counted.timed)
    counted.seconds[call->id] += seconds_now () - start;
  counted.calls[call->id]++;
  counted.flop += call_flop (call);
  counted.bytes += call_bytes (call);
  counted.filled += call_filled (call);
}

static void
print_profile (int steps)
{
  bool done[KERNEL_COUNT] = { false };

  printf ("  %.2f GB filled\n", counted.filled / steps * 1e-9);
  for (int line = 0; line < KERNEL_COUNT; line++)
    {
      int most = -1;

      for (int i = 0; i < KERNEL_COUNT; i++)
        if (!done[i] && counted.calls[i] > 0 && (most < 0 || counted.seconds[i] > counted.seconds[most]))
          most = i;
      if (most < 0)
        return;
      done[most] = true;
      printf ("  %-28s %6ld calls %9.1f ms\n", kernel_name ((KernelId) most), counted.calls[most] / steps,
              counted.seconds[most] / steps * 1e3);
    }
}

/* ---------------------------------------------------------------------------------------------------
 * Weights, batch, memory
 */

static AlbefStatus
get (void *user_data, const char *name, int n_dims, const int64_t *shape, const float **mapped, float **copied,
     AlbefError *error)
{
  bool norm = strstr (name, "norm") != NULL || strstr (name, "LayerNorm") != NULL;
  size_t n = 1, length = strlen (name);
  uint32_t *state = user_data;

  for (int i = 0; i < n_dims; i++)
    n *= (size_t) shape[i];
  *copied = mem_new0 (n, sizeof **copied);
  for (size_t i = 0; n_dims >= 2 && i < n; i++)
    {
      *state = *state * 1664525u + 1013904223u;
      (*copied)[i] = ((float) (*state >> 8) * 0x1p-23f - 1.0f) * 0.035f; /* deviation 0.02 */
    }
  for (size_t i = 0; n_dims < 2 && i < n; i++)
    (*copied)[i] = strcmp (name, "temp") == 0 ? 0.07f : norm && name[length - 1] == 't' ? 1.0f : 0.0f;
  return ALBEF_OK;
}

static bool
has (void *user_data, const char *name)
{
  return strncmp (name, "cls_head", 8) != 0 && strncmp (name, "ta_head", 7) != 0
         && strncmp (name, "text_decoder", 12) != 0 && strstr (name, "_m.") == NULL && strstr (name, "queue") == NULL;
}

/* VmHWM or VmRSS of this process in MB; 0 where the system does not tell. */
static double
memory_of (const char *which)
{
  FILE *file = fopen ("/proc/self/status", "r");
  char line[200];
  long kib = 0;

  while (file != NULL && fgets (line, sizeof line, file) != NULL)
    if (strncmp (line, which, strlen (which)) == 0)
      kib = strtol (line + strlen (which) + 1, NULL, 10);
  if (file != NULL)
    fclose (file);
  return kib / 1000. * 1.024;
}

static double
processor_seconds (const struct rusage *usage)
{
  return (double) (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec)
         + 1e-6 * (double) (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
}

#define TOKENS 12

typedef struct
{
  Batch batch;
  int32_t *ids, *masked, *labels;
  int64_t *mask;
  float *u;
} Material;

static void
material_init (Material *material, int64_t batch, int64_t resolution, int vocabulary)
{
  size_t n = (size_t) batch * TOKENS;

  *material = (Material) { .batch = { .batch = batch, .tokens = TOKENS },
                           .ids = mem_new0 (n, sizeof (int32_t)),
                           .masked = mem_new0 (n, sizeof (int32_t)),
                           .labels = mem_new0 (n, sizeof (int32_t)),
                           .mask = mem_new0 (n, sizeof (int64_t)),
                           .u = mem_new0 ((size_t) batch, sizeof (float)) };
  for (int i = 0; i < (int) n; i++)
    {
      bool hidden = i % 7 == 3; /* 15 % */

      material->ids[i] = i % TOKENS == 0 ? 1 : 2 + i * 611 % (vocabulary - 2);
      material->masked[i] = hidden ? 3 : material->ids[i];
      material->labels[i] = hidden ? material->ids[i] : -100;
      material->mask[i] = i % TOKENS < 12 - i / TOKENS % 4;
    }
  for (int i = 0; i < batch; i++)
    material->u[i] = 0.2f * (float) (i % 4 + 1);
  material->batch.images = numbers_new ((size_t) (batch * 3 * resolution * resolution));
  material->batch.ids = material->ids;
  material->batch.mask = material->mask;
  material->batch.draw_image = material->batch.draw_text = material->u;
  material->batch.masked_ids = material->masked;
  material->batch.mlm_labels = material->labels;
}

static void
material_clear (Material *material)
{
  free ((void *) material->batch.images);
  free (material->ids);
  free (material->masked);
  free (material->labels);
  free (material->mask);
  free (material->u);
}

/* ---------------------------------------------------------------------------------------------------
 * The step
 */

typedef struct
{
  double forward, backward, optimizer, all;
} Split;

static bool recompute, early, frozen;

static void
update_early (void *user_data, Tensor *weight)
{
  learner_update_one (user_data, weight);
}

static Split
run_step (Learner *learner, const Batch *batch, int number, float *loss)
{
  Backend *backend = learner->backend;
  int32_t seed[2] = { 17, number };
  Dropout dropout = { .p = 0.1f, .seed = learner->seed };
  StepSettings settings = { .distill = true, .clamp_low = 0.001f, .clamp_high = 0.5f, .dropout = &dropout,
                            .share_image = frozen };
  StepTrace trace;
  Scope scope;
  Tensor *total;
  Split split;
  double start = seconds_now (), at;

  backend_upload (backend, tensor_view (learner->seed), seed, sizeof seed);
  learner_set (learner->alpha, 0.4f);
  learner_set (learner->lr, 1e-5f);
  learner_set (learner->step, (float) number);
  scope_init (&scope, backend);
  scope.tape = tape_new ();
  scope.recompute = recompute;
  if (early)
    tape_on_complete (scope.tape, update_early, learner);
  learner_begin (learner);
  total = step_pretrain (&scope, learner, batch, &settings, &trace);
  backend->class->synchronize (backend);
  at = seconds_now ();
  split.forward = at - start;
  tape_backward (&scope, total, NULL);
  backend->class->synchronize (backend);
  split.backward = seconds_now () - at;
  tensor_to_host (total, loss);
  at = seconds_now ();
  tape_free (scope.tape);
  scope_clear (&scope);
  learner_update (learner, NULL);
  backend->class->synchronize (backend);
  split.optimizer = seconds_now () - at;
  split.all = seconds_now () - start;
  return split;
}

static int
compare_splits (const void *a, const void *b)
{
  const Split *x = a, *y = b;

  return (x->all > y->all) - (x->all < y->all);
}

static int
usage (void)
{
  fprintf (stderr, "usage: bench-step [--threads N] [--steps N] [--profile] [--mini] [--embedded [--frozen]] [--recompute] [--early]\n");
  return 2;
}

int
main (int argc, char **argv)
{
  int threads = 2, steps = 5;
  bool mini = false, embedded = false;
  Backend *backend;
  BackendClass class;
  ModelConfig config;
  uint32_t state = 1;
  LearnerSource source = { .source = { .get = get, .has = has, .user_data = &state }, .teacher = true, .queues = true };
  AlbefError error = ALBEF_ERROR_INIT;
  Learner *learner;
  Material material;
  Split splits[STEPS_MAX];
  double flop, bytes, p, after_p, m, floor, peak, start = seconds_now ();
  struct rusage before, after;
  float loss = 0, first = 0;

  for (int i = 1; i < argc; i++)
    if (strcmp (argv[i], "--threads") == 0 && i + 1 < argc)
      threads = atoi (argv[++i]);
    else if (strcmp (argv[i], "--steps") == 0 && i + 1 < argc)
      steps = atoi (argv[++i]);
    else if (strcmp (argv[i], "--profile") == 0)
      counted.timed = true;
    else if (strcmp (argv[i], "--mini") == 0)
      mini = true;
    else if (strcmp (argv[i], "--embedded") == 0)
      embedded = true;
    else if (strcmp (argv[i], "--frozen") == 0)
      frozen = true;
    else if (strcmp (argv[i], "--recompute") == 0)
      recompute = true;
    else if (strcmp (argv[i], "--early") == 0)
      early = true;
    else
      return usage ();
  if (threads < 1 || threads > 256 || steps < 1 || steps > STEPS_MAX)
    return usage ();
  config_init (&config);
  config.image_res = 256;
  if (mini)
    {
      config.image_res = 64;
      config.vision_width = config.hidden_size = config.encoder_width = 48;
      config.vision_mlp_width = config.intermediate_size = 96;
      config.vision_depth = 2;
      config.num_hidden_layers = 4;
      config.fusion_layer = 2;
      config.grounding_layer = 3;
      config.vocab_size = 500;
      config.queue_size = 256;
    }
  if (embedded)
    {
      config.image_res = 128;
      config.vision_width = config.hidden_size = config.encoder_width = config.embed_dim = 128;
      config.vision_mlp_width = config.intermediate_size = 512;
      config.vision_depth = 6;
      config.vision_heads = config.num_attention_heads = 4;
      config.num_hidden_layers = 5;
      config.fusion_layer = 2;
      config.grounding_layer = 3;
      config.vocab_size = 298;
      config.max_position_embeddings = 32;
      config.queue_size = 2048;
    }
  backend = backend_cpu_open (threads);
  counted.class = backend->class;
  class = *backend->class;
  class.run = counted_run;
  backend->class = &class;
  if (learner_new (backend, &config, &source, &learner, &error) != ALBEF_OK)
    {
      fprintf (stderr, "bench-step: %s\n", error.message);
      return 1;
    }
  if (frozen && trainer_freeze (learner, "visual_encoder.*", &error) != ALBEF_OK)
    {
      fprintf (stderr, "bench-step: %s\n", error.message);
      return 1;
    }
  p = measure_product (threads);
  material_init (&material, embedded ? 64 : 4, config.image_res, config.vocab_size);
  printf ("%s\nbatch %d, %d px, %d tokens, dropout 0.1, queues of %d; made in %.1f s, %.2f GB resident\n",
          backend->description, (int) material.batch.batch, config.image_res, TOKENS, config.queue_size, seconds_now () - start,
          memory_of ("VmRSS:") * 1e-3);
  run_step (learner, &material.batch, 1, &first);
  memset (counted.seconds, 0, sizeof counted.seconds);
  memset (counted.calls, 0, sizeof counted.calls);
  counted.flop = counted.bytes = counted.filled = 0;
  getrusage (RUSAGE_SELF, &before);
  for (int i = 0; i < steps; i++)
    splits[i] = run_step (learner, &material.batch, 2 + i, &loss);
  getrusage (RUSAGE_SELF, &after);
  peak = memory_of ("VmHWM:");
  flop = counted.flop / steps;
  bytes = counted.bytes / steps;
  qsort (splits, (size_t) steps, sizeof *splits, compare_splits);

  /* Once more: another load of the machine may have come or gone meanwhile. The better one makes the floor. */
  after_p = measure_product (threads);
  printf ("P before the steps %.0f, after them %.0f GFLOP/s\n", p * 1e-9, after_p * 1e-9);
  p = p > after_p ? p : after_p;
  m = measure_memory (threads);
  floor = flop / p + bytes / m;
  printf ("P %.0f GFLOP/s, M %.1f GB/s; %.0f GFLOP and %.1f GB a step: floor %.3f s\n", p * 1e-9, m * 1e-9, flop * 1e-9,
          bytes * 1e-9, floor);
  printf ("median of %d steps %.3f s (lowest %.3f), %.1f samples/s, %.2f x the floor; forward %.3f, backward %.3f, optimizer %.3f\n",
          steps, splits[steps / 2].all, splits[0].all, (double) material.batch.batch / splits[steps / 2].all, splits[steps / 2].all / floor, splits[steps / 2].forward,
          splits[steps / 2].backward, splits[steps / 2].optimizer);
  printf ("%.3f s of processor a step, %.1f thousand page faults\n",
          (processor_seconds (&after) - processor_seconds (&before)) / steps,
          (double) (after.ru_minflt - before.ru_minflt) * 1e-3 / steps);
  printf ("peak %.2f GB (VmHWM); loss %.4f, after %d steps on the same batch %.4f\n", peak * 1e-3, (double) first, steps,
          (double) loss);
  if (counted.timed)
    print_profile (steps);
  material_clear (&material);
  learner_free (learner);
  backend->class = counted.class;
  backend_close (backend);
  return 0;
}
