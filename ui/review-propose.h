/* SPDX-License-Identifier: MIT
 * AlidadeReviewPropose: 'Propose for all' behind the window: regions from the maps of the model in use for every phrase
 * without a verdict, picture by picture, with pause and cancel; what was cut off goes on where it was. Typing, looking and
 * verdicts go before it.
 *
 * Signals, on the main thread:
 *   changed ()                       it runs, pauses, or not any more
 *   finished (char *text, gboolean)  what came of it, for people; TRUE: something failed */
#pragma once

#include "engine-service.h"
#include "job-row.h"
#include "project-service.h"

G_BEGIN_DECLS

#define ALIDADE_TYPE_REVIEW_PROPOSE (alidade_review_propose_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeReviewPropose, alidade_review_propose, ALIDADE, REVIEW_PROPOSE, GObject)

AlidadeReviewPropose *alidade_review_propose_new (AlidadeProjectService *projects, AlidadeEngineService *engine);

/* Does nothing while a run is going on. `filter`: words of phrases or captions; NULL: all phrases without a verdict.
 * Captions without phrases get their noun phrases first. */
void alidade_review_propose_start (AlidadeReviewPropose *self, const char *by, const char *filter);
void alidade_review_propose_cancel (AlidadeReviewPropose *self);
void alidade_review_propose_set_paused (AlidadeReviewPropose *self, gboolean paused);
gboolean alidade_review_propose_get_running (AlidadeReviewPropose *self);
/* For a job row. */
void alidade_review_propose_poll (AlidadeJobState *state, gpointer self);

G_END_DECLS
