/* SPDX-License-Identifier: MIT
 * Inside of AlidadeReviewView. */
#pragma once

#include "review-caption.h"
#include "review-hint.h"
#include "review-keys.h"
#include "review-map-box.h"
#include "review-propose.h"
#include "review-queue-pane.h"
#include "review-side-pane.h"
#include "review-view.h"
#include "tool-column.h"

G_BEGIN_DECLS

#define REVIEW_BUTTONS 5

struct _AlidadeReviewView
{
  GtkWidget parent_instance;

  AlidadeProjectService *projects;
  AlidadeEngineService *engine;
  AlidadeLook *look;         /* own: the window's colours, an opacity for reviewing */
  GSettings *settings;       /* may be NULL */
  AlidadeReviewSession *session;
  AlidadeReviewKeys *keys;
  AlidadeReviewPropose *propose;

  AdwFlap *queue_flap, *regions_flap;
  GtkWidget *queue_side, *regions_side;
  GtkBox *column;            /* jobs, then the stack */
  GtkStack *stack;           /* work, status, loading */
  AdwStatusPage *status;
  GtkButton *status_button, *status_second;
  AlidadeReviewCaption *caption;
  AlidadeRegionCanvas *canvas;
  AlidadeToolColumn *tools;
  AlidadeReviewMapBox *map_box;
  AlidadeReviewHint *hint;
  GtkLabel *zoom;
  GtkSpinner *spinner;
  GtkWidget *verdicts[REVIEW_BUTTONS];
  GtkLabel *verdict_names[REVIEW_BUTTONS], *verdict_keys[REVIEW_BUTTONS], *undo_key, *redo_key;
  AlidadeReviewSidePane *side;
  GtkWidget *job_row;        /* NULL: none */

  /* what the canvas shows */
  gint64 shown_phrase;       /* 0: nothing yet */
  ReviewItem *shown_item;
  ViewPyramid *shown_pyramid;
  const float *shown_map;    /* compared only */
  GCancellable *comparing;
  AlidadeMaps *compared;     /* the chosen map's, of the shown phrase */
  guint late_id;
  gboolean correcting, looking;
  char *said;                /* for the hint */
  gboolean said_error;
  char *doing;               /* newest edit, for the history */
  gint64 key_at;             /* when the key was pressed that led here; 0: none */
  double key_work;           /* of the main thread until then, seconds */
  guint after_paint;
  GdkFrameClock *clock;

  int queue_width, regions_width; /* set by hand; 0: by the view's width */
  gboolean wide, narrow;
  guint layout_id;
  int n_left;
};

/* review-view.c: what stands there by the session's state */
void _alidade_review_view_show_state (AlidadeReviewView *self);

/* review-view-scene.c */
void _alidade_review_view_show_current (AlidadeReviewView *self); /* another phrase */
void _alidade_review_view_show_loaded (AlidadeReviewView *self);  /* more of it */
void _alidade_review_view_show_map (AlidadeReviewView *self);     /* shown or not, or another one */
void _alidade_review_view_update_hint (AlidadeReviewView *self);
void _alidade_review_view_clear_scene (AlidadeReviewView *self);
double _alidade_review_view_work (void);

/* review-view-actions.c */
void _alidade_review_view_class_init_actions (GtkWidgetClass *widget_class);
void _alidade_review_view_init_actions (AlidadeReviewView *self);
void _alidade_review_view_say (AlidadeReviewView *self, const char *text, gboolean error);
/* Shows the keys of the keymap everywhere. */
void _alidade_review_view_update_keys (AlidadeReviewView *self);

/* review-view-windows.c */
void _alidade_review_view_class_init_windows (GtkWidgetClass *widget_class);
void _alidade_review_view_load_keymap (AlidadeReviewView *self);
const char *_alidade_review_view_reviewer (AlidadeReviewView *self);

G_END_DECLS
