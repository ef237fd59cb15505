/* SPDX-License-Identifier: MIT
 * test-project-formats.c: import -> export -> import of generated projects, for every format. What a format drops stands
 * in its row below; anything else that differs fails. The seed is printed; ALIDADE_SEED repeats one,
 * ALIDADE_PROJECTS=1000 asks for so many projects a format. */
#include "project-fixture.h"

typedef struct
{
  const char *format;
  FixtureRules rules;
  /* What the format drops */
  gboolean bare_phrases;   /* phrases without regions */
  gboolean spans;          /* which caption a phrase lies in */
  gboolean captions;       /* captions themselves */
  gboolean unused_captions;/* captions without phrases */
  gboolean empty_images;   /* images with nothing on them */
  gboolean regions;
  gboolean phrases;
  gboolean detector;       /* comes back as another model's */
  gboolean fill;           /* the rule of filling, of one ring */
  double tolerance;        /* pixels */
} Case;

/* x + (x2 - x) is not always x2 in floating point. */
#define XYWH 1e-10

static const Case cases[] = {
  { "manifest" },
  { "coco", .rules = { .no_holes = TRUE }, .bare_phrases = TRUE, .tolerance = XYWH },
  { "coco-captions", .phrases = TRUE },
  { "visual-genome", .rules = { .boxes = TRUE }, .bare_phrases = TRUE, .spans = TRUE, .captions = TRUE,
    .tolerance = XYWH },
  { "albef", .spans = TRUE, .regions = TRUE, .empty_images = TRUE },
  { "amc", .rules = { .boxes = TRUE }, .bare_phrases = TRUE, .spans = TRUE, .captions = TRUE, .empty_images = TRUE },
  { "voc", .rules = { .boxes = TRUE }, .bare_phrases = TRUE, .spans = TRUE, .captions = TRUE, .tolerance = XYWH },
  { "cvat", .rules = { .no_holes = TRUE, .no_parts = TRUE }, .bare_phrases = TRUE, .spans = TRUE, .captions = TRUE, .fill = TRUE,
    .tolerance = XYWH },
  { "yolo", .rules = { .no_holes = TRUE, .no_parts = TRUE, .no_masks = TRUE }, .bare_phrases = TRUE, .spans = TRUE, .captions = TRUE,
    .fill = TRUE, .tolerance = 1e-9 },
  { "flickr30k-entities", .rules = { .boxes = TRUE, .captions = TRUE }, .tolerance = XYWH },
  { "refcoco", .rules = { .no_holes = TRUE }, .bare_phrases = TRUE, .spans = TRUE, .captions = TRUE, .tolerance = XYWH },
  { "labelme", .tolerance = XYWH },
  { "x-anylabeling", .tolerance = XYWH },
  { "label-studio", .tolerance = 1e-9 },
  { "odvg", .rules = { .boxes = TRUE }, .bare_phrases = TRUE },
};

/* One line for each thing, in the order of the project; regions with their shape. */
typedef struct
{
  char *key;
  Shape shape;
} Thing;

static void
thing_free (gpointer data)
{
  Thing *thing = data;

  g_free (thing->key);
  shape_clear (&thing->shape);
  g_free (thing);
}

static void
add_thing (GPtrArray *things, const Shape *shape, char *key)
{
  Thing *thing = g_new0 (Thing, 1);

  thing->key = key;
  if (shape != NULL)
    shape_copy (shape, &thing->shape);
  g_ptr_array_add (things, thing);
}

static int
compare_things (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(Thing *const *) a)->key, (*(Thing *const *) b)->key);
}

static void
describe_phrase (GPtrArray *things, const ExportImage *image, const ExportPhrase *phrase, const Case *of)
{
  const ExportCaption *caption = of->spans ? NULL : export_caption_of (image, phrase);
  g_autoptr (GString) name = g_string_new (NULL);

  g_string_printf (name, "%s | %s |", image->path, caption != NULL ? caption->text : "-");
  for (guint i = 0; caption != NULL && i < phrase->spans->len; i++)
    {
      const Span *span = &g_array_index (phrase->spans, Span, i);

      g_string_append_printf (name, " %d-%d", (int) span->first, (int) span->last);
    }
  g_string_append_printf (name, " | %s", phrase->text);
  if (phrase->regions->len > 0 || !of->bare_phrases)
    add_thing (things, NULL, g_strdup_printf ("phrase %s", name->str));
  for (guint i = 0; i < phrase->regions->len && !of->regions; i++)
    {
      const ExportRegion *region = phrase->regions->pdata[i];

      if (of->fill)
        ((ExportRegion *) region)->shape.fill = SHAPE_EVENODD;
      add_thing (things, &region->shape, g_strdup_printf ("region %s %s", name->str, of->detector ? "" : origin_name (region->origin)));
    }
}

static gboolean
caption_is_used (const ExportImage *image, const ExportCaption *caption, const Case *of)
{
  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      if (phrase->caption == caption->id && (phrase->regions->len > 0 || !of->bare_phrases))
        return TRUE;
    }
  return FALSE;
}

static GPtrArray *
describe (Project *project, const Case *of)
{
  GPtrArray *things = g_ptr_array_new_with_free_func (thing_free);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  Database *db = project_database (project);
  sqlite3_stmt *rows = database_bind (db, IMAGE_LIST, NULL, "ii", (gint64) 0, (gint64) -1);

  while (database_step (db, rows, NULL) == SQLITE_ROW)
    {
      gint64 id = column_id (rows, 0);

      g_array_append_val (ids, id);
    }
  database_rows_end (rows);
  for (guint i = 0; i < ids->len; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (ExportImage) image = export_load_image (project, g_array_index (ids, gint64, i), TRUE, &error);

      g_assert_no_error (error);
      if (!of->empty_images)
        add_thing (things, NULL, g_strdup_printf ("image %s %g %g %d", image->path, image->width, image->height, image->orientation));
      for (guint j = 0; j < image->captions->len && !of->captions; j++)
        {
          const ExportCaption *caption = image->captions->pdata[j];

          if (!of->unused_captions || caption_is_used (image, caption, of))
            add_thing (things, NULL, g_strdup_printf ("caption %s | %s", image->path, caption->text));
        }
      for (guint j = 0; j < image->phrases->len && !of->phrases; j++)
        describe_phrase (things, image, image->phrases->pdata[j], of);
    }
  /* Equal phrases merge where spans are dropped: one of each line counts, regions keep their order. */
  g_ptr_array_sort (things, compare_things);
  for (guint i = things->len; i-- > 1;)
    if (strncmp (((Thing *) things->pdata[i])->key, "region", 6) != 0 && compare_things (&things->pdata[i], &things->pdata[i - 1]) == 0)
      g_ptr_array_remove_index (things, i);
  return things;
}

/* The first difference as a text, or NULL. Regions under one key come in any order. */
static char *
difference (GPtrArray *a, GPtrArray *b, double tolerance)
{
  g_autofree gboolean *taken = g_new0 (gboolean, b->len + 1);

  for (guint i = 0; i < a->len; i++)
    {
      const Thing *one = a->pdata[i];
      gboolean found = FALSE;

      for (guint j = 0; j < b->len && !found; j++)
        {
          const Thing *other = b->pdata[j];

          if (!taken[j] && strcmp (one->key, other->key) == 0 && shape_near (&one->shape, &other->shape, tolerance))
            found = taken[j] = TRUE;
        }
      if (!found)
        return g_strdup_printf ("lost: %s %s [%.17g %.17g %.17g %.17g]", one->key, shape_kind_name (one->shape.kind), one->shape.box[0],
                                one->shape.box[1], one->shape.box[2], one->shape.box[3]);
    }
  for (guint j = 0; j < b->len; j++)
    if (!taken[j])
      {
        const Thing *other = b->pdata[j];

        return g_strdup_printf ("new: %s %s [%.17g %.17g %.17g %.17g]", other->key, shape_kind_name (other->shape.kind),
                                other->shape.box[0], other->shape.box[1], other->shape.box[2], other->shape.box[3]);
      }
  return NULL;
}

static gboolean
bring_in (Project *project, const char *source, const char *format, const char *images, char **why)
{
  const ImportOptions options = { .format = format, .images = images, .voc_origin = -1, .by = "test" };
  g_auto (ImportReport) report = { 0 };
  g_autoptr (GError) error = NULL;

  if (!project_import (project, source, &options, &report, &error))
    *why = g_strdup_printf ("import: %s", error->message);
  else if (report.n_skipped > 0)
    {
      const ImportSkipped *skipped = report.skipped->pdata[0];

      *why = g_strdup_printf ("skipped %s: %s", skipped->where, skipped->why);
    }
  return *why == NULL;
}

/* One project there and back; what is wrong, or NULL. */
static char *
there_and_back (const Case *of, GRand *rand, const char *folder, const FixturePicture *pictures)
{
  g_autofree char *manifest = fixture_manifest (rand, pictures, &of->rules), *why = NULL;
  g_autofree char *first = g_build_filename (folder, "first.jsonl", NULL), *target = g_build_filename (folder, "target", NULL);
  g_autofree char *images = g_build_filename (folder, "pictures", NULL);
  g_autoptr (Project) before = project_open_memory (NULL), after = project_open_memory (NULL);
  const ExportOptions options = { .format = of->format, .force = TRUE };
  g_auto (ExportReport) report = { 0 };
  g_autoptr (GPtrArray) a = NULL, b = NULL, c = NULL;
  g_autoptr (GError) error = NULL;

  g_assert (g_file_set_contents (first, manifest, -1, NULL));
  if (!bring_in (before, first, "manifest", NULL, &why))
    return g_steal_pointer (&why);
  if (!project_export (before, target, &options, &report, &error))
    return g_strdup_printf ("export: %s", error->message);
  if (!bring_in (after, target, of->format, images, &why))
    return g_steal_pointer (&why);
  a = describe (before, of);
  b = describe (after, of);
  why = difference (a, b, of->tolerance);
  if (why != NULL)
    return g_steal_pointer (&why);
  /* The same source twice adds nothing. */
  if (!bring_in (after, target, of->format, images, &why))
    return g_steal_pointer (&why);
  c = describe (after, of);
  why = difference (b, c, 0);
  return why != NULL ? g_strdup_printf ("twice: %s", why) : NULL;
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
      guint32 at = 0;

      for (at = 0; at < n && why == NULL; at++)
        {
          g_autoptr (GRand) rand = g_rand_new_with_seed (seed + at);

          why = there_and_back (&cases[i], rand, folder, pictures);
        }
      tap_ok (why == NULL, "/formats/%s: %u generated projects come back", cases[i].format, at);
      if (why != NULL)
        tap_note ("ALIDADE_SEED=%u: %s", seed + at - 1, why);
    }
  fixture_pictures_free (pictures);
  fixture_remove (folder);
  return tap_done ();
}
