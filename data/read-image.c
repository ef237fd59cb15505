/* SPDX-License-Identifier: MIT */
#include "read-image.h"

#include "engine-error.h"

static GMutex huge_mutex;

AlbefImage *
alidade_read_image (const char *path, int max_side, GCancellable *cancellable, GError **error)
{
  AlbefError albef_error = ALBEF_ERROR_INIT;
  AlbefImage *image = NULL;
  int width = 0, height = 0;
  gboolean is_huge;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  is_huge = albef_image_probe (path, &width, &height, NULL, NULL) == ALBEF_OK
            && (gint64) width * height > ALIDADE_HUGE_PICTURE;
  if (is_huge)
    g_mutex_lock (&huge_mutex);
  /* Waiting may have taken long. */
  if (!g_cancellable_set_error_if_cancelled (cancellable, error)
      && albef_image_open_scaled (path, ALBEF_IMAGE_FOR_PEOPLE, max_side, &image, &albef_error) != ALBEF_OK)
    g_propagate_error (error, alidade_engine_error_new (&albef_error));
  if (is_huge)
    g_mutex_unlock (&huge_mutex);
  return image;
}
