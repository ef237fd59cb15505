/* SPDX-License-Identifier: MIT
 * propose-job.c: what the engine makes of the phrases of one picture. */
#include "propose-private.h"

#include <math.h>
#include <string.h>

#define PICTURE_SIDE 2048 /* models see far less; memory stays bounded */
#define MOST_DETECTED 3   /* boxes of a detector that a phrase gets */

typedef struct
{
  ProposeJob *job;
  const ProposeModels *models;
  const AlbefCancel *cancel;
  AlbefImage *image;
  double across, down;   /* upright */
  int orientation;
  double width, height;  /* stored */
} Work;

static gboolean
fail_as (const AlbefError *from, GError **error)
{
  return project_fail (error, from->status == ALBEF_CANCELLED ? PROJECT_ERROR_CANCELLED : PROJECT_ERROR_FAILED, "%s",
                       from->status == ALBEF_CANCELLED ? "cancelled" : from->message);
}

static void
request_of (const Work *work, AlbefMethod method, AlbefMapsRequest *request)
{
  memset (request, 0, sizeof *request);
  request->method = method;
  if (method == ALBEF_METHOD_ITM_GRADCAM)
    {
      request->layer = work->job->options.layer;
      request->heads = work->job->options.heads;
    }
}

/* Adds the mean over pieces of words [first, first + n) to `sum`, weighted by their pieces. */
static int
add_words (const AlbefMaps *maps, int first, int n, float *sum, float *room, gsize cells)
{
  const AlbefQuery *query = albef_maps_query (maps);
  int pieces = 0;

  for (int i = first; i < first + n; i++)
    {
      const AlbefWord *word = albef_query_word (query, i);

      if (word->state != ALBEF_WORD_KNOWN || !albef_maps_phrase (maps, i, 1, room))
        continue;
      for (gsize j = 0; j < cells; j++)
        sum[j] += room[j] * word->n_pieces;
      pieces += word->n_pieces;
    }
  return pieces;
}

/* The map of a phrase within its caption's maps (spans not NULL), or of all words of a text of its own. FALSE: no word of
 * it has a map. The caller frees *out. */
static gboolean
phrase_map (const AlbefMaps *maps, const char *text, const GArray *spans, float **out)
{
  gsize cells = (gsize) albef_maps_grid_width (maps) * albef_maps_grid_height (maps);
  g_autofree float *sum = g_new0 (float, cells), *room = g_new (float, cells);
  const AlbefQuery *query = albef_maps_query (maps);
  int n = albef_maps_n_words (maps), pieces = 0;

  if (!albef_maps_has_word_maps (maps, NULL))
    {
      const float *sentence = spans == NULL ? albef_maps_sentence (maps) : NULL;

      *out = sentence != NULL ? g_memdup2 (sentence, cells * sizeof (float)) : NULL;
      return *out != NULL;
    }
  if (spans == NULL)
    pieces = add_words (maps, 0, n, sum, room, cells);
  for (int i = 0; i < n && spans != NULL; i++)
    {
      const AlbefWord *word = albef_query_word (query, i);

      for (guint j = 0; j < spans->len; j++)
        {
          const Span *span = &g_array_index (spans, Span, j);
          gsize from = g_utf8_offset_to_pointer (text, span->first) - text, to = g_utf8_offset_to_pointer (text, span->last) - text;

          if (word->start < to && word->end > from)
            {
              pieces += add_words (maps, i, 1, sum, room, cells);
              break;
            }
        }
    }
  if (pieces == 0)
    return FALSE;
  for (gsize i = 0; i < cells; i++)
    sum[i] /= pieces;
  *out = g_steal_pointer (&sum);
  return TRUE;
}

static gboolean
compute (const Work *work, AlbefModel *model, const char *text, AlbefMethod method, gboolean score_only, AlbefMaps **maps,
         GError **error)
{
  AlbefError albef_error = ALBEF_ERROR_INIT;
  AlbefMapsRequest request;

  request_of (work, method, &request);
  request.score_only = score_only;
  if (albef_maps_compute (model, work->image, text, &request, work->cancel, maps, &albef_error) == ALBEF_OK)
    return TRUE;
  return fail_as (&albef_error, error);
}

/* The maps of one model on the last caption: phrases of a caption share them. */
typedef struct
{
  AlbefModel *model;
  gint64 caption;
  AlbefMaps *maps;
} CaptionMaps;

/* The field of a phrase in one model's eyes; empty fields have no values. *text_match may be NULL. */
static gboolean
phrase_field (const Work *work, const JobPhrase *phrase, CaptionMaps *captions, MapField *field, gboolean *alone,
              double *text_match, GError **error)
{
  g_autofree float *map = NULL;
  AlbefMaps *own = NULL;
  const AlbefMaps *maps = NULL;
  gboolean found = FALSE;

  *alone = work->job->options.alone || phrase->caption_id == 0 || phrase->spans->len == 0;
  if (!*alone)
    {
      if (captions->maps == NULL || captions->caption != phrase->caption_id)
        {
          g_clear_pointer (&captions->maps, albef_maps_free);
          if (!compute (work, captions->model, phrase->caption, ALBEF_METHOD_ITM_GRADCAM, FALSE, &captions->maps, error))
            return FALSE;
          captions->caption = phrase->caption_id;
        }
      maps = captions->maps;
      found = phrase_map (maps, phrase->caption, phrase->spans, &map);
    }
  /* Beyond the words that a caption may have, or a layer without word maps: the phrase by itself. */
  if (!found)
    {
      *alone = TRUE;
      if (!compute (work, captions->model, phrase->text, ALBEF_METHOD_ITM_GRADCAM, FALSE, &own, error))
        return FALSE;
      maps = own;
      found = phrase_map (maps, NULL, NULL, &map);
    }
  if (text_match != NULL)
    *text_match = albef_maps_match (maps);
  if (found)
    map_field_set (field, map, albef_maps_grid_width (maps), albef_maps_grid_height (maps), work->across, work->down);
  albef_maps_free (own);
  return TRUE;
}

static gboolean
method_field (const Work *work, const JobPhrase *phrase, MapField *field, GError **error)
{
  AlbefMaps *maps = NULL;

  if (!compute (work, work->models->model, phrase->text, ALBEF_METHOD_ITC_GRADCAM, FALSE, &maps, error))
    return FALSE;
  map_field_set (field, albef_maps_sentence (maps), albef_maps_grid_width (maps), albef_maps_grid_height (maps), work->across,
                 work->down);
  albef_maps_free (maps);
  return TRUE;
}

/* Proposals ----------------------------------------------------------------------------------------------------------- */

void
proposal_clear (gpointer data)
{
  shape_clear (&((Proposal *) data)->shape);
}

static int
by_score (gconstpointer a, gconstpointer b)
{
  double first = ((const Proposal *) a)->score, second = ((const Proposal *) b)->score;

  return first < second ? 1 : first > second ? -1 : 0;
}

static void
add_map_regions (const Work *work, JobPhrase *phrase, const MapField *field)
{
  const MapRegionOptions *options = &work->job->options.regions;
  g_autoptr (GArray) regions = map_regions_find (field, options);

  for (guint i = 0; i < regions->len; i++)
    {
      const MapRegion *region = &g_array_index (regions, MapRegion, i);
      Proposal proposal = { ORIGIN_MAP, map_score_bound (region->score, phrase->measure.match), { 0 } };
      gboolean good = options->masks && map_region_mask (field, options, region, &proposal.shape);

      if (!good)
        good = shape_set_box (&proposal.shape, region->box[0], region->box[1], MIN (region->box[2], work->across),
                              MIN (region->box[3], work->down));
      if (good && shape_turn (&proposal.shape, work->orientation, FALSE, work->width, work->height))
        g_array_append_val (phrase->proposals, proposal);
      else
        shape_clear (&proposal.shape);
    }
}

/* Other models' boxes, ranked by the same measure; those that the map favours become proposals of this phrase. */
static void
add_detected (const Work *work, JobPhrase *phrase, const MapField *field)
{
  g_autoptr (GArray) ranked = g_array_new (FALSE, FALSE, sizeof (Proposal));

  g_array_set_clear_func (ranked, proposal_clear);
  for (guint i = 0; i < work->job->detected->len / 4; i++)
    {
      const double *box = &g_array_index (work->job->detected, double, 4 * i);
      g_auto (Shape) upright = { 0 };
      Proposal proposal = { ORIGIN_DETECTOR, 0, { 0 } };

      if (!shape_set_box (&upright, box[0], box[1], box[2], box[3]) ||
          !shape_set_box (&proposal.shape, box[0], box[1], box[2], box[3]) ||
          !shape_turn (&upright, work->orientation, TRUE, work->width, work->height))
        continue;
      proposal.score = map_score_bound (map_box_score (field, upright.box, NULL), phrase->measure.match);
      if (proposal.score > 0)
        g_array_append_val (ranked, proposal);
    }
  g_array_sort (ranked, by_score);
  for (guint i = 0; i < MIN (ranked->len, MOST_DETECTED); i++)
    {
      const Proposal *best = &g_array_index (ranked, Proposal, i);
      Proposal copy = { best->origin, best->score, { 0 } };

      shape_copy (&best->shape, &copy.shape);
      g_array_append_val (phrase->proposals, copy);
    }
}

/* Figures about the peak and the top proposal, in the stored grid. */
static void
measure_top (const Work *work, JobPhrase *phrase, const MapField *field)
{
  PhraseMeasure *measure = &phrase->measure;
  g_auto (Shape) place = { 0 }, top = { 0 };

  g_array_sort (phrase->proposals, by_score);
  if (shape_set_box (&place, field->peak_x - 0.25, field->peak_y - 0.25, field->peak_x + 0.25, field->peak_y + 0.25) &&
      shape_turn (&place, work->orientation, FALSE, work->width, work->height))
    {
      measure->peak_x = (place.box[0] + place.box[2]) / 2;
      measure->peak_y = (place.box[1] + place.box[3]) / 2;
    }
  if (phrase->proposals->len == 0)
    return;
  shape_copy (&g_array_index (phrase->proposals, Proposal, 0).shape, &top);
  if (shape_turn (&top, work->orientation, TRUE, work->width, work->height))
    {
      map_box_score (field, top.box, &measure->energy);
      measure->outside = !map_peak_inside (field, top.box);
    }
}

static gboolean
compute_phrase (const Work *work, JobPhrase *phrase, CaptionMaps captions[3], GError **error)
{
  PhraseMeasure *measure = &phrase->measure;
  g_auto (MapField) field = { 0 }, method = { 0 };
  AlbefMaps *score = NULL;
  gboolean alone;

  *measure = (PhraseMeasure) { .peak_x = NAN, .peak_y = NAN, .energy = NAN, .methods = NAN, .twin = NAN, .other = NAN };
  g_array_set_size (phrase->proposals, 0);
  if (!phrase_field (work, phrase, &captions[0], &field, &measure->alone, &measure->text_match, error))
    return FALSE;
  measure->match = measure->text_match;
  if (!measure->alone)
    {
      if (!compute (work, work->models->model, phrase->text, ALBEF_METHOD_ITM_GRADCAM, TRUE, &score, error))
        return FALSE;
      measure->match = albef_maps_match (score);
      albef_maps_free (score);
    }
  for (int i = 1; i < 3; i++)
    if (captions[i].model != NULL)
      {
        g_auto (MapField) theirs = { 0 };

        if (!phrase_field (work, phrase, &captions[i], &theirs, &alone, NULL, error))
          return FALSE;
        *(i == 1 ? &measure->twin : &measure->other) = map_distance (&field, &theirs);
      }
  if (!work->job->options.quick)
    {
      if (!method_field (work, phrase, &method, error))
        return FALSE;
      measure->methods = map_distance (&field, &method);
    }
  if (field.values != NULL)
    {
      measure->spread = albef_map_spread (field.values, field.width, field.height);
      measure->peaks = map_peak_count (&field);
      add_map_regions (work, phrase, &field);
      add_detected (work, phrase, &field);
      measure_top (work, phrase, &field);
    }
  phrase->computed = TRUE;
  return TRUE;
}

gboolean
propose_job_compute (ProposeJob *job, const ProposeModels *models, const AlbefCancel *cancel, GError **error)
{
  AlbefError albef_error = ALBEF_ERROR_INIT;
  CaptionMaps captions[3] = { { models->model, 0, NULL }, { models->twin, 0, NULL }, { models->other, 0, NULL } };
  Work work = { .job = job, .models = models, .cancel = cancel };
  gboolean good = TRUE, turned;

  if (albef_image_open_scaled (job->path, ALBEF_IMAGE_FOR_PEOPLE, PICTURE_SIDE, &work.image, &albef_error) != ALBEF_OK)
    {
      g_free (job->failure);
      job->failure = g_strdup (albef_error.message);
      return TRUE;
    }
  work.width = albef_image_stored_width (work.image);
  work.height = albef_image_stored_height (work.image);
  work.orientation = albef_image_orientation (work.image);
  turned = work.orientation >= 5;
  work.across = turned ? work.height : work.width;
  work.down = turned ? work.width : work.height;
  for (guint i = 0; i < job->phrases->len && good; i++)
    good = compute_phrase (&work, job->phrases->pdata[i], captions, error);
  for (int i = 0; i < 3; i++)
    albef_maps_free (captions[i].maps);
  albef_image_free (work.image);
  return good;
}
