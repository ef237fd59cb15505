/* SPDX-License-Identifier: MIT
 * Our manifest, line by line: phrases with regions and verdicts.
 *
 * Accepted and corrected regions are what the map is taught; a rejected phrase keeps its text and loses its regions; an
 * absent one becomes a foil of its picture and its caption is no positive pair of it any more; unsure ones and regions
 * that nobody labelled are left out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dataset-parts.h"
#include "error.h"
#include "sha256.h"

#define MAX_MASK_PIXELS 2000000000.0
#define MAX_POINTS 1000000

/* ---------------------------------------------------------------------------------------------------
 * Header
 */

AlbefStatus
manifest_take_header (Dataset *dataset, Place place, const json_t *header, const void *rest, size_t length,
                      AlbefError *error)
{
  const json_t *version = json_object_get (header, "alidade-manifest");
  const char *hash = json_string_value (json_object_get (header, "hash"));

  if (!json_is_integer (version))
    return record_error (dataset, place, error, "no manifest: it begins with {\"alidade-manifest\": 1, ...}");
  if (json_integer_value (version) != 1)
    return error_set (error, ALBEF_ERROR_UNSUPPORTED,
                      "'%s' is a manifest of version %lld; this program reads version 1", dataset->files[place.file],
                      (long long) json_integer_value (version));
  if (hash != NULL)
    {
      uint8_t digest[32];
      char hex[SHA256_HEX_SIZE];
      Sha256 sha;

      sha256_init (&sha);
      sha256_update (&sha, rest, length);
      sha256_final (&sha, digest);
      for (int i = 0; i < 32; i++)
        snprintf (hex + 2 * i, 3, "%02x", digest[i]);
      if (strcmp (hash, hex) != 0)
        return error_set (error, ALBEF_ERROR_MISMATCH,
                          "'%s' was changed after it was frozen: its lines do not give the hash of its first line",
                          dataset->files[place.file]);
    }
  return ALBEF_OK;
}

/* ---------------------------------------------------------------------------------------------------
 * Regions
 */

static AlbefStatus
take_polygon (Dataset *dataset, Place place, const json_t *rings, Region *region, AlbefError *error)
{
  size_t n = json_array_size (rings), points = 0;

  for (size_t r = 0; r < n; r++)
    points += json_array_size (json_array_get (rings, r));
  if (!json_is_array (rings) || n == 0 || points < 3 || points > MAX_POINTS)
    return record_error (dataset, place, error, "a polygon is a list of rings of points");
  region->points = mem_new0 (2 * points, sizeof *region->points);
  region->ring_ends = mem_new0 (n, sizeof *region->ring_ends);
  for (size_t r = 0; r < n; r++)
    {
      const json_t *ring = json_array_get (rings, r);

      for (size_t i = 0; i < json_array_size (ring); i++)
        for (size_t c = 0; c < 2; c++)
          {
            const json_t *number = json_array_get (json_array_get (ring, i), c);
            double value = json_number_value (number);

            if (!json_is_number (number) || !(value > -1e9 && value < 1e9))
              return record_error (dataset, place, error, "a polygon's point is no [x, y]");
            region->points[2 * (size_t) region->n_points + c] = value;
            region->n_points += c == 1;
          }
      region->ring_ends[region->n_rings++] = region->n_points;
    }
  return ALBEF_OK;
}

/* The next count of COCO's compressed string: 5 bits a character, low first. */
static bool
next_count (const char **text, int64_t *value)
{
  int shift = 0;
  int c;

  *value = 0;
  do
    {
      c = (unsigned char) **text - 48;
      if (c < 0 || c > 63 || shift > 55)
        return false;
      (*text)++;
      *value |= (int64_t) (c & 0x1f) << shift;
      shift += 5;
    }
  while (c & 0x20);
  if (c & 0x10)
    *value |= -((int64_t) 1 << shift);
  return true;
}

static AlbefStatus
take_mask (Dataset *dataset, Place place, const json_t *rle, Region *region, AlbefError *error)
{
  const json_t *size = json_object_get (rle, "size"), *counts = json_object_get (rle, "counts");
  double height = json_number_value (json_array_get (size, 0)), width = json_number_value (json_array_get (size, 1));
  const char *text = json_string_value (counts);
  size_t most = text != NULL ? strlen (text) : json_array_size (counts);
  int64_t sum = 0, previous[2] = { 0, 0 };

  if (!(width >= 1 && height >= 1 && width * height <= MAX_MASK_PIXELS) || width != rint (width)
      || height != rint (height) || (text == NULL && !json_is_array (counts)))
    return record_error (dataset, place, error, "a mask is {\"size\": [height, width], \"counts\": text or list}");
  region->mask_width = (int) width;
  region->mask_height = (int) height;
  region->run_ends = mem_new0 (most, sizeof *region->run_ends);
  for (size_t i = 0; i < most && (text == NULL || *text != 0); i++)
    {
      int64_t count;

      if (text == NULL && !json_is_integer (json_array_get (counts, i)))
        return record_error (dataset, place, error, "a mask's count is no whole number");
      if (text == NULL)
        count = json_integer_value (json_array_get (counts, i));
      else if (!next_count (&text, &count))
        return record_error (dataset, place, error, "a mask's counts cannot be read");
      else if (i > 2) /* from the 4th on: the difference to the one two before */
        count += previous[i % 2];
      previous[i % 2] = count;
      if (count < 0 || count > width * height - (double) sum)
        return record_error (dataset, place, error, "a mask's counts are more than its %.0f x %.0f pixels", width,
                             height);
      sum += count;
      region->run_ends[region->n_runs++] = (uint32_t) sum;
    }
  return ALBEF_OK;
}

static AlbefStatus
take_region (Dataset *dataset, Place place, const json_t *value, const json_t *record, Sample *sample,
             AlbefError *error)
{
  const char *kind = json_string_value (json_object_get (value, "kind")),
             *fill = json_string_value (json_object_get (value, "fill"));
  Region region = { .kind = REGION_BOX };
  AlbefStatus status = ALBEF_OK;

  if (json_is_false (json_object_get (value, "label")))
    return ALBEF_OK;
  if (kind == NULL)
    return record_error (dataset, place, error, "a region without 'kind'");
  if (!record_box (json_object_get (value, "box"), region.box))
    return record_error (dataset, place, error, "a region without 'box', four numbers [x1, y1, x2, y2]");
  if (strcmp (kind, "polygon") == 0)
    {
      region.kind = REGION_POLYGON;
      region.unite = fill != NULL && strcmp (fill, "union") == 0;
      status = take_polygon (dataset, place, json_object_get (value, "polygon"), &region, error);
    }
  else if (strcmp (kind, "mask") == 0)
    {
      const json_t *width = json_object_get (record, "width"), *height = json_object_get (record, "height");

      region.kind = REGION_MASK;
      status = take_mask (dataset, place, json_object_get (value, "rle"), &region, error);
      if (status == ALBEF_OK
          && ((json_is_integer (width) && json_integer_value (width) != region.mask_width)
              || (json_is_integer (height) && json_integer_value (height) != region.mask_height)))
        status = record_error (dataset, place, error, "a mask of %d x %d pixels for a picture of another size",
                               region.mask_width, region.mask_height);
    }
  else if (strcmp (kind, "box") != 0)
    status = record_error (dataset, place, error, "a region's kind '%.40s' is none of box, polygon, mask", kind);
  /* An empty region would teach nothing. */
  if (status == ALBEF_OK && region.box[0] < region.box[2] && region.box[1] < region.box[3])
    sample->regions[sample->n_regions++] = region;
  else
    region_clear (&region);
  return status;
}

/* ---------------------------------------------------------------------------------------------------
 * Texts
 */

/* Byte of code point `index`; -1 if the text has fewer. */
static int
byte_of (const char *text, int64_t index)
{
  size_t at = 0;

  if (index < 0)
    return -1;
  for (; index > 0; index--)
    {
      if (text[at] == 0)
        return -1;
      do
        at++;
      while ((text[at] & 0xc0) == 0x80);
    }
  return (int) at;
}

/* Reads [start, end] pairs into spans and checks that their texts, joined by spaces, are the phrase. */
static AlbefStatus
take_spans (Dataset *dataset, Place place, const json_t *record, const char *caption, const char *text, int (**out)[2],
            int *n_out, AlbefError *error)
{
  const json_t *list = json_object_get (record, "spans"), *start = json_object_get (record, "start"),
               *end = json_object_get (record, "end");
  size_t n = json_is_array (list) && json_array_size (list) > 0 ? json_array_size (list) : 1, at = 0;
  bool whole = n == 1 && !json_is_array (list) && (start == NULL || json_is_null (start));
  int (*spans)[2];

  *out = NULL;
  *n_out = 0;
  if (whole)
    {
      if (strcmp (caption, text) != 0)
        return record_error (dataset, place, error, "'text' is a part of 'caption', but 'start' and 'end' are missing");
      return ALBEF_OK;
    }
  if (n > 10000)
    return record_error (dataset, place, error, "more than 10000 spans");
  spans = arena_new (dataset, n * sizeof *spans);
  for (size_t i = 0; i < n; i++)
    {
      const json_t *pair = json_array_get (list, i);
      const json_t *from = pair != NULL ? json_array_get (pair, 0) : start,
                   *to = pair != NULL ? json_array_get (pair, 1) : end;
      size_t length;

      spans[i][0] = json_is_integer (from) ? byte_of (caption, json_integer_value (from)) : -1;
      spans[i][1] = json_is_integer (to) ? byte_of (caption, json_integer_value (to)) : -1;
      if (spans[i][0] < 0 || spans[i][1] <= spans[i][0])
        return record_error (dataset, place, error, "a span [start, end) does not lie in the caption");
      length = (size_t) (spans[i][1] - spans[i][0]);
      if (i > 0 && text[at] == ' ')
        at++;
      if (strncmp (text + at, caption + spans[i][0], length) != 0)
        return record_error (dataset, place, error, "caption[start:end] is not 'text'");
      at += length;
    }
  if (text[at] != 0)
    return record_error (dataset, place, error, "caption[start:end] is not 'text'");
  *out = spans;
  *n_out = (int) n;
  return ALBEF_OK;
}

static bool
optional_text (const Dataset *dataset, Place place, const json_t *record, const char *key, const char **text,
               AlbefError *error)
{
  const json_t *value = json_object_get (record, key);

  *text = json_string_value (value);
  if (value == NULL || json_is_null (value) || *text != NULL)
    return true;
  record_error (dataset, place, error, "'%s' is neither text nor null", key);
  return false;
}

/* ---------------------------------------------------------------------------------------------------
 * A line
 */

typedef struct
{
  const char *image, *text, *caption, *verdict, *split;
  double weight;
  int64_t id;
} Line;

static AlbefStatus
read_line (Dataset *dataset, Place place, const json_t *record, Line *line, AlbefError *error)
{
  static const char *const verdicts[] = { "accepted", "corrected", "rejected", "absent", "unsure" };
  const json_t *id = json_object_get (record, "image_id"), *weight = json_object_get (record, "weight");
  const char *name = record_text (dataset, place, record, "image", error);
  bool known = false;

  if (name == NULL)
    return ALBEF_ERROR_FORMAT;
  if (!optional_text (dataset, place, record, "text", &line->text, error)
      || !optional_text (dataset, place, record, "caption", &line->caption, error)
      || !optional_text (dataset, place, record, "verdict", &line->verdict, error)
      || !optional_text (dataset, place, record, "split", &line->split, error))
    return ALBEF_ERROR_FORMAT;
  for (int i = 0; i < 5 && line->verdict != NULL; i++)
    known = known || strcmp (line->verdict, verdicts[i]) == 0;
  if (line->verdict != NULL && !known)
    return record_error (dataset, place, error, "there is no verdict '%.40s'", line->verdict);
  if (line->split != NULL && strcmp (line->split, "train") != 0 && strcmp (line->split, "heldout") != 0)
    return record_error (dataset, place, error, "the split '%.40s' is neither train nor heldout", line->split);
  line->weight = json_is_number (weight) ? json_number_value (weight) : 1;
  if (!(line->weight >= 0 && line->weight <= 1e6))
    return record_error (dataset, place, error, "the weight is not a number from 0");
  line->image = dataset_path (dataset, dataset->image_root, name, "");
  if (json_is_integer (id) || json_is_string (id))
    {
      /* Ids count within their file. */
      char *key = json_is_integer (id) ? mem_printf ("%d n%lld", place.file, (long long) json_integer_value (id))
                                       : mem_printf ("%d s%s", place.file, json_string_value (id));

      line->id = dataset_id (dataset, key);
      free (key);
    }
  else
    line->id = dataset_id (dataset, line->image);
  return ALBEF_OK;
}

static void
add_absent (Dataset *dataset, Place place, const Line *line)
{
  if ((dataset->n_absents & (dataset->n_absents - 1)) == 0)
    dataset->absents = mem_resize (dataset->absents, dataset->n_absents > 0 ? 2 * (size_t) dataset->n_absents : 1,
                                   sizeof *dataset->absents);
  dataset->absents[dataset->n_absents++]
      = (Absent){ .id = line->id,
                  .image = line->image,
                  .text = arena_text (dataset, line->text),
                  .caption = line->caption != NULL ? arena_text (dataset, line->caption) : NULL,
                  .file = place.file,
                  .record = place.record };
}

AlbefStatus
manifest_take_record (Dataset *dataset, Place place, const json_t *record, AlbefError *error)
{
  const json_t *regions = json_object_get (record, "regions");
  size_t n = json_array_size (regions);
  AlbefStatus status;
  SampleSplit split;
  Sample *sample;
  Line line = { 0 };
  int (*spans)[2] = NULL;
  int n_spans = 0;

  status = read_line (dataset, place, record, &line, error);
  if (status != ALBEF_OK)
    return status;
  if (regions != NULL && !json_is_null (regions) && !json_is_array (regions))
    return record_error (dataset, place, error, "'regions' is no list");
  if (line.text != NULL && line.caption != NULL)
    {
      status = take_spans (dataset, place, record, line.caption, line.text, &spans, &n_spans, error);
      if (status != ALBEF_OK)
        return status;
    }
  split = line.split == NULL ? SAMPLE_NO_SPLIT : line.split[0] == 't' ? SAMPLE_TRAIN : SAMPLE_HELD_OUT;
  if (dataset->options.split == SAMPLE_NO_SPLIT ? split == SAMPLE_HELD_OUT : split != dataset->options.split)
    {
      dataset->n_left_out++;
      return ALBEF_OK;
    }
  if (line.verdict != NULL && strcmp (line.verdict, "absent") == 0 && line.text != NULL)
    {
      add_absent (dataset, place, &line);
      return ALBEF_OK;
    }
  sample = dataset_add (dataset, place);
  sample->images[0] = line.image;
  sample->id = line.id;
  sample->weight = (float) line.weight;
  sample->split = split;
  if (line.text != NULL)
    sample_set_text (dataset, sample, n_spans > 0 && dataset->options.whole_caption ? line.caption : line.text);
  if (n_spans > 0 && dataset->options.whole_caption)
    {
      sample->spans = spans;
      sample->n_spans = n_spans;
    }
  sample->regions = arena_new (dataset, n * sizeof *sample->regions);
  if (line.verdict == NULL || strcmp (line.verdict, "rejected") != 0)
    for (size_t i = 0; i < n; i++)
      {
        status = take_region (dataset, place, json_array_get (regions, i), record, sample, error);
        if (status != ALBEF_OK)
          return status;
      }
  if (line.text == NULL || (line.verdict != NULL && strcmp (line.verdict, "unsure") == 0))
    {
      for (int r = 0; r < sample->n_regions; r++)
        region_clear (&sample->regions[r]);
      dataset->n_samples--;
      dataset->n_left_out++;
    }
  return ALBEF_OK;
}

/* ---------------------------------------------------------------------------------------------------
 * Absent phrases
 */

static int
compare_absents (const void *a, const void *b)
{
  const Absent *p = a, *q = b;

  if (p->id != q->id)
    return p->id < q->id ? -1 : 1;
  return p->file != q->file ? p->file - q->file : p->record - q->record;
}

/* The first of the sorted absents with an id at least `id`. */
static int64_t
first_absent (const Dataset *dataset, int64_t id)
{
  int64_t low = 0, high = dataset->n_absents;

  while (low < high)
    {
      int64_t middle = (low + high) / 2;

      if (dataset->absents[middle].id < id)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

void
manifest_finish (Dataset *dataset)
{
  int64_t kept = 0;
  bool *served;
  const char **texts;

  if (dataset->n_absents == 0)
    return;
  qsort (dataset->absents, (size_t) dataset->n_absents, sizeof *dataset->absents, compare_absents);
  texts = arena_new (dataset, (size_t) dataset->n_absents * sizeof *texts);
  for (int64_t i = 0; i < dataset->n_absents; i++)
    texts[i] = dataset->absents[i].text;
  served = mem_new0 ((size_t) dataset->n_absents, sizeof *served); /* by the first of an id */
  for (int64_t i = 0; i < dataset->n_samples; i++)
    {
      Sample *sample = &dataset->samples[i];
      int64_t from = first_absent (dataset, sample->id), to = from;
      bool refuted = false;

      for (; to < dataset->n_absents && dataset->absents[to].id == sample->id; to++)
        refuted
            = refuted
              || (dataset->absents[to].caption != NULL && strcmp (dataset->absents[to].caption, sample->texts[0]) == 0);
      if (refuted)
        {
          for (int r = 0; r < sample->n_regions; r++)
            region_clear (&sample->regions[r]);
          dataset->n_left_out++;
          continue;
        }
      sample->foils = texts + from;
      sample->n_foils = (int) (to - from);
      if (to > from)
        served[from] = true;
      dataset->samples[kept++] = *sample;
    }
  dataset->n_samples = kept;
  for (int64_t i = 0; i < dataset->n_absents; i++)
    if (first_absent (dataset, dataset->absents[i].id) == i && !served[i])
      {
        const Absent *absent = &dataset->absents[i];
        Sample *sample = dataset_add (dataset, (Place){ absent->file, absent->record });

        sample->images[0] = absent->image;
        sample->id = absent->id;
        sample->pair = false;
        sample->foils = texts + i;
        while (i + sample->n_foils < dataset->n_absents && dataset->absents[i + sample->n_foils].id == absent->id)
          sample->n_foils++;
      }
  free (served);
}
