/* SPDX-License-Identifier: MIT
 * The regions of a phrase as a reviewer sees them, best first; in a blind pass without a trace of what others did. */
#pragma once

#include "calibration.h"
#include "format.h"
#include "project.h"

G_BEGIN_DECLS

typedef struct
{
  const char *reviewer;
  gboolean blind;       /* regions that people made, and changed, show as they were before them; removed ones are there */
  gint64 since;         /* blind: the reviewer's own regions made since then show all the same; 0: none */
  const Calibration *calibration; /* NULL: none */
} ReviewView;

typedef struct
{
  gint64 link, region, revision; /* a verdict names `revision` */
  RegionOrigin origin;
  Shape shape;          /* stored grid */
  double score;         /* raw; NaN: none */
  double trust;         /* how often people accepted what scored so; NaN: not known */
  char *model;          /* NULL */
} ReviewRegion;
void review_region_free (ReviewRegion *region);

/* Elements ReviewRegion; free with g_ptr_array_unref(). NULL with `error`. */
GPtrArray *review_regions_list (Project *project, gint64 phrase, const ReviewView *view, GError **error);

G_END_DECLS
