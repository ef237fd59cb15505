/* SPDX-License-Identifier: MIT */
#include "library-details.h"

static void
caption_free (gpointer data)
{
  LibraryCaption *caption = data;

  g_free (caption->text);
  g_free (caption);
}

static void
phrase_free (gpointer data)
{
  LibraryDetailsPhrase *phrase = data;

  library_phrase_free (phrase->row);
  g_clear_pointer (&phrase->regions, g_ptr_array_unref);
  g_free (phrase);
}

LibraryDetails *
library_details_new (gint64 image)
{
  LibraryDetails *details = g_new0 (LibraryDetails, 1);

  details->id = image;
  details->captions = g_ptr_array_new_with_free_func (caption_free);
  details->phrases = g_ptr_array_new_with_free_func (phrase_free);
  return details;
}

void
library_details_free (gpointer data)
{
  LibraryDetails *details = data;

  if (details == NULL)
    return;
  library_image_free (details->image);
  g_ptr_array_unref (details->captions);
  g_ptr_array_unref (details->phrases);
  g_free (details);
}

static gboolean
read_captions (Project *project, LibraryDetails *details, GError **error)
{
  g_autoptr (GArray) ids = library_captions_of (project, details->id, error);

  for (guint i = 0; ids != NULL && i < ids->len; i++)
    {
      LibraryCaption *caption = g_new0 (LibraryCaption, 1);

      caption->id = g_array_index (ids, gint64, i);
      g_ptr_array_add (details->captions, caption);
      if ((caption->text = library_caption_text (project, caption->id, error)) == NULL)
        return FALSE;
    }
  return ids != NULL;
}

static gboolean
read_phrases (Project *project, LibraryDetails *details, GCancellable *cancellable, GError **error)
{
  const ReviewView view = { .reviewer = "" };
  g_autoptr (GArray) ids = library_phrases_of (project, details->id, error);
  g_autoptr (GPtrArray) rows = NULL;
  guint n, regions = 0;

  if (ids == NULL)
    return FALSE;
  details->n_phrases = ids->len;
  n = MIN (ids->len, LIBRARY_DETAILS_PHRASES);
  if ((rows = library_fetch_phrases (project, (const gint64 *) ids->data, n, error)) == NULL)
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      LibraryDetailsPhrase *phrase;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (rows->pdata[i] == NULL)
        continue;
      phrase = g_new0 (LibraryDetailsPhrase, 1);
      phrase->row = g_steal_pointer (&rows->pdata[i]);
      g_ptr_array_add (details->phrases, phrase);
      if (regions >= LIBRARY_DETAILS_REGIONS)
        continue;
      if ((phrase->regions = review_regions_list (project, phrase->row->id, &view, error)) == NULL)
        return FALSE;
      regions += phrase->regions->len;
    }
  return TRUE;
}

gboolean
library_details_read (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  LibraryDetails *details = data;
  g_autoptr (GPtrArray) images = library_fetch_images (project, &details->id, 1, error);

  if (images == NULL)
    return FALSE;
  details->image = g_steal_pointer (&images->pdata[0]);
  return details->image == NULL
         || (read_captions (project, details, error) && read_phrases (project, details, cancellable, error));
}
