/* SPDX-License-Identifier: MIT
 * AlidadeJobRow: a line under the header for work that goes on in the background: what it is, how far it has come, the
 * time left, Cancel, and Pause where that is possible. Asks its job five times a second.
 *
 * Signals:
 *   cancelled ()               once; the job ends when it can, and whoever made the row takes it away then
 *   pause-toggled (gboolean)   TRUE: shall pause */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_JOB_ROW (alidade_job_row_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeJobRow, alidade_job_row, ALIDADE, JOB_ROW, GtkWidget)

typedef struct
{
  char *text;          /* what it does now; taken */
  double fraction;     /* 0..1; negative: not known, the bar moves */
  double seconds_left; /* negative: not known */
  gboolean paused;
} AlidadeJobState;

/* Fills in a state of { NULL, -1, -1, FALSE }. On the main thread. */
typedef void (*AlidadeJobPoll) (AlidadeJobState *state, gpointer data);

/* `data` is asked about until the row is disposed of, then `destroy` (may be NULL) is called. */
GtkWidget *alidade_job_row_new (const char *title, gboolean pausable, AlidadeJobPoll poll, gpointer data,
                                GDestroyNotify destroy);

/* "about 3 min left"; the caller frees. */
char *alidade_job_time_text (double seconds);

G_END_DECLS
