/* SPDX-License-Identifier: MIT
 * The options of the command line that say which images or phrases are meant, as the window's filters do. */
#pragma once

#include "library-filter.h"

G_BEGIN_DECLS

typedef struct
{
  char *verdict, *origin, *state, *tag, *model, *score, *regions, *since, *disagrees, *order;
  gboolean descending;
} LibraryOptions;

/* For a GOptionEntry array. */
#define LIBRARY_OPTION_ENTRIES(o) \
  { "verdict", 0, 0, G_OPTION_ARG_FILENAME, &(o).verdict, \
    "Only those with one of these: none, accepted, corrected, rejected, absent, unsure, stale", "A,B,..." }, \
  { "origin", 0, 0, G_OPTION_ARG_FILENAME, &(o).origin, "Only those with regions from map, detector, import, person", "A,B,..." }, \
  { "state", 0, 0, G_OPTION_ARG_FILENAME, &(o).state, "Only those whose file is ok, missing, changed", "A,B,..." }, \
  { "tag", 0, 0, G_OPTION_ARG_FILENAME, &(o).tag, "Only those with this tag", "NAME" }, \
  { "model", 0, 0, G_OPTION_ARG_FILENAME, &(o).model, "Only those with a region of this model", "NAME" }, \
  { "score", 0, 0, G_OPTION_ARG_FILENAME, &(o).score, "Only those whose best score lies between", "LOW,HIGH" }, \
  { "regions", 0, 0, G_OPTION_ARG_FILENAME, &(o).regions, "Only those with, or without regions", "with|without" }, \
  { "changed-since", 0, 0, G_OPTION_ARG_FILENAME, &(o).since, "Only those changed since (2026-01-31, or with a time)", "TIME" }, \
  { "disagrees", 0, 0, G_OPTION_ARG_FILENAME, &(o).disagrees, \
    "Only those where the model's box overlaps a person's (or imported) one by less (0..1)", "SHARE" }, \
  { "order", 0, 0, G_OPTION_ARG_FILENAME, &(o).order, "name, added, changed, score, verdict, regions, disagreement", "NAME" }, \
  { "descending", 0, 0, G_OPTION_ARG_NONE, &(o).descending, "The other way round", NULL }

void library_options_clear (LibraryOptions *options);
/* Whether any was given. */
gboolean library_options_given (const LibraryOptions *options);
/* USAGE with a sentence where one makes no sense. `filter` keeps its target and text. */
gboolean library_options_take (const LibraryOptions *options, LibraryFilter *filter, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LibraryOptions, library_options_clear)

G_END_DECLS
