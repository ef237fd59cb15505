/* SPDX-License-Identifier: MIT
 * What reading, writing and writing back of LabelMe's files and X-AnyLabeling's share. */
#pragma once

#include "labelme-shape.h"

G_BEGIN_DECLS

/* The object that a file must be, with the list `shapes`; NULL with `error`. json_decref() it. */
json_t *labelme_file_read (const char *path, GError **error);
/* Where the file says its picture lies, absolute; NULL if it says nothing. The caller frees. */
char *labelme_picture_path (const char *path, const json_t *file);

/* A list of captions that shapes name by place, made as they are needed. */
guint labelme_caption (json_t *captions, const char *text);
/* What `alidade` says of a phrase: caption, spans, key, chain, types. */
void labelme_put_phrase (json_t *alidade, json_t *captions, const ExportImage *image, const ExportPhrase *phrase);
/* Label and description say `text` then, with as little change as possible. */
void labelme_set_text (json_t *item, const char *text);
/* What its file said of an imported region, if a person did not change it since (`untouched`) or anyway; or NULL. */
const json_t *labelme_extra (const ExportRegion *region, gboolean untouched);
/* The region's items as they stand in a file; NULL (counted as lost) where they cannot be written. `numbers` counts the
 * records of several items. `shape`: in the file's grid. */
json_t *labelme_region_items (Export *export, gboolean anylabeling, json_t *captions, const ExportImage *image,
                              const ExportPhrase *phrase, const ExportRegion *region, const Shape *shape,
                              gint64 *numbers);

/* A file without shapes for the picture, with what its own file said at the top if it had one. */
json_t *labelme_file_new (Export *export, gboolean anylabeling, const ExportImage *image, const char *picture);

/* One file a picture, below the folder `target`. */
gboolean labelme_write_folder (Export *export, const char *target, gboolean anylabeling, GError **error);

/* labelme-back.c */
gboolean labelme_write_back (Export *export, const char *format, gboolean anylabeling, GError **error);

G_END_DECLS
