/* SPDX-License-Identifier: MIT */
#include "pointing-manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "mapped-file.h"

enum
{
  MAX_LINE = 16 << 20
};

bool
pointing_is_manifest (const char *path)
{
  MappedFile file = { 0 };
  static const char mark[] = "{\"alidade-manifest\"";
  bool is;

  if (mapped_file_open (path, &file, NULL) != ALBEF_OK)
    return false;
  is = file.size >= sizeof mark && memcmp (file.data, mark, sizeof mark - 1) == 0;
  mapped_file_close (&file);
  return is;
}

/* Code points of valid UTF-8. */
static json_int_t
count_points (const char *text)
{
  json_int_t n = 0;

  for (; *text != 0; text++)
    n += ((unsigned char) *text & 0xc0) != 0x80;
  return n;
}

static bool
is_text (const json_t *record, const char *key, const char *wanted)
{
  const char *text = json_string_value (json_object_get (record, key));

  return text != NULL && strcmp (text, wanted) == 0;
}

/* Boxes of the regions that are labels; the caller's. */
static json_t *
boxes_of (const json_t *record)
{
  json_t *boxes = json_array (), *region;
  size_t i;

  if (is_text (record, "verdict", "rejected") || is_text (record, "verdict", "absent")
      || is_text (record, "verdict", "unsure"))
    return boxes;
  json_array_foreach (json_object_get (record, "regions"), i, region)
  {
    json_t *box = json_object_get (region, "box");

    if (!json_is_false (json_object_get (region, "label")) && json_array_size (box) == 4)
      json_array_append (boxes, box);
  }
  return boxes;
}

typedef struct
{
  json_t *scenes;   /* the list */
  json_t *by_text;  /* "image\ncaption": scene, borrowed there */
  json_t *by_image; /* its first scene */
  json_t *foils;    /* "image": text */
} Building;

static json_t *
scene_of (Building *b, const char *image, const char *caption)
{
  char *key = mem_printf ("%s\n%s", image, caption);
  json_t *scene = json_object_get (b->by_text, key);

  if (scene == NULL)
    {
      scene = json_pack ("{s:s, s:s, s:[]}", "image", image, "caption", caption, "phrases");
      json_array_append_new (b->scenes, scene);
      json_object_set (b->by_text, key, scene);
      if (json_object_get (b->by_image, image) == NULL)
        json_object_set (b->by_image, image, scene);
    }
  free (key);
  return scene;
}

static void
take_record (Building *b, const json_t *record)
{
  const char *image = json_string_value (json_object_get (record, "image"));
  const char *text = json_string_value (json_object_get (record, "text"));
  const char *caption = json_string_value (json_object_get (record, "caption"));
  const json_t *start = json_object_get (record, "start"), *end = json_object_get (record, "end");
  bool within = caption != NULL && json_is_integer (start) && json_is_integer (end);
  json_t *boxes;

  if (text == NULL)
    return;
  if (is_text (record, "verdict", "absent"))
    {
      if (json_object_get (b->foils, image) == NULL)
        json_object_set_new (b->foils, image, json_string (text));
      return;
    }
  boxes = boxes_of (record);
  if (json_array_size (boxes) > 0)
    {
      json_t *scene = scene_of (b, image, within ? caption : text);

      json_array_append_new (json_object_get (scene, "phrases"),
                             json_pack ("{s:I, s:I, s:O}", "start", within ? json_integer_value (start) : 0, "end",
                                        within ? json_integer_value (end) : count_points (text), "boxes", boxes));
    }
  json_decref (boxes);
}

/* Reads every line; with `held_out` those records alone. *any tells whether there are such. */
static AlbefStatus
read_lines (const MappedFile *file, bool held_out, Building *b, bool *any, AlbefError *error)
{
  const char *at = (const char *) file->data, *end = at + file->size;

  for (int number = 1; at < end; number++)
    {
      const char *stop = memchr (at, '\n', (size_t) (end - at));
      size_t length = (size_t) ((stop != NULL ? stop : end) - at);
      json_t *record;
      bool held;

      if (length > MAX_LINE)
        return error_set (error, ALBEF_ERROR_FORMAT, "'%s' line %d is longer than %d MB", file->path, number,
                          MAX_LINE >> 20);
      record = number > 1 && length > 0 ? json_loadb (at, length, JSON_ALLOW_NUL, NULL) : NULL;
      if (number > 1 && length > 0 && json_string_value (json_object_get (record, "image")) == NULL)
        {
          json_decref (record);
          return error_set (error, ALBEF_ERROR_FORMAT, "'%s' line %d is no record with an 'image'", file->path, number);
        }
      held = record != NULL && is_text (record, "split", "heldout");
      *any = *any || held;
      if (record != NULL && (held || !held_out) && b != NULL)
        take_record (b, record);
      json_decref (record);
      at = stop != NULL ? stop + 1 : end;
    }
  return ALBEF_OK;
}

AlbefStatus
pointing_manifest_scenes (const char *path, json_t **scenes, AlbefError *error)
{
  Building b = { json_array (), json_object (), json_object (), json_object () };
  MappedFile file = { 0 };
  const char *image;
  json_t *foil;
  bool any = false;
  AlbefStatus status = mapped_file_open (path, &file, error);

  if (status == ALBEF_OK)
    status = read_lines (&file, false, NULL, &any, error);
  if (status == ALBEF_OK)
    status = read_lines (&file, any, &b, &any, error);
  json_object_foreach (b.foils, image, foil)
  {
    json_t *scene = json_object_get (b.by_image, image);

    if (scene != NULL)
      json_object_set (scene, "foil", foil);
  }
  mapped_file_close (&file);
  json_decref (b.by_text);
  json_decref (b.by_image);
  json_decref (b.foils);
  *scenes = b.scenes;
  if (status == ALBEF_OK && json_array_size (b.scenes) == 0)
    status = error_set (error, ALBEF_ERROR_FORMAT, "'%s' holds no phrase with a labelled region to point at", path);
  if (status != ALBEF_OK)
    {
      json_decref (b.scenes);
      *scenes = NULL;
    }
  return status;
}
