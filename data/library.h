/* SPDX-License-Identifier: MIT
 * AlidadeLibrary: a GListModel of AlidadePicture: the pictures of a folder, of chosen files, or of the sample
 * project. Folders are read on a thread and arrive in batches, in their final order: the pictures of a folder
 * by natural order of their names, then its sub-folders likewise. Pictures are known by extension (png, jpg,
 * jpeg, webp, ppm, pgm); hidden entries are skipped and every folder is entered once, however links loop.
 *
 * Properties: title, folder (GFile or NULL), is-sample, loading, error (a sentence when the folder could not be
 * read, else NULL), n-unreadable (pictures found unreadable so far), n-skipped-folders (sub-folders that could
 * not be read), n-items. Use from the main thread. */
#pragma once

#include "picture.h"

G_BEGIN_DECLS

#define ALIDADE_TYPE_LIBRARY (alidade_library_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeLibrary, alidade_library, ALIDADE, LIBRARY, GObject)

AlidadeLibrary *alidade_library_new (void); /* empty */

/* Each replaces what was there; a scan that still runs is cancelled. */
void alidade_library_open_folder (AlidadeLibrary *self, GFile *folder);
/* `path` NULL: albef_sample_scenes_path(). Any folder with a scenes.json: its order and captions. */
void alidade_library_open_samples (AlidadeLibrary *self, const char *path);
/* Files and folders, e.g. of the command line. One folder alone is as alidade_library_open_folder. */
void alidade_library_open_files (AlidadeLibrary *self, GFile *const *files, guint n_files);
void alidade_library_clear (AlidadeLibrary *self);
/* Empty under a title, to be filled by alidade_library_append(): what a project shows. */
void alidade_library_open_list (AlidadeLibrary *self, const char *title);
/* Pictures (AlidadePicture) behind the last; those already there are left out. */
void alidade_library_append (AlidadeLibrary *self, GPtrArray *pictures);

/* Appends files and folders (dropped ones); those already there are left out. Files that are not pictures by
 * their extension are left out too. Returns the number of files or folders that were taken up; a sample
 * project is replaced rather than mixed. */
guint alidade_library_add (AlidadeLibrary *self, GFile *const *files, guint n_files);

const char *alidade_library_get_title (AlidadeLibrary *self);
GFile *alidade_library_get_folder (AlidadeLibrary *self); /* borrowed, may be NULL */
gboolean alidade_library_get_is_sample (AlidadeLibrary *self);
gboolean alidade_library_get_loading (AlidadeLibrary *self);
const char *alidade_library_get_error (AlidadeLibrary *self);
guint alidade_library_get_n_unreadable (AlidadeLibrary *self);
guint alidade_library_get_n_skipped_folders (AlidadeLibrary *self);

/* Position of the picture with this path (bytes); FALSE if it is not there. `position` may be NULL. */
gboolean alidade_library_find (AlidadeLibrary *self, const char *path, guint *position);

/* Whether the file's extension is that of a picture. */
gboolean alidade_library_is_picture_name (const char *name);

G_END_DECLS
