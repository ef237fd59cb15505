/* SPDX-License-Identifier: MIT */
#include "function-word.h"

#include <string.h>

/* Sorted, for the binary search. "left" and "right" are no prepositions: the models look where they point. */
static const char *const function_words[] = {
  "a",       "about",    "above",      "across",  "after",    "against",    "along",   "alongside", "although",
  "amid",    "among",    "amongst",    "an",      "and",      "around",     "as",      "at",        "atop",
  "because", "before",   "behind",     "below",   "beneath",  "beside",     "besides", "between",   "beyond",
  "but",     "by",       "despite",    "down",    "during",   "except",     "for",     "from",      "if",
  "in",      "inside",   "into",       "like",    "near",     "nor",        "of",      "off",       "on",
  "onto",    "or",       "out",        "outside", "over",     "past",       "per",     "since",     "so",
  "than",    "that",     "the",        "though",  "through",  "throughout", "till",    "to",        "toward",
  "towards", "under",    "underneath", "unless",  "until",    "up",         "upon",    "versus",    "via",
  "when",    "whenever", "where",      "whereas", "wherever", "whether",    "while",   "with",      "within",
  "without", "yet",
};

bool
is_function_word (const char *word, size_t length)
{
  char lower[16];
  int low = 0, high = sizeof function_words / sizeof function_words[0] - 1;

  if (length == 0 || length >= sizeof lower)
    return false;
  for (size_t i = 0; i < length; i++)
    lower[i] = word[i] >= 'A' && word[i] <= 'Z' ? word[i] + ('a' - 'A') : word[i];
  lower[length] = 0;
  while (low <= high)
    {
      int middle = (low + high) / 2;
      int order = strcmp (lower, function_words[middle]);

      if (order == 0)
        return true;
      if (order < 0)
        high = middle - 1;
      else
        low = middle + 1;
    }
  return false;
}
