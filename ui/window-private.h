/* SPDX-License-Identifier: MIT
 * Inside of AlidadeWindow, cut by topic: window.c holds it together, window-actions.c has actions and menus,
 * window-layout.c widths and folding, window-views.c pages, window-library.c the whole library, window-project.c the
 * project, window-jobs.c what goes on in the background, window-import.c what comes into the project, window-labels.c
 * what leaves it, window-relink.c pictures that moved, window-model.c checkpoints, window-dnd.c drops, window-export.c
 * figures, window-notices.c bars and toasts. */
#pragma once

#include "canvas-view.h"
#include "import-window.h"
#include "job-row.h"
#include "library-pane.h"
#include "map-pane.h"
#include "notice-bar.h"
#include "pane-handle.h"
#include "project-service.h"
#include "query-bar.h"
#include "recent.h"
#include "view.h"
#include "window.h"
#include "word-strip.h"

struct _AlidadeWindow
{
  AdwApplicationWindow parent_instance;

  AdwToastOverlay *toasts;
  AdwViewSwitcherTitle *title;
  GtkOverlay *page_overlay;
  GtkWidget *library_view; /* over the page; NULL until it is first asked for */
  AdwViewStack *stack;
  AdwViewSwitcherBar *switcher_bar;
  GtkWidget *library_toggle, *controls_toggle;
  GtkMenuButton *project_button;
  GtkLabel *project_label;
  GtkWidget *project_lock; /* shown while the project is open for reading alone */
  GtkMenuButton *model_button;
  GtkLabel *model_label, *device_label;
  GtkSpinner *model_spinner;
  AlidadeNoticeBar *notice, *project_notice, *relink_notice, *job;
  GtkBox *jobs; /* AlidadeJobRow */
  AdwFlap *library_flap, *controls_flap;
  AlidadeLibraryPane *library_pane;
  AlidadePaneHandle *library_handle, *controls_handle;
  GtkWidget *library_side, *controls_side;
  AlidadeMapPane *map_pane;
  AlidadeQueryBar *query_bar;
  AlidadeCanvasView *canvas_view;
  AlidadeWordStrip *strip;
  GtkWidget *drop_frame;

  AlidadeEngineService *service;
  AlidadeProjectService *projects; /* opened and closed with the window */
  AlidadeProjectIndex *index;       /* of the project that is open */
  AlidadeProjectPictures *pictures; /* of the side pane */
  AlidadeLibrary *library;
  AlidadeExploration *exploration;
  AlidadeLook *look;
  AlidadeRecent *recent;
  GSettings *settings; /* may be NULL */

  GMenu *recent_folders, *recent_projects, *recent_models; /* sections of the menus */
  GtkLabel *model_name, *model_facts, *model_test; /* in the model menu */
  GtkFileChooserNative *chooser;                   /* while one is open */

  GBindingGroup *pane_bindings[ALIDADE_VIEW_N_SIDES]; /* of the shown page's panes to the header's buttons */
  gboolean is_narrow;

  gboolean select_first;
  int width_class, height_class;     /* window-layout.c */
  int library_width, controls_width; /* set by hand, 0: by the window's width */
  guint layout_id;
  GCancellable *opening; /* of a model */
  char *wished_path, *wished_vocab; /* of the model to open when the service is free */
  gboolean wished_incomplete;
  guint unreadable_id, told_unreadable;
  gboolean is_starting; /* nothing is open yet, and something will be in a moment */
  char *open_failure; /* why a project could not be opened, until the person has seen it */
  guint missing_id; /* until missing pictures are looked for again */
  char *missing_root; /* where pictures are not any more */
  GtkWindow *import_report; /* of the last import, until it is looked at */
};

/* window-actions.c */
void _alidade_window_class_init_actions (GtkWidgetClass *widget_class);
void _alidade_window_init_menus (AlidadeWindow *self);
void _alidade_window_update_recent (AlidadeWindow *self);
/* A file chooser; `done` gets the chosen files, never with none. One at a time. */
typedef void (*AlidadeFilesChosen) (AlidadeWindow *self, GListModel *files, gpointer data);
void _alidade_window_choose (AlidadeWindow *self, GtkFileChooserNative *chooser, AlidadeFilesChosen done,
                             gpointer data);

/* window-layout.c */
void _alidade_window_init_layout (AlidadeWindow *self);
void _alidade_window_save_layout (AlidadeWindow *self);

/* window-model.c */
void _alidade_window_class_init_model (GtkWidgetClass *widget_class);
void _alidade_window_init_model (AlidadeWindow *self);
/* `vocab` may be NULL: beside the file, or the person is asked for it. `path` NULL: the embedded model. */
/* By its name: .pth or .safetensors. */
gboolean _alidade_window_is_checkpoint (GFile *file);
void _alidade_window_open_model (AlidadeWindow *self, const char *path, const char *vocab, gboolean allow_incomplete);

void _alidade_window_choose_model (AlidadeWindow *self);
/* Loads the file just refused, although weights are missing. */
void _alidade_window_load_incomplete (AlidadeWindow *self, const char *path);

/* window-dnd.c */
void _alidade_window_init_dnd (AlidadeWindow *self);

/* window-export.c */
void _alidade_window_class_init_export (GtkWidgetClass *widget_class);
void _alidade_window_init_export (AlidadeWindow *self);
void _alidade_window_keep_copied (AlidadeWindow *self);

/* window-notices.c */
void _alidade_window_class_init_notices (GtkWidgetClass *widget_class);
void _alidade_window_init_notices (AlidadeWindow *self);
void _alidade_window_toast (AlidadeWindow *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* The end of something that took its time: stays longer, for who looked elsewhere. */
void _alidade_window_tell (AlidadeWindow *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* window-views.c */
void _alidade_window_class_init_views (GtkWidgetClass *widget_class);
void _alidade_window_init_views (AlidadeWindow *self);
void _alidade_window_set_narrow (AlidadeWindow *self, gboolean narrow);
/* A page behind those that are there; the view may implement AlidadeView (view.h). `name` is that of the action
 * win.view::NAME. The page is returned for its badge. */
AdwViewStackPage *_alidade_window_add_view (AlidadeWindow *self, GtkWidget *view, const char *name, const char *title,
                                            const char *icon_name);
guint _alidade_window_get_n_views (AlidadeWindow *self);

/* Which buttons and keys belong to the page on screen. */
void _alidade_window_update_views (AlidadeWindow *self);

/* window-library.c */
void _alidade_window_class_init_library (GtkWidgetClass *widget_class);
void _alidade_window_init_library (AlidadeWindow *self);
gboolean _alidade_window_shows_library (AlidadeWindow *self);
void _alidade_window_leave_library (AlidadeWindow *self);

/* window-project.c */
void _alidade_window_class_init_project (GtkWidgetClass *widget_class);
void _alidade_window_init_project (AlidadeWindow *self);
/* Whether a folder holds a project. */
gboolean _alidade_window_is_project (GFile *folder);
void _alidade_window_open_project (AlidadeWindow *self, const char *folder, gboolean create);
void _alidade_window_close_project (AlidadeWindow *self);
void _alidade_window_update_project (AlidadeWindow *self);
/* Who the records of this window are by. */
const char *_alidade_window_by (AlidadeWindow *self);
/* For people; the sample project's folder has a name for programs. The caller frees. */
char *_alidade_window_title_of_folder (const char *folder);
/* Whether files given to the window go into the open project. Pictures never go into the sample one: they are opened in
 * its place. */
gboolean _alidade_window_takes_imports (AlidadeWindow *self, GFile *const *files, guint n_files);
/* TRUE if a project is open and can be written; else the person is told why not. */
gboolean _alidade_window_may_write (AlidadeWindow *self);

/* window-jobs.c */
typedef struct
{
  AlidadeWindow *window; /* reference */
  GtkWidget *row;        /* reference; AlidadeJobRow */
  GCancellable *cancellable;
} AlidadeWindowJob;

/* Starts and ends what every job has: a row, which cancels, and the window kept alive. The job's own struct begins with
 * an AlidadeWindowJob; `poll` gets that. */
void _alidade_window_job_begin (AlidadeWindowJob *job, AlidadeWindow *window, const char *title, gboolean pausable,
                                AlidadeJobPoll poll);
/* Takes the row away; the callback of the work calls it first. FALSE: the window is gone, say nothing. */
gboolean _alidade_window_job_end (AlidadeWindowJob *job);
void _alidade_window_job_clear (AlidadeWindowJob *job);
/* A folder of pictures, indexed in the background. */
void _alidade_window_index_folder (AlidadeWindow *self, const char *folder);

/* window-relink.c */
void _alidade_window_init_relink (AlidadeWindow *self);
/* Says in a line which pictures are not where they were, or nothing. */
void _alidade_window_look_for_missing (AlidadeWindow *self);

/* window-labels.c */
void _alidade_window_class_init_labels (GtkWidgetClass *widget_class);

/* window-review.c */
void _alidade_window_init_review (AlidadeWindow *self);

/* window-import.c */
void _alidade_window_class_init_import (GtkWidgetClass *widget_class);
/* Without asking; `pictures` (NULL-ended, may be NULL) are those of the folder request->source that shall come in.
 * Takes both. */
void _alidade_window_start_import (AlidadeWindow *self, AlidadeImportRequest *request, char **pictures);
/* Pictures, folders and annotation files into the open project: at once, or shown to the person before. */
void _alidade_window_import (AlidadeWindow *self, GFile *const *files, guint n_files);
