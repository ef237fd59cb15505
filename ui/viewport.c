/* SPDX-License-Identifier: MIT */
#include "viewport.h"

#include <math.h>

#define FIT_MARGIN 11.0 /* CSS pixels around a fitted picture */
#define FIT_LARGEST 4.0 /* a tiny picture is not blown up beyond this when fitted */
#define ZOOM_LARGEST 32.0

struct _AlidadeViewport
{
  GObject parent_instance;

  double view_width, view_height, scale_factor;
  int picture_width, picture_height;
  double zoom;               /* device pixels per picture pixel */
  double centre_x, centre_y; /* picture point in the middle of the view */
  gboolean is_fit;
};

G_DEFINE_FINAL_TYPE (AlidadeViewport, alidade_viewport, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static const double zoom_stops[]
    = { 0.05, 0.1, 0.15, 0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32 };

static double
fit_zoom (AlidadeViewport *self)
{
  double across = (self->view_width - 2 * FIT_MARGIN) / self->picture_width;
  double down = (self->view_height - 2 * FIT_MARGIN) / self->picture_height;

  return CLAMP (MIN (across, down), 1e-4, FIT_LARGEST) * self->scale_factor;
}

static double
smallest_zoom (AlidadeViewport *self)
{
  return MIN (fit_zoom (self), 1.0) / 4;
}

/* Keeps the centre where the picture fills the view, or in its middle where the picture is smaller. */
static double
clamp_centre (double centre, double picture, double shown)
{
  double margin = shown / 2;

  if (picture <= shown)
    return picture / 2;
  return CLAMP (centre, margin, picture - margin);
}

static void
settle (AlidadeViewport *self)
{
  if (self->picture_width > 0 && self->view_width > 0)
    {
      if (self->is_fit)
        self->zoom = fit_zoom (self);
      self->zoom = CLAMP (self->zoom, smallest_zoom (self), ZOOM_LARGEST);
      double css = self->zoom / self->scale_factor;
      self->centre_x = clamp_centre (self->centre_x, self->picture_width, self->view_width / css);
      self->centre_y = clamp_centre (self->centre_y, self->picture_height, self->view_height / css);
    }
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
alidade_viewport_class_init (AlidadeViewportClass *klass)
{
  signals[CHANGED]
      = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
alidade_viewport_init (AlidadeViewport *self)
{
  self->scale_factor = 1;
  self->zoom = 1;
  self->is_fit = TRUE;
}

AlidadeViewport *
alidade_viewport_new (void)
{
  return g_object_new (ALIDADE_TYPE_VIEWPORT, NULL);
}

void
alidade_viewport_set_view (AlidadeViewport *self, double width, double height, double scale_factor)
{
  g_return_if_fail (ALIDADE_IS_VIEWPORT (self));

  if (self->view_width == width && self->view_height == height && self->scale_factor == scale_factor)
    return;
  self->view_width = width;
  self->view_height = height;
  self->scale_factor = scale_factor;
  settle (self);
}

void
alidade_viewport_set_picture (AlidadeViewport *self, int width, int height)
{
  g_return_if_fail (ALIDADE_IS_VIEWPORT (self));

  self->picture_width = width;
  self->picture_height = height;
  self->is_fit = TRUE;
  settle (self);
}

void
alidade_viewport_fit (AlidadeViewport *self)
{
  g_return_if_fail (ALIDADE_IS_VIEWPORT (self));

  self->is_fit = TRUE;
  settle (self);
}

gboolean
alidade_viewport_get_is_fit (AlidadeViewport *self)
{
  return self->is_fit;
}

double
alidade_viewport_get_zoom (AlidadeViewport *self)
{
  return self->zoom;
}

void
alidade_viewport_zoom_at (AlidadeViewport *self, double zoom, double x, double y)
{
  double before = self->zoom / self->scale_factor;
  double after;

  g_return_if_fail (ALIDADE_IS_VIEWPORT (self));

  if (self->picture_width <= 0)
    return;
  zoom = CLAMP (zoom, smallest_zoom (self), ZOOM_LARGEST);
  after = zoom / self->scale_factor;
  self->centre_x += (x - self->view_width / 2) * (1 / before - 1 / after);
  self->centre_y += (y - self->view_height / 2) * (1 / before - 1 / after);
  self->zoom = zoom;
  self->is_fit = FALSE;
  settle (self);
}

void
alidade_viewport_zoom_step (AlidadeViewport *self, int direction)
{
  double next = self->zoom;

  g_return_if_fail (ALIDADE_IS_VIEWPORT (self));

  if (direction > 0)
    {
      next = ZOOM_LARGEST;
      for (int i = G_N_ELEMENTS (zoom_stops) - 1; i >= 0; i--)
        if (zoom_stops[i] > self->zoom * 1.01)
          next = zoom_stops[i];
    }
  else
    {
      next = self->zoom / 1.5;
      for (guint i = 0; i < G_N_ELEMENTS (zoom_stops); i++)
        if (zoom_stops[i] < self->zoom * 0.99)
          next = zoom_stops[i];
    }
  alidade_viewport_zoom_at (self, next, self->view_width / 2, self->view_height / 2);
}

void
alidade_viewport_pan (AlidadeViewport *self, double dx, double dy)
{
  double css = self->zoom / self->scale_factor;

  g_return_if_fail (ALIDADE_IS_VIEWPORT (self));

  self->centre_x -= dx / css;
  self->centre_y -= dy / css;
  settle (self);
}

gboolean
alidade_viewport_get_picture_rect (AlidadeViewport *self, double *x, double *y, double *width, double *height)
{
  double css = self->zoom / self->scale_factor;
  double snap = self->scale_factor;

  g_return_val_if_fail (ALIDADE_IS_VIEWPORT (self), FALSE);

  if (self->picture_width <= 0 || self->view_width <= 0)
    return FALSE;
  /* On whole device pixels, so that edges stay sharp and 100 % is exact. */
  *x = round ((self->view_width / 2 - self->centre_x * css) * snap) / snap;
  *y = round ((self->view_height / 2 - self->centre_y * css) * snap) / snap;
  *width = MAX (round (self->picture_width * self->zoom), 1) / snap;
  *height = MAX (round (self->picture_height * self->zoom), 1) / snap;
  return TRUE;
}

gboolean
alidade_viewport_to_picture (AlidadeViewport *self, double x, double y, double *u, double *v)
{
  double left, top, width, height;

  if (!alidade_viewport_get_picture_rect (self, &left, &top, &width, &height))
    return FALSE;
  *u = (x - left) / width;
  *v = (y - top) / height;
  return *u >= 0 && *u < 1 && *v >= 0 && *v < 1;
}
