/* SPDX-License-Identifier: MIT */
#include "library-options.h"

#include <math.h>
#include <string.h>

void
library_options_clear (LibraryOptions *options)
{
  char **all[] = { &options->verdict, &options->origin,  &options->state, &options->tag,       &options->model,
                   &options->score,   &options->regions, &options->since, &options->disagrees, &options->order };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    g_clear_pointer (all[i], g_free);
}

gboolean
library_options_given (const LibraryOptions *o)
{
  return o->verdict != NULL || o->origin != NULL || o->state != NULL || o->tag != NULL || o->model != NULL || o->score != NULL ||
         o->regions != NULL || o->since != NULL || o->disagrees != NULL || o->order != NULL || o->descending;
}

static int
parse_origin (const char *name)
{
  RegionOrigin origin;

  return origin_parse (name, &origin) ? (int) origin : -1;
}

/* "a,b" as bits. */
static gboolean
take_names (const char *option, const char *text, int (*parse) (const char *name), guint *bits, GError **error)
{
  g_auto (GStrv) names = g_strsplit (text != NULL ? text : "", ",", -1);

  for (guint i = 0; text != NULL && names[i] != NULL; i++)
    {
      int bit = parse (names[i]);

      if (bit < 0)
        return project_fail (error, PROJECT_ERROR_USAGE, "--%s knows no '%s'", option, names[i]);
      *bits |= 1u << bit;
    }
  return TRUE;
}

static gboolean
take_number (const char *option, const char *text, double *number, GError **error)
{
  char *end;

  *number = g_ascii_strtod (text, &end);
  return (end != text && *end == '\0' && isfinite (*number)) ||
         project_fail (error, PROJECT_ERROR_USAGE, "--%s: '%s' is no number", option, text);
}

static gboolean
take_score (const char *text, LibraryFilter *filter, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);

  if (g_strv_length (parts) != 2)
    return project_fail (error, PROJECT_ERROR_USAGE, "--score needs two numbers: LOW,HIGH");
  filter->with_score = TRUE;
  return take_number ("score", parts[0], &filter->score_min, error) && take_number ("score", parts[1], &filter->score_max, error);
}

static gboolean
take_time (const char *text, LibraryFilter *filter, GError **error)
{
  g_autoptr (GTimeZone) here = g_time_zone_new_local ();
  g_autofree char *whole = strchr (text, 'T') == NULL ? g_strconcat (text, "T00:00:00", NULL) : g_strdup (text);
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (whole, here);

  if (time == NULL)
    return project_fail (error, PROJECT_ERROR_USAGE, "--changed-since: '%s' is no time; write 2026-01-31 or 2026-01-31T12:00:00Z", text);
  filter->changed_since = g_date_time_to_unix (time) * G_USEC_PER_SEC;
  return TRUE;
}

gboolean
library_options_take (const LibraryOptions *o, LibraryFilter *filter, GError **error)
{
  int order = o->order != NULL ? library_order_parse (o->order) : LIBRARY_BY_ADDED;

  if (!take_names ("verdict", o->verdict, library_verdict_parse, &filter->verdicts, error) ||
      !take_names ("origin", o->origin, parse_origin, &filter->origins, error) ||
      !take_names ("state", o->state, library_file_parse, &filter->files, error) ||
      (o->score != NULL && !take_score (o->score, filter, error)) || (o->since != NULL && !take_time (o->since, filter, error)) ||
      (o->disagrees != NULL && !take_number ("disagrees", o->disagrees, &filter->iou_below, error)))
    return FALSE;
  if (o->regions != NULL && strcmp (o->regions, "with") != 0 && strcmp (o->regions, "without") != 0)
    return project_fail (error, PROJECT_ERROR_USAGE, "--regions is 'with' or 'without', not '%s'", o->regions);
  if (order < 0)
    return project_fail (error, PROJECT_ERROR_USAGE, "--order knows no '%s'", o->order);
  if (o->regions != NULL)
    filter->regions = strcmp (o->regions, "with") == 0 ? LIBRARY_WITH : LIBRARY_WITHOUT;
  filter->tag = g_strdup (o->tag);
  filter->model = g_strdup (o->model);
  filter->order = order;
  filter->descending = o->descending;
  return TRUE;
}
