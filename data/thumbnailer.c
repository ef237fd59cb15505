/* SPDX-License-Identifier: MIT */
#include "thumbnailer.h"

#include "albef.h"
#include "engine-error.h"
#include "read-image.h"
#include "thumbnail-cache.h"

#define THUMBNAIL_THREADS 2
#define THUMBNAIL_CACHE (32u << 20) /* bytes */

typedef struct
{
  char *key; /* "side:path" */
  AlidadePixels *pixels;
  GList link; /* in the order of use */
} Slot;

struct _AlidadeThumbnailer
{
  GObject parent_instance;

  GThreadPool *pool;
  guint64 serial;

  GHashTable *slots; /* key -> Slot */
  GQueue order;      /* head: used last */
  gsize used, limit; /* bytes */

  ThumbnailCache **files; /* atomic box, shared with wishes under way; NULL: memory only */
};

G_DEFINE_FINAL_TYPE (AlidadeThumbnailer, alidade_thumbnailer, G_TYPE_OBJECT)

/* One wish. The task is only touched on the main thread, where it also ends: a worker that dropped the last
 * reference would finalize the thumbnailer, and the pool with it, from inside the pool. */
typedef struct
{
  GTask *task;
  GCancellable *cancellable;
  AlidadePicture *picture;
  char *path;
  int max_side;
  guint64 serial;
  ThumbnailCache **files; /* NULL: none */

  AlidadePixels *pixels;
  GError *error;
} Wish;

static void
files_clear (gpointer box)
{
  thumbnail_cache_free (*(ThumbnailCache **) box);
}

static void
files_release (ThumbnailCache **box)
{
  g_atomic_rc_box_release_full (box, files_clear);
}

/* --- Memory ------------------------------------------------------------------------------------------ */

static void
slot_free (gpointer data)
{
  Slot *slot = data;

  alidade_pixels_unref (slot->pixels);
  g_free (slot->key);
  g_free (slot);
}

static gsize
slot_bytes (const Slot *slot)
{
  return g_bytes_get_size (alidade_pixels_get_bytes (slot->pixels)) + 256;
}

static char *
slot_key (AlidadePicture *picture, int max_side)
{
  return g_strdup_printf ("%d:%s", max_side, alidade_picture_get_path (picture));
}

static void
cache_remove (AlidadeThumbnailer *self, Slot *slot)
{
  self->used -= slot_bytes (slot);
  g_queue_unlink (&self->order, &slot->link);
  g_hash_table_remove (self->slots, slot->key);
}

static void
cache_add (AlidadeThumbnailer *self, const char *key, AlidadePixels *pixels)
{
  Slot *slot = g_hash_table_lookup (self->slots, key);

  if (slot != NULL)
    cache_remove (self, slot);
  slot = g_new0 (Slot, 1);
  slot->key = g_strdup (key);
  slot->pixels = alidade_pixels_ref (pixels);
  slot->link.data = slot;
  g_hash_table_insert (self->slots, slot->key, slot);
  g_queue_push_head_link (&self->order, &slot->link);
  self->used += slot_bytes (slot);
  while (self->used > self->limit && self->order.length > 1)
    cache_remove (self, self->order.tail->data);
}

static AlidadePixels *
cache_lookup (AlidadeThumbnailer *self, const char *key)
{
  Slot *slot = g_hash_table_lookup (self->slots, key);

  if (slot == NULL)
    return NULL;
  g_queue_unlink (&self->order, &slot->link);
  g_queue_push_head_link (&self->order, &slot->link);
  return alidade_pixels_ref (slot->pixels);
}

/* --- Work -------------------------------------------------------------------------------------------- */

static void
wish_free (gpointer data)
{
  Wish *wish = data;

  g_clear_pointer (&wish->pixels, alidade_pixels_unref);
  g_clear_error (&wish->error);
  g_clear_object (&wish->cancellable);
  g_clear_object (&wish->picture);
  g_clear_object (&wish->task);
  g_clear_pointer (&wish->files, files_release);
  g_free (wish->path);
  g_free (wish);
}

static gboolean
wish_end (gpointer data)
{
  Wish *wish = data;
  AlidadeThumbnailer *self = g_task_get_source_object (wish->task);

  if (wish->pixels != NULL)
    {
      g_autofree char *key = slot_key (wish->picture, wish->max_side);

      cache_add (self, key, wish->pixels);
      alidade_picture_set_state (wish->picture, ALIDADE_PICTURE_OK, NULL);
      g_task_return_pointer (wish->task, g_steal_pointer (&wish->pixels), (GDestroyNotify) alidade_pixels_unref);
    }
  else
    {
      if (!g_error_matches (wish->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        alidade_picture_set_unreadable (wish->picture, wish->error);
      g_task_return_error (wish->task, g_steal_pointer (&wish->error));
    }
  return G_SOURCE_REMOVE;
}

static void
free_image (gpointer data)
{
  albef_image_free (data);
}

static void
wish_work (gpointer data, gpointer user_data)
{
  Wish *wish = data;
  AlbefImage *image = NULL;
  g_autoptr (GSource) source = g_idle_source_new ();
  g_autofree char *key = NULL;

  if (wish->files != NULL && !g_cancellable_is_cancelled (wish->cancellable))
    {
      key = thumbnail_cache_key (wish->path, wish->max_side);
      wish->pixels = key != NULL ? thumbnail_cache_load (*wish->files, key) : NULL;
    }
  /* What was scrolled away while waiting is dropped there, before any reading. */
  if (wish->pixels == NULL)
    image = alidade_read_image (wish->path, wish->max_side, wish->cancellable, &wish->error);
  if (image != NULL)
    {
      const int width = albef_image_width (image), height = albef_image_height (image);
      g_autoptr (GBytes) bytes = g_bytes_new_with_free_func (albef_image_pixels (image), (gsize) width * height * 3,
                                                             free_image, image);

      wish->pixels = alidade_pixels_new (bytes, width, height);
      if (key != NULL)
        thumbnail_cache_save (*wish->files, key, wish->pixels);
    }
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, wish_end, wish, wish_free);
  g_source_attach (source, NULL);
}

static int
wish_newest_first (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Wish *left = a, *right = b;

  return left->serial > right->serial ? -1 : left->serial < right->serial;
}

static void
alidade_thumbnailer_finalize (GObject *object)
{
  AlidadeThumbnailer *self = ALIDADE_THUMBNAILER (object);

  g_thread_pool_free (self->pool, TRUE, TRUE); /* no wish is left: each holds a reference */
  g_hash_table_unref (self->slots);
  g_clear_pointer (&self->files, files_release);
  G_OBJECT_CLASS (alidade_thumbnailer_parent_class)->finalize (object);
}

static void
alidade_thumbnailer_class_init (AlidadeThumbnailerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = alidade_thumbnailer_finalize;
}

static void
alidade_thumbnailer_init (AlidadeThumbnailer *self)
{
  self->pool = g_thread_pool_new (wish_work, NULL, THUMBNAIL_THREADS, FALSE, NULL);
  g_thread_pool_set_sort_function (self->pool, wish_newest_first, NULL);
  self->slots = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, slot_free);
  g_queue_init (&self->order);
}

AlidadeThumbnailer *
alidade_thumbnailer_new (gsize cache_bytes)
{
  AlidadeThumbnailer *self = g_object_new (ALIDADE_TYPE_THUMBNAILER, NULL);

  self->limit = cache_bytes > 0 ? cache_bytes : THUMBNAIL_CACHE;
  return self;
}

void
alidade_thumbnailer_set_folder (AlidadeThumbnailer *self, const char *folder, guint64 limit)
{
  g_return_if_fail (ALIDADE_IS_THUMBNAILER (self));

  g_clear_pointer (&self->files, files_release);
  if (folder == NULL)
    return;
  self->files = g_atomic_rc_box_new (ThumbnailCache *);
  *self->files = thumbnail_cache_new (folder, limit);
}

AlidadePixels *
alidade_thumbnailer_lookup (AlidadeThumbnailer *self, AlidadePicture *picture, int max_side)
{
  g_autofree char *key = NULL;

  g_return_val_if_fail (ALIDADE_IS_THUMBNAILER (self) && ALIDADE_IS_PICTURE (picture), NULL);

  key = slot_key (picture, max_side);
  return cache_lookup (self, key);
}

void
alidade_thumbnailer_load_async (AlidadeThumbnailer *self, AlidadePicture *picture, int max_side,
                                GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (AlidadePixels) pixels = NULL;
  Wish *wish;

  g_return_if_fail (ALIDADE_IS_THUMBNAILER (self) && ALIDADE_IS_PICTURE (picture) && max_side > 0);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, alidade_thumbnailer_load_async);
  pixels = alidade_thumbnailer_lookup (self, picture, max_side);
  if (pixels != NULL)
    {
      g_task_return_pointer (task, g_steal_pointer (&pixels), (GDestroyNotify) alidade_pixels_unref);
      return;
    }
  if (alidade_picture_get_state (picture) == ALIDADE_PICTURE_UNREADABLE)
    {
      g_task_return_new_error (task, ALIDADE_ENGINE_ERROR, ALBEF_ERROR_FORMAT, "%s",
                               alidade_picture_get_message (picture));
      return;
    }
  wish = g_new0 (Wish, 1);
  wish->task = g_steal_pointer (&task);
  wish->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  wish->picture = g_object_ref (picture);
  wish->path = g_strdup (alidade_picture_get_path (picture));
  wish->max_side = max_side;
  wish->serial = ++self->serial;
  wish->files = self->files != NULL ? g_atomic_rc_box_acquire (self->files) : NULL;
  g_thread_pool_push (self->pool, wish, NULL);
}

AlidadePixels *
alidade_thumbnailer_load_finish (AlidadeThumbnailer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

gsize
alidade_thumbnailer_get_used (AlidadeThumbnailer *self)
{
  g_return_val_if_fail (ALIDADE_IS_THUMBNAILER (self), 0);
  return self->used;
}
