/* SPDX-License-Identifier: MIT */
#include "import.h"

#include "image-finder.h"
#include "picture-facts.h"
#include "project-id.h"
#include "search.h"

#include <math.h>
#include <string.h>

#define BATCH_MICROSECONDS 4000  /* beside people, who wait for a batch */
#define ALONE_MICROSECONDS 200000 /* nobody can: the writer's lock is ours, and nothing is done between batches */
#define LATE_MICROSECONDS 15000
#define LOG_BYTES (32 << 20)
#define SKIPPED_LIMIT 100000
#define CAPTIONS_KEPT 4096
#define SAME_SHAPE 1e-6 /* pixels: turning there and back rounds */

typedef struct
{
  double width, height;   /* stored grid, 0 unknown */
  int orientation;
  gboolean turn;          /* the file's coordinates are upright ones */
  double file_width, file_height;
} ImageFacts;

typedef struct
{
  gint64 id;
  char *path;
} Root;

typedef enum
{
  KIND_IMAGE,
  KIND_CAPTION,
  KIND_PHRASE,
  KIND_REGION,
  KIND_LINK
} Kind;

struct Import
{
  Project *project;
  Database *db;
  const Format *format;
  const ImportOptions *options;
  ImportReport *report;
  ImageFinder *finder;
  gint64 entry;
  gboolean with_persons;      /* people changed regions before */
  gint64 now;
  gint64 batch_began;         /* monotonic microseconds; 0: no transaction is open */
  GArray *roots;              /* Root */
  GHashTable *names;          /* name in the file -> image id (gint64 *) */
  GHashTable *facts;          /* image id -> ImageFacts */
  GHashTable *captions;       /* caption id -> its imported text */
  GHashTable *coco_images;    /* id text -> image id */
  GHashTable *coco_categories;/* id text -> name */
  json_t *settings;
};

/* Batches ------------------------------------------------------------------------------------------------------- */

static gboolean
batch_end (Import *import, GError **error)
{
  gint64 held;

  if (import->batch_began == 0)
    return TRUE;
  if (!database_commit (import->db, error))
    {
      import->batch_began = 0;
      return FALSE;
    }
  held = g_get_monotonic_time () - import->batch_began;
  import->batch_began = 0;
  import->report->n_batches++;
  import->report->longest_batch = MAX (import->report->longest_batch, held / 1e6);
  if (held > LATE_MICROSECONDS)
    import->report->batches_over++;
  if (import->options->between != NULL)
    import->options->between (import->options->user_data);
  /* A passive checkpoint never resets the log while somebody writes: pause until it is. */
  if (database_log_bytes (import->db) > LOG_BYTES)
    return database_checkpoint (import->db, error);
  return TRUE;
}

/* Before each record. */
static gboolean
batch_go_on (Import *import, GError **error)
{
  gint64 longest = import->options->between != NULL ? BATCH_MICROSECONDS : ALONE_MICROSECONDS;

  if (import->batch_began != 0 && g_get_monotonic_time () - import->batch_began > longest && !batch_end (import, error))
    return FALSE;
  if (import->batch_began != 0)
    return TRUE;
  if (!import_go_on (import, error) || !database_begin (import->db, error))
    return FALSE;
  import->batch_began = g_get_monotonic_time ();
  return TRUE;
}

gboolean
import_go_on (Import *import, GError **error)
{
  if (import->options->cancellable != NULL && g_cancellable_is_cancelled (import->options->cancellable))
    return project_fail (error, PROJECT_ERROR_CANCELLED, "The import was cancelled; nothing changed.");
  return TRUE;
}

/* What formats ask for ------------------------------------------------------------------------------------------- */

const char *
origin_name (RegionOrigin origin)
{
  static const char *const names[] = { "map", "detector", "import", "person" };

  return names[origin];
}

gboolean
origin_parse (const char *name, RegionOrigin *origin)
{
  for (int i = ORIGIN_MAP; i <= ORIGIN_PERSON; i++)
    if (g_strcmp0 (name, origin_name (i)) == 0)
      {
        *origin = i;
        return TRUE;
      }
  return FALSE;
}

void
import_skip (Import *import, const char *where, const char *format, ...)
{
  ImportSkipped *skipped;
  va_list args;

  import->report->n_skipped++;
  if (import->report->skipped->len >= SKIPPED_LIMIT)
    return;
  skipped = g_new0 (ImportSkipped, 1);
  va_start (args, format);
  skipped->why = g_strdup_vprintf (format, args);
  va_end (args);
  skipped->where = g_strdup (where);
  g_ptr_array_add (import->report->skipped, skipped);
}

void
import_note (Import *import, const char *format, ...)
{
  va_list args;

  if (import->report->notes->len >= SKIPPED_LIMIT)
    return;
  va_start (args, format);
  g_ptr_array_add (import->report->notes, g_strdup_vprintf (format, args));
  va_end (args);
}

void
import_count_unused (Import *import, guint n)
{
  import->report->unused += n;
}

ImageFinder *
import_finder (Import *import)
{
  return import->finder;
}

const char *
import_split_by (const Import *import)
{
  return import->options->split_by;
}

int
import_voc_origin (const Import *import)
{
  return import->options->voc_origin;
}

gboolean
import_image_size (Import *import, gint64 image, double *width, double *height)
{
  const ImageFacts *facts = g_hash_table_lookup (import->facts, &image);
  gboolean swapped;

  if (facts == NULL || facts->width <= 0)
    return FALSE;
  swapped = facts->turn && facts->orientation >= 5;
  *width = swapped ? facts->height : facts->width;
  *height = swapped ? facts->width : facts->height;
  return TRUE;
}

void
import_set_settings (Import *import, const json_t *settings)
{
  g_clear_pointer (&import->settings, json_decref);
  import->settings = json_deep_copy (settings);
}

/* Records that are there already --------------------------------------------------------------------------------- */

static gint64 *
id_new (gint64 id)
{
  return g_memdup2 (&id, sizeof id);
}

/* A row found by its identity: ours now if its entry is hidden, or pending from somewhere else. `changed` tells. */
static gboolean
claim (Import *import, Kind kind, gint64 id, gint64 entry, const char *state, gboolean *changed, GError **error)
{
  static const Statement claims[] = { CLAIM_IMAGE, CLAIM_CAPTION, CLAIM_PHRASE, CLAIM_REGION, CLAIM_LINK };
  static const char *const names[] = { "image", "caption", "phrase", "region", "link" };

  *changed = FALSE;
  if (entry == 0 || entry == import->entry || g_strcmp0 (state, "shown") == 0)
    return TRUE;
  *changed = TRUE;
  return database_run (import->db, TAKEN_ADD, error, "isii", import->entry, names[kind], id, entry) &&
         database_run (import->db, claims[kind], error, "ii", id, import->entry);
}

/* Looks up id, entry, state. *id is 0 when there is none. */
static gboolean
find_row (Import *import, Statement which, Kind kind, gint64 parent, gint64 identity, gint64 *id, gboolean *changed,
          GError **error)
{
  sqlite3_stmt *rows = database_bind (import->db, which, error, "ii", parent, identity);
  g_autofree char *state = NULL;
  gint64 entry = 0;
  int code;

  *id = 0;
  *changed = FALSE;
  if (rows == NULL)
    return FALSE;
  code = database_step (import->db, rows, error);
  if (code == SQLITE_ROW)
    {
      *id = column_id (rows, 0);
      entry = column_id (rows, 1);
      state = g_strdup (column_text (rows, 2));
    }
  database_rows_end (rows);
  if (code == SQLITE_DONE)
    return TRUE;
  return code == SQLITE_ROW && claim (import, kind, *id, entry, state, changed, error);
}

/* Pictures ------------------------------------------------------------------------------------------------------- */

static gboolean
load_roots (Import *import, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_statement (import->db, ROOT_ALL, error);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (import->db, rows, error)) == SQLITE_ROW)
    {
      Root root = { column_id (rows, 0), g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1)) };

      g_array_append_val (import->roots, root);
    }
  return code == SQLITE_DONE;
}

static void
root_clear (gpointer data)
{
  g_free (((Root *) data)->path);
}

/* The rest of `path` below `root`, or NULL. */
static const char *
below (const char *path, const char *root)
{
  gsize length = strlen (root);

  if (strcmp (root, "/") == 0)
    return path + 1;
  return strncmp (path, root, length) == 0 && path[length] == '/' && path[length + 1] != '\0' ? path + length + 1 : NULL;
}

static gboolean
root_for (Import *import, const char *path, gint64 *id, const char **rest, GError **error)
{
  const char *wanted = image_finder_folder (import->finder);
  g_autofree char *own = NULL;
  Root root = { 0 };

  if (below (path, wanted) == NULL)
    {
      const Root *best = NULL;

      for (guint i = 0; i < import->roots->len; i++)
        {
          const Root *each = &g_array_index (import->roots, Root, i);

          if (below (path, each->path) != NULL && (best == NULL || strlen (each->path) > strlen (best->path)))
            best = each;
        }
      wanted = best != NULL ? best->path : (own = g_path_get_dirname (path));
    }
  *rest = below (path, wanted);
  if (*rest == NULL)
    return project_fail (error, PROJECT_ERROR_FAILED, "%s is no path of a picture", path);
  for (guint i = 0; i < import->roots->len; i++)
    if (strcmp (g_array_index (import->roots, Root, i).path, wanted) == 0)
      {
        *id = g_array_index (import->roots, Root, i).id;
        return TRUE;
      }
  root.id = *id = project_id_new ();
  root.path = g_strdup (wanted);
  g_array_append_val (import->roots, root);
  return database_run (import->db, ROOT_INSERT, error, "ib", root.id, root.path, (gssize) strlen (root.path));
}

/* The image row at an absolute path, by whatever root; *id 0 if there is none. */
static gboolean
find_image (Import *import, const char *path, gint64 *id, gboolean *was_missing, ImageFacts *facts, gboolean *changed,
            GError **error)
{
  *id = 0;
  *changed = FALSE;
  for (guint i = 0; i < import->roots->len; i++)
    {
      const Root *root = &g_array_index (import->roots, Root, i);
      const char *rest = below (path, root->path);
      g_autofree char *state = NULL;
      sqlite3_stmt *rows;
      gint64 entry;
      int code;

      if (rest == NULL)
        continue;
      rows = database_bind (import->db, IMAGE_FIND, error, "ib", root->id, rest, (gssize) strlen (rest));
      if (rows == NULL)
        return FALSE;
      code = database_step (import->db, rows, error);
      if (code == SQLITE_DONE)
        {
          database_rows_end (rows);
          continue;
        }
      if (code != SQLITE_ROW)
        return FALSE;
      *id = column_id (rows, 0);
      entry = column_id (rows, 1);
      state = g_strdup (column_text (rows, 2));
      *was_missing = g_strcmp0 (column_text (rows, 3), "missing") == 0;
      facts->width = sqlite3_column_double (rows, 4);
      facts->height = sqlite3_column_double (rows, 5);
      facts->orientation = sqlite3_column_int (rows, 6);
      database_rows_end (rows);
      return claim (import, KIND_IMAGE, *id, entry, state, changed, error);
    }
  return TRUE;
}

/* Which grid the file's numbers are of. */
static void
choose_grid (Import *import, const ImportImage *image, ImageFacts *facts)
{
  gboolean swapped = facts->orientation >= 5;
  gboolean fits_stored = image->width == facts->width && image->height == facts->height;
  gboolean fits_upright = swapped ? image->width == facts->height && image->height == facts->width : fits_stored;
  gboolean upright = import->format->upright;

  if (image->width > 0 && image->height > 0 && facts->width > 0)
    {
      if (fits_stored != fits_upright && upright != fits_upright)
        {
          upright = fits_upright;
          import->report->other_grid++;
          import_note (import, "%s: its size by the file, %g x %g, is that of the %s grid, which is used", image->name,
                       image->width, image->height, upright ? "upright" : "stored");
        }
      else if (!fits_stored && !fits_upright)
        import_note (import, "%s: its size by the file is %g x %g, but the picture has %g x %g", image->name, image->width,
                     image->height, facts->width, facts->height);
    }
  facts->turn = upright && facts->orientation > 1;
}

static char *
path_of_missing (Import *import, const char *name)
{
  return g_canonicalize_filename (name, image_finder_folder (import->finder));
}

/* Finds the picture on the disk; *path is where it is, or would be. */
static gboolean
look_for_picture (Import *import, const char *where, const ImportImage *image, char **path)
{
  Found found;

  if (image->beside != NULL && g_file_test (image->beside, G_FILE_TEST_IS_REGULAR))
    {
      *path = g_canonicalize_filename (image->beside, NULL);
      return TRUE;
    }
  found = image->stem != NULL ? image_finder_find_stem (import->finder, image->stem, path)
                              : image_finder_find (import->finder, image->name, path);
  if (found == FOUND_ONE)
    return TRUE;
  if (found == FOUND_SEVERAL)
    import_note (import, "%s: %s lies at two places below %s, so that neither is taken", where, image->name,
                 image_finder_folder (import->finder));
  *path = image->beside != NULL ? g_canonicalize_filename (image->beside, NULL) : path_of_missing (import, image->name);
  return FALSE;
}

static gboolean
insert_image (Import *import, const char *path, const PictureFacts *disk, gboolean there, const ImageFacts *facts,
              const ImportImage *image, gint64 *id, GError **error)
{
  g_autofree char *extra = image->extra != NULL ? json_to_text (image->extra) : NULL;
  const char *rest = NULL;
  gint64 root = 0;

  if (!root_for (import, path, &root, &rest, error))
    return FALSE;
  *id = project_id_new ();
  import->report->new_images++;
  return database_run (import->db, IMAGE_INSERT, error, "iibIIsiiissi", *id, root, rest, (gssize) strlen (rest),
                       there ? disk->size : (gint64) 0, there ? disk->mtime : (gint64) 0, there ? disk->quick_hash : NULL,
                       (gint64) facts->width, (gint64) facts->height, (gint64) facts->orientation, there ? "ok" : "missing",
                       extra, import->entry);
}

static double
sane_size (double size)
{
  return isfinite (size) && size > 0 && size < 1e9 ? floor (size) : 0;
}

gint64
import_image (Import *import, const char *where, const ImportImage *given, GError **error)
{
  ImportImage image = *given;
  g_autofree char *path = NULL, *name = NULL;
  const gint64 *known;
  PictureFacts disk = { 0 };
  ImageFacts facts = { .orientation = 1 };
  gboolean there, was_missing = FALSE, changed;
  gint64 id = 0;

  image.width = sane_size (image.width);
  image.height = sane_size (image.height);
  if (image.name == NULL || *image.name == '\0' || strlen (image.name) > 4096)
    {
      import_skip (import, where, "the picture has no name");
      return 0;
    }
  name = g_strconcat (image.name, "\n", image.beside, NULL);
  known = g_hash_table_lookup (import->names, name);
  if (known != NULL)
    return *known;

  /* The disk first: no person waits for it. */
  if (import->options->between != NULL && !batch_end (import, error))
    return 0;
  there = look_for_picture (import, where, &image, &path) && picture_facts_read (path, &disk);
  if (strcmp (path, "/") == 0)
    {
      import_skip (import, where, "'%s' is no name of a picture", image.name);
      return 0;
    }
  if (!batch_go_on (import, error) || !find_image (import, path, &id, &was_missing, &facts, &changed, error))
    return 0;
  if (id == 0 || was_missing)
    {
      facts.width = there && disk.width > 0 ? disk.width : image.width;
      facts.height = there && disk.height > 0 ? disk.height : image.height;
      facts.orientation = there && disk.width > 0                            ? disk.orientation
                          : image.orientation >= 1 && image.orientation <= 8 ? image.orientation
                                                                             : 1;
    }
  if (id == 0)
    {
      if (!insert_image (import, path, &disk, there, &facts, &image, &id, error))
        return 0;
    }
  else if (changed)
    import->report->new_images++;
  if (was_missing && there &&
      !database_run (import->db, IMAGE_REFRESH, error, "iiisiiis", id, disk.size, disk.mtime, disk.quick_hash,
                     (gint64) facts.width, (gint64) facts.height, (gint64) facts.orientation, "ok"))
    return 0;
  import->report->images++;
  import->report->missing += !there;
  facts.file_width = image.width;
  facts.file_height = image.height;
  choose_grid (import, &image, &facts);
  g_hash_table_insert (import->names, g_steal_pointer (&name), id_new (id));
  g_hash_table_insert (import->facts, id_new (id), g_memdup2 (&facts, sizeof facts));
  return id;
}

/* Captions and phrases ------------------------------------------------------------------------------------------- */

/* Text must be UTF-8 without a NUL; what else it holds is people's own business. */
static gboolean
text_is_good (Import *import, const char *where, const char *what, const char *text)
{
  if (text == NULL || *text == '\0')
    {
      import_skip (import, where, "the %s is empty", what);
      return FALSE;
    }
  if (!g_utf8_validate (text, -1, NULL))
    {
      import_skip (import, where, "the %s is no valid UTF-8", what);
      return FALSE;
    }
  return TRUE;
}

gint64
import_caption (Import *import, const char *where, gint64 image, const char *text, const json_t *extra, GError **error)
{
  g_autofree char *more = NULL;
  gint64 identity, id, revision;
  gboolean changed;

  if (!text_is_good (import, where, "caption", text) || !batch_go_on (import, error))
    return 0;
  identity = project_identity ("caption", text, strlen (text));
  if (!find_row (import, CAPTION_FIND, KIND_CAPTION, image, identity, &id, &changed, error))
    return 0;
  import->report->captions++;
  import->report->new_captions += changed || id == 0;
  if (id == 0)
    {
      id = project_id_new ();
      revision = project_id_new ();
      more = extra != NULL ? json_to_text (extra) : NULL;
      if (!database_run (import->db, CAPTION_INSERT, error, "iiiisi", id, image, identity, revision, more, import->entry) ||
          !database_run (import->db, CAPTION_REVISION_INSERT, error, "iissi", revision, id, text, import->options->by, import->now))
        return 0;
    }
  if (g_hash_table_size (import->captions) >= CAPTIONS_KEPT)
    g_hash_table_remove_all (import->captions);
  g_hash_table_replace (import->captions, id_new (id), g_strdup (text));
  return id;
}

/* The text a caption was imported with, borrowed. */
static const char *
caption_text (Import *import, gint64 caption, GError **error)
{
  char *text = g_hash_table_lookup (import->captions, &caption);

  if (text == NULL)
    {
      sqlite3_stmt *rows = database_bind (import->db, CAPTION_FIRST_TEXT, error, "i", caption);

      if (rows != NULL && database_step (import->db, rows, error) == SQLITE_ROW)
        {
          text = g_strdup (column_text (rows, 1));
          g_hash_table_replace (import->captions, id_new (caption), text);
        }
      if (rows != NULL)
        database_rows_end (rows);
    }
  return text;
}

/* The spans' words joined by spaces; NULL and a skip where a span does not lie in the caption. */
static char *
spans_text (Import *import, const char *where, const char *caption, const ImportPhrase *phrase)
{
  GString *text = g_string_new (NULL);
  gint64 length = g_utf8_strlen (caption, -1);

  for (guint i = 0; i < phrase->n_spans; i++)
    {
      const Span *span = &phrase->spans[i];
      const char *first, *last;

      if (span->first < 0 || span->last > length || span->first >= span->last)
        {
          import_skip (import, where, "characters %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " do not lie in the caption '%.80s'",
                       span->first, span->last, caption);
          g_string_free (text, TRUE);
          return NULL;
        }
      first = g_utf8_offset_to_pointer (caption, span->first);
      last = g_utf8_offset_to_pointer (first, span->last - span->first);
      if (i > 0)
        g_string_append_c (text, ' ');
      g_string_append_len (text, first, last - first);
    }
  return g_string_free (text, FALSE);
}

static gint64
phrase_identity (const char *text, const char *caption, const ImportPhrase *phrase)
{
  g_autoptr (GString) bytes = g_string_new (NULL);

  if (caption == NULL || phrase->n_spans == 0)
    {
      g_string_append (bytes, text);
      g_string_append_c (bytes, '\0');
      g_string_append (bytes, caption != NULL ? caption : "");
      g_string_append_c (bytes, '\0');
      g_string_append (bytes, phrase->key != NULL ? phrase->key : "");
      return project_identity ("phrase", bytes->str, bytes->len);
    }
  g_string_append (bytes, caption);
  g_string_append_c (bytes, '\0');
  for (guint i = 0; i < phrase->n_spans; i++)
    g_string_append_printf (bytes, "%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT ",", phrase->spans[i].first, phrase->spans[i].last);
  return project_identity ("span", bytes->str, bytes->len);
}

static gboolean
find_entity (Import *import, gint64 image, const char *chain, gint64 *id, GError **error)
{
  gboolean found = FALSE;

  *id = 0;
  if (chain == NULL || *chain == '\0')
    return TRUE;
  if (!database_get (import->db, ENTITY_FIND, id, &found, error, "is", image, chain))
    return FALSE;
  if (found)
    return TRUE;
  *id = project_id_new ();
  return database_run (import->db, ENTITY_INSERT, error, "iis", *id, image, chain);
}

static gboolean
insert_phrase (Import *import, const ImportPhrase *phrase, const char *text, gint64 identity, gint64 *id, GError **error)
{
  g_autofree char *types = phrase->types != NULL ? json_to_text (phrase->types) : NULL;
  g_autoptr (json_t) with_key = phrase->key == NULL ? NULL : phrase->extra != NULL ? json_copy ((json_t *) phrase->extra) : json_object ();
  const json_t *all = with_key != NULL ? with_key : phrase->extra;
  g_autofree char *extra = NULL;
  gint64 revision = project_id_new (), entity;

  if (with_key != NULL)
    json_object_set_new (with_key, "key", json_string (phrase->key));
  extra = all != NULL ? json_to_text (all) : NULL;

  *id = project_id_new ();
  if (!find_entity (import, phrase->image, phrase->chain, &entity, error) ||
      !database_run (import->db, PHRASE_INSERT, error, "iiIiiIssi", *id, phrase->image, phrase->caption, identity, revision,
                     entity, types, extra, import->entry) ||
      !database_run (import->db, PHRASE_REVISION_INSERT, error, "iisisi", revision, *id, text,
                     (gint64) (phrase->caption != 0 && phrase->n_spans == 0), import->options->by, import->now))
    return FALSE;
  for (guint i = 0; i < phrase->n_spans; i++)
    if (!database_run (import->db, PHRASE_SPAN_INSERT, error, "iiii", revision, (gint64) i, phrase->spans[i].first,
                       phrase->spans[i].last))
      return FALSE;
  return TRUE;
}

gint64
import_phrase (Import *import, const char *where, const ImportPhrase *phrase, GError **error)
{
  const char *caption = NULL, *text = phrase->text;
  g_autofree char *joined = NULL;
  gint64 identity, id;
  gboolean changed;

  if (!batch_go_on (import, error))
    return 0;
  if (phrase->caption != 0)
    {
      GError *local = NULL;

      caption = caption_text (import, phrase->caption, &local);
      if (caption == NULL)
        {
          if (local != NULL)
            g_propagate_error (error, local);
          else
            import_skip (import, where, "its caption is not there");
          return 0;
        }
      if (phrase->n_spans > 0)
        {
          joined = spans_text (import, where, caption, phrase);
          if (joined == NULL)
            return 0;
          if (text != NULL && strcmp (text, joined) != 0)
            {
              import_skip (import, where, "the phrase '%.80s' is not what its characters in the caption say, '%.80s'", text, joined);
              return 0;
            }
          text = joined;
        }
    }
  if (!text_is_good (import, where, "phrase", text))
    return 0;
  identity = phrase_identity (text, caption, phrase);
  if (!find_row (import, PHRASE_FIND, KIND_PHRASE, phrase->image, identity, &id, &changed, error))
    return 0;
  import->report->phrases++;
  import->report->new_phrases += changed || id == 0;
  if (id == 0 && !insert_phrase (import, phrase, text, identity, &id, error))
    return 0;
  return id;
}

/* Regions -------------------------------------------------------------------------------------------------------- */

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
insert_region (Import *import, const ImportRegion *region, gint64 image, RegionOrigin origin, gint64 *id, GError **error)
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
                       origin_name (origin), (gint64) 0, region->score, region->model, extra, import->options->by, import->now);
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
      return *link == 0 || claim (import, KIND_LINK, *link, entry, state, changed, error);
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
  return code == SQLITE_ROW && claim (import, KIND_REGION, region, entry, state, &changed, error);
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
      const double box[4] = { sqlite3_column_double (rows, 4), sqlite3_column_double (rows, 5), sqlite3_column_double (rows, 6),
                              sqlite3_column_double (rows, 7) };

      if (shape_from_bytes (&shape, kind, box, sqlite3_column_blob (rows, 8), sqlite3_column_bytes (rows, 8)) &&
          shape_near (&shape, region->shape, SAME_SHAPE))
        *id = column_id (rows, 1);
    }
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* A person's region on the phrase with these numbers is this one: the file has been written back. *id 0: there is none. */
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
      const double box[4] = { sqlite3_column_double (rows, 2), sqlite3_column_double (rows, 3), sqlite3_column_double (rows, 4),
                              sqlite3_column_double (rows, 5) };
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
      import_note (import, "%s: its region carries the id of a region on another picture, and is taken as one of its own",
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
  if (!batch_go_on (import, error) || !database_get (import->db, PHRASE_IMAGE, &image, NULL, error, "i", region->phrase))
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
  if (region->link != 0 && !find_linked (import, region, &id, error))
    return 0;
  if (id != 0)
    {
      import->report->regions++;
      return id;
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
          return written;
        }
    }
  if (!shared_here (import, where, region, image, &id, error))
    return 0;
  if (id == 0 && !insert_region (import, region, image, origin, &id, error))
    return 0;
  if (!database_run (import->db, LINK_INSERT, error, "iiiiii", project_id_new (), region->phrase, id, identity, nth, import->entry))
    return 0;
  return id;
}

/* What earlier COCO files said ------------------------------------------------------------------------------------ */

static gboolean
load_coco (Import *import, GError **error)
{
  sqlite3_stmt *rows;
  int code;

  if (import->coco_images != NULL)
    return TRUE;
  import->coco_images = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  import->coco_categories = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  rows = database_statement (import->db, IMAGE_COCO_IDS, error);
  if (rows == NULL)
    return FALSE;
  while ((code = database_step (import->db, rows, error)) == SQLITE_ROW)
    g_hash_table_replace (import->coco_images, g_strdup (column_text (rows, 1)), id_new (column_id (rows, 0)));
  database_rows_end (rows);
  if (code != SQLITE_DONE || (rows = database_statement (import->db, ENTRY_COCO_CATEGORIES, error)) == NULL)
    return FALSE;
  while ((code = database_step (import->db, rows, error)) == SQLITE_ROW)
    {
      g_autoptr (json_t) settings = json_loads (column_text (rows, 0), 0, NULL);
      const json_t *categories = json_object_get (settings, "categories");

      for (gsize i = 0; i < json_array_size (categories); i++)
        {
          const json_t *category = json_array_get (categories, i);
          char *id = json_id_text (json_object_get (category, "id"));

          if (id != NULL && json_text (category, "name") != NULL)
            g_hash_table_replace (import->coco_categories, id, g_strdup (json_text (category, "name")));
          else
            g_free (id);
        }
    }
  database_rows_end (rows);
  return code == SQLITE_DONE;
}

/* Also fills what coordinates need, as import_image() does. */
gint64
import_coco_image (Import *import, const char *id, GError **error)
{
  const gint64 *image;
  sqlite3_stmt *rows;
  ImageFacts facts = { .orientation = 1 };
  int code;

  if (!load_coco (import, error))
    return 0;
  image = id != NULL ? g_hash_table_lookup (import->coco_images, id) : NULL;
  if (image == NULL || g_hash_table_contains (import->facts, image))
    return image != NULL ? *image : 0;
  rows = database_bind (import->db, IMAGE_GET, error, "i", *image);
  if (rows == NULL)
    return 0;
  code = database_step (import->db, rows, error);
  if (code == SQLITE_ROW)
    {
      g_autoptr (json_t) extra = json_loads (column_text (rows, 7) != NULL ? column_text (rows, 7) : "{}", 0, NULL);
      const json_t *coco = json_object_get (extra, "coco");
      ImportImage given = { .name = "", .width = sane_size (json_double (json_object_get (coco, "width"))),
                            .height = sane_size (json_double (json_object_get (coco, "height"))) };

      facts.width = sqlite3_column_double (rows, 3);
      facts.height = sqlite3_column_double (rows, 4);
      facts.orientation = sqlite3_column_int (rows, 5);
      given.name = id;
      choose_grid (import, &given, &facts);
      g_hash_table_insert (import->facts, id_new (*image), g_memdup2 (&facts, sizeof facts));
      import->report->images++;
    }
  database_rows_end (rows);
  return code == SQLITE_ROW ? *image : 0;
}

const char *
import_coco_category (Import *import, const char *id, GError **error)
{
  return id != NULL && load_coco (import, error) ? g_hash_table_lookup (import->coco_categories, id) : NULL;
}

/* The whole ------------------------------------------------------------------------------------------------------- */

static gboolean
begin (Import *import, const char *source, GError **error)
{
  Database *db = import->db;
  gint64 persons;

  if (!database_get (db, JOURNAL_ANY_REGION, &persons, &import->with_persons, error, ""))
    return FALSE;
  import->entry = project_id_new ();
  import->now = project_now ();
  return database_set_durable (db, FALSE, error) && database_exec (db, "PRAGMA wal_autocheckpoint = 0", error) && database_exec (db, "DELETE FROM temp.seen", error) &&
         database_begin (db, error) &&
         database_run (db, ENTRY_INSERT, error, "isssbnsi", import->entry, "import", "pending", import->format->name, source,
                       (gssize) strlen (source), import->options->by, import->now) &&
         database_commit (db, error) && load_roots (import, error);
}

static char *
summary (const ImportReport *report, const char *source)
{
  GString *text = g_string_new ("{");
  g_autofree char *shown = g_filename_display_name (source);

  json_put_name (text, "format");
  json_put_text (text, report->format);
  json_put_name (text, "source");
  json_put_text (text, shown);
  g_string_append_printf (text, ",\"images\":%" G_GINT64_FORMAT ",\"captions\":%" G_GINT64_FORMAT ",\"phrases\":%" G_GINT64_FORMAT
                          ",\"regions\":%" G_GINT64_FORMAT "}", report->new_images, report->new_captions, report->new_phrases,
                          report->new_regions);
  return g_string_free (text, FALSE);
}

/* With the folder of the pictures, for writing back. */
static char *
settings_text (const Import *import)
{
  g_autoptr (json_t) settings = import->settings != NULL ? json_incref (import->settings) : json_object ();

  if (import->options->images != NULL)
    {
      g_autofree char *uri = g_filename_to_uri (image_finder_folder (import->finder), NULL, NULL);

      json_object_set_new (settings, "images", json_string (uri));
    }
  return json_object_size (settings) > 0 ? json_to_text (settings) : NULL;
}

/* The one row that makes everything visible, durable before it returns. */
static gboolean
finish (Import *import, const char *source, GError **error)
{
  const ImportReport *report = import->report;
  g_autofree char *settings = NULL;
  g_autofree char *after = summary (report, source);
  Database *db = import->db;
  gint64 seq;

  if (!batch_end (import, error) || !database_set_durable (db, TRUE, error))
    return FALSE;
  if (report->new_images + report->new_captions + report->new_phrases + report->new_regions == 0)
    {
      gint64 entry = import->entry;

      import->entry = 0;
      return project_purge (import->project, entry, error);
    }
  settings = settings_text (import);
  if (!database_begin (db, error))
    return FALSE;
  if (database_run (db, ENTRY_SET_SETTINGS, error, "is", import->entry, settings) &&
      database_run (db, PROGRESS_START, error, "i", import->entry) &&
      database_get (db, JOURNAL_INSERT, &seq, NULL, error, "issinsn", project_now (), import->options->by, "import", import->entry,
                    after) &&
      database_run (db, ENTRY_SET_STATE, error, "is", import->entry, "shown"))
    return database_commit (db, error);
  database_rollback (db);
  return FALSE;
}

static void
skipped_free (gpointer data)
{
  ImportSkipped *skipped = data;

  g_free (skipped->where);
  g_free (skipped->why);
  g_free (skipped);
}

void
import_report_clear (ImportReport *report)
{
  g_clear_pointer (&report->skipped, g_ptr_array_unref);
  g_clear_pointer (&report->notes, g_ptr_array_unref);
}

static void
import_clear (Import *import)
{
  g_clear_pointer (&import->finder, image_finder_free);
  g_clear_pointer (&import->roots, g_array_unref);
  g_clear_pointer (&import->names, g_hash_table_unref);
  g_clear_pointer (&import->facts, g_hash_table_unref);
  g_clear_pointer (&import->captions, g_hash_table_unref);
  g_clear_pointer (&import->coco_images, g_hash_table_unref);
  g_clear_pointer (&import->coco_categories, g_hash_table_unref);
  g_clear_pointer (&import->settings, json_decref);
}

static void
import_init (Import *import)
{
  import->report->skipped = g_ptr_array_new_with_free_func (skipped_free);
  import->report->notes = g_ptr_array_new_with_free_func (g_free);
  import->roots = g_array_new (FALSE, FALSE, sizeof (Root));
  g_array_set_clear_func (import->roots, root_clear);
  import->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  import->facts = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  import->captions = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
}

gboolean
project_import (Project *project, const char *source, const ImportOptions *options, ImportReport *report, GError **error)
{
  Import import = { .project = project, .db = project_database (project), .options = options, .report = report };
  g_autofree char *absolute = g_canonicalize_filename (source, NULL);
  g_autofree char *parent = g_path_get_dirname (absolute);
  gboolean folder = g_file_test (absolute, G_FILE_TEST_IS_DIR), good;

  import_init (&import);
  import.format = options->format != NULL ? format_find (options->format) : format_guess (absolute, error);
  if (import.format == NULL)
    {
      if (options->format != NULL)
        project_fail (error, PROJECT_ERROR_USAGE, "There is no format '%s'.", options->format);
      import_clear (&import);
      return FALSE;
    }
  report->format = import.format->name;
  import.finder = image_finder_new (options->images != NULL ? options->images : folder ? absolute : parent);
  if (import.format->read == NULL)
    good = project_fail (error, PROJECT_ERROR_USAGE, "Importing '%s' is not yet possible.", import.format->name);
  else if (!g_file_test (absolute, G_FILE_TEST_EXISTS))
    good = project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no %s.", source);
  else if (options->images != NULL && !g_file_test (options->images, G_FILE_TEST_IS_DIR))
    good = project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no folder %s for the pictures.", options->images);
  else
    {
      good = begin (&import, absolute, error) && import.format->read (&import, absolute, error) && finish (&import, absolute, error);
      report->entry = good ? import.entry : 0;
      database_rollback (import.db);
      if (!good && import.entry != 0)
        {
          g_autoptr (GError) purge = NULL;

          /* Where that fails as well, the next writer does it: nobody sees pending rows. */
          if (!project_purge (project, import.entry, &purge))
            g_debug ("purge: %s", purge->message);
        }
      if (good && report->entry != 0)
        good = search_index (project, options->between, options->user_data, error);
    }
  import_clear (&import);
  database_exec (project_database (project), "PRAGMA wal_autocheckpoint = 2000", NULL);
  if (good)
    return database_checkpoint (project_database (project), error);
  return FALSE;
}
