/* SPDX-License-Identifier: MIT
 * Layout: PKWARE's APPNOTE 6.3, sections 4.3.7 (local header), 4.3.12 (directory), 4.3.14-16 (end records). */
#include "zip.h"
#include "error.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum
{
  END_SIZE = 22,
  END64_SIZE = 56,
  LOCATOR_SIZE = 20,
  CENTRAL_SIZE = 46,
  LOCAL_SIZE = 30,
  MAX_ENTRIES = 1 << 20,
  MAX_RATIO = 1100, /* deflate reaches 1032 : 1 at best */
};

#define MAX_EXPANDED ((uint64_t) 1 << 30) /* bytes of all compressed entries together */

struct ZipFile
{
  char *name;
  const uint8_t *data;
  size_t size;
  ZipEntry *entries;
  uint8_t **expanded; /* [n], NULL until asked for */
  uint32_t *order;    /* indices sorted by name */
  uint64_t expanded_bytes;
  int n;
};

typedef struct
{
  uint64_t offset, size, n;
} Directory;

/* --- helpers ---------------------------------------------------------------------------------------- */

static uint32_t
get16 (const uint8_t *p)
{
  return p[0] | p[1] << 8;
}

static uint32_t
get32 (const uint8_t *p)
{
  return get16 (p) | get16 (p + 2) << 16;
}

static uint64_t
get64 (const uint8_t *p)
{
  return get32 (p) | (uint64_t) get32 (p + 4) << 32;
}

static AlbefStatus
damaged (const ZipFile *zip, const char *what, AlbefError *error)
{
  return error_set (error, ALBEF_ERROR_FORMAT, "'%s' is a damaged zip container: %s", zip->name, what);
}

/* --- directory -------------------------------------------------------------------------------------- */

/* The end record lies in the last 64 KiB; its comment must reach exactly to the end of the file. */
static AlbefStatus
find_directory (const ZipFile *zip, Directory *directory, AlbefError *error)
{
  size_t lowest = zip->size > END_SIZE + 65535 ? zip->size - END_SIZE - 65535 : 0;
  const uint8_t *end = NULL;

  for (size_t at = zip->size >= END_SIZE ? zip->size - END_SIZE + 1 : 0; end == NULL && at-- > lowest;)
    if (get32 (zip->data + at) == 0x06054b50 && at + END_SIZE + get16 (zip->data + at + 20) == zip->size)
      end = zip->data + at;
  if (end == NULL)
    return damaged (zip, "it has no end record, so it is cut off; download or copy it again", error);

  directory->n = get16 (end + 10);
  directory->size = get32 (end + 12);
  directory->offset = get32 (end + 16);
  if (get16 (end + 4) != 0 || get16 (end + 6) != 0)
    {
      if (get16 (end + 4) != 0xffff)
        return error_set (error, ALBEF_ERROR_UNSUPPORTED, "'%s' is one part of a split zip container", zip->name);
    }
  if (end - zip->data >= LOCATOR_SIZE && get32 (end - LOCATOR_SIZE) == 0x07064b50)
    {
      uint64_t at = get64 (end - LOCATOR_SIZE + 8);
      const uint8_t *end64;

      if (zip->size < END64_SIZE || at > zip->size - END64_SIZE || get32 (zip->data + at) != 0x06064b50)
        return damaged (zip, "its zip64 end record is not where it should be", error);
      end64 = zip->data + at;
      directory->n = get64 (end64 + 32);
      directory->size = get64 (end64 + 40);
      directory->offset = get64 (end64 + 48);
    }
  if (directory->offset > zip->size || directory->size > zip->size - directory->offset)
    return damaged (zip, "its directory lies outside the file", error);
  if (directory->n > MAX_ENTRIES || directory->n > directory->size / CENTRAL_SIZE)
    return damaged (zip, "its directory names more entries than it has room for", error);
  return ALBEF_OK;
}

/* Sizes and offset of 0xffffffff stand in the zip64 field, in this order, each only if needed. */
static bool
read_zip64 (const uint8_t *extra, size_t length, ZipEntry *entry, uint64_t *local)
{
  while (length >= 4)
    {
      uint32_t id = get16 (extra), size = get16 (extra + 2);
      uint64_t *fields[] = { &entry->size, &entry->stored_size, local };

      extra += 4;
      length -= 4;
      if (size > length)
        return false;
      if (id == 1)
        for (int i = 0; i < 3; i++)
          if (*fields[i] == 0xffffffff)
            {
              if (size < 8)
                return false;
              *fields[i] = get64 (extra);
              extra += 8;
              length -= 8;
              size -= 8;
            }
      extra += size;
      length -= size;
    }
  return entry->size != 0xffffffff && entry->stored_size != 0xffffffff && *local != 0xffffffff;
}

/* Checks the local header and finds the data behind it. Its name must be the directory's: two readers that
 * trust different ones would see different files. */
static AlbefStatus
locate (const ZipFile *zip, uint64_t local, uint64_t limit, ZipEntry *entry, AlbefError *error)
{
  const uint8_t *header = zip->data + local;

  if (limit < LOCAL_SIZE || local > limit - LOCAL_SIZE || get32 (header) != 0x04034b50)
    return damaged (zip, "an entry is not where the directory says", error);
  entry->offset = local + LOCAL_SIZE + get16 (header + 26) + get16 (header + 28);
  if (entry->offset > limit || entry->stored_size > limit - entry->offset)
    return damaged (zip, "an entry reaches beyond the file", error);
  if (get16 (header + 26) != entry->name_length || memcmp (header + LOCAL_SIZE, entry->name, entry->name_length) != 0)
    return damaged (zip, "an entry has two different names", error);
  return ALBEF_OK;
}

static AlbefStatus
read_entry (const ZipFile *zip, const Directory *directory, uint64_t *at, ZipEntry *entry, uint64_t *local,
            AlbefError *error)
{
  const uint8_t *record = zip->data + *at;
  uint64_t left = directory->offset + directory->size - *at;
  uint32_t extra;

  if (left < CENTRAL_SIZE || get32 (record) != 0x02014b50)
    return damaged (zip, "its directory is cut off", error);
  entry->method = get16 (record + 10);
  entry->crc = get32 (record + 16);
  entry->stored_size = get32 (record + 20);
  entry->size = get32 (record + 24);
  entry->name_length = get16 (record + 28);
  entry->name = (const char *) record + CENTRAL_SIZE;
  extra = get16 (record + 30);
  *local = get32 (record + 42);
  if (CENTRAL_SIZE + entry->name_length + extra + get16 (record + 32) > left)
    return damaged (zip, "its directory is cut off", error);
  if (!read_zip64 (record + CENTRAL_SIZE + entry->name_length, extra, entry, local))
    return damaged (zip, "a zip64 field is missing", error);
  if (get16 (record + 8) & 1)
    return error_set (error, ALBEF_ERROR_UNSUPPORTED, "'%s' is encrypted", zip->name);
  if (entry->method != 0 && entry->method != Z_DEFLATED)
    return error_set (error, ALBEF_ERROR_UNSUPPORTED, "'%s' is compressed by method %d, which PyTorch never uses",
                      zip->name, entry->method);
  if (entry->method == 0 && entry->size != entry->stored_size)
    return damaged (zip, "a stored entry has two different sizes", error);
  if (entry->method != 0 && entry->size / MAX_RATIO > entry->stored_size)
    return error_set (error, ALBEF_ERROR_LIMIT, "'%s' holds an entry that claims to expand beyond what is possible",
                      zip->name);
  *at += CENTRAL_SIZE + entry->name_length + extra + get16 (record + 32);
  return locate (zip, *local, directory->offset, entry, error);
}

static int
compare_offsets (const void *a, const void *b, void *data)
{
  const ZipEntry *entries = data;
  uint64_t x = entries[*(const uint32_t *) a].offset, y = entries[*(const uint32_t *) b].offset;

  return (x > y) - (x < y);
}

static int
compare_names (const ZipEntry *a, const char *name, size_t length)
{
  size_t shorter = a->name_length < length ? a->name_length : length;
  int order = memcmp (a->name, name, shorter);

  return order != 0 ? order : (a->name_length > length) - (a->name_length < length);
}

static int
compare_entries (const void *a, const void *b, void *data)
{
  const ZipEntry *entries = data, *other = &entries[*(const uint32_t *) b];

  return compare_names (&entries[*(const uint32_t *) a], other->name, other->name_length);
}

/* Overlap lets a small file hold one block of data under many names; duplicates hide an entry. */
static AlbefStatus
check_apart (ZipFile *zip, const uint64_t *local, AlbefError *error)
{
  for (int i = 0; i < zip->n; i++)
    zip->order[i] = i;
  qsort_r (zip->order, zip->n, sizeof *zip->order, compare_offsets, zip->entries);
  for (int i = 1; i < zip->n; i++)
    {
      const ZipEntry *before = &zip->entries[zip->order[i - 1]];

      if (before->offset + before->stored_size > local[zip->order[i]])
        return damaged (zip, "two entries overlap", error);
    }
  qsort_r (zip->order, zip->n, sizeof *zip->order, compare_entries, zip->entries);
  for (int i = 1; i < zip->n; i++)
    if (compare_entries (&zip->order[i - 1], &zip->order[i], zip->entries) == 0)
      return damaged (zip, "two entries have the same name", error);
  return ALBEF_OK;
}

/* --- public ----------------------------------------------------------------------------------------- */

AlbefStatus
zip_open (const char *name, const uint8_t *data, size_t size, ZipFile **out, AlbefError *error)
{
  ZipFile *zip = mem_new0 (1, sizeof *zip);
  Directory directory = { 0 };
  AlbefStatus status;
  uint64_t *local = NULL, at;

  zip->name = mem_strdup (name);
  zip->data = data;
  zip->size = size;
  status = find_directory (zip, &directory, error);
  if (status == ALBEF_OK)
    {
      zip->entries = calloc (directory.n + 1, sizeof *zip->entries);
      zip->expanded = calloc (directory.n + 1, sizeof *zip->expanded);
      zip->order = calloc (directory.n + 1, sizeof *zip->order);
      local = calloc (directory.n + 1, sizeof *local);
      if (zip->entries == NULL || zip->expanded == NULL || zip->order == NULL || local == NULL)
        status = error_set (error, ALBEF_ERROR_MEMORY, "no memory for the directory of '%s'", name);
      at = directory.offset;
    }
  for (; status == ALBEF_OK && zip->n < (int) directory.n; zip->n++)
    status = read_entry (zip, &directory, &at, &zip->entries[zip->n], &local[zip->n], error);
  if (status == ALBEF_OK)
    status = check_apart (zip, local, error);
  free (local);
  if (status == ALBEF_OK)
    *out = zip;
  else
    zip_free (zip);
  return status;
}

void
zip_free (ZipFile *zip)
{
  if (zip == NULL)
    return;
  for (int i = 0; i < zip->n; i++)
    free (zip->expanded[i]);
  free (zip->entries);
  free (zip->expanded);
  free (zip->order);
  free (zip->name);
  free (zip);
}

int
zip_count (const ZipFile *zip)
{
  return zip->n;
}

const ZipEntry *
zip_entry (const ZipFile *zip, int index)
{
  return &zip->entries[index];
}

int
zip_find (const ZipFile *zip, const char *name)
{
  size_t length = strlen (name);
  int low = 0, high = zip->n;

  while (low < high)
    {
      int middle = (low + high) / 2, order = compare_names (&zip->entries[zip->order[middle]], name, length);

      if (order == 0)
        return zip->order[middle];
      if (order < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return -1;
}

static AlbefStatus
expand (ZipFile *zip, const ZipEntry *entry, uint8_t *out, AlbefError *error)
{
  z_stream stream = { 0 };
  uint64_t in_left = entry->stored_size, out_left = entry->size;
  int result = Z_OK;

  if (inflateInit2 (&stream, -MAX_WBITS) != Z_OK)
    return error_set (error, ALBEF_ERROR_MEMORY, "no memory to expand '%s'", zip->name);
  stream.next_in = (Bytef *) zip->data + entry->offset;
  stream.next_out = out;
  while (result == Z_OK)
    {
      uInt in = in_left < 1u << 30 ? in_left : 1u << 30, room = out_left < 1u << 30 ? out_left : 1u << 30;

      stream.avail_in = in;
      stream.avail_out = room;
      result = inflate (&stream, Z_NO_FLUSH);
      if (result == Z_OK && stream.avail_in == in && stream.avail_out == room)
        result = Z_BUF_ERROR;
      in_left -= in - stream.avail_in;
      out_left -= room - stream.avail_out;
    }
  inflateEnd (&stream);
  if (result != Z_STREAM_END || in_left != 0 || out_left != 0)
    return damaged (zip, "a compressed entry does not expand to the size it claims", error);
  if (crc32_z (0, out, entry->size) != entry->crc)
    return damaged (zip, "the checksum of a compressed entry is wrong", error);
  return ALBEF_OK;
}

AlbefStatus
zip_data (ZipFile *zip, int index, const uint8_t **data, AlbefError *error)
{
  const ZipEntry *entry = &zip->entries[index];
  AlbefStatus status;
  uint8_t *bytes;

  if (entry->method == 0)
    *data = zip->data + entry->offset;
  else if (zip->expanded[index] == NULL)
    {
      if (entry->size > MAX_EXPANDED - zip->expanded_bytes)
        return error_set (error, ALBEF_ERROR_LIMIT,
                          "'%s' is compressed and expands to over %d MiB; save it uncompressed, as torch.save does",
                          zip->name, (int) (MAX_EXPANDED >> 20));
      bytes = malloc (entry->size + 1);
      if (bytes == NULL)
        return error_set (error, ALBEF_ERROR_MEMORY, "no memory to expand '%s'", zip->name);
      status = expand (zip, entry, bytes, error);
      if (status != ALBEF_OK)
        {
          free (bytes);
          return status;
        }
      zip->expanded_bytes += entry->size;
      *data = zip->expanded[index] = bytes;
    }
  else
    *data = zip->expanded[index];
  return ALBEF_OK;
}
