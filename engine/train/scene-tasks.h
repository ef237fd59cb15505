/* SPDX-License-Identifier: MIT
 * scene-tasks.h: questions, statements and statements about pairs, each with its truth, from composed scenes: for VQA,
 * visual entailment and NLVR2. Every text is a pure function of (source, scenes, seed, index). */
#pragma once

#include "scene.h"

typedef struct
{
  char text[SCENE_MAX_TEXT];
  char answer[64]; /* one or a few words */
} SceneQuestion;

/* Number, colour, presence, kind, place. */
void scene_question (const SceneSource *source, const Scene *scene, uint64_t seed, uint64_t index,
                     SceneQuestion *question);

typedef enum
{
  SCENE_CONTRADICTION = 0, /* the official class numbers */
  SCENE_NEUTRAL = 1,
  SCENE_ENTAILMENT = 2
} SceneVerdict;

/* A statement of the wanted class. Neutral ones tell of something in the picture what no picture shows. */
void scene_statement (const SceneSource *source, const Scene *scene, uint64_t seed, uint64_t index,
                      SceneVerdict verdict, char text[SCENE_MAX_TEXT]);

/* Two pictures for one statement. Compose them with scene_pair first; then the statement, true or false as wanted. */
void scene_pair (const SceneSource *source, uint64_t seed, uint64_t index, Scene *left, Scene *right);
void scene_pair_statement (const SceneSource *source, const Scene *left, const Scene *right, uint64_t seed,
                           uint64_t index, bool truth, char text[SCENE_MAX_TEXT]);
