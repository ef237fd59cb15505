/* SPDX-License-Identifier: MIT */
#include "recent.h"

#include <errno.h>
#include <string.h>

struct _AlidadeRecent
{
  GObject parent_instance;

  char *file;
  GPtrArray *paths[ALIDADE_RECENT_N_KINDS]; /* char *, NULL-terminated */
};

G_DEFINE_FINAL_TYPE (AlidadeRecent, alidade_recent, G_TYPE_OBJECT)

static guint changed_signal;

#define RECENT_GROUP "recent"

static const char *const recent_keys[ALIDADE_RECENT_N_KINDS] = { "folders", "models", "projects" };

/* Paths may hold any bytes and key files hold UTF-8: paths are kept as URIs. */
static void
recent_read (AlidadeRecent *self)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) error = NULL;

  if (!g_key_file_load_from_file (file, self->file, G_KEY_FILE_NONE, &error))
    {
      if (!g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        g_info ("%s: %s", self->file, error->message);
      return;
    }
  for (int kind = 0; kind < ALIDADE_RECENT_N_KINDS; kind++)
    {
      g_auto (GStrv) uris = g_key_file_get_string_list (file, RECENT_GROUP, recent_keys[kind], NULL, NULL);
      GPtrArray *paths = self->paths[kind];

      g_ptr_array_set_size (paths, 0);
      for (guint i = 0; uris != NULL && uris[i] != NULL && paths->len < ALIDADE_RECENT_LIMIT; i++)
        {
          char *path = g_filename_from_uri (uris[i], NULL, NULL);

          if (path != NULL)
            g_ptr_array_add (paths, path);
        }
      g_ptr_array_add (paths, NULL);
    }
}

static void
recent_write (AlidadeRecent *self)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_path_get_dirname (self->file);

  for (int kind = 0; kind < ALIDADE_RECENT_N_KINDS; kind++)
    {
      g_autoptr (GPtrArray) uris = g_ptr_array_new_with_free_func (g_free);

      for (guint i = 0; i + 1 < self->paths[kind]->len; i++)
        {
          char *uri = g_filename_to_uri (self->paths[kind]->pdata[i], NULL, NULL);

          if (uri != NULL)
            g_ptr_array_add (uris, uri);
        }
      g_key_file_set_string_list (file, RECENT_GROUP, recent_keys[kind], (const char *const *) uris->pdata, uris->len);
    }
  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      g_info ("%s: %s", folder, g_strerror (errno));
      return;
    }
  if (!g_key_file_save_to_file (file, self->file, &error)) /* beside, then renamed */
    g_info ("%s: %s", self->file, error->message);
}

static gboolean
recent_drop (GPtrArray *paths, const char *path)
{
  for (guint i = 0; i + 1 < paths->len; i++)
    if (strcmp (paths->pdata[i], path) == 0)
      {
        g_ptr_array_remove_index (paths, i);
        return TRUE;
      }
  return FALSE;
}

static void
alidade_recent_finalize (GObject *object)
{
  AlidadeRecent *self = ALIDADE_RECENT (object);

  for (int kind = 0; kind < ALIDADE_RECENT_N_KINDS; kind++)
    g_ptr_array_unref (self->paths[kind]);
  g_free (self->file);
  G_OBJECT_CLASS (alidade_recent_parent_class)->finalize (object);
}

static void
alidade_recent_class_init (AlidadeRecentClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = alidade_recent_finalize;
  changed_signal = g_signal_new ("changed", ALIDADE_TYPE_RECENT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 0);
}

static void
alidade_recent_init (AlidadeRecent *self)
{
  for (int kind = 0; kind < ALIDADE_RECENT_N_KINDS; kind++)
    {
      self->paths[kind] = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (self->paths[kind], NULL);
    }
}

AlidadeRecent *
alidade_recent_new (const char *file)
{
  AlidadeRecent *self = g_object_new (ALIDADE_TYPE_RECENT, NULL);

  self->file = file != NULL ? g_strdup (file)
                            : g_build_filename (g_get_user_state_dir (), "alidade", "recent.ini", NULL);
  recent_read (self);
  return self;
}

const char *const *
alidade_recent_get (AlidadeRecent *self, AlidadeRecentKind kind)
{
  g_return_val_if_fail (ALIDADE_IS_RECENT (self) && kind < ALIDADE_RECENT_N_KINDS, NULL);
  return (const char *const *) self->paths[kind]->pdata;
}

void
alidade_recent_add (AlidadeRecent *self, AlidadeRecentKind kind, const char *path)
{
  GPtrArray *paths;
  g_autofree char *copy = g_strdup (path); /* may be one of ours */

  g_return_if_fail (ALIDADE_IS_RECENT (self) && kind < ALIDADE_RECENT_N_KINDS && path != NULL);

  paths = self->paths[kind];
  if (!g_path_is_absolute (copy) || (paths->len > 1 && strcmp (paths->pdata[0], copy) == 0))
    return;
  recent_drop (paths, copy);
  g_ptr_array_insert (paths, 0, g_steal_pointer (&copy));
  if (paths->len > ALIDADE_RECENT_LIMIT + 1)
    g_ptr_array_remove_index (paths, ALIDADE_RECENT_LIMIT);
  recent_write (self);
  g_signal_emit (self, changed_signal, 0);
}

void
alidade_recent_remove (AlidadeRecent *self, AlidadeRecentKind kind, const char *path)
{
  g_return_if_fail (ALIDADE_IS_RECENT (self) && kind < ALIDADE_RECENT_N_KINDS && path != NULL);

  if (!recent_drop (self->paths[kind], path))
    return;
  recent_write (self);
  g_signal_emit (self, changed_signal, 0);
}
