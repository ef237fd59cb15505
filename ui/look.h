/* SPDX-License-Identifier: MIT
 * AlidadeLook: how maps are drawn, one object for the whole window. Properties, all notifying:
 *   colours    uint, AlbefColours
 *   opacity    0..1
 *   threshold  0..1 */
#pragma once

#include "albef.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_LOOK (alidade_look_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeLook, alidade_look, ALIDADE, LOOK, GObject)

AlidadeLook *alidade_look_new (void);

AlbefColours alidade_look_get_colours (AlidadeLook *self);
/* The engine's form of it; `scale` is the map value drawn as 1.0. */
AlbefOverlay alidade_look_get_overlay (AlidadeLook *self, double scale);

G_END_DECLS
