/* SPDX-License-Identifier: MIT
 * top-k.h: the k largest, in the order of torch.topk on a processor. */
#pragma once

#include <stdint.h>

/* Indices of the k (1 .. n) largest of `values`, best first. Equal values come as torch.topk leaves them there: it selects
 * with the standard library's introselect and sorts what it selected, neither of which is stable, so that a tie is not won by
 * the smaller index. Answers of VQA that share their first word are such ties, at the cut too; published answers rest on it.
 * k * 64 <= n: torch takes a heap instead; here the smaller index wins then. */
void top_k (const float *values, int64_t n, int64_t k, int32_t *best);
