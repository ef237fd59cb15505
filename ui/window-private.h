/* SPDX-License-Identifier: MIT
 * Inside of AlidadeWindow, cut by topic: window.c holds it together, window-actions.c has actions and menus,
 * window-layout.c widths and folding, window-model.c checkpoints, window-dnd.c drops, window-export.c figures,
 * window-notices.c bars and toasts. */
#pragma once

#include "canvas-view.h"
#include "library-pane.h"
#include "map-pane.h"
#include "notice-bar.h"
#include "pane-handle.h"
#include "query-bar.h"
#include "recent.h"
#include "window.h"
#include "word-strip.h"

struct _AlidadeWindow
{
  AdwApplicationWindow parent_instance;

  AdwToastOverlay *toasts;
  AdwWindowTitle *title;
  GtkWidget *library_toggle, *controls_toggle;
  GtkMenuButton *project_button;
  GtkLabel *project_label;
  GtkMenuButton *model_button;
  GtkLabel *model_label, *device_label;
  GtkSpinner *model_spinner;
  AlidadeNoticeBar *notice, *job;
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
  AlidadeLibrary *library;
  AlidadeExploration *exploration;
  AlidadeLook *look;
  AlidadeRecent *recent;
  GSettings *settings; /* may be NULL */

  GMenu *recent_folders, *recent_models;           /* sections of the menus */
  GtkLabel *model_name, *model_facts, *model_test; /* in the model menu */
  GtkFileChooserNative *chooser;                   /* while one is open */

  gboolean select_first;
  int width_class, height_class;     /* window-layout.c */
  int library_width, controls_width; /* set by hand, 0: by the window's width */
  guint layout_id;
  GCancellable *opening; /* of a model */
  char *wished_path, *wished_vocab; /* of the model to open when the service is free */
  gboolean wished_incomplete;
  guint unreadable_id, told_unreadable;
};

/* window-actions.c */
void _alidade_window_class_init_actions (GtkWidgetClass *widget_class);
void _alidade_window_init_menus (AlidadeWindow *self);
void _alidade_window_update_project (AlidadeWindow *self);
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
