/* SPDX-License-Identifier: MIT
 * Text search over captions, phrases and file names. Words match whole, the last one of a query also as a beginning;
 * Han, kana, Hangul and Thai characters are words of their own; file names match by any part. Everything people type is
 * text: no query language; what has no letter or digit restricts nothing. */
#pragma once

#include "project.h"

G_BEGIN_DECLS

/* Indexes, in short transactions of their own, what entries brought in. `between` as in ImportOptions. */
gboolean search_index (Project *project, void (*between) (gpointer), gpointer user_data, GError **error);

/* Inside the caller's transaction: the text of a caption or phrase is new, or replaces an old one (NULL: none). */
gboolean search_replace_text (Database *db, gint64 id, const char *old_text, const char *new_text, GError **error);
gboolean search_add_name (Database *db, gint64 image, const char *path, GError **error);
gboolean search_delete_name (Database *db, gint64 image, const char *path, GError **error);

#define SEARCH_NAME_PART 3 /* characters that the index of names needs */

/* The index's query for what somebody typed; NULL if it restricts nothing. The caller frees. Shorter parts of
 * names than the index knows are left to library_fold_name_query(). */
char *search_text_query (const char *typed);
char *search_name_query (const char *typed);
/* Whether a term restricts anything: it has a letter or a digit. */
gboolean search_is_word (const char *text);

/* Text as it is indexed: characters of scripts without spaces stand apart. The caller frees. */
char *search_apart (const char *text);
/* The words somebody typed that restrict anything, apart (char *); *prefix: the last one is also a beginning. */
GPtrArray *search_terms (const char *typed, gboolean *prefix);

G_END_DECLS
