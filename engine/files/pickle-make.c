/* SPDX-License-Identifier: MIT
 * Values and their memory, which has a limit. */
#include "unpickle-private.h"
#include "error.h"

#include <stdio.h>

enum
{
  BLOCK = 64 << 10 /* bytes of one piece of the arena */
};

void
unpickle_fail (Unpickler *u, AlbefStatus status, const char *format, ...)
{
  char text[256];
  va_list args;

  if (u->status != ALBEF_OK)
    return;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  u->status = error_set (u->error, status, "%s: %s (at byte %zu of the pickle)", u->name, text, u->at);
}

static bool
account (Unpickler *u, size_t bytes)
{
  if (bytes > PICKLE_MAX_MEMORY || u->memory + bytes > PICKLE_MAX_MEMORY)
    {
      unpickle_fail (u, ALBEF_ERROR_LIMIT,
                     "the pickle would need more than %d MiB of memory; it is not a usual checkpoint",
                     PICKLE_MAX_MEMORY >> 20);
      return false;
    }
  u->memory += bytes;
  return true;
}

void *
unpickle_allocate (Unpickler *u, size_t bytes)
{
  Block *block = u->blocks;
  void *result;

  bytes = (bytes + sizeof (max_align_t) - 1) / sizeof (max_align_t) * sizeof (max_align_t);
  if (block == NULL || block->size - block->used < bytes)
    {
      size_t size = bytes > BLOCK / 4 ? bytes : BLOCK;

      if (!account (u, size))
        return NULL;
      block = malloc (sizeof *block + size);
      if (block == NULL)
        {
          unpickle_fail (u, ALBEF_ERROR_MEMORY, "no memory");
          return NULL;
        }
      block->used = 0;
      block->size = size;
      block->next = u->blocks;
      u->blocks = block;
    }
  result = (uint8_t *) block->data + block->used;
  block->used += bytes;
  return memset (result, 0, bytes);
}

bool
unpickle_reserve (Unpickler *u, void *array, size_t *allocated, size_t wanted, size_t size)
{
  void **at = array;
  size_t count = *allocated > 0 ? *allocated : 64;
  void *grown;

  if (wanted <= *allocated)
    return true;
  while (count < wanted)
    count *= 2;
  if (!account (u, (count - *allocated) * size))
    return false;
  grown = realloc (*at, count * size);
  if (grown == NULL)
    {
      unpickle_fail (u, ALBEF_ERROR_MEMORY, "no memory");
      return false;
    }
  memset ((uint8_t *) grown + *allocated * size, 0, (count - *allocated) * size);
  *at = grown;
  *allocated = count;
  return true;
}

PickleValue *
pickle_value_new (Unpickler *u, PickleType type)
{
  PickleValue *value = unpickle_allocate (u, sizeof *value);

  if (value != NULL)
    value->type = type;
  return value;
}

PickleValue *
pickle_text_new (Unpickler *u, PickleType type, const void *bytes, size_t length)
{
  PickleValue *value = pickle_value_new (u, type);

  if (value != NULL)
    {
      value->text.bytes = bytes;
      value->text.length = length;
    }
  return value;
}

void
pickle_list_add (Unpickler *u, PickleValue *list, PickleValue *const *items, size_t n)
{
  size_t wanted = list->list.n + n;

  if (wanted > list->list.allocated)
    {
      size_t allocated = wanted > 2 * list->list.allocated ? wanted : 2 * list->list.allocated;
      PickleValue **grown = unpickle_allocate (u, allocated * sizeof *grown);

      if (grown == NULL)
        return;
      if (list->list.n > 0)
        memcpy (grown, list->list.items, list->list.n * sizeof *grown);
      list->list.items = grown;
      list->list.allocated = allocated;
    }
  if (n > 0)
    memcpy (list->list.items + list->list.n, items, n * sizeof *items);
  list->list.n = wanted;
}

PickleValue *
pickle_list_new (Unpickler *u, PickleType type, PickleValue *const *items, size_t n)
{
  PickleValue *list = pickle_value_new (u, type);

  if (list != NULL)
    pickle_list_add (u, list, items, n);
  return list;
}
