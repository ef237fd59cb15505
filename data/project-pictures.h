/* SPDX-License-Identifier: MIT
 * AlidadeProjectPictures: a GListModel of AlidadeProjectPicture: the images of a project that pass a filter, in its order.
 * All ids are known; objects are made when asked for, and their rows are read by id in pages on a reader's thread, what
 * was asked for last first. A few hundred rows that were seen last are kept. An id's object is the same as long as
 * somebody holds it. Use from the main thread.
 *
 * Properties, read-only and notifying:
 *   busy    a question is under way
 *   ready   the list is whole: the project is read and the newest filter answered
 * Signals:
 *   answered ()  a filter was answered, also with what was there before */
#pragma once

#include "project-index.h"
#include "project-picture.h"

G_BEGIN_DECLS

#define ALIDADE_TYPE_PROJECT_PICTURES (alidade_project_pictures_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeProjectPictures, alidade_project_pictures, ALIDADE, PROJECT_PICTURES, GObject)

/* All pictures by name, until there is a filter. */
AlidadeProjectPictures *alidade_project_pictures_new (AlidadeProjectIndex *index);

/* Asks anew, also for an equal filter; the older question is cancelled, and the old list stays until the answer. Its target
 * is taken as images. `filter` is copied. */
void alidade_project_pictures_set_filter (AlidadeProjectPictures *self, const LibraryFilter *filter);
const LibraryFilter *alidade_project_pictures_get_filter (AlidadeProjectPictures *self);

gboolean alidade_project_pictures_get_busy (AlidadeProjectPictures *self);
gboolean alidade_project_pictures_get_ready (AlidadeProjectPictures *self);
AlidadeProjectIndex *alidade_project_pictures_get_index (AlidadeProjectPictures *self);

gint64 alidade_project_pictures_get_id (AlidadeProjectPictures *self, guint position); /* 0: there is none */
gboolean alidade_project_pictures_find (AlidadeProjectPictures *self, gint64 id, guint *position);
guint alidade_project_pictures_get_n_held (AlidadeProjectPictures *self); /* objects now, for tests */

G_END_DECLS
