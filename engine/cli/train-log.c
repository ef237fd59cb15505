/* SPDX-License-Identifier: MIT */
#include "train-log.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic-file.h"
#include "error.h"
#include "event-file.h"
#include "mapped-file.h"

#define HEADER                                                                                                         \
  "step,epoch,loss,itc,itm,mlm,amc,attention,lr,alpha,temperature,norm,samples_per_second,peak_bytes,metric,value\n"

enum
{
  MAX_TABLE = 1 << 30
};

static const char *const tags[LOG_COLUMNS] = { "loss/total",
                                               "loss/itc",
                                               "loss/itm",
                                               "loss/mlm",
                                               "loss/amc",
                                               "loss/attention",
                                               "train/lr",
                                               "train/alpha",
                                               "train/temperature",
                                               "train/norm",
                                               "speed/samples_per_second",
                                               "memory/peak_bytes" };

struct TrainLog
{
  FILE *csv;
  char *csv_path;
  EventFile *events;
};

/* Rewrites the table with the header and the rows up to `step`: what a killed run wrote beyond its checkpoint is gone,
 * a last line without an end too. */
static AlbefStatus
cut_table (const char *path, int64_t step, AlbefError *error)
{
  AtomicFile *file = NULL;
  char *text = NULL;
  size_t length = 0;
  AlbefStatus status = ALBEF_OK;

  if (step > 0 && file_read (path, MAX_TABLE, &text, &length, NULL) != ALBEF_OK)
    text = NULL;
  status = atomic_file_open (path, &file, error);
  if (status == ALBEF_OK)
    status = atomic_file_write (file, HEADER, strlen (HEADER), error);
  for (char *line = text, *end; line != NULL && status == ALBEF_OK && (end = strchr (line, '\n')) != NULL;
       line = end + 1)
    {
      char *rest;
      long long at = strtoll (line, &rest, 10);

      if (rest > line && *rest == ',' && at <= step)
        status = atomic_file_write (file, line, (size_t) (end + 1 - line), error);
    }
  free (text);
  if (status == ALBEF_OK)
    return atomic_file_commit (file, error);
  atomic_file_discard (file);
  return status;
}

AlbefStatus
train_log_open (const char *csv, const char *tensorboard, int64_t step, TrainLog **out, AlbefError *error)
{
  TrainLog *log = mem_new0 (1, sizeof *log);
  AlbefStatus status = ALBEF_OK;

  if (csv != NULL)
    {
      status = cut_table (csv, step, error);
      if (status == ALBEF_OK && (log->csv = fopen (csv, "ae")) == NULL)
        status = error_set_errno (error, ALBEF_ERROR_FILE, "cannot write '%s'", csv);
      log->csv_path = mem_strdup (csv);
    }
  if (status == ALBEF_OK && tensorboard != NULL)
    status = event_file_open (tensorboard, step > 0 ? step + 1 : 0, &log->events, error);
  if (status != ALBEF_OK)
    {
      train_log_close (log);
      return status;
    }
  *out = log;
  return ALBEF_OK;
}

void
train_log_close (TrainLog *log)
{
  if (log == NULL)
    return;
  if (log->csv != NULL)
    fclose (log->csv);
  event_file_close (log->events);
  free (log->csv_path);
  free (log);
}

static AlbefStatus
flush_row (TrainLog *log, AlbefError *error)
{
  if (fflush (log->csv) != 0 || ferror (log->csv))
    return error_set_errno (error, ALBEF_ERROR_FILE, "cannot write '%s'", log->csv_path);
  return ALBEF_OK;
}

AlbefStatus
train_log_progress (TrainLog *log, int64_t step, int64_t epoch, const double values[LOG_COLUMNS], AlbefError *error)
{
  AlbefStatus status = ALBEF_OK;

  if (log->csv != NULL)
    {
      fprintf (log->csv, "%lld,%lld", (long long) step, (long long) epoch);
      for (int i = 0; i < LOG_COLUMNS; i++)
        if (isfinite (values[i]))
          fprintf (log->csv, ",%.9g", values[i]);
        else
          fputc (',', log->csv);
      fputs (",,\n", log->csv);
      status = flush_row (log, error);
    }
  if (status == ALBEF_OK && log->events != NULL)
    status = event_file_add (log->events, step, tags, values, LOG_COLUMNS, error);
  return status;
}

AlbefStatus
train_log_evaluation (TrainLog *log, int64_t step, int64_t epoch, const char *metric, double value, AlbefError *error)
{
  AlbefStatus status = ALBEF_OK;

  if (log->csv != NULL)
    {
      fprintf (log->csv, "%lld,%lld,,,,,,,,,,,,,%s,%.9g\n", (long long) step, (long long) epoch, metric, value);
      status = flush_row (log, error);
    }
  if (status == ALBEF_OK && log->events != NULL)
    {
      char *tag = mem_printf ("eval/%s", metric);
      const char *const one[] = { tag };

      status = event_file_add (log->events, step, one, &value, 1, error);
      free (tag);
    }
  return status;
}
