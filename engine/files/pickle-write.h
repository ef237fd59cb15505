/* SPDX-License-Identifier: MIT
 * pickle-write.h: the few instructions of a Python pickle (protocol 2) that a file of tensors is made of. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

void pickle_write_begin (FILE *out);
void pickle_write_end (FILE *out);

/* An empty dict or collections.OrderedDict on the stack; items (key, value) stand between open and close. */
void pickle_write_dict (FILE *out);
void pickle_write_ordered_dict (FILE *out);
void pickle_write_open_items (FILE *out);
void pickle_write_close_items (FILE *out);

void pickle_write_text (FILE *out, const char *text);
void pickle_write_int (FILE *out, int64_t value);

/* A row-major tensor over the whole storage `key`, whose class is e.g. "FloatStorage". */
void pickle_write_tensor (FILE *out, const char *storage, const char *key, int n_dims, const int64_t *shape);

/* Objects, arrays, texts, numbers, booleans and null. */
void pickle_write_json (FILE *out, const json_t *value);
