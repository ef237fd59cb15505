/* SPDX-License-Identifier: MIT
 * case-text.h: the conformance cases `tokenizer` and `pre_caption`.
 *
 * Both read only the inputs of DIR/text/CASE.json (results there may be emptied) and the vocabulary DIR/text/vocab.txt,
 * else DIR/vocab.txt, and write a file of the same structure, complete or not at all. Return 0, or 1 with a sentence in
 * message[n]. */
#pragma once

#include <stddef.h>

int case_tokenizer (const char *dir, const char *out_path, char *message, size_t n);
int case_pre_caption (const char *dir, const char *out_path, char *message, size_t n);
