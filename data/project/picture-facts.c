/* SPDX-License-Identifier: MIT */
#include "picture-facts.h"

#include "albef.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define END_BYTES 65536

static gboolean
hash_part (GChecksum *sum, int file, off_t at, gsize length)
{
  guint8 bytes[4096];

  while (length > 0)
    {
      ssize_t n = pread (file, bytes, MIN (length, sizeof bytes), at);

      if (n <= 0)
        return FALSE;
      g_checksum_update (sum, bytes, n);
      at += n;
      length -= n;
    }
  return TRUE;
}

gboolean
picture_facts_read (const char *path, PictureFacts *facts)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  int file = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  struct stat status;
  AlbefError error = ALBEF_ERROR_INIT;
  guint64 size;
  gboolean good;

  memset (facts, 0, sizeof *facts);
  facts->orientation = 1;
  if (file < 0)
    return FALSE;
  if (fstat (file, &status) != 0 || !S_ISREG (status.st_mode))
    {
      close (file);
      return FALSE;
    }
  facts->size = status.st_size;
  facts->mtime = status.st_mtim.tv_sec * G_USEC_PER_SEC + status.st_mtim.tv_nsec / 1000;
  size = GUINT64_TO_LE ((guint64) status.st_size);
  g_checksum_update (sum, (const guchar *) &size, sizeof size);
  good = hash_part (sum, file, 0, MIN (status.st_size, END_BYTES)) &&
         (status.st_size <= END_BYTES || hash_part (sum, file, MAX (status.st_size - END_BYTES, END_BYTES),
                                                    MIN (status.st_size - END_BYTES, END_BYTES)));
  close (file);
  if (!good)
    return FALSE;
  g_strlcpy (facts->quick_hash, g_checksum_get_string (sum), sizeof facts->quick_hash);
  if (albef_image_probe (path, &facts->width, &facts->height, &facts->orientation, &error) != ALBEF_OK)
    {
      facts->width = facts->height = 0;
      facts->orientation = 1;
    }
  return TRUE;
}

gboolean
picture_full_hash (const char *path, char hash[65])
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  int file = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  struct stat status;
  gboolean good;

  if (file < 0)
    return FALSE;
  good = fstat (file, &status) == 0 && S_ISREG (status.st_mode) && hash_part (sum, file, 0, status.st_size);
  close (file);
  if (good)
    g_strlcpy (hash, g_checksum_get_string (sum), 65);
  return good;
}
