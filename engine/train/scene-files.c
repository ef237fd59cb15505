/* SPDX-License-Identifier: MIT */
#include "scene-files.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomic-file.h"
#include "error.h"
#include "jpeg-write.h"
#include "scene-tasks.h"
#include "sha256.h"

#define QUALITY 95

/* The lists, as they lie in the folder. */
enum
{
  LIST_SCENES,
  LIST_SCENES_HELD_OUT,
  LIST_PRETRAIN,
  LIST_RETRIEVAL_TRAIN,
  LIST_RETRIEVAL_TEST,
  LIST_GROUNDING_TRAIN,
  LIST_VQA_TRAIN,
  LIST_VQA_TEST,
  LIST_VE_TRAIN,
  LIST_VE_TEST,
  LIST_NLVR_TRAIN,
  LIST_NLVR_TEST,
  N_LISTS
};

static const char *const list_names[N_LISTS]
    = { "scenes.json",         "scenes_heldout.json",  "pretrain.json",   "retrieval_train.json",
        "retrieval_test.json", "grounding_train.json", "vqa_train.json",  "vqa_test.json",
        "ve_train.json",       "ve_test.json",         "nlvr_train.json", "nlvr_test.json" };

typedef struct
{
  const SceneSource *source;
  const SceneFilesOptions *options;
  const char *folder;
  AtomicFile *lists[N_LISTS];
  int64_t counts[N_LISTS];
  char *manifest; /* all lines but the first */
  size_t manifest_length, manifest_room;
  json_t *answers; /* set of all answers */
  AlbefError *error;
} Writer;

/* ---------------------------------------------------------------------------------------------------
 * Files
 */

/* Adds a record, which is released. */
static AlbefStatus
list_add (Writer *writer, int list, json_t *record)
{
  char *path, *text = record != NULL ? json_dumps (record, JSON_COMPACT) : NULL;
  AlbefStatus status = ALBEF_OK;

  json_decref (record);
  if (text == NULL)
    return error_set (writer->error, ALBEF_ERROR_MEMORY, "no memory for a record of '%s'", list_names[list]);
  if (writer->lists[list] == NULL)
    {
      path = mem_printf ("%s/%s", writer->folder, list_names[list]);
      status = atomic_file_open (path, &writer->lists[list], writer->error);
      free (path);
    }
  if (status == ALBEF_OK)
    status = atomic_file_write (writer->lists[list], writer->counts[list]++ > 0 ? ",\n" : "[\n", 2, writer->error);
  if (status == ALBEF_OK)
    status = atomic_file_write (writer->lists[list], text, strlen (text), writer->error);
  free (text);
  return status;
}

static AlbefStatus
manifest_add (Writer *writer, json_t *record)
{
  char *text = record != NULL ? json_dumps (record, JSON_COMPACT) : NULL;
  size_t length;

  json_decref (record);
  if (text == NULL)
    return error_set (writer->error, ALBEF_ERROR_MEMORY, "no memory for a record of the manifest");
  length = strlen (text);
  if (writer->manifest_length + length + 1 > writer->manifest_room)
    {
      writer->manifest_room = 2 * writer->manifest_room + length + 1024;
      writer->manifest = mem_resize (writer->manifest, writer->manifest_room, 1);
    }
  memcpy (writer->manifest + writer->manifest_length, text, length);
  writer->manifest[writer->manifest_length + length] = '\n';
  writer->manifest_length += length + 1;
  free (text);
  return ALBEF_OK;
}

static AlbefStatus
write_whole (Writer *writer, const char *name, const char *first, const char *text, size_t length)
{
  char *path = mem_printf ("%s/%s", writer->folder, name);
  AtomicFile *file = NULL;
  AlbefStatus status = atomic_file_open (path, &file, writer->error);

  if (status == ALBEF_OK)
    status = atomic_file_write (file, first, strlen (first), writer->error);
  if (status == ALBEF_OK)
    status = atomic_file_write (file, text, length, writer->error);
  if (status == ALBEF_OK)
    status = atomic_file_commit (file, writer->error);
  else
    atomic_file_discard (file);
  free (path);
  return status;
}

/* A picture without waiting for the disk: there are many, and the lists that name them are synced last. */
static AlbefStatus
write_picture (const Writer *writer, const char *name, const Scene *scene)
{
  char *path = mem_printf ("%s/%s", writer->folder, name);
  uint8_t *bytes = NULL;
  size_t length = 0;
  AlbefStatus status;

  if (writer->options->png)
    status = albef_png_write (path, scene->pixels, scene->size, scene->size, 3, NULL, 0, writer->error);
  else
    {
      status = jpeg_encode (scene->pixels, scene->size, scene->size, QUALITY, &bytes, &length, writer->error);
      if (status == ALBEF_OK)
        {
          FILE *file = fopen (path, "wb");
          bool written = file != NULL && fwrite (bytes, 1, length, file) == length;
          bool closed = file != NULL && fclose (file) == 0;

          if (!written || !closed)
            {
              status = error_set_errno (writer->error, ALBEF_ERROR_FILE, "cannot write '%s'", path);
              unlink (path);
            }
        }
      free (bytes);
    }
  free (path);
  return status;
}

static AlbefStatus
make_folder (Writer *writer, const char *name)
{
  char *path = mem_printf ("%s%s", writer->folder, name);
  AlbefStatus status = ALBEF_OK;

  if (mkdir (path, 0777) != 0 && errno != EEXIST)
    status = error_set_errno (writer->error, ALBEF_ERROR_FILE, "cannot make the folder '%s'", path);
  free (path);
  return status;
}

/* ---------------------------------------------------------------------------------------------------
 * Records
 */

static json_t *
box_json (const int box[4])
{
  return json_pack ("[i, i, i, i]", box[0], box[1], box[2], box[3]);
}

static json_t *
text_part (const char *text, int start, int end)
{
  return json_stringn (text + start, (size_t) (end - start));
}

static json_t *
scene_json (const Writer *writer, const Scene *scene, const char *image)
{
  static const char *const kinds[] = { "noun", "colour", "relation" };
  json_t *phrases = json_array ();

  for (int p = 0; p < scene->n_phrases; p++)
    {
      const ScenePhrase *phrase = &scene->phrases[p];
      json_t *boxes = json_array ();

      for (int b = 0; b < phrase->n_boxes; b++)
        json_array_append_new (boxes, box_json (phrase->boxes[b]));
      json_array_append_new (phrases,
                             json_pack ("{s:i, s:i, s:o, s:i, s:i, s:o}", "start", phrase->start, "end", phrase->end,
                                        "text", text_part (scene->caption, phrase->start, phrase->end), "noun_start",
                                        phrase->noun_start, "noun_end", phrase->noun_end, "boxes", boxes));
    }
  return json_pack ("{s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:o}", "image", image, "group",
                    writer->options->group != NULL ? writer->options->group : "scenes", "width", scene->size, "height",
                    scene->size, "caption", scene->caption, "foil", scene->foil, "foil_kind", kinds[scene->foil_kind],
                    "phrases", phrases);
}

static json_t *
manifest_json (const Scene *scene, const char *image, int64_t id, const ScenePhrase *phrase, bool held_out)
{
  json_t *regions = json_array ();
  json_t *text = phrase != NULL ? text_part (scene->caption, phrase->start, phrase->end) : json_string (scene->caption);

  for (int b = 0; phrase != NULL && b < phrase->n_boxes; b++)
    json_array_append_new (regions, json_pack ("{s:s, s:o, s:s, s:n}", "kind", "box", "box",
                                               box_json (phrase->boxes[b]), "origin", "import", "score"));
  return json_pack ("{s:s, s:i, s:i, s:i, s:I, s:o, s:s, s:o, s:o, s:o, s:n, s:s, s:i}", "image", image, "width",
                    scene->size, "height", scene->size, "orientation", 1, "image_id", (json_int_t) id, "text", text,
                    "caption", scene->caption, "start", phrase != NULL ? json_integer (phrase->start) : json_null (),
                    "end", phrase != NULL ? json_integer (phrase->end) : json_null (), "regions", regions, "verdict",
                    "split", held_out ? "heldout" : "train", "weight", 1);
}

static AlbefStatus
add_manifest (Writer *writer, const Scene *scene, const char *image, int64_t id, bool held_out)
{
  AlbefStatus status = manifest_add (writer, manifest_json (scene, image, id, NULL, held_out));

  for (int p = 0; p < scene->n_phrases && status == ALBEF_OK; p++)
    status = manifest_add (writer, manifest_json (scene, image, id, &scene->phrases[p], held_out));
  return status;
}

static AlbefStatus
add_pairs (Writer *writer, const Scene *scene, const char *image, int64_t id, bool held_out)
{
  AlbefStatus status;

  if (held_out)
    return list_add (writer, LIST_RETRIEVAL_TEST,
                     json_pack ("{s:s, s:[s]}", "image", image, "caption", scene->caption));
  status = list_add (writer, LIST_PRETRAIN, json_pack ("{s:s, s:s}", "image", image, "caption", scene->caption));
  if (status == ALBEF_OK)
    status = list_add (
        writer, LIST_RETRIEVAL_TRAIN,
        json_pack ("{s:s, s:s, s:I}", "image", image, "caption", scene->caption, "image_id", (json_int_t) id));
  for (int p = 0; p < scene->n_phrases && status == ALBEF_OK; p++)
    status = list_add (writer, LIST_GROUNDING_TRAIN,
                       json_pack ("{s:s, s:o}", "image", image, "text",
                                  text_part (scene->caption, scene->phrases[p].start, scene->phrases[p].end)));
  return status;
}

static AlbefStatus
add_question (Writer *writer, const Scene *scene, const char *image, int64_t id, bool held_out)
{
  SceneQuestion question;

  scene_question (writer->source, scene, writer->options->seed, (uint64_t) id, &question);
  json_object_set_new (writer->answers, question.answer, json_true ());
  return list_add (writer, held_out ? LIST_VQA_TEST : LIST_VQA_TRAIN,
                   json_pack ("{s:s, s:s, s:s, s:[s], s:I}", "dataset", "vqa", "image", image, "question",
                              question.text, "answer", question.answer, "question_id", (json_int_t) id));
}

static AlbefStatus
add_statements (Writer *writer, const Scene *scene, const char *image, int64_t id, bool held_out)
{
  static const char *const labels[] = { "contradiction", "neutral", "entailment" };
  size_t stem = strlen (image) - 4; /* without ".jpg" */
  AlbefStatus status = ALBEF_OK;

  for (int v = 0; v < 3 && status == ALBEF_OK; v++)
    {
      char text[SCENE_MAX_TEXT];

      scene_statement (writer->source, scene, writer->options->seed, (uint64_t) id, (SceneVerdict) v, text);
      status = list_add (
          writer, held_out ? LIST_VE_TEST : LIST_VE_TRAIN,
          json_pack ("{s:o, s:s, s:s}", "image", json_stringn (image, stem), "sentence", text, "label", labels[v]));
    }
  return status;
}

static AlbefStatus
write_pair (Writer *writer, int64_t id, bool held_out, Scene *left, Scene *right)
{
  const char *ending = writer->options->png ? "png" : "jpg";
  char names[2][64], text[SCENE_MAX_TEXT];
  AlbefStatus status;

  scene_pair (writer->source, writer->options->seed, (uint64_t) id, left, right);
  for (int i = 0; i < 2; i++)
    snprintf (names[i], sizeof names[i], "pairs/%07lld-img%d.%s", (long long) id, i, ending);
  status = write_picture (writer, names[0], left);
  if (status == ALBEF_OK)
    status = write_picture (writer, names[1], right);
  /* The same two pictures with a true and with a false statement. */
  for (int truth = 0; truth < 2 && status == ALBEF_OK; truth++)
    {
      scene_pair_statement (writer->source, left, right, writer->options->seed, 2 * (uint64_t) id + (uint64_t) truth,
                            truth, text);
      status = list_add (writer, held_out ? LIST_NLVR_TEST : LIST_NLVR_TRAIN,
                         json_pack ("{s:[s, s], s:s, s:s}", "images", names[0], names[1], "sentence", text, "label",
                                    truth ? "True" : "False"));
    }
  return status;
}

/* ---------------------------------------------------------------------------------------------------
 * The folder
 */

static AlbefStatus
write_scene (Writer *writer, int64_t id, bool held_out, Scene *scene)
{
  const SceneFilesOptions *o = writer->options;
  AlbefStatus status;
  char image[64];

  scene_compose (writer->source, o->seed, (uint64_t) id, scene);
  snprintf (image, sizeof image, "images/%07lld.%s", (long long) id, o->png ? "png" : "jpg");
  status = write_picture (writer, image, scene);
  if (status == ALBEF_OK)
    status = list_add (writer, held_out ? LIST_SCENES_HELD_OUT : LIST_SCENES, scene_json (writer, scene, image));
  if (status == ALBEF_OK)
    status = add_manifest (writer, scene, image, id, held_out);
  if (status == ALBEF_OK)
    status = add_pairs (writer, scene, image, id, held_out);
  if (status == ALBEF_OK && o->vqa)
    status = add_question (writer, scene, image, id, held_out);
  if (status == ALBEF_OK && o->ve)
    status = add_statements (writer, scene, image, id, held_out);
  return status;
}

static AlbefStatus
write_tables (Writer *writer)
{
  char *vocabulary = scene_source_vocabulary (writer->source), *nouns = mem_strdup (""), *first, hex[SHA256_HEX_SIZE];
  json_t *answers = json_array ();
  const char *answer;
  uint8_t digest[32];
  json_t *value;
  Sha256 sha;
  AlbefStatus status = write_whole (writer, "vocab.txt", "", vocabulary, strlen (vocabulary));

  for (int i = 0; i < scene_source_n_nouns (writer->source); i++)
    {
      char *longer = mem_printf ("%s%s\n", nouns, scene_source_noun (writer->source, i));

      free (nouns);
      nouns = longer;
    }
  if (status == ALBEF_OK)
    status = write_whole (writer, "nouns.txt", "", nouns, strlen (nouns));
  sha256_init (&sha);
  sha256_update (&sha, writer->manifest, writer->manifest_length);
  sha256_final (&sha, digest);
  for (int i = 0; i < 32; i++)
    snprintf (hex + 2 * i, 3, "%02x", digest[i]);
  first = mem_printf ("{\"alidade-manifest\": 1, \"set\": \"scenes\", \"hash\": \"%s\"}\n", hex);
  if (status == ALBEF_OK)
    status = write_whole (writer, "manifest.jsonl", first, writer->manifest, writer->manifest_length);
  json_object_foreach (writer->answers, answer, value) json_array_append_new (answers, json_string (answer));
  if (status == ALBEF_OK && writer->options->vqa)
    {
      char *text = json_dumps (answers, 0);

      status = text != NULL ? write_whole (writer, "answer_list.json", "", text, strlen (text))
                            : error_set (writer->error, ALBEF_ERROR_MEMORY, "no memory for the answers");
      free (text);
    }
  json_decref (answers);
  free (first);
  free (nouns);
  free (vocabulary);
  return status;
}

/* Ends the lists, scenes.json last: where it lies, all is there. */
static AlbefStatus
finish_lists (Writer *writer, AlbefStatus status)
{
  for (int l = N_LISTS - 1; l >= 0; l--)
    {
      AtomicFile *file = writer->lists[l];

      if (file == NULL)
        continue;
      if (status == ALBEF_OK)
        status = atomic_file_write (file, "\n]\n", 3, writer->error);
      if (status == ALBEF_OK)
        status = atomic_file_commit (file, writer->error);
      else
        atomic_file_discard (file);
    }
  return status;
}

static AlbefStatus
write_all (Writer *writer, AlbefProgress progress, void *progress_data)
{
  const SceneFilesOptions *o = writer->options;
  size_t bytes = (size_t) scene_source_size (writer->source) * (size_t) scene_source_size (writer->source) * 3;
  Scene left = { .pixels = mem_new0 (bytes, 1) }, right = { .pixels = mem_new0 (bytes, 1) };
  int64_t n = o->n + o->n_held_out;
  AlbefStatus status = ALBEF_OK;

  for (int64_t id = 0; id < n && status == ALBEF_OK; id++)
    {
      if (progress != NULL && !progress (progress_data, "scenes", (uint64_t) id, (uint64_t) n))
        status = error_set (writer->error, ALBEF_CANCELLED, "cancelled");
      if (status == ALBEF_OK)
        status = write_scene (writer, id, id >= o->n, &left);
      if (status == ALBEF_OK && o->nlvr)
        status = write_pair (writer, id, id >= o->n, &left, &right);
    }
  free (left.pixels);
  free (right.pixels);
  return status;
}

AlbefStatus
scenes_write (const SceneSource *source, const char *folder, const SceneFilesOptions *options, AlbefProgress progress,
              void *progress_data, AlbefError *error)
{
  Writer writer = { .source = source, .options = options, .folder = folder, .error = error };
  char *marker = mem_printf ("%s/scenes.json", folder);
  AlbefStatus status = ALBEF_OK;

  if (options->n < 1 || options->n_held_out < 0 || options->n + options->n_held_out > 9999999)
    status = error_set (error, ALBEF_ERROR_ARGUMENT, "1 to 9,999,999 scenes, not %lld",
                        (long long) (options->n + options->n_held_out));
  else if (options->ve && options->png)
    status = error_set (error, ALBEF_ERROR_ARGUMENT, "lists for entailment need JPEG pictures");
  else if (access (marker, F_OK) == 0)
    status = error_set (error, ALBEF_ERROR_ARGUMENT, "'%s' is there already; name a new folder", marker);
  free (marker);
  if (status == ALBEF_OK)
    status = make_folder (&writer, "");
  if (status == ALBEF_OK)
    status = make_folder (&writer, "/images");
  if (status == ALBEF_OK && options->nlvr)
    status = make_folder (&writer, "/pairs");
  if (status != ALBEF_OK)
    return status;
  writer.answers = json_object ();
  writer.manifest = mem_new0 (1, 1);
  writer.manifest_room = 1;
  status = write_all (&writer, progress, progress_data);
  if (status == ALBEF_OK)
    status = write_tables (&writer);
  status = finish_lists (&writer, status);
  json_decref (writer.answers);
  free (writer.manifest);
  return status;
}
