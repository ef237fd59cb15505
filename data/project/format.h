/* SPDX-License-Identifier: MIT
 * What an annotation format is to a project: one Format record per file format-NAME.c, listed in formats.c. A reader
 * hands pictures, captions, phrases and regions to the Import, in any order that names a thing before it is used; a
 * writer takes the project image by image from the Export. Neither sees the database. */
#pragma once

#include "json-items.h"
#include "json-text.h"
#include "shape.h"

G_BEGIN_DECLS

typedef enum
{
  ORIGIN_MAP,
  ORIGIN_DETECTOR,
  ORIGIN_IMPORT,
  ORIGIN_PERSON
} RegionOrigin;

const char *origin_name (RegionOrigin origin);
gboolean origin_parse (const char *name, RegionOrigin *origin);

typedef struct
{
  gint64 first, last; /* code points, end exclusive */
} Span;

/* Reading ------------------------------------------------------------------------------------------------------- */

typedef struct Import Import;
typedef struct ImageFinder ImageFinder;

typedef struct
{
  const char *name;       /* as the file names it; bytes */
  const char *stem;       /* or: without extension, any supported one fits (name is what a missing one is kept as) */
  const char *beside;     /* or: an absolute path that is tried before everything else; NULL */
  double width, height;   /* by the file, 0 unknown */
  int orientation;        /* likewise, for a picture that is missing; 0 unknown */
  const json_t *extra;    /* an object with what comes back on export; NULL */
} ImportImage;

typedef struct
{
  gint64 image;
  gint64 caption;         /* 0: stand-alone */
  const Span *spans;      /* of the caption; none: detached from it */
  guint n_spans;
  const char *text;       /* NULL: the caption's spans joined by spaces */
  const char *key;        /* keeps equal stand-alone texts apart (refcoco's sent_id); NULL */
  const char *chain;      /* NULL: none */
  const json_t *types;    /* array of texts, NULL */
  const json_t *extra;
} ImportPhrase;

typedef struct
{
  gint64 phrase;
  gint64 shared;          /* the region itself, if another phrase has it already; 0: a new one */
  Shape *shape;           /* in the file's frame; turned in place */
  gboolean with_origin;   /* the file says `origin` (only the manifest); else ORIGIN_IMPORT, or DETECTOR as below */
  RegionOrigin origin;
  gboolean detector;      /* another model's box */
  double score;           /* NaN: none */
  const char *model;
  const json_t *extra;
  gint64 link; /* the record that a write-back into this file was of: it is no new one as long as its shape is
                * still that; 0 */
} ImportRegion;

/* Each returns the id of the new record or of the same one imported before, or 0: with `error` the import ends, without
 * the record was skipped and is listed. `where` names the place in the file. */
gint64 import_image (Import *import, const char *where, const ImportImage *image, GError **error);
gint64 import_caption (Import *import, const char *where, gint64 image, const char *text, const json_t *extra,
                       GError **error);
gint64 import_phrase (Import *import, const char *where, const ImportPhrase *phrase, GError **error);
gint64 import_region (Import *import, const char *where, const ImportRegion *region, GError **error);

/* A record that is left out, and why. Never ends the import. */
void import_skip (Import *import, const char *where, const char *format, ...) G_GNUC_PRINTF (3, 4);
/* Something people should know that left nothing out. */
void import_note (Import *import, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Count of records that are neither phrase nor region ("annotations without a ref"). */
void import_count_unused (Import *import, guint n);

ImageFinder *import_finder (Import *import);
/* Options of the command line. */
const char *import_split_by (const Import *import);
int import_voc_origin (const Import *import); /* -1: find out */
const char *const *import_pictures (const Import *import); /* NULL: all */
gboolean import_is_preview (const Import *import); /* it will stop after some hundred records */
/* Size of an image in the grid the file means (see Format.upright); FALSE if unknown. */
gboolean import_image_size (Import *import, gint64 image, double *width, double *height);
/* Remembered with this import: what a later one needs (COCO's categories). Replaces what was set before. */
void import_set_settings (Import *import, const json_t *settings);
/* From earlier imports of COCO files: by id text, 0 or NULL if unknown. */
gint64 import_coco_image (Import *import, const char *id, GError **error);
const char *import_coco_category (Import *import, const char *id, GError **error);
/* TRUE while nobody cancelled. */
gboolean import_go_on (Import *import, GError **error);

/* Writing ------------------------------------------------------------------------------------------------------- */

typedef struct Export Export;

typedef struct
{
  gint64 link, id;        /* `id`: equal for phrases that share the region */
  Shape shape;            /* stored grid */
  RegionOrigin origin;
  gboolean label;         /* FALSE: an unreviewed proposal */
  double score;
  char *model;
  json_t *extra;
} ExportRegion;

typedef struct
{
  gint64 id;
  gint64 caption;         /* 0: stand-alone */
  gint64 revision;
  char *text;
  GArray *spans;          /* Span */
  char *chain;
  json_t *types;
  json_t *extra;
  char *verdict;          /* of the deciding one that is not stale; NULL */
  GPtrArray *regions;     /* ExportRegion */
} ExportPhrase;

typedef struct
{
  gint64 id;
  char *text;
  json_t *extra;
} ExportCaption;

typedef struct
{
  gint64 id;
  char *name;             /* relative to its root; bytes */
  char *path;             /* absolute; bytes */
  double width, height;   /* stored grid; 0 unknown */
  int orientation;
  json_t *extra;
  GPtrArray *captions;    /* ExportCaption */
  GPtrArray *phrases;     /* ExportPhrase */
} ExportImage;

/* The next image with everything on it; NULL at the end or with `error`. Free with export_image_free(). */
ExportImage *export_next (Export *export, GError **error);
void export_image_free (ExportImage *image);
/* The next image without what is on it. */
ExportImage *export_next_bare (Export *export, GError **error);
/* One image by its id; its phrases are listed only, until export_fill() adds what is on one of them. */
ExportImage *export_get_listed (Export *export, gint64 image, GError **error);
gboolean export_fill (Export *export, ExportPhrase *phrase, GError **error);
/* Once more from the first image, for formats whose parts are lists of their own. */
void export_rewind (Export *export);

/* b - a, such that a + it is b again if any number does that. */
double edge_distance (double a, double b);

const ExportCaption *export_caption_of (const ExportImage *image, const ExportPhrase *phrase); /* NULL: stand-alone */
/* The region in the grid the format means. FALSE (and counted as lost) where it cannot be turned. */
gboolean export_shape (Export *export, const ExportImage *image, const ExportRegion *region, Shape *shape);
/* The image's size in that grid. */
void export_size (Export *export, const ExportImage *image, double *width, double *height);
/* Counts a file that was written back. */
void export_count_file (Export *export);
/* Counts something that the format cannot keep: "phrases without regions". */
void export_lost (Export *export, const char *what);
/* Name of the picture for the file: relative to its root, well-formed UTF-8; with --copy-images the copy's. */
char *export_image_name (Export *export, const ExportImage *image);
/* TARGET/folder/NAME with another ending, for one file a picture. The caller frees. */
char *export_path_beside (const char *target, const char *folder, const char *name, const char *ending);
/* Calls `link` for everything that an import or a person put on the image's phrases, label or not, deleted or not, with
 * what its first revision kept (or NULL), by age. */
typedef void (*ExportLinkFunc) (gint64 link, const json_t *extra, gpointer user_data);
gboolean export_links (Export *export, const ExportImage *image, ExportLinkFunc link, gpointer user_data,
                       GError **error);
/* What was remembered with earlier imports of a format (import_set_settings), newest last; an array,
 * borrowed until another format is asked for. */
const json_t *export_settings (Export *export, const char *format);

/* A text file written in pieces; the last close tells whether all of it is on the disk. */
typedef struct OutFile OutFile;
OutFile *out_file_open (const char *path, GError **error);
/* Takes what is in `text` and empties it, when it is long or `flush` is set. */
gboolean out_file_put (OutFile *file, GString *text, gboolean flush, GError **error);
gboolean out_file_close (OutFile *file, GError **error); /* frees it in any case */
void out_file_abandon (OutFile *file);
gboolean out_file_write (const char *path, const char *text, gssize length, GError **error); /* a whole one, synced */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OutFile, out_file_abandon)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ExportImage, export_image_free)

/* Formats ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *name;
  gboolean folder;        /* the target of an export is a folder */
  gboolean upright;       /* means the upright grid, unless a file's own sizes fit only the stored one */
  gboolean named_only;    /* never guessed */
  guint passes;           /* how many times a file is read; 0: once */
  /* Whether `source` looks like this format: `head` is the beginning of a file, "" for a folder. NULL: never. */
  gboolean (*guess) (const char *source, gboolean folder, const char *head);
  gboolean (*read) (Import *import, const char *source, GError **error);  /* NULL: not yet */
  gboolean (*write) (Export *export, const char *target, GError **error); /* NULL: not yet */
  /* Puts changes into the files the images' annotations came from; NULL: this format has none. */
  gboolean (*write_back) (Export *export, GError **error);
  const char *keeps_not;  /* for people: what an export in this format cannot keep; NULL: nothing */
} Format;

const Format *format_find (const char *name);
const Format *format_guess (const char *source, GError **error);
const Format *const *format_all (void); /* NULL-ended */

G_END_DECLS
