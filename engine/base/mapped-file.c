/* SPDX-License-Identifier: MIT */
#include "mapped-file.h"
#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static AlbefStatus
open_regular (const char *path, int *fd, size_t *size, AlbefError *error)
{
  struct stat info;

  /* O_NONBLOCK: opening a named pipe must not wait for a writer. */
  *fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (*fd < 0)
    return error_set_errno (error, ALBEF_ERROR_FILE, "cannot open '%s'", path);
  if (fstat (*fd, &info) != 0)
    error_set_errno (error, ALBEF_ERROR_FILE, "cannot read '%s'", path);
  else if (!S_ISREG (info.st_mode))
    error_set (error, ALBEF_ERROR_FILE, "'%s' is %s, not a file", path,
               S_ISDIR (info.st_mode) ? "a folder" : "a device or pipe");
  else if ((uint64_t) info.st_size > SIZE_MAX / 2)
    error_set (error, ALBEF_ERROR_LIMIT, "'%s' is too large for this machine's address space", path);
  else
    {
      *size = info.st_size;
      return ALBEF_OK;
    }
  close (*fd);
  *fd = -1;
  return ALBEF_ERROR_FILE;
}

AlbefStatus
mapped_file_open (const char *path, MappedFile *file, AlbefError *error)
{
  AlbefStatus status;
  void *data = NULL;
  size_t size;
  int fd;

  memset (file, 0, sizeof *file);
  status = open_regular (path, &fd, &size, error);
  if (status != ALBEF_OK)
    return status;
  if (size > 0)
    {
      data = mmap (NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
      if (data == MAP_FAILED)
        {
          status = error_set_errno (error, ALBEF_ERROR_FILE, "cannot map '%s'", path);
          close (fd);
          return status;
        }
    }
  close (fd);
  file->data = data;
  file->size = size;
  file->path = mem_strdup (path);
  return ALBEF_OK;
}

void
mapped_file_close (MappedFile *file)
{
  if (file->data != NULL)
    munmap ((void *) file->data, file->size);
  free (file->path);
  memset (file, 0, sizeof *file);
}

void
mapped_file_give_back (const MappedFile *file, size_t offset, size_t length)
{
  size_t page = sysconf (_SC_PAGESIZE);
  size_t first = (offset + page - 1) / page * page;
  size_t end = (offset + length) / page * page;

  if (file->data != NULL && end > first && offset + length <= file->size)
    madvise ((void *) (file->data + first), end - first, MADV_DONTNEED);
}

AlbefStatus
file_read (const char *path, size_t limit, char **text, size_t *length, AlbefError *error)
{
  AlbefStatus status;
  char *bytes;
  size_t size, done = 0;
  int fd;

  status = open_regular (path, &fd, &size, error);
  if (status != ALBEF_OK)
    return status;
  if (size > limit)
    {
      close (fd);
      return error_set (error, ALBEF_ERROR_LIMIT, "'%s' has %zu bytes, above the limit of %zu for such a file", path,
                        size, limit);
    }
  bytes = mem_new0 (size + 1, 1);
  while (done < size)
    {
      ssize_t got = read (fd, bytes + done, size - done);

      if (got < 0)
        {
          status = error_set_errno (error, ALBEF_ERROR_FILE, "cannot read '%s'", path);
          free (bytes);
          close (fd);
          return status;
        }
      if (got == 0)
        break;
      done += got;
    }
  close (fd);
  bytes[done] = 0;
  *text = bytes;
  *length = done;
  return ALBEF_OK;
}
