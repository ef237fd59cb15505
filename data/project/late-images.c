/* SPDX-License-Identifier: MIT */
#include "late-images.h"

typedef struct
{
  char *where, *name; /* what is needed to import it; NULL: done */
  double width, height;
  gint64 id;          /* 0: not yet, or skipped */
} LateImage;

struct LateImages
{
  Import *import;
  GHashTable *by_id;  /* id text -> LateImage */
  GPtrArray *waiting; /* LateImage, of a preview, in the file's order */
  GPtrArray *all;     /* LateImage, owned */
};

static void
late_image_free (gpointer data)
{
  LateImage *image = data;

  g_free (image->where);
  g_free (image->name);
  g_free (image);
}

LateImages *
late_images_new (Import *import)
{
  LateImages *images = g_new0 (LateImages, 1);

  images->import = import;
  images->by_id = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  images->waiting = g_ptr_array_new ();
  images->all = g_ptr_array_new_with_free_func (late_image_free);
  return images;
}

void
late_images_free (LateImages *images)
{
  if (images == NULL)
    return;
  g_hash_table_unref (images->by_id);
  g_ptr_array_unref (images->waiting);
  g_ptr_array_unref (images->all);
  g_free (images);
}

gboolean
late_images_add (LateImages *images, const char *where, char *id, const ImportImage *image, GError **error)
{
  g_autofree char *own_id = id;
  LateImage *late = g_new0 (LateImage, 1);
  GError *local = NULL;

  g_ptr_array_add (images->all, late);
  if (import_is_preview (images->import) && image->name != NULL)
    {
      late->where = g_strdup (where);
      late->name = g_strdup (image->name);
      late->width = image->width;
      late->height = image->height;
      g_ptr_array_add (images->waiting, late);
    }
  else
    late->id = import_image (images->import, where, image, &local);
  if (own_id != NULL && (late->id != 0 || late->name != NULL))
    g_hash_table_replace (images->by_id, g_steal_pointer (&own_id), late);
  if (local != NULL)
    g_propagate_error (error, local);
  return local == NULL;
}

static void
bring_in (LateImages *images, LateImage *late, GError **error)
{
  g_autofree char *where = g_steal_pointer (&late->where), *name = g_steal_pointer (&late->name);
  const ImportImage image = { .name = name, .width = late->width, .height = late->height };

  late->id = import_image (images->import, where, &image, error);
}

gint64
late_images_get (LateImages *images, const char *id, GError **error)
{
  LateImage *late = id != NULL ? g_hash_table_lookup (images->by_id, id) : NULL;

  if (late != NULL && late->name != NULL)
    bring_in (images, late, error);
  return late != NULL ? late->id : 0;
}

gboolean
late_images_rest (LateImages *images, GError **error)
{
  for (guint i = 0; i < images->waiting->len; i++)
    {
      LateImage *late = images->waiting->pdata[i];
      GError *local = NULL;

      if (late->name != NULL)
        bring_in (images, late, &local);
      if (local != NULL)
        {
          g_propagate_error (error, local);
          return FALSE;
        }
    }
  return TRUE;
}
