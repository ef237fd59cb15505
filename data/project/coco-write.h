/* SPDX-License-Identifier: MIT
 * COCO's instances, captions and results written; see Format.write. */
#pragma once

#include "format.h"

G_BEGIN_DECLS

gboolean coco_write (Export *export, const char *target, GError **error);
gboolean coco_captions_write (Export *export, const char *target, GError **error);
gboolean coco_results_write (Export *export, const char *target, GError **error);

G_END_DECLS
