/* SPDX-License-Identifier: MIT
 * vqa-accuracy.h: the standard VQA accuracy (Antol et al., 2015, and the evaluation code published with the data set).
 */
#pragma once

/* The mean over the people asked, each left out once, of min (1, how many of the others said the same / 3). Answers are
 * compared after the data set's clean-up, which is done only where people disagree. n >= 1. */
double vqa_accuracy (const char *answer, const char *const *people, int n);

/* The clean-up: lower case, punctuation, numbers as digits, articles, apostrophes of contractions. The caller frees. */
char *vqa_clean_answer (const char *answer);
