/* SPDX-License-Identifier: MIT
 * Changing a JSON file of any size in place of rewriting it: everything is copied byte for byte but the elements of
 * some arrays of the outermost object, which may be replaced, dropped, or joined by new ones at the end. */
#pragma once

#include "format.h"

G_BEGIN_DECLS

typedef enum
{
  JSON_EDIT_FAIL, /* with an error */
  JSON_EDIT_KEEP,
  JSON_EDIT_DROP,
  JSON_EDIT_REPLACE
} JsonEditFate;

typedef struct JsonEdit JsonEdit;

typedef struct
{
  /* NULL-ended names of the arrays. */
  const char *const *members;
  /* An element of members[member]; `item` is borrowed, NULL where it is larger than 64 MB or no value that can be
   * held, and kept then. On REPLACE `text` holds what takes its place; where both are objects, members that are equal
   * keep the bytes that they had. */
  JsonEditFate (*element) (guint member, json_t *item, GString *text, gpointer user_data, GError **error);
  /* The end of members[member]: calls json_edit_add() for each new element. Also for arrays that are not in the file:
   * they come into being with their first new element. */
  gboolean (*end) (guint member, JsonEdit *edit, gpointer user_data, GError **error);
  gpointer user_data;
  const char *before_new; /* what stands before a new element or member, behind the comma; NULL: a line break */
  const char *value_name; /* a member of the outermost object that is set to `value`, JSON text; NULL: none */
  const char *value;
  const char *before_value; /* as before_new, for that member where it is new */
} JsonEditor;

gboolean json_edit_add (JsonEdit *edit, const char *text, GError **error);

/* Copies the file `path`, which holds one well-formed object, into `out`. */
gboolean json_edit_copy (const char *path, const JsonEditor *editor, OutFile *out, GError **error);

G_END_DECLS
