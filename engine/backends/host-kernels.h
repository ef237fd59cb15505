/* SPDX-License-Identifier: MIT
 * host-kernels.h: the plain kernels, for any backend whose Buffer begins with { address, size in bytes }. What is
 * never hot runs on them in the cpu backend too. */
#pragma once

#include "backend.h"

/* Runs one call now, on one thread. The call has been checked. */
void reference_run (const KernelCall *call);
