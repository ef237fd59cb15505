/* SPDX-License-Identifier: MIT
 * test-project-formats.c: import -> export -> import of generated projects, for every format. What a format drops
 * stands in its row below; anything else that differs fails. The seed is printed; ALIDADE_SEED repeats one,
 * ALIDADE_PROJECTS=1000 asks for so many projects a format. */
#include "database.h"
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
  gboolean detector;       /* comes back as another model's, with a score of 1 where there was none */
  gboolean fill;           /* the rule of filling, of one ring */
  gboolean chains, types, scores;
  gboolean sharing;        /* that phrases have the same region */
  double tolerance;        /* pixels */
} Case;

/* x + (x2 - x) is not always x2 in floating point. */
#define XYWH 1e-10

#define EXTRAS .rules.extras = TRUE
#define NO_EXTRAS .chains = TRUE, .types = TRUE, .scores = TRUE, .sharing = TRUE

static const Case cases[] = {
  { "manifest", EXTRAS },
  { "coco", EXTRAS, .rules.no_holes = TRUE, .bare_phrases = TRUE, .chains = TRUE, .types = TRUE, .sharing = TRUE,
    .tolerance = XYWH },
  { "coco-results", EXTRAS, .rules.no_holes = TRUE, .bare_phrases = TRUE, .spans = TRUE, .captions = TRUE,
    .chains = TRUE, .types = TRUE, .sharing = TRUE, .detector = TRUE, .tolerance = XYWH },
  { "coco-captions", EXTRAS, .phrases = TRUE },
  { "visual-genome", EXTRAS, .rules.boxes = TRUE, .bare_phrases = TRUE, .spans = TRUE, .captions = TRUE, NO_EXTRAS,
    .tolerance = XYWH },
  { "albef", EXTRAS, .spans = TRUE, .regions = TRUE, .empty_images = TRUE, NO_EXTRAS },
  { "amc", EXTRAS, .rules.boxes = TRUE, .bare_phrases = TRUE, .spans = TRUE, .captions = TRUE, .empty_images = TRUE,
    NO_EXTRAS },
  { "voc", EXTRAS, .rules.boxes = TRUE, .bare_phrases = TRUE, .spans = TRUE, .captions = TRUE, NO_EXTRAS,
    .tolerance = XYWH },
  { "cvat", EXTRAS, .rules.no_holes = TRUE, .rules.no_parts = TRUE, .bare_phrases = TRUE, .spans = TRUE,
    .captions = TRUE, .fill = TRUE, NO_EXTRAS, .tolerance = XYWH },
  { "yolo", EXTRAS, .rules.no_holes = TRUE, .rules.no_parts = TRUE, .rules.no_masks = TRUE, .bare_phrases = TRUE,
    .spans = TRUE, .captions = TRUE, .fill = TRUE, NO_EXTRAS, .tolerance = 1e-9 },
  { "flickr30k-entities", EXTRAS, .rules.boxes = TRUE, .rules.captions = TRUE, .rules.own_chains = TRUE, .scores = TRUE,
    .tolerance = XYWH },
  { "refcoco", EXTRAS, .rules.no_holes = TRUE, .bare_phrases = TRUE, .spans = TRUE, .captions = TRUE, .chains = TRUE,
    .types = TRUE, .scores = TRUE, .tolerance = XYWH },
  { "labelme", EXTRAS, .tolerance = XYWH },
  { "x-anylabeling", EXTRAS, .tolerance = XYWH },
  { "label-studio", EXTRAS, .tolerance = 1e-9 },
  { "odvg", EXTRAS, .rules.boxes = TRUE, .bare_phrases = TRUE, NO_EXTRAS },
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

/* Who a phrase is: as far as the format keeps it. */
static char *
phrase_name (const ExportImage *image, const ExportPhrase *phrase, const Case *of)
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
  return g_string_free (g_steal_pointer (&name), FALSE);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* All phrases that have the region, each once. */
static char *
sharers (const ExportImage *image, gint64 region, const Case *of)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) all = g_string_new (NULL);

  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      for (guint j = 0; j < phrase->regions->len; j++)
        if (((ExportRegion *) phrase->regions->pdata[j])->id == region)
          g_ptr_array_add (names, phrase_name (image, phrase, of));
    }
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    if (i == 0 || strcmp (names->pdata[i], names->pdata[i - 1]) != 0)
      g_string_append_printf (all, " & %s", (char *) names->pdata[i]);
  return g_string_free (g_steal_pointer (&all), FALSE);
}

static void
describe_phrase (GPtrArray *things, const ExportImage *image, const ExportPhrase *phrase, const Case *of,
                 gboolean detector)
{
  g_autofree char *name = phrase_name (image, phrase, of), *types = NULL;

  if (phrase->types != NULL && !of->types)
    types = json_to_text (phrase->types);
  if (phrase->regions->len > 0 || !of->bare_phrases)
    add_thing (things, NULL, g_strdup_printf ("phrase %s chain %s types %s", name,
                                              phrase->chain != NULL && !of->chains ? phrase->chain : "-",
                                              types != NULL && strcmp (types, "[]") != 0 ? types : "-"));
  for (guint i = 0; i < phrase->regions->len && !of->regions; i++)
    {
      const ExportRegion *region = phrase->regions->pdata[i];
      g_autofree char *shared = of->sharing ? NULL : sharers (image, region->id, of);

      if (detector && region->origin != ORIGIN_DETECTOR)
        continue;
      if (of->fill)
        ((ExportRegion *) region)->shape.fill = SHAPE_EVENODD;
      add_thing (things, &region->shape,
                 g_strdup_printf ("region %s %s score %g%s", name, of->detector ? "" : origin_name (region->origin),
                                  of->scores                              ? NAN
                                  : of->detector && isnan (region->score) ? 1
                                                                          : region->score,
                                  shared != NULL ? shared : ""));
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
describe (Project *project, const Case *of, gboolean detector)
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
        add_thing (things, NULL,
                   g_strdup_printf ("image %s %g %g %d", image->path, image->width, image->height, image->orientation));
      for (guint j = 0; j < image->captions->len && !of->captions; j++)
        {
          const ExportCaption *caption = image->captions->pdata[j];

          if (!of->unused_captions || caption_is_used (image, caption, of))
            add_thing (things, NULL, g_strdup_printf ("caption %s | %s", image->path, caption->text));
        }
      for (guint j = 0; j < image->phrases->len && !of->phrases; j++)
        describe_phrase (things, image, image->phrases->pdata[j], of, detector);
    }
  /* Equal phrases merge where spans are dropped: one of each line counts, regions keep their order. */
  g_ptr_array_sort (things, compare_things);
  for (guint i = things->len; i-- > 1;)
    if (strncmp (((Thing *) things->pdata[i])->key, "region", 6) != 0 &&
        compare_things (&things->pdata[i], &things->pdata[i - 1]) == 0)
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
        return g_strdup_printf ("lost: %s %s [%.17g %.17g %.17g %.17g]", one->key, shape_kind_name (one->shape.kind),
                                one->shape.box[0], one->shape.box[1], one->shape.box[2], one->shape.box[3]);
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
  g_autofree char *first = g_build_filename (folder, "first.jsonl", NULL),
                  *target = g_build_filename (folder, of->format, NULL);
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
  /* Results name the ids of an instances file that was imported before. */
  if (of->detector)
    {
      const ExportOptions instances = { .format = "coco", .force = TRUE };
      g_auto (ExportReport) other = { 0 };
      g_autofree char *path = g_strconcat (target, ".coco", NULL);

      if (!project_export (before, path, &instances, &other, &error) || !bring_in (after, path, "coco", images, &why))
        return why != NULL ? g_steal_pointer (&why) : g_strdup_printf ("export: %s", error->message);
    }
  if (!bring_in (after, target, of->format, images, &why))
    return g_steal_pointer (&why);
  a = describe (before, of, FALSE);
  b = describe (after, of, of->detector);
  why = difference (a, b, of->tolerance);
  if (why != NULL)
    return g_steal_pointer (&why);
  /* The same source twice adds nothing. */
  if (!bring_in (after, target, of->format, images, &why))
    return g_steal_pointer (&why);
  c = describe (after, of, of->detector);
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
