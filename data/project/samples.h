/* SPDX-License-Identifier: MIT
 * The sample scenes as a project: captions and the spans of their phrases, without regions. Where things really are stands
 * beside the scenes (scenes.json), for tests. */
#pragma once

#include "project.h"

G_BEGIN_DECLS

/* Where the sample project of this user lies: below the user's data folder. The caller frees. */
char *samples_project_path (void);

/* Opens the sample project at `path` for writing; makes it from the scenes in `scenes` when there is none. */
Project *samples_project_open (const char *path, const char *scenes, GError **error);

G_END_DECLS
