/* SPDX-License-Identifier: MIT */
#include "pickle-json.h"

#include <jansson.h>
#include <math.h>

enum
{
  MAX_DEPTH = 4,
  MAX_MEMBERS = 4096, /* of the whole tree */
};

static json_t *
to_json (const PickleValue *value, int depth, int *left)
{
  json_t *json = NULL;

  if (depth > MAX_DEPTH || --*left < 0)
    return NULL;
  switch (value->type)
    {
    case PICKLE_NONE:
      return json_null ();
    case PICKLE_BOOL:
      return json_boolean (value->integer_bool);
    case PICKLE_INT:
      return json_integer (value->integer);
    case PICKLE_FLOAT:
      return isfinite (value->number) ? json_real (value->number) : NULL;
    case PICKLE_TEXT:
      return value->text.length < 4096 ? json_stringn (value->text.bytes, value->text.length) : NULL;
    case PICKLE_LIST:
    case PICKLE_TUPLE:
      json = json_array ();
      for (size_t i = 0; i<value->list.n && * left> 0; i++)
        {
          json_t *item = to_json (value->list.items[i], depth + 1, left);

          if (item != NULL)
            json_array_append_new (json, item);
        }
      return json;
    case PICKLE_DICT:
      json = json_object ();
      for (size_t i = 0; i<value->list.n && * left> 0; i += 2)
        {
          const PickleValue *key = value->list.items[i];
          json_t *name = key->type == PICKLE_TEXT ? to_json (key, depth + 1, left) : NULL;
          json_t *item = name != NULL ? to_json (value->list.items[i + 1], depth + 1, left) : NULL;

          if (item != NULL)
            json_object_set_new (json, json_string_value (name), item);
          json_decref (name);
        }
      return json;
    default:
      return NULL;
    }
}

char *
pickle_dict_json (const PickleValue *dict)
{
  int left = MAX_MEMBERS;
  json_t *json;
  char *text;

  if (dict == NULL || dict->type != PICKLE_DICT)
    return NULL;
  json = to_json (dict, 0, &left);
  text = json_dumps (json, JSON_COMPACT);
  json_decref (json);
  return text;
}
