/* SPDX-License-Identifier: MIT
 * unpickle.h: reads Python pickles (protocols 0 to 5) and executes nothing.
 *
 * A pickle is a program for a small stack machine that may name and call any Python function. This reader
 * knows the few names that tensors are made of and builds plain values for them; every other name becomes
 * an opaque value, is noted, and nothing is ever imported or called. No step of it recurses, a value costs
 * at least one byte of input, and both input and memory have limits, so hostile input stays cheap. Values
 * may refer to each other in cycles: whoever walks a tree must bound the depth.
 */
#pragma once

#include "albef.h"

typedef enum
{
  PICKLE_NONE,
  PICKLE_BOOL,
  PICKLE_INT,  /* fits int64 */
  PICKLE_LONG, /* does not: little-endian two's complement in `text` */
  PICKLE_FLOAT,
  PICKLE_TEXT, /* UTF-8 as stored, not checked */
  PICKLE_BYTES,
  PICKLE_LIST,
  PICKLE_TUPLE,
  PICKLE_DICT, /* also OrderedDict; items are key, value, key, value ... in order */
  PICKLE_SET,
  PICKLE_GLOBAL,  /* a name: module and name in `text` as "module name" */
  PICKLE_STORAGE, /* items: the persistent id's parts */
  PICKLE_TENSOR,
  PICKLE_OPAQUE /* made by a call that was not done; `text` names what would have been called */
} PickleType;

typedef struct PickleValue PickleValue;
struct PickleValue
{
  PickleType type;
  bool integer_bool; /* BOOL's value */
  bool parameter;    /* TENSOR: an nn.Parameter */
  union
  {
    int64_t integer;
    double number;
    struct
    {
      const char *bytes; /* not NUL-terminated */
      size_t length;
    } text;
    struct
    {
      PickleValue **items;
      size_t n, allocated;
    } list;
    struct
    {
      const PickleValue *storage;
      const PickleValue *size; /* TUPLE of INT, as far as checked: see torch-file.c */
      const PickleValue *stride;
      const PickleValue *dtype; /* GLOBAL for the third form of rebuilding, else NULL */
      int64_t offset;
    } tensor;
  };
};

typedef struct Unpickler Unpickler;

/* `name` stands in messages ("model.pth: data.pkl"). */
Unpickler *unpickler_new (const char *name);
void unpickler_free (Unpickler *unpickler); /* and all values it made; accepts NULL */

/* Reads one pickle from the start of `data`; *used (may be NULL) is where it ended. The bytes must outlive the
 * values. May be called several times; each call has its own memo. */
AlbefStatus unpickler_read (Unpickler *unpickler, const uint8_t *data, size_t length, const PickleValue **value,
                            size_t *used, AlbefError *error);

/* Names that were met and neither imported nor called, as "module.name", each once. At most 64 are kept. */
int unpickler_n_opaque (const Unpickler *unpickler);
const char *unpickler_opaque (const Unpickler *unpickler, int index);

/* Every storage named by a persistent id, in the order met. */
size_t unpickler_n_storages (const Unpickler *unpickler);
const PickleValue *unpickler_storage (const Unpickler *unpickler, size_t index);

/* Value of a text key, NULL if absent (the last one wins, as in Python) or `dict` is no dict. */
const PickleValue *pickle_dict_get (const PickleValue *dict, const char *key);
bool pickle_text_equals (const PickleValue *value, const char *text);
/* A GLOBAL of exactly this module and name. */
bool pickle_is_global (const PickleValue *value, const char *module, const char *name);
/* "a list", "an 'argparse.Namespace' object": for messages; cut to the buffer. Returns buffer. */
const char *pickle_describe (const PickleValue *value, char *buffer, size_t size);
