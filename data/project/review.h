/* SPDX-License-Identifier: MIT
 * What people do to a project: verdicts, corrections, captions, tags; and taking it back. Each call is one transaction
 * and one record of the journal, durable when it returns TRUE. */
#pragma once

#include "format.h"
#include "project.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 phrase;
  const char *verdict;   /* accepted, corrected, rejected, absent, unsure */
  const char *by;
  int pass;              /* from 1 */
  gboolean adjudicated;
  gint64 region;         /* accepted, corrected: the region meant; 0: the top one */
  const Shape *shape;    /* corrected: its new shape */
  /* accepted, corrected: exactly these revisions of regions on the phrase (the ticked ones, also earlier ones, as a blind
   * pass shows them), in place of `region` and `shape`; NULL */
  const gint64 *revisions;
  guint n_revisions;
} Review;

/* 'accepted' approves the top region's (or `region`'s) current revision; 'corrected' makes a new one as the rules say:
 * from a map's or detector's region a new region of the person that names its parent, else a new revision, of a copy
 * when other phrases share the region. */
gboolean project_review (Project *project, const Review *review, GError **error);

/* What a person made of one region of a phrase. */
typedef struct
{
  gint64 region;         /* 0: a new one */
  const Shape *shape;    /* NULL: it goes */
} RegionChange;

typedef struct
{
  gint64 phrase;
  const char *by;
  int pass;                /* from 1 */
  const RegionChange *changes;
  guint n_changes;
  const gint64 *revisions; /* of regions that are approved as they are */
  guint n_revisions;
  const gint64 *others;    /* further phrases that get the same regions and verdict: a coreference chain */
  guint n_others;
} Correction;

/* All changes and the verdict 'corrected' on what came of them and on `revisions`, as one record. REFUSED if no region is
 * left to approve. */
gboolean project_correct (Project *project, const Correction *correction, GError **error);

/* Gives a phrase's region a new shape without a verdict, or removes it (shape NULL). */
gboolean project_change_region (Project *project, gint64 phrase, gint64 region, const Shape *shape, const char *by,
                                GError **error);
/* A person's new region; *region (may be NULL) gets its id. */
gboolean project_add_region (Project *project, gint64 phrase, const Shape *shape, const char *by, gint64 *region,
                             GError **error);
/* A stand-alone phrase, the same one if it is there; a half-done import's is taken over. */
gboolean project_add_phrase (Project *project, gint64 image, const char *text, const char *by, gint64 *phrase,
                             GError **error);
/* New text of a caption: spans outside the edit move, touched ones become detached. */
gboolean project_edit_caption (Project *project, gint64 caption, const char *text, const char *by, GError **error);
/* Sets or removes a tag on an image (phrase 0) or on a phrase. */
gboolean project_set_tag (Project *project, gint64 image, gint64 phrase, const char *name, gboolean set, const char *by,
                          GError **error);

/* Takes back, or does again, the reviewer's newest record; *what tells people. NOT_FOUND: there is none. REFUSED:
 * somebody changed the target since; the message shows its history. */
gboolean project_undo (Project *project, const char *by, char **what, GError **error);
gboolean project_redo (Project *project, const char *by, char **what, GError **error);
/* What project_undo() or project_redo() would take: the record's kind ("verdict", "region", ...) and target (of a verdict:
 * the phrase). *kind NULL: there is nothing. The caller frees it. */
gboolean project_undo_peek (Project *project, const char *by, gboolean redo, char **kind, gint64 *target, GError **error);
/* An import, run or removal as a whole: hides or shows its rows. REFUSED while a person's record hangs on one. */
gboolean project_hide_entry (Project *project, gint64 entry, gboolean hide, const char *by, GError **error);
/* Removes images from the project (one entry, undone as a whole); the files stay. */
gboolean project_remove_images (Project *project, const gint64 *images, guint n, const char *by, gint64 *entry,
                                GError **error);

G_END_DECLS
