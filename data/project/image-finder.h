/* SPDX-License-Identifier: MIT
 * From the names of pictures in an annotation file to files below one folder: the exact relative path first, then the
 * base name anywhere below it. Names match in any Unicode normal form. The folder is walked only when an exact path
 * fails. */
#pragma once

#include "project-error.h"

G_BEGIN_DECLS

typedef struct ImageFinder ImageFinder;

typedef enum
{
  FOUND_NOTHING,
  FOUND_ONE,
  FOUND_SEVERAL /* the base name lies at two places: none is taken */
} Found;

ImageFinder *image_finder_new (const char *folder);
void image_finder_free (ImageFinder *finder);
const char *image_finder_folder (const ImageFinder *finder); /* absolute */

/* `name`: bytes of a relative path, or an absolute one. On FOUND_ONE *path is absolute; g_free() it. */
Found image_finder_find (ImageFinder *finder, const char *name, char **path);
/* The same for a name without extension ("1000092795"): any supported one. */
Found image_finder_find_stem (ImageFinder *finder, const char *stem, char **path);

/* All pictures below the folder, absolute, sorted by bytes. Borrowed. */
const GPtrArray *image_finder_all (ImageFinder *finder);
/* All regular files below `folder` whose name ends so (".json"), absolute, sorted; free with g_ptr_array_unref(). */
GPtrArray *files_below (const char *folder, const char *ending);

gboolean image_name_is_picture (const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImageFinder, image_finder_free)

G_END_DECLS
