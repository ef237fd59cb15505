/* SPDX-License-Identifier: MIT
 * Proposals: for every phrase of a choice, regions from its Grad-CAM map, and the measures that queues are sorted by.
 *
 * A run is an entry of the project, written at its start; its rows show as they come; one that was cut off goes on where
 * it was when the same run is asked for again. A second run with the same model and settings replaces its own regions,
 * except those that a verdict names or that a person made something of. Nothing that people made is touched.
 *
 * project_propose() does everything on one thread. A window has the run in steps instead: what needs the project
 * (propose_run_open, _next, _store, _finish) on the project's thread, propose_job_compute on the engine's. */
#pragma once

#include "albef.h"
#include "map-region.h"
#include "project.h"

G_BEGIN_DECLS

typedef struct
{
  AlbefModel *model;
  AlbefModel *twin;  /* the momentum teacher, for the disagreement with it; NULL */
  AlbefModel *other; /* another checkpoint, likewise; NULL */
} ProposeModels;

typedef struct
{
  const char *filter;       /* words of the phrase or its caption, as typed in a search; NULL */
  const gint64 *phrases;    /* exactly these; NULL */
  gsize n_phrases;
  /* With neither, every phrase without a verdict, also those with imported regions. */
  gboolean find_phrases;    /* first make phrases of captions that have none: their noun phrases */
  gboolean alone;           /* the map's text is the phrase, not its caption */
  gboolean quick;           /* without the other method's map, which costs a pass of the image encoder for each phrase */
  MapRegionOptions regions;
  int layer;                /* of the fusion encoder from 1; 0: the model's grounding layer */
  guint64 heads;            /* bit h: head h; 0: all */
  const char *by;
} ProposeOptions;

typedef struct
{
  gint64 entry;
  gboolean resumed;
  gint64 images, phrases;           /* of the whole run */
  gint64 done_images, done_phrases; /* so far, with those of an earlier, cut-off part */
  gint64 new_phrases;               /* found in captions */
  gint64 regions;                   /* written by this part */
  gint64 empty;                     /* phrases whose map is empty */
  gint64 skipped;                   /* phrases of pictures that could not be read */
  GPtrArray *notes;                 /* char *: what was skipped and why; the first 100 */
} ProposeReport;
void propose_report_clear (ProposeReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ProposeReport, propose_report_clear)

/* "alidade-mini 3f2a9b1c04de": name and hash, by which measures, regions and calibrations are kept. The caller frees. */
char *propose_model_key (const AlbefModel *model);

/* What a model sees in a phrase. NaN: not measured. Places in pixels of the stored grid. */
typedef struct
{
  double match, text_match; /* of the phrase itself; of the map's text */
  double spread;
  int peaks;                /* 0: the map is empty, and the next four are NaN or FALSE */
  double peak_x, peak_y;
  double energy;            /* inside the top proposal */
  gboolean outside;         /* the peak lies outside of it */
  double methods, twin, other;
  gboolean alone;
} PhraseMeasure;

/* What the model's last run that shows measured; *found FALSE: nothing, or the phrase was edited since. */
gboolean phrase_measure_load (Project *project, gint64 phrase, const char *model, PhraseMeasure *measure, gboolean *found, GError **error);

/* Steps ------------------------------------------------------------------------------------------------------------ */

typedef struct ProposeRun ProposeRun;
typedef struct ProposeJob ProposeJob; /* some phrases of one picture */

/* Starts a run, or takes up the one that was cut off. `project` is the writer. NULL with `error`: nothing was written. */
ProposeRun *propose_run_open (Project *project, const ProposeModels *models, const ProposeOptions *options, GError **error);
/* The same for whoever has no model on this thread: by propose_model_key() of it and of the other checkpoint (NULL). */
ProposeRun *propose_run_open_as (Project *project, const char *model, const char *other, const ProposeOptions *options,
                                 GError **error);
/* The next picture's phrases; NULL at the end, or with `error`. A reader will do. */
ProposeJob *propose_run_next (ProposeRun *run, Project *project, GError **error);
/* Maps, regions and measures, without the project. A picture that cannot be read is noted in the job, no error. CANCELLED
 * when `cancel` was triggered. */
gboolean propose_job_compute (ProposeJob *job, const ProposeModels *models, const AlbefCancel *cancel, GError **error);
/* Writes what was computed in one short transaction. `project` is the writer. */
gboolean propose_run_store (ProposeRun *run, Project *project, const ProposeJob *job, GError **error);
void propose_job_free (ProposeJob *job);
/* Marks the run as whole: asked for again, it starts anew. */
gboolean propose_run_finish (ProposeRun *run, Project *project, GError **error);
/* So far. Borrowed; lives as long as the run. */
const ProposeReport *propose_run_report (const ProposeRun *run);
void propose_run_free (ProposeRun *run);

/* All of it ---------------------------------------------------------------------------------------------------------- */

/* Called after each picture, without an open transaction (a person's records go then); FALSE ends the run as a
 * cancellation does: it is resumed when asked for again. */
typedef gboolean (*ProposeProgress) (const ProposeReport *report, gpointer user_data);

/* `report` starts zeroed and is filled on errors, too. */
gboolean project_propose (Project *project, const ProposeModels *models, const ProposeOptions *options,
                          const AlbefCancel *cancel, ProposeProgress progress, gpointer user_data, ProposeReport *report,
                          GError **error);

/* Noun phrases of the captions that have no phrase, as phrases of `entry`; `filter` as above. *n: how many are new. Short
 * transactions. */
gboolean project_find_phrases (Project *project, gint64 entry, const char *filter, const char *by, gint64 *n, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProposeRun, propose_run_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProposeJob, propose_job_free)

G_END_DECLS
