/* SPDX-License-Identifier: MIT */
#include "engine-error.h"

G_DEFINE_QUARK (alidade-engine-error-quark, alidade_engine_error)

GError *
alidade_engine_error_new (const AlbefError *error)
{
  /* File names in messages may hold any bytes. */
  g_autofree char *message = g_utf8_make_valid (error->message, -1);

  if (error->status == ALBEF_CANCELLED)
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, message);
  return g_error_new_literal (ALIDADE_ENGINE_ERROR, error->status, message);
}
