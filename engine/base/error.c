/* SPDX-License-Identifier: MIT */
#include "error.h"
#include "unicode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Messages are UTF-8, names of files in them any bytes: what is ill-formed becomes '?', and a character that was cut at the
 * end of the message goes. */
static void
make_utf8 (char *message)
{
  size_t length = strlen (message), at = 0;

  while (at < length)
    {
      at += utf8_validate (message + at, length - at);
      if (at < length && length == sizeof ((AlbefError *) NULL)->message - 1 && length - at < 4)
        message[length = at] = 0;
      else if (at < length)
        message[at++] = '?';
    }
}

AlbefStatus
error_set (AlbefError *error, AlbefStatus status, const char *format, ...)
{
  if (error != NULL)
    {
      va_list args;

      va_start (args, format);
      vsnprintf (error->message, sizeof error->message, format, args);
      va_end (args);
      make_utf8 (error->message);
      error->status = status;
    }
  return status;
}

AlbefStatus
error_set_errno (AlbefError *error, AlbefStatus status, const char *format, ...)
{
  int saved = errno;

  if (error != NULL)
    {
      va_list args;
      size_t length;

      va_start (args, format);
      vsnprintf (error->message, sizeof error->message, format, args);
      va_end (args);
      length = strlen (error->message);
      snprintf (error->message + length, sizeof error->message - length, ": %s", strerror (saved));
      make_utf8 (error->message);
      error->status = status;
    }
  return status;
}

AlbefStatus
error_prefix (AlbefError *error, AlbefStatus status, const char *format, ...)
{
  if (error != NULL)
    {
      char rest[sizeof error->message];
      va_list args;
      size_t length;

      memcpy (rest, error->message, sizeof rest);
      va_start (args, format);
      vsnprintf (error->message, sizeof error->message, format, args);
      va_end (args);
      length = strlen (error->message);
      snprintf (error->message + length, sizeof error->message - length, ": %s", rest);
      make_utf8 (error->message);
      error->status = status;
    }
  return status;
}

static void *
checked (void *block, size_t bytes)
{
  if (block == NULL && bytes > 0)
    {
      fprintf (stderr, "albef: no memory for %zu bytes\n", bytes);
      abort ();
    }
  return block;
}

void *
mem_new0 (size_t count, size_t size)
{
  return checked (calloc (count > 0 ? count : 1, size), count * size);
}

void *
mem_resize (void *block, size_t count, size_t size)
{
  size_t bytes;

  if (__builtin_mul_overflow (count, size, &bytes))
    return checked (NULL, SIZE_MAX);
  return checked (realloc (block, bytes > 0 ? bytes : 1), bytes);
}

char *
mem_strdup (const char *text)
{
  return checked (strdup (text), strlen (text) + 1);
}

char *
mem_printf (const char *format, ...)
{
  char *text = NULL;
  va_list args;

  va_start (args, format);
  if (vasprintf (&text, format, args) < 0)
    checked (NULL, 1);
  va_end (args);
  return text;
}
