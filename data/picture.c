/* SPDX-License-Identifier: MIT */
#include "picture.h"

#include <string.h>

struct _AlidadePicture
{
  GObject parent_instance;

  char *path; /* bytes */
  char *name; /* UTF-8 */
  char *caption;
  char *message;
  AlidadePictureState state;
  gboolean is_sample;
};

G_DEFINE_ENUM_TYPE (AlidadePictureState, alidade_picture_state,
                    G_DEFINE_ENUM_VALUE (ALIDADE_PICTURE_UNKNOWN, "unknown"),
                    G_DEFINE_ENUM_VALUE (ALIDADE_PICTURE_OK, "ok"),
                    G_DEFINE_ENUM_VALUE (ALIDADE_PICTURE_UNREADABLE, "unreadable"))

G_DEFINE_FINAL_TYPE (AlidadePicture, alidade_picture, G_TYPE_OBJECT)

enum
{
  PROP_PATH = 1,
  PROP_NAME,
  PROP_CAPTION,
  PROP_IS_SAMPLE,
  PROP_STATE,
  PROP_MESSAGE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
alidade_picture_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  AlidadePicture *self = ALIDADE_PICTURE (object);

  switch (id)
    {
    case PROP_PATH:
      g_value_set_string (value, self->path);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_CAPTION:
      g_value_set_string (value, self->caption);
      break;
    case PROP_IS_SAMPLE:
      g_value_set_boolean (value, self->is_sample);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_MESSAGE:
      g_value_set_string (value, self->message);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
alidade_picture_finalize (GObject *object)
{
  AlidadePicture *self = ALIDADE_PICTURE (object);

  g_free (self->path);
  g_free (self->name);
  g_free (self->caption);
  g_free (self->message);
  G_OBJECT_CLASS (alidade_picture_parent_class)->finalize (object);
}

static void
alidade_picture_class_init (AlidadePictureClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = alidade_picture_get_property;
  object_class->finalize = alidade_picture_finalize;
  properties[PROP_PATH] = g_param_spec_string ("path", NULL, NULL, NULL, flags);
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  properties[PROP_CAPTION] = g_param_spec_string ("caption", NULL, NULL, "", flags);
  properties[PROP_IS_SAMPLE] = g_param_spec_boolean ("is-sample", NULL, NULL, FALSE, flags);
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, ALIDADE_TYPE_PICTURE_STATE,
                                              ALIDADE_PICTURE_UNKNOWN, flags);
  properties[PROP_MESSAGE] = g_param_spec_string ("message", NULL, NULL, "", flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
alidade_picture_init (AlidadePicture *self)
{
  self->message = g_strdup ("");
}

AlidadePicture *
alidade_picture_new (const char *path, const char *caption, gboolean is_sample)
{
  AlidadePicture *self;

  g_return_val_if_fail (path != NULL, NULL);

  self = g_object_new (ALIDADE_TYPE_PICTURE, NULL);
  self->path = g_strdup (path);
  self->name = g_filename_display_basename (path);
  self->caption = g_strdup (caption != NULL ? caption : "");
  self->is_sample = is_sample;
  return self;
}

const char *
alidade_picture_get_path (AlidadePicture *self)
{
  g_return_val_if_fail (ALIDADE_IS_PICTURE (self), NULL);
  return self->path;
}

const char *
alidade_picture_get_name (AlidadePicture *self)
{
  g_return_val_if_fail (ALIDADE_IS_PICTURE (self), NULL);
  return self->name;
}

const char *
alidade_picture_get_caption (AlidadePicture *self)
{
  g_return_val_if_fail (ALIDADE_IS_PICTURE (self), NULL);
  return self->caption;
}

gboolean
alidade_picture_get_is_sample (AlidadePicture *self)
{
  g_return_val_if_fail (ALIDADE_IS_PICTURE (self), FALSE);
  return self->is_sample;
}

AlidadePictureState
alidade_picture_get_state (AlidadePicture *self)
{
  g_return_val_if_fail (ALIDADE_IS_PICTURE (self), ALIDADE_PICTURE_UNKNOWN);
  return self->state;
}

const char *
alidade_picture_get_message (AlidadePicture *self)
{
  g_return_val_if_fail (ALIDADE_IS_PICTURE (self), NULL);
  return self->message;
}

void
alidade_picture_set_state (AlidadePicture *self, AlidadePictureState state, const char *message)
{
  g_return_if_fail (ALIDADE_IS_PICTURE (self));

  if (message == NULL)
    message = "";
  g_object_freeze_notify (G_OBJECT (self));
  /* The message first: whoever reacts to the state reads it. */
  if (strcmp (self->message, message) != 0)
    {
      g_free (self->message);
      self->message = g_strdup (message);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MESSAGE]);
    }
  if (self->state != state)
    {
      self->state = state;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
    }
  g_object_thaw_notify (G_OBJECT (self));
}

void
alidade_picture_set_unreadable (AlidadePicture *self, const GError *error)
{
  g_autofree char *path = NULL;
  g_autofree char *rest = NULL;
  const char *message = error->message;

  g_return_if_fail (ALIDADE_IS_PICTURE (self));

  path = g_utf8_make_valid (self->path, -1);
  if (g_str_has_prefix (message, path) && g_str_has_prefix (message + strlen (path), ": "))
    message += strlen (path) + 2;
  rest = g_strdup (message);
  rest[0] = g_ascii_toupper (rest[0]);
  alidade_picture_set_state (self, ALIDADE_PICTURE_UNREADABLE, rest);
}
