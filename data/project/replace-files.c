/* SPDX-License-Identifier: MIT */
#include "replace-files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  char *path;            /* absolute, links followed */
  char *beside;          /* NULL: it has taken its place */
  char *former;          /* where the old file is while the set takes its places; NULL: nowhere */
  OutFile *out;          /* NULL: closed */
  struct stat before;    /* st_ino 0: there was none */
} Replacement;

struct ReplaceSet
{
  GPtrArray *files;      /* Replacement */
};

static void
replacement_free (gpointer data)
{
  Replacement *file = data;

  out_file_abandon (file->out);
  if (file->beside != NULL)
    g_unlink (file->beside);
  if (file->former != NULL)
    g_unlink (file->former);
  g_free (file->beside);
  g_free (file->former);
  g_free (file->path);
  g_free (file);
}

ReplaceSet *
replace_set_new (void)
{
  ReplaceSet *set = g_new0 (ReplaceSet, 1);

  set->files = g_ptr_array_new_with_free_func (replacement_free);
  return set;
}

void
replace_set_free (ReplaceSet *set)
{
  if (set == NULL)
    return;
  g_ptr_array_unref (set->files);
  g_free (set);
}

guint
replace_set_size (const ReplaceSet *set)
{
  return set->files->len;
}

OutFile *
replace_set_open (ReplaceSet *set, const char *path, const struct stat *before, GError **error)
{
  Replacement *file = g_new0 (Replacement, 1);
  g_autofree char *beside = NULL;
  char *real = realpath (path, NULL);

  file->path = g_strdup (real != NULL ? real : path);
  free (real);
  if (before != NULL)
    file->before = *before;
  else if (stat (file->path, &file->before) != 0)
    file->before.st_ino = 0;
  beside = g_strdup_printf ("%s.part-%d", file->path, (int) getpid ());
  file->out = out_file_open (beside, error);
  if (file->out == NULL)
    {
      replacement_free (file);
      return NULL;
    }
  file->beside = g_steal_pointer (&beside);
  g_ptr_array_add (set->files, file);
  return file->out;
}

gboolean
replace_set_close (ReplaceSet *set, GError **error)
{
  Replacement *file = set->files->pdata[set->files->len - 1];

  if (!out_file_close (g_steal_pointer (&file->out), error))
    return FALSE;
  if (file->before.st_ino != 0 && g_chmod (file->beside, file->before.st_mode & 07777) != 0)
    return project_fail (error, PROJECT_ERROR_FAILED, "The permissions of %s cannot be kept: %s", file->path,
                         g_strerror (errno));
  return TRUE;
}

static gboolean
is_untouched (const Replacement *file)
{
  struct stat now;

  if (stat (file->path, &now) != 0)
    return file->before.st_ino == 0;
  return now.st_ino == file->before.st_ino && now.st_size == file->before.st_size &&
         now.st_mtim.tv_sec == file->before.st_mtim.tv_sec && now.st_mtim.tv_nsec == file->before.st_mtim.tv_nsec;
}

static void
sync_folder_of (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int file = open (folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);

  if (file < 0)
    return;
  fsync (file); /* some file systems refuse to */
  close (file);
}

/* The new file takes its place, and the old one keeps a name until all are done: they change places, or where the file
 * system cannot do that the old one gets a second name. Without links either there is no way back. */
static gboolean
take_place (Replacement *file)
{
  g_autofree char *former = NULL;
  int reason;

  if (file->before.st_ino == 0)
    return g_rename (file->beside, file->path) == 0;
  if (renameat2 (AT_FDCWD, file->beside, AT_FDCWD, file->path, RENAME_EXCHANGE) == 0)
    {
      file->former = g_strdup (file->beside);
      return TRUE;
    }
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
    return FALSE;
  former = g_strdup_printf ("%s.former-%d", file->path, (int) getpid ());
  g_unlink (former);
  if (link (file->path, former) == 0)
    file->former = g_strdup (former);
  if (g_rename (file->beside, file->path) == 0)
    return TRUE;
  reason = errno;
  if (file->former != NULL)
    g_unlink (file->former);
  g_clear_pointer (&file->former, g_free);
  errno = reason;
  return FALSE;
}

/* The first `n` back to what they were; how many could not be. */
static guint
put_back (ReplaceSet *set, guint n)
{
  guint stuck = 0;

  while (n-- > 0)
    {
      Replacement *file = set->files->pdata[n];
      gboolean good = file->before.st_ino == 0 ? g_unlink (file->path) == 0
                                               : file->former != NULL && g_rename (file->former, file->path) == 0;

      if (good)
        g_clear_pointer (&file->former, g_free);
      stuck += !good;
    }
  return stuck;
}

gboolean
replace_set_commit (ReplaceSet *set, GError **error)
{
  for (guint i = 0; i < set->files->len; i++)
    {
      const Replacement *file = set->files->pdata[i];

      if (!is_untouched (file))
        return project_fail (error, PROJECT_ERROR_FAILED,
                             "%s was changed by another program just now; nothing was written. Try again.", file->path);
    }
  for (guint i = 0; i < set->files->len; i++)
    {
      Replacement *file = set->files->pdata[i];
      int reason;
      guint stuck;

      if (take_place (file))
        {
          g_clear_pointer (&file->beside, g_free);
          continue;
        }
      reason = errno;
      stuck = put_back (set, i);
      if (stuck > 0)
        return project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be replaced: %s (%u of %u files were written and "
                             "could not be put back)", file->path, g_strerror (reason), stuck, set->files->len);
      return project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be replaced: %s. All files are as they were.",
                           file->path, g_strerror (reason));
    }
  for (guint i = 0; i < set->files->len; i++)
    {
      Replacement *file = set->files->pdata[i];

      if (file->former != NULL)
        g_unlink (file->former);
      g_clear_pointer (&file->former, g_free);
      sync_folder_of (file->path);
    }
  return TRUE;
}
