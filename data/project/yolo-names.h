/* SPDX-License-Identifier: MIT
 * The names of YOLO's classes: a text file with a name a line (classes.txt, *.names), or `names` of a YAML file (data.yaml)
 * as a list or a map, in a line of its own or over several. Everything else in a YAML file is passed over, and stays. */
#pragma once

#include "project-error.h"

G_BEGIN_DECLS

typedef struct YoloNames YoloNames;

/* The file's names; NULL where it cannot be read or, of a YAML file, has no `names`. */
YoloNames *yolo_names_read (const char *path);
/* No names yet: what is added makes a file of this path, where classes up to `used` have their numbers as names. */
YoloNames *yolo_names_new (const char *path, guint used);
void yolo_names_free (YoloNames *names);

const char *yolo_names_path (const YoloNames *names);
/* NULL where the class has none. */
const char *yolo_names_get (const YoloNames *names, guint64 class);
/* The class of a name, which is added if it is not there. FALSE where a file of lines cannot hold it. */
gboolean yolo_names_find (YoloNames *names, const char *name, guint *class);
gboolean yolo_names_changed (const YoloNames *names);
/* The file with the names that were added; the caller frees. */
char *yolo_names_text (const YoloNames *names);

/* The names that hold for the label file `labels`: of the nearest folder above it up to `source` (or its parent, where
 * that is called labels), else of a file of names anywhere below `source`. NULL if there are none. Borrowed from `cache` (folder -> YoloNames), which frees them. */
YoloNames *yolo_names_for (GHashTable *cache, const char *labels, const char *source);
GHashTable *yolo_names_cache (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (YoloNames, yolo_names_free)

G_END_DECLS
