/* SPDX-License-Identifier: MIT
 * run-folder.h: the folder of a training run: its checkpoints, the newest of which is where it goes on. */
#pragma once

#include "checkpoint.h"

typedef struct RunFolder RunFolder;

/* Makes the folder if it is not there and locks it: a second run in it is refused. Removes what a killed run left half
 * written. `keep`: how many checkpoints stay (at least 1). */
AlbefStatus run_folder_open (const char *path, int keep, RunFolder **folder, AlbefError *error);
void run_folder_close (RunFolder *folder); /* accepts NULL */

const char *run_folder_path (const RunFolder *folder);

/* The newest checkpoint's path, the caller's to free; NULL if there is none. */
char *run_folder_newest (const RunFolder *folder);

/* Writes checkpoint-STEP.safetensors, then removes the oldest beyond `keep`. On failure those that were there stay. */
AlbefStatus run_folder_save (RunFolder *folder, const Learner *learner, const TrainPosition *position,
                             const CheckpointTexts *texts, AlbefError *error);
