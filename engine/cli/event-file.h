/* SPDX-License-Identifier: MIT
 * event-file.h: scalar curves as TensorBoard reads them: a TFRecord file of Event messages. */
#pragma once

#include "albef.h"

typedef struct EventFile EventFile;

/* A new file in DIR (made if it is not there), named by the time. With first_step > 0 the curves of earlier files are
 * taken up to that step only: TensorBoard drops what a killed run had written beyond it. */
AlbefStatus event_file_open (const char *dir, int64_t first_step, EventFile **file, AlbefError *error);

/* One point of each curve; written through at once. Values that are not finite are left out. */
AlbefStatus event_file_add (EventFile *file, int64_t step, const char *const *tags, const double *values, int n,
                            AlbefError *error);
void event_file_close (EventFile *file); /* accepts NULL */
