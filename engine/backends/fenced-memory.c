/* SPDX-License-Identifier: MIT */
#include "fenced-memory.h"

#include "error.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Freed buffers are kept up to these limits; the oldest go first. */
#define QUARANTINE_BYTES ((size_t) 64 << 20)
#define QUARANTINE_COUNT 4096

struct FencedHeap
{
  FencedBuffer *live;
  FencedBuffer *freed, *freed_last; /* oldest first */
  size_t freed_bytes;
  int freed_count;
  FencedHeap *next; /* of all heaps, for the fault handler */
};

static FencedHeap *heaps;
static struct sigaction previous_action;
static const char *running;

static size_t
page_size (void)
{
  static size_t size;

  if (size == 0)
    size = (size_t) sysconf (_SC_PAGESIZE);
  return size;
}

/* ---------------------------------------------------------------------------------------------------
 * Faults
 */

/* The buffer of a list whose pages or guards hold the address. */
static FencedBuffer *
find (FencedBuffer *list, const unsigned char *address)
{
  size_t page = page_size ();

  for (FencedBuffer *buffer = list; buffer != NULL; buffer = buffer->next)
    if (address >= buffer->pages - page && address < buffer->pages + buffer->length + page)
      return buffer;
  return NULL;
}

/* write (2): nothing else is allowed in a signal handler. */
static void
say (const char *text)
{
  ssize_t written = write (STDERR_FILENO, text, strlen (text));

  (void) written;
}

static void
explain (const FencedBuffer *buffer, const unsigned char *address, bool freed)
{
  say ("albef: fenced backend: ");
  if (running != NULL)
    {
      say ("inside '");
      say (running);
      say ("': ");
    }
  if (freed)
    say ("memory of a freed buffer was touched\n");
  else if (address >= buffer->pages + buffer->length)
    say ("memory past the end of a buffer was touched\n");
  else if (address < buffer->pages)
    say ("memory before the start of a buffer was touched\n");
  else if (running != NULL)
    say ("memory that the call does not name, or an input, was touched or written\n");
  else
    say ("device memory was touched outside a backend call; use backend_upload and backend_download\n");
}

/* Says what was touched, then lets the fault happen again under the handler that was there before. */
static void
fault (int signal_number, siginfo_t *info, void *context)
{
  const unsigned char *address = info->si_addr;

  for (FencedHeap *heap = heaps; heap != NULL; heap = heap->next)
    {
      FencedBuffer *buffer = find (heap->live, address);

      if (buffer != NULL)
        explain (buffer, address, buffer->released);
      else if ((buffer = find (heap->freed, address)) != NULL)
        explain (buffer, address, true);
    }
  sigaction (SIGSEGV, &previous_action, NULL);
}

void
fenced_set_running (const char *name)
{
  running = name;
}

/* ---------------------------------------------------------------------------------------------------
 * Pages
 */

static void
protect (unsigned char *start, size_t length, int protection)
{
  if (mprotect (start, length, protection) != 0)
    {
      perror ("albef: fenced backend: mprotect");
      abort ();
    }
}

/* The pages under bytes [offset, offset + size) of a buffer. */
static void
page_range (const FencedBuffer *buffer, size_t offset, size_t size, unsigned char **start, size_t *length)
{
  size_t page = page_size ();
  size_t head = (size_t) (buffer->base.bytes - buffer->pages);
  size_t first = (head + offset) / page * page;
  size_t end = (head + offset + size + page - 1) / page * page;

  *start = buffer->pages + first;
  *length = end - first;
}

static void
fill (FencedBuffer *buffer)
{
  uint32_t *words = (uint32_t *) (void *) buffer->pages;

  for (size_t i = 0; i < buffer->length / 4; i++)
    words[i] = FENCED_FILL;
}

/* Whether bytes [from, to) counted from the first page still hold the fill. */
static bool
untouched (const FencedBuffer *buffer, size_t from, size_t to)
{
  const uint32_t word = FENCED_FILL;

  for (size_t i = from; i < to; i++)
    if (buffer->pages[i] != ((const unsigned char *) &word)[i % 4])
      return false;
  return true;
}

void
fenced_buffer_check (const FencedBuffer *buffer, size_t offset, size_t size, const char *who)
{
  size_t head = (size_t) (buffer->base.bytes - buffer->pages);
  unsigned char *start;
  size_t length;
  const char *where = NULL;

  page_range (buffer, offset, size, &start, &length);
  if (start == buffer->pages && !untouched (buffer, 0, head))
    where = "before the start";
  if (start + length == buffer->pages + buffer->length && !untouched (buffer, head + buffer->base.size, buffer->length))
    where = "past the end";
  if (where != NULL)
    {
      fprintf (stderr, "albef: fenced backend: '%s' wrote %s of a buffer of %zu bytes\n", who, where,
               buffer->base.size);
      abort ();
    }
}

void
fenced_buffer_open (FencedBuffer *buffer, size_t offset, size_t size, bool write)
{
  unsigned char *start;
  size_t length;

  page_range (buffer, offset, size, &start, &length);
  protect (start, length, write ? PROT_READ | PROT_WRITE : PROT_READ);
}

void
fenced_buffer_close (FencedBuffer *buffer, size_t offset, size_t size)
{
  unsigned char *start;
  size_t length;

  page_range (buffer, offset, size, &start, &length);
  protect (start, length, PROT_NONE);
}

/* ---------------------------------------------------------------------------------------------------
 * Buffers
 */

FencedBuffer *
fenced_buffer_new (FencedHeap *heap, size_t size)
{
  size_t page = page_size ();
  size_t rounded, length;
  unsigned char *region;
  FencedBuffer *buffer;

  if (size > SIZE_MAX / 2)
    return NULL;
  rounded = (size + 3) / 4 * 4;
  length = rounded > 0 ? (rounded + page - 1) / page * page : page;
  region = mmap (NULL, length + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (region == MAP_FAILED)
    return NULL;
  buffer = mem_new0 (1, sizeof *buffer);
  buffer->pages = region + page;
  buffer->length = length;
  buffer->base.bytes = buffer->pages + length - rounded;
  buffer->base.size = size;
  buffer->next = heap->live;
  heap->live = buffer;
  protect (buffer->pages, length, PROT_READ | PROT_WRITE);
  fill (buffer);
  protect (buffer->pages, length, PROT_NONE);
  return buffer;
}

static void
unmap (FencedBuffer *buffer)
{
  munmap (buffer->pages - page_size (), buffer->length + 2 * page_size ());
  free (buffer);
}

static void
release_oldest (FencedHeap *heap)
{
  FencedBuffer *oldest = heap->freed;

  heap->freed = oldest->next;
  if (heap->freed == NULL)
    heap->freed_last = NULL;
  heap->freed_bytes -= oldest->length;
  heap->freed_count--;
  unmap (oldest);
}

void
fenced_buffer_free (FencedHeap *heap, FencedBuffer *buffer)
{
  FencedBuffer **link = &heap->live;

  while (*link != buffer)
    link = &(*link)->next;
  *link = buffer->next;
  buffer->next = NULL;
  buffer->released = true;

  protect (buffer->pages, buffer->length, PROT_READ | PROT_WRITE);
  fenced_buffer_check (buffer, 0, buffer->base.size, "something");
  fill (buffer);
  protect (buffer->pages, buffer->length, PROT_NONE);

  if (heap->freed_last != NULL)
    heap->freed_last->next = buffer;
  else
    heap->freed = buffer;
  heap->freed_last = buffer;
  heap->freed_bytes += buffer->length;
  heap->freed_count++;
  while (heap->freed_bytes > QUARANTINE_BYTES || heap->freed_count > QUARANTINE_COUNT)
    release_oldest (heap);
}

/* ---------------------------------------------------------------------------------------------------
 * Heaps
 */

FencedHeap *
fenced_heap_new (void)
{
  FencedHeap *heap = mem_new0 (1, sizeof *heap);

  if (heaps == NULL)
    {
      struct sigaction action = { .sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

      sigemptyset (&action.sa_mask);
      sigaction (SIGSEGV, &action, &previous_action);
    }
  heap->next = heaps;
  heaps = heap;
  return heap;
}

void
fenced_heap_free (FencedHeap *heap)
{
  FencedHeap **link = &heaps;
  FencedBuffer *next;

  while (*link != heap)
    link = &(*link)->next;
  *link = heap->next;
  if (heaps == NULL)
    sigaction (SIGSEGV, &previous_action, NULL);
  for (FencedBuffer *buffer = heap->live; buffer != NULL; buffer = next)
    {
      next = buffer->next;
      unmap (buffer);
    }
  while (heap->freed != NULL)
    release_oldest (heap);
  free (heap);
}
