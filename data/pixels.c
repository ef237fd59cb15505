/* SPDX-License-Identifier: MIT */
#include "pixels.h"

struct _AlidadePixels
{
  GBytes *bytes; /* [height][width][3] */
  int width;
  int height;
};

G_DEFINE_BOXED_TYPE (AlidadePixels, alidade_pixels, alidade_pixels_ref, alidade_pixels_unref)

AlidadePixels *
alidade_pixels_new (GBytes *bytes, int width, int height)
{
  AlidadePixels *self;

  g_return_val_if_fail (bytes != NULL && width > 0 && height > 0, NULL);
  g_return_val_if_fail (g_bytes_get_size (bytes) == (gsize) width * height * 3, NULL);

  self = g_atomic_rc_box_new0 (AlidadePixels);
  self->bytes = g_bytes_ref (bytes);
  self->width = width;
  self->height = height;
  return self;
}

AlidadePixels *
alidade_pixels_ref (AlidadePixels *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
pixels_clear (gpointer data)
{
  AlidadePixels *self = data;

  g_bytes_unref (self->bytes);
}

void
alidade_pixels_unref (AlidadePixels *self)
{
  g_atomic_rc_box_release_full (self, pixels_clear);
}

int
alidade_pixels_get_width (const AlidadePixels *self)
{
  return self->width;
}

int
alidade_pixels_get_height (const AlidadePixels *self)
{
  return self->height;
}

GBytes *
alidade_pixels_get_bytes (const AlidadePixels *self)
{
  return self->bytes;
}

const guint8 *
alidade_pixels_get_data (const AlidadePixels *self)
{
  return g_bytes_get_data (self->bytes, NULL);
}
