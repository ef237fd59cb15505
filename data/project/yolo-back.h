/* SPDX-License-Identifier: MIT
 * Writing changes back into YOLO's label files. */
#pragma once

#include "format.h"

G_BEGIN_DECLS

/* Changed lines get their new numbers, gone ones are taken out, new ones stand at the end; all others stay. Label files
 * and names of classes that are not there yet are made. */
gboolean yolo_write_back (Export *export, GError **error);

G_END_DECLS
