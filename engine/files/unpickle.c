/* SPDX-License-Identifier: MIT */
#include "unpickle.h"
#include "error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum
{
  MAX_PICKLE = 64 << 20,   /* bytes of one pickle; the official ones have some 100 KB */
  MAX_MEMORY = 512 << 20,  /* bytes of all values of an unpickler */
  BLOCK = 64 << 10,
  MAX_OPAQUE = 64,
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
  char *opaque[MAX_OPAQUE];
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

/* --- errors and memory ------------------------------------------------------------------------------ */

/* The first failure stays; later ones come from unwinding. */
__attribute__ ((format (printf, 3, 4))) static void
fail (Unpickler *u, AlbefStatus status, const char *format, ...)
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
  if (bytes > MAX_MEMORY || u->memory + bytes > MAX_MEMORY)
    {
      fail (u, ALBEF_ERROR_LIMIT, "the pickle would need more than %d MiB of memory; it is not a usual checkpoint",
            MAX_MEMORY >> 20);
      return false;
    }
  u->memory += bytes;
  return true;
}

static void *
allocate (Unpickler *u, size_t bytes)
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
          fail (u, ALBEF_ERROR_MEMORY, "no memory");
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

/* Grows a plain array to hold at least `wanted` elements. */
static bool
reserve (Unpickler *u, void *array, size_t *allocated, size_t wanted, size_t size)
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
      fail (u, ALBEF_ERROR_MEMORY, "no memory");
      return false;
    }
  memset ((uint8_t *) grown + *allocated * size, 0, (count - *allocated) * size);
  *at = grown;
  *allocated = count;
  return true;
}

static PickleValue *
value_new (Unpickler *u, PickleType type)
{
  PickleValue *value = allocate (u, sizeof *value);

  if (value != NULL)
    value->type = type;
  return value;
}

static PickleValue *
text_new (Unpickler *u, PickleType type, const void *bytes, size_t length)
{
  PickleValue *value = value_new (u, type);

  if (value != NULL)
    {
      value->text.bytes = bytes;
      value->text.length = length;
    }
  return value;
}

static void
list_add (Unpickler *u, PickleValue *list, PickleValue *const *items, size_t n)
{
  size_t wanted = list->list.n + n;

  if (wanted > list->list.allocated)
    {
      size_t allocated = wanted > 2 * list->list.allocated ? wanted : 2 * list->list.allocated;
      PickleValue **grown = allocate (u, allocated * sizeof *grown);

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

static PickleValue *
list_new (Unpickler *u, PickleType type, PickleValue *const *items, size_t n)
{
  PickleValue *list = value_new (u, type);

  if (list != NULL)
    list_add (u, list, items, n);
  return list;
}

/* --- input ------------------------------------------------------------------------------------------ */

static const uint8_t *
take (Unpickler *u, uint64_t n)
{
  const uint8_t *bytes = u->data + u->at;

  if (n > u->length - u->at)
    {
      fail (u, ALBEF_ERROR_FORMAT, "the pickle ends in the middle; the file is cut off or damaged");
      return NULL;
    }
  u->at += n;
  return bytes;
}

static uint64_t
take_number (Unpickler *u, int n_bytes)
{
  const uint8_t *bytes = take (u, n_bytes);
  uint64_t value = 0;

  for (int i = 0; bytes != NULL && i < n_bytes; i++)
    value |= (uint64_t) bytes[i] << (8 * i);
  return value;
}

/* Up to and without the line end. */
static const char *
take_line (Unpickler *u, size_t *length)
{
  const uint8_t *start = u->data + u->at;
  const uint8_t *end = memchr (start, '\n', u->length - u->at);

  if (end == NULL)
    {
      u->at = u->length;
      take (u, 1);
      return NULL;
    }
  *length = end - start;
  u->at += *length + 1;
  return (const char *) start;
}

/* --- stack and memo --------------------------------------------------------------------------------- */

static void
push (Unpickler *u, PickleValue *value)
{
  if (value != NULL && reserve (u, &u->stack, &u->stack_allocated, u->n_stack + 1, sizeof *u->stack))
    u->stack[u->n_stack++] = value;
}

/* Never below the last mark: what lies there belongs to an unfinished container. */
static PickleValue *
pop (Unpickler *u)
{
  size_t floor = u->n_marks > 0 ? u->marks[u->n_marks - 1] : 0;

  if (u->n_stack <= floor)
    {
      fail (u, ALBEF_ERROR_FORMAT, "the pickle takes more values than it made; the file is damaged");
      return NULL;
    }
  return u->stack[--u->n_stack];
}

static PickleValue *
top (Unpickler *u)
{
  PickleValue *value = pop (u);

  if (value != NULL)
    u->n_stack++;
  return value;
}

/* Values above the last mark, which is removed with them; they stay readable until the next push. */
static PickleValue **
pop_mark (Unpickler *u, size_t *n)
{
  size_t mark;

  *n = 0;
  if (u->n_marks == 0)
    {
      fail (u, ALBEF_ERROR_FORMAT, "a mark is missing in the pickle; the file is damaged");
      return NULL;
    }
  mark = u->marks[--u->n_marks];
  *n = u->n_stack - mark;
  u->n_stack = mark;
  return u->stack + mark;
}

static void
memo_put (Unpickler *u, uint64_t index)
{
  PickleValue *value = top (u);

  /* Picklers count from 0, so an index beyond the pickle's own length is an attack on memory. */
  if (value == NULL)
    return;
  if (index > u->length)
    {
      fail (u, ALBEF_ERROR_FORMAT, "memo index %llu is out of range", (unsigned long long) index);
      return;
    }
  if (!reserve (u, &u->memo, &u->memo_allocated, index + 1, sizeof *u->memo))
    return;
  u->memo[index] = value;
  if (index >= u->n_memo)
    u->n_memo = index + 1;
}

static void
memo_get (Unpickler *u, uint64_t index)
{
  if (index >= u->n_memo || u->memo[index] == NULL)
    fail (u, ALBEF_ERROR_FORMAT, "memo entry %llu was never made", (unsigned long long) index);
  else
    push (u, u->memo[index]);
}

/* --- names and calls -------------------------------------------------------------------------------- */

static const char *const known_globals[] = {
  "collections OrderedDict",
  "torch Size",
  "torch._utils _rebuild_tensor",
  "torch._utils _rebuild_tensor_v2",
  "torch._utils _rebuild_tensor_v3",
  "torch._utils _rebuild_parameter",
  "torch._utils _rebuild_parameter_with_state",
  "torch.storage UntypedStorage",
  "torch.storage TypedStorage",
  "torch UntypedStorage",
};

static bool
text_is (const PickleValue *value, const char *text)
{
  return value->text.length == strlen (text) && memcmp (value->text.bytes, text, value->text.length) == 0;
}

static bool
ends_with (const PickleValue *value, const char *end)
{
  size_t length = strlen (end);

  return value->text.length >= length && memcmp (value->text.bytes + value->text.length - length, end, length) == 0;
}

/* torch.FloatStorage, torch.float32 and their like are names only; nothing of them is ever called. */
static bool
global_is_known (const PickleValue *global)
{
  static const char *const kinds[] = { "torch float",  "torch double", "torch half",  "torch bfloat", "torch int",
                                       "torch long",   "torch short",  "torch uint",  "torch bool",   "torch complex" };

  for (size_t i = 0; i < sizeof known_globals / sizeof *known_globals; i++)
    if (text_is (global, known_globals[i]))
      return true;
  if (global->text.length < 6 || memcmp (global->text.bytes, "torch ", 6) != 0)
    return false;
  if (ends_with (global, "Storage"))
    return true;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (global->text.length >= strlen (kinds[i]) && memcmp (global->text.bytes, kinds[i], strlen (kinds[i])) == 0)
      return true;
  return false;
}

/* "module name" as "module.name", printable and short: it comes from the file and goes into messages. */
static void
global_text (const PickleValue *value, char *buffer, size_t size)
{
  size_t n = value->text.length < size - 1 ? value->text.length : size - 1;

  for (size_t i = 0; i < n; i++)
    {
      char c = value->text.bytes[i];

      buffer[i] = c == ' ' ? '.' : c > 0x20 && c < 0x7f ? c : '?';
    }
  buffer[n] = 0;
}

static void
note_opaque (Unpickler *u, const PickleValue *global)
{
  char name[128];

  global_text (global, name, sizeof name);
  for (int i = 0; i < u->n_opaque; i++)
    if (strcmp (u->opaque[i], name) == 0)
      return;
  if (u->n_opaque < MAX_OPAQUE)
    u->opaque[u->n_opaque++] = mem_strdup (name);
}

static PickleValue *
global_new (Unpickler *u, const char *module, size_t module_length, const char *name, size_t name_length)
{
  char *text = allocate (u, module_length + 1 + name_length);
  PickleValue *global;

  if (text == NULL)
    return NULL;
  if (module_length > 0)
    memcpy (text, module, module_length);
  text[module_length] = ' ';
  if (name_length > 0)
    memcpy (text + module_length + 1, name, name_length);
  global = text_new (u, PICKLE_GLOBAL, text, module_length + 1 + name_length);
  if (global != NULL && !global_is_known (global))
    note_opaque (u, global);
  return global;
}

static PickleValue *
opaque_new (Unpickler *u, const PickleValue *callable)
{
  static const char unnamed[] = "an unnamed call";

  if (callable->type == PICKLE_GLOBAL || callable->type == PICKLE_OPAQUE)
    return text_new (u, PICKLE_OPAQUE, callable->text.bytes, callable->text.length);
  return text_new (u, PICKLE_OPAQUE, unnamed, sizeof unnamed - 1);
}

static PickleValue *
dict_from_pairs (Unpickler *u, const PickleValue *pairs)
{
  PickleValue *dict = list_new (u, PICKLE_DICT, NULL, 0);

  for (size_t i = 0; dict != NULL && i < pairs->list.n; i++)
    {
      const PickleValue *pair = pairs->list.items[i];

      if ((pair->type != PICKLE_TUPLE && pair->type != PICKLE_LIST) || pair->list.n != 2)
        {
          fail (u, ALBEF_ERROR_FORMAT, "a dictionary is made of something that is not a pair");
          return NULL;
        }
      list_add (u, dict, pair->list.items, 2);
    }
  return dict;
}

/* _rebuild_tensor_v2 (storage, offset, size, stride, requires_grad, hooks), _rebuild_tensor without the last
 * two, _v3 with a dtype behind them. Shape and bounds are checked where the tensor is used. */
static PickleValue *
tensor_new (Unpickler *u, const PickleValue *args, bool with_dtype)
{
  PickleValue *tensor, **items = args->list.items;

  if (args->list.n < (with_dtype ? 7u : 4u) || items[0]->type != PICKLE_STORAGE || items[1]->type != PICKLE_INT)
    return NULL;
  tensor = value_new (u, PICKLE_TENSOR);
  if (tensor == NULL)
    return NULL;
  tensor->tensor.storage = items[0];
  tensor->tensor.offset = items[1]->integer;
  tensor->tensor.size = items[2];
  tensor->tensor.stride = items[3];
  tensor->tensor.dtype = with_dtype ? items[6] : NULL;
  return tensor;
}

/* What a call would give, for the calls that only build tensors and dictionaries; anything else is opaque. */
static PickleValue *
call (Unpickler *u, const PickleValue *callable, const PickleValue *args)
{
  PickleValue *result = NULL;

  if (args->type != PICKLE_TUPLE)
    {
      fail (u, ALBEF_ERROR_FORMAT, "a call without a tuple of arguments");
      return NULL;
    }
  if (pickle_is_global (callable, "collections", "OrderedDict"))
    {
      if (args->list.n == 0)
        return list_new (u, PICKLE_DICT, NULL, 0);
      if (args->list.items[0]->type == PICKLE_LIST || args->list.items[0]->type == PICKLE_TUPLE)
        return dict_from_pairs (u, args->list.items[0]);
    }
  else if (pickle_is_global (callable, "torch", "Size"))
    {
      if (args->list.n == 1 && (args->list.items[0]->type == PICKLE_TUPLE || args->list.items[0]->type == PICKLE_LIST))
        return list_new (u, PICKLE_TUPLE, args->list.items[0]->list.items, args->list.items[0]->list.n);
    }
  else if (pickle_is_global (callable, "torch._utils", "_rebuild_tensor_v2") ||
           pickle_is_global (callable, "torch._utils", "_rebuild_tensor"))
    result = tensor_new (u, args, false);
  else if (pickle_is_global (callable, "torch._utils", "_rebuild_tensor_v3"))
    result = tensor_new (u, args, true);
  else if (pickle_is_global (callable, "torch._utils", "_rebuild_parameter") ||
           pickle_is_global (callable, "torch._utils", "_rebuild_parameter_with_state"))
    {
      if (args->list.n >= 1 && args->list.items[0]->type == PICKLE_TENSOR)
        {
          result = value_new (u, PICKLE_TENSOR);
          if (result != NULL)
            {
              *result = *args->list.items[0];
              result->parameter = true;
            }
        }
    }
  return result != NULL || u->status != ALBEF_OK ? result : opaque_new (u, callable);
}

static PickleValue *
persistent (Unpickler *u, const PickleValue *id)
{
  static const char name[] = "a persistent object";

  PickleValue *storage;

  if (id->type == PICKLE_TUPLE && id->list.n >= 5 && pickle_text_equals (id->list.items[0], "storage"))
    {
      storage = list_new (u, PICKLE_STORAGE, id->list.items, id->list.n);
      if (storage != NULL &&
          reserve (u, &u->storages, &u->storages_allocated, u->n_storages + 1, sizeof *u->storages))
        u->storages[u->n_storages++] = storage;
      return storage;
    }
  return text_new (u, PICKLE_OPAQUE, name, sizeof name - 1);
}

/* --- text forms of protocol 0 ------------------------------------------------------------------------ */

static PickleValue *
int_from_text (Unpickler *u, const char *line, size_t length)
{
  PickleValue *value;
  char digits[32], *end;

  if (length == 2 && line[0] == '0' && (line[1] == '0' || line[1] == '1'))
    {
      value = value_new (u, PICKLE_BOOL);
      if (value != NULL)
        value->integer_bool = line[1] == '1';
      return value;
    }
  if (length > 0 && line[length - 1] == 'L')
    length--;
  if (length >= sizeof digits)
    return text_new (u, PICKLE_LONG, line, length);
  memcpy (digits, line, length);
  digits[length] = 0;
  value = value_new (u, PICKLE_INT);
  if (value == NULL)
    return NULL;
  errno = 0;
  value->integer = strtoll (digits, &end, 10);
  if (end != digits + length || length == 0)
    {
      fail (u, ALBEF_ERROR_FORMAT, "a number is not a number");
      return NULL;
    }
  return errno == ERANGE ? text_new (u, PICKLE_LONG, line, length) : value;
}

static PickleValue *
float_from_text (Unpickler *u, const char *line, size_t length)
{
  PickleValue *value = value_new (u, PICKLE_FLOAT);
  char digits[64], *end;

  if (value == NULL)
    return NULL;
  if (length == 0 || length >= sizeof digits)
    {
      fail (u, ALBEF_ERROR_FORMAT, "a number is not a number");
      return NULL;
    }
  memcpy (digits, line, length);
  digits[length] = 0;
  value->number = strtod (digits, &end);
  if (end != digits + length)
    fail (u, ALBEF_ERROR_FORMAT, "a number is not a number");
  return value;
}

static size_t
put_utf8 (char *out, uint32_t c)
{
  if (c < 0x80)
    return out[0] = c, 1;
  if (c < 0x800)
    return out[0] = 0xc0 | c >> 6, out[1] = 0x80 | (c & 63), 2;
  if (c < 0x10000)
    return out[0] = 0xe0 | c >> 12, out[1] = 0x80 | (c >> 6 & 63), out[2] = 0x80 | (c & 63), 3;
  return out[0] = 0xf0 | (c >> 18 & 7), out[1] = 0x80 | (c >> 12 & 63), out[2] = 0x80 | (c >> 6 & 63),
         out[3] = 0x80 | (c & 63), 4;
}

/* Backslash escapes of a quoted string, or Python's "raw unicode": Latin-1 with escapes for the rest. */
static PickleValue *
text_from_escapes (Unpickler *u, const char *line, size_t length, bool quoted)
{
  char *out = allocate (u, 2 * length + 1); /* a Latin-1 byte becomes two; no escape is shorter than its result */
  size_t used = 0;

  if (out == NULL)
    return NULL;
  if (quoted && (length < 2 || (line[0] != '\'' && line[0] != '"') || line[length - 1] != line[0]))
    {
      fail (u, ALBEF_ERROR_FORMAT, "a string without quotes");
      return NULL;
    }
  if (quoted)
    line++, length -= 2;
  for (size_t i = 0; i < length; i++)
    {
      char kind = i + 1 < length ? line[i + 1] : 0;
      int digits = kind == 'u' ? 4 : kind == 'U' ? 8 : kind == 'x' && quoted ? 2 : 0;
      uint32_t code = 0;
      bool good = line[i] == '\\' && digits > 0 && i + 1 + digits < length;

      for (int d = 0; good && d < digits; d++)
        {
          char c = line[i + 2 + d];
          int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;

          good = digit >= 0;
          code = code << 4 | (uint32_t) digit;
        }
      if (good && code < 0x110000)
        {
          used += put_utf8 (out + used, code);
          i += 1 + digits;
        }
      else if (line[i] == '\\' && quoted && kind != 0)
        {
          out[used++] = kind == 'n' ? '\n' : kind == 't' ? '\t' : kind == 'r' ? '\r' : kind;
          i++;
        }
      else if (!quoted)
        used += put_utf8 (out + used, (uint8_t) line[i]);
      else
        out[used++] = line[i];
    }
  return text_new (u, PICKLE_TEXT, out, used);
}

/* --- the machine ------------------------------------------------------------------------------------ */

static PickleValue *
int_new (Unpickler *u, int64_t integer)
{
  PickleValue *value = value_new (u, PICKLE_INT);

  if (value != NULL)
    value->integer = integer;
  return value;
}

static PickleValue *
bool_new (Unpickler *u, bool truth)
{
  PickleValue *value = value_new (u, PICKLE_BOOL);

  if (value != NULL)
    value->integer_bool = truth;
  return value;
}

static PickleValue *
long_new (Unpickler *u, uint64_t n)
{
  const uint8_t *bytes = take (u, n);
  uint64_t bits;

  if (bytes == NULL)
    return NULL;
  if (n > 8)
    return text_new (u, PICKLE_LONG, bytes, n);
  bits = n > 0 && bytes[n - 1] & 0x80 ? ~UINT64_C (0) : 0;
  for (uint64_t i = n; i-- > 0;)
    bits = bits << 8 | bytes[i];
  return int_new (u, (int64_t) bits);
}

static PickleValue *
float_new (Unpickler *u)
{
  const uint8_t *bytes = take (u, 8);
  PickleValue *value = bytes != NULL ? value_new (u, PICKLE_FLOAT) : NULL;
  uint64_t bits = 0;

  if (value == NULL)
    return NULL;
  for (int i = 0; i < 8; i++)
    bits = bits << 8 | bytes[i];
  memcpy (&value->number, &bits, sizeof bits);
  return value;
}

static PickleValue *
counted (Unpickler *u, PickleType type, int count_bytes)
{
  uint64_t n = take_number (u, count_bytes);
  const uint8_t *bytes = u->status == ALBEF_OK ? take (u, n) : NULL;

  return bytes != NULL ? text_new (u, type, bytes, n) : NULL;
}

/* Adds to a container what a pickle adds to it; what goes into an opaque object is dropped with it. */
static void
extend (Unpickler *u, PickleValue *container, PickleType type, PickleValue *const *items, size_t n)
{
  if (container == NULL || u->status != ALBEF_OK || container->type == PICKLE_OPAQUE)
    return;
  if (container->type != type || (type == PICKLE_DICT && n % 2 != 0))
    fail (u, ALBEF_ERROR_FORMAT, "items are added to something that takes none; the file is damaged");
  else
    list_add (u, container, items, n);
}

static void
two_names (Unpickler *u, PickleValue **global)
{
  const char *module, *name;
  size_t module_length = 0, name_length = 0;

  *global = NULL;
  module = take_line (u, &module_length);
  name = module != NULL ? take_line (u, &name_length) : NULL;
  if (name != NULL)
    *global = global_new (u, module, module_length, name, name_length);
}

/* What an opcode that takes everything above the mark makes or fills. */
static PickleType
container_type (uint8_t opcode)
{
  return opcode == 't'                    ? PICKLE_TUPLE
         : opcode == 'l' || opcode == 'e' ? PICKLE_LIST
         : opcode == 'd' || opcode == 'u' ? PICKLE_DICT
                                          : PICKLE_SET;
}

/* One opcode. Returns false at STOP or on failure. */
static bool
step (Unpickler *u)
{
  const uint8_t *opcode = take (u, 1);
  PickleValue *a, *b, *c, **items;
  const char *line;
  size_t n;

  if (opcode == NULL)
    return false;
  switch (*opcode)
    {
    case 0x80: /* PROTO */
      n = take_number (u, 1);
      if (u->status == ALBEF_OK && n > 5)
        fail (u, ALBEF_ERROR_UNSUPPORTED, "pickle protocol %zu is newer than this program knows", n);
      break;
    case 0x95: /* FRAME: a hint for reading ahead */
      take_number (u, 8);
      break;
    case '.':
      return false;

    case '(':
      /* With room on the stack too, so that an empty run above the mark has an address. */
      if (reserve (u, &u->marks, &u->marks_allocated, u->n_marks + 1, sizeof *u->marks) &&
          reserve (u, &u->stack, &u->stack_allocated, u->n_stack + 1, sizeof *u->stack))
        u->marks[u->n_marks++] = u->n_stack;
      break;
    case '0': /* POP, of a mark too */
      if (u->n_marks > 0 && u->marks[u->n_marks - 1] == u->n_stack)
        u->n_marks--;
      else
        pop (u);
      break;
    case '1':
      pop_mark (u, &n);
      break;
    case '2':
      push (u, top (u));
      break;

    case 'N':
      push (u, value_new (u, PICKLE_NONE));
      break;
    case 0x88:
    case 0x89:
      push (u, bool_new (u, *opcode == 0x88));
      break;
    case 'I':
    case 'L':
      line = take_line (u, &n);
      push (u, line != NULL ? int_from_text (u, line, n) : NULL);
      break;
    case 'J':
      push (u, int_new (u, (int32_t) take_number (u, 4)));
      break;
    case 'K':
      push (u, int_new (u, take_number (u, 1)));
      break;
    case 'M':
      push (u, int_new (u, take_number (u, 2)));
      break;
    case 0x8a:
      push (u, long_new (u, take_number (u, 1)));
      break;
    case 0x8b:
      push (u, long_new (u, take_number (u, 4)));
      break;
    case 'F':
      line = take_line (u, &n);
      push (u, line != NULL ? float_from_text (u, line, n) : NULL);
      break;
    case 'G':
      push (u, float_new (u));
      break;

    case 'S':
    case 'V':
      line = take_line (u, &n);
      push (u, line != NULL ? text_from_escapes (u, line, n, *opcode == 'S') : NULL);
      break;
    case 'T':
      push (u, counted (u, PICKLE_TEXT, 4));
      break;
    case 'U':
    case 0x8c:
      push (u, counted (u, PICKLE_TEXT, 1));
      break;
    case 'X':
      push (u, counted (u, PICKLE_TEXT, 4));
      break;
    case 0x8d:
      push (u, counted (u, PICKLE_TEXT, 8));
      break;
    case 'B':
      push (u, counted (u, PICKLE_BYTES, 4));
      break;
    case 'C':
      push (u, counted (u, PICKLE_BYTES, 1));
      break;
    case 0x8e:
    case 0x96:
      push (u, counted (u, PICKLE_BYTES, 8));
      break;

    case ']':
      push (u, list_new (u, PICKLE_LIST, NULL, 0));
      break;
    case '}':
      push (u, list_new (u, PICKLE_DICT, NULL, 0));
      break;
    case ')':
      push (u, list_new (u, PICKLE_TUPLE, NULL, 0));
      break;
    case 0x8f:
      push (u, list_new (u, PICKLE_SET, NULL, 0));
      break;
    case 't':
    case 'l':
    case 'd':
    case 0x91: /* FROZENSET */
      items = pop_mark (u, &n);
      if (*opcode == 'd' && n % 2 != 0)
        fail (u, ALBEF_ERROR_FORMAT, "a dictionary with a key but no value");
      if (items != NULL)
        push (u, list_new (u, container_type (*opcode), items, n));
      break;
    case 0x85:
    case 0x86:
    case 0x87: /* TUPLE1 .. TUPLE3 */
      {
        PickleValue *parts[3];
        int count = *opcode - 0x84;

        for (int i = count - 1; i >= 0 && u->status == ALBEF_OK; i--)
          parts[i] = pop (u);
        if (u->status == ALBEF_OK)
          push (u, list_new (u, PICKLE_TUPLE, parts, count));
      }
      break;
    case 'a':
      a = pop (u);
      extend (u, top (u), PICKLE_LIST, &a, 1);
      break;
    case 's':
      b = pop (u);
      a = pop (u);
      extend (u, top (u), PICKLE_DICT, (PickleValue *[]) { a, b }, 2);
      break;
    case 'e':
    case 'u':
    case 0x90: /* APPENDS, SETITEMS, ADDITEMS */
      items = pop_mark (u, &n);
      if (items != NULL)
        extend (u, top (u), container_type (*opcode), items, n);
      break;

    case 'p':
    case 'g':
      line = take_line (u, &n);
      a = line != NULL ? int_from_text (u, line, n) : NULL;
      if (a == NULL)
        break;
      if (a->type == PICKLE_BOOL) /* "00" and "01" read as numbers here */
        n = a->integer_bool;
      else if (a->type == PICKLE_INT && a->integer >= 0)
        n = a->integer;
      else
        {
          fail (u, ALBEF_ERROR_FORMAT, "memo index out of range");
          break;
        }
      *opcode == 'p' ? memo_put (u, n) : memo_get (u, n);
      break;
    case 'q':
      memo_put (u, take_number (u, 1));
      break;
    case 'r':
      memo_put (u, take_number (u, 4));
      break;
    case 0x94:
      memo_put (u, u->n_memo);
      break;
    case 'h':
      memo_get (u, take_number (u, 1));
      break;
    case 'j':
      memo_get (u, take_number (u, 4));
      break;

    case 'c':
      two_names (u, &a);
      push (u, a);
      break;
    case 0x93: /* STACK_GLOBAL */
      b = pop (u);
      a = pop (u);
      if (a == NULL || b == NULL)
        break;
      if (a->type != PICKLE_TEXT || b->type != PICKLE_TEXT)
        fail (u, ALBEF_ERROR_FORMAT, "a name that is not text");
      else
        push (u, global_new (u, a->text.bytes, a->text.length, b->text.bytes, b->text.length));
      break;
    case 'R':
    case 0x81: /* REDUCE, NEWOBJ */
      b = pop (u);
      a = pop (u);
      if (a != NULL && b != NULL)
        push (u, call (u, a, b));
      break;
    case 0x92: /* NEWOBJ_EX */
      c = pop (u);
      b = pop (u);
      a = pop (u);
      if (a != NULL && b != NULL && c != NULL)
        push (u, opaque_new (u, a));
      break;
    case 'i': /* INST */
      two_names (u, &a);
      items = pop_mark (u, &n);
      if (a != NULL && items != NULL)
        push (u, opaque_new (u, a));
      break;
    case 'o': /* OBJ */
      items = pop_mark (u, &n);
      if (items != NULL && n == 0)
        fail (u, ALBEF_ERROR_FORMAT, "an object without a class");
      else if (items != NULL)
        push (u, opaque_new (u, items[0]));
      break;
    case 'b': /* BUILD: attributes of an object; tensors and dictionaries need none */
      pop (u);
      top (u);
      break;
    case 'Q':
      a = pop (u);
      if (a != NULL)
        push (u, persistent (u, a));
      break;
    case 'P':
      line = take_line (u, &n);
      a = line != NULL ? text_new (u, PICKLE_TEXT, line, n) : NULL;
      if (a != NULL)
        push (u, persistent (u, a));
      break;

    case 0x82:
    case 0x83:
    case 0x84: /* EXT: names by number, registered in one Python process only */
    case 0x97:
    case 0x98: /* NEXT_BUFFER: data beside the file */
      fail (u, ALBEF_ERROR_UNSUPPORTED, "the pickle needs data that is not in the file");
      break;
    default:
      fail (u, ALBEF_ERROR_FORMAT, "0x%02x is no pickle operation; the file is damaged", *opcode);
    }
  return u->status == ALBEF_OK;
}

/* --- public ----------------------------------------------------------------------------------------- */

Unpickler *
unpickler_new (const char *name)
{
  Unpickler *u = mem_new0 (1, sizeof *u);

  u->name = mem_strdup (name);
  return u;
}

void
unpickler_free (Unpickler *u)
{
  if (u == NULL)
    return;
  while (u->blocks != NULL)
    {
      Block *next = u->blocks->next;

      free (u->blocks);
      u->blocks = next;
    }
  for (int i = 0; i < u->n_opaque; i++)
    free (u->opaque[i]);
  free (u->storages);
  free (u->name);
  free (u);
}

AlbefStatus
unpickler_read (Unpickler *u, const uint8_t *data, size_t length, const PickleValue **value, size_t *used,
                AlbefError *error)
{
  u->data = data;
  u->length = length < MAX_PICKLE ? length : MAX_PICKLE;
  u->at = 0;
  u->status = ALBEF_OK;
  u->error = error;
  while (step (u))
    ;
  if (u->status == ALBEF_OK)
    *value = top (u);
  if (u->status == ALBEF_OK && used != NULL)
    *used = u->at;
  if (u->status == ALBEF_ERROR_FORMAT && u->at >= MAX_PICKLE)
    error_set (error, u->status = ALBEF_ERROR_LIMIT, "%s: the pickle is longer than %d MiB", u->name, MAX_PICKLE >> 20);

  u->memory -= u->stack_allocated * sizeof *u->stack + u->memo_allocated * sizeof *u->memo +
               u->marks_allocated * sizeof *u->marks;
  free (u->stack);
  free (u->memo);
  free (u->marks);
  u->stack = u->memo = NULL;
  u->marks = NULL;
  u->n_stack = u->stack_allocated = u->n_memo = u->memo_allocated = u->n_marks = u->marks_allocated = 0;
  return u->status;
}

int
unpickler_n_opaque (const Unpickler *u)
{
  return u->n_opaque;
}

const char *
unpickler_opaque (const Unpickler *u, int index)
{
  return u->opaque[index];
}

size_t
unpickler_n_storages (const Unpickler *u)
{
  return u->n_storages;
}

const PickleValue *
unpickler_storage (const Unpickler *u, size_t index)
{
  return u->storages[index];
}

bool
pickle_text_equals (const PickleValue *value, const char *text)
{
  return value != NULL && value->type == PICKLE_TEXT && text_is (value, text);
}

const PickleValue *
pickle_dict_get (const PickleValue *dict, const char *key)
{
  if (dict == NULL || dict->type != PICKLE_DICT)
    return NULL;
  for (size_t i = dict->list.n; i >= 2; i -= 2)
    if (pickle_text_equals (dict->list.items[i - 2], key))
      return dict->list.items[i - 1];
  return NULL;
}

bool
pickle_is_global (const PickleValue *value, const char *module, const char *name)
{
  size_t m = strlen (module), n = strlen (name);

  return value->type == PICKLE_GLOBAL && value->text.length == m + 1 + n &&
         memcmp (value->text.bytes, module, m) == 0 && value->text.bytes[m] == ' ' &&
         memcmp (value->text.bytes + m + 1, name, n) == 0;
}

const char *
pickle_describe (const PickleValue *value, char *buffer, size_t size)
{
  static const char *const kinds[] = {
    [PICKLE_NONE] = "None",    [PICKLE_BOOL] = "a truth value", [PICKLE_INT] = "a number",  [PICKLE_LONG] = "a number",
    [PICKLE_FLOAT] = "a number", [PICKLE_TEXT] = "a text",      [PICKLE_BYTES] = "bytes",   [PICKLE_LIST] = "a list",
    [PICKLE_TUPLE] = "a tuple", [PICKLE_DICT] = "a dictionary", [PICKLE_SET] = "a set",     [PICKLE_GLOBAL] = "a name",
    [PICKLE_STORAGE] = "a bare storage", [PICKLE_TENSOR] = "a tensor", [PICKLE_OPAQUE] = "an object",
  };
  char name[128];

  if (value->type == PICKLE_OPAQUE || value->type == PICKLE_GLOBAL)
    {
      global_text (value, name, sizeof name);
      snprintf (buffer, size, "%s of '%s'", value->type == PICKLE_OPAQUE ? "the result of a call" : "the name", name);
    }
  else
    snprintf (buffer, size, "%s", kinds[value->type]);
  return buffer;
}
