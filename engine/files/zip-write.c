/* SPDX-License-Identifier: MIT */
#include "zip-write.h"
#include "atomic-file.h"
#include "error.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum
{
  ALIGNMENT = 64,
  LOCAL_SIZE = 30,
  CENTRAL_SIZE = 46,
  DOS_DATE = 0x21 /* 1 January 1980, the first there is */
};

#define BIG 0xffffffffu

uint64_t zip_writer_zip64_from = BIG;

typedef struct
{
  char *name;
  uint32_t crc;
  uint64_t size, offset; /* offset: of the local header */
} Entry;

struct ZipWriter
{
  AtomicFile *file;
  Entry *entries;
  size_t n, allocated;
  uint64_t at;
};

/* --- little-endian pieces ---------------------------------------------------------------------------- */

typedef struct
{
  uint8_t bytes[256];
  size_t n;
} Piece;

static void
put (Piece *piece, uint64_t value, int size)
{
  for (int i = 0; i < size; i++)
    piece->bytes[piece->n++] = (uint8_t) (value >> 8 * i);
}

static AlbefStatus
write_bytes (ZipWriter *writer, const void *data, size_t size, AlbefError *error)
{
  writer->at += size;
  return atomic_file_write (writer->file, data, size, error);
}

/* What a local header and the directory's entry have in common. */
static void
put_common (Piece *piece, const Entry *entry, bool zip64, size_t extra)
{
  put (piece, zip64 ? 45 : 20, 2); /* version needed */
  put (piece, 0, 2);               /* flags */
  put (piece, 0, 2);               /* stored */
  put (piece, 0, 2);
  put (piece, DOS_DATE, 2);
  put (piece, entry->crc, 4);
  put (piece, zip64 ? BIG : entry->size, 4);
  put (piece, zip64 ? BIG : entry->size, 4);
  put (piece, strlen (entry->name), 2);
  put (piece, extra, 2);
}

/* --- the two parts ----------------------------------------------------------------------------------- */

static AlbefStatus
write_local (ZipWriter *writer, const Entry *entry, AlbefError *error)
{
  static const uint8_t zeros[ALIGNMENT];
  bool zip64 = entry->size >= zip_writer_zip64_from;
  size_t fixed = LOCAL_SIZE + strlen (entry->name) + (zip64 ? 20 : 0) + 4;
  size_t padding = (ALIGNMENT - (entry->offset + fixed) % ALIGNMENT) % ALIGNMENT;
  Piece head = { .n = 0 }, extra = { .n = 0 };
  AlbefStatus status;

  put (&head, 0x04034b50, 4);
  put_common (&head, entry, zip64, (zip64 ? 20 : 0) + 4 + padding);
  if (zip64)
    {
      put (&extra, 1, 2);
      put (&extra, 16, 2);
      put (&extra, entry->size, 8);
      put (&extra, entry->size, 8);
    }
  put (&extra, 0x4246, 2); /* PyTorch's own name for padding */
  put (&extra, padding, 2);
  status = write_bytes (writer, head.bytes, head.n, error);
  if (status == ALBEF_OK)
    status = write_bytes (writer, entry->name, strlen (entry->name), error);
  if (status == ALBEF_OK)
    status = write_bytes (writer, extra.bytes, extra.n, error);
  return status == ALBEF_OK ? write_bytes (writer, zeros, padding, error) : status;
}

static AlbefStatus
write_directory_entry (ZipWriter *writer, const Entry *entry, AlbefError *error)
{
  bool big_size = entry->size >= zip_writer_zip64_from, big_offset = entry->offset >= zip_writer_zip64_from;
  size_t extra = (big_size ? 16 : 0) + (big_offset ? 8 : 0);
  Piece piece = { .n = 0 }, tail = { .n = 0 };
  AlbefStatus status;

  put (&piece, 0x02014b50, 4);
  put (&piece, 45, 2); /* made by */
  put_common (&piece, entry, big_size, extra > 0 ? extra + 4 : 0);
  put (&piece, 0, 2); /* comment */
  put (&piece, 0, 2); /* disk */
  put (&piece, 0, 2);
  put (&piece, 0, 4);
  put (&piece, big_offset ? BIG : entry->offset, 4);
  if (extra > 0)
    {
      put (&tail, 1, 2);
      put (&tail, extra, 2);
    }
  if (big_size)
    {
      put (&tail, entry->size, 8);
      put (&tail, entry->size, 8);
    }
  if (big_offset)
    put (&tail, entry->offset, 8);
  status = write_bytes (writer, piece.bytes, piece.n, error);
  if (status == ALBEF_OK)
    status = write_bytes (writer, entry->name, strlen (entry->name), error);
  return status == ALBEF_OK ? write_bytes (writer, tail.bytes, tail.n, error) : status;
}

static AlbefStatus
write_end (ZipWriter *writer, uint64_t start, AlbefError *error)
{
  uint64_t size = writer->at - start, end = writer->at;
  bool zip64 = writer->n >= 0xffff || size >= zip_writer_zip64_from || start >= zip_writer_zip64_from;
  Piece piece = { .n = 0 };

  if (zip64)
    {
      put (&piece, 0x06064b50, 4);
      put (&piece, 44, 8);
      put (&piece, 45, 2);
      put (&piece, 45, 2);
      put (&piece, 0, 4);
      put (&piece, 0, 4);
      put (&piece, writer->n, 8);
      put (&piece, writer->n, 8);
      put (&piece, size, 8);
      put (&piece, start, 8);
      put (&piece, 0x07064b50, 4);
      put (&piece, 0, 4);
      put (&piece, end, 8);
      put (&piece, 1, 4);
    }
  put (&piece, 0x06054b50, 4);
  put (&piece, 0, 2);
  put (&piece, 0, 2);
  put (&piece, zip64 ? 0xffff : writer->n, 2);
  put (&piece, zip64 ? 0xffff : writer->n, 2);
  put (&piece, zip64 ? BIG : size, 4);
  put (&piece, zip64 ? BIG : start, 4);
  put (&piece, 0, 2);
  return write_bytes (writer, piece.bytes, piece.n, error);
}

/* --- public ------------------------------------------------------------------------------------------ */

static void
writer_free (ZipWriter *writer)
{
  for (size_t i = 0; i < writer->n; i++)
    free (writer->entries[i].name);
  free (writer->entries);
  free (writer);
}

AlbefStatus
zip_writer_open (const char *path, ZipWriter **out, AlbefError *error)
{
  ZipWriter *writer = mem_new0 (1, sizeof *writer);
  AlbefStatus status = atomic_file_open (path, &writer->file, error);

  if (status != ALBEF_OK)
    {
      writer_free (writer);
      return status;
    }
  *out = writer;
  return ALBEF_OK;
}

AlbefStatus
zip_writer_add (ZipWriter *writer, const char *name, const void *data, uint64_t size, AlbefError *error)
{
  const uint8_t *bytes = data;
  uint32_t crc = (uint32_t) crc32 (0, NULL, 0);
  AlbefStatus status;
  Entry *entry;

  for (uint64_t done = 0; done < size;)
    {
      uint64_t piece = size - done < 1u << 30 ? size - done : 1u << 30;

      crc = (uint32_t) crc32 (crc, bytes + done, (uInt) piece);
      done += piece;
    }
  if (writer->n == writer->allocated)
    {
      writer->allocated = writer->allocated > 0 ? 2 * writer->allocated : 256;
      writer->entries = mem_resize (writer->entries, writer->allocated, sizeof *writer->entries);
    }
  entry = &writer->entries[writer->n++];
  *entry = (Entry){ mem_strdup (name), crc, size, writer->at };
  status = write_local (writer, entry, error);
  return status == ALBEF_OK ? write_bytes (writer, data, size, error) : status;
}

AlbefStatus
zip_writer_commit (ZipWriter *writer, AlbefError *error)
{
  uint64_t start = writer->at;
  AlbefStatus status = ALBEF_OK;

  for (size_t i = 0; i < writer->n && status == ALBEF_OK; i++)
    status = write_directory_entry (writer, &writer->entries[i], error);
  if (status == ALBEF_OK)
    status = write_end (writer, start, error);
  if (status == ALBEF_OK)
    status = atomic_file_commit (writer->file, error);
  else
    atomic_file_discard (writer->file);
  writer_free (writer);
  return status;
}

void
zip_writer_discard (ZipWriter *writer)
{
  if (writer == NULL)
    return;
  atomic_file_discard (writer->file);
  writer_free (writer);
}
