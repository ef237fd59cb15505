/* SPDX-License-Identifier: MIT */
#include "atomic-file.h"
#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  BUFFER = 1 << 18
};

struct AtomicFile
{
  int fd;
  char *path;
  char *beside;
  uint8_t *buffer; /* [BUFFER] */
  size_t used;
};

void (*atomic_file_watch) (AtomicFileMoment moment);

static void
reach (AtomicFileMoment moment)
{
  if (atomic_file_watch != NULL)
    atomic_file_watch (moment);
}

static void
atomic_file_free (AtomicFile *file)
{
  if (file->fd >= 0)
    close (file->fd);
  free (file->path);
  free (file->beside);
  free (file->buffer);
  free (file);
}

static AlbefStatus
write_piece (AtomicFile *file, const uint8_t *data, size_t length, AlbefError *error)
{
  while (length > 0)
    {
      ssize_t done = write (file->fd, data, length);

      if (done < 0 && errno == EINTR)
        continue;
      if (done <= 0)
        return error_set_errno (error, ALBEF_ERROR_FILE, "cannot write '%s' (nothing was replaced)", file->path);
      data += done;
      length -= done;
    }
  return ALBEF_OK;
}

static AlbefStatus
write_all (AtomicFile *file, const uint8_t *data, size_t length, AlbefError *error)
{
  size_t half = atomic_file_watch != NULL ? length / 2 : 0;
  AlbefStatus status = write_piece (file, data, half, error);

  if (status == ALBEF_OK && half > 0)
    reach (ATOMIC_FILE_HALF);
  return status == ALBEF_OK ? write_piece (file, data + half, length - half, error) : status;
}

/* A rename is on disk only when its folder is; some file systems cannot sync a folder, which is no failure. */
static void
sync_folder (const char *path)
{
  char *copy = mem_strdup (path);
  int fd = open (dirname (copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd >= 0)
    {
      fsync (fd);
      close (fd);
    }
  free (copy);
}

AlbefStatus
atomic_file_open (const char *path, AtomicFile **out, AlbefError *error)
{
  AtomicFile *file = mem_new0 (1, sizeof *file);
  AlbefStatus status;
  struct stat info;
  bool there;

  /* A link stays a link: its target is what gets replaced. */
  file->path = realpath (path, NULL);
  if (file->path == NULL)
    file->path = mem_strdup (path);
  file->fd = -1;
  /* A rename would put a file in the place of a device or a pipe, and fail on a folder when all the work is done. */
  there = stat (file->path, &info) == 0;
  if (there && !S_ISREG (info.st_mode))
    {
      status = S_ISDIR (info.st_mode)
                   ? error_set (error, ALBEF_ERROR_FILE, "cannot write '%s': it is a folder; name a file in it", path)
                   : error_set (error, ALBEF_ERROR_FILE, "cannot write '%s': it is no file, but a device or a pipe; name a file", path);
      atomic_file_free (file);
      return status;
    }
  for (int attempt = 0; attempt < 100 && file->fd < 0 && (attempt == 0 || errno == EEXIST); attempt++)
    {
      free (file->beside);
      file->beside = mem_printf ("%s.new-%ld-%d", file->path, (long) getpid (), attempt);
      file->fd = open (file->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
  if (file->fd < 0)
    {
      status = error_set_errno (error, ALBEF_ERROR_FILE, "cannot create a file beside '%s'", path);
      atomic_file_free (file);
      return status;
    }
  if (there)
    (void) !fchmod (file->fd, info.st_mode & 0777); /* as the file it replaces; not worth failing for */
  file->buffer = mem_new0 (BUFFER, 1);
  reach (ATOMIC_FILE_OPENED);
  *out = file;
  return ALBEF_OK;
}

AlbefStatus
atomic_file_write (AtomicFile *file, const void *data, size_t length, AlbefError *error)
{
  AlbefStatus status = ALBEF_OK;

  if (file->used + length > BUFFER)
    {
      status = write_all (file, file->buffer, file->used, error);
      file->used = 0;
    }
  if (status == ALBEF_OK && length > BUFFER)
    return write_all (file, data, length, error);
  if (status == ALBEF_OK && length > 0)
    {
      memcpy (file->buffer + file->used, data, length);
      file->used += length;
    }
  return status;
}

AlbefStatus
atomic_file_commit (AtomicFile *file, AlbefError *error)
{
  AlbefStatus status = write_all (file, file->buffer, file->used, error);

  if (status == ALBEF_OK)
    reach (ATOMIC_FILE_WRITTEN);
  if (status == ALBEF_OK && fsync (file->fd) != 0)
    status = error_set_errno (error, ALBEF_ERROR_FILE, "cannot write '%s' to disk (nothing was replaced)", file->path);
  if (status == ALBEF_OK)
    reach (ATOMIC_FILE_SYNCED);
  if (status == ALBEF_OK && rename (file->beside, file->path) != 0)
    status = error_set_errno (error, ALBEF_ERROR_FILE, "cannot put '%s' in place", file->path);
  if (status == ALBEF_OK)
    sync_folder (file->path);
  else
    unlink (file->beside);
  atomic_file_free (file);
  return status;
}

void
atomic_file_discard (AtomicFile *file)
{
  if (file == NULL)
    return;
  unlink (file->beside);
  atomic_file_free (file);
}
