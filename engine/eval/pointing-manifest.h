/* SPDX-License-Identifier: MIT
 * pointing-manifest.h: a manifest (JSON Lines) seen as scenes, so that the pointing game can be played on what people
 * labelled. */
#pragma once

#include <jansson.h>

#include "albef.h"

/* Does the file begin as a manifest? */
bool pointing_is_manifest (const char *path);

/* A list of {image, caption, foil, phrases [{start, end, boxes}]}, one for each picture and text in the order of the
 * file; the caller's. A phrase is there if its regions are labels (`label` not false) and its verdict is accepted,
 * corrected or none; a phrase judged absent is the foil of its picture's first scene. Held-out records alone where the
 * file has any, else all. A line that is no record is an error that names it. */
AlbefStatus pointing_manifest_scenes (const char *path, json_t **scenes, AlbefError *error);
