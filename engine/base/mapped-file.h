/* SPDX-License-Identifier: MIT
 * A file mapped for reading. Pages come in when touched and can be given back, so a checkpoint of gigabytes
 * costs little memory. The file must not be shortened by others while it is mapped (writers here never do:
 * they rename a new file over the old one, which leaves this mapping intact). */
#pragma once

#include "albef.h"

typedef struct
{
  const uint8_t *data;
  size_t size;
  char *path;
} MappedFile;

/* Regular files only; an empty file maps to size 0. */
AlbefStatus mapped_file_open (const char *path, MappedFile *file, AlbefError *error);
void mapped_file_close (MappedFile *file); /* accepts a zeroed or closed one */

/* The pages wholly inside data[offset, offset + length) are not needed any more. */
void mapped_file_give_back (const MappedFile *file, size_t offset, size_t length);

/* Reads a small file whole, at most `limit` bytes; *text is NUL-terminated and the caller's to free. */
AlbefStatus file_read (const char *path, size_t limit, char **text, size_t *length, AlbefError *error);
