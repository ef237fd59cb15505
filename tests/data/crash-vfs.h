/* SPDX-License-Identifier: MIT
 * crash-vfs.h: SQLite's file layer over real files that remembers what was synced. At a crash every write since the
 * last sync of its file is kept, torn at a sector, or dropped, by chance: as a disk without power does, and a kill
 * does not. It can also fail the n-th write or lock. Single-threaded, as the tests are. */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#define CRASH_SECTOR 512

typedef struct
{
  char *name;
  GByteArray *durable; /* content at the last sync */
  GArray *pending;     /* CrashWrite since */
} CrashFile;

typedef struct
{
  gint64 at;           /* -1: truncated to `length` */
  gint64 length;
  guint8 *bytes;
} CrashWrite;

typedef struct
{
  sqlite3_file base;
  CrashFile *file;     /* NULL: not watched (shared memory, temporary files) */
} CrashHandle;         /* the real file lies behind it */

static struct
{
  sqlite3_vfs *real;
  GHashTable *files;   /* name -> CrashFile */
  guint syncs, writes, locks;
  void (*at_sync) (void);  /* before a sync is done, and in its place every 25th write when nothing is synced */
  gboolean plain;          /* files opened from now on have no shared memory */
  guint fail_write, fail_lock; /* the n-th from now; 0: none */
  int fail_code;
  gboolean watching;
  const char *only;        /* files whose names begin so */
} crash;

#define REAL(f) ((sqlite3_file *) ((CrashHandle *) (f) + 1))

static void
crash_write_clear (gpointer data)
{
  g_free (((CrashWrite *) data)->bytes);
}

static void
crash_file_free (gpointer data)
{
  CrashFile *file = data;

  g_byte_array_unref (file->durable);
  g_array_unref (file->pending);
  g_free (file->name);
  g_free (file);
}

static CrashFile *
crash_file (const char *name)
{
  CrashFile *file = g_hash_table_lookup (crash.files, name);
  char *bytes = NULL;
  gsize length = 0;

  if (file != NULL)
    return file;
  file = g_new0 (CrashFile, 1);
  file->name = g_strdup (name);
  file->durable = g_byte_array_new ();
  file->pending = g_array_new (FALSE, FALSE, sizeof (CrashWrite));
  g_array_set_clear_func (file->pending, crash_write_clear);
  /* What lies there before the watch begins counts as synced. */
  if (g_file_get_contents (name, &bytes, &length, NULL))
    g_byte_array_append (file->durable, (guint8 *) bytes, length);
  g_free (bytes);
  g_hash_table_insert (crash.files, file->name, file);
  return file;
}

static void
apply_write (GByteArray *content, const CrashWrite *write, gint64 length)
{
  guint old = content->len;

  if (write->at < 0)
    {
      g_byte_array_set_size (content, write->length);
      if (write->length > old)
        memset (content->data + old, 0, write->length - old);
      return;
    }
  if (content->len < write->at + length)
    {
      g_byte_array_set_size (content, write->at + length);
      memset (content->data + old, 0, content->len - old);
    }
  memcpy (content->data + write->at, write->bytes, length);
}

/* What a disk might hold now, as files of the same base names in `folder`. */
static void
crash_leave (const char *folder, GRand *rand)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, crash.files);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const CrashFile *file = value;
      g_autofree char *base = g_path_get_basename (file->name), *path = g_build_filename (folder, base, NULL);
      g_autoptr (GByteArray) content = g_byte_array_new ();
      int mood = g_rand_int_range (rand, 0, 3); /* all dropped, all kept, or each by chance */

      g_byte_array_append (content, file->durable->data, file->durable->len);
      for (guint i = 0; i < file->pending->len; i++)
        {
          const CrashWrite *write = &g_array_index (file->pending, CrashWrite, i);
          int fate = mood == 0 ? 0 : mood == 1 ? 1 : g_rand_int_range (rand, 0, 3);

          if (fate == 1)
            apply_write (content, write, write->length);
          else if (fate == 2 && write->at >= 0 && write->length > CRASH_SECTOR)
            apply_write (content, write,
                         g_rand_int_range (rand, 1, (int) (write->length / CRASH_SECTOR) + 1) * CRASH_SECTOR);
        }
      g_assert (g_file_set_contents (path, (const char *) content->data, content->len, NULL));
    }
}

/* The methods -------------------------------------------------------------------------------------------------------
 */

static int
crash_close (sqlite3_file *f)
{
  return REAL (f)->pMethods->xClose (REAL (f));
}

static int
crash_read (sqlite3_file *f, void *bytes, int length, sqlite3_int64 at)
{
  return REAL (f)->pMethods->xRead (REAL (f), bytes, length, at);
}

static gboolean
fails_now (guint *countdown)
{
  return *countdown > 0 && --*countdown == 0;
}

static int
crash_write (sqlite3_file *f, const void *bytes, int length, sqlite3_int64 at)
{
  CrashHandle *handle = (CrashHandle *) f;
  CrashWrite write = { at, length, NULL };

  crash.writes++;
  if (fails_now (&crash.fail_write))
    return crash.fail_code;
  if (handle->file != NULL && crash.watching)
    {
      write.bytes = g_memdup2 (bytes, length);
      g_array_append_val (handle->file->pending, write);
    }
  return REAL (f)->pMethods->xWrite (REAL (f), bytes, length, at);
}

static int
crash_truncate (sqlite3_file *f, sqlite3_int64 length)
{
  CrashHandle *handle = (CrashHandle *) f;
  CrashWrite write = { -1, length, NULL };

  if (handle->file != NULL && crash.watching)
    g_array_append_val (handle->file->pending, write);
  return REAL (f)->pMethods->xTruncate (REAL (f), length);
}

static int
crash_sync (sqlite3_file *f, int flags)
{
  CrashHandle *handle = (CrashHandle *) f;

  if (handle->file != NULL && crash.watching)
    {
      crash.syncs++;
      if (crash.at_sync != NULL)
        crash.at_sync ();
      for (guint i = 0; i < handle->file->pending->len; i++)
        {
          const CrashWrite *write = &g_array_index (handle->file->pending, CrashWrite, i);

          apply_write (handle->file->durable, write, write->length);
        }
      g_array_set_size (handle->file->pending, 0);
    }
  return SQLITE_OK; /* the disk below is not what is tested */
}

static int
crash_file_size (sqlite3_file *f, sqlite3_int64 *size)
{
  return REAL (f)->pMethods->xFileSize (REAL (f), size);
}

static int
crash_lock (sqlite3_file *f, int level)
{
  crash.locks++;
  if (fails_now (&crash.fail_lock))
    return SQLITE_BUSY;
  return REAL (f)->pMethods->xLock (REAL (f), level);
}

static int
crash_unlock (sqlite3_file *f, int level)
{
  return REAL (f)->pMethods->xUnlock (REAL (f), level);
}

static int
crash_check_lock (sqlite3_file *f, int *held)
{
  return REAL (f)->pMethods->xCheckReservedLock (REAL (f), held);
}

static int
crash_control (sqlite3_file *f, int op, void *arg)
{
  return REAL (f)->pMethods->xFileControl (REAL (f), op, arg);
}

static int
crash_sector (sqlite3_file *f)
{
  return CRASH_SECTOR;
}

static int
crash_device (sqlite3_file *f)
{
  return 0; /* promises nothing */
}

static int
crash_shm_map (sqlite3_file *f, int page, int size, int extend, void volatile **memory)
{
  return REAL (f)->pMethods->xShmMap (REAL (f), page, size, extend, memory);
}

static int
crash_shm_lock (sqlite3_file *f, int at, int n, int flags)
{
  if ((flags & SQLITE_SHM_LOCK) != 0)
    {
      crash.locks++;
      if (fails_now (&crash.fail_lock))
        return SQLITE_BUSY;
    }
  return REAL (f)->pMethods->xShmLock (REAL (f), at, n, flags);
}

static void
crash_shm_barrier (sqlite3_file *f)
{
  REAL (f)->pMethods->xShmBarrier (REAL (f));
}

static int
crash_shm_unmap (sqlite3_file *f, int remove)
{
  return REAL (f)->pMethods->xShmUnmap (REAL (f), remove);
}

/* A file system without shared memory, and so without a write-ahead log. */
static const sqlite3_io_methods crash_methods_plain = {
  1, crash_close, crash_read, crash_write, crash_truncate, crash_sync, crash_file_size, crash_lock, crash_unlock,
  crash_check_lock, crash_control, crash_sector, crash_device, NULL, NULL, NULL, NULL, NULL, NULL,
};

static const sqlite3_io_methods crash_methods = {
  2,
  crash_close,
  crash_read,
  crash_write,
  crash_truncate,
  crash_sync,
  crash_file_size,
  crash_lock,
  crash_unlock,
  crash_check_lock,
  crash_control,
  crash_sector,
  crash_device,
  crash_shm_map,
  crash_shm_lock,
  crash_shm_barrier,
  crash_shm_unmap,
  NULL,
  NULL,
};

static int
crash_open (sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f, int flags, int *out_flags)
{
  CrashHandle *handle = (CrashHandle *) f;
  int code = crash.real->xOpen (crash.real, name, REAL (f), flags, out_flags);

  memset (&handle->base, 0, sizeof handle->base);
  handle->file = NULL;
  if (code != SQLITE_OK)
    return code;
  handle->base.pMethods = crash.plain ? &crash_methods_plain : &crash_methods;
  if (name != NULL && crash.only != NULL && g_str_has_prefix (name, crash.only) &&
      (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0)
    handle->file = crash_file (name);
  return SQLITE_OK;
}

static int
crash_delete (sqlite3_vfs *vfs, const char *name, int sync)
{
  g_hash_table_remove (crash.files, name);
  return crash.real->xDelete (crash.real, name, sync);
}

/* Makes it the default layer. */
static void
crash_register (void)
{
  static sqlite3_vfs vfs;

  crash.real = sqlite3_vfs_find (NULL);
  crash.files = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, crash_file_free);
  vfs = *crash.real;
  vfs.zName = "crash";
  vfs.szOsFile = sizeof (CrashHandle) + crash.real->szOsFile;
  vfs.xOpen = crash_open;
  vfs.xDelete = crash_delete;
  sqlite3_vfs_register (&vfs, 1);
}
