/* SPDX-License-Identifier: MIT
 * What a word of a caption may be, by closed lists and by its ending. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  WORD_NOUN,        /* anything that no rule knows */
  WORD_DETERMINER,  /* a, the, this, some */
  WORD_POSSESSIVE,  /* his, their */
  WORD_NUMBER,      /* two, 12 */
  WORD_QUANTITY,    /* many, several: stand before nouns as numbers do */
  WORD_ADJECTIVE,
  WORD_ADVERB,
  WORD_PREPOSITION, /* and whatever else ends a phrase: that, which, there */
  WORD_PARTICLE,    /* up, down, out, over: prepositions that also follow verbs */
  WORD_CONJUNCTION, /* and, or */
  WORD_PRONOUN,
  WORD_AUXILIARY,   /* is, are, has */
  WORD_VERB,        /* never a noun: holds, wearing */
  WORD_VERB_OR_NOUN,/* a noun behind a determiner or an adjective, a verb behind a noun: walks, jump */
  WORD_GERUND,      /* any -ing that is no noun */
  WORD_PARTICIPLE   /* any -ed, and the irregular ones */
} WordClass;

/* `word` is lower case. */
WordClass noun_word_class (const char *word);
/* Words whose 'of' belongs to them: group, slice, cup. */
gboolean noun_word_holds_of (const char *word);
/* Words that, behind a preposition and before 'of', are part of it: front, top, middle. */
gboolean noun_word_is_place (const char *word);
/* Nouns that name a thing together with the -ing before them: board, machine, pool. */
gboolean noun_word_follows_gerund (const char *word);
/* More than one: men, children, dogs. */
gboolean noun_word_is_plural (const char *word);

G_END_DECLS
