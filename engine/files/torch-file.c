/* SPDX-License-Identifier: MIT
 * PyTorch checkpoints: the zip container (TOP/data.pkl, TOP/data/KEY) and the form before PyTorch 1.6
 * (five pickles in a row, then the storages). Tensors become views into the mapping. */
#include "error.h"
#include "weights.h"
#include "zip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum
{
  MAX_KEY = 200, /* bytes of a storage's key */
};

/* A storage of the older container, found behind the pickles. */
typedef struct
{
  const char *key; /* text of the pickle */
  size_t key_length;
  const uint8_t *data;
  uint64_t bytes;
} OldStorage;

typedef struct
{
  WeightSource *source;
  ZipFile *zip;    /* NULL: the older container */
  char *top;       /* "archive": folder inside the zip */
  OldStorage *old; /* sorted by key */
  size_t n_old;
} TorchFile;

/* --- types ------------------------------------------------------------------------------------------ */

static bool
type_from_global (const PickleValue *global, WeightType *type)
{
  static const struct
  {
    const char *storage, *dtype;
    WeightType type;
  } names[] = {
    { "FloatStorage", "float32", WEIGHT_F32 }, { "DoubleStorage", "float64", WEIGHT_F64 },
    { "HalfStorage", "float16", WEIGHT_F16 },  { "BFloat16Storage", "bfloat16", WEIGHT_BF16 },
    { "LongStorage", "int64", WEIGHT_I64 },    { "IntStorage", "int32", WEIGHT_I32 },
    { "ShortStorage", "int16", WEIGHT_I16 },   { "CharStorage", "int8", WEIGHT_I8 },
    { "ByteStorage", "uint8", WEIGHT_U8 },     { "BoolStorage", "bool", WEIGHT_BOOL },
    { "UntypedStorage", "uint8", WEIGHT_U8 },
  };

  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (pickle_is_global (global, "torch", names[i].storage) || pickle_is_global (global, "torch", names[i].dtype)
        || pickle_is_global (global, "torch.storage", names[i].storage))
      {
        *type = names[i].type;
        return true;
      }
  return false;
}

/* --- storages --------------------------------------------------------------------------------------- */

static int
compare_old (const void *a, const void *b)
{
  const OldStorage *x = a, *y = b;
  size_t shorter = x->key_length < y->key_length ? x->key_length : y->key_length;
  int order = memcmp (x->key, y->key, shorter);

  return order != 0 ? order : (x->key_length > y->key_length) - (x->key_length < y->key_length);
}

/* Bytes of a storage by its key. */
static AlbefStatus
storage_bytes (TorchFile *torch, const PickleValue *key, const uint8_t **data, uint64_t *bytes, AlbefError *error)
{
  const char *path = torch->source->file.path;
  char name[2 * MAX_KEY + 16];
  OldStorage wanted, *found;
  int index;

  if (key->type != PICKLE_TEXT || key->text.length > MAX_KEY)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s': a storage has an unusable key", path);
  if (torch->zip == NULL)
    {
      wanted.key = key->text.bytes;
      wanted.key_length = key->text.length;
      found = torch->n_old > 0 ? bsearch (&wanted, torch->old, torch->n_old, sizeof wanted, compare_old) : NULL;
      if (found == NULL)
        return error_set (error, ALBEF_ERROR_FORMAT, "'%s': storage '%.*s' is missing; the file is cut off", path,
                          (int) key->text.length, key->text.bytes);
      *data = found->data;
      *bytes = found->bytes;
      return ALBEF_OK;
    }
  snprintf (name, sizeof name, "%s/data/%.*s", torch->top, (int) key->text.length, key->text.bytes);
  index = zip_find (torch->zip, name);
  if (index < 0)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s': entry '%s' is missing in the container", path, name);
  *bytes = zip_entry (torch->zip, index)->size;
  return zip_data (torch->zip, index, data, error);
}

/* The persistent id ('storage', type, key, device, elements[, view]); a view is (key, offset, elements) into the
 * same storage. Fills storage and type of the weight, *elements counts the storage's or view's. */
static AlbefStatus
resolve_storage (TorchFile *torch, const PickleValue *storage, const PickleValue *dtype, Weight *weight,
                 uint64_t *elements, AlbefError *error)
{
  const char *path = torch->source->file.path;
  PickleValue **id = storage->list.items;
  const PickleValue *view = storage->list.n > 5 && id[5]->type == PICKLE_TUPLE && id[5]->list.n >= 3 ? id[5] : NULL;
  const uint8_t *data;
  AlbefStatus status;
  uint64_t bytes = 0, claimed;
  WeightType stored;
  char what[160];

  if (!type_from_global (id[1], &stored) || (dtype != NULL && !type_from_global (dtype, &weight->type)))
    return error_set (error, ALBEF_ERROR_UNSUPPORTED, "'%s': '%s' has an element type that is not supported (%s)", path,
                      weight->name, pickle_describe (dtype != NULL ? dtype : id[1], what, sizeof what));
  if (dtype == NULL)
    weight->type = stored;
  if (id[4]->type != PICKLE_INT || id[4]->integer < 0)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s': the storage of '%s' has no size", path, weight->name);
  status = storage_bytes (torch, id[2], &data, &bytes, error);
  if (status != ALBEF_OK)
    return status;
  if (__builtin_mul_overflow ((uint64_t) id[4]->integer, weight_type_size (stored), &claimed) || claimed > bytes)
    return error_set (error, ALBEF_ERROR_FORMAT,
                      "'%s': the storage of '%s' should have %lld elements but has %llu bytes; the file is damaged",
                      path, weight->name, (long long) id[4]->integer, (unsigned long long) bytes);
  weight->storage = data;
  *elements = bytes / weight_type_size (weight->type);
  if (view != NULL)
    {
      const PickleValue *offset = view->list.items[1], *n = view->list.items[2];

      if (offset->type != PICKLE_INT || n->type != PICKLE_INT || offset->integer < 0 || n->integer < 0
          || (uint64_t) offset->integer > *elements || (uint64_t) n->integer > *elements - offset->integer)
        return error_set (error, ALBEF_ERROR_FORMAT, "'%s': the storage of '%s' is a view outside its data", path,
                          weight->name);
      weight->storage += (uint64_t) offset->integer * weight_type_size (weight->type);
      *elements = n->integer;
    }
  return ALBEF_OK;
}

/* --- tensors ---------------------------------------------------------------------------------------- */

static bool
read_dims (const PickleValue *tuple, int64_t *dims, int *n)
{
  if ((tuple->type != PICKLE_TUPLE && tuple->type != PICKLE_LIST) || tuple->list.n > WEIGHT_MAX_DIMS)
    return false;
  *n = tuple->list.n;
  for (int i = 0; i < *n; i++)
    {
      if (tuple->list.items[i]->type != PICKLE_INT)
        return false;
      dims[i] = tuple->list.items[i]->integer;
    }
  return true;
}

static AlbefStatus
add_tensor (TorchFile *torch, const char *name, const PickleValue *tensor, AlbefError *error)
{
  Weight weight = { .name = (char *) name };
  uint64_t elements = 0;
  AlbefStatus status;
  int n_strides;

  if (tensor->tensor.offset < 0 || !read_dims (tensor->tensor.size, weight.shape, &weight.n_dims)
      || !read_dims (tensor->tensor.stride, weight.strides, &n_strides) || n_strides != weight.n_dims)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s': shape or strides of '%s' are unusable (at most %d dimensions)",
                      torch->source->file.path, name, WEIGHT_MAX_DIMS);
  weight.offset = tensor->tensor.offset;
  status = resolve_storage (torch, tensor->tensor.storage, tensor->tensor.dtype, &weight, &elements, error);
  if (status != ALBEF_OK)
    return status;
  return weight_source_add (torch->source, &weight, elements, error);
}

static const PickleValue *
find_weights (const PickleValue *root, const char **key)
{
  static const char *const keys[] = { "model", "state_dict", "model_state_dict" };

  *key = NULL;
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    {
      const PickleValue *value = pickle_dict_get (root, keys[i]);

      if (value != NULL && (value->type == PICKLE_DICT || value->type == PICKLE_OPAQUE))
        {
          *key = keys[i];
          return value;
        }
    }
  for (size_t i = 1; root->type == PICKLE_DICT && i < root->list.n; i += 2)
    if (root->list.items[i]->type == PICKLE_TENSOR)
      return root;
  return NULL;
}

static bool
copy_key (const PickleValue *key, char name[WEIGHT_MAX_NAME + 1])
{
  if (key->type != PICKLE_TEXT || key->text.length > WEIGHT_MAX_NAME || memchr (key->text.bytes, 0, key->text.length))
    return false;
  memcpy (name, key->text.bytes, key->text.length);
  name[key->text.length] = 0;
  return true;
}

/* The names beside the weights, for the report. */
static void
note_others (TorchFile *torch, const PickleValue *root, const char *weights_key)
{
  char name[WEIGHT_MAX_NAME + 1];

  for (size_t i = 0; i < root->list.n && torch->source->n_others < 64; i += 2)
    if (!pickle_text_equals (root->list.items[i], weights_key))
      {
        bool usable = copy_key (root->list.items[i], name);

        for (char *c = name; usable && *c != 0; c++)
          usable = (uint8_t) *c >= 0x20 && (uint8_t) *c < 0x7f;
        weight_source_add_other (torch->source, usable ? name : "(a key that cannot be shown)");
      }
}

static AlbefStatus
read_tree (TorchFile *torch, const PickleValue *root, AlbefError *error)
{
  const char *key, *path = torch->source->file.path;
  const PickleValue *weights = find_weights (root, &key);
  char name[WEIGHT_MAX_NAME + 1], what[160];
  AlbefStatus status;

  if (weights == NULL)
    return error_set (
        error, ALBEF_ERROR_FORMAT,
        "'%s' holds %s and no weights, neither under 'model' nor at the top; it is not a model checkpoint", path,
        pickle_describe (root, what, sizeof what));
  if (weights->type == PICKLE_OPAQUE)
    return error_set (error, ALBEF_ERROR_UNSUPPORTED,
                      "'%s': the weights under '%s' are %s, which is not run here; save model.state_dict() instead",
                      path, key, pickle_describe (weights, what, sizeof what));
  for (size_t i = 0; i < weights->list.n; i += 2)
    {
      const PickleValue *value = weights->list.items[i + 1];

      if (!copy_key (weights->list.items[i], name))
        return error_set (error, ALBEF_ERROR_FORMAT, "'%s': a weight's name is not a text of at most %d bytes", path,
                          WEIGHT_MAX_NAME);
      if (value->type == PICKLE_OPAQUE)
        return error_set (error, ALBEF_ERROR_UNSUPPORTED,
                          "'%s': weight '%.200s' is %s, which is not run here; save plain tensors instead", path, name,
                          pickle_describe (value, what, sizeof what));
      if (value->type != PICKLE_TENSOR)
        continue; /* a number or a text among the weights is no parameter */
      status = add_tensor (torch, name, value, error);
      if (status != ALBEF_OK)
        return status;
    }
  if (key != NULL)
    note_others (torch, root, key);
  torch->source->pickle = root;
  return ALBEF_OK;
}

/* --- containers ------------------------------------------------------------------------------------- */

/* The one entry TOP/data.pkl names the folder. */
static AlbefStatus
find_pickle (TorchFile *torch, int *index, AlbefError *error)
{
  static const char file[] = "/data.pkl";
  const char *path = torch->source->file.path;

  *index = -1;
  for (int i = 0; i < zip_count (torch->zip); i++)
    {
      const ZipEntry *entry = zip_entry (torch->zip, i);
      size_t top = entry->name_length - (sizeof file - 1);

      if (entry->name_length < sizeof file || memcmp (entry->name + top, file, sizeof file - 1) != 0
          || memchr (entry->name, '/', top) != NULL || memchr (entry->name, 0, top) != NULL || top > MAX_KEY)
        continue;
      if (*index >= 0)
        return error_set (error, ALBEF_ERROR_FORMAT, "'%s' holds two data.pkl; a checkpoint has one", path);
      *index = i;
      torch->top = strndup (entry->name, top);
    }
  if (*index < 0 || torch->top == NULL)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s' is a zip file without data.pkl, so not a PyTorch checkpoint",
                      path);
  return ALBEF_OK;
}

static AlbefStatus
read_zip (TorchFile *torch, AlbefError *error)
{
  WeightSource *source = torch->source;
  const PickleValue *root;
  const uint8_t *data;
  char name[MAX_KEY + 16];
  AlbefStatus status;
  int index;

  source->format = "PyTorch";
  status = zip_open (source->file.path, source->file.data, source->file.size, &torch->zip, error);
  if (status == ALBEF_OK)
    status = find_pickle (torch, &index, error);
  if (status == ALBEF_OK)
    status = zip_data (torch->zip, index, &data, error);
  if (status == ALBEF_OK)
    status = unpickler_read (source->unpickler, data, zip_entry (torch->zip, index)->size, &root, NULL, error);
  if (status != ALBEF_OK)
    return status;
  snprintf (name, sizeof name, "%s/byteorder", torch->top);
  index = zip_find (torch->zip, name);
  if (index >= 0)
    {
      status = zip_data (torch->zip, index, &data, error);
      if (status != ALBEF_OK)
        return status;
      source->swapped = zip_entry (torch->zip, index)->size >= 3 && memcmp (data, "big", 3) == 0;
    }
  return read_tree (torch, root, error);
}

/* The older container keeps element counts only: the sizes of elements come from the persistent ids met in the
 * tree. Storages lie behind the pickles in the order of the last one, each after its count. */
static AlbefStatus
find_old_storages (TorchFile *torch, const PickleValue *keys, size_t at, AlbefError *error)
{
  const WeightSource *source = torch->source;
  size_t n_ids = unpickler_n_storages (source->unpickler), size = source->file.size;
  OldStorage *ids = calloc (n_ids + 1, sizeof *ids);
  AlbefStatus status = ALBEF_OK;

  torch->old = calloc (keys->list.n + 1, sizeof *torch->old);
  if (ids == NULL || torch->old == NULL)
    status = error_set (error, ALBEF_ERROR_MEMORY, "no memory for the storages of '%s'", source->file.path);
  for (size_t i = 0; status == ALBEF_OK && i < n_ids; i++)
    {
      PickleValue **id = unpickler_storage (source->unpickler, i)->list.items;
      WeightType type;

      ids[i].key = id[2]->type == PICKLE_TEXT ? id[2]->text.bytes : "";
      ids[i].key_length = id[2]->type == PICKLE_TEXT ? id[2]->text.length : 0;
      ids[i].bytes = type_from_global (id[1], &type) ? weight_type_size (type) : 0;
    }
  if (status == ALBEF_OK)
    qsort (ids, n_ids, sizeof *ids, compare_old);
  for (size_t i = 0; status == ALBEF_OK && i < keys->list.n; i++)
    {
      const PickleValue *key = keys->list.items[i];
      OldStorage *storage = &torch->old[torch->n_old], *id;
      uint64_t count = 0;

      storage->key = key->type == PICKLE_TEXT ? key->text.bytes : "";
      storage->key_length = key->type == PICKLE_TEXT ? key->text.length : 0;
      id = bsearch (storage, ids, n_ids, sizeof *ids, compare_old);
      if (id == NULL || id->bytes == 0)
        status = error_set (error, ALBEF_ERROR_UNSUPPORTED,
                            "'%s': storage '%.*s' has an element type that is not supported", source->file.path,
                            (int) (storage->key_length < MAX_KEY ? storage->key_length : MAX_KEY), storage->key);
      else if (size - at < 8)
        status = error_set (error, ALBEF_ERROR_FORMAT, "'%s' is cut off: %zu of %zu storages are there",
                            source->file.path, i, keys->list.n);
      else
        {
          for (int b = 0; b < 8; b++)
            count |= (uint64_t) source->file.data[at + b] << (8 * (source->swapped ? 7 - b : b));
          at += 8;
          storage->data = source->file.data + at;
          if (__builtin_mul_overflow (count, id->bytes, &storage->bytes) || storage->bytes > size - at)
            status = error_set (error, ALBEF_ERROR_FORMAT, "'%s' is cut off: %zu of %zu storages are there",
                                source->file.path, i, keys->list.n);
          else
            {
              at += storage->bytes;
              torch->n_old++;
            }
        }
    }
  if (status == ALBEF_OK)
    qsort (torch->old, torch->n_old, sizeof *torch->old, compare_old);
  free (ids);
  return status;
}

static AlbefStatus
read_legacy (TorchFile *torch, AlbefError *error)
{
  WeightSource *source = torch->source;
  const uint8_t *data = source->file.data;
  size_t at = 0, used, size = source->file.size;
  const PickleValue *parts[5] = { NULL }; /* magic, protocol, system, tree, storage keys */
  const PickleValue *little;
  AlbefStatus status;

  source->format = "PyTorch (before 1.6)";
  for (int i = 0; i < 5; i++)
    {
      status = unpickler_read (source->unpickler, data + at, size - at, &parts[i], &used, error);
      if (status != ALBEF_OK)
        return status;
      at += used;
    }
  if (parts[1]->type != PICKLE_INT || parts[1]->integer != 1001)
    return error_set (error, ALBEF_ERROR_UNSUPPORTED, "'%s' has an unknown version of PyTorch's older format",
                      source->file.path);
  if (parts[4]->type != PICKLE_LIST)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s' has no list of storages", source->file.path);
  little = pickle_dict_get (parts[2], "little_endian");
  source->swapped = little != NULL && little->type == PICKLE_BOOL && !little->integer_bool;
  status = find_old_storages (torch, parts[4], at, error);
  return status == ALBEF_OK ? read_tree (torch, parts[3], error) : status;
}

static void
torch_file_free (void *keep)
{
  TorchFile *torch = keep;

  zip_free (torch->zip);
  free (torch->top);
  free (torch->old);
  free (torch);
}

AlbefStatus
torch_file_open (MappedFile *file, WeightSource **out, AlbefError *error)
{
  TorchFile *torch = mem_new0 (1, sizeof *torch);
  WeightSource *source = weight_source_new ();
  AlbefStatus status;
  char *name;

  source->file = *file;
  source->keep = torch;
  source->keep_free = torch_file_free;
  name = mem_printf ("'%s'", file->path);
  source->unpickler = unpickler_new (name);
  free (name);
  torch->source = source;
  status = memcmp (file->data, "PK", 2) == 0 ? read_zip (torch, error) : read_legacy (torch, error);
  if (status == ALBEF_OK)
    *out = source;
  else
    weight_source_free (source);
  return status;
}
