/* SPDX-License-Identifier: MIT
 * The cpu backend's caching allocator: alignment, reuse, and the bound on what waits. */
#include "cpu-memory.h"
#include "tap.h"

int
main (void)
{
  CpuMemory memory;
  void *block, *again;
  void *many[64];
  bool aligned = true, large_enough = true;
  uint64_t calls;

  cpu_memory_init (&memory);
  for (size_t bytes = 0; bytes < 70000; bytes = bytes * 5 / 4 + 7)
    {
      block = cpu_memory_new (&memory, bytes);
      memset (block, 1, bytes);
      aligned &= (uintptr_t) block % CPU_MEMORY_ALIGNMENT == 0;
      large_enough &= cpu_memory_rounded (bytes) >= bytes
                      && (bytes < 256 || cpu_memory_rounded (bytes) <= bytes + bytes / 4 + 1);
      cpu_memory_free (&memory, block);
    }
  tap_ok (aligned, "/cpu-memory/blocks are aligned");
  tap_ok (large_enough, "/cpu-memory/classes hold the request and waste at most a quarter");

  block = cpu_memory_new (&memory, 1000000);
  cpu_memory_free (&memory, block);
  calls = memory.system_calls;
  again = cpu_memory_new (&memory, 999000);
  tap_ok (again == block && memory.system_calls == calls, "/cpu-memory/a freed block serves the next request");
  cpu_memory_free (&memory, again);

  /* Many different sizes, one live at a time: waiting blocks would pile up without a bound. */
  for (size_t mb = 1; mb < 60; mb += 3)
    cpu_memory_free (&memory, cpu_memory_new (&memory, mb << 20));
  tap_ok (memory.live_bytes == 0, "/cpu-memory/nothing is live after all was freed");
  tap_ok (memory.waiting_bytes <= memory.peak_bytes + memory.peak_bytes / 8 + (32 << 20),
          "/cpu-memory/what waits is bounded by the peak (%zu MB after a peak of %zu MB)", memory.waiting_bytes >> 20,
          memory.peak_bytes >> 20);
  tap_ok (memory.waiting_bytes < (size_t) 110 << 20, "/cpu-memory/far below the sum of all requests");

  for (int i = 0; i < 64; i++)
    many[i] = cpu_memory_new (&memory, 100000);
  calls = memory.system_calls;
  for (int i = 0; i < 64; i++)
    cpu_memory_free (&memory, many[i]);
  for (int i = 0; i < 64; i++)
    many[i] = cpu_memory_new (&memory, 100000);
  tap_ok (memory.system_calls == calls, "/cpu-memory/a whole step's blocks come back from the cache");
  for (int i = 0; i < 64; i++)
    cpu_memory_free (&memory, many[i]);

  cpu_memory_trim (&memory, 1 << 20);
  tap_ok (memory.waiting_bytes <= 1 << 20, "/cpu-memory/trim gives memory back");
  tap_ok (cpu_memory_new (&memory, SIZE_MAX - 5) == NULL, "/cpu-memory/an absurd request is refused");
  cpu_memory_clear (&memory);
  return tap_done ();
}
