/* SPDX-License-Identifier: MIT
 * Finding the pictures of folders and files: the part of the library that runs on a thread. Uses readdir, since
 * names may hold any bytes and the kind of an entry should cost no stat on a network share. */
#pragma once

#include "picture.h"

G_BEGIN_DECLS

#define ALIDADE_SCAN_DEPTH 32          /* folders below the one opened */
#define ALIDADE_SCAN_PICTURES 1000000  /* bounds memory: about 300 bytes each */

/* Called on the scanning thread with new AlidadePicture objects in their final order; takes the array. */
typedef void (*AlidadeScanBatch) (gpointer user_data, GPtrArray *pictures);

typedef struct
{
  const char *const *paths; /* NULL-terminated: folders and files, in bytes, absolute */
  gboolean scenes;          /* paths[0] is a folder with scenes.json: its order and captions */
  gboolean any_name;        /* files named in `paths` count whatever their extension */
  const char *samples;      /* pictures below this folder are samples; NULL: none */
} AlidadeScanRequest;

typedef struct
{
  char *error;              /* a sentence if a path itself could not be read, else NULL; g_free() it */
  guint n_pictures;
  guint n_skipped_folders;  /* sub-folders that could not be read, or too deep */
} AlidadeScanResult;

/* Scans on the calling thread until done or cancelled. Hidden entries, and files that are not regular (reading a
 * pipe would wait for ever), are left out; every folder is entered once, so that looping links end. */
void alidade_scan_run (const AlidadeScanRequest *request, GCancellable *cancellable, AlidadeScanBatch batch,
                       gpointer user_data, AlidadeScanResult *result);

gboolean alidade_scan_is_picture_name (const char *name);

G_END_DECLS
