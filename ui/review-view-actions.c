/* SPDX-License-Identifier: MIT
 * review-view-actions.c: what people do, by key, button or assistive technology. */
#include "review-view-private.h"

#include "calibration.h"

static const struct
{
  ReviewAction action;
  VerdictKind verdict;
  const char *name;
} verdicts[] = {
  { REVIEW_ACTION_ACCEPT, VERDICT_ACCEPTED, "review.accept" }, { REVIEW_ACTION_CORRECT, VERDICT_CORRECTED, "review.correct" },
  { REVIEW_ACTION_REJECT, VERDICT_REJECTED, "review.reject" }, { REVIEW_ACTION_ABSENT, VERDICT_ABSENT, "review.absent" },
  { REVIEW_ACTION_UNSURE, VERDICT_UNSURE, "review.unsure" },
};

/* Tools and sizes are the canvas's. */
static const struct
{
  ReviewAction action;
  const char *name;
} canvas_actions[] = {
  { REVIEW_ACTION_SELECT_TOOL, "region.select-tool" },       { REVIEW_ACTION_BOX_TOOL, "region.box-tool" },
  { REVIEW_ACTION_POLYGON_TOOL, "region.polygon-tool" },     { REVIEW_ACTION_BRUSH_TOOL, "region.brush-tool" },
  { REVIEW_ACTION_ERASE_TOOL, "region.erase-tool" },         { REVIEW_ACTION_MASK, "region.mask-from-map" },
  { REVIEW_ACTION_FILL, "region.fill" },                     { REVIEW_ACTION_SMOOTH, "region.smooth" },
  { REVIEW_ACTION_BRUSH_SMALLER, "region.brush-smaller" },   { REVIEW_ACTION_BRUSH_LARGER, "region.brush-larger" },
  { REVIEW_ACTION_THRESHOLD_DOWN, "region.threshold-down" }, { REVIEW_ACTION_THRESHOLD_UP, "region.threshold-up" },
};

void
_alidade_review_view_say (AlidadeReviewView *self, const char *text, gboolean error)
{
  g_free (self->said);
  self->said = g_strdup (text);
  self->said_error = error;
  _alidade_review_view_update_hint (self);
}

static gboolean
is_editing (AlidadeReviewView *self)
{
  return alidade_region_canvas_get_editing (self->canvas);
}

/* Going on would lose what was drawn. */
static gboolean
holds_edit (AlidadeReviewView *self)
{
  if (!is_editing (self))
    return FALSE;
  _alidade_review_view_say (self, "Enter keeps what you drew, Esc drops it.", TRUE);
  return TRUE;
}

static gboolean
at_work (AlidadeReviewView *self)
{
  return g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "work") == 0;
}

/* Correcting ---------------------------------------------------------------------------------------------------------------- */

static void
update_correcting (AlidadeReviewView *self)
{
  gboolean on = self->correcting || is_editing (self);

  if (on)
    gtk_widget_add_css_class (self->verdicts[1], "suggested-action");
  else
    gtk_widget_remove_css_class (self->verdicts[1], "suggested-action");
  alidade_review_session_set_drawing (self->session, is_editing (self));
  alidade_review_side_pane_set_doing (self->side, is_editing (self) && self->doing != NULL ? self->doing
                                                  : on                                     ? "Opened for correction"
                                                                                           : NULL);
  _alidade_review_view_update_hint (self);
}

static void
start_correcting (AlidadeReviewView *self)
{
  AlidadeRegionEdit *edit = alidade_region_canvas_get_edit (self->canvas);

  if (!at_work (self) || self->shown_phrase == 0)
    return;
  self->correcting = TRUE;
  g_clear_pointer (&self->said, g_free);
  self->said_error = FALSE;
  if (alidade_region_edit_get_n (edit) == 0)
    alidade_region_canvas_set_tool (self->canvas, ALIDADE_REGION_TOOL_BOX);
  else if (alidade_region_edit_get_selected (edit) < 0)
    alidade_region_edit_select (edit, 0);
  gtk_widget_grab_focus (GTK_WIDGET (self->canvas));
  update_correcting (self);
}

static void
keep (AlidadeReviewView *self, gboolean whole_chain)
{
  g_autoptr (GArray) made = alidade_region_edit_list_changes (alidade_region_canvas_get_edit (self->canvas));
  g_autofree RegionChange *changes = g_new0 (RegionChange, made->len + 1);

  if (self->shown_phrase == 0 || !at_work (self))
    return;
  if (made->len == 0)
    {
      if (self->correcting)
        _alidade_review_view_say (self, "Nothing was changed: draw or move a region, or accept.", TRUE);
      return;
    }
  for (guint i = 0; i < made->len; i++)
    {
      const AlidadeEditRegion *region = &g_array_index (made, AlidadeEditRegion, i);

      changes[i] = (RegionChange) { region->id, region->shape };
    }
  if (alidade_review_session_correct (self->session, self->shown_phrase, changes, made->len, whole_chain))
    alidade_region_canvas_set_tool (self->canvas, ALIDADE_REGION_TOOL_SELECT);
  else
    _alidade_review_view_say (self, "The phrase is being read again; press Enter once more.", TRUE);
  update_correcting (self);
}

static void
accepted_cb (AlidadeReviewView *self, gboolean whole_chain)
{
  keep (self, whole_chain);
}

static void
cancelled_cb (AlidadeReviewView *self, gboolean dropped)
{
  self->correcting = FALSE;
  g_clear_pointer (&self->doing, g_free);
  if (!dropped)
    alidade_region_canvas_set_tool (self->canvas, ALIDADE_REGION_TOOL_SELECT);
  g_clear_pointer (&self->said, g_free);
  self->said_error = FALSE;
  update_correcting (self);
  _alidade_review_view_show_loaded (self);
}

static void
edited_cb (AlidadeReviewView *self, const char *what)
{
  g_free (self->doing);
  self->doing = g_strdup (what);
  update_correcting (self);
}

/* Verdicts -------------------------------------------------------------------------------------------------------------------- */

static void
give (AlidadeReviewView *self, VerdictKind verdict)
{
  if (!at_work (self))
    return;
  if (verdict == VERDICT_CORRECTED)
    {
      start_correcting (self);
      return;
    }
  if (holds_edit (self))
    return;
  self->key_at = g_get_monotonic_time ();
  self->key_work = _alidade_review_view_work ();
  if (!alidade_review_session_give (self->session, self->shown_phrase, verdict))
    self->key_at = 0;
}

static void
tick (AlidadeReviewView *self, guint region)
{
  if (at_work (self) && self->shown_item != NULL && region < self->shown_item->regions->len)
    alidade_review_session_set_ticked (self->session, region, !alidade_review_session_get_ticked (self->session, region));
}

static void
step (AlidadeReviewView *self, gboolean back)
{
  if (holds_edit (self))
    return;
  self->key_at = g_get_monotonic_time ();
  self->key_work = _alidade_review_view_work ();
  if (back && !at_work (self) && alidade_review_session_get_state (self->session) == REVIEW_FINISHED)
    gtk_widget_activate_action (GTK_WIDGET (self), "review.look-again", NULL);
  else if (back)
    alidade_review_session_previous (self->session);
  else
    alidade_review_session_next (self->session);
}

/* What was drawn is taken back stroke by stroke before verdicts are. */
static void
undo (AlidadeReviewView *self, gboolean redo)
{
  AlidadeRegionEdit *edit = alidade_region_canvas_get_edit (self->canvas);

  if (at_work (self) && (redo ? alidade_region_edit_can_redo (edit) : alidade_region_edit_can_undo (edit)))
    gtk_widget_activate_action (GTK_WIDGET (self->canvas), redo ? "region.redo" : "region.undo", NULL);
  else if (!is_editing (self) && redo)
    alidade_review_session_redo (self->session);
  else if (!is_editing (self))
    alidade_review_session_undo (self->session);
}

static void
act (AlidadeReviewView *self, ReviewAction action)
{
  if (action >= REVIEW_ACTION_TICK_FIRST)
    {
      tick (self, action - REVIEW_ACTION_TICK_FIRST);
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (verdicts); i++)
    if (verdicts[i].action == action)
      give (self, verdicts[i].verdict);
  for (guint i = 0; i < G_N_ELEMENTS (canvas_actions); i++)
    if (canvas_actions[i].action == action && at_work (self) && self->shown_phrase != 0)
      {
        gtk_widget_grab_focus (GTK_WIDGET (self->canvas));
        gtk_widget_activate_action (GTK_WIDGET (self->canvas), canvas_actions[i].name, NULL);
        _alidade_review_view_update_hint (self);
      }
  switch (action)
    {
    case REVIEW_ACTION_NEXT:
    case REVIEW_ACTION_PREVIOUS:
      step (self, action == REVIEW_ACTION_PREVIOUS);
      break;
    case REVIEW_ACTION_UNDO:
    case REVIEW_ACTION_REDO:
      undo (self, action == REVIEW_ACTION_REDO);
      break;
    case REVIEW_ACTION_CAPTIONS:
      alidade_review_caption_toggle_others (self->caption);
      break;
    case REVIEW_ACTION_METHOD:
      alidade_review_map_box_step (self->map_box);
      break;
    default:
      break;
    }
}

static void
key_cb (AlidadeReviewView *self, int action)
{
  if (self->said_error)
    _alidade_review_view_say (self, NULL, FALSE);
  act (self, action);
}

/* Verdict buttons never keep the focus. */
static void
verdict_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeReviewView *self = ALIDADE_REVIEW_VIEW (widget);

  for (guint i = 0; i < G_N_ELEMENTS (verdicts); i++)
    if (g_str_equal (name, verdicts[i].name))
      act (self, verdicts[i].action);
  if (at_work (self))
    gtk_widget_grab_focus (GTK_WIDGET (self->canvas));
}

static void
step_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  act (ALIDADE_REVIEW_VIEW (widget), g_str_has_suffix (name, "next") ? REVIEW_ACTION_NEXT : REVIEW_ACTION_PREVIOUS);
}

static void
undo_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  act (ALIDADE_REVIEW_VIEW (widget), g_str_has_suffix (name, "redo") ? REVIEW_ACTION_REDO : REVIEW_ACTION_UNDO);
}

static void
captions_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  act (ALIDADE_REVIEW_VIEW (widget), REVIEW_ACTION_CAPTIONS);
}

/* The queue ---------------------------------------------------------------------------------------------------------------------- */

static void
queue_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeReviewView *self = ALIDADE_REVIEW_VIEW (widget);

  if (g_str_has_suffix (name, "refresh"))
    alidade_review_session_refresh (self->session);
  else
    alidade_review_session_reopen (self->session);
}

static void
look_again_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeReviewView *self = ALIDADE_REVIEW_VIEW (widget);

  self->looking = TRUE;
  gtk_stack_set_visible_child_name (self->stack, "work");
  gtk_widget_grab_focus (GTK_WIDGET (self->canvas));
}

/* Proposals ----------------------------------------------------------------------------------------------------------------------- */

static void
propose_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeReviewView *self = ALIDADE_REVIEW_VIEW (widget);

  alidade_review_propose_start (self->propose, _alidade_review_view_reviewer (self), NULL);
}

static void
pause_cb (AlidadeReviewView *self, gboolean paused)
{
  alidade_review_propose_set_paused (self->propose, paused);
}

static void
cancel_cb (AlidadeReviewView *self)
{
  alidade_review_propose_cancel (self->propose);
}

static void
propose_changed_cb (AlidadeReviewView *self)
{
  gboolean running = alidade_review_propose_get_running (self->propose);

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "review.propose", !running);
  alidade_review_session_set_held (self->session, running);
  if (alidade_review_session_get_state (self->session) == REVIEW_NO_PROPOSALS)
    _alidade_review_view_show_state (self);
  if (running && self->job_row == NULL)
    {
      self->job_row = alidade_job_row_new ("Proposing regions", TRUE, alidade_review_propose_poll, self->propose, NULL);
      g_signal_connect_swapped (self->job_row, "pause-toggled", G_CALLBACK (pause_cb), self);
      g_signal_connect_swapped (self->job_row, "cancelled", G_CALLBACK (cancel_cb), self);
      gtk_box_prepend (self->column, self->job_row);
    }
  else if (!running && self->job_row != NULL)
    {
      gtk_box_remove (self->column, self->job_row);
      self->job_row = NULL;
    }
}

static void
propose_finished_cb (AlidadeReviewView *self, const char *text, gboolean failed)
{
  ReviewState state = alidade_review_session_get_state (self->session);

  if (state == REVIEW_AT_WORK || state == REVIEW_FINISHED)
    _alidade_review_view_say (self, text, failed);
  else if (failed)
    adw_status_page_set_description (self->status, text);
  if (!failed && state != REVIEW_AT_WORK && alidade_project_service_get_folder (self->projects) != NULL)
    alidade_review_session_refresh (self->session);
}

/* Trust in scores, learned from the verdicts. */
typedef struct
{
  char *model;
  gint64 n;
} LearnJob;

static void
learn_job_free (gpointer data)
{
  LearnJob *job = data;

  g_free (job->model);
  g_free (job);
}

static gboolean
learn (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  LearnJob *job = data;

  return calibration_learn (project, job->model, &job->n, error);
}

static void
learned_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeReviewView) self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gpointer job_data;
  gboolean good = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (source), result, &job_data, &error);
  LearnJob *job = job_data;

  if (self->session == NULL)
    return;
  if (!good)
    text = g_strdup (error->message);
  else if (job->n < CALIBRATION_LEAST)
    text = g_strdup_printf ("Only %" G_GINT64_FORMAT " verdicts on proposals yet; %d are needed.", job->n, CALIBRATION_LEAST);
  else
    text = g_strdup_printf ("Learned from %" G_GINT64_FORMAT " verdicts how far scores can be trusted.", job->n);
  _alidade_review_view_say (self, text, !good);
  if (good && job->n >= CALIBRATION_LEAST)
    alidade_review_session_reopen (self->session);
}

static void
learn_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeReviewView *self = ALIDADE_REVIEW_VIEW (widget);
  const char *model = alidade_review_session_get_model (self->session);
  LearnJob *job;

  if (model == NULL)
    {
      _alidade_review_view_say (self, "No model has measured anything here yet: propose regions first.", TRUE);
      return;
    }
  job = g_new0 (LearnJob, 1);
  job->model = g_strdup (model);
  alidade_project_service_write_async (self->projects, learn, job, learn_job_free, learned_cb, g_object_ref (self));
}

/* Setting up ------------------------------------------------------------------------------------------------------------------------ */

static void
said_cb (AlidadeReviewView *self, const char *text)
{
  _alidade_review_view_say (self, text, FALSE);
}

static void
failed_cb (AlidadeReviewView *self, const char *text)
{
  _alidade_review_view_say (self, text, TRUE);
}

static void
add_region_cb (AlidadeReviewView *self)
{
  if (alidade_region_canvas_get_tool (self->canvas) != ALIDADE_REGION_TOOL_BOX)
    act (self, REVIEW_ACTION_BOX_TOOL);
  gtk_widget_grab_focus (GTK_WIDGET (self->canvas));
}

static void
revert_cb (AlidadeReviewView *self, gint64 seq)
{
  if (!holds_edit (self))
    alidade_review_session_revert (self->session, seq);
}

void
_alidade_review_view_update_keys (AlidadeReviewView *self)
{
  const ReviewKeymap *keymap = alidade_review_keys_get_keymap (self->keys);
  gboolean shown = self->settings == NULL || g_settings_get_boolean (self->settings, "show-keys");
  g_autofree char *previous = review_keymap_label (keymap, REVIEW_ACTION_PREVIOUS), *next = review_keymap_label (keymap, REVIEW_ACTION_NEXT);
  g_autofree char *captions = review_keymap_label (keymap, REVIEW_ACTION_CAPTIONS), *method = review_keymap_label (keymap, REVIEW_ACTION_METHOD);
  g_autofree char *box = review_keymap_label (keymap, REVIEW_ACTION_BOX_TOOL), *undo_label = review_keymap_label (keymap, REVIEW_ACTION_UNDO);
  g_autofree char *redo_label = review_keymap_label (keymap, REVIEW_ACTION_REDO);
  static const ReviewAction tools[] = { REVIEW_ACTION_SELECT_TOOL, REVIEW_ACTION_BOX_TOOL, REVIEW_ACTION_POLYGON_TOOL,
                                        REVIEW_ACTION_BRUSH_TOOL, REVIEW_ACTION_ERASE_TOOL };

  for (guint i = 0; i < REVIEW_BUTTONS; i++)
    {
      g_autofree char *key = review_keymap_label (keymap, verdicts[i].action);

      gtk_label_set_text (self->verdict_keys[i], key);
      gtk_widget_set_visible (GTK_WIDGET (self->verdict_keys[i]), shown && *key != '\0');
    }
  for (guint i = 0; i < G_N_ELEMENTS (tools); i++)
    {
      g_autofree char *key = review_keymap_label (keymap, tools[i]);

      alidade_tool_column_set_key (self->tools, ALIDADE_REGION_TOOL_SELECT + i, shown ? key : NULL);
    }
  gtk_label_set_text (self->undo_key, undo_label);
  gtk_label_set_text (self->redo_key, redo_label);
  gtk_widget_set_visible (GTK_WIDGET (self->undo_key), shown);
  gtk_widget_set_visible (GTK_WIDGET (self->redo_key), shown);
  alidade_review_caption_set_keys (self->caption, shown ? previous : "", shown ? next : "", captions);
  alidade_review_map_box_set_key (self->map_box, method);
  alidade_review_side_pane_set_key (self->side, shown ? box : "");
  _alidade_review_view_update_hint (self);
}

void
_alidade_review_view_init_actions (AlidadeReviewView *self)
{
  g_signal_connect_swapped (self->keys, "action", G_CALLBACK (key_cb), self);
  g_signal_connect_swapped (self->session, "said", G_CALLBACK (said_cb), self);
  g_signal_connect_swapped (self->session, "failed", G_CALLBACK (failed_cb), self);
  g_signal_connect_swapped (self->canvas, "accepted", G_CALLBACK (accepted_cb), self);
  g_signal_connect_swapped (self->canvas, "cancelled", G_CALLBACK (cancelled_cb), self);
  g_signal_connect_swapped (self->canvas, "region-edited", G_CALLBACK (edited_cb), self);
  g_signal_connect_swapped (self->canvas, "editing-changed", G_CALLBACK (update_correcting), self);
  g_signal_connect_swapped (self->canvas, "notify::tool", G_CALLBACK (_alidade_review_view_update_hint), self);
  g_signal_connect_swapped (self->side, "add-region", G_CALLBACK (add_region_cb), self);
  g_signal_connect_swapped (self->side, "revert", G_CALLBACK (revert_cb), self);
  g_signal_connect_swapped (self->propose, "changed", G_CALLBACK (propose_changed_cb), self);
  g_signal_connect_swapped (self->propose, "finished", G_CALLBACK (propose_finished_cb), self);
}

void
_alidade_review_view_class_init_actions (GtkWidgetClass *widget_class)
{
  for (guint i = 0; i < G_N_ELEMENTS (verdicts); i++)
    gtk_widget_class_install_action (widget_class, verdicts[i].name, NULL, verdict_action);
  gtk_widget_class_install_action (widget_class, "review.next", NULL, step_action);
  gtk_widget_class_install_action (widget_class, "review.previous", NULL, step_action);
  gtk_widget_class_install_action (widget_class, "review.undo", NULL, undo_action);
  gtk_widget_class_install_action (widget_class, "review.redo", NULL, undo_action);
  gtk_widget_class_install_action (widget_class, "review.captions", NULL, captions_action);
  gtk_widget_class_install_action (widget_class, "review.refresh", NULL, queue_action);
  gtk_widget_class_install_action (widget_class, "review.reopen", NULL, queue_action);
  gtk_widget_class_install_action (widget_class, "review.look-again", NULL, look_again_action);
  gtk_widget_class_install_action (widget_class, "review.propose", NULL, propose_action);
  gtk_widget_class_install_action (widget_class, "review.learn", NULL, learn_action);
}
