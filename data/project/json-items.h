/* SPDX-License-Identifier: MIT
 * Reading JSON files of any size: the file is parsed as a stream, and only the items asked for are built, one at a
 * time. And the small helpers that formats need on such an item. */
#pragma once

#include "project-error.h"

#include <jansson.h>

G_BEGIN_DECLS

/* Gets an item, borrowed. `where` names it for people ("annotations[17]"); `key` is the member's name where the
 * pattern ended in ".*", else NULL. FALSE with `error` ends the reading. */
typedef gboolean (*JsonItemFunc) (guint pattern, const char *where, const char *key, json_t *item, gpointer user_data,
                                  GError **error);

/* Calls `item` for everything in the file `path` that fits one of the NULL-ended patterns, in the file's order. A
 * pattern is a path of member names with "[]" for every element and ".*" for every member: "images[]", "[]",
 * "[].regions[]", ".*"; "" is the whole file. Of patterns inside each other the outer one is used. Members before
 * or between are skipped without being kept. Numbers without fraction that fit are integers. Errors name the byte. */
gboolean json_items_read (const char *path, const char *const *patterns, JsonItemFunc item, gpointer user_data,
                          GError **error);
/* The same of a file that must have a list where the first pattern, which ends in "[]", has one (an empty list will
 * do): a file of another kind is refused instead of read as nothing. */
gboolean json_list_read (const char *path, const char *const *patterns, JsonItemFunc item, gpointer user_data,
                         GError **error);
/* json_items_read() of text in memory; `name` stands in messages. */
gboolean json_items_parse (const void *bytes, gsize length, const char *name, const char *const *patterns,
                           JsonItemFunc item, gpointer user_data, GError **error);
/* One JSON text a line; empty lines are left out. `where` is "line 3". */
gboolean json_lines_read (const char *path, JsonItemFunc item, gpointer user_data, GError **error);

/* One value from memory, NULL if it is none; integers that do not fit become numbers with a fraction. json_decref()
 * it. */
json_t *json_value_parse (const char *bytes, gsize length);

/* A whole small file as one value, to be freed with json_decref(); NULL on error. */
json_t *json_file_read (const char *path, gsize limit, GError **error);

/* A number (integers too) as double; NaN if it is none. */
double json_double (const json_t *value);
/* n numbers of an array into `numbers`; FALSE if it is not exactly that. */
gboolean json_doubles (const json_t *array, double *numbers, guint n);
/* Text of a member, or NULL. */
const char *json_text (const json_t *object, const char *member);
/* An id that is a number or a text, as text ("17"); NULL if it is neither. The caller frees. */
char *json_id_text (const json_t *value);

/* Takes the members named (NULL-ended) out of a copy; NULL if nothing is left. json_decref() it. */
json_t *json_without (const json_t *object, const char *const *members);
/* Compact text of a value; the caller frees. */
char *json_to_text (const json_t *value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (json_t, json_decref)

G_END_DECLS
