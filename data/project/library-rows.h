/* SPDX-License-Identifier: MIT
 * Rows of the library for the screen, fetched by their ids. On a reader's thread. */
#pragma once

#include "library-filter.h"
#include "project.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 id;
  char *path;          /* absolute; bytes */
  char *name;          /* relative to its root; well-formed UTF-8, for people */
  char *uri;           /* file:, percent-encoded */
  LibraryFile file;
  int width, height;   /* stored grid; 0 unknown */
  int orientation;     /* 1-8 */
  gint64 size, mtime;  /* bytes, microseconds since 1970; 0 unknown */
  gint64 added;        /* microseconds since 1970 */
  char *hash;          /* the quick one; NULL */
  gint64 captions, phrases, regions, decided; /* counts; decided: phrases with a verdict */
  char **tags;         /* of the image itself, sorted */
  char *caption;       /* the first; NULL */
} LibraryImage;

typedef struct
{
  gint64 id, image;
  gint64 caption;      /* 0: stand-alone */
  char *text;
  char *caption_text;  /* NULL: stand-alone, or detached and its caption is gone */
  GArray *spans;       /* Span, in code points of the caption */
  gboolean detached;
  char *image_name;    /* well-formed UTF-8 */
  LibraryVerdict verdict;
  char *reviewer;      /* whose verdict it is; NULL */
  gint64 regions;
  double score;        /* the best; NaN: none */
  char *model;         /* of the region with that score; NULL */
  char **tags;
} LibraryPhrase;

void library_image_free (LibraryImage *image);
void library_phrase_free (LibraryPhrase *phrase);

/* In the order of `ids`; those that are not shown any more are NULL. Free with g_ptr_array_unref(). */
GPtrArray *library_fetch_images (Project *project, const gint64 *ids, guint n, GError **error); /* LibraryImage */
GPtrArray *library_fetch_phrases (Project *project, const gint64 *ids, guint n, GError **error); /* LibraryPhrase */

/* Ids (gint64 *) of the images at this path below their root, as it is shown to people; several roots may have one. Free with
 * g_ptr_array_unref(). */
GPtrArray *library_find_images (Project *project, const char *name, GError **error);

/* An image's captions and phrases: their ids, oldest first (GArray of gint64). */
GArray *library_captions_of (Project *project, gint64 image, GError **error);
GArray *library_phrases_of (Project *project, gint64 image, GError **error);
/* A caption's text; NULL with NOT_FOUND when it is gone. */
char *library_caption_text (Project *project, gint64 caption, GError **error);

/* Roots of pictures, and how many images are missing below each: for the banner that offers to relink. */
typedef struct
{
  gint64 id;
  char *path;          /* bytes */
  gint64 images, missing;
} LibraryRoot;
void library_root_free (LibraryRoot *root);
GPtrArray *library_roots (Project *project, GError **error); /* LibraryRoot */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LibraryImage, library_image_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LibraryPhrase, library_phrase_free)

G_END_DECLS
