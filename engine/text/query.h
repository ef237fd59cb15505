/* SPDX-License-Identifier: MIT
 * A typed sentence as the model sees it and as the person typed it. The getters are albef.h's. */
#pragma once

#include "vocab.h"

struct AlbefQuery
{
  char *cleaned;      /* after pre_caption, cut to max_words */
  AlbefPiece *pieces; /* [n_pieces], [CLS] first */
  int n_pieces;
  AlbefWord *words; /* [n_words], in typed order */
  int n_words;
  int n_cut;   /* words cut wholly or in part */
  char *texts; /* what pieces[].text points into, so that a query outlives its vocabulary */
};

/* Cleans and tokenizes `text` (UTF-8; ill-formed bytes count as U+FFFD). `max_words` 0: 30; `max_positions`: most
 * pieces with [CLS].
 *
 * A word is a run between Unicode white space that keeps at least one piece, or that would without the limits;
 * each ideograph is a word of its own, and where the clean-up joins two runs (a lone vertical tab between letters) they
 * are one word. Its span goes from its first to its last piece, so a comma that the clean-up deletes is left out.
 * Its pieces are contiguous. It is ALBEF_WORD_UNKNOWN if all of them are [UNK]; with some known it is
 * ALBEF_WORD_KNOWN. The word limit counts words of the cleaned text, as the official code ("black-and-white" is
 * three): a word cut in the middle keeps the pieces that it has and counts in n_cut. The piece limit, which the
 * official code does not know, cuts whole words.
 *
 * ALBEF_ERROR_LIMIT for a text above MAPPED_TEXT_LIMIT, ALBEF_ERROR_ARGUMENT for negative max_words or
 * max_positions < 1; else it does not fail. */
AlbefStatus query_new (const Vocab *vocab, int max_positions, const char *text, int max_words, AlbefQuery **query,
                       AlbefError *error);

/* What albef_query_new asks of a model; in engine/models. */
const Vocab *model_vocab (const AlbefModel *model);
int model_max_positions (const AlbefModel *model);
