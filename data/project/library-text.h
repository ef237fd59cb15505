/* SPDX-License-Identifier: MIT
 * Texts held in memory for searching: each folded once as the text index of the database folds it (the same tokenizer of
 * FTS5), all in one block that is searched from end to end. A million phrases take some 30 MB and less time than the
 * database needs to list the hits of a common word. */
#pragma once

#include "database.h"

G_BEGIN_DECLS

/* The tokenizer: made from a connection, used on one thread at a time, outlives the connection. */
typedef struct LibraryFold LibraryFold;
LibraryFold *library_fold_new (Database *db, GError **error);
void library_fold_free (LibraryFold *fold);
/* " red kite ": the words of a text between spaces; "" if there is none. The caller frees. */
char *library_fold_text (LibraryFold *fold, const char *text);
/* A file's name, in small letters. The caller frees. */
char *library_fold_name (const char *name);
/* What has to be found for what somebody typed, as search_text_query() means it, or in a folded name; NULL where that
 * restricts nothing. Free with g_ptr_array_unref(). */
GPtrArray *library_fold_query (LibraryFold *fold, const char *typed);
GPtrArray *library_fold_name_query (const char *typed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LibraryFold, library_fold_free)

typedef struct LibraryText LibraryText;
LibraryText *library_text_new (void);
void library_text_free (LibraryText *text);
/* A row may have several texts. `folded` holds no line break. */
void library_text_add (LibraryText *text, guint32 row, const char *folded);
/* Forgets all texts of a row: `from` rows are looked through, so not for many. */
void library_text_remove (LibraryText *text, guint32 row);
gsize library_text_bytes (const LibraryText *text);
/* Sets the bit of each row that has a text with all of `needles` in it. FALSE when cancelled. */
gboolean library_text_find (const LibraryText *text, const GPtrArray *needles, guint64 *bits, GCancellable *cancellable);

#define library_bit(bits, i) ((bits)[(i) >> 6] >> ((i) & 63) & 1)

G_END_DECLS
