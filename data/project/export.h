/* SPDX-License-Identifier: MIT
 * Exporting a project: the labels of each phrase (and proposals if asked for), every image and every caption. Written
 * beside the target, synced, then renamed. */
#pragma once

#include "format.h"
#include "project.h"
#include "work-meter.h"

G_BEGIN_DECLS

typedef struct
{
  const char *format;
  gboolean proposals;   /* unreviewed ones as well */
  gboolean force;       /* replace what is there */
  gboolean copy_images;
  WorkMeter *meter;     /* counts images, of all passes; NULL */
  GCancellable *cancellable;
} ExportOptions;

typedef struct
{
  const char *format;
  const char *keeps_not;
  gint64 images, captions, phrases, regions;
  GHashTable *lost; /* what -> count (as pointer) */
  gint64 files, changed, added, removed; /* of a writing back; files alone, unless by_record */
  gboolean by_record;
} ExportReport;

gboolean project_export (Project *project, const char *target, const ExportOptions *options, ExportReport *report,
                         GError **error);
/* Changes go into the files the annotations came from. */
gboolean project_write_back (Project *project, const ExportOptions *options, ExportReport *report, GError **error);
void export_report_clear (ExportReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ExportReport, export_report_clear)

/* One image's captions, phrases and regions as the export sees them; also for tests. */
ExportImage *export_load_image (Project *project, gint64 image, gboolean proposals, GError **error);

/* For write-back.c. */
Database *export_database (Export *export);
const Format *export_format (const Export *export);
ExportReport *export_report (Export *export);

G_END_DECLS
