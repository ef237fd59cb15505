/* SPDX-License-Identifier: MIT
 * What the files of the unpickler share: its state, and making values. Every function does nothing useful once
 * something failed (u->status); makers then return NULL. */
#pragma once

#include "unpickle.h"

#include <stdlib.h>
#include <string.h>

enum
{
  PICKLE_MAX_OPAQUE = 64,
  PICKLE_MAX_MEMORY = 512 << 20, /* bytes of all values of an unpickler */
};

typedef struct Block Block;
struct Block
{
  Block *next;
  size_t used, size;
  max_align_t data[];
};

struct Unpickler
{
  char *name;
  Block *blocks;
  size_t memory; /* bytes held in blocks, stack, marks and memo */
  char *opaque[PICKLE_MAX_OPAQUE];
  int n_opaque;
  PickleValue **storages;
  size_t n_storages, storages_allocated;

  /* the pickle being read */
  const uint8_t *data;
  size_t length, at;
  PickleValue **stack, **memo;
  size_t n_stack, stack_allocated, n_memo, memo_allocated, *marks, n_marks, marks_allocated;
  AlbefStatus status;
  AlbefError *error;
};

/* --- memory and values (pickle-make.c) --------------------------------------------------------------- */

/* The first failure stays; later ones come from unwinding. */
void unpickle_fail (Unpickler *u, AlbefStatus status, const char *format, ...) __attribute__ ((format (printf, 3, 4)));
void *unpickle_allocate (Unpickler *u, size_t bytes); /* zeroed; lives as long as the unpickler */
/* Grows the plain array at *array to hold at least `wanted` elements. */
bool unpickle_reserve (Unpickler *u, void *array, size_t *allocated, size_t wanted, size_t size);

PickleValue *pickle_value_new (Unpickler *u, PickleType type);
PickleValue *pickle_text_new (Unpickler *u, PickleType type, const void *bytes, size_t length); /* bytes are kept */
PickleValue *pickle_list_new (Unpickler *u, PickleType type, PickleValue *const *items, size_t n);
void pickle_list_add (Unpickler *u, PickleValue *list, PickleValue *const *items, size_t n);

/* --- names and calls (pickle-call.c) ----------------------------------------------------------------- */

/* A name; it is noted as opaque unless it is one of those that tensors are made of. */
PickleValue *pickle_global_new (Unpickler *u, const char *module, size_t module_length, const char *name,
                                size_t name_length);
/* What a call would give, for the calls that only build tensors and dictionaries; anything else is opaque. */
PickleValue *pickle_call (Unpickler *u, const PickleValue *callable, const PickleValue *args);
PickleValue *pickle_opaque_new (Unpickler *u, const PickleValue *callable);
PickleValue *pickle_persistent (Unpickler *u, const PickleValue *id); /* a storage, if the id is one */

/* --- text forms of protocol 0 (pickle-text.c) -------------------------------------------------------- */

PickleValue *pickle_int_from_text (Unpickler *u, const char *line, size_t length);
PickleValue *pickle_float_from_text (Unpickler *u, const char *line, size_t length);
/* Backslash escapes of a quoted string, or Python's "raw unicode": Latin-1 with escapes for the rest. */
PickleValue *pickle_text_from_escapes (Unpickler *u, const char *line, size_t length, bool quoted);

/* --- looking at values (pickle-value.c) -------------------------------------------------------------- */

/* Exactly these bytes, whatever kind of text the value is. */
bool pickle_bytes_are (const PickleValue *value, const char *text);
/* "module name" as "module.name", printable and short: it comes from the file and goes into messages. */
void pickle_global_text (const PickleValue *value, char *buffer, size_t size);
