/* SPDX-License-Identifier: MIT
 * test-project-files.c: editing JSON files without touching the rest of them, and the names of YOLO's classes. */
#include "project-fixture.h"

#include "json-edit.h"
#include "yolo-labels.h"
#include "yolo-names.h"

static char *folder;

/* Whether a text is as wanted; if not it is noted, on one line. */
static gboolean
is_text (const char *got, const char *wanted)
{
  g_autofree char *shown = NULL;

  if (g_strcmp0 (got, wanted) == 0)
    return TRUE;
  shown = got != NULL ? g_strescape (got, NULL) : g_strdup ("nothing");
  tap_note ("got %.400s", shown);
  return FALSE;
}

/* Editing JSON ----------------------------------------------------------------------------------------------------- */

/* An element {"x": "drop"} is dropped, {"x": "new"} is replaced; "n" more are added to each array. */
static JsonEditFate
on_element (guint member, json_t *item, GString *text, gpointer data, GError **error)
{
  const char *x = json_text (item, "x");

  if (g_strcmp0 (x, "drop") == 0)
    return JSON_EDIT_DROP;
  if (g_strcmp0 (x, "new") != 0)
    return JSON_EDIT_KEEP;
  g_string_append_printf (text, "{\"was\":%u}", member);
  return JSON_EDIT_REPLACE;
}

static gboolean
on_end (guint member, JsonEdit *edit, gpointer data, GError **error)
{
  for (guint i = 0; i < *(guint *) data; i++)
    if (!json_edit_add (edit, "7", error))
      return FALSE;
  return TRUE;
}

static char *
edit (const char *text, guint n)
{
  static const char *const members[] = { "a", "b\"", NULL };
  g_autofree char *from = g_build_filename (folder, "from.json", NULL);
  g_autofree char *to = g_build_filename (folder, "to.json", NULL);
  const JsonEditor editor = { members, on_element, on_end, &n };
  OutFile *out;
  char *result = NULL;

  g_remove (to);
  g_assert (g_file_set_contents (from, text, -1, NULL));
  out = out_file_open (to, NULL);
  g_assert (out != NULL);
  if (!json_edit_copy (from, &editor, out, NULL))
    {
      out_file_abandon (out);
      return NULL;
    }
  g_assert (out_file_close (out, NULL));
  g_assert (g_file_get_contents (to, &result, NULL, NULL));
  return result;
}

static void
test_edit (void)
{
  static const struct
  {
    const char *from;
    guint n;
    const char *to;
  } cases[] = {
    { "{\"a\": [1, 2 ,3]}", 0, "{\"a\": [1, 2 ,3]}" },
    { "\xef\xbb\xbf{ \"a\" :\t[ ] , \"c\":1}\r\n", 0, "\xef\xbb\xbf{ \"a\" :\t[ ] , \"c\":1}\r\n" },
    { "{\"a\":[{\"x\":\"drop\"}, {\"k\": [ {} ]} ,\n {\"x\":\"drop\"}]}", 0, "{\"a\":[ {\"k\": [ {} ]}]}" },
    { "{\"a\":[{\"x\":\"drop\"},{\"x\":\"drop\"},{\"y\":2.50}]}", 0, "{\"a\":[{\"y\":2.50}]}" },
    { "{\"a\":[{\"x\":\"drop\"}]}", 0, "{\"a\":[]}" },
    { "{\"a\":[\"],\\\"[\", {\"x\":\"new\",\"z\":[]}, null]}", 0, "{\"a\":[\"],\\\"[\", {\"was\":0}, null]}" },
    /* Only arrays of the outermost object, whatever stands inside of others. */
    { "{\"c\":{\"a\":[{\"x\":\"drop\"}]},\"a\":\"[\",\"b\\u0022\":[{\"x\":\"new\"}]}", 0,
      "{\"c\":{\"a\":[{\"x\":\"drop\"}]},\"a\":\"[\",\"b\\u0022\":[{\"was\":1}]}" },
    { "{\"c\":\"a\", \"d\":[1]}", 0, "{\"c\":\"a\", \"d\":[1]}" },
    { "{\"a\":[],\"b\\\"\":[5]}", 2, "{\"a\":[\n7,\n7],\"b\\\"\":[5,\n7,\n7]}" },
    { "{\"a\":[{\"x\":\"drop\"}]}", 1, "{\"a\":[\n7],\n\"b\\\"\": [\n7\n]}" },
    { "{}", 1, "{\n\"a\": [\n7\n],\n\"b\\\"\": [\n7\n]}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *to = edit (cases[i].from, cases[i].n);

      tap_ok (is_text (to, cases[i].to), "/json-edit/case %u", i);
    }
  {
    g_autofree char *cut = edit ("{\"a\":[1", 0);

    tap_ok (cut == NULL, "/json-edit: a file that was cut off is refused");
  }
}

/* An element larger than is looked at is copied as it comes, between its neighbours. */
static void
test_large (void)
{
  g_autoptr (GString) text = g_string_new ("{\"a\":[{\"x\":\"drop\"},[\"");
  g_autofree char *result = NULL, *wanted = NULL;

  while (text->len < (65u << 20))
    g_string_append (text, "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqr");
  g_string_append (text, "\"],{\"x\":\"new\"}]}");
  result = edit (text->str, 0);
  g_string_erase (text, (gssize) strlen ("{\"a\":["), (gssize) strlen ("{\"x\":\"drop\"},"));
  g_string_truncate (text, text->len - strlen ("{\"x\":\"new\"}]}"));
  wanted = g_strconcat (text->str, "{\"was\":0}]}", NULL);
  tap_ok (g_strcmp0 (result, wanted) == 0, "/json-edit: an element of 65 MB stays, its neighbours are edited");
}

/* Names ------------------------------------------------------------------------------------------------------------ */

static YoloNames *
names_of (const char *base, const char *text)
{
  g_autofree char *path = g_build_filename (folder, base, NULL);

  g_assert (g_file_set_contents (path, text, -1, NULL));
  return yolo_names_read (path);
}

static void
test_names (void)
{
  /* Each file has the classes a, b c, d'e, and one more is added. */
  static const struct
  {
    const char *file, *text, *added;
  } cases[] = {
    { "classes.txt", "a\nb c\nd'e\n", "a\nb c\nd'e\nx: y\n" },
    { "classes.txt", "a\r\nb c\r\nd'e", "a\r\nb c\r\nd'e\nx: y\n" },
    { "data.yaml", "path: .\nnc: 3\nnames: [a, 'b c', \"d'e\"]  # three\ntrain: x\n",
      "path: .\nnc: 4\nnames: [a, 'b c', \"d'e\", \"x: y\"]  # three\ntrain: x\n" },
    { "data.yaml", "names: [a, b c, # and\n  'd''e',\n]\n", "names: [a, b c, # and\n  'd''e',\n\"x: y\"]\n" },
    { "data.yaml", "names: {0: a, 2: \"d'e\", 1: b c}\n", "names: {0: a, 2: \"d'e\", 1: b c, 3: \"x: y\"}\n" },
    { "data.yaml", "names:\n- a\n- b c # comment\n- \"\\x64'\\u0065\"\nnc: 3\n",
      "names:\n- a\n- b c # comment\n- \"\\x64'\\u0065\"\n- \"x: y\"\nnc: 4\n" },
    { "data.yaml", "# x\nnames:   # all\n  0: a\n\n  1: b c\n  2: d'e", "# x\nnames:   # all\n  0: a\n\n  1: b c\n  2: d'e\n  3: \"x: y\"\n" },
    { "data.yaml", "names:\r\n  0: a\r\n  1: b c\r\n  2: d'e\r\nval: y\r\n",
      "names:\r\n  0: a\r\n  1: b c\r\n  2: d'e\r\n  3: \"x: y\"\nval: y\r\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (YoloNames) names = names_of (cases[i].file, cases[i].text);
      g_autofree char *text = NULL;
      guint class = 0, same = 99;

      tap_ok (names != NULL && g_strcmp0 (yolo_names_get (names, 0), "a") == 0 &&
                g_strcmp0 (yolo_names_get (names, 1), "b c") == 0 &&
                g_strcmp0 (yolo_names_get (names, 2), "d'e") == 0 && yolo_names_get (names, 3) == NULL,
              "/names/case %u is read", i);
      tap_ok (yolo_names_find (names, "b c", &same) && same == 1 && !yolo_names_changed (names),
              "/names/case %u: a name is found", i);
      tap_ok (yolo_names_find (names, "x: y", &class) && class == 3 && yolo_names_changed (names),
              "/names/case %u: a new name", i);
      text = yolo_names_text (names);
      tap_ok (is_text (text, cases[i].added), "/names/case %u is written", i);
    }
  {
    g_autoptr (YoloNames) none = names_of ("other.yaml", "a: b\nitems: [1]\n"), lines = names_of ("classes.txt", "a\n");
    g_autoptr (YoloNames) made = yolo_names_new ("x", 2), empty = names_of ("data.yaml", "names: []\n");
    g_autofree char *text = NULL, *filled = NULL;
    guint class;

    tap_ok (none == NULL, "/names: a YAML file without names has none");
    tap_ok (!yolo_names_find (lines, "two\nlines", &class) && !yolo_names_find (lines, " x", &class) &&
            !yolo_names_changed (lines),
            "/names: a file of lines refuses what it cannot hold");
    tap_ok (yolo_names_find (made, "x", &class) && class == 2,
            "/names: a new file's first name is behind the classes that are used");
    text = yolo_names_text (made);
    tap_ok (is_text (text, "0\n1\nx\n"), "/names: which have their numbers as names");
    tap_ok (empty != NULL && yolo_names_find (empty, "x", &class) && class == 0, "/names: an empty list takes a name");
    filled = empty != NULL ? yolo_names_text (empty) : NULL;
    tap_ok (is_text (filled, "names: [\"x\"]\n"), "/names: and is written with it");
  }
}

static void
test_lines (void)
{
  static const struct
  {
    const char *line;
    YoloLine found;
    guint class;
    double box[4], score;
  } cases[] = {
    { "3 0.5 0.5 0.2 0.4", YOLO_REGION, 3, { 40, 30, 60, 70 }, NAN },
    { "\t3.0  0.5 0.5 0.2 0.4 0.75\r", YOLO_REGION, 3, { 40, 30, 60, 70 }, 0.75 },
    { "0 0 0 1 0 1 1", YOLO_REGION, 0, { 0, 0, 100, 100 }, NAN },
    { "0 0 0 1 0 1 1 0.5", YOLO_REGION, 0, { 0, 0, 100, 100 }, 0.5 },
    { " \r", YOLO_EMPTY, 0, { 0 }, NAN },
    { "kite 0.5 0.5 0.2 0.4", YOLO_NO_CLASS, 0, { 0 }, NAN },
    { "-1 0.5 0.5 0.2 0.4", YOLO_NO_CLASS, 0, { 0 }, NAN },
    { "1.5 0.5 0.5 0.2 0.4", YOLO_NO_CLASS, 0, { 0 }, NAN },
    { "1 0.5 0.5 0.2", YOLO_NO_SHAPE, 1, { 0 }, NAN },
    { "1 0.5 0.5 0 0.4", YOLO_NO_SHAPE, 1, { 0 }, NAN },
    { "1 0.5 nan 0.2 0.4", YOLO_NO_SHAPE, 1, { 0 }, NAN },
    { "1 0.5 0.5x 0.2 0.4", YOLO_NO_SHAPE, 1, { 0 }, NAN },
    { "1", YOLO_NO_SHAPE, 1, { 0 }, NAN },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Shape) shape = { 0 };
      guint64 class = 0;
      double score;
      YoloLine found = yolo_line_parse (cases[i].line, 100, 100, &class, &shape, &score);
      gboolean same = found == cases[i].found && class == cases[i].class &&
                      (score == cases[i].score || (isnan (score) && isnan (cases[i].score)));

      for (int j = 0; j < 4 && found == YOLO_REGION; j++)
        same = same && fabs (shape.box[j] - cases[i].box[j]) < 1e-9;
      tap_ok (same, "/lines/case %u", i);
    }
}

int
main (void)
{
  folder = fixture_folder ();
  test_edit ();
  test_large ();
  test_names ();
  test_lines ();
  fixture_remove (folder);
  g_free (folder);
  return tap_done ();
}
