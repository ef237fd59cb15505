/* SPDX-License-Identifier: MIT
 * The names that tensors are made of, and what is made of them. Nothing here calls anything of Python. */
#include "unpickle-private.h"
#include "error.h"

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
ends_with (const PickleValue *value, const char *end)
{
  size_t length = strlen (end);

  return value->text.length >= length && memcmp (value->text.bytes + value->text.length - length, end, length) == 0;
}

/* torch.FloatStorage, torch.float32 and their like are names only; nothing of them is ever called. */
static bool
global_is_known (const PickleValue *global)
{
  static const char *const kinds[] = { "torch float", "torch double", "torch half", "torch bfloat", "torch int",
                                       "torch long",  "torch short",  "torch uint", "torch bool",   "torch complex" };

  for (size_t i = 0; i < sizeof known_globals / sizeof *known_globals; i++)
    if (pickle_bytes_are (global, known_globals[i]))
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

static void
note_opaque (Unpickler *u, const PickleValue *global)
{
  char name[128];

  pickle_global_text (global, name, sizeof name);
  for (int i = 0; i < u->n_opaque; i++)
    if (strcmp (u->opaque[i], name) == 0)
      return;
  if (u->n_opaque < PICKLE_MAX_OPAQUE)
    u->opaque[u->n_opaque++] = mem_strdup (name);
}

PickleValue *
pickle_global_new (Unpickler *u, const char *module, size_t module_length, const char *name, size_t name_length)
{
  char *text = unpickle_allocate (u, module_length + 1 + name_length);
  PickleValue *global;

  if (text == NULL)
    return NULL;
  if (module_length > 0)
    memcpy (text, module, module_length);
  text[module_length] = ' ';
  if (name_length > 0)
    memcpy (text + module_length + 1, name, name_length);
  global = pickle_text_new (u, PICKLE_GLOBAL, text, module_length + 1 + name_length);
  if (global != NULL && !global_is_known (global))
    note_opaque (u, global);
  return global;
}

PickleValue *
pickle_opaque_new (Unpickler *u, const PickleValue *callable)
{
  static const char unnamed[] = "an unnamed call";

  if (callable->type == PICKLE_GLOBAL || callable->type == PICKLE_OPAQUE)
    return pickle_text_new (u, PICKLE_OPAQUE, callable->text.bytes, callable->text.length);
  return pickle_text_new (u, PICKLE_OPAQUE, unnamed, sizeof unnamed - 1);
}

static PickleValue *
dict_from_pairs (Unpickler *u, const PickleValue *pairs)
{
  PickleValue *dict = pickle_list_new (u, PICKLE_DICT, NULL, 0);

  for (size_t i = 0; dict != NULL && i < pairs->list.n; i++)
    {
      const PickleValue *pair = pairs->list.items[i];

      if ((pair->type != PICKLE_TUPLE && pair->type != PICKLE_LIST) || pair->list.n != 2)
        {
          unpickle_fail (u, ALBEF_ERROR_FORMAT, "a dictionary is made of something that is not a pair");
          return NULL;
        }
      pickle_list_add (u, dict, pair->list.items, 2);
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
  tensor = pickle_value_new (u, PICKLE_TENSOR);
  if (tensor == NULL)
    return NULL;
  tensor->tensor.storage = items[0];
  tensor->tensor.offset = items[1]->integer;
  tensor->tensor.size = items[2];
  tensor->tensor.stride = items[3];
  tensor->tensor.dtype = with_dtype ? items[6] : NULL;
  return tensor;
}

PickleValue *
pickle_call (Unpickler *u, const PickleValue *callable, const PickleValue *args)
{
  PickleValue *result = NULL;

  if (args->type != PICKLE_TUPLE)
    {
      unpickle_fail (u, ALBEF_ERROR_FORMAT, "a call without a tuple of arguments");
      return NULL;
    }
  if (pickle_is_global (callable, "collections", "OrderedDict"))
    {
      if (args->list.n == 0)
        return pickle_list_new (u, PICKLE_DICT, NULL, 0);
      if (args->list.items[0]->type == PICKLE_LIST || args->list.items[0]->type == PICKLE_TUPLE)
        return dict_from_pairs (u, args->list.items[0]);
    }
  else if (pickle_is_global (callable, "torch", "Size"))
    {
      if (args->list.n == 1 && (args->list.items[0]->type == PICKLE_TUPLE || args->list.items[0]->type == PICKLE_LIST))
        return pickle_list_new (u, PICKLE_TUPLE, args->list.items[0]->list.items, args->list.items[0]->list.n);
    }
  else if (pickle_is_global (callable, "torch._utils", "_rebuild_tensor_v2")
           || pickle_is_global (callable, "torch._utils", "_rebuild_tensor"))
    result = tensor_new (u, args, false);
  else if (pickle_is_global (callable, "torch._utils", "_rebuild_tensor_v3"))
    result = tensor_new (u, args, true);
  else if (pickle_is_global (callable, "torch._utils", "_rebuild_parameter")
           || pickle_is_global (callable, "torch._utils", "_rebuild_parameter_with_state"))
    {
      if (args->list.n >= 1 && args->list.items[0]->type == PICKLE_TENSOR)
        {
          result = pickle_value_new (u, PICKLE_TENSOR);
          if (result != NULL)
            {
              *result = *args->list.items[0];
              result->parameter = true;
            }
        }
    }
  return result != NULL || u->status != ALBEF_OK ? result : pickle_opaque_new (u, callable);
}

PickleValue *
pickle_persistent (Unpickler *u, const PickleValue *id)
{
  static const char name[] = "a persistent object";

  PickleValue *storage;

  if (id->type == PICKLE_TUPLE && id->list.n >= 5 && pickle_text_equals (id->list.items[0], "storage"))
    {
      storage = pickle_list_new (u, PICKLE_STORAGE, id->list.items, id->list.n);
      if (storage != NULL
          && unpickle_reserve (u, &u->storages, &u->storages_allocated, u->n_storages + 1, sizeof *u->storages))
        u->storages[u->n_storages++] = storage;
      return storage;
    }
  return pickle_text_new (u, PICKLE_OPAQUE, name, sizeof name - 1);
}
