/* SPDX-License-Identifier: MIT */
#include "export.h"

#include "database.h"
#include "image-finder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 65536

struct Export
{
  Project *project;
  const Format *format;
  const ExportOptions *options;
  ExportReport *report;
  gint64 last;          /* image id */
  gboolean counted;     /* the first pass is over */
  const char *target;   /* being written */
  json_t *settings;
  char *settings_of;        /* the format of these */
  GHashTable *copies;   /* names taken in the folder of copies */
};

/* Files ---------------------------------------------------------------------------------------------------------- */

struct OutFile
{
  int file;
  char *path;
};

OutFile *
out_file_open (const char *path, GError **error)
{
  OutFile *out;
  int file = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

  if (file < 0)
    {
      project_fail (error, errno == ENOSPC ? PROJECT_ERROR_FULL : PROJECT_ERROR_FAILED, "%s cannot be written: %s",
                    path, g_strerror (errno));
      return NULL;
    }
  out = g_new0 (OutFile, 1);
  out->file = file;
  out->path = g_strdup (path);
  return out;
}

static gboolean
write_fully (OutFile *out, const char *text, gsize length, GError **error)
{
  while (length > 0)
    {
      ssize_t n = write (out->file, text, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return project_fail (error, errno == ENOSPC ? PROJECT_ERROR_FULL : PROJECT_ERROR_FAILED,
                             "%s cannot be written: %s%s", out->path, g_strerror (errno),
                             errno == ENOSPC ? ". Make space and try again" : "");
      text += n;
      length -= n;
    }
  return TRUE;
}

gboolean
out_file_put (OutFile *file, GString *text, gboolean flush, GError **error)
{
  if (text->len < PIECE && !flush)
    return TRUE;
  if (!write_fully (file, text->str, text->len, error))
    return FALSE;
  g_string_truncate (text, 0);
  return TRUE;
}

void
out_file_abandon (OutFile *file)
{
  if (file == NULL)
    return;
  close (file->file);
  g_free (file->path);
  g_free (file);
}

gboolean
out_file_close (OutFile *file, GError **error)
{
  gboolean good = fsync (file->file) == 0;
  int reason = errno;

  if (close (file->file) != 0 && good)
    {
      good = FALSE;
      reason = errno;
    }
  if (!good)
    project_fail (error, reason == ENOSPC ? PROJECT_ERROR_FULL : PROJECT_ERROR_FAILED, "%s cannot be written: %s",
                  file->path, g_strerror (reason));
  g_free (file->path);
  g_free (file);
  return good;
}

gboolean
out_file_write (const char *path, const char *text, gssize length, GError **error)
{
  OutFile *file = out_file_open (path, error);

  if (file == NULL)
    return FALSE;
  if (write_fully (file, text, length < 0 ? strlen (text) : (gsize) length, error))
    return out_file_close (file, error);
  out_file_abandon (file);
  return FALSE;
}

/* Loading --------------------------------------------------------------------------------------------------------- */

static json_t *
json_column (sqlite3_stmt *rows, int column)
{
  const char *text = column_text (rows, column);

  return text != NULL ? json_loads (text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
}

static void
region_free (gpointer data)
{
  ExportRegion *region = data;

  shape_clear (&region->shape);
  g_free (region->model);
  json_decref (region->extra);
  g_free (region);
}

static void
phrase_free (gpointer data)
{
  ExportPhrase *phrase = data;

  g_free (phrase->text);
  g_array_unref (phrase->spans);
  g_free (phrase->chain);
  json_decref (phrase->types);
  json_decref (phrase->extra);
  g_free (phrase->verdict);
  g_ptr_array_unref (phrase->regions);
  g_free (phrase);
}

static void
caption_free (gpointer data)
{
  ExportCaption *caption = data;

  g_free (caption->text);
  json_decref (caption->extra);
  g_free (caption);
}

void
export_image_free (ExportImage *image)
{
  if (image == NULL)
    return;
  g_free (image->name);
  g_free (image->path);
  json_decref (image->extra);
  g_ptr_array_unref (image->captions);
  g_ptr_array_unref (image->phrases);
  g_free (image);
}

/* By the columns of REGION_COLUMNS; NULL where the row is damaged. */
static ExportRegion *
region_from_row (sqlite3_stmt *rows)
{
  ExportRegion *region = g_new0 (ExportRegion, 1);
  const double box[4] = { sqlite3_column_double (rows, 4), sqlite3_column_double (rows, 5),
                          sqlite3_column_double (rows, 6), sqlite3_column_double (rows, 7) };
  ShapeKind kind;

  region->link = column_id (rows, 0);
  region->id = column_id (rows, 1);
  region->score = sqlite3_column_type (rows, 10) == SQLITE_NULL ? NAN : sqlite3_column_double (rows, 10);
  region->model = g_strdup (column_text (rows, 11));
  region->extra = json_column (rows, 12);
  if (shape_kind_parse (column_text (rows, 3), &kind) && origin_parse (column_text (rows, 9), &region->origin) &&
      shape_from_bytes (&region->shape, kind, box, sqlite3_column_blob (rows, 8), sqlite3_column_bytes (rows, 8)))
    return region;
  region_free (region);
  return NULL;
}

static gboolean
load_regions_of (Database *db, ExportPhrase *phrase, Statement which, gboolean label, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, which, error, "i", phrase->id);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      ExportRegion *region;
      gint64 link = column_id (rows, 0);
      gboolean had = FALSE;

      for (guint i = 0; i < phrase->regions->len && !label; i++)
        had = had || ((ExportRegion *) phrase->regions->pdata[i])->link == link;
      if (had)
        continue;
      region = region_from_row (rows);
      if (region == NULL)
        return project_fail (error, PROJECT_ERROR_DAMAGED,
                             "region %" G_GINT64_FORMAT " is damaged; run 'alidade check'", column_id (rows, 1));
      region->label = label;
      /* A proposal is another model's or a map's that nobody decided on. */
      if (!label && region->origin != ORIGIN_MAP && region->origin != ORIGIN_DETECTOR)
        region_free (region);
      else
        g_ptr_array_add (phrase->regions, region);
    }
  return code == SQLITE_DONE;
}

static gboolean
load_spans (Database *db, ExportPhrase *phrase, gint64 revision, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, SPANS, error, "i", revision);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      const Span span = { column_id (rows, 0), column_id (rows, 1) };

      g_array_append_val (phrase->spans, span);
    }
  return code == SQLITE_DONE;
}

static gboolean
load_verdict (Database *db, ExportPhrase *phrase, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, VERDICT_OF_PHRASE, error, "i", phrase->id);
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  if (code == SQLITE_ROW && sqlite3_column_int (rows, 2) == 0)
    phrase->verdict = g_strdup (column_text (rows, 1));
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* The phrases with their texts alone. */
static gboolean
list_phrases (Database *db, ExportImage *image, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, PHRASES_OF_IMAGE, error, "i", image->id);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      ExportPhrase *phrase = g_new0 (ExportPhrase, 1);

      phrase->id = column_id (rows, 0);
      phrase->caption = column_id (rows, 1);
      phrase->text = g_strdup (column_text (rows, 2));
      phrase->revision = column_id (rows, 4);
      phrase->types = json_column (rows, 5);
      phrase->extra = json_column (rows, 6);
      phrase->chain = g_strdup (column_text (rows, 7));
      phrase->spans = g_array_new (FALSE, FALSE, sizeof (Span));
      phrase->regions = g_ptr_array_new_with_free_func (region_free);
      g_ptr_array_add (image->phrases, phrase);
    }
  return code == SQLITE_DONE;
}

static gboolean
fill_phrase (Database *db, ExportPhrase *phrase, gboolean proposals, GError **error)
{
  if (!load_spans (db, phrase, phrase->revision, error) || !load_verdict (db, phrase, error) ||
      !load_regions_of (db, phrase, LABELS_OF_PHRASE, TRUE, error))
    return FALSE;
  return !proposals || (phrase->verdict != NULL && strcmp (phrase->verdict, "unsure") != 0) ||
         load_regions_of (db, phrase, REGIONS_OF_PHRASE, FALSE, error);
}

static gboolean
load_phrases (Database *db, ExportImage *image, gboolean proposals, GError **error)
{
  if (!list_phrases (db, image, error))
    return FALSE;
  for (guint i = 0; i < image->phrases->len; i++)
    if (!fill_phrase (db, image->phrases->pdata[i], proposals, error))
      return FALSE;
  return TRUE;
}

static gboolean
load_captions (Database *db, ExportImage *image, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, CAPTIONS_OF_IMAGE, error, "i", image->id);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      ExportCaption *caption = g_new0 (ExportCaption, 1);

      caption->id = column_id (rows, 0);
      caption->text = g_strdup (column_text (rows, 1));
      caption->extra = json_column (rows, 2);
      g_ptr_array_add (image->captions, caption);
    }
  return code == SQLITE_DONE;
}

/* Takes the row of IMAGE_NEXT or IMAGE_GET. */
static ExportImage *
image_from_row (sqlite3_stmt *rows)
{
  ExportImage *image = g_new0 (ExportImage, 1);
  g_autofree char *root = g_strndup (sqlite3_column_blob (rows, 2), sqlite3_column_bytes (rows, 2));

  image->id = column_id (rows, 0);
  image->name = g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1));
  image->path = g_build_filename (root, image->name, NULL);
  image->width = sqlite3_column_double (rows, 3);
  image->height = sqlite3_column_double (rows, 4);
  image->orientation = sqlite3_column_int (rows, 5);
  image->extra = json_column (rows, 7);
  image->captions = g_ptr_array_new_with_free_func (caption_free);
  image->phrases = g_ptr_array_new_with_free_func (phrase_free);
  return image;
}

static ExportImage *
load_image (Database *db, Statement which, gint64 id, gboolean proposals, GError **error)
{
  sqlite3_stmt *rows = database_bind (db, which, error, "i", id);
  g_autoptr (ExportImage) image = NULL;

  if (rows == NULL)
    return NULL;
  if (database_step (db, rows, error) == SQLITE_ROW)
    image = image_from_row (rows);
  database_rows_end (rows);
  if (image == NULL || !load_captions (db, image, error) || !load_phrases (db, image, proposals, error))
    return NULL;
  return g_steal_pointer (&image);
}

ExportImage *
export_load_image (Project *project, gint64 image, gboolean proposals, GError **error)
{
  return load_image (project_database (project), IMAGE_GET, image, proposals, error);
}

/* What formats ask for --------------------------------------------------------------------------------------------- */

static gboolean
may_go_on (Export *export, GError **error)
{
  if (g_cancellable_is_cancelled (export->options->cancellable))
    return project_fail (error, PROJECT_ERROR_CANCELLED, "Cancelled; nothing was written.");
  if (export->options->meter != NULL)
    work_meter_add (export->options->meter, 1);
  return TRUE;
}

ExportImage *
export_next (Export *export, GError **error)
{
  ExportImage *image = may_go_on (export, error) ? load_image (project_database (export->project), IMAGE_NEXT,
                                                               export->last, export->options->proposals, error)
                                                 : NULL;

  if (image == NULL)
    {
      export->counted = TRUE;
      return NULL;
    }
  export->last = image->id;
  if (!export->counted)
    {
      export->report->images++;
      export->report->captions += image->captions->len;
      export->report->phrases += image->phrases->len;
      for (guint i = 0; i < image->phrases->len; i++)
        export->report->regions += ((ExportPhrase *) image->phrases->pdata[i])->regions->len;
    }
  return image;
}

ExportImage *
export_next_bare (Export *export, GError **error)
{
  sqlite3_stmt *rows = may_go_on (export, error) ? database_bind (project_database (export->project), IMAGE_NEXT, error,
                                                                  "i", export->last)
                                                 : NULL;
  ExportImage *image = NULL;

  if (rows == NULL)
    return NULL;
  if (database_step (project_database (export->project), rows, error) == SQLITE_ROW)
    {
      image = image_from_row (rows);
      export->last = image->id;
    }
  database_rows_end (rows);
  return image;
}

ExportImage *
export_get_listed (Export *export, gint64 id, GError **error)
{
  Database *db = project_database (export->project);
  sqlite3_stmt *rows = database_bind (db, IMAGE_GET, error, "i", id);
  g_autoptr (ExportImage) image = NULL;

  if (rows == NULL)
    return NULL;
  if (database_step (db, rows, error) == SQLITE_ROW)
    image = image_from_row (rows);
  database_rows_end (rows);
  if (image == NULL || !load_captions (db, image, error) || !list_phrases (db, image, error))
    return NULL;
  return g_steal_pointer (&image);
}

gboolean
export_fill (Export *export, ExportPhrase *phrase, GError **error)
{
  return fill_phrase (project_database (export->project), phrase, export->options->proposals, error);
}

Database *
export_database (Export *export)
{
  return project_database (export->project);
}

const Format *
export_format (const Export *export)
{
  return export->format;
}

ExportReport *
export_report (Export *export)
{
  return export->report;
}

double
edge_distance (double a, double b)
{
  double d = b - a;

  if (a + d == b)
    return d;
  if (a + nextafter (d, INFINITY) == b)
    return nextafter (d, INFINITY);
  if (a + nextafter (d, -INFINITY) == b)
    return nextafter (d, -INFINITY);
  return d;
}

void
export_rewind (Export *export)
{
  export->last = 0;
}

const ExportCaption *
export_caption_of (const ExportImage *image, const ExportPhrase *phrase)
{
  for (guint i = 0; phrase->caption != 0 && i < image->captions->len; i++)
    if (((ExportCaption *) image->captions->pdata[i])->id == phrase->caption)
      return image->captions->pdata[i];
  return NULL;
}

gboolean
export_shape (Export *export, const ExportImage *image, const ExportRegion *region, Shape *shape)
{
  shape_copy (&region->shape, shape);
  if (!export->format->upright || shape_turn (shape, image->orientation, TRUE, image->width, image->height))
    return TRUE;
  export_lost (export, "shapes that cannot be turned upright");
  shape_clear (shape);
  return FALSE;
}

void
export_size (Export *export, const ExportImage *image, double *width, double *height)
{
  gboolean swapped = export->format->upright && image->orientation >= 5;

  *width = swapped ? image->height : image->width;
  *height = swapped ? image->width : image->height;
}

void
export_lost (Export *export, const char *what)
{
  gpointer n = g_hash_table_lookup (export->report->lost, what);

  g_hash_table_replace (export->report->lost, g_strdup (what), GSIZE_TO_POINTER (GPOINTER_TO_SIZE (n) + 1));
}

/* Puts a copy of the picture below TARGET's folder `images`, under its own name. */
static char *
copy_image (Export *export, const ExportImage *image)
{
  g_autofree char *valid = g_utf8_make_valid (image->name, -1);
  g_autofree char *base = g_path_is_absolute (valid) || strstr (valid, "..") != NULL ? g_path_get_basename (valid)
                                                                                    : g_strdup (valid);
  g_autofree char *name = NULL, *to = NULL, *folder = NULL;
  g_autoptr (GFile) from_file = NULL, to_file = NULL;

  if (g_hash_table_contains (export->copies, base))
    name = g_strdup_printf ("images/%" G_GINT64_FORMAT "/%s", image->id, base);
  else
    name = g_strconcat ("images/", base, NULL);
  g_hash_table_add (export->copies, g_steal_pointer (&base));
  to = g_build_filename (export->target, name, NULL);
  folder = g_path_get_dirname (to);
  from_file = g_file_new_for_path (image->path);
  to_file = g_file_new_for_path (to);
  if (g_mkdir_with_parents (folder, 0777) != 0 ||
      (!g_file_test (to, G_FILE_TEST_EXISTS) &&
       !g_file_copy (from_file, to_file, G_FILE_COPY_NONE, NULL, NULL, NULL, NULL)))
    export_lost (export, "pictures that could not be copied");
  return g_steal_pointer (&name);
}

char *
export_image_name (Export *export, const ExportImage *image)
{
  if (export->options->copy_images && export->format->folder)
    return copy_image (export, image);
  if (!g_utf8_validate (image->name, -1, NULL))
    export_lost (export, "names of pictures that are no UTF-8");
  return g_utf8_make_valid (image->name, -1);
}

char *
export_path_beside (const char *target, const char *folder, const char *name, const char *ending)
{
  g_autofree char *stem = g_canonicalize_filename (name, "/"); /* no way out by ".." */
  char *dot = strrchr (stem, '.');

  if (dot != NULL && strchr (dot, '/') == NULL)
    *dot = '\0';
  return g_strconcat (target, "/", folder, stem, ending, NULL);
}

void
export_count_file (Export *export)
{
  export->report->files++;
}

gboolean
export_links (Export *export, const ExportImage *image, ExportLinkFunc link, gpointer user_data, GError **error)
{
  Database *db = project_database (export->project);
  g_autoptr (DatabaseRows) rows = database_bind (db, LINKS_OF_IMAGE, error, "i", image->id);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      g_autoptr (json_t) extra = json_column (rows, 1);

      link (column_id (rows, 0), extra, user_data);
    }
  return code == SQLITE_DONE;
}

const json_t *
export_settings (Export *export, const char *format)
{
  Database *db = project_database (export->project);

  if (export->settings == NULL || g_strcmp0 (export->settings_of, format) != 0)
    {
      sqlite3_stmt *rows = database_bind (db, ENTRY_SETTINGS, NULL, "s", format);

      g_clear_pointer (&export->settings, json_decref);
      export->settings = json_array ();
      g_free (export->settings_of);
      export->settings_of = g_strdup (format);
      while (rows != NULL && database_step (db, rows, NULL) == SQLITE_ROW)
        json_array_append_new (export->settings, json_column (rows, 0));
      if (rows != NULL)
        database_rows_end (rows);
    }
  return export->settings;
}

/* The whole -------------------------------------------------------------------------------------------------------- */

static void
remove_all (const char *path)
{
  GDir *dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *inner = g_build_filename (path, name, NULL);

      remove_all (inner);
    }
  if (dir != NULL)
    g_dir_close (dir);
  g_remove (path);
}

static gboolean
sync_path (const char *path, GError **error)
{
  int file = open (path, O_RDONLY | O_CLOEXEC);

  if (file < 0)
    return project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be opened: %s", path, g_strerror (errno));
  fsync (file);
  close (file);
  return TRUE;
}

/* What the old folder holds beside labels and what the new one holds as well: --force is no leave to remove it. The
 * caller frees; NULL: nothing. */
static char *
foreign_file (const char *old, const char *new)
{
  static const char *const labels[] = { ".json", ".jsonl", ".xml", ".txt", ".yaml", ".p" };
  GDir *dir = g_file_test (old, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (old, 0, NULL);
  char *found = NULL;
  const char *name;

  if (dir == NULL)
    {
      for (guint i = 0; i < G_N_ELEMENTS (labels); i++)
        if (g_str_has_suffix (old, labels[i]))
          return NULL;
      return g_file_test (new, G_FILE_TEST_EXISTS) ? NULL : g_strdup (old);
    }
  while (found == NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *inner = g_build_filename (old, name, NULL), *counterpart = g_build_filename (new, name, NULL);

      found = foreign_file (inner, counterpart);
    }
  g_dir_close (dir);
  return found;
}

/* Whether the format's kind of thing may stand at `target`, where something else may stand already. */
static gboolean
check_target (const char *target, const ExportOptions *options, gboolean folder, GError **error)
{
  if (!g_file_test (target, G_FILE_TEST_EXISTS))
    {
      g_autofree char *parent = g_path_get_dirname (target);

      return g_file_test (parent, G_FILE_TEST_IS_DIR) ||
             project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no folder %s for %s.", parent, target);
    }
  if (folder && !g_file_test (target, G_FILE_TEST_IS_DIR))
    return project_fail (error, PROJECT_ERROR_EXISTS, "%s is no folder, but '%s' writes one; name another.", target,
                         options->format);
  if (!folder && !g_file_test (target, G_FILE_TEST_IS_REGULAR))
    return project_fail (error, PROJECT_ERROR_EXISTS, "%s is no file, but '%s' writes one; name a file%s.", target,
                         options->format, g_file_test (target, G_FILE_TEST_IS_DIR) ? " in it" : "");
  return options->force ||
         project_fail (error, PROJECT_ERROR_EXISTS, "%s is there already; --force replaces it.", target);
}

static gboolean
check_loss (const char *beside, const char *target, GError **error)
{
  gboolean old = g_file_test (target, G_FILE_TEST_IS_DIR) && !g_file_test (target, G_FILE_TEST_IS_SYMLINK);
  g_autofree char *foreign = old ? foreign_file (target, beside) : NULL;
  g_autofree char *shown = foreign != NULL ? g_filename_display_name (foreign) : NULL;

  return foreign == NULL ||
         project_fail (error, PROJECT_ERROR_EXISTS, "%s holds %s, which is no label file and would be lost; name another "
                       "folder, or take it away.", target, shown);
}

/* The new one takes the place of the old one; there is always one of them. */
static gboolean
put_in_place (const char *beside, const char *target, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (target);
  gboolean old_folder = g_file_test (target, G_FILE_TEST_IS_DIR) && !g_file_test (target, G_FILE_TEST_IS_SYMLINK);
  gboolean new_folder = g_file_test (beside, G_FILE_TEST_IS_DIR);

  if ((old_folder || new_folder) && g_file_test (target, G_FILE_TEST_EXISTS))
    {
      if (renameat2 (AT_FDCWD, beside, AT_FDCWD, target, RENAME_EXCHANGE) == 0)
        {
          remove_all (beside);
          return sync_path (parent, error);
        }
      remove_all (target);
    }
  if (g_rename (beside, target) != 0)
    return project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be named %s: %s", beside, target, g_strerror (errno));
  return sync_path (parent, error);
}

static void
export_init (Export *export)
{
  export->report->lost = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  export->report->format = export->format->name;
  export->report->keeps_not = export->format->keeps_not;
  export->copies = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

static void
export_clear (Export *export)
{
  g_clear_pointer (&export->copies, g_hash_table_unref);
  json_decref (export->settings);
  g_free (export->settings_of);
}

void
export_report_clear (ExportReport *report)
{
  g_clear_pointer (&report->lost, g_hash_table_unref);
}

static const Format *
find_format (const ExportOptions *options, GError **error)
{
  const Format *format = options->format != NULL ? format_find (options->format) : NULL;

  if (format == NULL)
    project_fail (error, PROJECT_ERROR_USAGE, "There is no format '%s'.",
                  options->format != NULL ? options->format : "");
  return format;
}

gboolean
project_export (Project *project, const char *target, const ExportOptions *options, ExportReport *report,
                GError **error)
{
  Export export = { .project = project, .options = options, .report = report };
  Database *db = project_database (project);
  g_autofree char *beside = NULL, *trimmed = g_strdup (target);
  gboolean good;

  while (strlen (trimmed) > 1 && g_str_has_suffix (trimmed, "/"))
    trimmed[strlen (trimmed) - 1] = '\0';
  export.format = find_format (options, error);
  if (export.format == NULL)
    return FALSE;
  if (export.format->write == NULL)
    return project_fail (error, PROJECT_ERROR_USAGE, "Exporting as '%s' is not yet possible.", export.format->name);
  if (options->copy_images && !export.format->folder)
    return project_fail (error, PROJECT_ERROR_USAGE,
                         "--copy-images needs a format that writes a folder; '%s' writes one file.",
                         export.format->name);
  if (!check_target (trimmed, options, export.format->folder, error))
    return FALSE;
  beside = g_strdup_printf ("%s.part-%d", trimmed, (int) getpid ());
  export.target = beside;
  export_init (&export);
  if (export.format->folder && g_mkdir (beside, 0777) != 0)
    good = project_fail (error, PROJECT_ERROR_FAILED, "The folder %s cannot be made: %s", beside, g_strerror (errno));
  else
    {
      /* One snapshot for all passes. */
      good = database_exec (db, "BEGIN", error) && export.format->write (&export, beside, error);
      database_rollback (db);
      good = good && check_loss (beside, trimmed, error) && put_in_place (beside, trimmed, error);
      if (!good)
        remove_all (beside);
    }
  export_clear (&export);
  return good;
}

/* No file says where it came from closely enough: captions that were edited here are not in the files. */
static gboolean
count_edited_captions (Export *export, GError **error)
{
  gint64 n;

  if (!database_get (project_database (export->project), CAPTIONS_EDITED, &n, NULL, error, "s", export->format->name))
    return FALSE;
  for (; n > 0; n--)
    export_lost (export, "captions that were edited here");
  return TRUE;
}

gboolean
project_write_back (Project *project, const ExportOptions *options, ExportReport *report, GError **error)
{
  Export export = { .project = project, .options = options, .report = report };
  Database *db = project_database (project);
  gboolean good;

  export.format = find_format (options, error);
  if (export.format == NULL)
    return FALSE;
  if (export.format->write_back == NULL)
    return project_fail (error, PROJECT_ERROR_USAGE, "Writing back into '%s' is not yet possible.",
                         export.format->name);
  export_init (&export);
  good = database_exec (db, "BEGIN", error) && export.format->write_back (&export, error) &&
         count_edited_captions (&export, error);
  database_rollback (db);
  export_clear (&export);
  return good;
}
