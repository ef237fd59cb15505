/* SPDX-License-Identifier: MIT
 * import-coco.c: what COCO files imported before said, for results that name their ids. */
#include "import-private.h"

static gboolean
load_coco (Import *import, GError **error)
{
  sqlite3_stmt *rows;
  int code;

  if (import->coco_images != NULL)
    return TRUE;
  import->coco_images = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  import->coco_categories = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  rows = database_statement (import->db, IMAGE_COCO_IDS, error);
  if (rows == NULL)
    return FALSE;
  while ((code = database_step (import->db, rows, error)) == SQLITE_ROW)
    g_hash_table_replace (import->coco_images, g_strdup (column_text (rows, 1)), import_id_new (column_id (rows, 0)));
  database_rows_end (rows);
  if (code != SQLITE_DONE || (rows = database_statement (import->db, ENTRY_COCO_CATEGORIES, error)) == NULL)
    return FALSE;
  while ((code = database_step (import->db, rows, error)) == SQLITE_ROW)
    {
      g_autoptr (json_t) settings = json_loads (column_text (rows, 0), 0, NULL);
      const json_t *categories = json_object_get (settings, "categories");

      for (gsize i = 0; i < json_array_size (categories); i++)
        {
          const json_t *category = json_array_get (categories, i);
          char *id = json_id_text (json_object_get (category, "id"));

          if (id != NULL && json_text (category, "name") != NULL)
            g_hash_table_replace (import->coco_categories, id, g_strdup (json_text (category, "name")));
          else
            g_free (id);
        }
    }
  database_rows_end (rows);
  return code == SQLITE_DONE;
}

/* Also fills what coordinates need, as import_image() does. */
gint64
import_coco_image (Import *import, const char *id, GError **error)
{
  const gint64 *image;
  sqlite3_stmt *rows;
  ImageFacts facts = { .orientation = 1 };
  int code;

  if (!load_coco (import, error))
    return 0;
  image = id != NULL ? g_hash_table_lookup (import->coco_images, id) : NULL;
  if (image == NULL || g_hash_table_contains (import->facts, image))
    return image != NULL ? *image : 0;
  rows = database_bind (import->db, IMAGE_GET, error, "i", *image);
  if (rows == NULL)
    return 0;
  code = database_step (import->db, rows, error);
  if (code == SQLITE_ROW)
    {
      g_autoptr (json_t) extra = json_loads (column_text (rows, 7) != NULL ? column_text (rows, 7) : "{}", 0, NULL);
      const json_t *coco = json_object_get (extra, "coco");
      ImportImage given = { .name = "", .width = import_sane_size (json_double (json_object_get (coco, "width"))),
                            .height = import_sane_size (json_double (json_object_get (coco, "height"))) };

      facts.width = sqlite3_column_double (rows, 3);
      facts.height = sqlite3_column_double (rows, 4);
      facts.orientation = sqlite3_column_int (rows, 5);
      given.name = id;
      import_choose_grid (import, &given, &facts);
      g_hash_table_insert (import->facts, import_id_new (*image), g_memdup2 (&facts, sizeof facts));
      import->report->images++;
    }
  database_rows_end (rows);
  return code == SQLITE_ROW ? *image : 0;
}

const char *
import_coco_category (Import *import, const char *id, GError **error)
{
  return id != NULL && load_coco (import, error) ? g_hash_table_lookup (import->coco_categories, id) : NULL;
}
