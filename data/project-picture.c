/* SPDX-License-Identifier: MIT */
#include "project-picture.h"

#include "albef.h"

#include <string.h>

struct _AlidadeProjectPicture
{
  GObject parent_instance;

  gint64 id;
  GHashTable *registry; /* NULL: none */
  LibraryImage *row;
  AlidadePicture *picture;
};

G_DEFINE_FINAL_TYPE (AlidadeProjectPicture, alidade_project_picture, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_ROW,
  PROP_PICTURE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void
alidade_project_picture_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  AlidadeProjectPicture *self = ALIDADE_PROJECT_PICTURE (object);

  if (id == PROP_ROW)
    g_value_set_pointer (value, self->row);
  else if (id == PROP_PICTURE)
    g_value_set_object (value, self->picture);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
alidade_project_picture_finalize (GObject *object)
{
  AlidadeProjectPicture *self = ALIDADE_PROJECT_PICTURE (object);

  if (self->registry != NULL)
    g_hash_table_remove (self->registry, &self->id);
  g_clear_pointer (&self->registry, g_hash_table_unref);
  library_image_free (self->row);
  g_clear_object (&self->picture);
  G_OBJECT_CLASS (alidade_project_picture_parent_class)->finalize (object);
}

static void
alidade_project_picture_class_init (AlidadeProjectPictureClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = alidade_project_picture_get_property;
  object_class->finalize = alidade_project_picture_finalize;
  props[PROP_ROW] = g_param_spec_pointer ("row", NULL, NULL, flags);
  props[PROP_PICTURE] = g_param_spec_object ("picture", NULL, NULL, ALIDADE_TYPE_PICTURE, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
alidade_project_picture_init (AlidadeProjectPicture *self)
{
}

AlidadeProjectPicture *
alidade_project_picture_new (gint64 id, GHashTable *registry)
{
  AlidadeProjectPicture *self = g_object_new (ALIDADE_TYPE_PROJECT_PICTURE, NULL);

  self->id = id;
  if (registry != NULL)
    {
      self->registry = g_hash_table_ref (registry);
      g_hash_table_insert (registry, &self->id, self);
    }
  return self;
}

gint64
alidade_project_picture_get_id (AlidadeProjectPicture *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_PICTURE (self), 0);
  return self->id;
}

const LibraryImage *
alidade_project_picture_get_row (AlidadeProjectPicture *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_PICTURE (self), NULL);
  return self->row;
}

AlidadePicture *
alidade_project_picture_get_picture (AlidadeProjectPicture *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_PICTURE (self), NULL);
  return self->picture;
}

gint64
alidade_project_picture_get_to_review (AlidadeProjectPicture *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_PICTURE (self), 0);
  return self->row != NULL ? self->row->phrases - self->row->decided : 0;
}

/* Whether it is one of the scenes that come with the program: the embedded model knows those. */
static gboolean
is_sample (const char *path)
{
  const char *scenes = albef_sample_scenes_path ();
  gsize length = scenes != NULL ? strlen (scenes) : 0;

  return length > 0 && strncmp (path, scenes, length) == 0 && (path[length] == '/' || scenes[length - 1] == '/');
}

/* The first caption becomes the sentence, as a sample's does. One that is not there, or that came back, is another
 * object: what was found out about the old file no longer holds. */
static gboolean
needs_picture (AlidadeProjectPicture *self, const LibraryImage *before)
{
  return self->picture == NULL || before == NULL || strcmp (before->path, self->row->path) != 0
         || before->file != self->row->file || before->size != self->row->size || before->mtime != self->row->mtime
         || g_strcmp0 (before->caption, self->row->caption) != 0;
}

void
alidade_project_picture_take_row (AlidadeProjectPicture *self, LibraryImage *row)
{
  LibraryImage *before;

  g_return_if_fail (ALIDADE_IS_PROJECT_PICTURE (self));

  if (row == NULL)
    return;
  before = self->row;
  self->row = row;
  if (needs_picture (self, before))
    {
      g_clear_object (&self->picture);
      self->picture = alidade_picture_new (row->path, row->caption, is_sample (row->path));
      if (row->file == LIBRARY_FILE_MISSING)
        alidade_picture_set_state (
            self->picture, ALIDADE_PICTURE_UNREADABLE,
            "The file is not where it was. If its folder has moved, tell the project where it is now.");
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PICTURE]);
    }
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ROW]);
  library_image_free (before);
}
