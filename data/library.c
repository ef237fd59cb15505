/* SPDX-License-Identifier: MIT */
#include "library.h"

#include "albef.h"
#include "folder-scan.h"

#include <string.h>

struct _AlidadeLibrary
{
  GObject parent_instance;

  GPtrArray *pictures;    /* AlidadePicture, only ever appended to */
  GHashTable *positions;  /* path -> GUINT_TO_POINTER (position) */
  GHashTable *unreadable; /* set of AlidadePicture */

  char *title;
  GFile *folder;
  char *error;
  gboolean is_sample;
  guint n_skipped_folders;

  GCancellable *cancellable; /* of the scans of the present contents */
  guint generation;          /* batches of an older one are dropped */
  guint n_scans;
};

static void library_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (AlidadeLibrary, alidade_library, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, library_list_model_init))

enum
{
  PROP_TITLE = 1,
  PROP_FOLDER,
  PROP_IS_SAMPLE,
  PROP_LOADING,
  PROP_ERROR,
  PROP_N_UNREADABLE,
  PROP_N_SKIPPED_FOLDERS,
  PROP_N_ITEMS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

/* --- One scan: what its thread and its deliveries share ---------------------------------------------- */

typedef struct
{
  GWeakRef library;
  guint generation;
  GCancellable *cancellable;
  char **paths;
  char *samples;
  gboolean scenes;
  gboolean any_name;
} ScanJob;

typedef struct
{
  ScanJob *job;        /* reference */
  GPtrArray *pictures; /* NULL: the end */
  AlidadeScanResult result;
} ScanDelivery;

static void
scan_job_clear (gpointer data)
{
  ScanJob *job = data;

  g_weak_ref_clear (&job->library);
  g_clear_object (&job->cancellable);
  g_strfreev (job->paths);
  g_free (job->samples);
}

static void
scan_delivery_free (gpointer data)
{
  ScanDelivery *delivery = data;

  g_clear_pointer (&delivery->pictures, g_ptr_array_unref);
  g_free (delivery->result.error);
  g_atomic_rc_box_release_full (delivery->job, scan_job_clear);
  g_free (delivery);
}

static void
notify (AlidadeLibrary *self, guint property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

static void
picture_state_cb (AlidadePicture *picture, GParamSpec *pspec, gpointer user_data)
{
  AlidadeLibrary *self = user_data;
  gboolean changed;

  if (alidade_picture_get_state (picture) == ALIDADE_PICTURE_UNREADABLE)
    changed = g_hash_table_add (self->unreadable, picture);
  else
    changed = g_hash_table_remove (self->unreadable, picture);
  if (changed)
    notify (self, PROP_N_UNREADABLE);
}

static void
library_append (AlidadeLibrary *self, GPtrArray *pictures)
{
  const guint position = self->pictures->len;
  guint n_unreadable = g_hash_table_size (self->unreadable);

  for (guint i = 0; i < pictures->len; i++)
    {
      AlidadePicture *picture = pictures->pdata[i];
      const char *path = alidade_picture_get_path (picture);

      if (g_hash_table_contains (self->positions, path))
        continue;
      g_hash_table_insert (self->positions, (gpointer) path, GUINT_TO_POINTER (self->pictures->len));
      g_signal_connect (picture, "notify::state", G_CALLBACK (picture_state_cb), self);
      if (alidade_picture_get_state (picture) == ALIDADE_PICTURE_UNREADABLE)
        g_hash_table_add (self->unreadable, picture);
      g_ptr_array_add (self->pictures, g_object_ref (picture));
    }
  if (self->pictures->len == position)
    return;
  g_list_model_items_changed (G_LIST_MODEL (self), position, 0, self->pictures->len - position);
  notify (self, PROP_N_ITEMS);
  if (n_unreadable != g_hash_table_size (self->unreadable))
    notify (self, PROP_N_UNREADABLE);
}

static gboolean
scan_deliver (gpointer data)
{
  ScanDelivery *delivery = data;
  g_autoptr (AlidadeLibrary) self = g_weak_ref_get (&delivery->job->library);

  if (self == NULL || self->generation != delivery->job->generation)
    return G_SOURCE_REMOVE;
  if (delivery->pictures != NULL)
    {
      library_append (self, delivery->pictures);
      return G_SOURCE_REMOVE;
    }
  if (delivery->result.n_skipped_folders > 0)
    {
      self->n_skipped_folders += delivery->result.n_skipped_folders;
      notify (self, PROP_N_SKIPPED_FOLDERS);
    }
  if (delivery->result.error != NULL)
    {
      g_free (self->error);
      self->error = g_steal_pointer (&delivery->result.error);
      notify (self, PROP_ERROR);
    }
  if (--self->n_scans == 0)
    notify (self, PROP_LOADING);
  return G_SOURCE_REMOVE;
}

/* Below redrawing, so that the arrival of many pictures never holds up a frame. */
static void
scan_send (ScanJob *job, GPtrArray *pictures, const AlidadeScanResult *result)
{
  ScanDelivery *delivery = g_new0 (ScanDelivery, 1);
  g_autoptr (GSource) source = g_idle_source_new ();

  delivery->job = g_atomic_rc_box_acquire (job);
  delivery->pictures = pictures;
  if (result != NULL)
    delivery->result = *result;
  g_source_set_callback (source, scan_deliver, delivery, scan_delivery_free);
  g_source_attach (source, NULL);
}

static void
scan_batch (gpointer user_data, GPtrArray *pictures)
{
  scan_send (user_data, pictures, NULL);
}

static gpointer
scan_thread (gpointer data)
{
  ScanJob *job = data;
  AlidadeScanResult result;
  const AlidadeScanRequest request = {
    .paths = (const char *const *) job->paths,
    .scenes = job->scenes,
    .any_name = job->any_name,
    .samples = job->samples,
  };

  alidade_scan_run (&request, job->cancellable, scan_batch, job, &result);
  scan_send (job, NULL, &result);
  g_atomic_rc_box_release_full (job, scan_job_clear);
  return NULL;
}

/* Takes `paths`. */
static void
library_scan (AlidadeLibrary *self, char **paths, gboolean scenes, gboolean any_name)
{
  ScanJob *job = g_atomic_rc_box_new0 (ScanJob);

  g_weak_ref_init (&job->library, self);
  job->generation = self->generation;
  job->cancellable = g_object_ref (self->cancellable);
  job->paths = paths;
  job->samples = g_strdup (albef_sample_scenes_path ());
  job->scenes = scenes;
  job->any_name = any_name;
  if (self->n_scans++ == 0)
    notify (self, PROP_LOADING);
  g_thread_unref (g_thread_new ("alidade-scan", scan_thread, job));
}

/* --- Contents ---------------------------------------------------------------------------------------- */

static void
library_forget (AlidadeLibrary *self)
{
  for (guint i = 0; i < self->pictures->len; i++)
    g_signal_handlers_disconnect_by_func (self->pictures->pdata[i], picture_state_cb, self);
  g_hash_table_remove_all (self->unreadable);
  g_hash_table_remove_all (self->positions);
  g_ptr_array_set_size (self->pictures, 0);
}

/* Empties and describes the new contents. Takes `title`; `folder` is referenced and may be NULL. */
static void
library_restart (AlidadeLibrary *self, char *title, GFile *folder, gboolean is_sample)
{
  const guint n_removed = self->pictures->len;
  const gboolean was_loading = self->n_scans > 0;

  g_object_freeze_notify (G_OBJECT (self));
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
  self->generation++;
  self->n_scans = 0;

  if (folder != NULL)
    g_object_ref (folder);
  g_clear_object (&self->folder);
  self->folder = folder;
  g_free (self->title);
  self->title = title;
  g_clear_pointer (&self->error, g_free);
  self->n_skipped_folders = 0;
  self->is_sample = is_sample;
  library_forget (self);

  for (guint property = 1; property < N_PROPS; property++)
    if (property != PROP_LOADING || was_loading)
      notify (self, property);
  if (n_removed > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), 0, n_removed, 0);
  g_object_thaw_notify (G_OBJECT (self));
}

static void
library_set_error (AlidadeLibrary *self, const char *error)
{
  g_free (self->error);
  self->error = g_strdup (error);
  notify (self, PROP_ERROR);
}

/* Local, absolute paths of the files; those without one are counted in n_remote. */
static char **
paths_of_files (GFile *const *files, guint n_files, gboolean any_name, guint *n_remote)
{
  GPtrArray *paths = g_ptr_array_new ();

  *n_remote = 0;
  for (guint i = 0; i < n_files; i++)
    {
      g_autofree char *path = g_file_get_path (files[i]);

      if (path == NULL)
        ++*n_remote;
      else if (any_name || alidade_scan_is_picture_name (path)
               || g_file_query_file_type (files[i], G_FILE_QUERY_INFO_NONE, NULL) == G_FILE_TYPE_DIRECTORY)
        g_ptr_array_add (paths, g_steal_pointer (&path));
    }
  g_ptr_array_add (paths, NULL);
  return (char **) g_ptr_array_free (paths, FALSE);
}

static char **
paths_of_one (const char *path)
{
  return g_strdupv ((char *[]) { (char *) path, NULL });
}

/* --- GListModel and GObject -------------------------------------------------------------------------- */

static GType
library_get_item_type (GListModel *model)
{
  return ALIDADE_TYPE_PICTURE;
}

static guint
library_get_n_items (GListModel *model)
{
  return ALIDADE_LIBRARY (model)->pictures->len;
}

static gpointer
library_get_item (GListModel *model, guint position)
{
  AlidadeLibrary *self = ALIDADE_LIBRARY (model);

  return position < self->pictures->len ? g_object_ref (self->pictures->pdata[position]) : NULL;
}

static void
library_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = library_get_item_type;
  iface->get_n_items = library_get_n_items;
  iface->get_item = library_get_item;
}

static void
alidade_library_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  AlidadeLibrary *self = ALIDADE_LIBRARY (object);

  switch (id)
    {
    case PROP_TITLE:
      g_value_set_string (value, self->title);
      break;
    case PROP_FOLDER:
      g_value_set_object (value, self->folder);
      break;
    case PROP_IS_SAMPLE:
      g_value_set_boolean (value, self->is_sample);
      break;
    case PROP_LOADING:
      g_value_set_boolean (value, self->n_scans > 0);
      break;
    case PROP_ERROR:
      g_value_set_string (value, self->error);
      break;
    case PROP_N_UNREADABLE:
      g_value_set_uint (value, g_hash_table_size (self->unreadable));
      break;
    case PROP_N_SKIPPED_FOLDERS:
      g_value_set_uint (value, self->n_skipped_folders);
      break;
    case PROP_N_ITEMS:
      g_value_set_uint (value, self->pictures->len);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
alidade_library_finalize (GObject *object)
{
  AlidadeLibrary *self = ALIDADE_LIBRARY (object);

  g_cancellable_cancel (self->cancellable);
  library_forget (self);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->folder);
  g_hash_table_unref (self->unreadable);
  g_hash_table_unref (self->positions);
  g_ptr_array_unref (self->pictures);
  g_free (self->title);
  g_free (self->error);
  G_OBJECT_CLASS (alidade_library_parent_class)->finalize (object);
}

static void
alidade_library_class_init (AlidadeLibraryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = alidade_library_get_property;
  object_class->finalize = alidade_library_finalize;
  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, "", flags);
  properties[PROP_FOLDER] = g_param_spec_object ("folder", NULL, NULL, G_TYPE_FILE, flags);
  properties[PROP_IS_SAMPLE] = g_param_spec_boolean ("is-sample", NULL, NULL, FALSE, flags);
  properties[PROP_LOADING] = g_param_spec_boolean ("loading", NULL, NULL, FALSE, flags);
  properties[PROP_ERROR] = g_param_spec_string ("error", NULL, NULL, NULL, flags);
  properties[PROP_N_UNREADABLE] = g_param_spec_uint ("n-unreadable", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[PROP_N_SKIPPED_FOLDERS] = g_param_spec_uint ("n-skipped-folders", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[PROP_N_ITEMS] = g_param_spec_uint ("n-items", NULL, NULL, 0, G_MAXUINT, 0, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
alidade_library_init (AlidadeLibrary *self)
{
  self->pictures = g_ptr_array_new_with_free_func (g_object_unref);
  self->positions = g_hash_table_new (g_str_hash, g_str_equal); /* keys belong to the pictures */
  self->unreadable = g_hash_table_new (NULL, NULL);
  self->cancellable = g_cancellable_new ();
  self->title = g_strdup ("");
}

/* --- Public ------------------------------------------------------------------------------------------ */

AlidadeLibrary *
alidade_library_new (void)
{
  return g_object_new (ALIDADE_TYPE_LIBRARY, NULL);
}

void
alidade_library_open_folder (AlidadeLibrary *self, GFile *folder)
{
  g_autofree char *path = NULL;
  g_autofree char *name = NULL;

  g_return_if_fail (ALIDADE_IS_LIBRARY (self) && G_IS_FILE (folder));

  path = g_file_get_path (folder);
  name = path == NULL ? g_file_get_parse_name (folder) : NULL;
  library_restart (self, path != NULL ? g_filename_display_basename (path) : g_strdup (name), folder, FALSE);
  if (path == NULL)
    {
      g_autofree char *error = g_strdup_printf (
          "The folder “%s” is not on this computer, and the system offers no path to it. Copy it here first.", name);

      library_set_error (self, error);
      return;
    }
  library_scan (self, paths_of_one (path), FALSE, FALSE);
}

void
alidade_library_open_samples (AlidadeLibrary *self, const char *path)
{
  const char *samples = albef_sample_scenes_path ();
  const char *root = path != NULL ? path : samples;
  g_autoptr (GFile) folder = NULL;
  g_autofree char *absolute = NULL;

  g_return_if_fail (ALIDADE_IS_LIBRARY (self));

  if (root == NULL)
    {
      library_restart (self, g_strdup ("Drawn scenes"), NULL, TRUE);
      library_set_error (self, "The sample pictures are not installed. Add a folder of your own.");
      return;
    }
  folder = g_file_new_for_path (root);
  absolute = g_file_get_path (folder);
  library_restart (self, path == NULL || g_strcmp0 (path, samples) == 0 ? g_strdup ("Drawn scenes")
                                                                        : g_filename_display_basename (absolute),
                   folder, TRUE);
  library_scan (self, paths_of_one (absolute), TRUE, FALSE);
}

void
alidade_library_open_files (AlidadeLibrary *self, GFile *const *files, guint n_files)
{
  guint n_remote;
  char **paths;

  g_return_if_fail (ALIDADE_IS_LIBRARY (self) && (files != NULL || n_files == 0));

  if (n_files == 1 && g_file_query_file_type (files[0], G_FILE_QUERY_INFO_NONE, NULL) == G_FILE_TYPE_DIRECTORY)
    {
      alidade_library_open_folder (self, files[0]);
      return;
    }
  library_restart (self, g_strdup ("Chosen pictures"), NULL, FALSE);
  paths = paths_of_files (files, n_files, TRUE, &n_remote);
  if (n_remote > 0)
    library_set_error (self, "Some files are not on this computer, and the system offers no path to them. "
                             "Copy them here first.");
  library_scan (self, paths, FALSE, TRUE);
}

void
alidade_library_clear (AlidadeLibrary *self)
{
  g_return_if_fail (ALIDADE_IS_LIBRARY (self));
  library_restart (self, g_strdup (""), NULL, FALSE);
}

void
alidade_library_open_list (AlidadeLibrary *self, const char *title)
{
  g_return_if_fail (ALIDADE_IS_LIBRARY (self) && title != NULL);
  library_restart (self, g_strdup (title), NULL, FALSE);
}

void
alidade_library_append (AlidadeLibrary *self, GPtrArray *pictures)
{
  g_return_if_fail (ALIDADE_IS_LIBRARY (self) && pictures != NULL);
  library_append (self, pictures);
}

guint
alidade_library_add (AlidadeLibrary *self, GFile *const *files, guint n_files)
{
  guint n_paths, n_remote;
  char **paths;

  g_return_val_if_fail (ALIDADE_IS_LIBRARY (self) && (files != NULL || n_files == 0), 0);

  paths = paths_of_files (files, n_files, FALSE, &n_remote);
  n_paths = g_strv_length (paths);
  if (n_paths == 0)
    {
      g_strfreev (paths);
      return 0;
    }
  if (self->is_sample || self->pictures->len == 0)
    {
      if (n_files == 1)
        {
          g_strfreev (paths);
          alidade_library_open_files (self, files, n_files);
          return 1;
        }
      library_restart (self, g_strdup ("Chosen pictures"), NULL, FALSE);
    }
  library_scan (self, paths, FALSE, FALSE);
  return n_paths;
}

const char *
alidade_library_get_title (AlidadeLibrary *self)
{
  g_return_val_if_fail (ALIDADE_IS_LIBRARY (self), NULL);
  return self->title;
}

GFile *
alidade_library_get_folder (AlidadeLibrary *self)
{
  g_return_val_if_fail (ALIDADE_IS_LIBRARY (self), NULL);
  return self->folder;
}

gboolean
alidade_library_get_is_sample (AlidadeLibrary *self)
{
  g_return_val_if_fail (ALIDADE_IS_LIBRARY (self), FALSE);
  return self->is_sample;
}

gboolean
alidade_library_get_loading (AlidadeLibrary *self)
{
  g_return_val_if_fail (ALIDADE_IS_LIBRARY (self), FALSE);
  return self->n_scans > 0;
}

const char *
alidade_library_get_error (AlidadeLibrary *self)
{
  g_return_val_if_fail (ALIDADE_IS_LIBRARY (self), NULL);
  return self->error;
}

guint
alidade_library_get_n_unreadable (AlidadeLibrary *self)
{
  g_return_val_if_fail (ALIDADE_IS_LIBRARY (self), 0);
  return g_hash_table_size (self->unreadable);
}

guint
alidade_library_get_n_skipped_folders (AlidadeLibrary *self)
{
  g_return_val_if_fail (ALIDADE_IS_LIBRARY (self), 0);
  return self->n_skipped_folders;
}

gboolean
alidade_library_find (AlidadeLibrary *self, const char *path, guint *position)
{
  gpointer value;

  g_return_val_if_fail (ALIDADE_IS_LIBRARY (self) && path != NULL, FALSE);

  if (!g_hash_table_lookup_extended (self->positions, path, NULL, &value))
    return FALSE;
  if (position != NULL)
    *position = GPOINTER_TO_UINT (value);
  return TRUE;
}

gboolean
alidade_library_is_picture_name (const char *name)
{
  return alidade_scan_is_picture_name (name);
}
