/* SPDX-License-Identifier: MIT
 * The stack machine: input, stack, memo and the operations. */
#include "unpickle-private.h"
#include "error.h"

enum
{
  MAX_PICKLE = 64 << 20 /* bytes of one pickle; the official ones have some 100 KB */
};

/* --- input ------------------------------------------------------------------------------------------ */

static const uint8_t *
take (Unpickler *u, uint64_t n)
{
  const uint8_t *bytes = u->data + u->at;

  if (n > u->length - u->at)
    {
      unpickle_fail (u, ALBEF_ERROR_FORMAT, "the pickle ends in the middle; the file is cut off or damaged");
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
  if (value != NULL && unpickle_reserve (u, &u->stack, &u->stack_allocated, u->n_stack + 1, sizeof *u->stack))
    u->stack[u->n_stack++] = value;
}

/* Never below the last mark: what lies there belongs to an unfinished container. */
static PickleValue *
pop (Unpickler *u)
{
  size_t floor = u->n_marks > 0 ? u->marks[u->n_marks - 1] : 0;

  if (u->n_stack <= floor)
    {
      unpickle_fail (u, ALBEF_ERROR_FORMAT, "the pickle takes more values than it made; the file is damaged");
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
      unpickle_fail (u, ALBEF_ERROR_FORMAT, "a mark is missing in the pickle; the file is damaged");
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
      unpickle_fail (u, ALBEF_ERROR_FORMAT, "memo index %llu is out of range", (unsigned long long) index);
      return;
    }
  if (!unpickle_reserve (u, &u->memo, &u->memo_allocated, index + 1, sizeof *u->memo))
    return;
  u->memo[index] = value;
  if (index >= u->n_memo)
    u->n_memo = index + 1;
}

static void
memo_get (Unpickler *u, uint64_t index)
{
  if (index >= u->n_memo || u->memo[index] == NULL)
    unpickle_fail (u, ALBEF_ERROR_FORMAT, "memo entry %llu was never made", (unsigned long long) index);
  else
    push (u, u->memo[index]);
}

/* --- the machine ------------------------------------------------------------------------------------ */

static PickleValue *
int_new (Unpickler *u, int64_t integer)
{
  PickleValue *value = pickle_value_new (u, PICKLE_INT);

  if (value != NULL)
    value->integer = integer;
  return value;
}

static PickleValue *
bool_new (Unpickler *u, bool truth)
{
  PickleValue *value = pickle_value_new (u, PICKLE_BOOL);

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
    return pickle_text_new (u, PICKLE_LONG, bytes, n);
  bits = n > 0 && bytes[n - 1] & 0x80 ? ~UINT64_C (0) : 0;
  for (uint64_t i = n; i-- > 0;)
    bits = bits << 8 | bytes[i];
  return int_new (u, (int64_t) bits);
}

static PickleValue *
float_new (Unpickler *u)
{
  const uint8_t *bytes = take (u, 8);
  PickleValue *value = bytes != NULL ? pickle_value_new (u, PICKLE_FLOAT) : NULL;
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

  return bytes != NULL ? pickle_text_new (u, type, bytes, n) : NULL;
}

/* Adds to a container what a pickle adds to it; what goes into an opaque object is dropped with it. */
static void
extend (Unpickler *u, PickleValue *container, PickleType type, PickleValue *const *items, size_t n)
{
  if (container == NULL || u->status != ALBEF_OK || container->type == PICKLE_OPAQUE)
    return;
  if (container->type != type || (type == PICKLE_DICT && n % 2 != 0))
    unpickle_fail (u, ALBEF_ERROR_FORMAT, "items are added to something that takes none; the file is damaged");
  else
    pickle_list_add (u, container, items, n);
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
    *global = pickle_global_new (u, module, module_length, name, name_length);
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
        unpickle_fail (u, ALBEF_ERROR_UNSUPPORTED, "pickle protocol %zu is newer than this program knows", n);
      break;
    case 0x95: /* FRAME: a hint for reading ahead */
      take_number (u, 8);
      break;
    case '.':
      return false;

    case '(':
      /* With room on the stack too, so that an empty run above the mark has an address. */
      if (unpickle_reserve (u, &u->marks, &u->marks_allocated, u->n_marks + 1, sizeof *u->marks)
          && unpickle_reserve (u, &u->stack, &u->stack_allocated, u->n_stack + 1, sizeof *u->stack))
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
      push (u, pickle_value_new (u, PICKLE_NONE));
      break;
    case 0x88:
    case 0x89:
      push (u, bool_new (u, *opcode == 0x88));
      break;
    case 'I':
    case 'L':
      line = take_line (u, &n);
      push (u, line != NULL ? pickle_int_from_text (u, line, n) : NULL);
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
      push (u, line != NULL ? pickle_float_from_text (u, line, n) : NULL);
      break;
    case 'G':
      push (u, float_new (u));
      break;

    case 'S':
    case 'V':
      line = take_line (u, &n);
      push (u, line != NULL ? pickle_text_from_escapes (u, line, n, *opcode == 'S') : NULL);
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
      push (u, pickle_list_new (u, PICKLE_LIST, NULL, 0));
      break;
    case '}':
      push (u, pickle_list_new (u, PICKLE_DICT, NULL, 0));
      break;
    case ')':
      push (u, pickle_list_new (u, PICKLE_TUPLE, NULL, 0));
      break;
    case 0x8f:
      push (u, pickle_list_new (u, PICKLE_SET, NULL, 0));
      break;
    case 't':
    case 'l':
    case 'd':
    case 0x91: /* FROZENSET */
      items = pop_mark (u, &n);
      if (*opcode == 'd' && n % 2 != 0)
        unpickle_fail (u, ALBEF_ERROR_FORMAT, "a dictionary with a key but no value");
      if (items != NULL)
        push (u, pickle_list_new (u, container_type (*opcode), items, n));
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
          push (u, pickle_list_new (u, PICKLE_TUPLE, parts, count));
      }
      break;
    case 'a':
      a = pop (u);
      extend (u, top (u), PICKLE_LIST, &a, 1);
      break;
    case 's':
      b = pop (u);
      a = pop (u);
      extend (u, top (u), PICKLE_DICT, (PickleValue *[]){ a, b }, 2);
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
      a = line != NULL ? pickle_int_from_text (u, line, n) : NULL;
      if (a == NULL)
        break;
      if (a->type == PICKLE_BOOL) /* "00" and "01" read as numbers here */
        n = a->integer_bool;
      else if (a->type == PICKLE_INT && a->integer >= 0)
        n = a->integer;
      else
        {
          unpickle_fail (u, ALBEF_ERROR_FORMAT, "memo index out of range");
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
        unpickle_fail (u, ALBEF_ERROR_FORMAT, "a name that is not text");
      else
        push (u, pickle_global_new (u, a->text.bytes, a->text.length, b->text.bytes, b->text.length));
      break;
    case 'R':
    case 0x81: /* REDUCE, NEWOBJ */
      b = pop (u);
      a = pop (u);
      if (a != NULL && b != NULL)
        push (u, pickle_call (u, a, b));
      break;
    case 0x92: /* NEWOBJ_EX */
      c = pop (u);
      b = pop (u);
      a = pop (u);
      if (a != NULL && b != NULL && c != NULL)
        push (u, pickle_opaque_new (u, a));
      break;
    case 'i': /* INST */
      two_names (u, &a);
      items = pop_mark (u, &n);
      if (a != NULL && items != NULL)
        push (u, pickle_opaque_new (u, a));
      break;
    case 'o': /* OBJ */
      items = pop_mark (u, &n);
      if (items != NULL && n == 0)
        unpickle_fail (u, ALBEF_ERROR_FORMAT, "an object without a class");
      else if (items != NULL)
        push (u, pickle_opaque_new (u, items[0]));
      break;
    case 'b': /* BUILD: attributes of an object; tensors and dictionaries need none */
      pop (u);
      top (u);
      break;
    case 'Q':
      a = pop (u);
      if (a != NULL)
        push (u, pickle_persistent (u, a));
      break;
    case 'P':
      line = take_line (u, &n);
      a = line != NULL ? pickle_text_new (u, PICKLE_TEXT, line, n) : NULL;
      if (a != NULL)
        push (u, pickle_persistent (u, a));
      break;

    case 0x82:
    case 0x83:
    case 0x84: /* EXT: names by number, registered in one Python process only */
    case 0x97:
    case 0x98: /* NEXT_BUFFER: data beside the file */
      unpickle_fail (u, ALBEF_ERROR_UNSUPPORTED, "the pickle needs data that is not in the file");
      break;
    default:
      unpickle_fail (u, ALBEF_ERROR_FORMAT, "0x%02x is no pickle operation; the file is damaged", *opcode);
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

  u->memory -= u->stack_allocated * sizeof *u->stack + u->memo_allocated * sizeof *u->memo
               + u->marks_allocated * sizeof *u->marks;
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
