/* SPDX-License-Identifier: MIT
 * import-region.c: regions and their links, known again by their phrase, origin and imported
 * numbers, the n-th of equal ones apart. */
#include "import-private.h"

#include "project-id.h"

#include <string.h>

#define SAME_SHAPE 1e-6 /* pixels: turning there and back rounds */

gint64
region_identity (const Shape *shape, RegionOrigin origin)
{
  g_autoptr (GBytes) bytes = shape_to_bytes (shape);
  g_autoptr (GByteArray) all = g_byte_array_new ();
  guint8 head[2] = { origin, shape->kind };

  g_byte_array_append (all, head, sizeof head);
  for (int i = 0; i < 4; i++)
    {
      guint64 bits;

      memcpy (&bits, &shape->box[i], 8);
      bits = GUINT64_TO_LE (bits);
      g_byte_array_append (all, (const guint8 *) &bits, 8);
    }
  if (bytes != NULL)
    {
      gsize length;
      const guint8 *data = g_bytes_get_data (bytes, &length);

      g_byte_array_append (all, data, length);
    }
  return project_identity ("region", all->data, all->len);
}

static gboolean
insert_region (Import *import, const ImportRegion *region, gint64 image, RegionOrigin origin, gint64 *id,
               GError **error)
{
  g_autofree char *extra = region->extra != NULL ? json_to_text (region->extra) : NULL;
  g_autoptr (GBytes) bytes = shape_to_bytes (region->shape);
  const double *box = region->shape->box;
  gint64 revision = project_id_new ();
  gsize length = 0;
  const void *data = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;

  *id = project_id_new ();
  return database_run (import->db, REGION_INSERT, error, "iiii", *id, image, revision, import->entry) &&
         database_run (import->db, REGION_REVISION_INSERT, error, "iisddddbsiDsnssi", revision, *id,
                       shape_kind_name (region->shape->kind), box[0], box[1], box[2], box[3], data, (gssize) length,
                       origin_name (origin), (gint64) 0, region->score, region->model, extra, import->options->by,
                       import->now);
}

/* The n-th of equal regions on a phrase that this import has not met yet: *link is its row, or 0 with *nth to use. */
static gboolean
find_link (Import *import, gint64 phrase, gint64 identity, gint64 *link, gint64 *region, gint64 *nth, gboolean *changed,
           GError **error)
{
  gboolean found = FALSE;

  *nth = 0;
  if (!database_get (import->db, SEEN_GET, nth, &found, error, "ii", phrase, identity))
    return FALSE;
  if (!found)
    *nth = 0;
  for (;; (*nth)++)
    {
      sqlite3_stmt *rows = database_bind (import->db, LINK_FIND, error, "iii", phrase, identity, *nth);
      g_autofree char *state = NULL;
      gint64 entry = 0;
      int code;

      if (rows == NULL)
        return FALSE;
      code = database_step (import->db, rows, error);
      *link = 0;
      if (code == SQLITE_ROW)
        {
          *link = column_id (rows, 0);
          *region = column_id (rows, 1);
          entry = column_id (rows, 2);
          state = g_strdup (column_text (rows, 3));
        }
      database_rows_end (rows);
      if (code != SQLITE_ROW && code != SQLITE_DONE)
        return FALSE;
      if (*link != 0 && entry == import->entry)
        continue; /* met before, by this import */
      if ((*link != 0 || *nth > 0) && !database_run (import->db, SEEN_SET, error, "iii", phrase, identity, *nth + 1))
        return FALSE;
      return *link == 0 || import_claim (import, KIND_LINK, *link, entry, state, changed, error);
    }
}

static gboolean
claim_region (Import *import, gint64 region, GError **error)
{
  sqlite3_stmt *rows = database_bind (import->db, REGION_ENTRY, error, "i", region);
  g_autofree char *state = NULL;
  gboolean changed;
  gint64 entry = 0;
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (import->db, rows, error);
  if (code == SQLITE_ROW)
    {
      entry = column_id (rows, 0);
      state = g_strdup (column_text (rows, 1));
    }
  database_rows_end (rows);
  return code == SQLITE_ROW && import_claim (import, KIND_REGION, region, entry, state, &changed, error);
}

/* Whether the region is what a write-back made of a record: *id is the project's region then, else 0. */
static gboolean
find_linked (Import *import, const ImportRegion *region, gint64 *id, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (import->db, REGION_OF_LINK, error, "i", region->link);
  g_auto (Shape) shape = { 0 };
  ShapeKind kind;
  int code;

  *id = 0;
  if (rows == NULL)
    return FALSE;
  code = database_step (import->db, rows, error);
  if (code == SQLITE_ROW && column_id (rows, 13) == region->phrase && shape_kind_parse (column_text (rows, 3), &kind))
    {
      const double box[4] = { sqlite3_column_double (rows, 4), sqlite3_column_double (rows, 5),
                              sqlite3_column_double (rows, 6), sqlite3_column_double (rows, 7) };

      if (shape_from_bytes (&shape, kind, box, sqlite3_column_blob (rows, 8), sqlite3_column_bytes (rows, 8)) &&
          shape_near (&shape, region->shape, SAME_SHAPE))
        *id = column_id (rows, 1);
    }
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* A person's region on the phrase with these numbers is this one: the file has been written back. *id 0: there is
 * none. */
static gboolean
find_written (Import *import, gint64 phrase, const Shape *shape, gint64 *id, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (import->db, REGIONS_OF_PERSONS, error, "i", phrase);
  int code;

  *id = 0;
  if (rows == NULL)
    return FALSE;
  while (*id == 0 && (code = database_step (import->db, rows, error)) == SQLITE_ROW)
    {
      const double box[4] = { sqlite3_column_double (rows, 2), sqlite3_column_double (rows, 3),
                              sqlite3_column_double (rows, 4), sqlite3_column_double (rows, 5) };
      g_auto (Shape) other = { 0 };
      ShapeKind kind;

      if (!shape_kind_parse (column_text (rows, 1), &kind) ||
          !shape_from_bytes (&other, kind, box, sqlite3_column_blob (rows, 6), sqlite3_column_bytes (rows, 6)))
        continue;
      if (shape_alike (shape, &other, TRUE))
        *id = column_id (rows, 0);
    }
  return *id != 0 || code == SQLITE_DONE;
}

/* The region that this one shares, if it lies on the same picture: *id 0 means that it becomes one of its own. */
static gboolean
shared_here (Import *import, const char *where, const ImportRegion *region, gint64 image, gint64 *id, GError **error)
{
  gint64 other;

  *id = region->shared;
  if (*id == 0)
    return TRUE;
  if (!database_get (import->db, REGION_IMAGE, &other, NULL, error, "i", *id))
    return FALSE;
  if (other != image)
    {
      import_note (import,
                   "%s: its region carries the id of a region on another picture, and is taken as one of its own",
                   where);
      *id = 0;
    }
  return TRUE;
}

gint64
import_region (Import *import, const char *where, const ImportRegion *region, GError **error)
{
  RegionOrigin origin = region->with_origin ? region->origin : region->detector ? ORIGIN_DETECTOR : ORIGIN_IMPORT;
  Shape *shape = region->shape;
  const ImageFacts *facts;
  gint64 identity, link, id = 0, nth, image;
  gboolean changed = FALSE;

  if (import->options->proposals)
    origin = ORIGIN_DETECTOR;
  if (!import_batch_go_on (import, error) ||
      !database_get (import->db, PHRASE_IMAGE, &image, NULL, error, "i", region->phrase))
    return 0;
  facts = g_hash_table_lookup (import->facts, &image);
  if (facts != NULL && facts->turn && !shape_turn (shape, facts->orientation, FALSE, facts->width, facts->height))
    {
      import_skip (import, where, "the shape cannot be turned to the stored grid");
      return 0;
    }
  if (facts != NULL && facts->width > 0 &&
      (shape->box[0] < 0 || shape->box[1] < 0 || shape->box[2] > facts->width || shape->box[3] > facts->height))
    import->report->outside++;
  if (facts != NULL && facts->width > 0 && shape->kind == SHAPE_MASK &&
      (shape->width != facts->width || shape->height != facts->height))
    import_note (import, "%s: its mask is %u x %u pixels, but the picture %g x %g; it is kept as it is", where,
                 shape->width, shape->height, facts->width, facts->height);
  if (region->link != 0 && !find_linked (import, region, &id, error))
    return 0;
  if (id != 0)
    {
      import->report->regions++;
      return database_run (import->db, MET_ADD, error, "i", region->link) ? id : 0;
    }
  identity = region_identity (shape, origin);
  if (!find_link (import, region->phrase, identity, &link, &id, &nth, &changed, error))
    return 0;
  import->report->regions++;
  import->report->new_regions += changed || link == 0;
  if (link != 0)
    return !changed || claim_region (import, id, error) ? id : 0;
  if (origin == ORIGIN_IMPORT && import->with_persons)
    {
      gint64 written;

      if (!find_written (import, region->phrase, shape, &written, error))
        return 0;
      if (written != 0)
        {
          import->report->new_regions--;
          return database_run (import->db, MET_ADD_REGION, error, "ii", region->phrase, written) ? written : 0;
        }
    }
  if (!shared_here (import, where, region, image, &id, error))
    return 0;
  if (id != 0)
    {
      gboolean linked;
      gint64 other;

      /* Named twice on one phrase it is there once. */
      if (!database_get (import->db, LINK_OF_REGION, &other, &linked, error, "ii", region->phrase, id))
        return 0;
      if (linked)
        {
          import->report->new_regions--;
          return id;
        }
    }
  if (id == 0 && !insert_region (import, region, image, origin, &id, error))
    return 0;
  if (!database_run (import->db, LINK_INSERT, error, "iiiiii", project_id_new (), region->phrase, id, identity, nth,
                     import->entry))
    return 0;
  return id;
}
