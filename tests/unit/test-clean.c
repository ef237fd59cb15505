/* SPDX-License-Identifier: MIT
 * Caption clean-up: the official results, and the way back to the typed text. */
#include "text-fixture.h"

#include "clean.h"

static void
test_reference (const char *key, CleanRule rule, json_t *list)
{
  size_t index;
  json_t *item;

  json_array_foreach (list, index, item)
  {
    json_t *text = json_object_get (item, "text");
    json_t *wanted = json_object_get (item, "result");
    MappedText cleaned = { 0 };
    size_t kept = clean_text (json_string_value (text), json_string_length (text), rule,
                              (int) json_integer_value (json_object_get (item, "max_words")), &cleaned);
    size_t length;
    char *got = mapped_to_utf8 (cleaned.chars, kept, &length, NULL);

    if (!tap_ok (length == json_string_length (wanted) && memcmp (got, json_string_value (wanted), length) == 0,
                 "/clean/%s/%zu", key, index))
      tap_note ("'%s' gave '%s', wanted '%s'", json_string_value (text), got, json_string_value (wanted));
    free (got);
    mapped_free (&cleaned);
  }
  tap_ok (index > 10, "/clean/%s has cases", key);
}

/* Every cleaned byte must come from the stated bytes of the typed text. */
static void
check_map (const char *typed, const char *wanted, const char *const *sources, const char *name)
{
  MappedText cleaned = { 0 };
  size_t kept = clean_text (typed, strlen (typed), CLEAN_CAPTION, -1, &cleaned);
  size_t length;
  uint32_t *map;
  char *got = mapped_to_utf8 (cleaned.chars, kept, &length, &map);
  bool fits = strcmp (got, wanted) == 0 && length == strlen (wanted);

  for (size_t i = 0; fits && i < kept; i++)
    {
      const MappedChar *from = &cleaned.chars[i];

      fits = strlen (sources[i]) == from->end - from->start
             && memcmp (typed + from->start, sources[i], from->end - from->start) == 0;
    }
  for (size_t i = 0; fits && i < length; i++)
    fits = map[i] < kept && (i == 0 || map[i] == map[i - 1] || map[i] == map[i - 1] + 1);
  tap_ok (fits, "%s", name);
  free (got);
  free (map);
  mapped_free (&cleaned);
}

int
main (void)
{
  json_t *root = fixture_json ("text/pre_caption.json");
  MappedText cleaned = { 0 };

  test_reference ("pre_caption", CLEAN_CAPTION, json_object_get (root, "pre_caption"));
  test_reference ("pre_question", CLEAN_QUESTION, json_object_get (root, "pre_question"));
  test_reference ("notebook_pre_caption", CLEAN_NOTEBOOK, json_object_get (root, "notebook_pre_caption"));
  json_decref (root);

  check_map (" A, b-\t C.", "a b c", (const char *[]) { "A", " ", "b", "-\t ", "C" },
             "/clean/map of deletions and runs");
  check_map ("<PERSON>!", "person", (const char *[]) { "P", "E", "R", "S", "O", "N" }, "/clean/map of <person>");
  check_map ("<per.son>", "person", (const char *[]) { "p", "e", "r", "s", "o", "n" },
             "/clean/punctuation goes before <person> is looked for");
  check_map ("İÉ", "i̇é", (const char *[]) { "İ", "İ", "É" }, "/clean/map of a letter that becomes two");
  check_map ("\xff"
             "a",
             "\xef\xbf\xbd"
             "a",
             (const char *[]) { "\xff", "a" }, "/clean/an ill-formed byte");
  tap_ok (clean_text ("one two three", 13, CLEAN_CAPTION, 2, &cleaned) == 7 && cleaned.length == 13,
          "/clean/what is beyond the limit is kept for the report");
  tap_ok (clean_text ("a  b", 4, CLEAN_QUESTION, 2, &cleaned) == 2, "/clean/empty words of a question count");
  tap_ok (clean_text ("a\0b", 3, CLEAN_CAPTION, 30, &cleaned) == 3 && cleaned.chars[1].code == 0,
          "/clean/U+0000 stays");
  tap_ok (clean_text ("abc", 3, CLEAN_CAPTION, 0, &cleaned) == 0, "/clean/no words at all");
  tap_ok (clean_text (NULL, 0, CLEAN_CAPTION, 30, &cleaned) == 0 && cleaned.length == 0, "/clean/empty text");
  mapped_free (&cleaned);
  return tap_done ();
}
