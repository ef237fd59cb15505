/* SPDX-License-Identifier: MIT */
#include "image-finder.h"

#include <dirent.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_LIMIT 32
#define FILES_LIMIT 4000000

struct ImageFinder
{
  char *folder;
  GPtrArray *all;          /* NULL until it is walked */
  GHashTable *by_relative; /* NFC of the relative path -> index + 1, or 0 when there are two */
  GHashTable *by_base;     /* NFC of the base name */
  GHashTable *by_stem;     /* and without its extension */
};

gboolean
image_name_is_picture (const char *name)
{
  static const char *const endings[] = { "jpg", "jpeg", "jpe", "png", "webp" };
  const char *dot = strrchr (name, '.');

  for (guint i = 0; dot != NULL && i < G_N_ELEMENTS (endings); i++)
    if (g_ascii_strcasecmp (dot + 1, endings[i]) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
is_wanted (const char *name, const char *ending)
{
  gsize length = strlen (name), wanted;

  if (ending == NULL)
    return image_name_is_picture (name);
  wanted = strlen (ending);
  return length > wanted && g_ascii_strcasecmp (name + length - wanted, ending) == 0;
}

/* Folders reached twice by links end by their depth. */
static void
walk (const char *folder, const char *ending, guint depth, GHashTable *entered, GPtrArray *files)
{
  DIR *dir = opendir (folder);
  const struct dirent *entry;
  struct stat status;

  if (dir == NULL)
    return;
  if (fstat (dirfd (dir), &status) == 0)
    {
      char *key = g_strdup_printf ("%ju:%ju", (uintmax_t) status.st_dev, (uintmax_t) status.st_ino);

      if (!g_hash_table_add (entered, key))
        {
          closedir (dir);
          return;
        }
    }
  while ((entry = readdir (dir)) != NULL && files->len < FILES_LIMIT)
    {
      g_autofree char *path = NULL;
      unsigned char type = entry->d_type;

      if (entry->d_name[0] == '.')
        continue;
      path = g_build_filename (folder, entry->d_name, NULL);
      if (type == DT_UNKNOWN || type == DT_LNK)
        type = stat (path, &status) != 0 ? DT_UNKNOWN : S_ISDIR (status.st_mode) ? DT_DIR : S_ISREG (status.st_mode) ? DT_REG
                                                                                                                     : DT_UNKNOWN;
      if (type == DT_DIR && depth < DEPTH_LIMIT)
        walk (path, ending, depth + 1, entered, files);
      else if (type == DT_REG && is_wanted (entry->d_name, ending))
        g_ptr_array_add (files, g_steal_pointer (&path));
    }
  closedir (dir);
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

GPtrArray *
files_below (const char *folder, const char *ending)
{
  GPtrArray *files = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) entered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  walk (folder, ending, 0, entered, files);
  g_ptr_array_sort (files, compare_paths);
  return files;
}

ImageFinder *
image_finder_new (const char *folder)
{
  ImageFinder *finder = g_new0 (ImageFinder, 1);

  finder->folder = g_canonicalize_filename (folder, NULL);
  return finder;
}

void
image_finder_free (ImageFinder *finder)
{
  if (finder == NULL)
    return;
  g_clear_pointer (&finder->all, g_ptr_array_unref);
  g_clear_pointer (&finder->by_relative, g_hash_table_unref);
  g_clear_pointer (&finder->by_base, g_hash_table_unref);
  g_clear_pointer (&finder->by_stem, g_hash_table_unref);
  g_free (finder->folder);
  g_free (finder);
}

const char *
image_finder_folder (const ImageFinder *finder)
{
  return finder->folder;
}

/* The key under which names that look the same are the same; ill-formed names are their own. */
static char *
name_key (const char *name)
{
  char *key = g_utf8_normalize (name, -1, G_NORMALIZE_DEFAULT_COMPOSE);

  return key != NULL ? key : g_strdup (name);
}

static void
index_add (GHashTable *index, char *key, guint i)
{
  if (g_hash_table_contains (index, key))
    g_hash_table_replace (index, key, GUINT_TO_POINTER (0));
  else
    g_hash_table_insert (index, key, GUINT_TO_POINTER (i + 1));
}

static void
index_all (ImageFinder *finder)
{
  if (finder->by_base != NULL)
    return;
  image_finder_all (finder);
  finder->by_relative = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  finder->by_base = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  finder->by_stem = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < finder->all->len; i++)
    {
      const char *path = finder->all->pdata[i];
      g_autofree char *base = g_path_get_basename (path);
      char *stem = name_key (base);

      index_add (finder->by_relative, name_key (path + strlen (finder->folder) + (finder->folder[1] != '\0' ? 1 : 0)), i);
      index_add (finder->by_base, name_key (base), i);
      *strrchr (stem, '.') = '\0';
      index_add (finder->by_stem, stem, i);
    }
}

const GPtrArray *
image_finder_all (ImageFinder *finder)
{
  if (finder->all == NULL)
    finder->all = files_below (finder->folder, NULL);
  return finder->all;
}

static Found
look_up (ImageFinder *finder, GHashTable *index, const char *name, char **path)
{
  g_autofree char *key = name_key (name);
  gpointer value;

  if (!g_hash_table_lookup_extended (index, key, NULL, &value))
    return FOUND_NOTHING;
  if (value == NULL)
    return FOUND_SEVERAL;
  *path = g_strdup (finder->all->pdata[GPOINTER_TO_UINT (value) - 1]);
  return FOUND_ONE;
}

Found
image_finder_find (ImageFinder *finder, const char *name, char **path)
{
  g_autofree char *exact = g_canonicalize_filename (name, finder->folder);
  g_autofree char *base = NULL;
  Found found;

  *path = NULL;
  if (*name == '\0')
    return FOUND_NOTHING;
  if (g_file_test (exact, G_FILE_TEST_IS_REGULAR))
    {
      *path = g_steal_pointer (&exact);
      return FOUND_ONE;
    }
  index_all (finder);
  found = look_up (finder, finder->by_relative, name, path);
  if (found != FOUND_NOTHING)
    return found;
  base = g_path_get_basename (name);
  return look_up (finder, finder->by_base, base, path);
}

Found
image_finder_find_stem (ImageFinder *finder, const char *stem, char **path)
{
  *path = NULL;
  index_all (finder);
  return look_up (finder, finder->by_stem, stem, path);
}
