/* SPDX-License-Identifier: MIT
 * The official code's caption clean-up, with the way back to what was typed. */
#pragma once

#include "mapped.h"

typedef enum
{
  CLEAN_CAPTION,  /* pre_caption of dataset/utils.py: fine-tuning, evaluation, the window */
  CLEAN_QUESTION, /* pre_question of dataset/utils.py: VQA */
  CLEAN_NOTEBOOK  /* pre_caption of visualization.ipynb: CLEAN_CAPTION without the <person> rule */
} CleanRule;

/* Cleans UTF-8 text (length <= MAPPED_TEXT_LIMIT) into *cleaned, which is emptied first, and returns how many of
 * its characters belong to the first `max_words` words: cleaned->chars[0..returned) is the official result. The
 * rest, which begins with the space that the official code cuts at, is kept so that the cut can be reported.
 * Words are what lies between single spaces, empty ones too; max_words < 0 is no limit. */
size_t clean_text (const char *text, size_t length, CleanRule rule, int max_words, MappedText *cleaned);
