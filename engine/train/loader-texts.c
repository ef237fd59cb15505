/* SPDX-License-Identifier: MIT
 * The texts of a batch: cleaned, cut into pieces, laid out side by side with what belongs to each piece. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "loader-parts.h"

/* Cleans and tokenizes; true if something was cut. */
bool
making_encode (const Loader *loader, const char *text, PieceList *list, bool truncate)
{
  const LoaderOptions *o = &loader->options;
  bool question = o->dataset != NULL && dataset_format (o->dataset) == DATASET_VQA, cut;
  MappedText cleaned = { 0 };
  size_t length = strlen (text), kept, most = (size_t) o->max_positions;

  if (length > MAPPED_TEXT_LIMIT)
    length = 0; /* cannot come from a dataset, whose records are smaller */
  kept = clean_text (text, length, question ? CLEAN_QUESTION : CLEAN_CAPTION, o->max_words, &cleaned);
  cut = kept < cleaned.length;
  list->length = 0;
  piece_list_append (list, vocab_special (o->vocab, VOCAB_CLS), 0, 0);
  wordpiece_tokenize (o->vocab, cleaned.chars, kept, list);
  if (truncate && o->max_tokens > 0 && (size_t) o->max_tokens < most)
    most = (size_t) o->max_tokens;
  if (list->length > most)
    {
      list->length = most;
      cut = true;
    }
  mapped_free (&cleaned);
  return cut;
}

/* Gives rows x T room and fills ids and mask. */
static void
lay_out (const Loader *loader, const PieceList *lists, int rows, TextRows *out, size_t *room)
{
  int pad = vocab_special (loader->options.vocab, VOCAB_PAD);
  size_t columns = 1;

  for (int r = 0; r < rows; r++)
    columns = lists[r].length > columns ? lists[r].length : columns;
  if ((size_t) rows * columns > *room)
    {
      *room = (size_t) rows * columns * 5 / 4;
      out->ids = mem_resize (out->ids, *room, sizeof *out->ids);
      out->mask = mem_resize (out->mask, *room, sizeof *out->mask);
    }
  out->rows = rows;
  out->columns = (int) columns;
  for (int r = 0; r < rows; r++)
    for (size_t t = 0; t < columns; t++)
      {
        bool there = t < lists[r].length;

        out->ids[(size_t) r * columns + t] = there ? lists[r].pieces[t].id : pad;
        out->mask[(size_t) r * columns + t] = there;
      }
}

void
making_add_answers (Making *making, const Sample *sample, int row)
{
  const LoaderOptions *o = &making->loader->options;
  HostBatch *batch = making->batch;

  batch->answer_counts[row] = sample->n_answers;
  for (int a = 0; a < sample->n_answers; a++)
    {
      char *text = mem_printf ("%s[SEP]", sample->answers[a]);
      PieceList list = { 0 };

      wordpiece_encode (o->vocab, text, strlen (text), &list);
      if (list.length > (size_t) o->max_positions)
        list.length = (size_t) o->max_positions;
      free (text);
      if (making->n_answers == making->answers_allocated)
        {
          making->answers_allocated = making->answers_allocated > 0 ? 2 * making->answers_allocated : 64;
          making->answers = mem_resize (making->answers, (size_t) making->answers_allocated, sizeof *making->answers);
          batch->answer_weights
              = mem_resize (batch->answer_weights, (size_t) making->answers_allocated, sizeof (float));
          batch->answer_question
              = mem_resize (batch->answer_question, (size_t) making->answers_allocated, sizeof (int32_t));
        }
      batch->answer_weights[making->n_answers] = sample->answer_weights[a];
      batch->answer_question[making->n_answers] = row;
      making->answers[making->n_answers++] = list;
    }
}

bool
sample_phrase_holds (const Sample *sample, const Piece *piece)
{
  if (piece->start == piece->end)
    return false; /* [CLS] */
  for (int s = 0; s < sample->n_spans; s++)
    if ((int) piece->start < sample->spans[s][1] && (int) piece->end > sample->spans[s][0])
      return true;
  return sample->n_spans == 0;
}

/* Lays out the texts with what belongs to each piece. */
void
making_finish_texts (Making *making)
{
  Loader *loader = making->loader;
  const LoaderOptions *o = &loader->options;
  HostBatch *batch = making->batch;
  size_t had = making->slot->text_room, columns;

  lay_out (loader, making->texts, batch->rows, &batch->text, &making->slot->text_room);
  columns = (size_t) batch->text.columns;
  if (making->slot->text_room != had)
    {
      batch->spans = mem_resize (batch->spans, making->slot->text_room, sizeof *batch->spans);
      batch->phrase = mem_resize (batch->phrase, making->slot->text_room, sizeof *batch->phrase);
      if (o->mlm.probability > 0)
        {
          batch->masked_ids = mem_resize (batch->masked_ids, making->slot->text_room, sizeof *batch->masked_ids);
          batch->mlm_labels = mem_resize (batch->mlm_labels, making->slot->text_room, sizeof *batch->mlm_labels);
        }
    }
  for (int r = 0; r < batch->rows; r++)
    {
      const PieceList *list = &making->texts[r];
      const Sample *sample = o->dataset != NULL ? dataset_sample (o->dataset, batch->samples[r]) : NULL;

      for (size_t t = 0; t < columns; t++)
        {
          size_t i = (size_t) r * columns + t;
          bool there = t < list->length;

          batch->spans[i][0] = there ? (int32_t) list->pieces[t].start : 0;
          batch->spans[i][1] = there ? (int32_t) list->pieces[t].end : 0;
          batch->phrase[i] = there && (sample != NULL ? sample_phrase_holds (sample, &list->pieces[t]) : t > 0);
        }
      if (o->mlm.probability > 0)
        {
          size_t n = list->length, i = (size_t) r * columns;

          mlm_mask (&o->mlm, o->vocab, o->seed, random_stream (STREAM_MLM, (uint64_t) batch->epoch, making->places[r]),
                    batch->text.ids + i, making->nouns[r], (int) n, batch->masked_ids + i, batch->mlm_labels + i);
          for (; n < columns; n++)
            {
              batch->masked_ids[i + n] = batch->text.ids[i + n];
              batch->mlm_labels[i + n] = MLM_IGNORE;
            }
        }
    }
  for (int r = 0; r < batch->rows; r++)
    for (int d = 0; d < LOADER_DRAWS; d++)
      {
        uint64_t stream = random_stream (STREAM_DRAWS, (uint64_t) batch->epoch, making->places[r]);

        /* 24 bits, so that a float never rounds up to 1. */
        batch->draws[d * batch->rows + r] = (float) (random_u64 (o->seed, stream, (uint64_t) d) >> 40) * 0x1p-24f;
      }
  lay_out (loader, making->answers, making->n_answers, &batch->answers, &making->slot->answer_room);
  if (o->foils)
    lay_out (loader, making->foils, batch->rows, &batch->foils, &making->slot->foil_room);
}
