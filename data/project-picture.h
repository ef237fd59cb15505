/* SPDX-License-Identifier: MIT
 * AlidadeProjectPicture: one image of a project in a list. Its row comes a little after it: until then it has an id alone.
 *
 * Properties, read-only and notifying:
 *   row       (pointer) the row is there, or is another
 *   picture   the AlidadePicture at its path, NULL before the row is there; another object after a rename
 * Use from the main thread. */
#pragma once

#include "picture.h"

#include "library-rows.h"

G_BEGIN_DECLS

#define ALIDADE_TYPE_PROJECT_PICTURE (alidade_project_picture_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeProjectPicture, alidade_project_picture, ALIDADE, PROJECT_PICTURE, GObject)

/* `registry` (g_int64_hash, no destroy functions; NULL: none) has it by its id for as long as it lives. */
AlidadeProjectPicture *alidade_project_picture_new (gint64 id, GHashTable *registry);

gint64 alidade_project_picture_get_id (AlidadeProjectPicture *self);
/* Borrowed until the next notify::row; NULL while it is on its way. */
const LibraryImage *alidade_project_picture_get_row (AlidadeProjectPicture *self);
AlidadePicture *alidade_project_picture_get_picture (AlidadeProjectPicture *self); /* borrowed */
/* Phrases without a verdict; 0 also where there are none. */
gint64 alidade_project_picture_get_to_review (AlidadeProjectPicture *self);

/* For the list. Takes `row`, which may be NULL: it is gone from the project. */
void alidade_project_picture_take_row (AlidadeProjectPicture *self, LibraryImage *row);

G_END_DECLS
