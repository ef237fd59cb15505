/* SPDX-License-Identifier: MIT */
#include "library-filter.h"

#include <math.h>
#include <string.h>

static const char *const verdicts[LIBRARY_N_VERDICTS] = { "none",   "accepted", "corrected", "rejected",
                                                          "absent", "unsure",   "stale" };
static const char *const files[LIBRARY_N_FILES] = { "ok", "missing", "changed" };
static const char *const orders[LIBRARY_N_ORDERS] = { "name", "added", "changed", "score", "verdict", "regions",
                                                      "disagreement" };
static const char *const targets[] = { "images", "phrases" };
static const char *const has[] = { "any", "with", "without" };
static const char *const origins[] = { "map", "detector", "import", "person" };

static int
parse (const char *const *names, guint n, const char *name)
{
  for (guint i = 0; i < n; i++)
    if (g_strcmp0 (names[i], name) == 0)
      return i;
  return -1;
}

const char *
library_verdict_name (LibraryVerdict verdict)
{
  return verdicts[verdict];
}

int
library_verdict_parse (const char *name)
{
  return parse (verdicts, LIBRARY_N_VERDICTS, name);
}

const char *
library_file_name (LibraryFile state)
{
  return files[state];
}

int
library_file_parse (const char *name)
{
  return parse (files, LIBRARY_N_FILES, name);
}

const char *
library_order_name (LibraryOrder order)
{
  return orders[order];
}

int
library_order_parse (const char *name)
{
  return parse (orders, LIBRARY_N_ORDERS, name);
}

void
library_filter_clear (LibraryFilter *filter)
{
  g_clear_pointer (&filter->text, g_free);
  g_clear_pointer (&filter->tag, g_free);
  g_clear_pointer (&filter->model, g_free);
}

void
library_filter_copy (LibraryFilter *to, const LibraryFilter *from)
{
  *to = *from;
  to->text = g_strdup (from->text);
  to->tag = g_strdup (from->tag);
  to->model = g_strdup (from->model);
}

gboolean
library_filter_is_empty (const LibraryFilter *filter)
{
  return (filter->text == NULL || *filter->text == '\0') && filter->verdicts == 0 && filter->origins == 0 &&
         filter->files == 0 && filter->tag == NULL && filter->model == NULL && !filter->with_score &&
         filter->regions == LIBRARY_ANY && filter->phrases == LIBRARY_ANY && filter->changed_since == 0 &&
         filter->iou_below <= 0;
}

static json_t *
names_of (guint bits, const char *const *names, guint n)
{
  json_t *list = json_array ();

  for (guint i = 0; i < n; i++)
    if ((bits >> i & 1) != 0)
      json_array_append_new (list, json_string (names[i]));
  return list;
}

char *
library_filter_to_json (const LibraryFilter *filter)
{
  g_autoptr (json_t) all = json_object ();

  json_object_set_new (all, "target", json_string (targets[filter->target]));
  if (filter->text != NULL)
    json_object_set_new (all, "text", json_string (filter->text));
  if (filter->verdicts != 0)
    json_object_set_new (all, "verdicts", names_of (filter->verdicts, verdicts, LIBRARY_N_VERDICTS));
  if (filter->origins != 0)
    json_object_set_new (all, "origins", names_of (filter->origins, origins, G_N_ELEMENTS (origins)));
  if (filter->files != 0)
    json_object_set_new (all, "files", names_of (filter->files, files, LIBRARY_N_FILES));
  if (filter->tag != NULL)
    json_object_set_new (all, "tag", json_string (filter->tag));
  if (filter->model != NULL)
    json_object_set_new (all, "model", json_string (filter->model));
  if (filter->with_score)
    {
      json_object_set_new (all, "score_min", json_real (filter->score_min));
      json_object_set_new (all, "score_max", json_real (filter->score_max));
    }
  if (filter->regions != LIBRARY_ANY)
    json_object_set_new (all, "regions", json_string (has[filter->regions]));
  if (filter->phrases != LIBRARY_ANY)
    json_object_set_new (all, "phrases", json_string (has[filter->phrases]));
  if (filter->changed_since != 0)
    json_object_set_new (all, "changed_since", json_integer (filter->changed_since));
  if (filter->iou_below > 0)
    json_object_set_new (all, "iou_below", json_real (filter->iou_below));
  json_object_set_new (all, "order", json_string (orders[filter->order]));
  if (filter->descending)
    json_object_set_new (all, "descending", json_true ());
  return json_dumps (all, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION (12));
}

static gboolean
take_names (const json_t *value, const char *const *names, guint n, guint *bits)
{
  if (!json_is_array (value))
    return FALSE;
  for (gsize i = 0; i < json_array_size (value); i++)
    {
      int bit = parse (names, n, json_string_value (json_array_get (value, i)));

      if (bit < 0)
        return FALSE;
      *bits |= 1u << bit;
    }
  return TRUE;
}

static gboolean
take_name (const json_t *value, const char *const *names, guint n, guint *which)
{
  int i = parse (names, n, json_string_value (value));

  *which = MAX (i, 0);
  return i >= 0;
}

static gboolean
take_text (const json_t *value, char **text)
{
  g_free (*text);
  *text = g_strdup (json_string_value (value));
  return *text != NULL;
}

static gboolean
take_number (const json_t *value, double *number)
{
  *number = json_number_value (value);
  return json_is_number (value) && isfinite (*number);
}

static gboolean
take_member (LibraryFilter *filter, const char *key, const json_t *value)
{
  guint which = 0;
  gboolean good;

  if (strcmp (key, "text") == 0)
    return take_text (value, &filter->text);
  if (strcmp (key, "tag") == 0)
    return take_text (value, &filter->tag);
  if (strcmp (key, "model") == 0)
    return take_text (value, &filter->model);
  if (strcmp (key, "verdicts") == 0)
    return take_names (value, verdicts, LIBRARY_N_VERDICTS, &filter->verdicts);
  if (strcmp (key, "origins") == 0)
    return take_names (value, origins, G_N_ELEMENTS (origins), &filter->origins);
  if (strcmp (key, "files") == 0)
    return take_names (value, files, LIBRARY_N_FILES, &filter->files);
  if (strcmp (key, "score_min") == 0 || strcmp (key, "score_max") == 0)
    {
      filter->with_score = TRUE;
      return take_number (value, strcmp (key, "score_min") == 0 ? &filter->score_min : &filter->score_max);
    }
  if (strcmp (key, "iou_below") == 0)
    return take_number (value, &filter->iou_below);
  if (strcmp (key, "changed_since") == 0)
    {
      filter->changed_since = json_integer_value (value);
      return json_is_integer (value);
    }
  if (strcmp (key, "descending") == 0)
    {
      filter->descending = json_is_true (value);
      return json_is_boolean (value);
    }
  if (strcmp (key, "target") == 0)
    {
      good = take_name (value, targets, G_N_ELEMENTS (targets), &which);
      filter->target = which;
      return good;
    }
  if (strcmp (key, "regions") == 0)
    {
      good = take_name (value, has, G_N_ELEMENTS (has), &which);
      filter->regions = which;
      return good;
    }
  if (strcmp (key, "phrases") == 0)
    {
      good = take_name (value, has, G_N_ELEMENTS (has), &which);
      filter->phrases = which;
      return good;
    }
  if (strcmp (key, "order") == 0)
    {
      good = take_name (value, orders, LIBRARY_N_ORDERS, &which);
      filter->order = which;
      return good;
    }
  return FALSE;
}

gboolean
library_filter_from_json (LibraryFilter *filter, const char *json, GError **error)
{
  g_autoptr (json_t) all = json_loads (json, JSON_REJECT_DUPLICATES, NULL);
  g_auto (LibraryFilter) made = { .score_min = 0, .score_max = 1 };
  const char *key;
  json_t *value;

  if (!json_is_object (all))
    return project_fail (error, PROJECT_ERROR_USAGE, "A filter is a JSON object; this is none: %.80s", json);
  json_object_foreach (all, key, value)
    if (!take_member (&made, key, value))
      return project_fail (error, PROJECT_ERROR_USAGE, "The filter's '%s' is none that this version knows.", key);
  library_filter_clear (filter);
  *filter = made;
  memset (&made, 0, sizeof made);
  return TRUE;
}
