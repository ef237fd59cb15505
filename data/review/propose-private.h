/* SPDX-License-Identifier: MIT
 * propose-private.h: a job between the project and the engine. */
#pragma once

#include "format.h"
#include "propose.h"

G_BEGIN_DECLS

typedef struct
{
  RegionOrigin origin; /* map or detector */
  double score;
  Shape shape;         /* stored grid */
} Proposal;
void proposal_clear (gpointer proposal);

typedef struct
{
  gint64 id, revision, caption_id; /* caption_id 0: stand-alone */
  char *text, *caption;
  GArray *spans;       /* Span, code points of the caption */
  gboolean computed;
  PhraseMeasure measure;
  GArray *proposals;   /* Proposal, best first */
} JobPhrase;

struct ProposeJob
{
  gint64 image;
  char *path;          /* bytes */
  int orientation;     /* of the project; the file's decides what the engine sees */
  gboolean last;       /* of its picture */
  GPtrArray *phrases;  /* JobPhrase */
  GArray *detected;    /* double[4], stored grid: other models' boxes on the picture */
  char *failure;       /* why the picture could not be read */
  ProposeOptions options; /* its texts are not used */
};

G_END_DECLS
