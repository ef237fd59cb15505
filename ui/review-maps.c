/* SPDX-License-Identifier: MIT
 * review-maps.c: the map of a phrase within its caption's maps, and computing those. */
#include "review-prefetch.h"

#include "engine-error.h"

const char *
review_map_text (const ReviewItem *item, gboolean alone)
{
  return !alone && item->caption_text != NULL && item->spans->len > 0 ? item->caption_text : item->text;
}

static gboolean
in_spans (const AlidadeWord *word, const char *text, const GArray *spans)
{
  for (guint i = 0; i < spans->len; i++)
    {
      const Span *span = &g_array_index (spans, Span, i);
      gsize from = g_utf8_offset_to_pointer (text, span->first) - text, to = g_utf8_offset_to_pointer (text, span->last) - text;

      if (word->start < to && word->end > from)
        return TRUE;
    }
  return FALSE;
}

/* A span that does not lie in the text (the caption was edited since) would be read beyond its end. */
static gboolean
spans_fit (const char *text, const GArray *spans)
{
  glong length = g_utf8_strlen (text, -1);

  for (guint i = 0; i < spans->len; i++)
    if (g_array_index (spans, Span, i).first < 0 || g_array_index (spans, Span, i).last > length)
      return FALSE;
  return TRUE;
}

float *
review_map_of (const ReviewItem *item, const AlidadeMaps *maps)
{
  gsize cells = (gsize) maps->grid_width * maps->grid_height;
  g_autofree float *sum = NULL;
  gboolean whole = item->spans->len == 0 || g_strcmp0 (maps->text, item->caption_text) != 0;
  int pieces = 0;

  if (!maps->scored || (!whole && !spans_fit (maps->text, item->spans)))
    return NULL;
  if (!maps->has_word_maps)
    return whole && maps->sentence != NULL ? g_memdup2 (maps->sentence, cells * sizeof (float)) : NULL;
  sum = g_new0 (float, cells);
  for (int i = 0; i < maps->n_words; i++)
    {
      const AlidadeWord *word = &maps->words[i];

      if (word->map == NULL || (!whole && !in_spans (word, maps->text, item->spans)))
        continue;
      for (gsize j = 0; j < cells; j++)
        sum[j] += word->map[j] * word->n_pieces;
      pieces += word->n_pieces;
    }
  if (pieces == 0)
    return NULL;
  for (gsize i = 0; i < cells; i++)
    sum[i] /= pieces;
  return g_steal_pointer (&sum);
}

ReviewMapsJob *
review_maps_job_new (AlidadeLoadedPicture *picture, const char *text, const AlbefMapsRequest *request)
{
  ReviewMapsJob *job = g_new0 (ReviewMapsJob, 1);

  job->picture = alidade_loaded_picture_ref (picture);
  job->text = g_strdup (text);
  if (request != NULL)
    job->request = *request;
  return job;
}

void
review_maps_job_free (gpointer data)
{
  ReviewMapsJob *job = data;

  alidade_loaded_picture_unref (job->picture);
  g_free (job->text);
  g_clear_pointer (&job->maps, alidade_maps_unref);
  g_free (job);
}

gboolean
review_maps_job_run (AlbefModel *model, const AlbefCancel *cancel, gpointer data, GError **error)
{
  ReviewMapsJob *job = data;
  const AlbefImage *image = alidade_loaded_picture_get_image (job->picture);
  AlbefError albef_error = ALBEF_ERROR_INIT;
  AlbefMaps *maps = NULL;

  if (albef_maps_compute (model, image, job->text, &job->request, cancel, &maps, &albef_error) != ALBEF_OK)
    {
      g_propagate_error (error, alidade_engine_error_new (&albef_error));
      return FALSE;
    }
  g_clear_pointer (&job->maps, alidade_maps_unref);
  job->maps = alidade_maps_new_take (maps, job->text, &job->request);
  job->maps->image_key = albef_image_key (image);
  job->maps->model_name = g_utf8_make_valid (albef_model_name (model), -1);
  job->maps->model_hash = g_strdup (albef_model_hash (model));
  return TRUE;
}
