/* SPDX-License-Identifier: MIT */
#include "model-cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_FORMAT 1  /* raise when the conversion changes */
#define PATH_DIGITS 16  /* of the hash of the path, in front: conversions of one path share it */

gboolean
alidade_model_cache_wants (const char *path)
{
  guint8 head[4] = { 0 };
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  gboolean wants = FALSE;

  if (fd < 0)
    return FALSE;
  if (read (fd, head, sizeof head) == sizeof head)
    wants = memcmp (head, "PK\003\004", 4) == 0 || (head[0] == 0x80 && head[1] >= 1 && head[1] <= 5);
  close (fd);
  /* A safetensors file starts with the length of its header, of which 0x80 0x02 may be the low bytes: its
   * eighth byte is 0 and the ninth is '{', but a pickle's name settles it more simply. */
  return wants && !g_str_has_suffix (path, ".safetensors");
}

static void
checksum_file (GChecksum *checksum, const char *path)
{
  struct stat info;
  g_autofree char *line = NULL;

  if (path != NULL && stat (path, &info) == 0)
    line = g_strdup_printf ("%s %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld", path, (guint64) info.st_size,
                            (gint64) info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  else
    line = g_strdup ("none");
  g_checksum_update (checksum, (const guchar *) line, strlen (line) + 1); /* with its NUL: parts stay apart */
}

char *
alidade_model_cache_path (const char *folder, const char *path, const char *vocab, gboolean allow_incomplete,
                          GError **error)
{
  g_autoptr (GChecksum) content = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autofree char *beside = g_path_get_dirname (absolute);
  g_autofree char *vocab_beside = g_build_filename (beside, "vocab.txt", NULL);
  g_autofree char *config_beside = g_build_filename (beside, "config.json", NULL);
  g_autofree char *path_hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, absolute, -1);
  g_autofree char *own_folder = NULL;
  g_autofree char *name = NULL;
  g_autofree char *display = g_filename_display_name (path);

  if (access (absolute, R_OK) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "“%s” cannot be read: %s.", display,
                   g_strerror (errno));
      return NULL;
    }
  if (folder == NULL)
    folder = own_folder = g_build_filename (g_get_user_cache_dir (), "alidade", "models", NULL);
  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      const int saved = errno;
      g_autofree char *folder_display = g_filename_display_name (folder);

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved),
                   "“%s” must be converted once, but the folder “%s” for that cannot be made: %s.", display,
                   folder_display, g_strerror (saved));
      return NULL;
    }
  checksum_file (content, absolute);
  checksum_file (content, vocab != NULL ? vocab : vocab_beside);
  checksum_file (content, config_beside);
  path_hash[PATH_DIGITS] = '\0';
  name = g_strdup_printf ("%s-%.16s-%d%s.safetensors", path_hash, g_checksum_get_string (content), CACHE_FORMAT,
                          allow_incomplete ? "-incomplete" : "");
  return g_build_filename (folder, name, NULL);
}

void
alidade_model_cache_prune (const char *conversion)
{
  g_autofree char *folder = g_path_get_dirname (conversion);
  g_autofree char *keep = g_path_get_basename (conversion);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (strncmp (name, keep, PATH_DIGITS + 1) == 0 && strcmp (name, keep) != 0
        && g_str_has_suffix (name, ".safetensors"))
      {
        g_autofree char *path = g_build_filename (folder, name, NULL);

        if (unlink (path) != 0)
          g_info ("%s: %s", path, g_strerror (errno));
      }
}

char *
alidade_model_cache_display_name (const char *path)
{
  char *name = g_filename_display_basename (path);
  char *dot = strrchr (name, '.');

  if (dot != NULL && dot != name)
    *dot = '\0';
  return name;
}
