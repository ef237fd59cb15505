/* SPDX-License-Identifier: MIT
 * Writing changes back into COCO's instance files. */
#pragma once

#include "format.h"

G_BEGIN_DECLS

/* Changed annotations get their new numbers, gone ones are taken out, new ones stand at the end with the next free ids;
 * every other byte of the files stays. New phrases that are no category go into one called "phrase". */
gboolean coco_write_back (Export *export, GError **error);

G_END_DECLS
