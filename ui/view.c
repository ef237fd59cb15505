/* SPDX-License-Identifier: MIT */
#include "view.h"

G_DEFINE_INTERFACE (AlidadeView, alidade_view, GTK_TYPE_WIDGET)

static void
alidade_view_default_init (AlidadeViewInterface *iface)
{
}

AdwFlap *
alidade_view_get_pane (AlidadeView *self, AlidadeViewSide side, const char **name)
{
  AlidadeViewInterface *iface;

  g_return_val_if_fail (ALIDADE_IS_VIEW (self), NULL);

  *name = "Pane";
  iface = ALIDADE_VIEW_GET_IFACE (self);
  return iface->get_pane != NULL ? iface->get_pane (self, side, name) : NULL;
}

void
alidade_view_set_narrow (AlidadeView *self, gboolean narrow)
{
  AlidadeViewInterface *iface;

  g_return_if_fail (ALIDADE_IS_VIEW (self));

  iface = ALIDADE_VIEW_GET_IFACE (self);
  if (iface->set_narrow != NULL)
    iface->set_narrow (self, narrow);
}
