/* SPDX-License-Identifier: MIT
 * AlidadeExploration: what the Explore view is about, in one object: picture, sentence, layer, heads, the newest
 * answer of the engine, and which words are selected, hovered or pinned. Panes read it and listen; they change it
 * only through the setters here. Every change that matters to the engine sends a request at once; the service
 * replaces waiting ones and cancels the running one, and a late answer is never shown.
 *
 * Words are numbered as in the answer shown. ALIDADE_SENTENCE stands for the whole sentence.
 *
 * Signals:
 *   picture-changed    another picture is shown, or it turned out unreadable, or there is none
 *   text-changed       the sentence changed, also by the person's typing
 *   request-changed    method, layer, heads or the model's sizes
 *   maps-changed       words or maps are new
 *   selection-changed  other words are selected, hovered or pinned; follows maps-changed too
 *   waiting-changed    an answer is late (150 ms), or has come */
#pragma once

#include "engine-service.h"
#include "look.h"
#include "view-pixels.h"

G_BEGIN_DECLS

#define ALIDADE_SENTENCE (-1)
#define ALIDADE_NO_WORD (-2)

#define ALIDADE_TYPE_EXPLORATION (alidade_exploration_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeExploration, alidade_exploration, ALIDADE, EXPLORATION, GObject)

AlidadeExploration *alidade_exploration_new (AlidadeEngineService *service, AlidadeLook *look);

AlidadeEngineService *alidade_exploration_get_service (AlidadeExploration *self);
AlidadeLook *alidade_exploration_get_look (AlidadeExploration *self);

/* The picture chosen in the library; NULL: none. It is decoded on another thread; the old one stays on screen
 * until then. A sample's caption becomes the sentence unless the person typed one. */
void alidade_exploration_set_picture (AlidadeExploration *self, AlidadePicture *picture);
AlidadePicture *alidade_exploration_get_picture (AlidadeExploration *self);      /* chosen, may be NULL */
const char *alidade_exploration_get_problem (AlidadeExploration *self);          /* why it cannot be shown, or NULL */
AlidadeLoadedPicture *alidade_exploration_get_loaded (AlidadeExploration *self); /* shown; NULL: none */
ViewPyramid *alidade_exploration_get_pyramid (AlidadeExploration *self);         /* of the shown one */

void alidade_exploration_set_text (AlidadeExploration *self, const char *text);
const char *alidade_exploration_get_text (AlidadeExploration *self);

/* Layers count from 1, 0: the model's default. Each method remembers its own. */
void alidade_exploration_set_method (AlidadeExploration *self, AlbefMethod method);
AlbefMethod alidade_exploration_get_method (AlidadeExploration *self);
void alidade_exploration_set_layer (AlidadeExploration *self, int layer);
int alidade_exploration_get_layer (AlidadeExploration *self);    /* resolved: from 1; 0 without a model */
int alidade_exploration_get_n_layers (AlidadeExploration *self); /* of the method; 0 without a model */
int alidade_exploration_get_n_heads (AlidadeExploration *self);
/* Bit h: head h takes part; 0: all. */
void alidade_exploration_set_heads (AlidadeExploration *self, guint64 heads);
guint64 alidade_exploration_get_heads (AlidadeExploration *self);

/* Newest words (chips), newest maps (strip, canvas). The same value once the maps are there. */
AlidadeMaps *alidade_exploration_get_words (AlidadeExploration *self);
AlidadeMaps *alidade_exploration_get_maps (AlidadeExploration *self);
gboolean alidade_exploration_get_in_step (AlidadeExploration *self);  /* both are the same */
gboolean alidade_exploration_get_waiting (AlidadeExploration *self);  /* late: show it */
const char *alidade_exploration_get_error (AlidadeExploration *self); /* of the last request, or NULL */
/* Seconds from the change to the answer, of the last answer. */
double alidade_exploration_get_latency (AlidadeExploration *self);
/* When the person asked what is shown now: g_get_monotonic_time() of the change; 0 before the first answer. */
gint64 alidade_exploration_get_asked_at (AlidadeExploration *self);

/* Selects words first .. first + n - 1, or ALIDADE_SENTENCE (n is ignored). */
void alidade_exploration_select (AlidadeExploration *self, int first, int n);
void alidade_exploration_get_selected (AlidadeExploration *self, int *first, int *n);
gboolean alidade_exploration_is_selected (AlidadeExploration *self, int word);
/* The next word (direction > 0) or the one before; `extend` makes a phrase. */
void alidade_exploration_step (AlidadeExploration *self, int direction, gboolean extend);
void alidade_exploration_hover (AlidadeExploration *self, int word); /* ALIDADE_NO_WORD: pointer left */
void alidade_exploration_toggle_pin (AlidadeExploration *self, int word);
gboolean alidade_exploration_is_pinned (AlidadeExploration *self, int word);

/* What the canvas shows: hovered word, or selected and pinned words together (highest value of each cell).
 * NULL: no map. Borrowed until the next change. `scale` is the value drawn as 1.0. */
const float *alidade_exploration_get_shown_map (AlidadeExploration *self, double *scale);
/* Its highest point, in 0..1 of the picture; FALSE without a map. */
gboolean alidade_exploration_get_shown_peak (AlidadeExploration *self, double *x, double *y);
/* Words it shows, as typed: "duck", "soccer ball", "whole sentence". g_free() it. */
char *alidade_exploration_describe_shown (AlidadeExploration *self);
/* Mean of one head over the selected words; g_free() it. NULL: none. */
float *alidade_exploration_get_head_map (AlidadeExploration *self, int head);

G_END_DECLS
