/* SPDX-License-Identifier: MIT
 * Pictures of a file that lists them before everything else. An import takes each as it comes. A preview, which stops
 * after some hundred records, would see nothing but pictures: there each comes in when a record first names it, and
 * the rest at the end. */
#pragma once

#include "format.h"

G_BEGIN_DECLS

typedef struct LateImages LateImages;

LateImages *late_images_new (Import *import);
void late_images_free (LateImages *images);

/* As import_image(); `id` is how records name it (NULL: they cannot), and taken; the last of an id counts. FALSE with
 * `error` ends the import. */
gboolean late_images_add (LateImages *images, const char *where, char *id, const ImportImage *image, GError **error);
/* The picture's id in the project; 0: there is none of this id, it was skipped, or `error`. */
gint64 late_images_get (LateImages *images, const char *id, GError **error);
/* Those that no record named. */
gboolean late_images_rest (LateImages *images, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LateImages, late_images_free)

G_END_DECLS
