/* SPDX-License-Identifier: MIT
 * The chunker against captions that were marked before it ran: precision and recall of whole spans, on the half that the
 * rules were written with and on the half kept aside. And what no caption of those holds. */
#include "noun-phrase.h"

#include <stdlib.h>

#include "tap.h"

typedef struct
{
  int found, marked, both;
} Score;

/* The caption without its brackets, and their spans. */
static char *
unmark (const char *line, GArray *spans)
{
  GString *text = g_string_new (NULL);
  PhraseSpan span = { 0, 0 };
  guint at = 0;

  for (; *line != '\0'; line = g_utf8_next_char (line))
    if (*line == '[')
      span.first = at;
    else if (*line == ']')
      {
        span.last = at;
        g_array_append_val (spans, span);
      }
    else
      {
        g_string_append_unichar (text, g_utf8_get_char (line));
        at++;
      }
  return g_string_free (text, FALSE);
}

static gboolean
holds (const GArray *spans, PhraseSpan span)
{
  for (guint i = 0; i < spans->len; i++)
    if (g_array_index (spans, PhraseSpan, i).first == span.first && g_array_index (spans, PhraseSpan, i).last == span.last)
      return TRUE;
  return FALSE;
}

static char *
mark (const char *caption, const GArray *spans)
{
  GString *text = g_string_new (NULL);
  guint at = 0, next = 0;

  for (;; caption = g_utf8_next_char (caption), at++)
    {
      if (next < spans->len && g_array_index (spans, PhraseSpan, next).last == at)
        {
          g_string_append_c (text, ']');
          next++;
        }
      if (next < spans->len && g_array_index (spans, PhraseSpan, next).first == at)
        g_string_append_c (text, '[');
      if (*caption == '\0')
        break;
      g_string_append_unichar (text, g_utf8_get_char (caption));
    }
  return g_string_free (text, FALSE);
}

static void
check_line (const char *line, Score *score, gboolean show)
{
  g_autoptr (GArray) marked = g_array_new (FALSE, FALSE, sizeof (PhraseSpan));
  g_autofree char *caption = unmark (line, marked), *got = NULL;
  g_autoptr (GArray) found = noun_phrases_find (caption);

  score->found += found->len;
  score->marked += marked->len;
  for (guint i = 0; i < found->len; i++)
    score->both += holds (marked, g_array_index (found, PhraseSpan, i));
  got = mark (caption, found);
  if (show && strcmp (got, line) != 0)
    tap_note ("wanted %s\n#    got %s", line, got);
}

static void
check_captions (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("ALIDADE_TESTS"), "data", "captions", "marked.txt", NULL), *text = NULL;
  g_auto (GStrv) lines = NULL;
  Score halves[2] = { 0 };
  const char *show = g_getenv ("ALIDADE_SHOW_CAPTIONS"); /* 'seen': those the rules may be mended with */
  int n = 0;

  g_assert (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (**line != '\0' && **line != '#')
      {
        check_line (*line, &halves[n % 2], show != NULL && n % 2 == 0);
        n++;
      }
  tap_ok (n == 200, "/noun-phrases/there are 200 captions");
  for (int i = 0; i < 2; i++)
    {
      double precision = (double) halves[i].both / halves[i].found, recall = (double) halves[i].both / halves[i].marked;

      tap_note ("%s: precision %.1f %%, recall %.1f %% of %d phrases", i == 0 ? "seen" : "kept aside", 100 * precision, 100 * recall,
                halves[i].marked);
      tap_ok (precision >= (i == 0 ? 0.95 : 0.90), "/noun-phrases/precision of the half %s", i == 0 ? "seen" : "kept aside");
      tap_ok (recall >= (i == 0 ? 0.95 : 0.90), "/noun-phrases/recall of the half %s", i == 0 ? "seen" : "kept aside");
    }
}

static void
check_odd (void)
{
  static const char *const odd[] = { "", " ", ".", "''", "'s", "-", "a", "the of the of", "\xf0\x9f\x90\x95", "of of of", "1 2 3", "\xff\xfe" };
  g_autoptr (GArray) spans = noun_phrases_find ("A \xf0\x9f\x90\x95 caf\xc3\xa9 owner\xe2\x80\x99s red hat, on top of it.");
  g_autoptr (GString) long_text = g_string_new (NULL);
  g_autoptr (GArray) many = NULL;

  tap_ok (spans->len > 0 && g_array_index (spans, PhraseSpan, spans->len - 1).first == 4 &&
            g_array_index (spans, PhraseSpan, spans->len - 1).last == 24, "/noun-phrases/spans are code points");
  for (gsize i = 0; i < G_N_ELEMENTS (odd); i++)
    {
      g_autoptr (GArray) none = noun_phrases_find (odd[i]);

      for (guint j = 0; j < none->len; j++)
        if (g_array_index (none, PhraseSpan, j).first >= g_array_index (none, PhraseSpan, j).last)
          tap_ok (FALSE, "/noun-phrases/'%s' gives empty spans", odd[i]);
    }
  for (int i = 0; i < 50000; i++)
    g_string_append (long_text, "a group of a pair of a dog's ");
  many = noun_phrases_find (long_text->str);
  tap_ok (many->len > 1000, "/noun-phrases/a very long text ends");
}

int
main (void)
{
  check_captions ();
  check_odd ();
  return tap_done ();
}
