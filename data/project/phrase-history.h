/* SPDX-License-Identifier: MIT
 * What happened to a phrase: runs and imports that brought regions, and every record of people; and going back to any
 * point of it. */
#pragma once

#include "project.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 seq;      /* of the journal; 0: an import or a run, which undoing it as a whole takes back */
  gint64 at;       /* microseconds since 1970 */
  char *by;
  char *kind;      /* verdict, region, span, tag, undo, redo; import, run */
  char *text;      /* for people: "accepted", "box moved", "3 regions proposed" */
  char *model;     /* which proposed them; NULL */
  gboolean undone; /* taken back since */
} HistoryItem;
void history_item_free (HistoryItem *item);

/* Oldest first. `only_by` (NULL: everybody) leaves out records of other people: what a blind pass may show. Elements
 * HistoryItem; free with g_ptr_array_unref(). NULL with `error`. */
GPtrArray *phrase_history (Project *project, gint64 phrase, const char *only_by, GError **error);

/* Regions, links and the reviewer's own verdicts of a phrase as they were right after record `seq` (0: before any). One
 * record, undone like any other; *changed (may be NULL): whether anything was otherwise. Other people's verdicts stay; one
 * whose regions moved is stale. */
gboolean project_revert_phrase (Project *project, gint64 phrase, gint64 seq, const char *by, gboolean *changed, GError **error);

G_END_DECLS
