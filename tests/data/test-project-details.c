/* SPDX-License-Identifier: MIT
 * test-project-details.c: what single formats mean, by small files: VOC's two first pixels and its folders, CVAT's turned
 * boxes and masks, where ODVG's phrases lie, YOLO's folders and names. */
#include "database.h"
#include "project-fixture.h"

#include "review.h"

static char *folder;

static void
put (const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL), *parent = g_path_get_dirname (path);

  g_assert (g_mkdir_with_parents (parent, 0777) == 0 && g_file_set_contents (path, text, -1, NULL));
}

static void
put_picture (const char *name, int width, int height, int orientation)
{
  g_autofree char *path = g_build_filename (folder, name, NULL), *parent = g_path_get_dirname (path);

  g_assert (g_mkdir_with_parents (parent, 0777) == 0);
  fixture_picture (path, width, height, orientation);
}

static void
start (void)
{
  fixture_remove (folder);
  g_assert (g_mkdir (folder, 0777) == 0);
}

/* "name: phrase kind x1 y1 x2 y2; ..." of everything, sorted; then what was skipped. */
static char *
describe (Project *project, const ImportReport *report)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  sqlite3_stmt *rows = database_bind (project_database (project), IMAGE_LIST, NULL, "ii", (gint64) 0, (gint64) -1);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GString) all = g_string_new (NULL);

  while (database_step (project_database (project), rows, NULL) == SQLITE_ROW)
    {
      gint64 id = column_id (rows, 0);

      g_array_append_val (ids, id);
    }
  database_rows_end (rows);
  for (guint i = 0; i < ids->len; i++)
    {
      g_autoptr (ExportImage) image = export_load_image (project, g_array_index (ids, gint64, i), TRUE, NULL);
      g_autofree char *base = g_path_get_basename (image->name);

      if (image->phrases->len == 0)
        g_ptr_array_add (lines, g_strdup_printf ("%s", base));
      for (guint j = 0; j < image->phrases->len; j++)
        {
          const ExportPhrase *phrase = image->phrases->pdata[j];
          g_autoptr (GString) line = g_string_new (NULL);

          g_string_printf (line, "%s: %s", base, phrase->text);
          for (guint k = 0; k < phrase->spans->len; k++)
            g_string_append_printf (line, " %d-%d", (int) g_array_index (phrase->spans, Span, k).first,
                                    (int) g_array_index (phrase->spans, Span, k).last);
          for (guint k = 0; k < phrase->regions->len; k++)
            {
              const Shape *shape = &((ExportRegion *) phrase->regions->pdata[k])->shape;

              g_string_append_printf (line, " %s %.6g %.6g %.6g %.6g", shape_kind_name (shape->kind), shape->box[0],
                                      shape->box[1], shape->box[2], shape->box[3]);
            }
          g_ptr_array_add (lines, g_string_free (g_steal_pointer (&line), FALSE));
        }
    }
  for (guint i = 0; i + 1 < lines->len; i++)
    for (guint j = i + 1; j < lines->len; j++)
      if (strcmp (lines->pdata[i], lines->pdata[j]) > 0)
        {
          gpointer other = lines->pdata[i];

          lines->pdata[i] = lines->pdata[j];
          lines->pdata[j] = other;
        }
  for (guint i = 0; i < lines->len; i++)
    g_string_append_printf (all, i > 0 ? "; %s" : "%s", (char *) lines->pdata[i]);
  if (report->n_skipped > 0)
    g_string_append_printf (all, "; skipped %d", (int) report->n_skipped);
  return g_string_free (g_steal_pointer (&all), FALSE);
}

static Project *
bring_in (const char *source, const char *format, const char *images, int origin, char **text)
{
  g_autofree char *path = g_build_filename (folder, source, NULL);
  g_autofree char *pictures = images != NULL ? g_build_filename (folder, images, NULL) : NULL;
  const ImportOptions options = { .format = format, .images = pictures, .voc_origin = origin, .by = "test" };
  g_auto (ImportReport) report = { 0 };
  g_autoptr (GError) error = NULL;
  Project *project = project_open_memory (NULL);

  if (project_import (project, path, &options, &report, &error))
    *text = describe (project, &report);
  else
    *text = g_strdup_printf ("failed: %s", error->message);
  return project;
}

static void
expect (const char *got, const char *wanted, const char *what)
{
  tap_ok (g_strcmp0 (got, wanted) == 0, "%s", what);
  if (g_strcmp0 (got, wanted) != 0)
    tap_note ("got %s", got);
}

static void
check (const char *source, const char *format, const char *images, int origin, const char *wanted, const char *what)
{
  g_autofree char *text = NULL;
  g_autoptr (Project) project = bring_in (source, format, images, origin, &text);

  expect (text, wanted, what);
}

/* Exports what was imported, and gives back the text of one file of it. */
static char *
export_of (const char *source, const char *format, const char *images, const char *file)
{
  g_autofree char *text = NULL, *target = g_build_filename (folder, "target", NULL);
  g_autofree char *path = file != NULL ? g_build_filename (target, file, NULL) : g_strdup (target);
  g_autoptr (Project) project = bring_in (source, format, images, -1, &text);
  const ExportOptions options = { .format = format, .force = TRUE };
  g_auto (ExportReport) report = { 0 };
  g_autoptr (GError) error = NULL;
  char *contents = NULL;

  if (!project_export (project, target, &options, &report, &error))
    tap_note ("%s", error->message);
  else if (!g_file_get_contents (path, &contents, NULL, NULL))
    tap_note ("there is no %s", path);
  return contents;
}

static gboolean
holds (const char *text, const char *wanted)
{
  return text != NULL && strstr (text, wanted) != NULL;
}

/* VOC ---------------------------------------------------------------------------------------------------------------- */

#define OBJECT(name, x1, y1, x2, y2, more)                                                                             \
  "<object><name>" name "</name>" more "<bndbox><ymin>" #y1 "</ymin><xmin>" #x1 "</xmin><xmax>" #x2 "</xmax><ymax>" #y2 \
  "</ymax></bndbox></object>"
#define ANNOTATION(file, objects) "<annotation><filename>" file "</filename>" objects "</annotation>"

static void
test_voc (void)
{
  g_autofree char *text = NULL, *again = NULL;

  start ();
  put_picture ("voc/JPEGImages/a.jpg", 100, 80, 1);
  put_picture ("voc/JPEGImages/bare.jpg", 100, 80, 1);
  put ("voc/Annotations/a.xml", ANNOTATION ("a.jpg", OBJECT ("dog", 1, 2, 30, 40, "")));
  check ("voc", "voc", NULL, -1, "a.jpg: dog box 0 1 30 40; bare.jpg", "/voc: the first pixel is 1, and bare pictures come along");
  check ("voc", "voc", NULL, 0, "a.jpg: dog box 1 2 30 40; bare.jpg", "/voc: --voc-origin 0");
  check ("voc", NULL, NULL, -1, "a.jpg: dog box 0 1 30 40; bare.jpg", "/voc: guessed");
  put ("voc/Annotations/b.xml", ANNOTATION ("bare.jpg", OBJECT ("cat", 5, 0, 9, 9, "")));
  check ("voc", "voc", NULL, -1, "a.jpg: dog box 1 2 30 40; bare.jpg: cat box 5 0 9 9", "/voc: a 0 anywhere: no shift");
  check ("voc", "voc", NULL, 1, "a.jpg: dog box 0 1 30 40; bare.jpg: cat box 4 -1 9 9", "/voc: --voc-origin 1");
  put ("voc/Annotations/c.xml", "<annotation><filename>c.jpg</filen");
  put ("voc/Annotations/d.xml", ANNOTATION ("bare.jpg", OBJECT ("flat", 5, 5, 5, 9, "") "<object><name>none</name></object>"));
  check ("voc", "voc", NULL, -1, "a.jpg: dog box 1 2 30 40; bare.jpg: cat box 5 0 9 9; bare.jpg: flat; bare.jpg: none; skipped 3",
         "/voc: a broken file, a flat box, an object without one");

  start ();
  put_picture ("pictures/x/a.jpg", 100, 80, 1);
  put_picture ("pictures/y/a.jpg", 100, 80, 6);
  put ("set/Annotations/x/a.xml", ANNOTATION ("a.jpg", OBJECT ("dog", 1, 2, 30, 40, "<pose>Left</pose><mood>\xc3\xa9 &amp;</mood>")));
  put ("set/Annotations/y/a.xml", ANNOTATION ("a.jpg", OBJECT ("cat", 3, 4, 50, 60, "")));
  check ("set", "voc", "pictures", -1, "a.jpg: cat box 2 3 50 60; a.jpg: dog box 0 1 30 40",
         "/voc: pictures of one name in two folders, of the stored grid");
  text = export_of ("set", "voc", "pictures", "Annotations/x/a.xml");
  tap_ok (holds (text, "<pose>Left</pose>") && holds (text, "<mood>\xc3\xa9 &amp;</mood>") && holds (text, "<xmin>1</xmin>") &&
            holds (text, "<truncated>0</truncated>") && !holds (text, "Unspecified"),
          "/voc: what came with an object goes with it");

  start ();
  put_picture ("in/a.jpg", 100, 80, 1);
  put ("in/a.xml", ANNOTATION ("a.jpg", OBJECT ("dog", -5, 2, 30, 40, "") OBJECT ("cat", 2, 3, 4, 5, "")));
  again = export_of ("in", "voc", NULL, "Annotations/a.xml");
  tap_ok (holds (again, "<xmin>-5</xmin>") && holds (again, "<xmin>2</xmin>"),
          "/voc: with a box beyond the left border the set is written as one that begins with 0");
  check ("target", "voc", "in", -1, "a.jpg: cat box 2 3 4 5; a.jpg: dog box -5 2 30 40", "/voc: which comes back");
}

/* CVAT --------------------------------------------------------------------------------------------------------------- */

#define CVAT(name, width, height, shapes)                                                                         \
  "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- x --><annotations><version>1.1</version><image id=\"0\" name=\"" name \
  "\" width=\"" #width "\" height=\"" #height "\">" shapes "</image></annotations>\n"

static void
test_cvat (void)
{
  g_autofree char *text = NULL;

  start ();
  put_picture ("a.jpg", 100, 80, 6);
  put ("c.xml", CVAT ("sub/a.jpg", 80, 100, "<box label=\"dog\" xtl=\"1\" ytl=\"2\" xbr=\"30.5\" ybr=\"40\" occluded=\"1\" z_order=\"7\">"
                      "<attribute name=\"age\">4</attribute><attribute name=\"age\">5</attribute></box>"));
  /* Stored x = upright y, stored y = 80 - upright x. */
  check ("c.xml", NULL, NULL, -1, "a.jpg: dog box 2 49.5 40 79", "/cvat: guessed; the upright grid");
  text = export_of ("c.xml", "cvat", NULL, NULL);
  tap_ok (holds (text, "xtl=\"1\" ytl=\"2\" xbr=\"30.5\" ybr=\"40\"") && holds (text, " occluded=\"1\"") && holds (text, " z_order=\"7\"") &&
            holds (text, "<attribute name=\"age\">4</attribute>") && holds (text, "<attribute name=\"age\">5</attribute>") &&
            holds (text, "width=\"80\" height=\"100\""),
          "/cvat: what came with a shape goes with it");
  put ("d.xml", CVAT ("a.jpg", 100, 80, "<box label=\"dog\" xtl=\"1\" ytl=\"2\" xbr=\"30\" ybr=\"40\"/>"));
  check ("d.xml", "cvat", NULL, -1, "a.jpg: dog box 1 2 30 40", "/cvat: a size that fits only the stored grid means it");
  put_picture ("b.jpg", 10, 8, 1);
  put ("e.xml", CVAT ("b.jpg", 10, 8, "<mask label=\"m\" rle=\"0,3,2,1\" left=\"4\" top=\"5\" width=\"3\" height=\"2\"/>"
                      "<polygon label=\"p\" points=\"1,1;5,1.5;3,4\"/><tag label=\"outdoor\"/><points label=\"q\" points=\"1,1\"/>"
                      "<box label=\"r\" xtl=\"2\" ytl=\"3\" xbr=\"8\" ybr=\"5\" rotation=\"90\"/>"
                      "<mask label=\"bad\" rle=\"1,9\" left=\"4\" top=\"5\" width=\"3\" height=\"2\"/>"));
  check ("e.xml", "cvat", NULL, -1, "b.jpg: bad; b.jpg: m mask 4 5 7 7; b.jpg: outdoor; b.jpg: p polygon 1 1 5 4; "
         "b.jpg: r polygon 4 1 6 7; skipped 2", "/cvat: masks, polygons, tags, turned boxes");
  g_free (text);
  text = export_of ("e.xml", "cvat", NULL, NULL);
  tap_ok (holds (text, "rle=\"0,3,2,1\" left=\"4\" top=\"5\" width=\"3\" height=\"2\"") && holds (text, "points=\"1,1;5,1.5;3,4\""),
          "/cvat: a mask is written as it came");
  put ("v.xml", "<annotations><version>1.1</version><track id=\"0\" label=\"dog\"/></annotations>");
  {
    g_autofree char *why = NULL;
    g_autoptr (Project) project = bring_in ("v.xml", "cvat", NULL, -1, &why);

    tap_ok (holds (why, "CVAT for images 1.1"), "/cvat: the format for videos is refused by name");
  }
}

/* ODVG --------------------------------------------------------------------------------------------------------------- */

static void
test_odvg (void)
{
  g_autofree char *text = NULL;

  start ();
  put_picture ("a.jpg", 100, 80, 6);
  put ("o.jsonl",
       "{\"filename\":\"a.jpg\",\"height\":80,\"width\":100,\"grounding\":{\"caption\":\"a \xc3\xa9 dog, a cat\",\"source\":\"x\",\"regions\":["
       "{\"bbox\":[1,2,3,4],\"phrase\":\"\xc3\xa9 dog\",\"mark\":true},{\"bbox\":[[1,2,3,4],[5,6,7,8]],\"phrase\":[\"cat\"],"
       "\"tokens_positive\":[[11,14]]},{\"bbox\":[1,1,2,2],\"phrase\":\"a\"}]}}\n"
       "{\"filename\":\"a.jpg\",\"height\":80,\"width\":100,\"detection\":{\"instances\":[{\"bbox\":[5,5,6,6],\"label\":7,\"category\":\"bird\"}]}}\n");
  check ("o.jsonl", NULL, NULL, -1, "a.jpg: a box 1 1 2 2; a.jpg: bird box 5 5 6 6; a.jpg: cat 11-14 box 1 2 3 4 box 5 6 7 8; "
         "a.jpg: \xc3\xa9 dog 2-7 box 1 2 3 4", "/odvg: spans, found where the caption says a phrase once; the stored grid");
  text = export_of ("o.jsonl", "odvg", NULL, NULL);
  tap_ok (holds (text, "\"label\":7,\"category\":\"bird\"") && holds (text, "\"label\":8,\"category\":\"a\"") && holds (text, "\"mark\":true") &&
            holds (text, "\"source\":\"x\"") && holds (text, "\"tokens_positive\":[[2,7]]"),
          "/odvg: categories keep their numbers, unknown keys stay");
}

/* Lists -------------------------------------------------------------------------------------------------------------- */

static void
test_lists (void)
{
  start ();
  put_picture ("a.jpg", 100, 80, 6);
  put ("g.json", "[{\"image\":\"a.jpg\",\"text\":\"left dog\",\"ref_id\":3,\"bbox\":[1,2,3,4]},{\"image\":\"a.jpg\",\"caption\":[\"x\",\"y\"]}]");
  check ("g.json", NULL, NULL, -1, "a.jpg: left dog", "/albef: guessed; its boxes are not of the phrase");
  put ("m.json", "[{\"image\":\"a.jpg\",\"caption\":\"left dog\",\"bbox\":[[1,2,3,4],[0,0,0,9]]},{\"image\":\"a.jpg\",\"caption\":\"none\",\"bbox\":[]}]");
  check ("m.json", NULL, NULL, -1, "a.jpg: left dog box 1 2 3 4; a.jpg: none; skipped 1", "/amc: guessed; boxes of the stored grid");
}

/* YOLO --------------------------------------------------------------------------------------------------------------- */

static void
test_yolo (void)
{
  g_autofree char *text = NULL;

  start ();
  put_picture ("d/images/train/a.jpg", 100, 80, 6);
  put_picture ("d/images/val/a.jpg", 100, 80, 1);
  put_picture ("d/images/val/bare.jpg", 100, 80, 1);
  put ("d/labels/train/a.txt", "1 0.5 0.5 0.25 0.5\n");
  put ("d/labels/val/a.txt", "0 0.5 0.5 0.25 0.5\n7 0 0 1 0 1 1\n");
  put ("d/data.yaml", "train: images/train\nnames:\n  0: dog\n  1: 'red: kite'\n");
  /* Upright 80 x 100: 30..50 x 25..75; stored x = y, y = 80 - x. */
  check ("d", NULL, NULL, -1, "a.jpg: 7 polygon 0 0 100 80; a.jpg: dog box 37.5 20 62.5 60; a.jpg: red: kite box 25 30 75 50; bare.jpg",
         "/yolo: images and labels, names of data.yaml, the upright grid");
  check ("d/labels", "yolo", "d/images", -1, "a.jpg: 7 polygon 0 0 100 80; a.jpg: dog box 37.5 20 62.5 60; a.jpg: red: kite box 25 30 75 50",
         "/yolo: labels apart from their pictures");

  start ();
  put_picture ("d/x/a.jpg", 100, 80, 1);
  put_picture ("d/y/b.jpg", 100, 80, 1);
  put ("d/x/a.txt", "0 0.5 0.5 0.5 0.5\n");
  put ("d/x/classes.txt", "dog\n");
  put ("d/y/b.txt", "0 0.5 0.5 0.5 0.5 0.75\n0 x\nkite 1\n");
  put ("d/y/classes.txt", "cat\r\n");
  check ("d", "yolo", NULL, -1, "a.jpg: dog box 25 20 75 60; b.jpg: cat box 25 20 75 60; skipped 2",
         "/yolo: labels beside pictures, each folder with its names; a confidence");
  put ("d/elsewhere.txt", "0 0.5 0.5 0.5 0.5\n");
  check ("d", "yolo", NULL, -1, "a.jpg: dog box 25 20 75 60; b.jpg: cat box 25 20 75 60; elsewhere.jpg: dog; skipped 3",
         "/yolo: a picture that is not there is kept as missing, without regions");
}

int
main (void)
{
  folder = fixture_folder ();
  test_voc ();
  test_cvat ();
  test_odvg ();
  test_lists ();
  test_yolo ();
  fixture_remove (folder);
  g_free (folder);
  return tap_done ();
}
