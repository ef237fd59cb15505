/* SPDX-License-Identifier: MIT
 * The vocabulary of everything that scenes can say. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "scene-parts.h"

typedef struct
{
  char **words;
  int n, allocated;
} WordList;

/* Adds the words of a text; the clean-up makes spaces of hyphens. */
static void
add_words (WordList *list, const char *text)
{
  while (*text != 0)
    {
      size_t n = strcspn (text, " -");
      bool known = n == 0;

      for (int i = 0; i < list->n && !known; i++)
        known = strlen (list->words[i]) == n && memcmp (list->words[i], text, n) == 0;
      if (!known)
        {
          if (list->n == list->allocated)
            list->words
                = mem_resize (list->words, (size_t) (list->allocated = list->allocated > 0 ? 2 * list->allocated : 512),
                              sizeof *list->words);
          list->words[list->n++] = mem_printf ("%.*s", (int) n, text);
        }
      text += n + (text[n] != 0);
    }
}

static int
compare_words (const void *a, const void *b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

char *
scene_source_vocabulary (const SceneSource *source)
{
  static const char specials[] = "[PAD]\n[CLS]\n[SEP]\n[MASK]\n[UNK]\n,\n";
  WordList list = { 0 };
  size_t length = sizeof specials - 1;
  char *bytes, *at;

  for (int i = 0; i < source->n_nouns; i++)
    {
      add_words (&list, source->nouns[i].name);
      if (!source->nouns[i].uncountable)
        add_words (&list, source->nouns[i].plural);
    }
  for (int i = 0; i < SCENE_N_COLOURS; i++)
    add_words (&list, scene_colour (i));
  for (int i = 0; scene_caption_words[i] != NULL; i++)
    add_words (&list, scene_caption_words[i]);
  for (int i = 0; scene_task_words[i] != NULL; i++)
    add_words (&list, scene_task_words[i]);
  qsort (list.words, (size_t) list.n, sizeof *list.words, compare_words);
  for (int i = 0; i < list.n; i++)
    length += strlen (list.words[i]) + 1;
  bytes = at = mem_new0 (length + 1, 1);
  at = stpcpy (at, specials);
  for (int i = 0; i < list.n; i++)
    {
      at = stpcpy (at, list.words[i]);
      *at++ = '\n';
      free (list.words[i]);
    }
  free (list.words);
  return bytes;
}
