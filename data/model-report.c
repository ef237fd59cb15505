/* SPDX-License-Identifier: MIT */
#include "model-report.h"

struct _AlidadeReport
{
  AlbefReport *report;
  char *path;
  gboolean loaded;
};

G_DEFINE_BOXED_TYPE (AlidadeReport, alidade_report, alidade_report_ref, alidade_report_unref)

static void
report_clear (gpointer data)
{
  AlidadeReport *self = data;

  albef_report_free (self->report);
  g_free (self->path);
}

AlidadeReport *
alidade_report_new_take (AlbefReport *report, const char *path, gboolean loaded)
{
  AlidadeReport *self;

  g_return_val_if_fail (report != NULL, NULL);

  self = g_atomic_rc_box_new0 (AlidadeReport);
  self->report = report;
  self->path = g_strdup (path);
  self->loaded = loaded;
  return self;
}

AlidadeReport *
alidade_report_ref (AlidadeReport *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
alidade_report_unref (AlidadeReport *self)
{
  g_atomic_rc_box_release_full (self, report_clear);
}

const AlbefReport *
alidade_report_get (const AlidadeReport *self)
{
  return self->report;
}

const char *
alidade_report_get_path (const AlidadeReport *self)
{
  return self->path;
}

gboolean
alidade_report_get_loaded (const AlidadeReport *self)
{
  return self->loaded;
}
