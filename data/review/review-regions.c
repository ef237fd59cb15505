/* SPDX-License-Identifier: MIT */
#include "review-regions.h"

#include "database.h"

#include <math.h>
#include <string.h>

#define PARENTS_LIMIT 64

void
review_region_free (ReviewRegion *region)
{
  if (region == NULL)
    return;
  shape_clear (&region->shape);
  g_free (region->model);
  g_free (region);
}

/* As a verdict without a named region ranks them: a person's, imported ones, then by score. */
static double
rank_of (const ReviewRegion *region)
{
  double base = region->origin == ORIGIN_PERSON ? 3e6 : region->origin == ORIGIN_IMPORT ? 2e6 : 0;

  return base + (isnan (region->score) ? 0 : CLAMP (region->score, -1e5, 1e5));
}

static int
by_rank (gconstpointer a, gconstpointer b)
{
  const ReviewRegion *first = *(ReviewRegion *const *) a, *second = *(ReviewRegion *const *) b;
  double x = rank_of (first), y = rank_of (second);

  return x < y ? 1 : x > y ? -1 : first->link < second->link ? -1 : first->link > second->link;
}

/* A region from columns kind, box, shape, origin, score, model of a row. */
static ReviewRegion *
region_new (sqlite3_stmt *rows, int kind_column, int origin_column, int score_column, int model_column)
{
  ReviewRegion *region = g_new0 (ReviewRegion, 1);
  double box[4];
  ShapeKind kind;

  for (int i = 0; i < 4; i++)
    box[i] = sqlite3_column_double (rows, kind_column + 1 + i);
  region->score = sqlite3_column_type (rows, score_column) == SQLITE_NULL ? NAN : sqlite3_column_double (rows, score_column);
  region->trust = NAN;
  region->model = g_strdup (column_text (rows, model_column));
  if (origin_parse (column_text (rows, origin_column), &region->origin) && shape_kind_parse (column_text (rows, kind_column), &kind) &&
      shape_from_bytes (&region->shape, kind, box, sqlite3_column_blob (rows, kind_column + 5),
                        sqlite3_column_bytes (rows, kind_column + 5)))
    return region;
  review_region_free (region);
  return NULL;
}

static gboolean
damaged (gint64 phrase, GError **error)
{
  return project_fail (error, PROJECT_ERROR_DAMAGED, "A region of phrase %" G_GINT64_FORMAT " is damaged; run 'alidade check'.", phrase);
}

static gboolean
list_all (Database *db, gint64 phrase, GPtrArray *regions, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, REGIONS_OF_PHRASE, error, "i", phrase);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      ReviewRegion *region = region_new (rows, 3, 9, 10, 11);

      if (region == NULL)
        return damaged (phrase, error);
      region->link = column_id (rows, 0);
      region->region = column_id (rows, 1);
      region->revision = column_id (rows, 2);
      g_ptr_array_add (regions, region);
    }
  return code == SQLITE_DONE;
}

/* Blind --------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  gint64 link, region, entry;
} Link;

static ReviewRegion *
load_revision (Database *db, Statement which, gint64 id, gboolean *deleted, gint64 *parent, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, which, error, "i", id);
  ReviewRegion *region = NULL;

  if (rows == NULL || database_step (db, rows, error) != SQLITE_ROW)
    return NULL;
  region = region_new (rows, 2, 8, 10, 11);
  if (region == NULL)
    return NULL;
  region->revision = column_id (rows, 0);
  region->region = column_id (rows, 1);
  *deleted = sqlite3_column_int (rows, 9) != 0;
  *parent = column_id (rows, 12);
  return region;
}

/* What the link led to before any person: the region's first revision, or what that one was made from. */
static ReviewRegion *
original_of (Database *db, const Link *link, GError **error)
{
  gboolean deleted;
  gint64 parent;
  ReviewRegion *region = load_revision (db, BLIND_FIRST, link->region, &deleted, &parent, error);

  for (int i = 0; region != NULL && region->origin == ORIGIN_PERSON; i++)
    {
      review_region_free (region);
      region = parent != 0 && i < PARENTS_LIMIT ? load_revision (db, REVISION_GET, parent, &deleted, &parent, error) : NULL;
    }
  return region;
}

/* Whether the reviewer made the region what it is now, since the pass began. */
static gboolean
is_own_since (Database *db, gint64 region, const ReviewView *view, gint64 *revision, gboolean *own, GError **error)
{
  *own = FALSE;
  return view->since == 0 || database_get (db, BLIND_OWN, revision, own, error, "isi", region, view->reviewer, view->since);
}

static gboolean
list_links (Database *db, gint64 phrase, GArray *links, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, BLIND_LINKS, error, "i", phrase);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      const Link link = { column_id (rows, 0), column_id (rows, 1), column_id (rows, 2) };

      g_array_append_val (links, link);
    }
  return code == SQLITE_DONE;
}

static gboolean
list_blind (Database *db, gint64 phrase, const ReviewView *view, GPtrArray *regions, GError **error)
{
  g_autoptr (GArray) links = g_array_new (FALSE, FALSE, sizeof (Link));
  GError *local = NULL;

  if (!list_links (db, phrase, links, error))
    return FALSE;
  for (guint i = 0; i < links->len; i++)
    {
      const Link *link = &g_array_index (links, Link, i);
      ReviewRegion *region = NULL;
      gint64 revision, parent;
      gboolean own, deleted = FALSE;

      if (!is_own_since (db, link->region, view, &revision, &own, error))
        return FALSE;
      if (own)
        region = load_revision (db, REVISION_GET, revision, &deleted, &parent, &local);
      else if (link->entry != 0)
        region = original_of (db, link, &local);
      if (local != NULL)
        {
          g_propagate_error (error, local);
          return FALSE;
        }
      if (region == NULL || deleted)
        {
          review_region_free (region);
          continue;
        }
      region->link = link->link;
      g_ptr_array_add (regions, region);
    }
  return TRUE;
}

GPtrArray *
review_regions_list (Project *project, gint64 phrase, const ReviewView *view, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (GPtrArray) regions = g_ptr_array_new_with_free_func ((GDestroyNotify) review_region_free);

  if (!(view->blind ? list_blind (db, phrase, view, regions, error) : list_all (db, phrase, regions, error)))
    return NULL;
  for (guint i = 0; i < regions->len; i++)
    {
      ReviewRegion *region = regions->pdata[i];

      if (view->calibration != NULL && (region->origin == ORIGIN_MAP || region->origin == ORIGIN_DETECTOR))
        region->trust = calibration_apply (view->calibration, region->score);
    }
  g_ptr_array_sort (regions, by_rank);
  return g_steal_pointer (&regions);
}
