/* SPDX-License-Identifier: MIT
 * Noun phrases of English captions, found by rules: closed word lists, endings of words, and a walk over the words from
 * left to right. A phrase is a base one with its determiner ('a man' and 'a red hat' in 'a man in a red hat'); quantities
 * keep their 'of' ('a group of people'); pronouns and parts of prepositions ('in front of') are none. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Code points of the caption, end exclusive. */
typedef struct
{
  guint first, last;
} PhraseSpan;

/* The spans of a caption's noun phrases in their order, none overlapping; empty for a text without any. `caption` is
 * UTF-8; of a very long one the first 100,000 words are looked at. Free with g_array_unref(). */
GArray *noun_phrases_find (const char *caption);

G_END_DECLS
