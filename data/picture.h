/* SPDX-License-Identifier: MIT
 * AlidadePicture: one picture of the library, by its file. Holds no pixels.
 *
 * Properties: path (file name in bytes, need not be UTF-8), name (UTF-8 for display, any byte string),
 * caption (from scenes.json, "" without), is-sample, state, message (why unreadable, "" otherwise).
 * State changes and notifies on the main thread only. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  ALIDADE_PICTURE_UNKNOWN,    /* not decoded yet */
  ALIDADE_PICTURE_OK,
  ALIDADE_PICTURE_UNREADABLE  /* `message` says why and what to do */
} AlidadePictureState;

#define ALIDADE_TYPE_PICTURE_STATE (alidade_picture_state_get_type ())
GType alidade_picture_state_get_type (void);

#define ALIDADE_TYPE_PICTURE (alidade_picture_get_type ())
G_DECLARE_FINAL_TYPE (AlidadePicture, alidade_picture, ALIDADE, PICTURE, GObject)

/* `caption` may be NULL. */
AlidadePicture *alidade_picture_new (const char *path, const char *caption, gboolean is_sample);

const char *alidade_picture_get_path (AlidadePicture *self);
const char *alidade_picture_get_name (AlidadePicture *self);
const char *alidade_picture_get_caption (AlidadePicture *self);
gboolean alidade_picture_get_is_sample (AlidadePicture *self);
AlidadePictureState alidade_picture_get_state (AlidadePicture *self);
const char *alidade_picture_get_message (AlidadePicture *self);

/* For the thumbnailer and the engine service. `message` may be NULL. */
void alidade_picture_set_state (AlidadePicture *self, AlidadePictureState state, const char *message);
/* Unreadable, with the message of `error` for people who see the name already: without the path in front. */
void alidade_picture_set_unreadable (AlidadePicture *self, const GError *error);

G_END_DECLS
