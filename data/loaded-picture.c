/* SPDX-License-Identifier: MIT */
#include "loaded-picture.h"

#include "read-image.h"

struct _AlidadeLoadedPicture
{
  AlidadePicture *picture;
  AlidadePixels *pixels; /* its bytes own the image, whose memory they are */
  const AlbefImage *image;
};

G_DEFINE_BOXED_TYPE (AlidadeLoadedPicture, alidade_loaded_picture, alidade_loaded_picture_ref,
                     alidade_loaded_picture_unref)

static void
image_free (gpointer data)
{
  albef_image_free (data);
}

static void
loaded_picture_clear (gpointer data)
{
  AlidadeLoadedPicture *self = data;

  alidade_pixels_unref (self->pixels);
  g_object_unref (self->picture);
}

AlidadeLoadedPicture *
alidade_loaded_picture_read (AlidadePicture *picture, const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  AlidadeLoadedPicture *self;
  AlbefImage *image;

  image = alidade_read_image (path, ALIDADE_PICTURE_MAX_SIDE, cancellable, error);
  if (image == NULL)
    return NULL;
  bytes = g_bytes_new_with_free_func (albef_image_pixels (image),
                                      (gsize) albef_image_width (image) * albef_image_height (image) * 3,
                                      image_free, image);
  self = g_atomic_rc_box_new0 (AlidadeLoadedPicture);
  self->picture = g_object_ref (picture);
  self->image = image;
  self->pixels = alidade_pixels_new (bytes, albef_image_width (image), albef_image_height (image));
  return self;
}

AlidadeLoadedPicture *
alidade_loaded_picture_ref (AlidadeLoadedPicture *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
alidade_loaded_picture_unref (AlidadeLoadedPicture *self)
{
  g_atomic_rc_box_release_full (self, loaded_picture_clear);
}

AlidadePicture *
alidade_loaded_picture_get_picture (const AlidadeLoadedPicture *self)
{
  return self->picture;
}

AlidadePixels *
alidade_loaded_picture_get_pixels (const AlidadeLoadedPicture *self)
{
  return self->pixels;
}

const AlbefImage *
alidade_loaded_picture_get_image (const AlidadeLoadedPicture *self)
{
  return self->image;
}
