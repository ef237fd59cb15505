/* SPDX-License-Identifier: MIT
 * test-project-write-back.c: files are imported, people change things at random, the changes go back into the files. A
 * fresh import of them must give the same labels; writing back once more must change nothing, as must importing again.
 * The seed is printed; ALIDADE_SEED repeats one, ALIDADE_PROJECTS=1000 asks for so many projects a format. */
#include "database.h"
#include "project-fixture.h"

#include "review.h"

typedef struct
{
  const char *format;
  FixtureRules rules;
  gboolean by_record;  /* the report counts records */
  gboolean flat;       /* of masks and several rings the box alone comes back */
} Case;

static const Case cases[] = {
  { "coco", { .no_holes = TRUE }, TRUE, FALSE },
  { "yolo", { .no_holes = TRUE, .no_parts = TRUE, .no_masks = TRUE }, TRUE, TRUE },
  { "labelme", { 0 }, FALSE, FALSE },
  { "x-anylabeling", { 0 }, FALSE, FALSE },
};

static GPtrArray *
all_images (Project *project)
{
  GPtrArray *images = g_ptr_array_new_with_free_func ((GDestroyNotify) export_image_free);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  sqlite3_stmt *rows = database_bind (project_database (project), IMAGE_LIST, NULL, "ii", (gint64) 0, (gint64) -1);

  while (database_step (project_database (project), rows, NULL) == SQLITE_ROW)
    {
      gint64 id = column_id (rows, 0);

      g_array_append_val (ids, id);
    }
  database_rows_end (rows);
  for (guint i = 0; i < ids->len; i++)
    g_ptr_array_add (images, export_load_image (project, g_array_index (ids, gint64, i), FALSE, NULL));
  return images;
}

/* Changes ---------------------------------------------------------------------------------------------------------- */

static void
random_shape (GRand *rand, const ExportImage *image, Shape *shape)
{
  double x = g_rand_double_range (rand, 0, image->width - 3), y = g_rand_double_range (rand, 0, image->height - 3);
  double w = g_rand_double_range (rand, 1, image->width - x), h = g_rand_double_range (rand, 1, image->height - y);
  int kind = g_rand_int_range (rand, 0, 4);

  if (kind == 0)
    {
      shape_add_point (shape, x, y);
      shape_add_point (shape, x + w, y + h / 3);
      shape_add_point (shape, x + w / 2, y + h);
      shape_end_ring (shape);
      if (g_rand_boolean (rand))
        {
          shape_add_point (shape, x, y);
          shape_add_point (shape, x + w / 4, y);
          shape_add_point (shape, x, y + h / 4);
          shape_end_ring (shape);
        }
      g_assert (shape_finish_polygon (shape, SHAPE_UNION));
    }
  else if (kind == 1)
    {
      g_autofree guint8 *pixels = g_malloc0 ((gsize) image->width * (gsize) image->height);

      for (int j = (int) y; j < (int) (y + h); j++)
        for (int i = (int) x; i < (int) (x + w); i++)
          pixels[j * (gsize) image->width + (gsize) i] = (i + j) % 3 != 0;
      if (!shape_set_bitmap (shape, (guint32) image->width, (guint32) image->height, pixels))
        shape_set_box (shape, x, y, x + w, y + h);
    }
  else
    shape_set_box (shape, x, y, x + w, y + h);
}

static void
change_phrase (Project *project, GRand *rand, const ExportImage *image, const ExportPhrase *phrase)
{
  static const char *const verdicts[] = { "rejected", "absent", "unsure" };
  guint any = phrase->regions->len > 0 ? (guint) g_rand_int_range (rand, 0, (int) phrase->regions->len) : 0;
  const ExportRegion *region = phrase->regions->len > 0 ? phrase->regions->pdata[any] : NULL;
  g_auto (Shape) shape = { 0 };
  Review review = { .phrase = phrase->id, .by = "test", .pass = 1, .region = region != NULL ? region->id : 0 };
  g_autoptr (GError) error = NULL;

  random_shape (rand, image, &shape);
  switch (g_rand_int_range (rand, 0, 10))
    {
    case 0:
      review.verdict = verdicts[g_rand_int_range (rand, 0, G_N_ELEMENTS (verdicts))];
      review.region = 0;
      project_review (project, &review, &error);
      break;
    case 1:
      review.verdict = "accepted";
      if (region != NULL)
        project_review (project, &review, &error);
      break;
    case 2:
      review.verdict = "corrected";
      review.shape = &shape;
      project_review (project, &review, &error);
      break;
    case 3:
    case 4:
      if (region != NULL)
        project_change_region (project, phrase->id, region->id, &shape, "test", &error);
      break;
    case 5:
      if (region != NULL)
        project_change_region (project, phrase->id, region->id, NULL, "test", &error);
      break;
    case 6:
      project_add_region (project, phrase->id, &shape, "test", NULL, &error);
      break;
    case 7:
      {
        g_autofree char *what = NULL;
        g_autoptr (GError) none = NULL;

        project_undo (project, "test", &what, &none);
        break;
      }
    default:
      break;
    }
  g_assert_no_error (error);
}

static void
change_project (Project *project, GRand *rand)
{
  g_autoptr (GPtrArray) images = all_images (project);

  for (guint i = 0; i < images->len; i++)
    {
      const ExportImage *image = images->pdata[i];

      for (guint j = 0; j < image->phrases->len; j++)
        change_phrase (project, rand, image, image->phrases->pdata[j]);
      if (image->phrases->len > 0 && g_rand_int_range (rand, 0, 3) == 0)
        {
          g_autofree char *text = fixture_text (rand);
          g_auto (Shape) shape = { 0 };
          gint64 phrase = 0;

          random_shape (rand, image, &shape);
          g_assert (project_add_phrase (project, image->id, text, "test", &phrase, NULL));
          g_assert (project_add_region (project, phrase, &shape, "test", NULL, NULL));
        }
    }
}

/* Comparing -------------------------------------------------------------------------------------------------------- */

typedef struct
{
  char *key;
  Shape shape;
  gboolean taken;
} Label;

static void
label_free (gpointer data)
{
  Label *label = data;

  g_free (label->key);
  shape_clear (&label->shape);
  g_free (label);
}

static GPtrArray *
all_labels (Project *project)
{
  g_autoptr (GPtrArray) images = all_images (project);
  GPtrArray *labels = g_ptr_array_new_with_free_func (label_free);

  for (guint i = 0; i < images->len; i++)
    {
      const ExportImage *image = images->pdata[i];

      for (guint j = 0; j < image->phrases->len; j++)
        {
          const ExportPhrase *phrase = image->phrases->pdata[j];

          for (guint k = 0; k < phrase->regions->len; k++)
            {
              Label *label = g_new0 (Label, 1);

              label->key = g_strdup_printf ("%s | %s", image->path, phrase->text);
              shape_copy (&((ExportRegion *) phrase->regions->pdata[k])->shape, &label->shape);
              g_ptr_array_add (labels, label);
            }
        }
    }
  return labels;
}

static char *
label_text (const char *what, const Label *label)
{
  return g_strdup_printf ("%s: %s %s [%.17g %.17g %.17g %.17g]", what, label->key, shape_kind_name (label->shape.kind),
                          label->shape.box[0], label->shape.box[1], label->shape.box[2], label->shape.box[3]);
}

/* What is different in the file's labels, or NULL. */
static char *
difference (GPtrArray *of_file, GPtrArray *wanted, gboolean flat)
{
  for (guint i = 0; i < wanted->len; i++)
    ((Label *) wanted->pdata[i])->taken = FALSE;
  for (guint i = 0; i < of_file->len; i++)
    {
      const Label *one = of_file->pdata[i];
      gboolean found = FALSE;

      for (guint j = 0; j < wanted->len && !found; j++)
        {
          Label *other = wanted->pdata[j];

          if (!other->taken && strcmp (one->key, other->key) == 0 && shape_alike (&one->shape, &other->shape, flat))
            found = other->taken = TRUE;
        }
      if (!found)
        return label_text ("too much in the file", one);
    }
  for (guint j = 0; j < wanted->len; j++)
    if (!((Label *) wanted->pdata[j])->taken)
      return label_text ("not in the file", wanted->pdata[j]);
  return NULL;
}

static gboolean
bring_in (Project *project, const char *source, const char *format, const char *images, gint64 *n_new, char **why)
{
  const ImportOptions options = { .format = format, .images = images, .voc_origin = -1, .by = "import" };
  g_auto (ImportReport) report = { 0 };
  g_autoptr (GError) error = NULL;

  if (!project_import (project, source, &options, &report, &error))
    *why = g_strdup_printf ("import: %s", error->message);
  else if (report.n_skipped > 0)
    *why = g_strdup_printf ("skipped: %s", ((ImportSkipped *) report.skipped->pdata[0])->why);
  if (n_new != NULL)
    *n_new = report.new_images + report.new_captions + report.new_phrases + report.new_regions;
  return *why == NULL;
}

static char *
write_back (Project *project, const char *format, ExportReport *report)
{
  const ExportOptions options = { .format = format };
  g_autoptr (GError) error = NULL;

  if (project_write_back (project, &options, report, &error))
    return NULL;
  return g_strdup_printf ("writing back: %s", error->message);
}

/* Something of their own in every annotation, with numbers as nobody else writes them. */
static void
decorate (const char *path, guint *n)
{
  g_autofree char *text = NULL, *all = NULL;
  g_auto (GStrv) parts = NULL;

  g_assert (g_file_get_contents (path, &text, NULL, NULL));
  parts = g_strsplit (text, "\"iscrowd\":0", -1);
  *n = g_strv_length (parts) - 1;
  all = g_strjoinv ("\"iscrowd\":0,\"mine\":{\"\xc3\xa9\": [1, 2.50]}", parts);
  g_assert (g_file_set_contents (path, all, -1, NULL));
}

static char *
check_decoration (const char *path, guint n, const ExportReport *report)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) kept = NULL, verbatim = NULL;

  g_assert (g_file_get_contents (path, &text, NULL, NULL));
  kept = g_strsplit (text, "\"mine\":", -1);
  verbatim = g_strsplit (text, "\"mine\":{\"\xc3\xa9\": [1, 2.50]}", -1);
  if (g_strv_length (kept) - 1 != n - report->removed)
    return g_strdup_printf ("%u of %u unknown keys are left, %d were removed", g_strv_length (kept) - 1, n,
                            (int) report->removed);
  if (g_strv_length (verbatim) - 1 != n - report->removed)
    return g_strdup ("an unknown key was written anew");
  return NULL;
}

/* One project: what is wrong, or NULL. */
static char *
run (const Case *of, GRand *rand, const char *folder, const FixturePicture *pictures, gint64 totals[4])
{
  g_autofree char *manifest = fixture_manifest (rand, pictures, &of->rules), *why = NULL;
  g_autofree char *first = g_build_filename (folder, "first.jsonl", NULL);
  g_autofree char *target = g_build_filename (folder, of->format, NULL);
  g_autofree char *images = g_build_filename (folder, "pictures", NULL);
  g_autoptr (Project) source = project_open_memory (NULL), project = project_open_memory (NULL),
                      fresh = project_open_memory (NULL);
  const ExportOptions options = { .format = of->format, .force = TRUE };
  g_auto (ExportReport) report = { 0 }, back = { 0 }, again = { 0 };
  g_autoptr (GPtrArray) wanted = NULL, got = NULL, later = NULL;
  gboolean coco = strcmp (of->format, "coco") == 0;
  guint n = 0;
  gint64 n_new;

  g_assert (g_file_set_contents (first, manifest, -1, NULL));
  if (!bring_in (source, first, "manifest", NULL, NULL, &why) ||
      !project_export (source, target, &options, &report, NULL))
    return g_strdup_printf ("preparing: %s", why);
  if (coco)
    decorate (target, &n);
  if (!bring_in (project, target, of->format, images, NULL, &why))
    return g_steal_pointer (&why);
  change_project (project, rand);
  wanted = all_labels (project);
  why = write_back (project, of->format, &back);
  totals[0] += back.changed;
  totals[1] += back.added;
  totals[2] += back.removed;
  totals[3] += back.files;
  if (why == NULL && coco)
    why = check_decoration (target, n, &back);
  if (why != NULL || !bring_in (fresh, target, of->format, images, NULL, &why))
    return g_steal_pointer (&why);
  got = all_labels (fresh);
  why = difference (got, wanted, of->flat);
  if (why == NULL)
    why = write_back (project, of->format, &again);
  if (why == NULL && again.files + again.changed + again.added + again.removed > 0)
    why = g_strdup_printf ("again: %d files, %d changed, %d added, %d removed", (int) again.files, (int) again.changed,
                           (int) again.added,
                           (int) again.removed);
  if (why != NULL || !bring_in (project, target, of->format, images, &n_new, &why))
    return g_steal_pointer (&why);
  later = all_labels (project);
  why = difference (later, wanted, FALSE);
  if (why == NULL && n_new > 0)
    why = g_strdup_printf ("importing what was written brought in %d new records", (int) n_new);
  return g_steal_pointer (&why);
}

static guint32
number_from (const char *variable, guint32 otherwise)
{
  const char *text = g_getenv (variable);

  return text != NULL ? (guint32) g_ascii_strtoull (text, NULL, 10) : otherwise;
}

int
main (void)
{
  g_autofree char *folder = fixture_folder (), *images = g_build_filename (folder, "pictures", NULL);
  guint32 seed = number_from ("ALIDADE_SEED", g_random_int ()), n = number_from ("ALIDADE_PROJECTS", 40);
  FixturePicture pictures[FIXTURE_PICTURES];

  g_mkdir (images, 0777);
  fixture_pictures (images, pictures);
  tap_note ("ALIDADE_SEED=%u ALIDADE_PROJECTS=%u", seed, n);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *why = NULL;
      gint64 totals[4] = { 0 };
      guint32 at = 0;

      for (at = 0; at < n && why == NULL; at++)
        {
          g_autoptr (GRand) rand = g_rand_new_with_seed (seed + at);

          why = run (&cases[i], rand, folder, pictures, totals);
        }
      tap_ok (why == NULL && totals[3] > 0 &&
                  (!cases[i].by_record || (totals[0] > 0 && totals[1] > 0 && totals[2] > 0)),
              "/write-back/%s: %u generated projects, %d files, %d records changed, %d added, %d taken out",
              cases[i].format, at, (int) totals[3], (int) totals[0], (int) totals[1], (int) totals[2]);
      if (why != NULL)
        tap_note ("ALIDADE_SEED=%u: %s", seed + at - 1, why);
    }
  fixture_pictures_free (pictures);
  fixture_remove (folder);
  return tap_done ();
}
