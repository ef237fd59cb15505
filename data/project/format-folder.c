/* SPDX-License-Identifier: MIT
 * format-folder.c: a folder of pictures without any annotation. */
#include "formats.h"

#include "image-finder.h"

#include <string.h>

static gboolean
folder_guess (const char *source, gboolean folder, const char *head)
{
  return folder;
}

static gboolean
folder_read (Import *import, const char *source, GError **error)
{
  const char *const *pictures = import_pictures (import);
  g_autoptr (GPtrArray) all = pictures != NULL ? g_ptr_array_new () : files_below (source, NULL);
  GError *local = NULL;

  if (!g_file_test (source, G_FILE_TEST_IS_DIR))
    return project_fail (error, PROJECT_ERROR_USAGE, "%s is no folder", source);
  for (guint i = 0; pictures != NULL && pictures[i] != NULL; i++)
    if (g_str_has_prefix (pictures[i], source) && pictures[i][strlen (source)] == '/')
      g_ptr_array_add (all, (gpointer) pictures[i]);
  for (guint i = 0; i < all->len; i++)
    {
      const char *path = all->pdata[i];
      const ImportImage image = { .name = path + strlen (source) + 1, .beside = path };

      if (import_image (import, path, &image, &local) == 0 && local != NULL)
        {
          g_propagate_error (error, local);
          return FALSE;
        }
    }
  return TRUE;
}

const Format format_folder = {
  .name = "folder",
  .folder = TRUE,
  .guess = folder_guess,
  .read = folder_read,
};
