/* SPDX-License-Identifier: MIT
 * Articles, prepositions and conjunctions: words that the window draws lighter. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Is word[0..length) one of a closed list of English function words? ASCII letters of either case. */
bool is_function_word (const char *word, size_t length);
