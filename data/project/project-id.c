/* SPDX-License-Identifier: MIT */
#include "project-id.h"

#include <string.h>

#define EPOCH_2020 G_GINT64_CONSTANT (1577836800000000) /* microseconds */
#define RANDOM_BITS 22

gint64
project_now (void)
{
  return g_get_real_time ();
}

gint64
project_id_new (void)
{
  static GMutex mutex;
  static gint64 last;
  gint64 milliseconds = MAX (project_now () - EPOCH_2020, 0) / 1000;
  gint64 id = (milliseconds & ((G_GINT64_CONSTANT (1) << 41) - 1)) << RANDOM_BITS
              | (g_random_int () & ((1u << RANDOM_BITS) - 1));

  g_mutex_lock (&mutex);
  /* Several in one millisecond, or a clock set back: a small random step on. */
  if (id <= last)
    id = last + 1 + (g_random_int () & 63);
  last = id;
  g_mutex_unlock (&mutex);
  return id;
}

gint64
project_id_time (gint64 id)
{
  return (id >> RANDOM_BITS) * 1000 + EPOCH_2020;
}

gint64
project_id_parse (const char *text)
{
  guint64 id;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT64, &id, NULL))
    return 0;
  return (gint64) id;
}

gint64
project_identity (const char *what, const void *bytes, gsize length)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize size = sizeof digest;
  guint64 identity = 0;

  g_checksum_update (sum, (const guchar *) what, strlen (what) + 1);
  g_checksum_update (sum, bytes, length);
  g_checksum_get_digest (sum, digest, &size);
  for (int i = 0; i < 8; i++)
    identity = identity << 8 | digest[i];
  return (gint64) (identity >> 1);
}

char *
project_time_text (gint64 microseconds)
{
  g_autoptr (GDateTime) seconds = g_date_time_new_from_unix_utc (microseconds / G_USEC_PER_SEC);
  g_autofree char *text = seconds != NULL ? g_date_time_format (seconds, "%Y-%m-%dT%H:%M:%S") : g_strdup ("?");

  return g_strdup_printf ("%s.%06dZ", text, (int) (microseconds % G_USEC_PER_SEC));
}
