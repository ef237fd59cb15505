/* SPDX-License-Identifier: MIT
 * Making an AlidadeLoadedPicture (engine-service.h): for data/ alone. */
#pragma once

#include "engine-service.h"

/* Longer side above which a picture is reduced while it is read: keeps memory bounded (some 200 MB) and textures
 * within what graphics drivers take. */
#define ALIDADE_PICTURE_MAX_SIDE 8192

/* Decodes on the calling thread; does not touch `picture`, whose file `path` is. */
AlidadeLoadedPicture *alidade_loaded_picture_read (AlidadePicture *picture, const char *path,
                                                   GCancellable *cancellable, GError **error);
