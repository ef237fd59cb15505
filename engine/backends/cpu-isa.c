/* SPDX-License-Identifier: MIT
 * cpu-isa.c: which of the compiled instruction sets to run. */
#include "cpu-kernels.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const CpuKernels *
cpu_kernels_nth (int i)
{
  const CpuKernels *runs[3];
  int count = 0;

#ifdef CPU_X86
  __builtin_cpu_init ();
  if (__builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw") && __builtin_cpu_supports ("avx512vl")
      && __builtin_cpu_supports ("avx512dq"))
    runs[count++] = &cpu_kernels_avx512;
  if (__builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma"))
    runs[count++] = &cpu_kernels_avx2;
#endif
  runs[count++] = &cpu_kernels_baseline;
  return i >= 0 && i < count ? runs[i] : NULL;
}

const CpuKernels *
cpu_kernels_choose (void)
{
  const char *wanted = getenv ("ALBEF_CPU_ISA");
  const CpuKernels *kernels;

  for (int i = 0; wanted != NULL && (kernels = cpu_kernels_nth (i)) != NULL; i++)
    if ((strcmp (wanted, "baseline") == 0 && kernels == &cpu_kernels_baseline)
#ifdef CPU_X86
        || (strcmp (wanted, "avx2") == 0 && kernels == &cpu_kernels_avx2)
        || (strcmp (wanted, "avx512") == 0 && kernels == &cpu_kernels_avx512)
#endif
    )
      return kernels;
  return cpu_kernels_nth (0);
}
