/* SPDX-License-Identifier: MIT
 * What an import would do, told before: the beginning of the source is imported into a project in memory, by the same
 * rules, and that is what is shown. No project is needed or changed. Any thread. */
#pragma once

#include "import.h"

G_BEGIN_DECLS

typedef struct
{
  char *image;     /* the picture's name, well-formed UTF-8 */
  gboolean missing;/* not found where the source says */
  char *text;      /* of a phrase, or of a caption without phrases; NULL: the picture alone */
  char *caption;   /* NULL */
  gint64 regions;
} PreviewRecord;

typedef struct
{
  ImportReport report; /* of what was read: format, counts, skipped and why, notes */
  GPtrArray *records;  /* PreviewRecord */
  gboolean whole;      /* the source ended there */
} ImportPreview;

/* The first `n` records; some hundred more are read, for the report. `options` as for the import: `between` and `limit` are
 * not used. Errors are those the import would fail with. Free with import_preview_free(). */
ImportPreview *import_preview (const char *source, const ImportOptions *options, guint n, GError **error);
void import_preview_free (ImportPreview *preview);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImportPreview, import_preview_free)

G_END_DECLS
