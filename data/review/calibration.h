/* SPDX-License-Identifier: MIT
 * How far a model's scores can be trusted: the share of its top proposals that people accepted, as a function of the score
 * that only rises (isotonic regression), learned from the verdicts of a project and kept in it. Stored scores stay raw. */
#pragma once

#include "project.h"

G_BEGIN_DECLS

#define CALIBRATION_LEAST 20 /* verdicts below which nothing is learned */

typedef struct
{
  double score;  /* mean raw score of the step */
  double share;  /* accepted, 0..1 */
  gint64 n;      /* verdicts */
} CalibrationStep;

typedef struct
{
  GArray *steps; /* CalibrationStep, both fields rising; empty: nothing is known */
} Calibration;
void calibration_free (Calibration *calibration);

/* From verdicts: each is a raw score and whether the proposal was accepted. Pure. */
Calibration *calibration_fit (const double *scores, const gboolean *accepted, gsize n);
/* Between the steps' middles along straight lines, level outside. NaN for NaN, or where nothing is known. */
double calibration_apply (const Calibration *calibration, double score);

/* Learns the model's table from all verdicts and writes it; *n (may be NULL) is how many there were. With too few, the
 * table is left empty. */
gboolean calibration_learn (Project *project, const char *model, gint64 *n, GError **error);
/* The kept table; NULL with `error`. */
Calibration *calibration_load (Project *project, const char *model, GError **error);

/* The verdicts themselves: raw score of the phrase's top proposal of the model, and whether it was accepted. Unsure and
 * stale ones are left out. GArrays of double and gboolean, which the caller frees. */
gboolean calibration_verdicts (Project *project, const char *model, GArray **scores, GArray **accepted, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Calibration, calibration_free)

G_END_DECLS
