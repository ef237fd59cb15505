/* SPDX-License-Identifier: MIT */
#include "phrase-spans.h"

#include "project-id.h"
#include "review-private.h"
#include "search.h"

#include <string.h>

/* A phrase as it stands. */
typedef struct
{
  gint64 id, image, caption, revision;
  char *text, *caption_text; /* caption_text NULL: stand-alone, or its caption is gone */
  GArray *spans;             /* Span; none where it is detached */
} Place;

static void
place_clear (Place *place)
{
  g_clear_pointer (&place->text, g_free);
  g_clear_pointer (&place->caption_text, g_free);
  g_clear_pointer (&place->spans, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Place, place_clear)

static gboolean
read_caption (Database *db, gint64 caption, gint64 *image, char **text, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, CAPTION_SHOWN, error, "i", caption);
  int code = rows != NULL ? database_step (db, rows, error) : SQLITE_ERROR;

  if (code == SQLITE_DONE)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no caption %" G_GINT64_FORMAT ".", caption);
  if (code != SQLITE_ROW)
    return FALSE;
  *image = column_id (rows, 1);
  *text = g_strdup (column_text (rows, 2));
  return TRUE;
}

static gboolean
read_spans (Database *db, gint64 revision, GArray *spans, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, SPANS, error, "i", revision);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      Span span = { column_id (rows, 0), column_id (rows, 1) };

      g_array_append_val (spans, span);
    }
  return code == SQLITE_DONE;
}

static gboolean
read_place (Database *db, gint64 phrase, Place *place, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, PHRASE_PLACE, error, "i", phrase);
  int code = rows != NULL ? database_step (db, rows, error) : SQLITE_ERROR;
  gint64 image;

  if (code == SQLITE_DONE)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no phrase %" G_GINT64_FORMAT ".", phrase);
  if (code != SQLITE_ROW)
    return FALSE;
  place->id = phrase;
  place->image = column_id (rows, 1);
  place->caption = column_id (rows, 2);
  place->revision = column_id (rows, 3);
  place->text = g_strdup (column_text (rows, 4));
  place->spans = g_array_new (FALSE, FALSE, sizeof (Span));
  if (!read_spans (db, place->revision, place->spans, error))
    return FALSE;
  if (place->caption != 0 && place->spans->len > 0)
    return read_caption (db, place->caption, &image, &place->caption_text, error);
  if (place->caption != 0) /* detached: the caption may be gone */
    read_caption (db, place->caption, &image, &place->caption_text, NULL);
  return TRUE;
}

/* Spans ----------------------------------------------------------------------------------------------------------- */

static int
compare_spans (gconstpointer a, gconstpointer b)
{
  const Span *left = a, *right = b;

  return left->first < right->first ? -1 : left->first > right->first ? 1 : left->last < right->last ? -1
                                                                         : left->last > right->last;
}

/* Sorted, and those that touch or overlap made one; NULL where one does not lie in the caption. */
static GArray *
tidy_spans (const char *caption, const Span *spans, guint n, GError **error)
{
  g_autoptr (GArray) sorted = g_array_new (FALSE, FALSE, sizeof (Span));
  GArray *tidy = g_array_new (FALSE, FALSE, sizeof (Span));
  gint64 length = g_utf8_strlen (caption, -1);

  g_array_append_vals (sorted, spans, n);
  g_array_sort (sorted, compare_spans);
  for (guint i = 0; i < n; i++)
    {
      Span *span = &g_array_index (sorted, Span, i);
      Span *last = tidy->len > 0 ? &g_array_index (tidy, Span, tidy->len - 1) : NULL;

      if (span->first < 0 || span->last <= span->first || span->last > length)
        {
          g_array_unref (tidy);
          project_fail (error, PROJECT_ERROR_USAGE, "Characters %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " do not lie in the "
                        "caption, which has %" G_GINT64_FORMAT ".", span->first, span->last, length);
          return NULL;
        }
      if (last != NULL && span->first <= last->last)
        last->last = MAX (last->last, span->last);
      else
        g_array_append_vals (tidy, span, 1);
    }
  if (tidy->len > 0)
    return tidy;
  g_array_unref (tidy);
  project_fail (error, PROJECT_ERROR_USAGE, "A phrase of a caption needs at least one character of it.");
  return NULL;
}

static char *
spans_text (const char *caption, const GArray *spans)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < spans->len; i++)
    {
      const Span *span = &g_array_index (spans, Span, i);
      const char *first = g_utf8_offset_to_pointer (caption, span->first);
      const char *last = g_utf8_offset_to_pointer (first, span->last - span->first);

      if (i > 0)
        g_string_append_c (text, ' ');
      g_string_append_len (text, first, last - first);
    }
  return g_string_free (text, FALSE);
}

/* As imports know a phrase again: by the caption's text and the spans. */
static gint64
spans_identity (const char *caption, const GArray *spans, gint64 own)
{
  g_autoptr (GString) bytes = g_string_new (caption);

  g_string_append_c (bytes, '\0');
  for (guint i = 0; i < spans->len; i++)
    {
      const Span *span = &g_array_index (spans, Span, i);

      g_string_append_printf (bytes, "%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT ",", span->first, span->last);
    }
  if (own != 0)
    g_string_append_printf (bytes, "own %" G_GINT64_FORMAT, own);
  return project_identity ("span", bytes->str, bytes->len);
}

static gboolean
same_spans (const GArray *a, const GArray *b)
{
  return a->len == b->len && (a->len == 0 || memcmp (a->data, b->data, a->len * sizeof (Span)) == 0);
}

/* Revisions --------------------------------------------------------------------------------------------------------- */

/* A new revision that the phrase does not point at yet; `spans` NULL: detached. */
static gboolean
insert_revision (Record *record, gint64 phrase, const char *text, const GArray *spans, gint64 *revision, GError **error)
{
  *revision = project_id_new ();
  if (!database_run (record->db, PHRASE_REVISION_INSERT, error, "iisisi", *revision, phrase, text, (gint64) (spans == NULL),
                     record->by, record->now))
    return FALSE;
  for (guint i = 0; spans != NULL && i < spans->len; i++)
    {
      const Span *span = &g_array_index (spans, Span, i);

      if (!database_run (record->db, PHRASE_SPAN_INSERT, error, "iiii", *revision, (gint64) i, span->first, span->last))
        return FALSE;
    }
  return TRUE;
}

/* `old_text` NULL: it was not there. */
static gboolean
move_phrase (Record *record, gint64 phrase, const char *old_text, const char *text, const GArray *spans, GError **error)
{
  gint64 revision;

  return insert_revision (record, phrase, text, spans, &revision, error) &&
         record_step (record, "phrase", phrase, revision, error) &&
         (g_strcmp0 (old_text, text) == 0 || search_replace_text (record->db, phrase, old_text, text, error));
}

static gboolean
remove_phrase (Record *record, const Place *place, GError **error)
{
  return record_step (record, "phrase", place->id, 0, error) &&
         search_replace_text (record->db, place->id, place->text, NULL, error);
}

static gboolean
insert_phrase (Record *record, gint64 image, gint64 caption, gint64 identity, gint64 *phrase, GError **error)
{
  *phrase = project_id_new ();
  return database_run (record->db, PHRASE_INSERT, error, "iiIinnnnn", *phrase, image, caption, identity);
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
write_span (Record *record, gint64 phrase, const char *before, const char *after, GError **error)
{
  g_autofree char *old = before != NULL ? text_json (before) : NULL, *new = after != NULL ? text_json (after) : NULL;

  return record_write (record, "span", phrase, old, new, 0, error);
}

typedef struct
{
  gint64 revision, image;
} Copied;

/* Regions of their own for `to`, as those of `from` are. A link cannot be undone, a region can. */
static gboolean
copy_regions (Record *record, gint64 from, gint64 to, GError **error)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (Copied));
  sqlite3_stmt *rows = database_bind (record->db, LINKS_OF_PHRASE, error, "i", from);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (record->db, rows, error)) == SQLITE_ROW)
    {
      Copied one = { column_id (rows, 1), column_id (rows, 2) };

      g_array_append_val (all, one);
    }
  database_rows_end (rows);
  for (guint i = 0; i < all->len && code == SQLITE_DONE; i++)
    {
      const Copied *one = &g_array_index (all, Copied, i);
      gint64 region = project_id_new (), revision = project_id_new ();

      if (!database_run (record->db, REGION_INSERT, error, "iinn", region, one->image) ||
          !database_run (record->db, REGION_REVISION_COPY, error, "iiisi", revision, region, one->revision, record->by,
                         record->now) ||
          !record_step (record, "region", region, revision, error) ||
          !database_run (record->db, LINK_INSERT_OWN, error, "iii", project_id_new (), to, region))
        return FALSE;
    }
  return code == SQLITE_DONE;
}

/* Captions ---------------------------------------------------------------------------------------------------------- */

static gboolean
add_caption (Record *record, gint64 image, const char *text, gint64 *caption, GError **error)
{
  gint64 identity = project_identity ("caption", text, strlen (text)), revision = project_id_new (), entry = 0, shown;
  sqlite3_stmt *rows = database_bind (record->db, CAPTION_FIND, error, "ii", image, identity);
  g_autofree char *state = NULL, *after = text_json (text), *now = NULL;
  gboolean found, visible = FALSE;
  int code;

  if (rows == NULL)
    return FALSE;
  *caption = 0;
  code = database_step (record->db, rows, error);
  if (code == SQLITE_ROW)
    {
      *caption = column_id (rows, 0);
      entry = column_id (rows, 1);
      state = g_strdup (column_text (rows, 2));
    }
  database_rows_end (rows);
  if ((code != SQLITE_ROW && code != SQLITE_DONE) || !database_get (record->db, IMAGE_IS_SHOWN, &shown, &found, error, "i", image))
    return FALSE;
  if (!found)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no image %" G_GINT64_FORMAT ".", image);
  if (*caption != 0 && (entry == 0 || g_strcmp0 (state, "shown") == 0))
    {
      gint64 of;

      visible = read_caption (record->db, *caption, &of, &now, NULL);
      if (visible && strcmp (now, text) == 0)
        return TRUE; /* it is there */
    }
  if (visible || *caption == 0)
    {
      /* One that was edited since is another caption now: the new one gets an identity of its own. */
      if (visible)
        {
          g_autofree char *key = g_strdup_printf ("%s%cown %" G_GINT64_FORMAT, text, 1, revision);

          identity = project_identity ("caption", key, strlen (key));
        }
      *caption = project_id_new ();
      if (!database_run (record->db, CAPTION_INSERT, error, "iiinnn", *caption, image, identity))
        return FALSE;
    }
  else if (entry != 0)
    {
      /* Taken over from an import that is hidden or not done. What the index has of it goes. */
      gint64 current;

      if (!database_run (record->db, CLAIM_CAPTION, error, "iI", *caption, (gint64) 0) ||
          !database_get (record->db, CAPTION_CURRENT, &current, NULL, error, "i", *caption))
        return FALSE;
      if (g_strcmp0 (state, "hidden") == 0 && current != 0)
        {
          rows = database_bind (record->db, CAPTION_REVISION_TEXT, error, "i", current);
          if (rows == NULL || database_step (record->db, rows, error) != SQLITE_ROW)
            return FALSE;
          now = g_strdup (column_text (rows, 1));
          database_rows_end (rows);
        }
    }
  return database_run (record->db, CAPTION_REVISION_INSERT, error, "iissi", revision, *caption, text, record->by, record->now) &&
         record_step (record, "caption", *caption, revision, error) &&
         search_replace_text (record->db, *caption, visible ? NULL : now, text, error) &&
         record_write (record, "caption", *caption, NULL, after, 0, error);
}

gboolean
project_add_caption (Project *project, gint64 image, const char *text, const char *by, gint64 *caption, GError **error)
{
  Record record;

  if (text == NULL || *text == '\0' || !g_utf8_validate (text, -1, NULL))
    return project_fail (error, PROJECT_ERROR_USAGE, "A caption needs a text in UTF-8.");
  return search_index (project, NULL, NULL, error) && record_begin (&record, project, by, error) &&
         record_end (&record, add_caption (&record, image, text, caption, error), error);
}

static gboolean
delete_caption (Record *record, gint64 caption, GError **error)
{
  g_autoptr (GArray) phrases = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autofree char *text = NULL, *before = NULL;
  sqlite3_stmt *rows;
  gint64 image;
  int code;

  if (!read_caption (record->db, caption, &image, &text, error) ||
      (rows = database_bind (record->db, PHRASES_OF_CAPTION, error, "i", caption)) == NULL)
    return FALSE;
  while ((code = database_step (record->db, rows, error)) == SQLITE_ROW)
    {
      gint64 id = column_id (rows, 0);

      g_array_append_val (phrases, id);
    }
  database_rows_end (rows);
  if (code != SQLITE_DONE)
    return FALSE;
  for (guint i = 0; i < phrases->len; i++)
    {
      g_auto (Place) place = { 0 };

      if (!read_place (record->db, g_array_index (phrases, gint64, i), &place, error) ||
          !move_phrase (record, place.id, place.text, place.text, NULL, error))
        return FALSE;
    }
  before = text_json (text);
  return record_step (record, "caption", caption, 0, error) && search_replace_text (record->db, caption, text, NULL, error) &&
         record_write (record, "caption", caption, before, NULL, 0, error);
}

gboolean
project_delete_caption (Project *project, gint64 caption, const char *by, GError **error)
{
  Record record;

  return search_index (project, NULL, NULL, error) && record_begin (&record, project, by, error) &&
         record_end (&record, delete_caption (&record, caption, error), error);
}

/* Phrases ----------------------------------------------------------------------------------------------------------- */

/* A phrase of that identity: *id 0 if there is none; *place says what it is now (id 0: not there). */
static gboolean
find_phrase (Database *db, gint64 image, gint64 identity, gint64 *id, Place *place, GError **error)
{
  gboolean found;

  *id = 0;
  if (!database_get (db, PHRASE_FIND, id, &found, error, "ii", image, identity))
    return FALSE;
  if (!found)
    *id = 0;
  if (*id != 0 && !read_place (db, *id, place, NULL))
    {
      place_clear (place);
      place->id = 0;
    }
  return TRUE;
}

static gboolean
add_phrase (Record *record, gint64 image, gint64 caption, const char *caption_text, const GArray *spans, gint64 *phrase,
            GError **error)
{
  g_autofree char *text = spans_text (caption_text, spans);
  g_auto (Place) known = { 0 };
  gint64 identity = spans_identity (caption_text, spans, 0), id;

  if (!find_phrase (record->db, image, identity, &id, &known, error))
    return FALSE;
  if (known.id != 0 && known.caption == caption && same_spans (known.spans, spans))
    {
      *phrase = known.id; /* it is there */
      return TRUE;
    }
  /* The identity may be that of a phrase that has other words now, or is not shown: then this is another one. */
  if (id != 0)
    identity = spans_identity (caption_text, spans, project_id_new ());
  return insert_phrase (record, image, caption, identity, phrase, error) &&
         move_phrase (record, *phrase, NULL, text, spans, error) && write_span (record, *phrase, NULL, text, error);
}

static gboolean
add_span_phrase (Record *record, gint64 caption, const Span *spans, guint n, gint64 *phrase, GError **error)
{
  g_autoptr (GArray) tidy = NULL;
  g_autofree char *text = NULL;
  gint64 image;

  return read_caption (record->db, caption, &image, &text, error) && (tidy = tidy_spans (text, spans, n, error)) != NULL &&
         add_phrase (record, image, caption, text, tidy, phrase, error);
}

gboolean
project_add_span_phrase (Project *project, gint64 caption, const Span *spans, guint n, const char *by, gint64 *phrase,
                         GError **error)
{
  Record record;

  return record_begin (&record, project, by, error) &&
         record_end (&record, add_span_phrase (&record, caption, spans, n, phrase, error), error);
}

static gboolean
needs_caption (const Place *place, GError **error)
{
  return place->caption_text != NULL ||
         project_fail (error, PROJECT_ERROR_REFUSED, "The phrase '%s' is not part of a caption.", place->text);
}

static gboolean
set_spans (Record *record, gint64 phrase, const Span *spans, guint n, GError **error)
{
  g_auto (Place) place = { 0 };
  g_autoptr (GArray) tidy = NULL;
  g_autofree char *text = NULL;

  if (!read_place (record->db, phrase, &place, error) || !needs_caption (&place, error) ||
      (tidy = tidy_spans (place.caption_text, spans, n, error)) == NULL)
    return FALSE;
  if (same_spans (tidy, place.spans))
    return TRUE;
  text = spans_text (place.caption_text, tidy);
  return move_phrase (record, phrase, place.text, text, tidy, error) &&
         write_span (record, phrase, place.text, text, error);
}

gboolean
project_set_spans (Project *project, gint64 phrase, const Span *spans, guint n, const char *by, GError **error)
{
  Record record;

  return search_index (project, NULL, NULL, error) && record_begin (&record, project, by, error) &&
         record_end (&record, set_spans (&record, phrase, spans, n, error), error);
}

/* The characters before `at`, and those from it on, without blanks at the cut. */
static void
cut_spans (const char *caption, const GArray *spans, gint64 at, GArray *head, GArray *tail)
{
  for (guint i = 0; i < spans->len; i++)
    {
      Span span = g_array_index (spans, Span, i), left = { span.first, MIN (span.last, at) },
           right = { MAX (span.first, at), span.last };

      while (left.last > left.first && g_unichar_isspace (g_utf8_get_char (g_utf8_offset_to_pointer (caption, left.last - 1))))
        left.last--;
      while (right.last > right.first && g_unichar_isspace (g_utf8_get_char (g_utf8_offset_to_pointer (caption, right.first))))
        right.first++;
      if (left.last > left.first)
        g_array_append_val (head, left);
      if (right.last > right.first)
        g_array_append_val (tail, right);
    }
}

static gboolean
split_phrase (Record *record, gint64 phrase, gint64 at, gint64 *second, GError **error)
{
  g_auto (Place) place = { 0 };
  g_autoptr (GArray) head = g_array_new (FALSE, FALSE, sizeof (Span)), tail = g_array_new (FALSE, FALSE, sizeof (Span));
  g_autofree char *first_text = NULL, *second_text = NULL;
  gint64 identity;

  if (!read_place (record->db, phrase, &place, error) || !needs_caption (&place, error))
    return FALSE;
  cut_spans (place.caption_text, place.spans, at, head, tail);
  if (head->len == 0 || tail->len == 0)
    return project_fail (error, PROJECT_ERROR_USAGE, "The phrase '%s' has no words on both sides of character %" G_GINT64_FORMAT ".",
                         place.text, at);
  first_text = spans_text (place.caption_text, head);
  second_text = spans_text (place.caption_text, tail);
  identity = spans_identity (place.caption_text, tail, project_id_new ());
  return insert_phrase (record, place.image, place.caption, identity, second, error) &&
         move_phrase (record, *second, NULL, second_text, tail, error) && copy_regions (record, phrase, *second, error) &&
         move_phrase (record, phrase, place.text, first_text, head, error) &&
         write_span (record, phrase, place.text, first_text, error);
}

gboolean
project_split_phrase (Project *project, gint64 phrase, gint64 at, const char *by, gint64 *second, GError **error)
{
  Record record;

  return search_index (project, NULL, NULL, error) && record_begin (&record, project, by, error) &&
         record_end (&record, split_phrase (&record, phrase, at, second, error), error);
}

static gboolean
merge_phrases (Record *record, gint64 first, gint64 second, GError **error)
{
  g_auto (Place) a = { 0 }, b = { 0 };
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (Span)), tidy = NULL;
  g_autofree char *text = NULL;

  if (first == second)
    return project_fail (error, PROJECT_ERROR_USAGE, "A phrase cannot be joined with itself.");
  if (!read_place (record->db, first, &a, error) || !read_place (record->db, second, &b, error) ||
      !needs_caption (&a, error) || !needs_caption (&b, error))
    return FALSE;
  if (a.caption != b.caption || a.spans->len == 0 || b.spans->len == 0)
    return project_fail (error, PROJECT_ERROR_REFUSED, "'%s' and '%s' are not words of one caption.", a.text, b.text);
  g_array_append_vals (all, a.spans->data, a.spans->len);
  g_array_append_vals (all, b.spans->data, b.spans->len);
  if ((tidy = tidy_spans (a.caption_text, (const Span *) all->data, all->len, error)) == NULL)
    return FALSE;
  text = spans_text (a.caption_text, tidy);
  return copy_regions (record, second, first, error) && remove_phrase (record, &b, error) &&
         move_phrase (record, first, a.text, text, tidy, error) && write_span (record, first, a.text, text, error);
}

gboolean
project_merge_phrases (Project *project, gint64 first, gint64 second, const char *by, GError **error)
{
  Record record;

  return search_index (project, NULL, NULL, error) && record_begin (&record, project, by, error) &&
         record_end (&record, merge_phrases (&record, first, second, error), error);
}

static gboolean
delete_phrase (Record *record, gint64 phrase, GError **error)
{
  g_auto (Place) place = { 0 };

  return read_place (record->db, phrase, &place, error) && remove_phrase (record, &place, error) &&
         write_span (record, phrase, place.text, NULL, error);
}

gboolean
project_delete_phrase (Project *project, gint64 phrase, const char *by, GError **error)
{
  Record record;

  return search_index (project, NULL, NULL, error) && record_begin (&record, project, by, error) &&
         record_end (&record, delete_phrase (&record, phrase, error), error);
}
