/* SPDX-License-Identifier: MIT */
#include "event-file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "error.h"

/* Numbers of the fields in TensorFlow's event.proto and summary.proto. */
enum
{
  EVENT_TIME = 1,
  EVENT_STEP = 2,
  EVENT_VERSION = 3,
  EVENT_SUMMARY = 5,
  EVENT_SESSION = 7,
  SESSION_STATUS = 1,
  SESSION_START = 1,
  SUMMARY_VALUE = 1,
  VALUE_TAG = 1,
  VALUE_SIMPLE = 2
};

struct EventFile
{
  int fd;
  char *path;
};

/* --- messages ---------------------------------------------------------------------------------------- */

typedef struct
{
  uint8_t *bytes;
  size_t n, allocated;
} Message;

static void
put (Message *m, const void *bytes, size_t n)
{
  if (m->n + n > m->allocated)
    {
      m->allocated = 2 * (m->n + n) + 64;
      m->bytes = mem_resize (m->bytes, m->allocated, 1);
    }
  memcpy (m->bytes + m->n, bytes, n);
  m->n += n;
}

static void
put_little (Message *m, uint64_t value, int bytes)
{
  for (int i = 0; i < bytes; i++)
    {
      uint8_t byte = (uint8_t) (value >> 8 * i);

      put (m, &byte, 1);
    }
}

static void
put_varint (Message *m, uint64_t value)
{
  do
    {
      uint8_t byte = (uint8_t) ((value & 127) | (value > 127 ? 128 : 0));

      put (m, &byte, 1);
      value >>= 7;
    }
  while (value > 0);
}

/* Kinds of a field on the wire: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes. */
static void
put_field (Message *m, int number, int kind)
{
  put_varint (m, (uint64_t) (number << 3 | kind));
}

static void
put_bytes (Message *m, int number, const void *bytes, size_t n)
{
  put_field (m, number, 2);
  put_varint (m, n);
  put (m, bytes, n);
}

static void
put_event_head (Message *m, int64_t step)
{
  struct timespec now;
  double seconds;
  uint64_t bits;

  clock_gettime (CLOCK_REALTIME, &now);
  seconds = (double) now.tv_sec + 1e-9 * (double) now.tv_nsec;
  memcpy (&bits, &seconds, sizeof bits);
  put_field (m, EVENT_TIME, 1);
  put_little (m, bits, 8);
  put_field (m, EVENT_STEP, 0);
  put_varint (m, (uint64_t) step);
}

/* --- records ----------------------------------------------------------------------------------------- */

/* CRC-32C (Castagnoli), rotated and shifted as TFRecord wants it. */
static uint32_t
masked_crc (const uint8_t *bytes, size_t n)
{
  uint32_t crc = 0xffffffffu;

  for (size_t i = 0; i < n; i++)
    {
      crc ^= bytes[i];
      for (int k = 0; k < 8; k++)
        crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static AlbefStatus
write_record (EventFile *file, const Message *m, AlbefError *error)
{
  Message record = { 0 };
  size_t done = 0;
  AlbefStatus status = ALBEF_OK;

  put_little (&record, m->n, 8);
  put_little (&record, masked_crc (record.bytes, 8), 4);
  put (&record, m->bytes, m->n);
  put_little (&record, masked_crc (m->bytes, m->n), 4);
  while (done < record.n && status == ALBEF_OK)
    {
      ssize_t wrote = write (file->fd, record.bytes + done, record.n - done);

      if (wrote > 0)
        done += (size_t) wrote;
      else if (wrote < 0 && errno != EINTR)
        status = error_set_errno (error, ALBEF_ERROR_FILE, "cannot write '%s'", file->path);
    }
  free (record.bytes);
  return status;
}

/* --- public ------------------------------------------------------------------------------------------ */

static AlbefStatus
create (const char *dir, EventFile *file, AlbefError *error)
{
  char host[64] = "host";

  if (mkdir (dir, 0777) != 0 && errno != EEXIST)
    return error_set_errno (error, ALBEF_ERROR_FILE, "cannot make the folder '%s'", dir);
  gethostname (host, sizeof host - 1);
  for (int attempt = 0; attempt < 1000; attempt++)
    {
      free (file->path);
      file->path = mem_printf ("%s/events.out.tfevents.%010lld.%s.%ld.%03d", dir, (long long) time (NULL), host,
                               (long) getpid (), attempt);
      file->fd = open (file->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
      if (file->fd >= 0)
        return ALBEF_OK;
      if (errno != EEXIST)
        break;
    }
  return error_set_errno (error, ALBEF_ERROR_FILE, "cannot write in '%s'", dir);
}

AlbefStatus
event_file_open (const char *dir, int64_t first_step, EventFile **out, AlbefError *error)
{
  static const char version[] = "brain.Event:2";
  EventFile *file = mem_new0 (1, sizeof *file);
  Message m = { 0 }, session = { 0 };
  AlbefStatus status;

  file->fd = -1;
  status = create (dir, file, error);
  put_event_head (&m, 0);
  put_bytes (&m, EVENT_VERSION, version, sizeof version - 1);
  if (status == ALBEF_OK)
    status = write_record (file, &m, error);
  if (status == ALBEF_OK && first_step > 0)
    {
      m.n = 0;
      put_event_head (&m, first_step);
      put_field (&session, SESSION_STATUS, 0);
      put_varint (&session, SESSION_START);
      put_bytes (&m, EVENT_SESSION, session.bytes, session.n);
      status = write_record (file, &m, error);
    }
  free (m.bytes);
  free (session.bytes);
  if (status != ALBEF_OK)
    {
      event_file_close (file);
      return status;
    }
  *out = file;
  return ALBEF_OK;
}

AlbefStatus
event_file_add (EventFile *file, int64_t step, const char *const *tags, const double *values, int n, AlbefError *error)
{
  Message m = { 0 }, summary = { 0 }, value = { 0 };
  AlbefStatus status = ALBEF_OK;

  for (int i = 0; i < n; i++)
    {
      float narrow = (float) values[i];
      uint32_t bits;

      if (!isfinite (narrow))
        continue;
      memcpy (&bits, &narrow, sizeof bits);
      value.n = 0;
      put_bytes (&value, VALUE_TAG, tags[i], strlen (tags[i]));
      put_field (&value, VALUE_SIMPLE, 5);
      put_little (&value, bits, 4);
      put_bytes (&summary, SUMMARY_VALUE, value.bytes, value.n);
    }
  if (summary.n > 0)
    {
      put_event_head (&m, step);
      put_bytes (&m, EVENT_SUMMARY, summary.bytes, summary.n);
      status = write_record (file, &m, error);
    }
  free (m.bytes);
  free (summary.bytes);
  free (value.bytes);
  return status;
}

void
event_file_close (EventFile *file)
{
  if (file == NULL)
    return;
  if (file->fd >= 0)
    close (file->fd);
  free (file->path);
  free (file);
}
