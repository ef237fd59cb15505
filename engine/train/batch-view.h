/* SPDX-License-Identifier: MIT
 * batch-view.h: what the loader made, as the steps take it. */
#pragma once

#include "loader.h"
#include "steps.h"

/* The step's view of a loaded batch: its pointers are the loader's and live as long as its batch. What comes from
 * elsewhere (text assignment's pairs, AMC's layer) is left 0. Regions are handed on where the masks have the picture's
 * size. */
Batch batch_view (const HostBatch *host, const LoaderOptions *options);
