/* SPDX-License-Identifier: MIT */
#include "noun-phrase.h"

#include "noun-words.h"

#include <string.h>

#define WORDS_LIMIT 100000
#define WORD_BYTES 64 /* longer ones are nouns whatever they say */
#define NESTED_LIMIT 3

typedef struct
{
  guint first, last;    /* code points, without punctuation around */
  char text[WORD_BYTES];/* lower case, without 's */
  WordClass class;
  gboolean possessive;  /* man's, girls' */
  gboolean ends;        /* punctuation behind it */
} Word;

typedef struct
{
  const Word *words;
  guint n;
} Sentence;

/* Words ---------------------------------------------------------------------------------------------------------- */

static gboolean
is_inside (gunichar c)
{
  return g_unichar_isalnum (c) || g_unichar_ismark (c) || c == '&';
}

static gboolean
is_apostrophe (gunichar c)
{
  return c == '\'' || c == 0x2019;
}

/* Letters and digits, with hyphens and apostrophes between or behind them. */
static void
take_word (const gunichar *text, guint first, guint last, Word *word)
{
  g_autofree char *bytes = NULL, *lower = NULL;
  guint end = last;

  word->first = first;
  word->last = last;
  word->possessive = FALSE;
  if (last - first > 2 && is_apostrophe (text[last - 2]) && (text[last - 1] == 's' || text[last - 1] == 'S'))
    {
      word->possessive = TRUE;
      end = last - 2;
    }
  else if (is_apostrophe (text[last - 1]))
    {
      word->possessive = last - first > 1 && text[last - 2] == 's';
      end = last - 1;
      if (!word->possessive)
        word->last = end;
    }
  bytes = g_ucs4_to_utf8 (text + first, end - first, NULL, NULL, NULL);
  lower = bytes != NULL ? g_utf8_strdown (bytes, -1) : NULL;
  if (lower == NULL || strlen (lower) >= WORD_BYTES)
    {
      word->text[0] = '\0';
      word->class = WORD_NOUN;
      return;
    }
  memcpy (word->text, lower, strlen (lower) + 1);
  word->class = word->possessive ? WORD_NOUN : noun_word_class (word->text);
}

static GArray *
split_words (const gunichar *text, guint length)
{
  GArray *words = g_array_new (FALSE, FALSE, sizeof (Word));

  for (guint i = 0; i < length && words->len < WORDS_LIMIT;)
    {
      guint first = i;
      Word word = { 0 };

      if (!is_inside (text[i]))
        {
          if (!g_unichar_isspace (text[i]) && words->len > 0 && text[i] != '-')
            g_array_index (words, Word, words->len - 1).ends = TRUE;
          i++;
          continue;
        }
      while (i < length && (is_inside (text[i]) || is_apostrophe (text[i]) ||
                            (text[i] == '-' && i + 1 < length && is_inside (text[i + 1]))))
        i++;
      take_word (text, first, i, &word);
      g_array_append_val (words, word);
    }
  return words;
}

/* One phrase ------------------------------------------------------------------------------------------------------- */

/* The class of the word at `i`, or WORD_PREPOSITION behind the end of the clause that word i - 1 is in. */
static WordClass
class_at (const Sentence *s, guint i)
{
  return i < s->n && (i == 0 || !s->words[i - 1].ends) ? s->words[i].class : WORD_PREPOSITION;
}

static gboolean
may_be_noun (const Sentence *s, guint i)
{
  WordClass class = class_at (s, i);

  return class == WORD_NOUN || class == WORD_VERB_OR_NOUN;
}

static gboolean
may_go_on (const Sentence *s, guint i)
{
  WordClass class = class_at (s, i);

  return may_be_noun (s, i) || class == WORD_ADJECTIVE || class == WORD_PARTICIPLE || class == WORD_GERUND;
}

static gboolean
begins_object (WordClass class)
{
  return class == WORD_DETERMINER || class == WORD_POSSESSIVE || class == WORD_NUMBER || class == WORD_PRONOUN;
}

static gboolean
is_one_of (const char *list, const char *word)
{
  g_autofree char *key = g_strconcat (" ", word, " ", NULL);

  return *word != '\0' && strstr (list, key) != NULL;
}

#define COLOURS " red green blue yellow orange black white brown gray grey pink purple gold silver tan beige "
#define GAMES " soccer basketball baseball football hockey tennis golf volleyball yoga cards chess rugby cricket badminton polo catch "
#define PLAYS " play plays playing played practice practices practicing do does doing "
#define JOINED " covered drawn powered filled lined topped shaped haired colored coloured "
#define NOUNS_BEHIND_NOUNS " top square light adult "
#define PLURALS_BEFORE_NOUNS " sports clothes glass "
#define SINGULAR_ARTICLES " a an each every another one "

/* A noun's head is behind us at `head`; is the word at `i` the verb of its sentence? Number tells: 'a man walks', 'men walk',
 * but 'a toy train', 'the kitchen cabinets'. */
static gboolean
is_verb_of (const Sentence *s, guint first, guint head, guint i)
{
  const Word *noun = &s->words[head], *word = &s->words[i];
  gboolean many = noun_word_is_plural (noun->text), plural = noun_word_is_plural (word->text);
  WordClass next = class_at (s, i + 1);

  if (noun->possessive || word->possessive || is_one_of (PLURALS_BEFORE_NOUNS, noun->text))
    return FALSE;
  if (word->class == WORD_VERB_OR_NOUN && first > 0 && strcmp (s->words[first - 1].text, "and") == 0)
    return !plural; /* a man and a woman shake hands */
  if (word->class == WORD_VERB_OR_NOUN)
    return many ? !plural : plural;
  /* Any other word: a verb if no noun may stand there. */
  if (begins_object (next))
    return many != plural;
  if (many)
    return !plural && !may_be_noun (s, i + 1);
  return plural && is_one_of (SINGULAR_ARTICLES, s->words[first].text);
}

/* The end of the phrase that begins at `i`, or `i` if none does. */
static guint
phrase_end (const Sentence *s, guint first, int depth)
{
  gboolean determined = FALSE, modified = FALSE;
  guint i = first, head = G_MAXUINT, adjective = G_MAXUINT;

  if (s->words[i].class == WORD_DETERMINER || s->words[i].class == WORD_POSSESSIVE)
    {
      determined = TRUE;
      i++;
    }
  for (; i < s->n && (i == first || !s->words[i - 1].ends || (head == G_MAXUINT && adjective == i - 1 && s->words[i].class == WORD_ADJECTIVE));
       i++)
    {
      const Word *word = &s->words[i];
      gboolean headed = head != G_MAXUINT;

      switch (word->class)
        {
        case WORD_NUMBER:
        case WORD_QUANTITY:
          if (headed && !s->words[head].possessive)
            goto done;
          if (i + 1 < s->n && strcmp (s->words[i + 1].text, "of") == 0 && !word->ends && depth < NESTED_LIMIT && i + 2 < s->n)
            {
              guint end = phrase_end (s, i + 2, depth + 1);

              return end > i + 2 ? end : first;
            }
          modified = TRUE;
          continue;
        case WORD_DETERMINER:
          if (!headed && determined && i == first + 1) /* all the, both his */
            continue;
          goto done;
        case WORD_ADJECTIVE:
          if (headed && !s->words[head].possessive)
            {
              if (!is_one_of (NOUNS_BEHIND_NOUNS, word->text))
                goto done;
              head = i;
              continue;
            }
          modified = TRUE;
          adjective = i;
          continue;
        case WORD_ADVERB:
          if (!headed && (class_at (s, i + 1) == WORD_ADJECTIVE || class_at (s, i + 1) == WORD_PARTICIPLE) && may_go_on (s, i + 2))
            continue;
          goto done;
        case WORD_PARTICIPLE:
          if (!may_go_on (s, i + 1))
            goto done;
          if (headed && !s->words[head].possessive && (!is_one_of (JOINED, word->text) || !may_be_noun (s, i + 1)))
            goto done;
          head = G_MAXUINT;
          modified = TRUE;
          continue;
        case WORD_GERUND:
          if (headed && !s->words[head].possessive)
            goto done;
          if (may_go_on (s, i + 1) && (determined || modified || headed || noun_word_follows_gerund (s->words[i + 1].text)))
            modified = TRUE;
          else if (determined || headed)
            head = i;
          else
            goto done;
          continue;
        case WORD_NOUN:
        case WORD_VERB_OR_NOUN:
          if (headed && is_verb_of (s, first, head, i))
            goto done;
          head = i;
          continue;
        case WORD_VERB:
          if (headed || !(determined || modified))
            goto done;
          head = i;
          continue;
        case WORD_CONJUNCTION:
          if (!headed && adjective != G_MAXUINT && adjective == i - 1 && class_at (s, i + 1) == WORD_ADJECTIVE && may_go_on (s, i + 2))
            continue;
          goto done;
        case WORD_PREPOSITION:
          if (headed && head == i - 1 && strcmp (word->text, "of") == 0 && noun_word_holds_of (s->words[head].text) && i + 1 < s->n &&
              depth < NESTED_LIMIT)
            {
              guint end = phrase_end (s, i + 1, depth + 1);

              return end > i + 1 ? end : i;
            }
          goto done;
        case WORD_POSSESSIVE:
        case WORD_PARTICLE:
        case WORD_PRONOUN:
        case WORD_AUXILIARY:
          goto done;
        }
    }
done:
  if (head != G_MAXUINT)
    return head + 1;
  /* 'the left', 'in black' */
  if (adjective != G_MAXUINT && adjective == i - 1 &&
      (determined || (adjective == first && first > 0 && strcmp (s->words[first - 1].text, "in") == 0 &&
                      is_one_of (COLOURS, s->words[first].text))))
    return adjective + 1;
  return first;
}

/* A phrase may begin with a participle, an -ing or a verb's form only where no verb is likely. */
static gboolean
may_begin (const Sentence *s, guint i)
{
  WordClass before = i == 0 || s->words[i - 1].ends ? WORD_CONJUNCTION : s->words[i - 1].class;

  switch (s->words[i].class)
    {
    case WORD_DETERMINER:
    case WORD_POSSESSIVE:
    case WORD_NUMBER:
    case WORD_QUANTITY:
    case WORD_ADJECTIVE:
    case WORD_NOUN:
      return TRUE;
    case WORD_ADVERB:
      return FALSE;
    case WORD_VERB_OR_NOUN:
    case WORD_PARTICIPLE:
    case WORD_GERUND:
      return before == WORD_PREPOSITION || before == WORD_CONJUNCTION || before == WORD_VERB || before == WORD_GERUND;
    default:
      return FALSE;
    }
}

/* 'in front of', 'on the back of' */
static gboolean
is_place (const Sentence *s, guint first, guint end)
{
  return first > 0 && s->words[first - 1].class == WORD_PREPOSITION && end < s->n && end - first <= 2 && !s->words[end - 1].ends &&
         strcmp (s->words[end].text, "of") == 0 && noun_word_is_place (s->words[end - 1].text);
}

/* 'playing soccer' is something done, not something seen. */
static gboolean
is_game (const Sentence *s, guint first, guint end)
{
  return first > 0 && end - first == 1 && is_one_of (GAMES, s->words[first].text) && is_one_of (PLAYS, s->words[first - 1].text);
}

GArray *
noun_phrases_find (const char *caption)
{
  GArray *spans = g_array_new (FALSE, FALSE, sizeof (PhraseSpan));
  glong length = 0;
  g_autofree gunichar *text = g_utf8_validate (caption, -1, NULL) ? g_utf8_to_ucs4_fast (caption, -1, &length) : NULL;
  g_autoptr (GArray) words = NULL;
  Sentence sentence;

  if (text == NULL || length > G_MAXINT32)
    return spans;
  words = split_words (text, length);
  sentence = (Sentence) { (const Word *) words->data, words->len };
  for (guint i = 0; i < sentence.n;)
    {
      guint end = may_begin (&sentence, i) ? phrase_end (&sentence, i, 0) : i;

      if (end > i && !is_place (&sentence, i, end) && !is_game (&sentence, i, end))
        {
          const PhraseSpan span = { sentence.words[i].first, sentence.words[end - 1].last };

          g_array_append_val (spans, span);
        }
      i = MAX (end, i + 1);
    }
  return spans;
}
