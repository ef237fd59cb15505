/* SPDX-License-Identifier: MIT */
#include "writer-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct WriterLock
{
  int file;
};

/* What the holder wrote into the file: its process and machine. */
static char *
read_holder (int file)
{
  char text[256];
  ssize_t length = pread (file, text, sizeof text - 1, 0);

  if (length <= 0)
    return g_strdup ("another program");
  text[length] = '\0';
  g_strdelimit (text, "\n", ' ');
  g_strchomp (text);
  return g_utf8_make_valid (text, -1);
}

WriterLock *
writer_lock_take (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "project.lock", NULL);
  g_autofree char *holder = NULL;
  int file = -1;
  WriterLock *lock;

  /* The folder too: without its log beside it the database takes no change, whatever the files allow. */
  if (access (folder, W_OK) == 0)
    file = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0)
    {
      project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be written: %s. The project can only be read until its folder "
                    "and files may be written.", path, g_strerror (errno));
      return NULL;
    }
  if (flock (file, LOCK_EX | LOCK_NB) != 0)
    {
      int reason = errno;

      if (reason == EWOULDBLOCK)
        {
          holder = read_holder (file);
          project_fail (error, PROJECT_ERROR_BUSY, "%s is being changed by %s. Only one program may write at a time: close the "
                        "other one, or wait until it is done. Reading works meanwhile.", folder, holder);
        }
      else
        project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be locked: %s", path, g_strerror (reason));
      close (file);
      return NULL;
    }
  holder = g_strdup_printf ("process %d on %s\n", (int) getpid (), g_get_host_name ());
  /* Only for the message above: a lock without it locks as well. */
  if (ftruncate (file, 0) != 0 || pwrite (file, holder, strlen (holder), 0) < 0)
    g_debug ("%s: %s", path, g_strerror (errno));
  lock = g_new0 (WriterLock, 1);
  lock->file = file;
  return lock;
}

void
writer_lock_release (WriterLock *lock)
{
  if (lock == NULL)
    return;
  close (lock->file);
  g_free (lock);
}
