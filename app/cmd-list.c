/* SPDX-License-Identifier: MIT
 * cmd-list.c: `alidade list`: what a project holds, one JSON object a line. Streams: memory does not grow with it. */
#include "coco-shape.h"
#include "commands.h"
#include "database.h"
#include "export.h"
#include "json-text.h"
#include "library-index.h"
#include "library-options.h"
#include "library-text.h"
#include "project-id.h"
#include "search.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct
{
  Database *db;
  GString *out;
  gint64 after, limit;
  const char *filter; /* NULL: all */
} List;

static void
put_id (GString *out, const char *name, gint64 id)
{
  json_put_name (out, name);
  json_put_id (out, id);
}

static void
put_text (GString *out, const char *name, const char *text)
{
  json_put_name (out, name);
  json_put_text (out, text);
}

static void
put_int (GString *out, const char *name, gint64 n)
{
  json_put_name (out, name);
  g_string_append_printf (out, "%" G_GINT64_FORMAT, n);
}

static void
put_bytes (GString *out, const char *name, sqlite3_stmt *rows, int column)
{
  json_put_name (out, name);
  json_put_bytes (out, sqlite3_column_blob (rows, column), sqlite3_column_bytes (rows, column));
}

/* A JSON column as it is. */
static void
put_json (GString *out, const char *name, const char *json, const char *otherwise)
{
  json_put_name (out, name);
  g_string_append (out, json != NULL ? json : otherwise);
}

static void
put_uri (GString *out, sqlite3_stmt *rows, int root, int path)
{
  g_autofree char *a = g_strndup (sqlite3_column_blob (rows, root), sqlite3_column_bytes (rows, root));
  g_autofree char *b = g_strndup (sqlite3_column_blob (rows, path), sqlite3_column_bytes (rows, path));
  g_autofree char *whole = g_build_filename (a, b, NULL);
  g_autofree char *uri = g_filename_to_uri (whole, NULL, NULL);

  put_text (out, "uri", uri);
}

static gboolean
put_image (List *list, sqlite3_stmt *rows, GError **error)
{
  GString *out = list->out;

  put_id (out, "id", column_id (rows, 0));
  put_bytes (out, "path", rows, 1);
  put_uri (out, rows, 2, 1);
  put_int (out, "width", column_id (rows, 3));
  put_int (out, "height", column_id (rows, 4));
  put_int (out, "orientation", column_id (rows, 5));
  put_text (out, "hash", column_text (rows, 7));
  put_text (out, "full_hash", column_text (rows, 8));
  put_text (out, "state", column_text (rows, 6));
  return TRUE;
}

static gboolean
put_caption (List *list, sqlite3_stmt *rows, GError **error)
{
  put_id (list->out, "id", column_id (rows, 0));
  put_bytes (list->out, "image", rows, 3);
  put_id (list->out, "image_id", column_id (rows, 1));
  put_text (list->out, "text", column_text (rows, 2));
  return TRUE;
}

static gboolean
put_phrase (List *list, sqlite3_stmt *rows, GError **error)
{
  GString *out = list->out, *spans = g_string_new ("[");
  g_autoptr (DatabaseRows) parts = database_bind (list->db, SPANS, error, "i", column_id (rows, 7));
  gint64 first = -1, last = -1;
  int code;

  if (parts == NULL)
    return FALSE;
  while ((code = database_step (list->db, parts, error)) == SQLITE_ROW)
    {
      if (first < 0)
        {
          first = column_id (parts, 0);
          last = column_id (parts, 1);
        }
      g_string_append_printf (spans, "%s[%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "]", spans->len > 1 ? "," : "", column_id (parts, 0),
                              column_id (parts, 1));
    }
  put_id (out, "id", column_id (rows, 0));
  put_bytes (out, "image", rows, 2);
  put_id (out, "image_id", column_id (rows, 1));
  put_text (out, "caption", column_text (rows, 3));
  put_id (out, "caption_id", column_id (rows, 4));
  if (first < 0)
    g_string_append (out, ",\"start\":null,\"end\":null");
  else
    {
      put_int (out, "start", first);
      put_int (out, "end", last);
    }
  g_string_append_printf (out, ",\"spans\":%s]", spans->str);
  g_string_free (spans, TRUE);
  put_text (out, "text", column_text (rows, 5));
  if (sqlite3_column_int (rows, 6))
    g_string_append (out, ",\"detached\":true");
  put_text (out, "chain", column_text (rows, 9));
  put_json (out, "types", column_text (rows, 8), "[]");
  put_int (out, "regions", column_id (rows, 10));
  return code == SQLITE_DONE;
}

static gboolean
put_region (List *list, sqlite3_stmt *rows, GError **error)
{
  GString *out = list->out;
  const double box[4] = { sqlite3_column_double (rows, 4), sqlite3_column_double (rows, 5), sqlite3_column_double (rows, 6),
                          sqlite3_column_double (rows, 7) };
  g_auto (Shape) shape = { 0 };
  ShapeKind kind;

  if (!shape_kind_parse (column_text (rows, 3), &kind) ||
      !shape_from_bytes (&shape, kind, box, sqlite3_column_blob (rows, 8), sqlite3_column_bytes (rows, 8)))
    return project_fail (error, PROJECT_ERROR_DAMAGED, "region %" G_GINT64_FORMAT " is damaged; run 'alidade check'", column_id (rows, 1));
  put_id (out, "id", column_id (rows, 1));
  put_id (out, "revision", column_id (rows, 2));
  put_id (out, "phrase_id", column_id (rows, 13));
  put_bytes (out, "image", rows, 14);
  put_id (out, "image_id", column_id (rows, 15));
  put_text (out, "phrase", column_text (rows, 16));
  put_text (out, "kind", shape_kind_name (kind));
  json_put_name (out, "box");
  for (int i = 0; i < 4; i++)
    {
      g_string_append_c (out, i > 0 ? ',' : '[');
      json_put_number (out, box[i]);
    }
  g_string_append_c (out, ']');
  if (kind == SHAPE_POLYGON)
    shape_polygon_put (out, &shape);
  if (kind == SHAPE_MASK)
    {
      json_put_name (out, "rle");
      coco_rle_put (out, &shape, FALSE);
    }
  put_text (out, "origin", column_text (rows, 9));
  json_put_name (out, "score");
  json_put_number (out, sqlite3_column_type (rows, 10) == SQLITE_NULL ? NAN : sqlite3_column_double (rows, 10));
  put_text (out, "model", column_text (rows, 11));
  return TRUE;
}

static gboolean
put_verdict (List *list, sqlite3_stmt *rows, GError **error)
{
  GString *out = list->out;
  g_autofree char *at = project_time_text (column_id (rows, 4));
  g_autoptr (DatabaseRows) revisions = database_bind (list->db, VERDICT_REGIONS, error, "i", column_id (rows, 0));
  gboolean first = TRUE;
  int code;

  if (revisions == NULL)
    return FALSE;
  put_id (out, "id", column_id (rows, 0));
  put_id (out, "phrase_id", column_id (rows, 1));
  put_bytes (out, "image", rows, 8);
  put_id (out, "image_id", column_id (rows, 9));
  put_text (out, "verdict", column_text (rows, 2));
  put_text (out, "by", column_text (rows, 3));
  put_text (out, "at", at);
  put_int (out, "pass", column_id (rows, 5));
  json_put_name (out, "regions");
  g_string_append_c (out, '[');
  while ((code = database_step (list->db, revisions, error)) == SQLITE_ROW)
    {
      if (!first)
        g_string_append_c (out, ',');
      first = FALSE;
      json_put_id (out, column_id (revisions, 0));
    }
  g_string_append_c (out, ']');
  json_put_name (out, "stale");
  g_string_append (out, sqlite3_column_int (rows, 6) ? "true" : "false");
  json_put_name (out, "adjudicated");
  g_string_append (out, sqlite3_column_int (rows, 7) ? "true" : "false");
  return code == SQLITE_DONE;
}

static gboolean
put_journal (List *list, sqlite3_stmt *rows, GError **error)
{
  GString *out = list->out;
  g_autofree char *at = project_time_text (column_id (rows, 1));

  put_int (out, "seq", column_id (rows, 0));
  put_text (out, "at", at);
  put_text (out, "by", column_text (rows, 2));
  put_text (out, "kind", column_text (rows, 3));
  put_id (out, "target", column_id (rows, 4));
  put_json (out, "before", column_text (rows, 5), "null");
  put_json (out, "after", column_text (rows, 6), "null");
  return TRUE;
}

static const struct
{
  const char *name;
  Statement all;
  int cursor;         /* the column that --after is about */
  gboolean (*put) (List *list, sqlite3_stmt *rows, GError **error);
  Statement by_text, by_name; /* with --filter; N_STATEMENTS: none */
} lists[] = {
  { "images", IMAGE_LIST, 0, put_image, N_STATEMENTS, IMAGE_FILTERED },
  { "captions", CAPTION_LIST, 0, put_caption, CAPTION_FILTERED, N_STATEMENTS },
  { "phrases", PHRASE_LIST, 0, put_phrase, PHRASE_FILTERED, N_STATEMENTS },
  { "regions", REGION_LIST, 0, put_region, N_STATEMENTS, N_STATEMENTS },
  { "verdicts", VERDICT_LIST, 0, put_verdict, N_STATEMENTS, N_STATEMENTS },
  { "journal", JOURNAL_LIST, 0, put_journal, N_STATEMENTS, N_STATEMENTS },
};

/* The parts of a name that its index cannot tell; NULL: it can. */
static GPtrArray *
short_parts (const char *typed)
{
  g_autoptr (GPtrArray) parts = library_fold_name_query (typed);

  for (guint i = parts != NULL ? parts->len : 0; i-- > 0;)
    if (g_utf8_strlen (parts->pdata[i], -1) >= SEARCH_NAME_PART)
      g_ptr_array_remove_index_fast (parts, i);
  return parts != NULL && parts->len > 0 ? g_steal_pointer (&parts) : NULL;
}

/* Whether a name holds all parts, as library_fold_name_query() made them. */
static gboolean
name_holds (sqlite3_stmt *rows, const GPtrArray *parts)
{
  g_autofree char *bytes = g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1));
  g_autofree char *name = library_fold_name (bytes);

  for (guint i = 0; i < parts->len; i++)
    if (strstr (name, parts->pdata[i]) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
print_rows (List *list, guint which, GError **error)
{
  g_autofree char *query = NULL;
  g_autoptr (GPtrArray) parts = NULL; /* of names, where the index cannot tell */
  gint64 limit = list->limit, printed = 0;
  g_autoptr (DatabaseRows) rows = NULL;
  Statement filtered = lists[which].by_text != N_STATEMENTS ? lists[which].by_text : lists[which].by_name;
  int code = SQLITE_DONE;

  if (list->filter != NULL)
    query = lists[which].by_text != N_STATEMENTS ? search_text_query (list->filter) : search_name_query (list->filter);
  if (list->filter != NULL && lists[which].by_name != N_STATEMENTS)
    parts = short_parts (list->filter);
  if (parts != NULL)
    limit = -1;
  rows = query != NULL ? database_bind (list->db, filtered, error, "iis", list->after, limit, query)
                       : database_bind (list->db, lists[which].all, error, "ii", list->after, limit);
  if (rows == NULL)
    return FALSE;
  while ((list->limit < 0 || printed < list->limit) && (code = database_step (list->db, rows, error)) == SQLITE_ROW)
    {
      if (parts != NULL && !name_holds (rows, parts))
        continue;
      printed++;
      g_string_append_c (list->out, '{');
      if (!lists[which].put (list, rows, error))
        return FALSE;
      g_string_append (list->out, "}\n");
      if (list->out->len > 65536 && !command_print (list->out))
        return project_fail (error, PROJECT_ERROR_FAILED, "nobody reads the output");
    }
  return (code == SQLITE_DONE || code == SQLITE_ROW) && (command_print (list->out) || project_fail (error, PROJECT_ERROR_FAILED, "the output cannot be written"));
}

/* Rows by the library's filters, in its order, each read by its id. */
static gboolean
print_filtered (List *list, Project *project, guint which, const LibraryFilter *filter, GError **error)
{
  g_autoptr (LibraryIndex) index = library_index_new ();
  g_autofree LibraryResult *result = NULL;
  gint64 printed = 0;

  if (!library_index_load (index, project, NULL, NULL, NULL, error))
    return FALSE;
  result = library_index_query (index, filter, 0, NULL);
  for (guint i = 0; i < result->n && (list->limit < 0 || printed < list->limit); i++)
    {
      Statement one = filter->target == LIBRARY_IMAGES ? IMAGE_ONE : PHRASE_BY_ID;
      g_autoptr (DatabaseRows) rows = NULL;
      int code;

      if (filter->order == LIBRARY_BY_ADDED && !filter->descending && result->ids[i] <= list->after)
        continue;
      if ((rows = database_bind (list->db, one, error, "i", result->ids[i])) == NULL)
        return FALSE;
      if ((code = database_step (list->db, rows, error)) != SQLITE_ROW)
        return code == SQLITE_DONE;
      g_string_append_c (list->out, '{');
      if (!lists[which].put (list, rows, error))
        return FALSE;
      g_string_append (list->out, "}\n");
      printed++;
      if (list->out->len > 65536 && !command_print (list->out))
        return project_fail (error, PROJECT_ERROR_FAILED, "nobody reads the output");
    }
  return command_print (list->out) || project_fail (error, PROJECT_ERROR_FAILED, "the output cannot be written");
}

int
command_list (int argc, char **argv)
{
  g_auto (LibraryOptions) options = { 0 };
  g_auto (LibraryFilter) chosen = { 0 };
  gboolean json = FALSE;
  g_autofree char *filter = NULL, *after = NULL;
  gint64 limit = -1;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "One JSON object a line (the only form there is)", NULL },
    { "filter", 0, 0, G_OPTION_ARG_FILENAME, &filter, "Only captions or phrases with these words; images with this in their name", "TEXT" },
    { "limit", 0, 0, G_OPTION_ARG_INT64, &limit, "At most so many", "N" },
    { "after", 0, 0, G_OPTION_ARG_FILENAME, &after, "Only those behind this id (or seq)", "ID" },
    LIBRARY_OPTION_ENTRIES (options),
    { NULL }
  };
  g_auto (GStrv) files = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  List list = { .out = out };
  guint which = 0;
  int status;

  if (!command_parse (&argc, &argv, entries, "PROJECT images|captions|phrases|regions|verdicts|journal --json", "Lists what a project holds.",
                      2, 2, &files, &status))
    return status;
  while (which < G_N_ELEMENTS (lists) && strcmp (files[1], lists[which].name) != 0)
    which++;
  if (which == G_N_ELEMENTS (lists))
    return command_usage ("list", "there are images, captions, phrases, regions, verdicts and journal, but no '%s'", files[1]);
  if (filter != NULL && lists[which].by_text == N_STATEMENTS && lists[which].by_name == N_STATEMENTS)
    return command_usage ("list", "--filter goes with images, captions and phrases");
  if (after != NULL && (list.after = project_id_parse (after)) == 0)
    return command_usage ("list", "'%s' is no id", after);
  if (library_options_given (&options) && strcmp (files[1], "images") != 0 && strcmp (files[1], "phrases") != 0)
    return command_usage ("list", "--verdict, --tag, --order and their like go with images and phrases");
  if (after != NULL && (options.order != NULL || options.descending))
    return command_usage ("list", "--after goes with the order of the ids only");
  if (!library_options_take (&options, &chosen, &error))
    return command_fail ("list", error);
  list.limit = limit;
  list.filter = filter;
  project = project_open (files[0], FALSE, &error);
  if (project == NULL)
    return command_fail ("list", error);
  list.db = project_database (project);
  chosen.target = strcmp (files[1], "images") == 0 ? LIBRARY_IMAGES : LIBRARY_PHRASES;
  chosen.text = g_strdup (filter);
  if (!database_exec (list.db, "BEGIN", &error) ||
      !(library_options_given (&options) ? print_filtered (&list, project, which, &chosen, &error)
                                         : print_rows (&list, which, &error)))
    return command_fail ("list", error);
  return command_end ("list", COMMAND_DONE);
}
