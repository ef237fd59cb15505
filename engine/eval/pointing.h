/* SPDX-License-Identifier: MIT
 * pointing.h: the pointing game (after AMC, Yang et al., CVPR 2023): is the highest point of a phrase's map
 * inside one of its boxes?
 *
 * Text: the caption. Map of a phrase: Grad-CAM of the ITM logit on a fusion layer, mean over heads and over
 * the phrase's tokens, enlarged bicubically to the picture. The point is the first highest pixel in row-major
 * order; a hit lies strictly inside a box on all sides. */
#pragma once

#include "albef.h"

#define POINTING_MAX_LAYERS 64

typedef struct
{
  char *group;                        /* "" where the file names none */
  int scenes, phrases;
  int layers;
  int hits[POINTING_MAX_LAYERS];      /* per fusion layer, from layer 1 at index 0 */
  int matches;                        /* captions with match > 0.5 */
  int foils, foils_refused;           /* foils there are; those with match <= 0.5 */
  int image_to_text, text_to_image;   /* ITC R@1 within the group (ties: the smaller index) */
} PointingGroup;

typedef struct
{
  PointingGroup *groups;
  int n_groups;
  int unreadable;                     /* pictures left out; each is told to `skipped` */
} PointingResult;

typedef struct
{
  const char *images; /* folder before relative names of pictures; NULL: that of the file */
  int64_t limit; /* the first so many scenes of each group alone; 0: all */
  const char *results; /* where [{image, group, phrases, hits: [of each fusion layer], match}] goes, one for each scene; NULL: nowhere */
  AlbefProgress progress;
  void *progress_data;
  void (*skipped) (const char *message); /* hears of each picture that was left out */
} PointingOptions;

/* Evaluates the scenes of `path` (JSON list of {image, caption, foil, phrases [{start, end, boxes}], group}; foil and
 * group may be left out) or of a manifest (pointing-manifest.h), pictures relative to it, decoded as the official code does.
 * `options` may be NULL. A file without a scene, or without a picture that can be read, is an error. */
AlbefStatus pointing_evaluate (AlbefModel *model, const char *path, const PointingOptions *options, PointingResult *result,
                               AlbefError *error);
void pointing_result_clear (PointingResult *result);

/* True if the first highest pixel of `map` (width x height) lies strictly inside one of the boxes
 * [x1, y1, x2, y2]. */
bool pointing_hit (const float *map, int width, int height, const double (*boxes)[4], int n_boxes);
