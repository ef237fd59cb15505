/* SPDX-License-Identifier: MIT
 * loader-parts.h: what loader.c (threads, order) and loader-rows.c (what is in a batch) share. */
#pragma once

#include <pthread.h>

#include "loader.h"
#include "wordpiece.h"

/* A batch and the room it was given. */
typedef struct
{
  HostBatch batch;
  int64_t holds; /* global number of the batch that is ready in it; -1: none */
  AlbefError error;
  size_t text_room, answer_room, foil_room, noun_room; /* in elements of ids */
} Slot;

typedef struct
{
  int64_t batch; /* global number */
  int row;
  char *text;
} Trouble;

struct Loader
{
  LoaderOptions options;
  float mean[3], std[3];
  int64_t n_samples; /* of an epoch */
  int64_t n_batches; /* of an epoch */
  int n_images;

  pthread_mutex_t lock;
  pthread_cond_t changed; /* a batch is ready, a slot is free, or the end has come */
  pthread_t *threads;
  int n_threads;
  bool stop;
  Slot *slots;
  int n_slots;
  int64_t to_make, to_give; /* global numbers: epoch x n_batches + number */
  int busy;                 /* workers at work */

  /* Under `lock` too. */
  uint8_t *unreadable, *cut; /* a bit for each sample; NULL for scenes */
  LoaderCounts counts;
  Trouble troubles[LOADER_MAX_TROUBLES];
  int n_troubles;
};

/* loader-rows.c: allocates what has a fixed size; fills batch `global`; frees. */
void slot_prepare (const Loader *loader, Slot *slot);
AlbefStatus slot_fill (Loader *loader, Slot *slot, int64_t global, AlbefError *error);
void slot_clear (const Loader *loader, Slot *slot);

typedef enum
{
  TROUBLE_UNREADABLE,
  TROUBLE_CUT
} TroubleKind;

/* Counts and lists it once for each sample. */
void loader_note (Loader *loader, TroubleKind kind, int64_t global, int row, int64_t sample, const char *format, ...)
    __attribute__ ((format (printf, 6, 7)));

/* Streams of random numbers; (epoch, place in the epoch) follow. */
enum
{
  STREAM_ORDER = 0x10ad,
  STREAM_REPLACE,
  STREAM_TEXT,
  STREAM_FOIL,
  STREAM_AUGMENT,
  STREAM_SECOND, /* NLVR's second picture */
  STREAM_MLM,
  STREAM_DRAWS,
  STREAM_REGION
};

/* A batch on its way: the texts' pieces before they are laid out. */
typedef struct
{
  Loader *loader;
  Slot *slot;
  HostBatch *batch;
  int64_t global;
  PieceList *texts, *foils, *answers; /* [rows], [rows], [n_answers] */
  int n_answers, answers_allocated;
  bool **nouns;     /* [rows]: for scenes, which pieces are nouns */
  uint64_t *places; /* [rows]: in the epoch */
  uint8_t *pixels;  /* R x R */
  uint8_t *scene_pixels;
} Making;

/* loader-texts.c. Cleans and tokenizes into *list; true if something was cut. */
bool making_encode (const Loader *loader, const char *text, PieceList *list, bool truncate);
void making_add_answers (Making *making, const Sample *sample, int row);
/* Is the piece of the sample's text one of its phrase? */
bool sample_phrase_holds (const Sample *sample, const Piece *piece);
/* Lays out all texts, masks words, draws the step's numbers. */
void making_finish_texts (Making *making);
