/* SPDX-License-Identifier: MIT
 * Captions and phrases that people make: a caption typed, words of it selected as a phrase, phrases cut, joined, moved and
 * taken away. Spans are code points of the caption, end exclusive. Each call is one record, durable when it returns TRUE,
 * and undone by project_undo(). Nothing is dropped: what is taken away is only not there any more. */
#pragma once

#include "format.h"
#include "project.h"

G_BEGIN_DECLS

/* The same one if it is there. */
gboolean project_add_caption (Project *project, gint64 image, const char *text, const char *by, gint64 *caption,
                              GError **error);
/* Its phrases stay, detached, with their texts, regions and verdicts. */
gboolean project_delete_caption (Project *project, gint64 caption, const char *by, GError **error);

/* A phrase of one or several spans, sorted here; equal, touching and overlapping ones become one. The same phrase if it is
 * there. */
gboolean project_add_span_phrase (Project *project, gint64 caption, const Span *spans, guint n, const char *by, gint64 *phrase,
                                  GError **error);
/* Other words for a phrase; its regions and verdicts stay. A detached one is attached again. */
gboolean project_set_spans (Project *project, gint64 phrase, const Span *spans, guint n, const char *by, GError **error);
/* Cuts a phrase before the caption's character `at`, which lies inside it: the first part keeps its id and verdicts; the
 * second gets a new id and copies of all regions. */
gboolean project_split_phrase (Project *project, gint64 phrase, gint64 at, const char *by, gint64 *second, GError **error);
/* The words of both on the first, with copies of the second's regions; the second goes. Of one caption only. */
gboolean project_merge_phrases (Project *project, gint64 first, gint64 second, const char *by, GError **error);
gboolean project_delete_phrase (Project *project, gint64 phrase, const char *by, GError **error);

G_END_DECLS
