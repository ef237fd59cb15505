/* SPDX-License-Identifier: MIT
 * library-sets.c: sets of names, each kept once and known by a number; and rows found by their ids. */
#include "library-index-private.h"

#include <string.h>

/* Sets of names --------------------------------------------------------------------------------------------------- */

void
library_sets_init (LibrarySets *sets)
{
  sets->sets = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  sets->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_ptr_array_add (sets->sets, g_new0 (char *, 1));
  g_hash_table_insert (sets->known, g_strdup (""), GUINT_TO_POINTER (1));
}

void
library_sets_clear (LibrarySets *sets)
{
  g_ptr_array_unref (sets->sets);
  g_hash_table_unref (sets->known);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* `names` is sorted in place. More sets than a row can name: the rest share the last one, which has all their names. */
guint16
library_sets_put (LibrarySets *sets, GPtrArray *names)
{
  g_autoptr (GString) key = g_string_new (NULL);
  g_autoptr (GPtrArray) set = g_ptr_array_new ();
  gpointer known;
  const char *last = NULL;

  if (names->len == 0)
    return 0;
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    if (last == NULL || strcmp (last, names->pdata[i]) != 0)
      {
        last = names->pdata[i];
        g_string_append (key, last);
        g_string_append_c (key, '\n');
        g_ptr_array_add (set, (gpointer) last);
      }
  known = g_hash_table_lookup (sets->known, key->str);
  if (known != NULL)
    return GPOINTER_TO_UINT (known) - 1;
  if (sets->sets->len == G_MAXUINT16)
    {
      char **all = sets->sets->pdata[G_MAXUINT16 - 1];

      for (guint i = 0; i < set->len; i++)
        if (!g_strv_contains ((const char *const *) all, set->pdata[i]))
          {
            guint n = g_strv_length (all);

            all = g_renew (char *, all, n + 2);
            all[n] = g_strdup (set->pdata[i]);
            all[n + 1] = NULL;
          }
      sets->sets->pdata[G_MAXUINT16 - 1] = all;
      return G_MAXUINT16 - 1;
    }
  g_ptr_array_add (set, NULL);
  g_ptr_array_add (sets->sets, g_strdupv ((char **) set->pdata));
  g_hash_table_insert (sets->known, g_string_free (g_steal_pointer (&key), FALSE), GUINT_TO_POINTER (sets->sets->len));
  return sets->sets->len - 1;
}

char **
library_sets_names (LibraryIndex *index, LibrarySets *sets)
{
  g_autoptr (GHashTable) all = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;
  char **copy;

  g_rw_lock_reader_lock (&index->lock);
  for (guint i = 0; i < sets->sets->len; i++)
    for (char **each = sets->sets->pdata[i]; *each != NULL; each++)
      g_hash_table_add (all, *each);
  g_hash_table_iter_init (&iter, all);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, name);
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  copy = g_strdupv ((char **) names->pdata);
  g_rw_lock_reader_unlock (&index->lock);
  return copy;
}

/* Rows by their ids ------------------------------------------------------------------------------------------------ */

static gint64
row_of (const char *data, gsize size, guint n_sorted, GHashTable *stray, gint64 id)
{
  guint low = 0, high = n_sorted;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      gint64 here = *(const gint64 *) (data + middle * size);

      if (here == id)
        return middle;
      if (here < id)
        low = middle + 1;
      else
        high = middle;
    }
  return (gint64) GPOINTER_TO_UINT (g_hash_table_lookup (stray, &id)) - 1;
}

gint64
library_image_row (LibraryIndex *index, gint64 id)
{
  return row_of (index->images->data, sizeof (LibraryImageRow), index->n_images_sorted, index->stray_images, id);
}

gint64
library_phrase_row (LibraryIndex *index, gint64 id)
{
  return row_of (index->ids->data, sizeof (gint64), index->n_phrases_sorted, index->stray_phrases, id);
}

/* A new row, the last one of `n`: in order, or by the hash table. */
void
library_note_row (guint *n_sorted, guint n, gint64 before, GHashTable *stray, gint64 id)
{
  if (*n_sorted == n - 1 && (n == 1 || before < id))
    *n_sorted = n;
  else
    g_hash_table_insert (stray, g_memdup2 (&id, sizeof id), GUINT_TO_POINTER (n));
}
