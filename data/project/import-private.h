/* SPDX-License-Identifier: MIT
 * import-private.h: an import under way, shared by import*.c. Everything below runs on the writer's thread, inside the
 * batch that import_batch_go_on() opened. */
#pragma once

#include "database.h"
#include "image-finder.h"
#include "import.h"

G_BEGIN_DECLS

typedef struct
{
  double width, height;   /* stored grid, 0 unknown */
  int orientation;
  gboolean turn;          /* the file's coordinates are upright ones */
  double file_width, file_height;
} ImageFacts;

typedef struct
{
  gint64 id;
  char *path;
} ImportRoot;

typedef enum
{
  KIND_IMAGE,
  KIND_CAPTION,
  KIND_PHRASE,
  KIND_REGION,
  KIND_LINK
} ImportKind;

struct Import
{
  Project *project;
  Database *db;
  const Format *format;
  const ImportOptions *options;
  ImportReport *report;
  ImageFinder *finder;
  gint64 entry;
  gboolean with_persons;       /* people changed regions before */
  gint64 now;
  gint64 batch_began;          /* monotonic microseconds; 0: no transaction is open */
  GArray *roots;               /* ImportRoot */
  GHashTable *names;           /* name in the file -> image id (gint64 *) */
  GHashTable *facts;           /* image id -> ImageFacts */
  GHashTable *captions;        /* caption id -> its imported text */
  GHashTable *coco_images;     /* id text -> image id */
  GHashTable *coco_categories; /* id text -> name */
  json_t *settings;
};

/* Before each record: ends a batch that has lasted too long, and opens one. */
gboolean import_batch_go_on (Import *import, GError **error);
/* Commits the open batch, if any, and lets people's records through. */
gboolean import_batch_end (Import *import, GError **error);

/* A row found by its identity: ours now if its entry is hidden, or pending from somewhere else. `changed` tells. */
gboolean import_claim (Import *import, ImportKind kind, gint64 id, gint64 entry, const char *state, gboolean *changed,
                       GError **error);
/* Looks up id, entry, state by `which`, and claims. *id is 0 when there is none. */
gboolean import_find_row (Import *import, Statement which, ImportKind kind, gint64 parent, gint64 identity, gint64 *id,
                          gboolean *changed, GError **error);
/* A copy for hash tables. */
gint64 *import_id_new (gint64 id);

/* import-image.c */
gboolean import_load_roots (Import *import, GError **error);
void import_root_clear (gpointer root);
/* A size from a file as whole pixels; 0 where it is none. */
double import_sane_size (double size);
/* Which grid the file's numbers are of. */
void import_choose_grid (Import *import, const ImportImage *image, ImageFacts *facts);

/* import-changed.c: compares with earlier imports of the same source. Of a record with other numbers than before, the
 * new ones are taken out again where a person changed the old one or judged its phrase; all are listed. */
gboolean import_settle_changed (Import *import, const char *source, GError **error);

G_END_DECLS
