/* SPDX-License-Identifier: MIT
 * map-files.h: maps written to files, each with the description of how they were made: in PNG text chunks,
 * in safetensors metadata, or as JSON beside a .npy. Every file is complete or untouched. */
#pragma once

#include <jansson.h>

#include "albef.h"

typedef struct
{
  int *words; /* indices of the words to write */
  int n;
} MapSelection;

/* The picture, then one overlay per word on a common scale; the sentence's map where words have none. */
AlbefStatus map_files_write_strip (const char *path, const AlbefImage *image, const AlbefMaps *maps,
                                   const MapSelection *chosen, const AlbefOverlay *overlay, json_t *description,
                                   AlbefError *error);
AlbefStatus map_files_write_word (const char *path, const AlbefImage *image, const AlbefMaps *maps, int word,
                                  const AlbefOverlay *overlay, json_t *description, AlbefError *error);
/* float32, C order, [n][grid][grid]; words without a map are zeros. `path` with .json for .npy beside it. */
AlbefStatus map_files_write_npy (const char *path, const AlbefMaps *maps, const MapSelection *chosen,
                                 json_t *description, AlbefError *error);
/* Tensors "words" [n][grid][grid] and "sentence" [grid][grid]. */
AlbefStatus map_files_write_safetensors (const char *path, const AlbefMaps *maps, const MapSelection *chosen,
                                         json_t *description, AlbefError *error);
AlbefStatus map_files_write_json (const char *path, json_t *description, AlbefError *error);
