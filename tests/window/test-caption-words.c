/* SPDX-License-Identifier: MIT
 * test-caption-words.c: what of a caption can be selected, and what the selected words come to as spans. */
#include "caption-editor.h"
#include "tap.h"

/* "0-1 2-8": spans as text; g_free() it. */
static char *
spans_text (GArray *spans)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < spans->len; i++)
    {
      const Span *span = &g_array_index (spans, Span, i);

      g_string_append_printf (text, "%s%d-%d", i > 0 ? " " : "", (int) span->first, (int) span->last);
    }
  return g_string_free (text, FALSE);
}

static void
check_words (const char *caption, const char *expected)
{
  g_autoptr (GArray) words = alidade_caption_words (caption);
  g_autofree char *found = spans_text (words);

  tap_ok (strcmp (found, expected) == 0, "/words/%s", caption);
}

/* `pattern`: x for a selected word. */
static void
check_spans (const char *caption, const char *pattern, const char *expected)
{
  g_autoptr (GArray) words = alidade_caption_words (caption), spans = NULL;
  g_autofree gboolean *selected = g_new0 (gboolean, words->len + 1);
  g_autofree char *found = NULL;

  for (guint i = 0; i < words->len; i++)
    selected[i] = pattern[i] == 'x';
  spans = alidade_caption_spans (words, selected);
  found = spans_text (spans);
  tap_ok (strcmp (found, expected) == 0, "/spans/%s of '%s'", pattern, caption);
}

int
main (void)
{
  check_words ("a dog", "0-1 2-5");
  check_words ("  a   dog, big. ", "2-3 6-9 11-14");
  check_words ("", "");
  check_words (" \t ", "");
  check_words ("die Tür öffnet „so“", "0-3 4-7 8-14 16-18");
  check_words ("it's -- (new) 4x4!", "0-4 5-7 9-12 14-17");
  check_words ("ein\xcc\x88 e\xcc\x81te\xcc\x81", "0-4 5-10");
  check_words ("\xe5\x9c\xb0\xe5\x9b\xbe \xf0\x9f\x90\xb6", "0-2 3-4");
  check_spans ("a dog and a cat", "xx...", "0-5");
  check_spans ("a dog and a cat", "xx.xx", "0-5 10-15");
  check_spans ("a dog, a cat", "xxxx", "0-12");
  check_spans ("a dog", "..", "");
  return tap_done ();
}
