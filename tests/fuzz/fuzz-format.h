/* SPDX-License-Identifier: MIT
 * fuzz-format.h: any bytes as the source of an import. The includer defines FUZZ_FORMAT, and for formats that are
 * folders FUZZ_FILE (where in the folder the bytes go) and perhaps FUZZ_BESIDE, FUZZ_BESIDE_TEXT (a fixed file with it)
 * and FUZZ_PICTURE (the name of a picture with it). What is refused must say why; what is accepted must leave a sound
 * project that exports and comes in again. With FUZZ_WRITE_BACK, writing back what nobody changed must change nothing.
 * Where a person changed something, writing back for a second time must change nothing any more. FUZZ_BEFORE_TEXT: a
 * source in FUZZ_BEFORE that every project has imported already. */
#pragma once

#include "database.h"
#include "export.h"
#include "import.h"
#include "project.h"
#include "review.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static char *fuzz_folder;
static char *fuzz_file;

static void
fuzz_clean (void)
{
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", fuzz_folder);

  if (system (command) != 0)
    abort ();
}

/* Memory-backed where there is such a place. */
#ifdef FUZZ_PICTURE
/* A JPEG's markers up to the size of its frame (100 x 80, stored with orientation 6). */
static void
fuzz_put_picture (const char *name)
{
  static const char head[] =
      "\xff\xd8\xff\xe1\0\x22"
      "Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
      "\xff\xc0\0\x11\x08\0\x50\0\x64\3\1\x11\0\2\x11\0\3\x11\0\xff\xda\0\x0c\3\1\0\2\0\3\0\0?\0\0\xff\xd9";
  g_autofree char *path = g_build_filename (fuzz_folder, "in", name, NULL);

  if (!g_file_set_contents (path, head, sizeof head - 1, NULL))
    abort ();
}
#endif

static void
fuzz_prepare (void)
{
  const char *base = access ("/dev/shm", W_OK) == 0 ? "/dev/shm" : g_get_tmp_dir ();
  g_autofree char *parent = NULL;

  fuzz_folder = g_build_filename (base, "alidade-fuzz-XXXXXX", NULL);
  if (g_mkdtemp (fuzz_folder) == NULL)
    abort ();
  atexit (fuzz_clean);
#ifdef FUZZ_FILE
  fuzz_file = g_build_filename (fuzz_folder, "in", FUZZ_FILE, NULL);
#else
  fuzz_file = g_build_filename (fuzz_folder, "in", "source", NULL);
#endif
  parent = g_path_get_dirname (fuzz_file);
  if (g_mkdir_with_parents (parent, 0700) != 0)
    abort ();
#ifdef FUZZ_BESIDE
  {
    g_autofree char *beside = g_build_filename (fuzz_folder, "in", FUZZ_BESIDE, NULL),
                    *above = g_path_get_dirname (beside);

    if (g_mkdir_with_parents (above, 0700) != 0 || !g_file_set_contents (beside, FUZZ_BESIDE_TEXT, -1, NULL))
      abort ();
  }
#endif
#ifdef FUZZ_PICTURE
  fuzz_put_picture (FUZZ_PICTURE);
#endif
}

static void
fuzz_put (const uint8_t *data, size_t size)
{
  int file = open (fuzz_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

  if (file < 0 || write (file, data, size) != (ssize_t) size)
    abort ();
  close (file);
}

static gboolean
fuzz_import (Project *project, const char *source, gint64 *n_new)
{
  const ImportOptions options = { .format = FUZZ_FORMAT, .voc_origin = -1, .by = "fuzz" };
  g_auto (ImportReport) report = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean good = project_import (project, source, &options, &report, &error);

  *n_new = report.new_images + report.new_captions + report.new_phrases + report.new_regions;
  if (!good && (error == NULL || error->message[0] == '\0'))
    abort ();
  return good;
}

static Project *
fuzz_project (void)
{
  Project *project = project_open_memory (NULL);

  if (project == NULL)
    abort ();
#ifdef FUZZ_BEFORE
  {
    const ImportOptions options = { .format = FUZZ_BEFORE, .voc_origin = -1, .by = "fuzz" };
    g_autofree char *path = g_build_filename (fuzz_folder, "before", NULL);
    g_auto (ImportReport) report = { 0 };

    if (!g_file_set_contents (path, FUZZ_BEFORE_TEXT, -1, NULL) ||
        !project_import (project, path, &options, &report, NULL))
      abort ();
  }
#endif
  return project;
}

/* A person moves the newest region, rejects its phrase, or gives it one more. FALSE: there is none. */
static gboolean
fuzz_change (Project *project, unsigned how)
{
  sqlite3_stmt *rows = NULL;
  gint64 phrase = 0, region = 0;
  g_auto (Shape) shape = { 0 };
  Review review = { .verdict = "rejected", .by = "fuzz", .pass = 1 };

  if (sqlite3_prepare_v2 (database_handle (project_database (project)),
                          "SELECT r.phrase, r.region FROM shown_region r JOIN shown_phrase p ON p.id = r.phrase"
                          " JOIN shown_image i ON i.id = p.image ORDER BY r.link DESC LIMIT 1",
                          -1, &rows, NULL) == SQLITE_OK && sqlite3_step (rows) == SQLITE_ROW)
    {
      phrase = column_id (rows, 0);
      region = column_id (rows, 1);
    }
  sqlite3_finalize (rows);
  if (phrase == 0)
    return FALSE;
  shape_set_box (&shape, 1, 2, 5.5, 6.25);
  review.phrase = phrase;
  if (how % 3 == 0 ? !project_review (project, &review, NULL)
      : how % 3 == 1 ? !project_change_region (project, phrase, region, &shape, "fuzz", NULL)
                     : !project_add_region (project, phrase, &shape, "fuzz", NULL, NULL))
    abort ();
  return TRUE;
}

/* Writes back what a person changed, then once more. */
static void
fuzz_back (Project *project)
{
  const ExportOptions options = { .format = FUZZ_FORMAT };
  g_auto (ExportReport) report = { 0 }, again = { 0 };
  g_autoptr (GError) error = NULL;

  if (!project_write_back (project, &options, &report, &error))
    {
      if (error == NULL || error->message[0] == '\0')
        abort ();
      return;
    }
  if (!project_write_back (project, &options, &again, &error))
    abort ();
#ifdef FUZZ_WRITE_BACK
  if (again.files + again.changed + again.added + again.removed > 0)
    abort ();
#endif
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static Project *project;
  static unsigned runs;
  const ExportOptions options = { .format = FUZZ_FORMAT, .force = TRUE };
  g_autofree char *source = NULL, *target = NULL;
  ProjectCounts before = { 0 }, after = { 0 };
  gint64 n_new;

  if (fuzz_folder == NULL)
    fuzz_prepare ();
  /* A new project is dear, so several inputs share one. */
  if (runs++ % 32 == 0)
    g_clear_pointer (&project, project_close);
  if (project == NULL)
    project = fuzz_project ();
#ifdef FUZZ_FILE
  source = g_build_filename (fuzz_folder, "in", NULL);
#else
  source = g_strdup (fuzz_file);
#endif
  target = g_build_filename (fuzz_folder, "out", NULL);
  fuzz_put (data, size);
  if (!project_count (project, &before, NULL))
    abort ();
  if (!fuzz_import (project, source, &n_new))
    {
      if (!project_count (project, &after, NULL) || memcmp (&before, &after, sizeof before) != 0)
        abort (); /* all or nothing */
      return 0;
    }
  /* The same source twice adds nothing. */
  if (runs % 4 == 1 && (!fuzz_import (project, source, &n_new) || n_new > 0))
    abort ();
#ifdef FUZZ_WRITE_BACK
  if (runs % 4 == 0)
    {
      const ExportOptions back = { .format = FUZZ_FORMAT };
      g_auto (ExportReport) report = { 0 };
      g_autoptr (GError) error = NULL;

      /* An import that brings nothing leaves no file to write into. */
      if (!project_write_back (project, &back, &report, &error) &&
          !g_error_matches (error, PROJECT_ERROR, PROJECT_ERROR_NOT_FOUND))
        abort ();
      if (report.files + report.changed + report.added + report.removed > 0)
        abort ();
    }
#endif
  {
    g_auto (ProjectCheck) check = { 0 };
    g_auto (ExportReport) report = { 0 };

    /* Dear, so only now and then; the kept corpus comes first and is looked at whole. */
    if ((runs < 64 || runs % 8 == 0) && (!project_check (project, FALSE, &check, NULL) || !check.sound))
      {
        for (guint i = 0; check.problems != NULL && i < check.problems->len; i++)
          fprintf (stderr, "%s\n", (const char *) g_ptr_array_index (check.problems, i));
        abort ();
      }
    if (runs % 8 == 0 && format_find (FUZZ_FORMAT)->write != NULL &&
        !project_export (project, target, &options, &report, NULL))
      return 0; /* two pictures of one name and such things are refused */
  }
  if (runs % 8 == 4 && format_find (FUZZ_FORMAT)->write_back != NULL && fuzz_change (project, runs / 8))
    {
      fuzz_back (project);
      g_clear_pointer (&project, project_close); /* people's changes are not the next input's */
    }
  return 0;
}
