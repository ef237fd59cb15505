/* SPDX-License-Identifier: MIT */
#include "json-items.h"

#include "json-text.h"
#include "work-meter.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yajl/yajl_parse.h>

#define DEPTH_LIMIT 128
#define ITEM_LIMIT (256u << 20)  /* bytes of JSON text in one item: bounds memory */
#define CHUNK 65536

typedef struct
{
  json_t *value;  /* container being built; NULL above an item */
  char *key;      /* the member that comes next */
  guint64 n;      /* elements so far */
  gboolean array;
} Level;

typedef struct
{
  const char *name;
  const char *const *patterns;
  JsonItemFunc item;
  gpointer user_data;
  GError *error;
  GArray *levels;     /* Level */
  guint building;     /* levels->len when the item began + 1; 0: outside of items */
  guint pattern;      /* of the item being built */
  gsize item_bytes;
  gboolean list;      /* there was a list where the first pattern has one */
} Reader;

/* Where we are -------------------------------------------------------------------------------------------------- */

static Level *
top_level (Reader *reader)
{
  return reader->levels->len > 0 ? &g_array_index (reader->levels, Level, reader->levels->len - 1) : NULL;
}

/* Whether the place of the value that begins now fits a pattern. */
static gboolean
place_fits (Reader *reader, const char *pattern)
{
  for (guint i = 0; i < reader->levels->len; i++)
    {
      const Level *level = &g_array_index (reader->levels, Level, i);

      if (level->array)
        {
          if (!g_str_has_prefix (pattern, "[]"))
            return FALSE;
          pattern += 2;
          continue;
        }
      if (*pattern == '.')
        pattern++;
      if (*pattern == '*')
        pattern++;
      else
        {
          gsize length = strlen (level->key);

          if (strncmp (pattern, level->key, length) != 0)
            return FALSE;
          pattern += length;
          if (*pattern != '\0' && *pattern != '.' && *pattern != '[')
            return FALSE;
        }
    }
  return *pattern == '\0';
}

static char *
place_text (Reader *reader)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < reader->levels->len; i++)
    {
      const Level *level = &g_array_index (reader->levels, Level, i);

      if (level->array)
        g_string_append_printf (text, "[%" G_GUINT64_FORMAT "]", level->n - 1);
      else
        g_string_append_printf (text, "%s%s", text->len > 0 ? "." : "", level->key);
    }
  return g_string_free (text, FALSE);
}

/* Building ------------------------------------------------------------------------------------------------------ */

static int
stop (Reader *reader, const char *why)
{
  if (reader->error == NULL)
    {
      g_autofree char *place = place_text (reader);

      project_fail (&reader->error, PROJECT_ERROR_FAILED, "%s: %s%s%s.", reader->name, place,
                    *place != '\0' ? ": " : "", why);
    }
  return 0;
}

/* A value begins: counts it, and tells whether it is (part of) an item. */
static gboolean
value_begins (Reader *reader)
{
  Level *level = top_level (reader);

  if (level != NULL && level->array)
    level->n++;
  if (reader->building != 0)
    return TRUE;
  for (guint i = 0; reader->patterns[i] != NULL; i++)
    if (place_fits (reader, reader->patterns[i]))
      {
        reader->building = reader->levels->len + 1;
        reader->pattern = i;
        reader->item_bytes = 0;
        return TRUE;
      }
  return FALSE;
}

/* A built value is whole: into its container, or out to the caller. Takes the reference. */
static int
value_ends (Reader *reader, json_t *value)
{
  Level *level = top_level (reader);
  int failed = 0;

  if (value == NULL)
    return stop (reader, "out of memory");
  if (reader->building == reader->levels->len + 1)
    {
      g_autofree char *where = place_text (reader);

      reader->building = 0;
      if (!reader->item (reader->pattern, where, level != NULL && !level->array ? level->key : NULL, value,
                         reader->user_data, &reader->error))
        {
          if (reader->error == NULL)
            project_fail (&reader->error, PROJECT_ERROR_FAILED, "%s: %s was refused", reader->name, where);
          failed = 1;
        }
      json_decref (value);
      return !failed;
    }
  if (level->array)
    failed = json_array_append_new (level->value, value);
  else
    failed = json_object_setn_new (level->value, level->key, strlen (level->key), value);
  return failed == 0 || stop (reader, "out of memory");
}

static int
count_bytes (Reader *reader, gsize length)
{
  reader->item_bytes += length + 16;
  return reader->item_bytes <= ITEM_LIMIT || stop (reader, "is larger than 256 MB");
}

/* What yajl calls ------------------------------------------------------------------------------------------------ */

static int
on_null (void *data)
{
  return !value_begins (data) || (count_bytes (data, 4) && value_ends (data, json_null ()));
}

static int
on_boolean (void *data, int value)
{
  return !value_begins (data) || (count_bytes (data, 4) && value_ends (data, value ? json_true () : json_false ()));
}

static int
on_number (void *data, const char *digits, size_t length)
{
  Reader *reader = data;
  char text[512];

  if (!value_begins (reader))
    return 1;
  if (length >= sizeof text)
    return stop (reader, "a number has more than 500 digits");
  memcpy (text, digits, length);
  text[length] = '\0';
  if (strpbrk (text, ".eE") == NULL)
    {
      gint64 value;

      errno = 0;
      value = g_ascii_strtoll (text, NULL, 10);
      if (errno == 0)
        return count_bytes (reader, length) && value_ends (reader, json_integer (value));
    }
  {
    double value = g_ascii_strtod (text, NULL);

    if (!isfinite (value))
      return stop (reader, "a number is too large");
    return count_bytes (reader, length) && value_ends (reader, json_real (value));
  }
}

static int
on_string (void *data, const unsigned char *text, size_t length)
{
  return !value_begins (data) ||
         (count_bytes (data, length) && value_ends (data, json_stringn_nocheck ((const char *) text, length)));
}

static int
container_begins (Reader *reader, gboolean array)
{
  Level level = { .array = array };

  if (reader->levels->len >= DEPTH_LIMIT)
    return stop (reader, "is nested too deeply");
  if (value_begins (reader))
    {
      if (!count_bytes (reader, 64))
        return 0;
      level.value = array ? json_array () : json_object ();
      if (level.value == NULL)
        return stop (reader, "out of memory");
    }
  g_array_append_val (reader->levels, level);
  /* Inside of nothing yet, the list's own place is the pattern without its element. */
  if (array && reader->building == 0 && place_fits (reader, reader->patterns[0]))
    reader->list = TRUE;
  return 1;
}

static int
container_ends (Reader *reader)
{
  json_t *value = g_steal_pointer (&top_level (reader)->value);

  g_array_set_size (reader->levels, reader->levels->len - 1);
  return value == NULL || value_ends (reader, value);
}

static int
on_map_begin (void *data)
{
  return container_begins (data, FALSE);
}

static int
on_array_begin (void *data)
{
  return container_begins (data, TRUE);
}

static int
on_key (void *data, const unsigned char *text, size_t length)
{
  Reader *reader = data;
  Level *level = top_level (reader);

  if (length > 65536)
    return stop (reader, "the name of a member is too long");
  g_free (level->key);
  level->key = g_strndup ((const char *) text, length);
  return reader->building == 0 || count_bytes (reader, length);
}

static int
on_end (void *data)
{
  return container_ends (data);
}

static const yajl_callbacks callbacks = {
  .yajl_null = on_null,
  .yajl_boolean = on_boolean,
  .yajl_number = on_number,
  .yajl_string = on_string,
  .yajl_start_map = on_map_begin,
  .yajl_map_key = on_key,
  .yajl_end_map = on_end,
  .yajl_start_array = on_array_begin,
  .yajl_end_array = on_end,
};

/* Reading ------------------------------------------------------------------------------------------------------- */

static void
level_clear (gpointer data)
{
  Level *level = data;

  if (level->value != NULL)
    json_decref (level->value);
  g_free (level->key);
}

static gboolean
check_status (yajl_handle parser, yajl_status status, Reader *reader, guint64 offset, GError **error)
{
  if (reader->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&reader->error));
      return FALSE;
    }
  if (status == yajl_status_ok)
    return TRUE;
  {
    unsigned char *text = yajl_get_error (parser, 0, NULL, 0);
    guint64 at = offset + yajl_get_bytes_consumed (parser);

    if (text != NULL)
      g_strchomp ((char *) text);
    project_fail (error, PROJECT_ERROR_FAILED, "%s is no valid JSON at byte %" G_GUINT64_FORMAT ": %s", reader->name,
                  at, text != NULL ? (const char *) text : "?");
    yajl_free_error (parser, text);
    return FALSE;
  }
}

/* Reads `file` if it is not -1, else the bytes; with `list` the first pattern's list must be there. */
static gboolean
read_all (int file, const guint8 *bytes, gsize length, const char *name, const char *const *patterns, JsonItemFunc item,
          gpointer user_data, gboolean list, GError **error)
{
  Reader reader = { .name = name, .patterns = patterns, .item = item, .user_data = user_data };
  yajl_handle parser = yajl_alloc (&callbacks, NULL, &reader);
  g_autofree guint8 *chunk = g_malloc (CHUNK);
  guint64 offset = 0;
  gboolean good = parser != NULL, first = TRUE;
  yajl_status status;

  reader.levels = g_array_new (FALSE, FALSE, sizeof (Level));
  g_array_set_clear_func (reader.levels, level_clear);
  if (!good)
    project_fail (error, PROJECT_ERROR_FAILED, "%s: out of memory", name);
  while (good)
    {
      gssize n = file >= 0 ? read (file, chunk, CHUNK) : (gssize) MIN (length - offset, CHUNK);
      const guint8 *part = file >= 0 ? chunk : bytes + offset;
      gsize skip = 0;

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        good = project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be read: %s", name, g_strerror (errno));
      if (n <= 0)
        break;
      if (file >= 0)
        work_meter_count (n);
      if (first && n >= 3 && memcmp (part, "\xef\xbb\xbf", 3) == 0)
        skip = 3; /* a byte order mark, as some editors write */
      first = FALSE;
      status = yajl_parse (parser, part + skip, n - skip);
      good = check_status (parser, status, &reader, offset + skip, error);
      offset += n;
    }
  if (good)
    {
      status = yajl_complete_parse (parser);
      good = check_status (parser, status, &reader, offset, error);
    }
  if (good && list && !reader.list)
    good = strcmp (patterns[0], "[]") == 0
               ? project_fail (error, PROJECT_ERROR_FAILED, "%s is no list; is it a file of this format?", name)
               : project_fail (error, PROJECT_ERROR_FAILED, "%s has no list \"%.*s\"; is it a file of this format?",
                               name, (int) strlen (patterns[0]) - 2, patterns[0]);
  g_array_unref (reader.levels);
  g_clear_error (&reader.error);
  if (parser != NULL)
    yajl_free (parser);
  return good;
}

static gboolean
read_file (const char *path, const char *const *patterns, JsonItemFunc item, gpointer user_data, gboolean list,
           GError **error)
{
  g_autofree char *name = g_filename_display_name (path);
  int file = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  gboolean good;

  if (file < 0)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "%s cannot be opened: %s", name, g_strerror (errno));
  good = read_all (file, NULL, 0, name, patterns, item, user_data, list, error);
  close (file);
  return good;
}

gboolean
json_items_read (const char *path, const char *const *patterns, JsonItemFunc item, gpointer user_data, GError **error)
{
  return read_file (path, patterns, item, user_data, FALSE, error);
}

gboolean
json_list_read (const char *path, const char *const *patterns, JsonItemFunc item, gpointer user_data, GError **error)
{
  return read_file (path, patterns, item, user_data, TRUE, error);
}

gboolean
json_items_parse (const void *bytes, gsize length, const char *name, const char *const *patterns, JsonItemFunc item,
                  gpointer user_data, GError **error)
{
  return read_all (-1, bytes, length, name, patterns, item, user_data, FALSE, error);
}

typedef struct
{
  JsonItemFunc item;
  gpointer user_data;
  const char *where;
} Line;

static gboolean
on_line_item (guint pattern, const char *where, const char *key, json_t *item, gpointer user_data, GError **error)
{
  const Line *line = user_data;

  return line->item (0, line->where, NULL, item, line->user_data, error);
}

gboolean
json_lines_read (const char *path, JsonItemFunc item, gpointer user_data, GError **error)
{
  static const char *const whole[] = { "", NULL };
  g_autofree char *name = g_filename_display_name (path);
  FILE *file = fopen (path, "re");
  char *text = NULL;
  size_t size = 0;
  ssize_t length;
  guint64 n = 0;
  gboolean good = TRUE;

  if (file == NULL)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "%s cannot be opened: %s", name, g_strerror (errno));
  while (good && (errno = 0, length = getline (&text, &size, file)) >= 0)
    {
      g_autofree char *where = g_strdup_printf ("line %" G_GUINT64_FORMAT, ++n);
      g_autofree char *place = g_strconcat (name, ", ", where, NULL);
      Line line = { item, user_data, where };

      work_meter_count (length);
      while (length > 0 && g_ascii_isspace (text[length - 1]))
        length--;
      if (length > 0)
        good = json_items_parse (text, length, place, whole, on_line_item, &line, error);
    }
  if (good && ferror (file))
    good = project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be read: %s", name, g_strerror (errno));
  free (text);
  fclose (file);
  return good;
}

static gboolean
keep_item (guint pattern, const char *where, const char *key, json_t *item, gpointer user_data, GError **error)
{
  *(json_t **) user_data = json_incref (item);
  return TRUE;
}

static gboolean
keep_value (guint pattern, const char *where, const char *key, json_t *item, gpointer data, GError **error)
{
  *(json_t **) data = json_incref (item);
  return TRUE;
}

json_t *
json_value_parse (const char *bytes, gsize length)
{
  static const char *const whole[] = { "", NULL };
  json_t *value = json_loadb (bytes, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
  g_autoptr (GError) local = NULL;

  /* Jansson refuses what fits no 64 bits. */
  if (value == NULL && !json_items_parse (bytes, length, "a value", whole, keep_value, &value, &local))
    g_clear_pointer (&value, json_decref);
  return value;
}

json_t *
json_file_read (const char *path, gsize limit, GError **error)
{
  static const char *const whole[] = { "", NULL };
  json_t *value = NULL;

  if (!json_items_read (path, whole, keep_item, &value, error))
    {
      if (value != NULL)
        json_decref (value);
      return NULL;
    }
  return value;
}

/* Helpers ------------------------------------------------------------------------------------------------------- */

double
json_double (const json_t *value)
{
  return json_is_number (value) ? json_number_value (value) : NAN;
}

gboolean
json_doubles (const json_t *array, double *numbers, guint n)
{
  if (!json_is_array (array) || json_array_size (array) != n)
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (isnan (numbers[i] = json_double (json_array_get (array, i))))
      return FALSE;
  return TRUE;
}

const char *
json_text (const json_t *object, const char *member)
{
  const json_t *value = json_object_get (object, member);

  /* A text with a NUL inside would be cut: none rather than half. */
  if (!json_is_string (value) || strlen (json_string_value (value)) != json_string_length (value))
    return NULL;
  return json_string_value (value);
}

char *
json_id_text (const json_t *value)
{
  if (json_is_integer (value))
    return g_strdup_printf ("%" JSON_INTEGER_FORMAT, json_integer_value (value));
  if (json_is_real (value))
    return g_strdup_printf ("%.17g", json_real_value (value));
  if (json_is_string (value))
    return g_strdup (json_string_value (value));
  return NULL;
}

json_t *
json_without (const json_t *object, const char *const *members)
{
  json_t *rest = json_copy ((json_t *) object);

  for (guint i = 0; members[i] != NULL; i++)
    json_object_del (rest, members[i]);
  if (json_object_size (rest) > 0)
    return rest;
  json_decref (rest);
  return NULL;
}

char *
json_to_text (const json_t *value)
{
  GString *text = g_string_new (NULL);

  json_put_value (text, value);
  return g_string_free (text, FALSE);
}
