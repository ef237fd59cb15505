/* SPDX-License-Identifier: MIT
 * Reading Python pickles of plain data as RefCOCO's files are: protocols 0 to 2 (and the plain opcodes of 4). Nothing is
 * ever run: a pickle that names any class or function is refused whole. */
#pragma once

#include "json-items.h"

G_BEGIN_DECLS

/* The value, with tuples as arrays, and Python 2 strings as UTF-8 or else Latin-1; json_decref() it. NULL with `error`. */
json_t *pickle_parse (const void *bytes, gsize length, const char *name, GError **error);
json_t *pickle_read (const char *path, GError **error);

/* Appends the opcodes of a value (protocol 2, unicode strings); pickle_put_begin() and _end() go around all of it. */
void pickle_put_begin (GString *out);
void pickle_put_value (GString *out, const json_t *value);
void pickle_put_end (GString *out);

G_END_DECLS
