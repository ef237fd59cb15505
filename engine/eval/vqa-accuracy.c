/* SPDX-License-Identifier: MIT */
#include "vqa-accuracy.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

/* Contractions with their apostrophes; a word that lacks one or both of them is taken for the whole one. */
static const char *const contractions[] = {
  "ain't",      "aren't",    "can't",       "could've",     "couldn't",   "couldn't've", "didn't",     "doesn't",
  "don't",      "hadn't",    "hadn't've",   "hasn't",       "haven't",    "he'd",        "he'd've",    "he's",
  "how'd",      "how'll",    "how's",       "i'd've",       "i'm",        "i've",        "isn't",      "it'd",
  "it'd've",    "it'll",     "let's",       "ma'am",        "mightn't",   "mightn't've", "might've",   "mustn't",
  "must've",    "needn't",   "not've",      "o'clock",      "oughtn't",   "ow's'at",     "shan't",     "she'd've",
  "she's",      "should've", "shouldn't",   "shouldn't've", "somebody'd", "somebody'll", "somebody's", "someone'd",
  "someone'll", "someone's", "something'd", "something'll", "that's",     "there'd",     "there're",   "there's",
  "they'd",     "they'd've", "they'll",     "they're",      "they've",    "'twas",       "wasn't",     "we'd've",
  "we've",      "weren't",   "what'll",     "what're",      "what's",     "what've",     "when's",     "where'd",
  "where's",    "where've",  "who'd",       "who'd've",     "who'll",     "who's",       "who've",     "why'll",
  "why're",     "why's",     "won't",       "would've",     "wouldn't",   "wouldn't've", "y'all",      "y'all'll",
  "you'd",      "you'd've",  "you'll",      "you're",       "you've",
};

static const char *const numbers[]
    = { "none", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten" };
static const char marks[] = ";/[]\"{}()=+\\_-><@`,?!";

/* Equal but for apostrophes, of which `word` has fewer. */
static bool
is_short_for (const char *word, const char *whole)
{
  bool fewer = false;

  for (; *whole != 0; whole++)
    if (*word == *whole)
      word++;
    else if (*whole == '\'')
      fewer = true;
    else
      return false;
  return *word == 0 && fewer;
}

static const char *
word_for (const char *word)
{
  static const char *const digits[] = { "0", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10" };

  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    if (strcmp (word, numbers[i]) == 0)
      return digits[i];
  if (strcmp (word, "a") == 0 || strcmp (word, "an") == 0 || strcmp (word, "the") == 0)
    return "";
  for (size_t i = 0; i < sizeof contractions / sizeof contractions[0]; i++)
    if (is_short_for (word, contractions[i]))
      return contractions[i];
  return word;
}

static bool
has_comma_in_number (const char *text)
{
  for (const char *at = strchr (text, ','); at != NULL; at = strchr (at + 1, ','))
    if (at > text && isdigit ((unsigned char) at[-1]) && isdigit ((unsigned char) at[1]))
      return true;
  return false;
}

/* A mark goes where it stands beside a space, or everywhere if a number has a comma; else it becomes a space. Decided
 * for the answer as it came. Full stops go unless a digit follows. */
static char *
without_marks (const char *text)
{
  char *out = mem_new0 (strlen (text) + 1, 1), *to = out;
  bool number = has_comma_in_number (text), dropped[sizeof marks];

  for (size_t m = 0; marks[m] != 0; m++)
    {
      char before[] = { marks[m], ' ', 0 }, after[] = { ' ', marks[m], 0 };

      dropped[m] = number || strstr (text, before) != NULL || strstr (text, after) != NULL;
    }
  for (const char *at = text; *at != 0; at++)
    {
      const char *mark = strchr (marks, *at);

      if (mark != NULL)
        {
          if (!dropped[mark - marks])
            *to++ = ' ';
        }
      else if (*at != '.' || isdigit ((unsigned char) at[1]))
        *to++ = *at;
    }
  return out;
}

char *
vqa_clean_answer (const char *answer)
{
  char *text = mem_strdup (answer), *bare, *out, *word, *rest, *begin;
  size_t length = strlen (text);

  for (char *at = text; *at != 0; at++)
    if (*at == '\n' || *at == '\t')
      *at = ' ';
  while (length > 0 && isspace ((unsigned char) text[length - 1]))
    text[--length] = 0;
  begin = text + strspn (text, " \r\f\v");
  bare = without_marks (begin);
  for (char *at = bare; *at != 0; at++)
    *at = (char) tolower ((unsigned char) *at);
  out = mem_new0 (2 * strlen (bare) + 16, 1);
  for (word = strtok_r (bare, " \r\f\v", &rest); word != NULL; word = strtok_r (NULL, " \r\f\v", &rest))
    {
      const char *better = word_for (word);

      if (*better == 0)
        continue;
      if (*out != 0)
        strcat (out, " ");
      strcat (out, better);
    }
  free (bare);
  free (text);
  return out;
}

double
vqa_accuracy (const char *answer, const char *const *people, int n)
{
  char *mine, **theirs = mem_new0 ((size_t) n, sizeof *theirs);
  bool differ = false;
  double sum = 0;

  for (int i = 1; i < n; i++)
    differ = differ || strcmp (people[i], people[0]) != 0;
  mine = differ ? vqa_clean_answer (answer) : mem_strdup (answer);
  for (int i = 0; i < n; i++)
    theirs[i] = differ ? vqa_clean_answer (people[i]) : mem_strdup (people[i]);
  for (int i = 0; i < n; i++)
    {
      int same = 0;

      for (int j = 0; j < n; j++)
        same += j != i && strcmp (theirs[j], mine) == 0;
      sum += same < 3 ? same / 3.0 : 1;
    }
  for (int i = 0; i < n; i++)
    free (theirs[i]);
  free (theirs);
  free (mine);
  return sum / n;
}
