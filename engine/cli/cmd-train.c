/* SPDX-License-Identifier: MIT
 * albef train: runs of training, from a small file of settings to a model. */
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "error.h"
#include "train-log.h"
#include "train-session.h"

enum
{
  KEY_TASK = 3000,
  KEY_CONFIG,
  KEY_SET,
  KEY_OUT,
  KEY_RESUME,
  KEY_SHOW,
  KEY_DEVICE,
  KEY_THREADS,
  KEY_CSV,
  KEY_TENSORBOARD,
  MAX_SETS = 100
};

typedef struct
{
  const char *task, *config, *out, *device, *csv, *tensorboard;
  const char *sets[MAX_SETS];
  int n_sets, threads;
  bool resume, show;
} Options;

static volatile sig_atomic_t stop;

static void
ask_to_stop (int signal)
{
  (void) signal;
  stop = 1;
}

static bool
take (Options *o, int key, const char *argument)
{
  switch (key)
    {
    case KEY_TASK:
      o->task = argument;
      return true;
    case KEY_CONFIG:
      o->config = argument;
      return true;
    case KEY_SET:
      if (o->n_sets == MAX_SETS || strchr (argument, '=') == NULL)
        return false;
      o->sets[o->n_sets++] = argument;
      return true;
    case KEY_OUT:
      o->out = argument;
      return true;
    case KEY_RESUME:
      return o->resume = true;
    case KEY_SHOW:
      return o->show = true;
    case KEY_CSV:
      o->csv = argument;
      return true;
    case KEY_TENSORBOARD:
      o->tensorboard = argument;
      return true;
    case KEY_DEVICE:
      o->device = argument;
      return true;
    case KEY_THREADS:
      return cli_int (argument, 1, 1024, &o->threads);
    default:
      return false;
    }
}

/* Preset of the task, file, --set, in this order. */
static AlbefStatus
read_config (const Options *o, TrainConfig *config, AlbefError *error)
{
  AlbefStatus status = o->config != NULL ? train_config_open (config, o->config, error) : ALBEF_OK;

  for (int i = 0; i < o->n_sets && status == ALBEF_OK; i++)
    status = train_config_assign (config, o->sets[i], i == 0 && o->config == NULL, error);
  return status;
}

/* Peak memory of this process in bytes; 0 where the system does not say. */
static double
peak_memory (void)
{
  FILE *file = fopen ("/proc/self/status", "r");
  char line[256];
  double kilobytes = 0;

  while (file != NULL && fgets (line, sizeof line, file) != NULL)
    if (sscanf (line, "VmHWM: %lf", &kilobytes) == 1)
      break;
  if (file != NULL)
    fclose (file);
  return 1024 * kilobytes;
}

static void
set_number (json_t *object, const char *key, double value)
{
  if (isfinite (value))
    json_object_set_new (object, key, json_real (value));
}

static void
print_line (json_t *object)
{
  json_dumpf (object, stdout, JSON_COMPACT | JSON_REAL_PRECISION (7) | JSON_PRESERVE_ORDER);
  printf ("\n");
  fflush (stdout);
  json_decref (object);
}

typedef struct
{
  TrainSession *session;
  TrainLog *log; /* NULL: none, or it cannot be written any more */
  int troubles;  /* told so far */
} Telling;

/* A table that cannot be written is no reason to stop. */
static void
check_log (Telling *telling, AlbefStatus status, const AlbefError *error)
{
  if (status == ALBEF_OK)
    return;
  fprintf (stderr, "albef: %s; the training goes on without the table and the curves\n", error->message);
  train_log_close (telling->log);
  telling->log = NULL;
}

static void
tell_troubles (Telling *telling)
{
  char *trouble;

  while ((trouble = train_session_trouble (telling->session, telling->troubles)) != NULL)
    {
      fprintf (stderr, "albef: %s\n", trouble);
      free (trouble);
      telling->troubles++;
    }
}

static void
tell_progress (void *user_data, const TrainProgress *p)
{
  Telling *telling = user_data;
  json_t *line;

  tell_troubles (telling);
  if (p->at.step % train_session_config (telling->session)->log_steps != 0 && p->at.step != p->steps)
    return;
  line = json_pack ("{s:I, s:I, s:I, s:f}", "step", (json_int_t) p->at.step, "steps", (json_int_t) p->steps, "epoch",
                    (json_int_t) p->epoch, "loss", p->loss);
  set_number (line, "itc", p->itc);
  set_number (line, "itm", p->itm);
  set_number (line, "mlm", p->mlm);
  set_number (line, "amc", p->amc);
  set_number (line, "attention", p->attention);
  set_number (line, "lr", p->lr);
  set_number (line, "alpha", p->alpha);
  set_number (line, "temperature", p->temperature);
  set_number (line, "norm", p->norm);
  set_number (line, "samples_per_second", p->samples_per_second);
  set_number (line, "seconds_left", p->seconds_left);
  set_number (line, "peak_bytes", peak_memory ());
  print_line (line);
  if (telling->log != NULL)
    {
      double values[LOG_COLUMNS] = { [LOG_LOSS] = p->loss, [LOG_ITC] = p->itc, [LOG_ITM] = p->itm, [LOG_MLM] = p->mlm,
                                     [LOG_AMC] = p->amc, [LOG_ATTENTION] = p->attention, [LOG_LR] = p->lr, [LOG_ALPHA] = p->alpha,
                                     [LOG_TEMPERATURE] = p->temperature, [LOG_NORM] = p->norm,
                                     [LOG_SPEED] = p->samples_per_second, [LOG_MEMORY] = peak_memory () };
      AlbefError error = ALBEF_ERROR_INIT;

      check_log (telling, train_log_progress (telling->log, p->at.step, p->epoch, values, &error), &error);
    }
}

static void
tell_evaluation (void *user_data, const TrainEvaluation *e)
{
  Telling *telling = user_data;
  json_t *metrics = json_object ();

  for (int i = 0; i < e->result->n_metrics; i++)
    set_number (metrics, e->result->metrics[i].name, e->result->metrics[i].value);
  print_line (json_pack ("{s:I, s:o, s:s, s:b, s:I, s:I, s:f}", "step", (json_int_t) e->at.step, "evaluation", metrics, "metric",
                         e->metric, "best", e->best, "items", (json_int_t) e->result->items, "unreadable",
                         (json_int_t) e->result->unreadable, "seconds", e->seconds));
  for (int i = 0; i < e->result->n_metrics && telling->log != NULL; i++)
    {
      AlbefError error = ALBEF_ERROR_INIT;

      if (isfinite (e->result->metrics[i].value))
        check_log (telling, train_log_evaluation (telling->log, e->at.step, e->at.epoch, e->result->metrics[i].name,
                                                  e->result->metrics[i].value, &error), &error);
    }
}

static void
catch_signals (void)
{
  /* A second signal ends the program at once; the last checkpoint stays. */
  struct sigaction action = { .sa_handler = ask_to_stop, .sa_flags = SA_RESTART | (int) SA_RESETHAND };

  sigemptyset (&action.sa_mask);
  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
}

static int
train (TrainSession *session, const char *out, TrainLog *log)
{
  AlbefError error = ALBEF_ERROR_INIT;
  Telling telling = { session, log, 0 };
  TrainWatch watch = { &stop, tell_progress, tell_evaluation, &telling };
  bool finished = false;
  AlbefStatus status;
  LoaderCounts counts;

  fprintf (stderr, "albef: %s\n", train_session_note (session));
  status = train_session_run (session, &watch, &finished, &error);
  tell_troubles (&telling);
  counts = train_session_counts (session);
  print_line (json_pack ("{s:s, s:I, s:I, s:I, s:I, s:o}", "end",
                         status != ALBEF_OK ? "failed" : finished ? "finished" : "stopped", "step",
                         (json_int_t) train_session_position (session)->step, "steps",
                         (json_int_t) train_session_steps (session), "unreadable", (json_int_t) counts.unreadable, "cut",
                         (json_int_t) counts.cut, "out", cli_text (out)));
  train_log_close (telling.log);
  return status == ALBEF_OK ? CLI_DONE : cli_fail (&error);
}

static int
begin (const Options *o, const TrainConfig *config)
{
  TrainPlace place = { .device = o->device, .threads = o->threads, .command = cli_command_line };
  AlbefError error = ALBEF_ERROR_INIT;
  TrainSession *session = NULL;
  TrainLog *log = NULL;
  int result;

  catch_signals ();
  if ((o->resume ? train_session_resume (config, o->out, &place, &session, &error)
                 : train_session_begin (config, o->out, &place, &session, &error))
      != ALBEF_OK)
    return cli_fail (&error);
  if (o->task != NULL && strcmp (o->task, train_task_name (train_session_config (session)->task)) != 0)
    {
      fprintf (stderr, "albef: '%s' holds a run of the task '%s', not '%s'\n", o->out,
               train_task_name (train_session_config (session)->task), o->task);
      train_session_free (session);
      return CLI_FAILED;
    }
  if ((o->csv != NULL || o->tensorboard != NULL)
      && train_log_open (o->csv, o->tensorboard, train_session_position (session)->step, &log, &error) != ALBEF_OK)
    result = cli_fail (&error);
  else
    result = train (session, o->out, log);
  train_session_free (session);
  return result;
}

static int
run (int argc, char **argv)
{
  static const struct option options[] = { { "task", required_argument, NULL, KEY_TASK },
                                           { "config", required_argument, NULL, KEY_CONFIG },
                                           { "set", required_argument, NULL, KEY_SET },
                                           { "out", required_argument, NULL, KEY_OUT },
                                           { "resume", no_argument, NULL, KEY_RESUME },
                                           { "show-config", no_argument, NULL, KEY_SHOW },
                                           { "csv", required_argument, NULL, KEY_CSV },
                                           { "tensorboard", required_argument, NULL, KEY_TENSORBOARD },
                                           { "device", required_argument, NULL, KEY_DEVICE },
                                           { "threads", required_argument, NULL, KEY_THREADS },
                                           { "help", no_argument, NULL, 'h' },
                                           { NULL, 0, NULL, 0 } };
  AlbefError error = ALBEF_ERROR_INIT;
  Options o = { 0 };
  TrainConfig config;
  TrainTask task = TASK_PRETRAIN;
  int key, result;

  while ((key = getopt_long (argc, argv, "ho:", options, NULL)) != -1)
    if (key == 'h')
      return fputs (command_train.usage, stdout), CLI_DONE;
    else if (!take (&o, key == 'o' ? KEY_OUT : key, optarg))
      return cli_bad_option (&command_train, options, key, optarg);
  if (optind != argc || (o.task == NULL && !o.resume) || (o.out == NULL && !o.show))
    return cli_usage (&command_train, "give --task and --out (or --resume and --out)");
  if (o.task != NULL && !train_task_parse (o.task, &task))
    return cli_usage (&command_train, "there is no task '%s'", o.task);
  if (o.task == NULL && (o.config != NULL || o.n_sets > 0))
    return cli_usage (&command_train, "settings need --task too");
  train_config_init (&config, task);
  if (read_config (&o, &config, &error) != ALBEF_OK)
    result = cli_fail (&error);
  else if (o.show)
    {
      char *text = train_config_listing (&config);

      fputs (text, stdout);
      free (text);
      result = CLI_DONE;
    }
  else
    result = begin (&o, o.task == NULL || (o.resume && o.config == NULL && o.n_sets == 0) ? NULL : &config);
  train_config_clear (&config);
  return result;
}

const CliCommand command_train = {
  "train", "train a model, or go on with a run",
  "Usage: albef train --task TASK [--config FILE] [--set KEY=VALUE]... --out DIR\n"
  "       albef train --resume --out DIR\n"
  "\n"
  "Trains a model and writes checkpoints, and at the end model.safetensors, into DIR. One JSON object a line says how\n"
  "it goes. Control-C (or SIGTERM) ends it after the step with a checkpoint; --resume goes on with the same bits, for\n"
  "the same build, processor and number of threads.\n"
  "\n"
  "      --task TASK        pretrain, retrieval, grounding, vqa, ve, nlvr2, nlvr2-pretrain or patches\n"
  "      --config FILE      lines of KEY = VALUE over the task's official values; # starts a comment; 'preset = \n"
  "                         retrieval-coco' may stand first\n"
  "      --set KEY=VALUE    one more setting, over the file's\n"
  "  -o, --out DIR          folder of the run\n"
  "      --resume           go on with the newest checkpoint in DIR, with the settings it began with\n"
  "      --show-config      print every setting with its value, and do nothing\n"
  "      --csv FILE         a table of how it goes, figures of evaluations in its last two columns\n"
  "      --tensorboard DIR  curves for TensorBoard\n"
  "      --device NAME      auto, cpu or cuda\n"
  "      --threads N        default: what is measured to be fastest\n"
  "\n"
  "Say in the settings what to train on, 'data' (lists in the official JSON form, or manifests with 'manifest = yes')\n"
  "or 'scenes' (a folder of pictograms), and where to start, 'init' (a model file) or 'model' (a config.json), the\n"
  "latter with 'init-image' (a DeiT) and 'init-text' (a BERT) if wanted, as official pre-training starts.\n"
  "'eval' names what to evaluate on while it goes (as albef eval does, every 'eval-steps' steps or each epoch); the\n"
  "best model by 'eval-metric' is kept as best.safetensors. With --resume, rows and curves beyond the checkpoint\n"
  "are dropped.\n"
  "\n"
  "Example:\n"
  "  albef train --task retrieval --out run --set init=ALBEF.pth --set data=flickr30k_train.json --set images=flickr30k\n",
  run
};
