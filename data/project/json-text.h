/* SPDX-License-Identifier: MIT
 * Writing JSON: texts escaped, numbers in the shortest form that reads back as the same number. */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* Appends to `out`. Ill-formed UTF-8 becomes U+FFFD; NULL text and NaN become null. */
void json_put_text (GString *out, const char *text);
void json_put_bytes (GString *out, const char *bytes, gsize length);
void json_put_number (GString *out, double number);
void json_put_id (GString *out, gint64 id);        /* as a text, since 63 bits do not fit everywhere; 0: null */
void json_put_value (GString *out, const json_t *value);
/* ",\"name\":" or, right behind an opening bracket, without the comma. */
void json_put_name (GString *out, const char *name);

/* The shortest text of a number; the caller frees. */
char *number_text (double number);

G_END_DECLS
