/* SPDX-License-Identifier: MIT
 * All pictures of a project as AlidadePicture, in the order of their names, for a list that holds them all. */
#pragma once

#include "project-service.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 known;        /* given: how many pictures the list had; negative: unknown */
  gboolean unchanged;  /* still as many: `pictures` is NULL */
  GPtrArray *pictures; /* AlidadePicture */
} ProjectListing;

ProjectListing *project_listing_new (gint64 known);
void project_listing_free (gpointer listing);

/* For alidade_project_service_read_async(). */
gboolean project_listing_read (Project *project, gpointer listing, GCancellable *cancellable, GError **error);

G_END_DECLS
