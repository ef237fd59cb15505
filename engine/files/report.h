/* SPDX-License-Identifier: MIT
 * report.h: what a model file holds, and how it fits a model. Filled by weight-set.c, shown through albef.h. */
#pragma once

#include "config.h"

typedef struct
{
  char *name;
  char *note;
} ReportEntry;

struct AlbefReport
{
  int owners;
  char *path;
  const char *format;
  uint64_t file_size;
  int n_tensors; /* entries of the file */

  bool recognised; /* it is an ALBEF model: kind and config are set */
  ModelConfig config;
  uint64_t parameters; /* without twins and queues; shared ones once */
  bool loadable;
  char *headline, *advice, *summary, *self_test; /* never NULL */
  char *vocabulary;                              /* where it came from and its size; "" if there is none */
  char *provenance;                              /* native files: what they were made from; "" */

  ReportEntry *entries[ALBEF_REPORT_N_GROUPS];
  int n_entries[ALBEF_REPORT_N_GROUPS];
  char **others; /* names beside the weights */
  int n_others;

  char hash[65];     /* hex SHA-256 of the file; "" until asked for */
  char *text, *json; /* made when asked for */
};

AlbefReport *report_new (const char *path);

/* Appends an entry; the note is formatted and may be "". */
void report_add (AlbefReport *report, AlbefReportGroup group, const char *name, const char *note_format, ...)
    __attribute__ ((format (printf, 4, 5)));
void report_add_other (AlbefReport *report, const char *name);

/* Replaces one of the texts. */
void report_set (char **text, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/* Hex SHA-256 of the file, computed once (seconds for gigabytes); "" if it cannot be read any more. */
const char *report_hash (AlbefReport *report);

/* One more owner: each calls albef_report_free. */
AlbefReport *report_ref (AlbefReport *report);
