/* SPDX-License-Identifier: MIT
 * formats.c: the list of formats, and which one a source looks like. */
#include "formats.h"

#include <stdio.h>
#include <string.h>

#define HEAD_BYTES 65536

/* Guessed in this order; `folder` takes any folder and stands last. */
static const Format *const formats[] = {
  &format_manifest,
  &format_coco,
  &format_coco_captions,
  &format_coco_results,
  &format_refcoco,
  &format_flickr30k_entities,
  &format_visual_genome,
  &format_label_studio,
  &format_albef,
  &format_amc,
  &format_odvg,
  &format_cvat,
  &format_labelme,
  &format_x_anylabeling,
  &format_voc,
  &format_yolo,
  &format_folder,
  NULL,
};

const Format *const *
format_all (void)
{
  return formats;
}

const Format *
format_find (const char *name)
{
  for (guint i = 0; formats[i] != NULL; i++)
    if (g_strcmp0 (formats[i]->name, name) == 0)
      return formats[i];
  return NULL;
}

const Format *
format_guess (const char *source, GError **error)
{
  gboolean folder = g_file_test (source, G_FILE_TEST_IS_DIR);
  g_autofree char *head = g_malloc0 (HEAD_BYTES + 1);
  const char *text;
  FILE *file;

  if (!g_file_test (source, G_FILE_TEST_EXISTS))
    {
      project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no %s.", source);
      return NULL;
    }
  if (!folder && (file = fopen (source, "re")) != NULL)
    {
      gsize n = fread (head, 1, HEAD_BYTES, file);

      head[n] = '\0';
      fclose (file);
    }
  text = head + (g_str_has_prefix (head, "\xef\xbb\xbf") ? 3 : 0);
  while (g_ascii_isspace (*text))
    text++;
  for (guint i = 0; formats[i] != NULL; i++)
    if (formats[i]->guess != NULL && !formats[i]->named_only && formats[i]->guess (source, folder, text))
      return formats[i];
  project_fail (error, PROJECT_ERROR_USAGE, "%s looks like no format that is known; name it with --format.", source);
  return NULL;
}
