/* SPDX-License-Identifier: MIT
 * review-region.c: the rules of correcting regions, with a verdict and without. */
#include "review-private.h"

#include "export.h"
#include "project-id.h"

#include <math.h>
#include <string.h>

void
target_clear (Target *target)
{
  g_free (target->model);
  g_free (target->extra);
}

/* How good a region is as the top one: by score, and without one a person's and imported ones first. */
static double
rank (const sqlite3_stmt *rows, RegionOrigin origin)
{
  sqlite3_stmt *row = (sqlite3_stmt *) rows;
  double base = origin == ORIGIN_PERSON ? 3e6 : origin == ORIGIN_IMPORT ? 2e6 : 0;

  return base + (sqlite3_column_type (row, 10) == SQLITE_NULL ? 0 : CLAMP (sqlite3_column_double (row, 10), -1e5, 1e5));
}

gboolean
review_find_target (Database *db, gint64 phrase, gint64 wanted, Target *target, gboolean *found, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, REGIONS_OF_PHRASE, error, "i", phrase);
  double best = -INFINITY;
  int code;

  *found = FALSE;
  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      RegionOrigin origin = ORIGIN_IMPORT;

      origin_parse (column_text (rows, 9), &origin);
      if ((wanted != 0 && column_id (rows, 1) != wanted) || (*found && rank (rows, origin) <= best))
        continue;
      target_clear (target);
      *found = TRUE;
      best = rank (rows, origin);
      target->link = column_id (rows, 0);
      target->region = column_id (rows, 1);
      target->revision = column_id (rows, 2);
      target->origin = origin;
      target->score = sqlite3_column_type (rows, 10) == SQLITE_NULL ? NAN : sqlite3_column_double (rows, 10);
      target->model = g_strdup (column_text (rows, 11));
      target->extra = g_strdup (column_text (rows, 12));
    }
  return code == SQLITE_DONE;
}

/* A person's revision keeps what the file had beside the shape, for writing it back. */
static char *
extra_after (const char *extra)
{
  g_autoptr (json_t) before = extra != NULL ? json_loads (extra, 0, NULL) : NULL;
  g_autoptr (json_t) after = NULL;

  if (before == NULL)
    return NULL;
  if (json_object_get (before, "from") != NULL)
    return g_strdup (extra);
  after = json_pack ("{s:O}", "from", before);
  return json_to_text (after);
}

static gboolean
insert_revision (Record *record, gint64 region, const Shape *shape, RegionOrigin origin, gboolean deleted,
                 gint64 parent, const char *extra, gint64 *revision, GError **error)
{
  g_autoptr (GBytes) bytes = shape_to_bytes (shape);
  gsize length = 0;
  const void *data = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;
  const double *box = shape->box;

  *revision = project_id_new ();
  return database_run (record->db, REGION_REVISION_INSERT, error, "iisddddbsinnIssi", *revision, region,
                       shape_kind_name (shape->kind), box[0], box[1], box[2], box[3], data, (gssize) length,
                       origin_name (origin), (gint64) deleted, parent, extra, record->by, record->now);
}

/* A new region of the person on a phrase. */
gboolean
review_insert_region (Record *record, gint64 image, const Shape *shape, gint64 parent, const char *extra,
                      gint64 *region, gint64 *revision, GError **error)
{
  *region = project_id_new ();
  return database_run (record->db, REGION_INSERT, error, "iinn", *region, image) &&
         insert_revision (record, *region, shape, ORIGIN_PERSON, FALSE, parent, extra, revision, error) &&
         record_step (record, "region", *region, *revision, error);
}

static gboolean
shape_of_revision (Database *db, gint64 revision, Shape *shape, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, REVISION_GET, error, "i", revision);
  ShapeKind kind;

  if (rows == NULL)
    return FALSE;
  if (database_step (db, rows, error) == SQLITE_ROW && shape_kind_parse (column_text (rows, 2), &kind))
    {
      const double box[4] = { sqlite3_column_double (rows, 3), sqlite3_column_double (rows, 4),
                              sqlite3_column_double (rows, 5), sqlite3_column_double (rows, 6) };

      if (shape_from_bytes (shape, kind, box, sqlite3_column_blob (rows, 7), sqlite3_column_bytes (rows, 7)))
        return TRUE;
    }
  if (error != NULL && *error == NULL)
    project_fail (error, PROJECT_ERROR_DAMAGED, "revision %" G_GINT64_FORMAT " is damaged; run 'alidade check'",
                  revision);
  return FALSE;
}

gboolean
review_correct (Record *record, gint64 phrase, gint64 image, const Target *target, const Shape *shape, gint64 *revision,
                GError **error)
{
  g_autofree char *extra = extra_after (target->extra);
  g_auto (Shape) old = { 0 };
  gint64 phrases, region = target->region;
  gboolean deleted = shape == NULL;
  gboolean proposed = target->origin == ORIGIN_MAP || target->origin == ORIGIN_DETECTOR;

  if (deleted)
    {
      if (!shape_of_revision (record->db, target->revision, &old, error))
        return FALSE;
      shape = &old;
    }
  if (proposed && !deleted)
    return review_insert_region (record, image, shape, target->revision, extra, &region, revision, error) &&
           database_run (record->db, LINK_INSERT_OWN, error, "iii", project_id_new (), phrase, region);
  if (!database_get (record->db, REGION_PHRASES, &phrases, NULL, error, "i", region))
    return FALSE;
  if (phrases > 1)
    {
      /* A copy for this phrase alone: its link moves there. */
      region = project_id_new ();
      if (!database_run (record->db, REGION_INSERT, error, "iinn", region, image) ||
          !record_step (record, "link", target->link, region, error))
        return FALSE;
    }
  return insert_revision (record, region, shape, deleted ? target->origin : ORIGIN_PERSON, deleted, target->revision,
                          extra, revision, error) &&
         record_step (record, "region", region, *revision, error);
}

gboolean
review_phrase_image (Database *db, gint64 phrase, gint64 *image, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, PHRASE_SHOWN, error, "i", phrase);
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  if (code == SQLITE_ROW)
    *image = column_id (rows, 1);
  if (code == SQLITE_DONE)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND,
                         "There is no phrase %" G_GINT64_FORMAT "; 'alidade list PROJECT phrases "
                         "--json' shows them.",
                         phrase);
  return code == SQLITE_ROW;
}

static char *
region_json (gint64 revision, gboolean deleted)
{
  return revision == 0 ? NULL
                       : g_strdup_printf ("{\"revision\":\"%" G_GINT64_FORMAT "\"%s}", revision,
                                          deleted ? ",\"deleted\":true" : "");
}

static gboolean
change_region (Record *record, gint64 phrase, gint64 region, const Shape *shape, GError **error)
{
  g_auto (Target) target = { 0 };
  g_autofree char *before = NULL, *after = NULL;
  gboolean found;
  gint64 image, revision;

  if (!review_phrase_image (record->db, phrase, &image, error) ||
      !review_find_target (record->db, phrase, region, &target, &found, error))
    return FALSE;
  if (!found)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "The phrase has no region %" G_GINT64_FORMAT ".", region);
  if (!review_correct (record, phrase, image, &target, shape, &revision, error))
    return FALSE;
  before = region_json (target.revision, FALSE);
  after = region_json (revision, shape == NULL);
  return record_write (record, "region", region, before, after, 0, error);
}

gboolean
project_change_region (Project *project, gint64 phrase, gint64 region, const Shape *shape, const char *by,
                       GError **error)
{
  Record record;

  return record_begin (&record, project, by, error) &&
         record_end (&record, change_region (&record, phrase, region, shape, error), error);
}

static gboolean
add_region (Record *record, gint64 phrase, const Shape *shape, gint64 *region, GError **error)
{
  g_autofree char *after = NULL;
  gint64 image, revision;

  if (!review_phrase_image (record->db, phrase, &image, error) ||
      !review_insert_region (record, image, shape, 0, NULL, region, &revision, error) ||
      !database_run (record->db, LINK_INSERT_OWN, error, "iii", project_id_new (), phrase, *region))
    return FALSE;
  after = region_json (revision, FALSE);
  return record_write (record, "region", *region, NULL, after, 0, error);
}

gboolean
project_add_region (Project *project, gint64 phrase, const Shape *shape, const char *by, gint64 *region, GError **error)
{
  Record record;
  gint64 id = 0;
  gboolean good = record_begin (&record, project, by, error) &&
                  record_end (&record, add_region (&record, phrase, shape, &id, error), error);

  if (region != NULL)
    *region = id;
  return good;
}
