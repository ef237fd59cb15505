/* SPDX-License-Identifier: MIT */
#include "project-listing.h"

#include "albef.h"
#include "library-index.h"
#include "library-rows.h"
#include "picture.h"

#include <string.h>

#define ROWS 500 /* fetched at once */

ProjectListing *
project_listing_new (gint64 known)
{
  ProjectListing *listing = g_new0 (ProjectListing, 1);

  listing->known = known;
  return listing;
}

void
project_listing_free (gpointer data)
{
  ProjectListing *listing = data;

  g_clear_pointer (&listing->pictures, g_ptr_array_unref);
  g_free (listing);
}

/* What the embedded model was made for. */
static gboolean
is_sample (const char *path, const char *samples)
{
  gsize length = samples != NULL ? strlen (samples) : 0;

  return length > 0 && strncmp (path, samples, length) == 0 && path[length] == '/';
}

gboolean
project_listing_read (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  ProjectListing *listing = data;
  const LibraryFilter all = { .target = LIBRARY_IMAGES };
  const char *samples = albef_sample_scenes_path ();
  g_autoptr (LibraryIndex) index = library_index_new ();
  g_autofree LibraryResult *found = NULL;
  ProjectCounts counts = { 0 };

  if (!project_count (project, &counts, error))
    return FALSE;
  listing->unchanged = counts.images == listing->known;
  if (listing->unchanged)
    return TRUE;
  if (!library_index_load (index, project, cancellable, NULL, NULL, error))
    return FALSE;
  found = library_index_query (index, &all, 0, cancellable);
  if (found == NULL)
    return !g_cancellable_set_error_if_cancelled (cancellable, error);
  listing->pictures = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint first = 0; first < found->n; first += ROWS)
    {
      g_autoptr (GPtrArray) rows
          = library_fetch_images (project, found->ids + first, MIN (ROWS, found->n - first), error);

      if (rows == NULL || g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      for (guint i = 0; i < rows->len; i++)
        {
          const LibraryImage *row = rows->pdata[i];

          if (row != NULL)
            g_ptr_array_add (listing->pictures,
                             alidade_picture_new (row->path, row->caption, is_sample (row->path, samples)));
        }
    }
  return TRUE;
}
