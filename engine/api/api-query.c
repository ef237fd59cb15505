/* SPDX-License-Identifier: MIT
 * albef_query_*: reading a query. */
#include "query.h"

#include <stdlib.h>

int
albef_query_n_words (const AlbefQuery *query)
{
  return query->n_words;
}

const AlbefWord *
albef_query_word (const AlbefQuery *query, int index)
{
  return index >= 0 && index < query->n_words ? &query->words[index] : NULL;
}

int
albef_query_n_pieces (const AlbefQuery *query)
{
  return query->n_pieces;
}

const AlbefPiece *
albef_query_piece (const AlbefQuery *query, int index)
{
  return index >= 0 && index < query->n_pieces ? &query->pieces[index] : NULL;
}

const char *
albef_query_cleaned (const AlbefQuery *query)
{
  return query->cleaned;
}

int
albef_query_n_cut (const AlbefQuery *query)
{
  return query->n_cut;
}

void
albef_query_free (AlbefQuery *query)
{
  if (query == NULL)
    return;
  free (query->cleaned);
  free (query->pieces);
  free (query->words);
  free (query->texts);
  free (query);
}
