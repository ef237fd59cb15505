/* SPDX-License-Identifier: MIT
 * test-project-pictures.c: the paged list of a project's pictures: rows come in pages and by id, filters cancel older
 * ones, changes are taken up, and what is scrolled past is forgotten. */
#include "loop.h"

#include "import.h"
#include "library-records.h"
#include "project-pictures.h"
#include "project.h"
#include "review.h"

#define PICTURES 3000

typedef struct
{
  gint64 ids[8];
  guint n;
  const char *tag; /* NULL: remove them */
  gint64 entry;    /* of the removal */
} Edit;

static gboolean written;
static int n_answers;

static gboolean
edit_func (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  Edit *edit = data;

  return edit->tag != NULL ? project_tag_images (project, edit->ids, edit->n, edit->tag, TRUE, "ann", NULL, error)
                           : project_remove_images (project, edit->ids, edit->n, "ann", &edit->entry, error);
}

static gboolean
undo_func (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  const Edit *edit = data;
  g_autofree char *what = NULL;

  if (edit->entry != 0)
    return project_hide_entry (project, edit->entry, TRUE, "ann", error);
  return project_undo (project, "ann", &what, error);
}

static void
written_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (object), result, NULL, &error))
    g_error ("%s", error->message);
  written = TRUE;
}

static void
write_and_wait (AlidadeProjectService *service, AlidadeProjectFunc func, gpointer data)
{
  written = FALSE;
  alidade_project_service_write_async (service, func, data, NULL, written_cb, NULL);
  g_assert (loop_until (&written));
}

static void
opened_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_assert (alidade_project_service_open_finish (ALIDADE_PROJECT_SERVICE (object), result, NULL));
  *(gboolean *) data = TRUE;
}

static void
answered_cb (gpointer object, gpointer data)
{
  n_answers++;
}

typedef gboolean (*Check) (gpointer data);

static gboolean
wait_for (Check check, gpointer data)
{
  gint64 end = g_get_monotonic_time () + LOOP_SECONDS * G_USEC_PER_SEC;

  while (!check (data) && g_get_monotonic_time () < end)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (500);
  return check (data);
}

static gboolean
is_ready (gpointer data)
{
  return alidade_project_pictures_get_ready (data);
}

static gboolean
has_row (gpointer data)
{
  return alidade_project_picture_get_row (data) != NULL;
}

static gboolean
has_tag (gpointer data)
{
  const LibraryImage *row = alidade_project_picture_get_row (data);

  return row != NULL && row->tags[0] != NULL && strcmp (row->tags[0], "bird") == 0;
}

static guint wished_length;

static gboolean
has_length (gpointer data)
{
  return g_list_model_get_n_items (data) == wished_length;
}

static gboolean
length_becomes (AlidadeProjectPictures *pictures, guint n)
{
  wished_length = n;
  return wait_for (has_length, pictures);
}

/* Mirrors the list by its signals alone. */
static void
mirror_cb (GListModel *model, guint position, guint removed, guint added, GArray *mirror)
{
  g_array_remove_range (mirror, position, removed);
  for (guint i = 0; i < added; i++)
    {
      gint64 id = alidade_project_pictures_get_id (ALIDADE_PROJECT_PICTURES (model), position + i);

      g_array_insert_val (mirror, position + i, id);
    }
}

static gboolean
mirrors (GArray *mirror, AlidadeProjectPictures *pictures)
{
  if (mirror->len != g_list_model_get_n_items (G_LIST_MODEL (pictures)))
    return FALSE;
  for (guint i = 0; i < mirror->len; i++)
    if (g_array_index (mirror, gint64, i) != alidade_project_pictures_get_id (pictures, i))
      return FALSE;
  return TRUE;
}

static void
make_project (const char *parent, const char *folder)
{
  g_autoptr (GString) lines = g_string_new ("{\"alidade-manifest\": 1}\n");
  g_autofree char *path = g_build_filename (parent, "all.jsonl", NULL);
  const ImportOptions options = { .format = "manifest", .voc_origin = -1, .by = "import" };
  g_auto (ImportReport) report = { 0 };
  g_autoptr (Project) project = project_create (folder, NULL);
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < PICTURES; i++)
    {
      g_string_append_printf (lines, "{\"image\":\"p%04d.jpg\",\"width\":50,\"height\":40}\n", i);
      if (i % 10 == 0)
        g_string_append_printf (lines,
                                "{\"image\":\"p%04d.jpg\",\"width\":50,\"height\":40,\"text\":\"a %s\",\"caption\":"
                                "\"a %s by day\",\"start\":0,\"end\":%d,\"regions\":[]}\n",
                                i, i % 100 == 0 ? "heron" : "duck", i % 100 == 0 ? "heron" : "duck",
                                i % 100 == 0 ? 7 : 6);
    }
  g_assert (g_file_set_contents (path, lines->str, lines->len, NULL));
  if (!project_import (project, path, &options, &report, &error))
    g_error ("%s", error->message);
}

int
main (void)
{
  g_autofree char *parent = temporary_folder (), *folder = g_build_filename (parent, "Birds", NULL);
  g_autoptr (AlidadeProjectService) service = alidade_project_service_new ();
  g_autoptr (AlidadeProjectIndex) index = alidade_project_index_new (service);
  g_autoptr (AlidadeProjectPictures) pictures = alidade_project_pictures_new (index);
  g_autoptr (GArray) mirror = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (AlidadeProjectPicture) first = NULL, far = NULL, again = NULL, late = NULL;
  g_auto (LibraryFilter) filter = { 0 };
  gboolean opened = FALSE, good = TRUE;
  Edit edit = { .tag = "bird" };
  guint position = 0;

  make_project (parent, folder);
  g_signal_connect (pictures, "items-changed", G_CALLBACK (mirror_cb), mirror);
  g_signal_connect (pictures, "answered", G_CALLBACK (answered_cb), NULL);
  tap_ok (g_list_model_get_n_items (G_LIST_MODEL (pictures)) == 0 && !alidade_project_pictures_get_ready (pictures),
          "/pictures/none without a project");
  alidade_project_service_open_async (service, folder, FALSE, opened_cb, &opened);
  g_assert (loop_until (&opened));
  tap_ok (wait_for (is_ready, pictures) && g_list_model_get_n_items (G_LIST_MODEL (pictures)) == PICTURES,
          "/pictures/all are listed");
  tap_ok (alidade_project_pictures_get_n_held (pictures) == 0, "/pictures/no object before one is asked for");

  /* Pages */
  far = g_list_model_get_item (G_LIST_MODEL (pictures), 2345);
  tap_ok (far != NULL && alidade_project_picture_get_row (far) == NULL,
          "/pages/an object is there at once, its row is not");
  tap_ok (wait_for (has_row, far) && strcmp (alidade_project_picture_get_row (far)->name, "p2345.jpg") == 0,
          "/pages/its row comes, of its place in the order");
  tap_ok (alidade_project_pictures_get_n_held (pictures) <= 64, "/pages/with its page and no more");
  tap_ok (g_str_has_suffix (alidade_picture_get_path (alidade_project_picture_get_picture (far)), "/p2345.jpg"),
          "/pages/and its picture");
  again = g_list_model_get_item (G_LIST_MODEL (pictures), 2345);
  tap_ok (again == far, "/pages/one object for one id");
  g_clear_object (&again);
  for (guint i = 0; i < PICTURES; i += 32)
    {
      g_autoptr (AlidadeProjectPicture) seen = g_list_model_get_item (G_LIST_MODEL (pictures), i);

      if (i % 256 == 0)
        good = wait_for (has_row, seen) && good;
    }
  tap_ok (good && alidade_project_pictures_get_n_held (pictures) <= 1024 + 64 + 1,
          "/pages/scrolled from end to end, few are held");

  /* Filters */
  filter.text = g_strdup ("heron");
  n_answers = 0;
  for (int i = 0; i < 5; i++)
    {
      g_auto (LibraryFilter) older = { .text = g_strdup_printf ("duck%d", i) };

      alidade_project_pictures_set_filter (pictures, &older);
    }
  alidade_project_pictures_set_filter (pictures, &filter);
  tap_ok (wait_for (is_ready, pictures) && g_list_model_get_n_items (G_LIST_MODEL (pictures)) == PICTURES / 100,
          "/filter/pictures with a word in a caption");
  tap_ok (n_answers == 1, "/filter/older ones are never answered");
  first = g_list_model_get_item (G_LIST_MODEL (pictures), 0);
  wait_for (has_row, first);
  tap_ok (alidade_project_picture_get_to_review (first) == 1
              && strcmp (alidade_picture_get_caption (alidade_project_picture_get_picture (first)), "a heron by day")
                     == 0,
          "/filter/with a phrase to review and a caption");
  filter.order = LIBRARY_BY_NAME;
  filter.descending = TRUE;
  alidade_project_pictures_set_filter (pictures, &filter);
  tap_ok (wait_for (is_ready, pictures)
              && alidade_project_pictures_find (pictures, alidade_project_picture_get_id (first), &position)
              && position == PICTURES / 100 - 1,
          "/filter/and backwards");
  library_filter_clear (&filter);
  memset (&filter, 0, sizeof filter);
  filter.phrases = LIBRARY_WITHOUT;
  alidade_project_pictures_set_filter (pictures, &filter);
  tap_ok (length_becomes (pictures, PICTURES - PICTURES / 10), "/filter/those without phrases");
  filter.phrases = LIBRARY_WITH;
  filter.verdicts = 1 << LIBRARY_NO_VERDICT;
  alidade_project_pictures_set_filter (pictures, &filter);
  tap_ok (length_becomes (pictures, PICTURES / 10), "/filter/those with phrases to review");

  /* Changes */
  memset (&filter, 0, sizeof filter);
  filter.tag = g_strdup ("bird");
  alidade_project_pictures_set_filter (pictures, &filter);
  tap_ok (length_becomes (pictures, 0) && wait_for (is_ready, pictures), "/change/no picture has the tag");
  edit.ids[edit.n++] = alidade_project_picture_get_id (far);
  edit.ids[edit.n++] = alidade_project_picture_get_id (first);
  write_and_wait (service, edit_func, &edit);
  tap_ok (length_becomes (pictures, 2), "/change/those that got it appear by themselves");
  tap_ok (wait_for (has_tag, far), "/change/a row that somebody holds is read again");
  write_and_wait (service, undo_func, &edit);
  tap_ok (length_becomes (pictures, 0), "/change/and go when it is undone");
  g_clear_pointer (&filter.tag, g_free);
  alidade_project_pictures_set_filter (pictures, &filter);
  length_becomes (pictures, PICTURES);
  edit.tag = NULL;
  edit.n = 1;
  write_and_wait (service, edit_func, &edit);
  tap_ok (length_becomes (pictures, PICTURES - 1), "/change/one removed");
  tap_ok (!alidade_project_pictures_find (pictures, alidade_project_picture_get_id (far), NULL),
          "/change/exactly that one");
  write_and_wait (service, undo_func, &edit);
  tap_ok (length_becomes (pictures, PICTURES), "/change/and back");
  tap_ok (mirrors (mirror, pictures), "/change/the signals told the whole story");

  late = g_list_model_get_item (G_LIST_MODEL (pictures), 1500);
  good = alidade_project_picture_get_row (late) == NULL;
  filter.descending = TRUE;
  alidade_project_pictures_set_filter (pictures, &filter);
  tap_ok (good && wait_for (has_row, late), "/change/a row comes although its place changed meanwhile");

  alidade_project_service_close (service);
  tap_ok (g_list_model_get_n_items (G_LIST_MODEL (pictures)) == 0 && mirrors (mirror, pictures),
          "/close/empty when it is closed");
  opened = FALSE;
  alidade_project_service_open_async (service, folder, FALSE, opened_cb, &opened);
  g_assert (loop_until (&opened));
  alidade_project_service_close (service);
  loop_drain ();
  tap_ok (!alidade_project_index_get_ready (index), "/close/while it is being read");
  remove_tree (parent);
  return tap_done ();
}
