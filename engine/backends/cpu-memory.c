/* SPDX-License-Identifier: MIT */
#include "cpu-memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SMALLEST 256
#define SLACK ((size_t) 32 << 20)
#define MOST_SLACK ((size_t) 256 << 20)
#define HUGE_PAGE ((size_t) 2 << 20)

/* One alignment unit in front of the data. */
struct CpuBlock
{
  CpuBlock *next;
  size_t bytes;
  int size_class;
};

_Static_assert (sizeof (CpuBlock) <= CPU_MEMORY_ALIGNMENT, "a block's header fits in front of it");

/* Class c holds SMALLEST (8 + c % 8) / 8 << (c / 8) bytes. */
static size_t
class_bytes (int size_class)
{
  return (size_t) SMALLEST / 8 * (8 + size_class % 8) << (size_class / 8);
}

/* The smallest class that holds `bytes`, or -1 when the number is absurd. */
static int
class_of (size_t bytes)
{
  int size_class = 0;

  if (bytes > (size_t) 1 << 50)
    return -1;
  if (bytes > SMALLEST)
    {
      int log = 63 - __builtin_clzll (bytes);

      size_class = 8 * (log - 8); /* SMALLEST is 2^8 */
    }
  while (class_bytes (size_class) < bytes)
    size_class++;
  return size_class;
}

/* Blocks of several huge pages are mapped, so that one that is given back leaves the process: malloc would keep many
 * of them, in pieces that fit nothing. */
static bool
is_mapped (size_t bytes)
{
  return bytes + CPU_MEMORY_ALIGNMENT >= 2 * HUGE_PAGE;
}

/* What a mapped block takes, in whole pages of any size in use. */
static size_t
mapped_bytes (size_t bytes)
{
  return (bytes + CPU_MEMORY_ALIGNMENT + 65535) / 65536 * 65536;
}

static void
block_release (CpuMemory *memory, CpuBlock *block)
{
  memory->waiting_bytes -= block->bytes;
  if (is_mapped (block->bytes))
    munmap (block, mapped_bytes (block->bytes));
  else
    free (block);
}

/* Gives back from the largest class down until at most `keep` bytes wait. Called with the lock held. */
static void
shrink_to (CpuMemory *memory, size_t keep)
{
  for (int c = CPU_MEMORY_CLASSES - 1; c >= 0 && memory->waiting_bytes > keep; c--)
    while (memory->waiting[c] != NULL && memory->waiting_bytes > keep)
      {
        CpuBlock *block = memory->waiting[c];

        memory->waiting[c] = block->next;
        block_release (memory, block);
      }
}

/* Mapped memory that begins on a huge page; NULL when there is none. */
static void *
map_block (size_t bytes)
{
  size_t whole = mapped_bytes (bytes), before, after;
  char *start = mmap (NULL, whole + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (start == MAP_FAILED)
    return NULL;
  before = (HUGE_PAGE - (uintptr_t) start % HUGE_PAGE) % HUGE_PAGE;
  after = HUGE_PAGE - before;
  if (before > 0)
    munmap (start, before);
  munmap (start + before + whole, after);
#ifdef MADV_HUGEPAGE
  /* Fewer page faults and address look-ups; the last, partly used huge page is left alone. */
  madvise (start + before, whole / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
  return start + before;
}

static CpuBlock *
block_from_system (size_t bytes, int size_class)
{
  void *start = NULL;
  CpuBlock *block;

  if (is_mapped (bytes))
    start = map_block (bytes);
  else if (posix_memalign (&start, CPU_MEMORY_ALIGNMENT, bytes + CPU_MEMORY_ALIGNMENT) != 0)
    return NULL;
  if (start == NULL)
    return NULL;
  block = start;
  block->bytes = bytes;
  block->size_class = size_class;
  return block;
}

void
cpu_memory_init (CpuMemory *memory)
{
  *memory = (CpuMemory) { 0 };
  pthread_mutex_init (&memory->lock, NULL);
}

void
cpu_memory_clear (CpuMemory *memory)
{
  shrink_to (memory, 0);
  pthread_mutex_destroy (&memory->lock);
}

size_t
cpu_memory_rounded (size_t bytes)
{
  int size_class = class_of (bytes);

  return size_class < 0 ? bytes : class_bytes (size_class);
}

void *
cpu_memory_new (CpuMemory *memory, size_t bytes)
{
  int size_class = class_of (bytes);
  CpuBlock *block;

  if (size_class < 0 || size_class >= CPU_MEMORY_CLASSES)
    return NULL;
  bytes = class_bytes (size_class);
  pthread_mutex_lock (&memory->lock);
  block = memory->waiting[size_class];
  if (block != NULL)
    {
      memory->waiting[size_class] = block->next;
      memory->waiting_bytes -= bytes;
    }
  else
    {
      block = block_from_system (bytes, size_class);
      if (block == NULL && memory->waiting_bytes > 0)
        {
          shrink_to (memory, 0);
          block = block_from_system (bytes, size_class);
        }
      memory->system_calls++;
    }
  if (block != NULL)
    {
      memory->live_bytes += bytes;
      if (memory->live_bytes > memory->peak_bytes)
        memory->peak_bytes = memory->live_bytes;
    }
  pthread_mutex_unlock (&memory->lock);
  return block != NULL ? (char *) block + CPU_MEMORY_ALIGNMENT : NULL;
}

void
cpu_memory_free (CpuMemory *memory, void *data)
{
  CpuBlock *block;
  size_t slack, bound;

  if (data == NULL)
    return;
  block = (CpuBlock *) ((char *) data - CPU_MEMORY_ALIGNMENT);
  pthread_mutex_lock (&memory->lock);
  memory->live_bytes -= block->bytes;
  block->next = memory->waiting[block->size_class];
  memory->waiting[block->size_class] = block;
  memory->waiting_bytes += block->bytes;
  slack = memory->peak_bytes / 8 + SLACK;
  bound = memory->peak_bytes + (slack < MOST_SLACK ? slack : MOST_SLACK);
  if (memory->live_bytes + memory->waiting_bytes > bound)
    shrink_to (memory, bound > memory->live_bytes ? bound - memory->live_bytes : 0);
  pthread_mutex_unlock (&memory->lock);
}

void
cpu_memory_trim (CpuMemory *memory, size_t keep)
{
  pthread_mutex_lock (&memory->lock);
  shrink_to (memory, keep);
  memory->peak_bytes = memory->live_bytes;
  pthread_mutex_unlock (&memory->lock);
}
