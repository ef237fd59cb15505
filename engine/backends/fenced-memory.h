/* SPDX-License-Identifier: MIT
 * fenced-memory.h: buffers that nobody can touch unless a call opens them.
 *
 * A buffer is pages of its own between two guard pages that are never opened:
 *
 *   | guard | red zone . bytes ...................... slack | guard |
 *
 * The bytes end at a page's end (less up to 3 bytes of slack, so that elements stay aligned), hence a kernel
 * that runs over the end faults at once; the red zone before them and the slack keep a pattern that is
 * compared after each call that could have written there. All pages are PROT_NONE unless opened. Fresh and
 * freed pages hold a signalling NaN in every word. Freed ones stay mapped and closed for a while.
 *
 * A fault at a fenced address prints what was touched, then takes the way it would have taken without us.
 * Everything here is for one thread at a time. */
#pragma once

#include "reference.h"

/* A signalling NaN as a float, an index far outside any table as an i32. */
#define FENCED_FILL 0x7fa5a5a5u

typedef struct FencedBuffer FencedBuffer;
typedef struct FencedHeap FencedHeap;

struct FencedBuffer
{
  Buffer base;          /* .bytes, .size: what kernels see; .borrowed: wrapped, so read only */
  unsigned char *pages; /* first page after the guard */
  size_t length;        /* of the pages between the guards */
  bool released;        /* freed by its owner: no new call may name it */
  FencedBuffer *next;   /* in the heap's list of live or of freed buffers */
};

FencedHeap *fenced_heap_new (void);
void fenced_heap_free (FencedHeap *heap); /* with every buffer in it */

/* A closed buffer full of NaN; NULL if there is no memory. */
FencedBuffer *fenced_buffer_new (FencedHeap *heap, size_t size);

/* Fills with NaN, closes for good, and gives the oldest freed ones back once there are many. */
void fenced_buffer_free (FencedHeap *heap, FencedBuffer *buffer);

/* Opens the pages under bytes [offset, offset + size), for writing or only for reading. */
void fenced_buffer_open (FencedBuffer *buffer, size_t offset, size_t size, bool write);

/* Aborts with the name of `who` if it wrote into the red zone or the slack, as far as they lie on the pages
 * under these bytes, which are open. */
void fenced_buffer_check (const FencedBuffer *buffer, size_t offset, size_t size, const char *who);

/* Closes the same pages. */
void fenced_buffer_close (FencedBuffer *buffer, size_t offset, size_t size);

/* For the message of a fault: the kernel that is running, NULL outside a call. */
void fenced_set_running (const char *name);
