/* SPDX-License-Identifier: MIT */
#include "look.h"

#define DEFAULT_OPACITY 0.80
#define DEFAULT_THRESHOLD 0.10

struct _AlidadeLook
{
  GObject parent_instance;

  guint colours;
  double opacity;
  double threshold;
};

G_DEFINE_FINAL_TYPE (AlidadeLook, alidade_look, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_COLOURS,
  PROP_OPACITY,
  PROP_THRESHOLD,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
alidade_look_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  AlidadeLook *self = ALIDADE_LOOK (object);

  switch (prop_id)
    {
    case PROP_COLOURS:
      g_value_set_uint (value, self->colours);
      break;
    case PROP_OPACITY:
      g_value_set_double (value, self->opacity);
      break;
    case PROP_THRESHOLD:
      g_value_set_double (value, self->threshold);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
alidade_look_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  AlidadeLook *self = ALIDADE_LOOK (object);

  switch (prop_id)
    {
    case PROP_COLOURS:
      if (self->colours == g_value_get_uint (value))
        return;
      self->colours = g_value_get_uint (value);
      break;
    case PROP_OPACITY:
      if (self->opacity == g_value_get_double (value))
        return;
      self->opacity = g_value_get_double (value);
      break;
    case PROP_THRESHOLD:
      if (self->threshold == g_value_get_double (value))
        return;
      self->threshold = g_value_get_double (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      return;
    }
  g_object_notify_by_pspec (object, pspec);
}

static void
alidade_look_class_init (AlidadeLookClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = alidade_look_get_property;
  object_class->set_property = alidade_look_set_property;

  properties[PROP_COLOURS]
      = g_param_spec_uint ("colours", NULL, NULL, 0, ALBEF_N_COLOURS - 1, ALBEF_COLOURS_VIRIDIS, flags);
  properties[PROP_OPACITY] = g_param_spec_double ("opacity", NULL, NULL, 0, 1, DEFAULT_OPACITY, flags);
  properties[PROP_THRESHOLD] = g_param_spec_double ("threshold", NULL, NULL, 0, 1, DEFAULT_THRESHOLD, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
alidade_look_init (AlidadeLook *self)
{
  self->colours = ALBEF_COLOURS_VIRIDIS;
  self->opacity = DEFAULT_OPACITY;
  self->threshold = DEFAULT_THRESHOLD;
}

AlidadeLook *
alidade_look_new (void)
{
  return g_object_new (ALIDADE_TYPE_LOOK, NULL);
}

AlbefColours
alidade_look_get_colours (AlidadeLook *self)
{
  return self->colours;
}

AlbefOverlay
alidade_look_get_overlay (AlidadeLook *self, double scale)
{
  AlbefOverlay overlay = { self->colours, self->opacity, self->threshold, scale };

  return overlay;
}
