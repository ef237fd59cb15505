/* SPDX-License-Identifier: MIT
 * The same Python values from pickles of every protocol (made by Python; tests/fuzz/corpus-model-files.py). */
#include "error.h"
#include "mapped-file.h"
#include "pickle-json.h"
#include "tap.h"
#include "unpickle.h"

#include <stdlib.h>

static bool
is_int (const PickleValue *value, int64_t wanted)
{
  return value->type == PICKLE_INT && value->integer == wanted;
}

static bool
is_text (const PickleValue *value, const char *wanted)
{
  return pickle_text_equals (value, wanted);
}

static void
test_protocol (int protocol)
{
  char *path = mem_printf ("%s/fuzz/corpus/unpickle/plain-%d", getenv ("ALIDADE_TESTS"), protocol), *bytes = NULL;
  static const int64_t ints[] = { 0, 1, 255, 256, 65535, 65536, -1, -2147483648, 1LL << 31, 1LL << 40, INT64_MIN };
  Unpickler *unpickler = unpickler_new ("plain");
  AlbefError error = ALBEF_ERROR_INIT;
  const PickleValue *root = NULL, *item;
  size_t length = 0, used = 0;
  bool good;

  if (!tap_ok (file_read (path, 1 << 20, &bytes, &length, &error) == ALBEF_OK
                   && unpickler_read (unpickler, (uint8_t *) bytes, length, &root, &used, &error) == ALBEF_OK
                   && root->type == PICKLE_DICT && used == length,
               "/protocol %d/is read to its end", protocol))
    {
      tap_note ("%s", error.message);
      goto out;
    }
  tap_ok (pickle_dict_get (root, "none")->type == PICKLE_NONE && pickle_dict_get (root, "true")->integer_bool
              && pickle_dict_get (root, "false")->type == PICKLE_BOOL && !pickle_dict_get (root, "false")->integer_bool,
          "/protocol %d/None, True, False", protocol);
  item = pickle_dict_get (root, "ints");
  good = item->type == PICKLE_LIST && item->list.n == 13;
  for (int i = 0; good && i < 11; i++)
    good = is_int (item->list.items[i], ints[i]);
  tap_ok (good, "/protocol %d/integers of every size", protocol);
  tap_ok (item->list.items[11]->type == PICKLE_LONG && item->list.items[12]->type == PICKLE_LONG,
          "/protocol %d/integers beyond 64 bits are kept as such", protocol);
  item = pickle_dict_get (root, "float");
  tap_ok (item->list.items[0]->number == 0.5 && item->list.items[1]->number == -1e300, "/protocol %d/floats", protocol);
  item = pickle_dict_get (root, "text");
  tap_ok (is_text (item->list.items[0], "") && is_text (item->list.items[1], "a\nb")
              && is_text (item->list.items[2], "\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80")
              && is_text (item->list.items[3], "back\\slash"),
          "/protocol %d/texts", protocol);
  item = pickle_dict_get (root, "bytes");
  tap_ok (protocol < 3 ? item->type == PICKLE_OPAQUE
                       : item->type == PICKLE_BYTES && item->text.length == 2 && (uint8_t) item->text.bytes[1] == 255,
          "/protocol %d/bytes (before protocol 3 a call, so opaque)", protocol);
  item = pickle_dict_get (root, "nested");
  good = item->type == PICKLE_TUPLE && item->list.n == 4;
  for (int i = 0; good && i < 4; i++)
    good = item->list.items[i]->type == PICKLE_TUPLE && item->list.items[i]->list.n == i + 1u
           && is_int (item->list.items[i]->list.items[i], i + 1);
  tap_ok (good && pickle_dict_get (root, "tuple")->list.n == 0, "/protocol %d/tuples", protocol);
  item = pickle_dict_get (root, "ordered");
  tap_ok (item->type == PICKLE_DICT && is_int (pickle_dict_get (item, "a"), 1), "/protocol %d/OrderedDict", protocol);
  item = pickle_dict_get (root, "set");
  tap_ok (protocol < 4 ? item->type == PICKLE_OPAQUE : item->type == PICKLE_SET && is_int (item->list.items[0], 1),
          "/protocol %d/sets (before protocol 4 a call, so opaque)", protocol);
out:
  unpickler_free (unpickler);
  free (bytes);
  free (path);
}

static void
test_json (void)
{
  static const uint8_t config[] = "\x80\x02}q\x00(X\x01\x00\x00\x00"
                                  "aK\x05X\x01\x00\x00\x00"
                                  "bh\x00X\x01\x00\x00\x00"
                                  "c]"
                                  "(G?\xe0\x00\x00\x00\x00\x00\x00Ncos\nsystem\neX\x01\x00\x00\x00"
                                  "d\x88u.";
  Unpickler *unpickler = unpickler_new ("config");
  const PickleValue *value = NULL;
  char *json;

  tap_ok (unpickler_read (unpickler, config, sizeof config - 1, &value, NULL, NULL) == ALBEF_OK, "/json/is read");
  json = pickle_dict_json (value);
  tap_ok (json != NULL && strncmp (json, "{\"a\":5,\"b\":{\"a\":5,\"b\":{", 23) == 0 && strlen (json) < 1000
              && strstr (json, "\"c\":[0.5,null],\"d\":true}") != NULL,
          "/json/a cycle ends, a name is left out");
  free (json);
  tap_ok (pickle_dict_json (NULL) == NULL, "/json/nothing of nothing");
  unpickler_free (unpickler);
}

/* Work and memory grow with the bytes of the pickle, not with what they seem to describe. */
static void
test_limits (void)
{
  enum
  {
    LONG = 80 << 20
  };
  uint8_t *bytes = mem_new0 (LONG, 1);
  Unpickler *unpickler = unpickler_new ("long");
  AlbefError error = ALBEF_ERROR_INIT;
  const PickleValue *value = NULL;

  memset (bytes, ']', LONG);
  tap_ok (unpickler_read (unpickler, bytes, LONG, &value, NULL, &error) == ALBEF_ERROR_LIMIT
              && strstr (error.message, "512 MiB") != NULL,
          "/limits/a pickle of nothing but lists ends at the memory limit");
  unpickler_free (unpickler);
  unpickler = unpickler_new ("long");
  for (int i = 0; i < LONG; i += 2)
    memcpy (bytes + i, "N0", 2);
  error.message[0] = 0;
  unpickler_read (unpickler, bytes, LONG, &value, NULL, &error);
  tap_ok (error.status == ALBEF_ERROR_LIMIT, "/limits/so does one that makes and drops values");
  unpickler_free (unpickler);
  free (bytes);
}

int
main (void)
{
  for (int protocol = 0; protocol <= 5; protocol++)
    test_protocol (protocol);
  test_json ();
  test_limits ();
  return tap_done ();
}
