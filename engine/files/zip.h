/* SPDX-License-Identifier: MIT
 * zip.h: reads the zip containers that PyTorch writes, from memory (a mapping), zip64 included.
 *
 * Stored entries are used in place. Compressed ones are accepted, within a limit on what they may expand to
 * altogether. Every offset and size is checked when the directory is read, and entries may not overlap, so
 * that a small file cannot pretend to hold much.
 */
#pragma once

#include "albef.h"

typedef struct ZipFile ZipFile;

typedef struct
{
  const char *name; /* not NUL-terminated: name_length bytes of the mapping */
  size_t name_length;
  int method; /* 0 stored, 8 deflated */
  uint32_t crc;
  uint64_t offset;      /* of the data */
  uint64_t stored_size; /* bytes in the file */
  uint64_t size;        /* bytes once expanded */
} ZipEntry;

/* `name` stands in messages; the bytes must outlive the ZipFile. */
AlbefStatus zip_open (const char *name, const uint8_t *data, size_t size, ZipFile **zip, AlbefError *error);
void zip_free (ZipFile *zip); /* accepts NULL; expanded data goes with it */

int zip_count (const ZipFile *zip);
const ZipEntry *zip_entry (const ZipFile *zip, int index);
int zip_find (const ZipFile *zip, const char *name); /* -1: not there */

/* The entry's bytes: in place, or expanded once and kept. The checksum is checked for expanded entries only
 * (PyTorch can be told to write none for stored ones). */
AlbefStatus zip_data (ZipFile *zip, int index, const uint8_t **data, AlbefError *error);
