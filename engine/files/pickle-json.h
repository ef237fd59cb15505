/* SPDX-License-Identifier: MIT
 * pickle-json.h: the `config` dict of a training checkpoint as JSON. */
#pragma once

#include "unpickle.h"

/* JSON of a dict with text keys; members that JSON cannot hold are left out, and so is what lies deeper than a few
 * levels (values may form cycles) or beyond some thousand members. NULL if `dict` is NULL or no dict; else the
 * caller frees it. */
char *pickle_dict_json (const PickleValue *dict);
