/* SPDX-License-Identifier: MIT
 * fuzz-json-edit.c: any bytes as a file whose arrays are edited. Of a well-formed object nothing but what is edited may
 * change: kept it is the same bytes, dropped, changed and added to it is what the same does to the parsed value. */
#include "json-edit.h"

#include <glib/gstdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const char *const members[] = { "a", "b", NULL };

static JsonEditFate
keep (guint member, json_t *item, GString *text, gpointer data, GError **error)
{
  return JSON_EDIT_KEEP;
}

static void
change_object (json_t *object)
{
  json_object_set_new (object, "new", json_string ("x"));
  json_object_del (object, "gone");
  if (json_object_get (object, "n") != NULL)
    json_object_set_new (object, "n", json_integer (7));
}

/* Objects get one member more, lose "gone" and have 7 for "n"; texts are replaced, numbers dropped. */
static JsonEditFate
change (guint member, json_t *item, GString *text, gpointer data, GError **error)
{
  if (json_is_number (item))
    return JSON_EDIT_DROP;
  if (json_is_object (item))
    {
      g_autoptr (json_t) other = json_deep_copy (item);

      change_object (other);
      json_put_value (text, other);
      return JSON_EDIT_REPLACE;
    }
  if (!json_is_string (item))
    return JSON_EDIT_KEEP;
  g_string_append (text, "[1]");
  return JSON_EDIT_REPLACE;
}

static gboolean
nothing (guint member, JsonEdit *edit, gpointer data, GError **error)
{
  return TRUE;
}

static gboolean
add (guint member, JsonEdit *edit, gpointer data, GError **error)
{
  return json_edit_add (edit, "{\"new\":1}", error);
}

static char *
run (const char *from, const char *to, const JsonEditor *editor, gsize *length)
{
  OutFile *out;
  char *text = NULL;

  g_remove (to);
  out = out_file_open (to, NULL);
  if (out == NULL)
    abort ();
  if (!json_edit_copy (from, editor, out, NULL))
    {
      out_file_abandon (out);
      return NULL;
    }
  if (!out_file_close (out, NULL) || !g_file_get_contents (to, &text, length, NULL))
    abort ();
  return text;
}

/* What the changes do to the value. */
static void
change_value (json_t *value)
{
  for (int i = 0; members[i] != NULL; i++)
    {
      json_t *array = json_object_get (value, members[i]);

      if (array == NULL)
        json_object_set_new (value, members[i], array = json_array ());
      if (!json_is_array (array))
        continue;
      for (size_t j = json_array_size (array); j-- > 0;)
        if (json_is_number (json_array_get (array, j)))
          json_array_remove (array, j);
        else if (json_is_object (json_array_get (array, j)))
          change_object (json_array_get (array, j));
        else if (json_is_string (json_array_get (array, j)))
          json_array_set_new (array, j, json_pack ("[i]", 1));
      json_array_append_new (array, json_pack ("{s:i}", "new", 1));
    }
  json_object_set_new (value, "c", json_pack ("[i,s]", 1, "}"));
}

/* A member that is there but no array gets a second one of its name: nobody writes such files. */
static gboolean
is_usual (const json_t *value)
{
  for (int i = 0; members[i] != NULL; i++)
    if (json_object_get (value, members[i]) != NULL && !json_is_array (json_object_get (value, members[i])))
      return FALSE;
  return TRUE;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const JsonEditor keeper = { members, keep, nothing, NULL },
                          changer = { members, change, add, NULL, "\n  ", "c", "[1, \"}\"]", " " };
  const char *base = access ("/dev/shm", W_OK) == 0 ? "/dev/shm" : g_get_tmp_dir ();
  g_autofree char *from = g_strdup_printf ("%s/alidade-fuzz-%d.json", base, (int) getpid ());
  g_autofree char *to = g_strconcat (from, ".out", NULL), *kept = NULL, *changed = NULL;
  const int flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
  g_autoptr (json_t) value = json_loadb ((const char *) data, size, flags, NULL);
  gsize length;

  if (!g_file_set_contents (from, (const char *) data, (gssize) size, NULL))
    abort ();
  kept = run (from, to, &keeper, &length);
  if (json_is_object (value) && (kept == NULL || length != size || memcmp (kept, data, size) != 0))
    abort ();
  changed = run (from, to, &changer, &length);
  if (json_is_object (value) && is_usual (value))
    {
      g_autoptr (json_t) other = changed != NULL ? json_loadb (changed, length, flags, NULL) : NULL;

      change_value (value);
      if (other == NULL || !json_equal (value, other))
        abort ();
    }
  g_remove (from);
  g_remove (to);
  return 0;
}
