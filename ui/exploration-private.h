/* SPDX-License-Identifier: MIT
 * Inside of AlidadeExploration: exploration.c asks the engine, exploration-selection.c knows the words. */
#pragma once

#include "exploration.h"

#define ALIDADE_LATE_MS 150

struct _AlidadeExploration
{
  GObject parent_instance;

  AlidadeEngineService *service;
  AlidadeLook *look;
  AlbefModelInfo info; /* zeros without a model */

  AlidadePicture *picture;
  AlidadeLoadedPicture *loaded;
  ViewPyramid *pyramid;
  char *problem;
  GCancellable *load_cancellable;

  char *text;
  AlbefMethod method;
  int layers[2]; /* by method, 0: default */
  guint64 heads;

  guint serial, serial_done; /* of the newest request and the newest answer */
  GCancellable *cancellable;
  guint late_id;
  gboolean waiting;
  char *error;
  double latency;  /* seconds */
  gint64 asked_at; /* of the answer shown */
  AlidadeMaps *pending_words;
  AlidadeMaps *words;
  AlidadeMaps *maps;

  int selected, n_selected, hovered;
  int anchor;              /* fixed end of a phrase made with Shift */
  gboolean chosen_by_hand; /* else the strongest word is selected */
  GArray *pins;            /* int, ascending */

  float *shown; /* [grid_height][grid_width] */
  double shown_scale;
  double shown_x, shown_y;
};

/* Takes the selection and pins over to the words of a changed sentence; call before self->words changes. */
void _alidade_exploration_carry_selection (AlidadeExploration *self, AlidadeMaps *words);
/* Selects the strongest word unless the person chose one that is still there. */
void _alidade_exploration_choose (AlidadeExploration *self);
/* Makes self->shown anew. */
void _alidade_exploration_refresh_shown (AlidadeExploration *self);
/* Refreshes and tells. */
void _alidade_exploration_selection_changed (AlidadeExploration *self);
