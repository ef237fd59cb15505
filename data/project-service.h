/* SPDX-License-Identifier: MIT
 * AlidadeProjectService: the project that the window has open, its writer's thread and its readers'. All functions are
 * for the main thread and return at once unless they say otherwise; answers arrive there.
 *
 * Work is a function on a Project, run on one of those threads. What a person did goes before everything that waits, and
 * a long job in the background (import, proposals, index) lets it through by calling alidade_project_service_give_way()
 * between two of its transactions: that is what ImportOptions' `between` is for.
 *
 * When another program writes the project, or its folder is read-only, it is open for reading: `reason` says why, and
 * every write fails with that sentence.
 *
 * Properties, read-only and notifying:
 *   folder      the project's folder (bytes), NULL while none is open
 *   title       its name for people, "" without
 *   reason      why it is open for reading alone, NULL if it can be written
 *   n-waiting   functions of people that wait or run: 0 when all they did is durable
 * Signals:
 *   opened ()   another project is open, or none
 *   changed ()  something was written: at once after a person's function, every 200 ms during one in the background */
#pragma once

#include "project-error.h"

G_BEGIN_DECLS

typedef struct Project Project; /* project.h */

#define ALIDADE_TYPE_PROJECT_SERVICE (alidade_project_service_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeProjectService, alidade_project_service, ALIDADE, PROJECT_SERVICE, GObject)

/* Runs on a thread of the service. `data` is the caller's; nothing else touches it until the answer is there. */
typedef gboolean (*AlidadeProjectFunc) (Project *project, gpointer data, GCancellable *cancellable, GError **error);

AlidadeProjectService *alidade_project_service_new (void);

/* Opens the project in `folder`, with `create` an empty one that is made there; the one before is closed once everything
 * people did to it is written, and stays open if this fails. A second call before the first ends fails with
 * G_IO_ERROR_PENDING. Errors: as project_open() and project_create(), but a writer elsewhere is none (see `reason`). */
void alidade_project_service_open_async (AlidadeProjectService *self, const char *folder, gboolean create,
                                         GAsyncReadyCallback callback, gpointer user_data);
gboolean alidade_project_service_open_finish (AlidadeProjectService *self, GAsyncResult *result, GError **error);

/* Closes the project at once for the caller. What people did is still written, jobs in the background are cancelled and
 * tidy up, on threads; opening the same folder waits there for it. */
void alidade_project_service_leave (AlidadeProjectService *self);
/* The same, and waits for it: a fraction of a second, or some seconds behind a long import. For the end of the
 * program, or before another one opens the folder. */
void alidade_project_service_close (AlidadeProjectService *self);

/* What a person did: one short function, its transaction and its record. In the order of the calls. `destroy` frees
 * `data` after the callback, on the main thread. */
void alidade_project_service_write_async (AlidadeProjectService *self, AlidadeProjectFunc func, gpointer data,
                                          GDestroyNotify destroy, GAsyncReadyCallback callback, gpointer user_data);
/* A long job that writes: one at a time, in the order of the calls. */
void alidade_project_service_run_async (AlidadeProjectService *self, AlidadeProjectFunc func, gpointer data,
                                        GDestroyNotify destroy, GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data);
/* A reader: several at a time, beside the writer. */
void alidade_project_service_read_async (AlidadeProjectService *self, AlidadeProjectFunc func, gpointer data,
                                         GDestroyNotify destroy, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data);
/* Of the three; *data (may be NULL) is what was passed, borrowed until the callback returns. A project that was closed
 * or exchanged meanwhile ends waiting functions with G_IO_ERROR_CANCELLED. */
gboolean alidade_project_service_finish (AlidadeProjectService *self, GAsyncResult *result, gpointer *data,
                                         GError **error);

/* For functions of alidade_project_service_run_async(), between two of their transactions: runs what people did
 * meanwhile. The argument is not used. */
void alidade_project_service_give_way (gpointer unused);

const char *alidade_project_service_get_folder (AlidadeProjectService *self);
const char *alidade_project_service_get_title (AlidadeProjectService *self);
const char *alidade_project_service_get_reason (AlidadeProjectService *self);
guint alidade_project_service_get_n_waiting (AlidadeProjectService *self);

G_END_DECLS
