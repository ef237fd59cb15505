/* SPDX-License-Identifier: MIT */
#include "thumbnail-cache.h"

#include "albef.h"

#include <stdio.h>
/* after stdio.h, which it needs */
#include <jpeglib.h>

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <utime.h>

#define LIMIT (256u << 20)
#define QUALITY 88
#define LONGEST_SIDE 4096
#define LARGEST_FILE (16 << 20)
#define USED_AGAIN 600 /* seconds until a use is written down again */

struct ThumbnailCache
{
  char *folder;
  guint64 limit;
  GMutex lock;     /* what follows */
  guint64 bytes;
  gboolean counted; /* `bytes` is known */
};

typedef struct
{
  char *path;
  gint64 used;
  guint64 bytes;
} Entry;

/* JPEG ------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  struct jpeg_error_mgr base;
  jmp_buf leave;
} JpegErrors;

static void
leave_jpeg (j_common_ptr jpeg)
{
  longjmp (((JpegErrors *) jpeg->err)->leave, 1);
}

/* *bytes is malloc'ed. */
static gboolean
encode (const guint8 *rgb, int width, int height, unsigned char **bytes, unsigned long *length)
{
  struct jpeg_compress_struct jpeg;
  JpegErrors errors;

  jpeg.err = jpeg_std_error (&errors.base);
  errors.base.error_exit = leave_jpeg;
  if (setjmp (errors.leave) != 0)
    {
      jpeg_destroy_compress (&jpeg);
      return FALSE;
    }
  jpeg_create_compress (&jpeg);
  jpeg_mem_dest (&jpeg, bytes, length);
  jpeg.image_width = width;
  jpeg.image_height = height;
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults (&jpeg);
  jpeg_set_quality (&jpeg, QUALITY, TRUE);
  jpeg_start_compress (&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height)
    {
      JSAMPROW row = (JSAMPROW) rgb + (gsize) jpeg.next_scanline * width * 3;

      jpeg_write_scanlines (&jpeg, &row, 1);
    }
  jpeg_finish_compress (&jpeg);
  jpeg_destroy_compress (&jpeg);
  return TRUE;
}

static void
free_image (gpointer image)
{
  albef_image_free (image);
}

/* The folder --------------------------------------------------------------------------------------------------------- */

/* A key's file: the first two digits are its folder. */
static char *
path_of (const ThumbnailCache *cache, const char *key)
{
  g_autofree char *name = g_strconcat (key, ".jpg", NULL);
  const char head[3] = { key[0], key[1], '\0' };

  return g_build_filename (cache->folder, head, name, NULL);
}

static void
entry_clear (gpointer entry)
{
  g_free (((Entry *) entry)->path);
}

static void
list_folder (const char *path, GArray *entries)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      Entry entry = { .path = g_build_filename (path, name, NULL) };
      struct stat status;

      if (lstat (entry.path, &status) == 0 && S_ISREG (status.st_mode))
        {
          entry.used = status.st_mtime;
          entry.bytes = status.st_size;
          g_array_append_val (entries, entry);
        }
      else
        g_free (entry.path);
    }
  if (dir != NULL)
    g_dir_close (dir);
}

/* Only the 256 folders that are ours: whatever else lies there stays. */
static GArray *
list_all (const ThumbnailCache *cache)
{
  GArray *entries = g_array_new (FALSE, FALSE, sizeof (Entry));

  g_array_set_clear_func (entries, entry_clear);
  for (int i = 0; i < 256; i++)
    {
      g_autofree char *name = g_strdup_printf ("%02x", i), *path = g_build_filename (cache->folder, name, NULL);

      list_folder (path, entries);
    }
  return entries;
}

static int
compare_uses (gconstpointer a, gconstpointer b)
{
  const Entry *left = a, *right = b;

  return left->used < right->used ? -1 : left->used > right->used ? 1 : strcmp (left->path, right->path);
}

static void
count (ThumbnailCache *cache)
{
  g_autoptr (GArray) entries = NULL;

  if (cache->counted)
    return;
  entries = list_all (cache);
  cache->bytes = 0;
  for (guint i = 0; i < entries->len; i++)
    cache->bytes += g_array_index (entries, Entry, i).bytes;
  cache->counted = TRUE;
}

/* Down to nine tenths, so that this is rare. */
static void
make_room (ThumbnailCache *cache)
{
  g_autoptr (GArray) entries = list_all (cache);

  g_array_sort (entries, compare_uses);
  cache->bytes = 0;
  for (guint i = 0; i < entries->len; i++)
    cache->bytes += g_array_index (entries, Entry, i).bytes;
  for (guint i = 0; i < entries->len && cache->bytes > cache->limit / 10 * 9; i++)
    {
      const Entry *entry = &g_array_index (entries, Entry, i);

      if (g_unlink (entry->path) == 0)
        cache->bytes -= entry->bytes;
    }
}

/* Public functions --------------------------------------------------------------------------------------------------- */

ThumbnailCache *
thumbnail_cache_new (const char *folder, guint64 limit)
{
  ThumbnailCache *cache = g_new0 (ThumbnailCache, 1);

  cache->folder = g_strdup (folder);
  cache->limit = limit > 0 ? limit : LIMIT;
  g_mutex_init (&cache->lock);
  return cache;
}

void
thumbnail_cache_free (ThumbnailCache *cache)
{
  if (cache == NULL)
    return;
  g_mutex_clear (&cache->lock);
  g_free (cache->folder);
  g_free (cache);
}

char *
thumbnail_cache_key (const char *path, int max_side)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  struct stat status;
  gint64 facts[4];

  if (stat (path, &status) != 0 || !S_ISREG (status.st_mode))
    return NULL;
  facts[0] = status.st_size;
  facts[1] = status.st_mtim.tv_sec;
  facts[2] = status.st_mtim.tv_nsec;
  facts[3] = max_side;
  g_checksum_update (sum, (const guchar *) facts, sizeof facts);
  g_checksum_update (sum, (const guchar *) path, strlen (path));
  return g_strdup (g_checksum_get_string (sum));
}

AlidadePixels *
thumbnail_cache_load (ThumbnailCache *cache, const char *key)
{
  g_autofree char *path = path_of (cache, key);
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefImage *image = NULL;
  g_autoptr (GBytes) bytes = NULL;
  struct stat status;
  int width, height;

  if (lstat (path, &status) != 0 || !S_ISREG (status.st_mode) || status.st_size > LARGEST_FILE)
    return NULL;
  if (albef_image_open (path, ALBEF_IMAGE_FOR_PEOPLE, &image, &error) != ALBEF_OK)
    {
      g_unlink (path);
      return NULL;
    }
  if (time (NULL) - status.st_mtime > USED_AGAIN)
    utime (path, NULL);
  width = albef_image_width (image);
  height = albef_image_height (image);
  bytes = g_bytes_new_with_free_func (albef_image_pixels (image), (gsize) width * height * 3, free_image, image);
  return alidade_pixels_new (bytes, width, height);
}

/* Written beside under a name of its own: two threads may save the same one. */
static gboolean
write_file (const char *path, const void *bytes, gsize length)
{
  g_autofree char *folder = g_path_get_dirname (path), *beside = g_strdup_printf ("%s.%08x", path, g_random_int ());
  FILE *file;
  gboolean good;

  if (g_mkdir_with_parents (folder, 0700) != 0 || (file = fopen (beside, "wxe")) == NULL)
    return FALSE;
  good = fwrite (bytes, 1, length, file) == length;
  good = fclose (file) == 0 && good && g_rename (beside, path) == 0;
  if (!good)
    g_unlink (beside);
  return good;
}

gboolean
thumbnail_cache_save (ThumbnailCache *cache, const char *key, AlidadePixels *pixels)
{
  int width = alidade_pixels_get_width (pixels), height = alidade_pixels_get_height (pixels);
  g_autofree char *path = path_of (cache, key);
  unsigned char *bytes = NULL;
  unsigned long length = 0;
  gboolean good;

  if (width > LONGEST_SIDE || height > LONGEST_SIDE)
    return FALSE;
  good = encode (alidade_pixels_get_data (pixels), width, height, &bytes, &length);
  g_mutex_lock (&cache->lock);
  count (cache);
  g_mutex_unlock (&cache->lock);
  good = good && write_file (path, bytes, length);
  free (bytes);
  if (!good)
    return FALSE;
  g_mutex_lock (&cache->lock);
  cache->bytes += length;
  if (cache->bytes > cache->limit)
    make_room (cache);
  g_mutex_unlock (&cache->lock);
  return TRUE;
}

guint64
thumbnail_cache_bytes (ThumbnailCache *cache)
{
  guint64 bytes;

  g_mutex_lock (&cache->lock);
  count (cache);
  bytes = cache->bytes;
  g_mutex_unlock (&cache->lock);
  return bytes;
}
