/* SPDX-License-Identifier: MIT
 * Records of the official JSON lists, field by field as the official datasets read them; unknown keys are ignored. */
#include <math.h>
#include <string.h>

#include "dataset-parts.h"
#include "error.h"

/* One text, or a list of at least one. */
static AlbefStatus
take_texts (Dataset *dataset, Place place, const json_t *record, const char *key, Sample *sample, AlbefError *error)
{
  const json_t *value = json_object_get (record, key);
  size_t n = json_array_size (value);

  if (!json_is_array (value))
    {
      const char *text = record_text (dataset, place, record, key, error);

      if (text == NULL)
        return ALBEF_ERROR_FORMAT;
      sample_set_text (dataset, sample, text);
      return ALBEF_OK;
    }
  if (n == 0 || n > 100000)
    return record_error (dataset, place, error, "'%s' is an empty or endless list", key);
  sample->texts = arena_new (dataset, n * sizeof *sample->texts);
  for (size_t i = 0; i < n; i++)
    {
      const char *text = json_string_value (json_array_get (value, i));

      if (text == NULL)
        return record_error (dataset, place, error, "'%s' holds something that is no text", key);
      sample->texts[sample->n_texts++] = arena_text (dataset, text);
    }
  return ALBEF_OK;
}

static AlbefStatus
take_image (Dataset *dataset, Place place, const json_t *record, const char *root, const char *ending, Sample *sample,
            AlbefError *error)
{
  const char *name = record_text (dataset, place, record, "image", error);

  if (name == NULL)
    return ALBEF_ERROR_FORMAT;
  if (name[0] == 0)
    return record_error (dataset, place, error, "'image' is empty");
  sample->images[0] = dataset_path (dataset, root, name, ending);
  return ALBEF_OK;
}

static AlbefStatus
take_number (const Dataset *dataset, Place place, const json_t *record, const char *key, Sample *sample,
             AlbefError *error)
{
  const json_t *value = json_object_get (record, key);

  if (!json_is_integer (value))
    return record_error (dataset, place, error, value == NULL ? "'%s' is missing" : "'%s' is no whole number", key);
  sample->number = json_integer_value (value);
  return ALBEF_OK;
}

/* Python's idea of equal keys: 1 and 1.0 are one, "1" is another. */
static bool
key_of (const json_t *value, char key[300])
{
  if (json_is_string (value) && json_string_length (value) < 290)
    snprintf (key, 300, "s%s", json_string_value (value));
  else if (json_is_integer (value))
    snprintf (key, 300, "n%lld", (long long) json_integer_value (value));
  else if (json_is_real (value) && json_real_value (value) == rint (json_real_value (value))
           && fabs (json_real_value (value)) < 1e15)
    snprintf (key, 300, "n%lld", (long long) json_real_value (value));
  else if (json_is_real (value))
    snprintf (key, 300, "r%.17g", json_real_value (value));
  else
    return false;
  return true;
}

static AlbefStatus
take_pretrain (Dataset *dataset, Place place, const json_t *record, Sample *sample, AlbefError *error)
{
  const json_t *boxes = json_object_get (record, "bbox");
  char key[40];
  AlbefStatus status = take_texts (dataset, place, record, "caption", sample, error);

  if (status != ALBEF_OK)
    return status;
  if (boxes != NULL && !json_is_null (boxes))
    {
      /* Phrases of one picture are no negatives of each other. */
      sample->id = dataset_id (dataset, sample->images[0]);
      return record_boxes (dataset, place, boxes, sample, error);
    }
  snprintf (key, sizeof key, "#%d %d", place.file, place.record);
  sample->id = dataset_id (dataset, key);
  return ALBEF_OK;
}

static AlbefStatus
take_retrieval (Dataset *dataset, Place place, const json_t *record, Sample *sample, AlbefError *error)
{
  char key[300];
  AlbefStatus status = take_texts (dataset, place, record, "caption", sample, error);

  if (status != ALBEF_OK)
    return status;
  if (dataset->options.evaluation)
    snprintf (key, sizeof key, "#%d %d", place.file, place.record);
  else if (sample->n_texts != 1 || json_is_array (json_object_get (record, "caption")))
    return record_error (dataset, place, error, "'caption' is a list, which only evaluation takes");
  else if (!key_of (json_object_get (record, "image_id"), key))
    return record_error (dataset, place, error, "'image_id' is missing, or no number or text of up to 290 bytes");
  sample->id = dataset_id (dataset, key);
  return ALBEF_OK;
}

static AlbefStatus
take_grounding (Dataset *dataset, Place place, const json_t *record, Sample *sample, AlbefError *error)
{
  const char *text = record_text (dataset, place, record, "text", error), *slash;

  if (text == NULL)
    return ALBEF_ERROR_FORMAT;
  sample_set_text (dataset, sample, text);
  slash = strrchr (sample->images[0], '/');
  sample->id = dataset_id (dataset, slash != NULL ? slash + 1 : sample->images[0]);
  return dataset->options.evaluation ? take_number (dataset, place, record, "ref_id", sample, error) : ALBEF_OK;
}

/* Each different answer with its share, in the order of first use. */
static AlbefStatus
take_answers (Dataset *dataset, Place place, const json_t *record, Sample *sample, AlbefError *error)
{
  const json_t *answers = json_object_get (record, "answer");
  size_t n = json_array_size (answers);

  if (!json_is_array (answers) || n == 0 || n > 10000)
    return record_error (dataset, place, error, "'answer' is no list of answers");
  sample->answers = arena_new (dataset, n * sizeof *sample->answers);
  sample->answer_weights = arena_new (dataset, n * sizeof *sample->answer_weights);
  for (size_t i = 0; i < n; i++)
    {
      const char *answer = json_string_value (json_array_get (answers, i));
      int k = 0;

      if (answer == NULL)
        return record_error (dataset, place, error, "answer %zu is no text", i + 1);
      while (k < sample->n_answers && strcmp (sample->answers[k], answer) != 0)
        k++;
      if (k == sample->n_answers)
        sample->answers[sample->n_answers++] = arena_text (dataset, answer);
      sample->answer_weights[k] += 1;
    }
  for (int k = 0; k < sample->n_answers; k++)
    sample->answer_weights[k] /= (float) n;
  return ALBEF_OK;
}

static AlbefStatus
take_vqa (Dataset *dataset, Place place, const json_t *record, Sample *sample, AlbefError *error)
{
  const char *kind = record_text (dataset, place, record, "dataset", error), *question, *answer;
  bool vg = kind != NULL && strcmp (kind, "vg") == 0;
  AlbefStatus status;

  if (kind == NULL)
    return ALBEF_ERROR_FORMAT;
  if (!vg && strcmp (kind, "vqa") != 0)
    return record_error (dataset, place, error, "'dataset' is '%.40s', neither vqa nor vg", kind);
  status = take_image (dataset, place, record, vg ? dataset->vg_root : dataset->image_root, "", sample, error);
  if (status != ALBEF_OK)
    return status;
  question = record_text (dataset, place, record, "question", error);
  if (question == NULL)
    return ALBEF_ERROR_FORMAT;
  sample_set_text (dataset, sample, question);
  sample->id = dataset_id (dataset, sample->images[0]);
  if (dataset->options.evaluation)
    {
      status = take_number (dataset, place, record, "question_id", sample, error);
      if (status != ALBEF_OK || !json_is_array (json_object_get (record, "answer")))
        return status; /* answers, where they are known, serve the accuracy */
    }
  if (!vg)
    return take_answers (dataset, place, record, sample, error);
  answer = record_text (dataset, place, record, "answer", error);
  if (answer == NULL)
    return ALBEF_ERROR_FORMAT;
  sample->answers = arena_new (dataset, sizeof *sample->answers);
  sample->answer_weights = arena_new (dataset, sizeof *sample->answer_weights);
  sample->answers[0] = arena_text (dataset, answer);
  sample->answer_weights[0] = 0.5f;
  sample->n_answers = 1;
  return ALBEF_OK;
}

static AlbefStatus
take_sentence (Dataset *dataset, Place place, const json_t *record, Sample *sample, AlbefError *error)
{
  const char *sentence = record_text (dataset, place, record, "sentence", error);

  if (sentence == NULL)
    return ALBEF_ERROR_FORMAT;
  sample_set_text (dataset, sample, sentence);
  sample->id = dataset_id (dataset, sample->images[0]);
  return ALBEF_OK;
}

static AlbefStatus
take_ve (Dataset *dataset, Place place, const json_t *record, Sample *sample, AlbefError *error)
{
  static const char *const labels[] = { "contradiction", "neutral", "entailment" };
  const char *label = record_text (dataset, place, record, "label", error);

  if (label == NULL)
    return ALBEF_ERROR_FORMAT;
  for (int i = 0; i < 3; i++)
    if (strcmp (label, labels[i]) == 0)
      sample->label = i;
  if (sample->label < 0)
    return record_error (dataset, place, error, "the label '%.40s' is none of contradiction, neutral, entailment",
                         label);
  return take_sentence (dataset, place, record, sample, error);
}

static AlbefStatus
take_nlvr (Dataset *dataset, Place place, const json_t *record, Sample *sample, AlbefError *error)
{
  const json_t *images = json_object_get (record, "images");
  const char *label = record_text (dataset, place, record, "label", error);

  if (label == NULL)
    return ALBEF_ERROR_FORMAT;
  if (json_array_size (images) != 2)
    return record_error (dataset, place, error, "'images' is no list of two");
  for (size_t i = 0; i < 2; i++)
    {
      const char *name = json_string_value (json_array_get (images, i));

      if (name == NULL || name[0] == 0)
        return record_error (dataset, place, error, "image %zu is no path", i + 1);
      sample->images[i] = dataset_path (dataset, dataset->image_root, name, "");
    }
  sample->n_images = 2;
  sample->label = strcmp (label, "True") == 0; /* whatever else counts as false, as in the official code */
  return take_sentence (dataset, place, record, sample, error);
}

AlbefStatus
dataset_take_record (Dataset *dataset, Place place, const json_t *record, AlbefError *error)
{
  Sample *sample = dataset_add (dataset, place);
  DatasetFormat format = dataset->options.format;

  if (format != DATASET_NLVR && format != DATASET_VQA)
    {
      AlbefStatus status
          = take_image (dataset, place, record, dataset->image_root, format == DATASET_VE ? ".jpg" : "", sample, error);

      if (status != ALBEF_OK)
        return status;
    }
  switch (format)
    {
    case DATASET_RETRIEVAL:
      return take_retrieval (dataset, place, record, sample, error);
    case DATASET_GROUNDING:
      return take_grounding (dataset, place, record, sample, error);
    case DATASET_VQA:
      return take_vqa (dataset, place, record, sample, error);
    case DATASET_VE:
      return take_ve (dataset, place, record, sample, error);
    case DATASET_NLVR:
      return take_nlvr (dataset, place, record, sample, error);
    default:
      return take_pretrain (dataset, place, record, sample, error);
    }
}
