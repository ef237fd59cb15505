/* SPDX-License-Identifier: MIT */
#include "review.h"

#include "export.h"
#include "project-id.h"
#include "search.h"

#include <math.h>
#include <string.h>

typedef struct
{
  const char *what;
  gint64 target, before, after; /* 0: NULL */
} Step;

/* One record in the making. */
typedef struct
{
  Database *db;
  const char *by;
  gint64 now;
  GArray *steps; /* Step */
} Record;

static const struct
{
  const char *what;
  Statement current, set;
} pointers[] = {
  { "region", REGION_CURRENT, REGION_SET },    { "link", LINK_CURRENT, LINK_SET },
  { "verdict", SLOT_CURRENT, SLOT_SET },       { "phrase", PHRASE_CURRENT, PHRASE_SET },
  { "caption", CAPTION_CURRENT, CAPTION_SET }, { "tag", TAG_CURRENT, TAG_SET },
};

static int
pointer_of (const char *what)
{
  for (guint i = 0; i < G_N_ELEMENTS (pointers); i++)
    if (strcmp (pointers[i].what, what) == 0)
      return i;
  return -1;
}

/* Moves a pointer and remembers it. `what` is static. */
static gboolean
record_step (Record *record, const char *what, gint64 target, gint64 after, GError **error)
{
  int i = pointer_of (what);
  Step step = { what, target, 0, after };

  if (!database_get (record->db, pointers[i].current, &step.before, NULL, error, "i", target) ||
      !database_run (record->db, pointers[i].set, error, "iI", target, after))
    return FALSE;
  g_array_append_val (record->steps, step);
  return TRUE;
}

static gboolean
record_begin (Record *record, Project *project, const char *by, GError **error)
{
  record->db = project_database (project);
  record->by = by;
  record->now = project_now ();
  if (by == NULL || *by == '\0' || !g_utf8_validate (by, -1, NULL))
    return project_fail (error, PROJECT_ERROR_USAGE, "The reviewer needs a name.");
  if (!database_set_durable (record->db, TRUE, error) || !database_begin (record->db, error))
    return FALSE;
  record->steps = g_array_new (FALSE, FALSE, sizeof (Step));
  return TRUE;
}

static gboolean
write_record (Record *record, const char *kind, gint64 target, const char *before, const char *after, gint64 undoes, GError **error)
{
  gint64 seq;

  if (!database_get (record->db, JOURNAL_INSERT, &seq, NULL, error, "ississI", record->now, record->by, kind, target, before, after, undoes))
    return FALSE;
  for (guint i = 0; i < record->steps->len; i++)
    {
      const Step *step = &g_array_index (record->steps, Step, i);

      if (!database_run (record->db, JOURNAL_STEP_INSERT, error, "iisiII", seq, (gint64) i, step->what, step->target, step->before,
                         step->after))
        return FALSE;
    }
  return TRUE;
}

/* Ends the transaction: durable, or as if nothing had been. */
static gboolean
record_end (Record *record, gboolean good, GError **error)
{
  g_clear_pointer (&record->steps, g_array_unref);
  if (good)
    return database_commit (record->db, error);
  database_rollback (record->db);
  return FALSE;
}

/* Regions --------------------------------------------------------------------------------------------------------- */

typedef struct
{
  gint64 link, region, revision;
  RegionOrigin origin;
  double score;
  char *model;
  char *extra;
} Target;

static void
target_clear (Target *target)
{
  g_free (target->model);
  g_free (target->extra);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Target, target_clear)

/* How good a region is as the top one: by score, and without one a person's and imported ones first. */
static double
rank (const sqlite3_stmt *rows, RegionOrigin origin)
{
  sqlite3_stmt *row = (sqlite3_stmt *) rows;
  double base = origin == ORIGIN_PERSON ? 3e6 : origin == ORIGIN_IMPORT ? 2e6 : 0;

  return base + (sqlite3_column_type (row, 10) == SQLITE_NULL ? 0 : CLAMP (sqlite3_column_double (row, 10), -1e5, 1e5));
}

/* The region of a phrase that is meant: `wanted`, or the top one. found FALSE: there is none. */
static gboolean
find_target (Database *db, gint64 phrase, gint64 wanted, Target *target, gboolean *found, GError **error)
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
insert_revision (Record *record, gint64 region, const Shape *shape, RegionOrigin origin, gboolean deleted, gint64 parent,
                 const char *extra, gint64 *revision, GError **error)
{
  g_autoptr (GBytes) bytes = shape_to_bytes (shape);
  gsize length = 0;
  const void *data = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;
  const double *box = shape->box;

  *revision = project_id_new ();
  return database_run (record->db, REGION_REVISION_INSERT, error, "iisddddbsinnIssi", *revision, region, shape_kind_name (shape->kind),
                       box[0], box[1], box[2], box[3], data, (gssize) length, origin_name (origin), (gint64) deleted, parent, extra,
                       record->by, record->now);
}

/* A new region of the person on a phrase. */
static gboolean
insert_own_region (Record *record, gint64 image, const Shape *shape, gint64 parent, const char *extra, gint64 *region,
                   gint64 *revision, GError **error)
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
      const double box[4] = { sqlite3_column_double (rows, 3), sqlite3_column_double (rows, 4), sqlite3_column_double (rows, 5),
                              sqlite3_column_double (rows, 6) };

      if (shape_from_bytes (shape, kind, box, sqlite3_column_blob (rows, 7), sqlite3_column_bytes (rows, 7)))
        return TRUE;
    }
  if (error != NULL && *error == NULL)
    project_fail (error, PROJECT_ERROR_DAMAGED, "revision %" G_GINT64_FORMAT " is damaged; run 'alidade check'", revision);
  return FALSE;
}

/* The rules of correcting; `shape` NULL removes. *revision is what a verdict approves then. */
static gboolean
correct (Record *record, gint64 phrase, gint64 image, const Target *target, const Shape *shape, gint64 *revision, GError **error)
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
    return insert_own_region (record, image, shape, target->revision, extra, &region, revision, error) &&
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
  return insert_revision (record, region, shape, deleted ? target->origin : ORIGIN_PERSON, deleted, target->revision, extra, revision,
                          error) &&
         record_step (record, "region", region, *revision, error);
}

/* Verdicts --------------------------------------------------------------------------------------------------------- */

static gboolean
find_slot (Record *record, const Review *review, gint64 *slot, GError **error)
{
  gboolean found;

  if (!database_get (record->db, SLOT_FIND, slot, &found, error, "isi", review->phrase, review->by, (gint64) MAX (review->pass, 1)))
    return FALSE;
  if (found)
    return TRUE;
  *slot = project_id_new ();
  return database_run (record->db, SLOT_INSERT, error, "iisi", *slot, review->phrase, review->by, (gint64) MAX (review->pass, 1));
}

static char *
verdict_json (Database *db, gint64 verdict, GError **error)
{
  g_autoptr (DatabaseRows) rows = NULL;
  GString *text;

  if (verdict == 0 || (rows = database_bind (db, VERDICT_GET, error, "i", verdict)) == NULL ||
      database_step (db, rows, error) != SQLITE_ROW)
    return NULL;
  text = g_string_new ("{");
  json_put_name (text, "verdict");
  json_put_text (text, column_text (rows, 1));
  json_put_name (text, "id");
  json_put_id (text, verdict);
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

static gboolean
phrase_image (Database *db, gint64 phrase, gint64 *image, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, PHRASE_SHOWN, error, "i", phrase);
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  if (code == SQLITE_ROW)
    *image = column_id (rows, 1);
  if (code == SQLITE_DONE)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no phrase %" G_GINT64_FORMAT "; 'alidade list PROJECT phrases "
                         "--json' shows them.", phrase);
  return code == SQLITE_ROW;
}

static gboolean
set_verdict (Record *record, const Review *review, gint64 image, GError **error)
{
  gboolean approves = strcmp (review->verdict, "accepted") == 0 || strcmp (review->verdict, "corrected") == 0, found = FALSE;
  g_auto (Target) target = { 0 };
  gint64 slot, before, revision = 0, verdict = project_id_new ();
  g_autofree char *old = NULL, *new = NULL;

  if (approves && !find_target (record->db, review->phrase, review->region, &target, &found, error))
    return FALSE;
  if (review->region != 0 && approves && !found)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "The phrase has no region %" G_GINT64_FORMAT ".", review->region);
  if (strcmp (review->verdict, "accepted") == 0)
    {
      if (!found)
        return project_fail (error, PROJECT_ERROR_REFUSED, "The phrase %" G_GINT64_FORMAT " has no region to accept; correct it with "
                             "--box, or say absent.", review->phrase);
      revision = target.revision;
    }
  else if (approves && found)
    {
      if (!correct (record, review->phrase, image, &target, review->shape, &revision, error))
        return FALSE;
    }
  else if (approves)
    {
      gint64 region;

      if (!insert_own_region (record, image, review->shape, 0, NULL, &region, &revision, error) ||
          !database_run (record->db, LINK_INSERT_OWN, error, "iii", project_id_new (), review->phrase, region))
        return FALSE;
    }
  if (!find_slot (record, review, &slot, error) ||
      !database_run (record->db, VERDICT_INSERT, error, "iisii", verdict, slot, review->verdict, (gint64) review->adjudicated,
                     record->now) ||
      (revision != 0 && !database_run (record->db, VERDICT_REGION_INSERT, error, "ii", verdict, revision)) ||
      !database_get (record->db, SLOT_CURRENT, &before, NULL, error, "i", slot) || !record_step (record, "verdict", slot, verdict, error))
    return FALSE;
  old = verdict_json (record->db, before, error);
  new = verdict_json (record->db, verdict, error);
  return write_record (record, "verdict", review->phrase, old, new, 0, error);
}

gboolean
project_review (Project *project, const Review *review, GError **error)
{
  static const char *const known[] = { "accepted", "corrected", "rejected", "absent", "unsure", NULL };
  Record record;
  gint64 image;

  if (!g_strv_contains (known, review->verdict))
    return project_fail (error, PROJECT_ERROR_USAGE, "'%s' is no verdict: accepted, corrected, rejected, absent or unsure.",
                         review->verdict);
  if (strcmp (review->verdict, "corrected") == 0 && review->shape == NULL)
    return project_fail (error, PROJECT_ERROR_USAGE, "'corrected' needs a region: --box x1,y1,x2,y2.");
  if (!record_begin (&record, project, review->by, error))
    return FALSE;
  return record_end (&record, phrase_image (record.db, review->phrase, &image, error) && set_verdict (&record, review, image, error), error);
}

/* Regions, captions, tags ------------------------------------------------------------------------------------------- */

static char *
region_json (gint64 revision, gboolean deleted)
{
  return revision == 0 ? NULL : g_strdup_printf ("{\"revision\":\"%" G_GINT64_FORMAT "\"%s}", revision, deleted ? ",\"deleted\":true" : "");
}

static gboolean
change_region (Record *record, gint64 phrase, gint64 region, const Shape *shape, GError **error)
{
  g_auto (Target) target = { 0 };
  g_autofree char *before = NULL, *after = NULL;
  gboolean found;
  gint64 image, revision;

  if (!phrase_image (record->db, phrase, &image, error) || !find_target (record->db, phrase, region, &target, &found, error))
    return FALSE;
  if (!found)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "The phrase has no region %" G_GINT64_FORMAT ".", region);
  if (!correct (record, phrase, image, &target, shape, &revision, error))
    return FALSE;
  before = region_json (target.revision, FALSE);
  after = region_json (revision, shape == NULL);
  return write_record (record, "region", region, before, after, 0, error);
}

gboolean
project_change_region (Project *project, gint64 phrase, gint64 region, const Shape *shape, const char *by, GError **error)
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

  if (!phrase_image (record->db, phrase, &image, error) ||
      !insert_own_region (record, image, shape, 0, NULL, region, &revision, error) ||
      !database_run (record->db, LINK_INSERT_OWN, error, "iii", project_id_new (), phrase, *region))
    return FALSE;
  after = region_json (revision, FALSE);
  return write_record (record, "region", *region, NULL, after, 0, error);
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

static gboolean
add_phrase (Record *record, gint64 image, const char *text, gint64 *phrase, GError **error)
{
  g_autoptr (GString) key = g_string_new (text);
  g_autofree char *state = NULL, *after = NULL;
  gint64 identity, revision = project_id_new (), entry = 0;
  sqlite3_stmt *rows;
  int code;

  /* The same bytes as an import's stand-alone phrase: text, no caption, no key. */
  g_string_append_len (key, "\0\0", 2);
  identity = project_identity ("phrase", key->str, key->len);
  rows = database_bind (record->db, PHRASE_FIND, error, "ii", image, identity);
  if (rows == NULL)
    return FALSE;
  *phrase = 0;
  code = database_step (record->db, rows, error);
  if (code == SQLITE_ROW)
    {
      *phrase = column_id (rows, 0);
      entry = column_id (rows, 1);
      state = g_strdup (column_text (rows, 2));
    }
  database_rows_end (rows);
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    return FALSE;
  after = g_strdup_printf ("{\"revision\":\"%" G_GINT64_FORMAT "\"}", revision);
  if (*phrase != 0 && (entry == 0 || g_strcmp0 (state, "shown") == 0))
    {
      gint64 current;

      if (!database_get (record->db, PHRASE_CURRENT, &current, NULL, error, "i", *phrase))
        return FALSE;
      if (current != 0)
        return TRUE; /* it is there */
    }
  /* Taken over from an import that is not done, or hidden: a person's now. Its old revision may not be the index's. */
  if (*phrase != 0 && !database_run (record->db, CLAIM_PHRASE, error, "iI", *phrase, (gint64) 0))
    return FALSE;
  if (*phrase == 0)
    {
      *phrase = project_id_new ();
      if (!database_run (record->db, PHRASE_INSERT, error, "iininnnnn", *phrase, image, identity) ||
          !search_replace_text (record->db, *phrase, NULL, text, error))
        return FALSE;
    }
  else if (g_strcmp0 (state, "pending") == 0 && !search_replace_text (record->db, *phrase, NULL, text, error))
    return FALSE;
  return database_run (record->db, PHRASE_REVISION_INSERT, error, "iisisi", revision, *phrase, text, (gint64) 0, record->by, record->now) &&
         record_step (record, "phrase", *phrase, revision, error) && write_record (record, "span", *phrase, NULL, after, 0, error);
}

gboolean
project_add_phrase (Project *project, gint64 image, const char *text, const char *by, gint64 *phrase, GError **error)
{
  Record record;

  if (text == NULL || *text == '\0' || !g_utf8_validate (text, -1, NULL))
    return project_fail (error, PROJECT_ERROR_USAGE, "A phrase needs a text in UTF-8.");
  return record_begin (&record, project, by, error) && record_end (&record, add_phrase (&record, image, text, phrase, error), error);
}

/* The part of `before` that an edit replaced, in code points: [*first, *last), and how much longer the text is now. */
static void
find_edit (const char *before, const char *after, gint64 *first, gint64 *last, gint64 *longer)
{
  g_autofree gunichar *a = NULL, *b = NULL;
  glong n_a, n_b, head = 0, tail = 0;

  a = g_utf8_to_ucs4_fast (before, -1, &n_a);
  b = g_utf8_to_ucs4_fast (after, -1, &n_b);
  while (head < n_a && head < n_b && a[head] == b[head])
    head++;
  while (tail < n_a - head && tail < n_b - head && a[n_a - 1 - tail] == b[n_b - 1 - tail])
    tail++;
  *first = head;
  *last = n_a - tail;
  *longer = n_b - n_a;
}

typedef struct
{
  gint64 phrase, revision;
  char *text;
} Spanned;

static void
spanned_clear (gpointer data)
{
  g_free (((Spanned *) data)->text);
}

static gboolean
move_spans (Record *record, const Spanned *spanned, gint64 first, gint64 last, gint64 longer, GError **error)
{
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (Span));
  g_autoptr (DatabaseRows) rows = database_bind (record->db, SPANS, error, "i", spanned->revision);
  gboolean touched = FALSE, moved = FALSE;
  gint64 revision = project_id_new ();
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (record->db, rows, error)) == SQLITE_ROW)
    {
      Span span = { column_id (rows, 0), column_id (rows, 1) };

      /* An insertion inside touches; one at the very edge does not. */
      if (span.first >= last && !(first == last && span.first < first))
        {
          span.first += longer;
          span.last += longer;
          moved = moved || longer != 0;
        }
      else if (span.last > first)
        touched = TRUE;
      g_array_append_val (spans, span);
    }
  if (code != SQLITE_DONE)
    return FALSE;
  if (spans->len == 0 || (!touched && !moved))
    return TRUE;
  if (!database_run (record->db, PHRASE_REVISION_INSERT, error, "iisisi", revision, spanned->phrase, spanned->text, (gint64) touched,
                     record->by, record->now))
    return FALSE;
  for (guint i = 0; i < spans->len && !touched; i++)
    {
      const Span *span = &g_array_index (spans, Span, i);

      if (!database_run (record->db, PHRASE_SPAN_INSERT, error, "iiii", revision, (gint64) i, span->first, span->last))
        return FALSE;
    }
  return record_step (record, "phrase", spanned->phrase, revision, error);
}

static char *
text_json (const char *text)
{
  GString *json = g_string_new ("{\"text\":");

  json_put_text (json, text);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

static gboolean
edit_caption (Record *record, gint64 caption, const char *text, GError **error)
{
  g_autoptr (GArray) phrases = g_array_new (FALSE, FALSE, sizeof (Spanned));
  g_autofree char *old = NULL, *before = NULL, *after = NULL;
  gint64 first, last, longer, revision = project_id_new ();
  sqlite3_stmt *rows = database_bind (record->db, CAPTION_GET, error, "i", caption);
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (record->db, rows, error);
  old = code == SQLITE_ROW ? g_strdup (column_text (rows, 2)) : NULL;
  database_rows_end (rows);
  if (code == SQLITE_DONE)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no caption %" G_GINT64_FORMAT ".", caption);
  if (code != SQLITE_ROW)
    return FALSE;
  if (strcmp (old, text) == 0)
    return TRUE;
  find_edit (old, text, &first, &last, &longer);
  g_array_set_clear_func (phrases, spanned_clear);
  rows = database_bind (record->db, PHRASES_OF_CAPTION, error, "i", caption);
  while (rows != NULL && (code = database_step (record->db, rows, error)) == SQLITE_ROW)
    {
      const Spanned spanned = { column_id (rows, 0), column_id (rows, 1), g_strdup (column_text (rows, 2)) };

      g_array_append_val (phrases, spanned);
    }
  if (rows == NULL || code != SQLITE_DONE)
    return FALSE;
  database_rows_end (rows);
  for (guint i = 0; i < phrases->len; i++)
    if (!move_spans (record, &g_array_index (phrases, Spanned, i), first, last, longer, error))
      return FALSE;
  before = text_json (old);
  after = text_json (text);
  return database_run (record->db, CAPTION_REVISION_INSERT, error, "iissi", revision, caption, text, record->by, record->now) &&
         record_step (record, "caption", caption, revision, error) && search_replace_text (record->db, caption, old, text, error) &&
         write_record (record, "caption", caption, before, after, 0, error);
}

gboolean
project_edit_caption (Project *project, gint64 caption, const char *text, const char *by, GError **error)
{
  Record record;

  if (text == NULL || *text == '\0' || !g_utf8_validate (text, -1, NULL))
    return project_fail (error, PROJECT_ERROR_USAGE, "A caption needs a text in UTF-8.");
  /* What is still to be indexed would otherwise be indexed with the new text, and deleted with the old one. */
  if (!search_index (project, NULL, NULL, error))
    return FALSE;
  return record_begin (&record, project, by, error) && record_end (&record, edit_caption (&record, caption, text, error), error);
}

static gboolean
set_tag (Record *record, gint64 image, gint64 phrase, const char *name, gboolean set, GError **error)
{
  gboolean found;
  g_autofree char *after = text_json (name);
  gint64 tag;

  if (!database_get (record->db, TAG_FIND, &tag, &found, error, "iis", image, phrase, name))
    return FALSE;
  if (!found)
    {
      tag = project_id_new ();
      if (!database_run (record->db, TAG_INSERT, error, "iiIs", tag, image, phrase, name))
        return FALSE;
    }
  return record_step (record, "tag", tag, set ? 1 : 0, error) &&
         write_record (record, "tag", tag, set ? NULL : after, set ? after : NULL, 0, error);
}

gboolean
project_set_tag (Project *project, gint64 image, gint64 phrase, const char *name, gboolean set, const char *by, GError **error)
{
  Record record;

  return record_begin (&record, project, by, error) &&
         record_end (&record, set_tag (&record, image, phrase, name, set, error), error);
}

/* Undo and redo ------------------------------------------------------------------------------------------------------ */

static char *
history_of (Database *db, gint64 target)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, JOURNAL_HISTORY, NULL, "i", target);
  GString *text = g_string_new (NULL);

  while (rows != NULL && database_step (db, rows, NULL) == SQLITE_ROW)
    {
      g_autofree char *at = project_time_text (column_id (rows, 1));

      g_string_append_printf (text, "\n  %" G_GINT64_FORMAT "  %s  %s  %s", column_id (rows, 0), at, column_text (rows, 2),
                              column_text (rows, 3));
    }
  return g_string_free (text, FALSE);
}

static gboolean
load_steps (Database *db, gint64 seq, GArray *steps, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, JOURNAL_STEPS, error, "i", seq);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      int i = pointer_of (column_text (rows, 0));
      const Step step = { i >= 0 ? pointers[i].what : NULL, column_id (rows, 1), column_id (rows, 2), column_id (rows, 3) };

      if (i < 0)
        return project_fail (error, PROJECT_ERROR_DAMAGED, "journal record %" G_GINT64_FORMAT " is damaged", seq);
      g_array_append_val (steps, step);
    }
  return code == SQLITE_DONE;
}

/* The index follows a caption or phrase whose text came back, or went. */
static gboolean
follow_text (Database *db, const Step *step, gint64 from, gint64 to, GError **error)
{
  Statement which = strcmp (step->what, "caption") == 0 ? CAPTION_REVISION_TEXT : PHRASE_REVISION_TEXT;
  g_autofree char *old = NULL, *new = NULL;

  if (strcmp (step->what, "caption") != 0 && strcmp (step->what, "phrase") != 0)
    return TRUE;
  for (int i = 0; i < 2; i++)
    {
      gint64 revision = i == 0 ? from : to;
      sqlite3_stmt *rows = revision != 0 ? database_bind (db, which, error, "i", revision) : NULL;

      if (revision == 0)
        continue;
      if (rows == NULL || database_step (db, rows, error) != SQLITE_ROW)
        return FALSE;
      *(i == 0 ? &old : &new) = g_strdup (column_text (rows, 1));
      database_rows_end (rows);
    }
  return g_strcmp0 (old, new) == 0 || search_replace_text (db, step->target, old, new, error);
}

/* Moves all pointers of the record `seq` back (or forth again), newest first. */
static gboolean
move_back (Record *record, gint64 seq, gboolean forth, GError **error)
{
  g_autoptr (GArray) steps = g_array_new (FALSE, FALSE, sizeof (Step));

  if (!load_steps (record->db, seq, steps, error))
    return FALSE;
  for (guint n = 0; n < steps->len; n++)
    {
      const Step *step = &g_array_index (steps, Step, forth ? n : steps->len - 1 - n);
      gint64 from = forth ? step->before : step->after, to = forth ? step->after : step->before, now;

      if (!database_get (record->db, pointers[pointer_of (step->what)].current, &now, NULL, error, "i", step->target))
        return FALSE;
      if (now != from)
        {
          g_autofree char *history = history_of (record->db, step->target);

          return project_fail (error, PROJECT_ERROR_REFUSED, "Record %" G_GINT64_FORMAT " cannot be %s: its %s was changed since.%s", seq,
                               forth ? "done again" : "undone", step->what, history);
        }
      if (!follow_text (record->db, step, from, to, error) || !record_step (record, step->what, step->target, to, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
undo_or_redo (Project *project, const char *by, gboolean redo, char **what, GError **error)
{
  g_autofree char *kind = NULL, *before = NULL, *after = NULL;
  Record record;
  sqlite3_stmt *rows;
  gboolean found = FALSE, good;
  gint64 seq = 0, target = 0;

  if (!search_index (project, NULL, NULL, error) || !record_begin (&record, project, by, error))
    return FALSE;
  good = database_get (record.db, redo ? JOURNAL_REDO_NEXT : JOURNAL_UNDO_NEXT, &seq, &found, error, "s", by);
  if (good && !found)
    good = project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is nothing that %s could %s.", by, redo ? "redo" : "undo");
  if (good && (rows = database_bind (record.db, JOURNAL_GET, error, "i", seq)) != NULL)
    {
      good = database_step (record.db, rows, error) == SQLITE_ROW;
      if (good)
        {
          kind = g_strdup (column_text (rows, 1));
          target = column_id (rows, 2);
          before = g_strdup (column_text (rows, 3));
          after = g_strdup (column_text (rows, 4));
        }
      database_rows_end (rows);
    }
  else
    good = FALSE;
  good = good && move_back (&record, seq, redo, error) &&
         write_record (&record, redo ? "redo" : "undo", target, redo ? before : after, redo ? after : before, seq, error);
  if (!record_end (&record, good, error))
    return FALSE;
  *what = g_strdup_printf ("%s of record %" G_GINT64_FORMAT ", target %" G_GINT64_FORMAT, kind, seq, target);
  return TRUE;
}

gboolean
project_undo (Project *project, const char *by, char **what, GError **error)
{
  return undo_or_redo (project, by, FALSE, what, error);
}

gboolean
project_redo (Project *project, const char *by, char **what, GError **error)
{
  return undo_or_redo (project, by, TRUE, what, error);
}

/* Entries as a whole --------------------------------------------------------------------------------------------------- */

static gboolean
hide_entry (Record *record, gint64 entry, gboolean hide, GError **error)
{
  g_autofree char *kind = NULL, *state = NULL;
  sqlite3_stmt *rows = database_bind (record->db, ENTRY_GET, error, "i", entry);
  gint64 hanging, seq;

  if (rows == NULL)
    return FALSE;
  if (database_step (record->db, rows, error) == SQLITE_ROW)
    {
      kind = g_strdup (column_text (rows, 1));
      state = g_strdup (column_text (rows, 2));
    }
  database_rows_end (rows);
  if (kind == NULL || g_strcmp0 (state, hide ? "shown" : "hidden") != 0)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no import, run or removal %" G_GINT64_FORMAT " that could be %s.",
                         entry, hide ? "undone" : "done again");
  if (hide && !database_get (record->db, ENTRY_HANGS_ON, &hanging, NULL, error, "i", entry))
    return FALSE;
  if (hide && hanging > 0)
    return project_fail (error, PROJECT_ERROR_REFUSED, "%" G_GINT64_FORMAT " records that people made hang on this %s; undo those "
                         "first.", hanging, kind);
  return database_run (record->db, ENTRY_SET_STATE, error, "is", entry, hide ? "hidden" : "shown") &&
         database_get (record->db, JOURNAL_OF_ENTRY, &seq, NULL, error, "i", entry) &&
         write_record (record, hide ? "undo" : "redo", entry, NULL, NULL, seq, error);
}

gboolean
project_hide_entry (Project *project, gint64 entry, gboolean hide, const char *by, GError **error)
{
  Record record;

  return record_begin (&record, project, by, error) && record_end (&record, hide_entry (&record, entry, hide, error), error);
}

static gboolean
remove_images (Record *record, const gint64 *images, guint n, gint64 *entry, GError **error)
{
  g_autofree char *after = g_strdup_printf ("{\"images\":%u}", n);

  *entry = project_id_new ();
  if (!database_run (record->db, ENTRY_INSERT, error, "issnnnsi", *entry, "removal", "shown", record->by, record->now))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!database_run (record->db, REMOVED_INSERT, error, "ii", *entry, images[i]))
      return FALSE;
  return write_record (record, "removal", *entry, NULL, after, 0, error);
}

gboolean
project_remove_images (Project *project, const gint64 *images, guint n, const char *by, gint64 *entry, GError **error)
{
  Record record;

  return record_begin (&record, project, by, error) && record_end (&record, remove_images (&record, images, n, entry, error), error);
}
