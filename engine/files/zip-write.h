/* SPDX-License-Identifier: MIT
 * zip-write.h: writes the zip containers that PyTorch reads: entries stored as they are, each one's data at a multiple
 * of 64 bytes, zip64 where sizes or places need it. The same input gives the same bytes: no times, no host. */
#pragma once

#include "albef.h"

typedef struct ZipWriter ZipWriter;

/* Starts a file that replaces `path` when committed. */
AlbefStatus zip_writer_open (const char *path, ZipWriter **writer, AlbefError *error);
/* Adds an entry; `name` is copied. */
AlbefStatus zip_writer_add (ZipWriter *writer, const char *name, const void *data, uint64_t size, AlbefError *error);
/* Writes the directory and puts the file in place. Frees the writer in any case. */
AlbefStatus zip_writer_commit (ZipWriter *writer, AlbefError *error);
void zip_writer_discard (ZipWriter *writer); /* accepts NULL; the old file stays */

/* For tests: sizes and places from here on are written as zip64 (0xffffffff). */
extern uint64_t zip_writer_zip64_from;
