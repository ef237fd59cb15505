/* SPDX-License-Identifier: MIT
 * What a project keeps about a picture's file: size, time, hashes, and the grid by its header. */
#pragma once

#include "project-error.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 size, mtime;   /* bytes, microseconds */
  char quick_hash[65];  /* SHA-256 of the size and the first and last 64 KiB */
  int width, height;    /* stored grid; 0 where the header is no picture's */
  int orientation;      /* 1-8 */
} PictureFacts;

/* FALSE (without an error) when there is no such regular file, or it cannot be read. */
gboolean picture_facts_read (const char *path, PictureFacts *facts);
/* SHA-256 of the whole file as 64 hexadecimal digits and a NUL; FALSE if it cannot be read. */
gboolean picture_full_hash (const char *path, char hash[65]);

G_END_DECLS
