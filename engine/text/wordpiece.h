/* SPDX-License-Identifier: MIT
 * BERT's tokenizer as the official ALBEF code runs it (tokenization_bert.py on transformers 4.8.1): basic
 * tokenization, then greedy longest-match word pieces; [CLS] in front, no [SEP] behind. */
#pragma once

#include "mapped.h"
#include "vocab.h"

typedef struct
{
  int id;
  uint32_t start, end; /* bytes of the typed text; start == end for [CLS]. Starts never decrease */
} Piece;

typedef struct
{
  Piece *pieces;
  size_t length;
  size_t capacity;
} PieceList;

/* Words of more characters than this (after NFD and the removal of accents) become [UNK] whole. */
#define WORDPIECE_MAX_CHARS 100

/* An empty list is { 0 }; piece_list_free leaves one. */
void piece_list_free (PieceList *list);
void piece_list_append (PieceList *list, int id, uint32_t start, uint32_t end);

/* Appends the pieces of chars[0..length) without [CLS]. Lower-cases character by character (no final sigma);
 * "[SEP]" and the other special tokens in the text, in capitals, are recognised. */
void wordpiece_tokenize (const Vocab *vocab, const MappedChar *chars, size_t length, PieceList *list);

/* Appends [CLS] and the pieces of UTF-8 text (length <= MAPPED_TEXT_LIMIT). */
void wordpiece_encode (const Vocab *vocab, const char *text, size_t length, PieceList *list);

/* What the official tokenizer.decode gives for one id: the token without outer white space, "[UNK]" for an id
 * that is not in the vocabulary or whose line a later equal one shadows. The caller frees it; *length (may be
 * NULL) counts inner NULs. */
char *wordpiece_decode (const Vocab *vocab, int64_t id, size_t *length);

typedef struct
{
  int rows;      /* B */
  int columns;   /* T: the longest row, or max_length */
  int64_t *ids;  /* (B, T), padded with [PAD] */
  int64_t *mask; /* (B, T): 1 for pieces, 0 for padding */
} PieceBatch;

typedef struct
{
  int max_length;  /* [CLS] included; 0: none */
  bool truncate;   /* cut rows to max_length; otherwise longer rows stay whole, as in the official calls */
  bool pad_to_max; /* padding to max_length; otherwise to the longest row */
} PieceBatchRule;

/* Encodes texts[0..n) of lengths[0..n) bytes (each <= MAPPED_TEXT_LIMIT) as one batch. */
void piece_batch_encode (const Vocab *vocab, const char *const *texts, const size_t *lengths, int n,
                         PieceBatchRule rule, PieceBatch *batch);
void piece_batch_free (PieceBatch *batch);
