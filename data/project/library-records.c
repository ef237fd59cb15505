/* SPDX-License-Identifier: MIT */
#include "library-records.h"

#include "project-id.h"
#include "review-private.h"

#include <string.h>

/* Tags ------------------------------------------------------------------------------------------------------------ */

/* One step, unless the tag stands as it is wanted. */
static gboolean
tag_one (Record *record, gint64 image, gint64 phrase, const char *name, gboolean set, gint64 *first, GError **error)
{
  gint64 tag, now = 0;
  gboolean found;

  if (!database_get (record->db, TAG_FIND, &tag, &found, error, "iis", image, phrase, name))
    return FALSE;
  if (found && !record_pointer (record->db, "tag", tag, &now, error))
    return FALSE;
  if ((now != 0) == set)
    return TRUE;
  if (!found)
    {
      tag = project_id_new ();
      if (!database_run (record->db, TAG_INSERT, error, "iiIs", tag, image, phrase, name))
        return FALSE;
    }
  if (*first == 0)
    *first = tag;
  return record_step (record, "tag", tag, set, error);
}

static gboolean
tag_all (Record *record, const gint64 *ids, guint n, gboolean phrases, const char *name, gboolean set, guint *changed,
         GError **error)
{
  g_autoptr (GString) json = g_string_new ("{\"text\":");
  gint64 first = 0;

  for (guint i = 0; i < n; i++)
    {
      gint64 image = ids[i];

      if ((phrases && !review_phrase_image (record->db, ids[i], &image, error)) ||
          !tag_one (record, image, phrases ? ids[i] : 0, name, set, &first, error))
        return FALSE;
    }
  *changed = record->steps->len;
  if (first == 0)
    return TRUE; /* nothing to record */
  json_put_text (json, name);
  g_string_append_printf (json, ",\"%s\":%u}", phrases ? "phrases" : "images", record->steps->len);
  return record_write (record, "tag", first, set ? NULL : json->str, set ? json->str : NULL, 0, error);
}

static gboolean
tag_many (Project *project, const gint64 *ids, guint n, gboolean phrases, const char *name, gboolean set, const char *by,
          guint *changed, GError **error)
{
  g_autofree char *clean = name != NULL && g_utf8_validate (name, -1, NULL) ? g_strstrip (g_strdup (name)) : NULL;
  guint done = 0;
  gboolean good;
  Record record;

  if (clean == NULL || *clean == '\0' || strchr (clean, '\n') != NULL)
    return project_fail (error, PROJECT_ERROR_USAGE, "A tag is one line of text in UTF-8.");
  if (!record_begin (&record, project, by, error))
    return FALSE;
  good = record_end (&record, tag_all (&record, ids, n, phrases, clean, set, &done, error), error);
  if (changed != NULL)
    *changed = good ? done : 0;
  return good;
}

gboolean
project_tag_images (Project *project, const gint64 *images, guint n, const char *name, gboolean set, const char *by,
                    guint *changed, GError **error)
{
  return tag_many (project, images, n, FALSE, name, set, by, changed, error);
}

gboolean
project_tag_phrases (Project *project, const gint64 *phrases, guint n, const char *name, gboolean set, const char *by,
                     guint *changed, GError **error)
{
  return tag_many (project, phrases, n, TRUE, name, set, by, changed, error);
}

/* Filters --------------------------------------------------------------------------------------------------------- */

void
saved_filter_free (SavedFilter *filter)
{
  if (filter == NULL)
    return;
  g_free (filter->name);
  library_filter_clear (&filter->filter);
  g_free (filter);
}

GPtrArray *
project_filters (Project *project, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (DatabaseRows) rows = database_statement (db, FILTER_LIST, error);
  g_autoptr (GPtrArray) filters = g_ptr_array_new_with_free_func ((GDestroyNotify) saved_filter_free);
  int code;

  if (rows == NULL)
    return NULL;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      g_autoptr (SavedFilter) saved = g_new0 (SavedFilter, 1);

      saved->id = column_id (rows, 0);
      saved->name = g_strdup (column_text (rows, 1));
      if (library_filter_from_json (&saved->filter, column_text (rows, 2), NULL))
        g_ptr_array_add (filters, g_steal_pointer (&saved));
    }
  return code == SQLITE_DONE ? g_steal_pointer (&filters) : NULL;
}

static char *
filter_json (const char *name, const char *query)
{
  GString *json = g_string_new ("{\"name\":");

  json_put_text (json, name);
  g_string_append_printf (json, ",\"query\":%s}", query);
  return g_string_free (json, FALSE);
}

/* What the filter is now; *name NULL: it is not there. */
static gboolean
filter_now (Database *db, gint64 filter, char **name, char **query, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, FILTER_GET, error, "i", filter);
  int code = rows != NULL ? database_step (db, rows, error) : SQLITE_ERROR;

  if (code == SQLITE_ROW)
    {
      *name = g_strdup (column_text (rows, 1));
      *query = g_strdup (column_text (rows, 2));
    }
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* A new revision, or none (name NULL: deleted). */
static gboolean
revise_filter (Record *record, gint64 filter, const char *name, const char *query, GError **error)
{
  g_autofree char *old_name = NULL, *old_query = NULL, *before = NULL, *after = NULL;
  gint64 revision = name != NULL ? project_id_new () : 0;

  if (!filter_now (record->db, filter, &old_name, &old_query, error))
    return FALSE;
  if (name == NULL && old_name == NULL)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no filter %" G_GINT64_FORMAT ".", filter);
  before = old_name != NULL ? filter_json (old_name, old_query) : NULL;
  after = name != NULL ? filter_json (name, query) : NULL;
  if (name != NULL && !database_run (record->db, FILTER_REVISION_INSERT, error, "iisssi", revision, filter, name, query,
                                     record->by, record->now))
    return FALSE;
  return record_step (record, "filter", filter, revision, error) &&
         record_write (record, "filter", filter, before, after, 0, error);
}

static gboolean
save_filter (Record *record, const char *name, const char *query, gint64 *id, GError **error)
{
  gboolean found;

  if (!database_get (record->db, FILTER_BY_NAME, id, &found, error, "s", name))
    return FALSE;
  if (!found)
    {
      *id = project_id_new ();
      if (!database_run (record->db, FILTER_INSERT, error, "i", *id))
        return FALSE;
    }
  return revise_filter (record, *id, name, query, error);
}

static gboolean
name_is_good (const char *name, GError **error)
{
  return (name != NULL && *name != '\0' && g_utf8_validate (name, -1, NULL)) ||
         project_fail (error, PROJECT_ERROR_USAGE, "A filter needs a name in UTF-8.");
}

gboolean
project_save_filter (Project *project, const char *name, const LibraryFilter *filter, const char *by, gint64 *id,
                     GError **error)
{
  g_autofree char *query = library_filter_to_json (filter);
  gint64 made = 0;
  Record record;

  if (!name_is_good (name, error) || !record_begin (&record, project, by, error) ||
      !record_end (&record, save_filter (&record, name, query, &made, error), error))
    return FALSE;
  if (id != NULL)
    *id = made;
  return TRUE;
}

static gboolean
rename_filter (Record *record, gint64 filter, const char *name, GError **error)
{
  g_autofree char *old_name = NULL, *query = NULL;
  gboolean found;
  gint64 other;

  if (!filter_now (record->db, filter, &old_name, &query, error) ||
      !database_get (record->db, FILTER_BY_NAME, &other, &found, error, "s", name))
    return FALSE;
  if (query == NULL)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no filter %" G_GINT64_FORMAT ".", filter);
  if (found && other != filter)
    return project_fail (error, PROJECT_ERROR_EXISTS, "There is a filter '%s' already.", name);
  return revise_filter (record, filter, name, query, error);
}

gboolean
project_rename_filter (Project *project, gint64 filter, const char *name, const char *by, GError **error)
{
  Record record;

  return name_is_good (name, error) && record_begin (&record, project, by, error) &&
         record_end (&record, rename_filter (&record, filter, name, error), error);
}

gboolean
project_delete_filter (Project *project, gint64 filter, const char *by, GError **error)
{
  Record record;

  return record_begin (&record, project, by, error) &&
         record_end (&record, revise_filter (&record, filter, NULL, NULL, error), error);
}
