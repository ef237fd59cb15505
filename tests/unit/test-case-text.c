/* SPDX-License-Identifier: MIT
 * The conformance cases of the text: a folder whose results are emptied gives the reference files back. */
#include "text-fixture.h"

#include "case-text.h"
#include "error.h"

#include <sys/stat.h>
#include <unistd.h>

/* Every result becomes [], every decoded word "", as in a folder that a runner is judged on. */
static void
empty_results (json_t *value)
{
  static const char *const given[] = { "text", "texts", "max_words", "special" };
  const char *key;
  json_t *child, *pair;
  size_t index;

  json_array_foreach (value, index, child) empty_results (child);
  json_object_foreach (value, key, child)
  {
    bool is_given = false;

    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
      is_given = is_given || strcmp (key, given[i]) == 0;
    if (strcmp (key, "decode_single") == 0)
      json_array_foreach (child, index, pair) json_array_set_new (pair, 1, json_string (""));
    else if (!is_given
             && (json_is_object (child) || (json_is_array (child) && json_is_object (json_array_get (child, 0)))))
      empty_results (child);
    else if (!is_given)
      json_object_set_new (value, key, json_array ());
  }
}

static void
test_case (const char *folder, const char *name, int (*run) (const char *, const char *, char *, size_t))
{
  char *file = mem_printf ("text/%s", name);
  char *emptied = mem_printf ("%s/text/%s", folder, name);
  char *out = mem_printf ("%s/%s", folder, name);
  json_t *golden = fixture_json (file);
  json_t *blank = json_deep_copy (golden);
  char message[1024] = "";
  json_t *got;

  empty_results (blank);
  json_dump_file (blank, emptied, JSON_ENSURE_ASCII);
  tap_ok (!json_equal (blank, golden), "/case/%s/results are emptied", name);
  tap_ok (run (folder, out, message, sizeof message) == 0, "/case/%s runs: %s", name, message);
  got = json_load_file (out, JSON_ALLOW_NUL, NULL);
  tap_ok (got != NULL && json_equal (got, golden), "/case/%s/all results are the reference's", name);
  tap_ok (run (folder, "/nonexistent/out.json", message, sizeof message) == 1
              && strstr (message, "/nonexistent/out.json") != NULL,
          "/case/%s/cannot write: %s", name, message);
  json_decref (golden);
  json_decref (blank);
  json_decref (got);

  unlink (out);
  blank = json_array ();
  json_dump_file (blank, emptied, 0);
  tap_ok (run (folder, out, message, sizeof message) == 1 && access (out, F_OK) != 0, "/case/%s/no object: %s", name,
          message);
  unlink (emptied);
  tap_ok (run (folder, out, message, sizeof message) == 1 && strstr (message, name) != NULL && access (out, F_OK) != 0,
          "/case/%s/no input: %s", name, message);
  json_decref (blank);
  free (file);
  free (emptied);
  free (out);
}

static void
copy_vocab (const char *folder)
{
  char *path = mem_printf ("%s/vocab.txt", folder);
  FILE *file = fopen (path, "wb");
  Vocab *vocab = fixture_vocab ();
  size_t length;
  char *bytes = vocab_to_bytes (vocab, &length);

  fwrite (bytes, 1, length, file);
  fclose (file);
  free (bytes);
  free (path);
  vocab_free (vocab);
}

int
main (void)
{
  char folder[] = "/tmp/alidade-case-XXXXXX";
  char *path;

  if (mkdtemp (folder) == NULL)
    return 1;
  path = mem_printf ("%s/text", folder);
  mkdir (path, 0700);
  copy_vocab (folder);
  test_case (folder, "tokenizer.json", case_tokenizer);
  test_case (folder, "pre_caption.json", case_pre_caption);
  rmdir (path);
  free (path);
  path = mem_printf ("%s/vocab.txt", folder);
  unlink (path);
  free (path);
  rmdir (folder);
  return tap_done ();
}
