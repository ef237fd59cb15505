/* SPDX-License-Identifier: MIT
 * Importing a source into a project: all or nothing. Rows are written in short batches under a pending entry that one
 * last row makes visible. */
#pragma once

#include "format.h"
#include "project.h"
#include "work-meter.h"

G_BEGIN_DECLS

typedef struct
{
  const char *format;     /* NULL: guessed */
  const char *images;     /* root for the names of pictures; NULL: the source's folder */
  const char *split_by;   /* refcoco; NULL */
  int voc_origin;         /* 0, 1; -1: found out */
  gboolean proposals;     /* everything is another model's */
  const char *by;
  GCancellable *cancellable;
  /* Called between two batches, without an open transaction: a person's records go first. NULL: nothing. */
  void (*between) (gpointer user_data);
  gpointer user_data;
  WorkMeter *meter;       /* counts the bytes of files that were read; its total is the caller's. NULL */
  const char *const *pictures; /* of a folder of pictures: these files in it alone (absolute, NULL-ended); NULL: all */
  gint64 limit;           /* stop after so many captions, phrases and regions, as if the source ended there; 0: none */
} ImportOptions;

typedef struct
{
  char *where, *why;
} ImportSkipped;

typedef struct
{
  const char *format;
  gint64 entry;                                    /* 0: nothing was new */
  gint64 images, captions, phrases, regions;       /* in the source (records, links) */
  gint64 new_images, new_captions, new_phrases, new_regions;
  gint64 missing, outside, unused, other_grid, n_skipped;
  gint64 changed;                                  /* records with other numbers than the same source had before */
  gboolean cut;                                    /* it stopped at the limit */
  GPtrArray *skipped;                              /* ImportSkipped; the first 100,000 */
  GPtrArray *notes;                                /* char * */
  double longest_batch, batches_over;              /* seconds; share of batches over 15 ms */
  gint64 n_batches;
} ImportReport;

/* Fails with nothing changed. `report` starts zeroed; free with import_report_clear() also after an error. */
gboolean project_import (Project *project, const char *source, const ImportOptions *options, ImportReport *report,
                         GError **error);
void import_report_clear (ImportReport *report);
/* By what an imported region is known again. */
gint64 region_identity (const Shape *shape, RegionOrigin origin);
/* And a phrase by its caption and spans. */
gint64 span_identity (const char *caption, const Span *spans, guint n);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ImportReport, import_report_clear)

G_END_DECLS
