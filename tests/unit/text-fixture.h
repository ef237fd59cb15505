/* SPDX-License-Identifier: MIT
 * text-fixture.h: the reference vocabulary and JSON files for the tests of engine/text. */
#pragma once

#include "tap.h"
#include "vocab.h"

#include <jansson.h>
#include <stdlib.h>

__attribute__ ((unused)) static const char *
fixture_path (const char *name)
{
  static char path[4096];
  const char *tests = getenv ("ALIDADE_TESTS");

  snprintf (path, sizeof path, "%s/reference/public/%s", tests != NULL ? tests : "tests", name);
  return path;
}

/* A missing fixture ends the program: nothing after it would test anything. */
__attribute__ ((unused)) static json_t *
fixture_json (const char *name)
{
  json_error_t json_error;
  json_t *root = json_load_file (fixture_path (name), JSON_ALLOW_NUL, &json_error);

  if (!tap_ok (root != NULL, "/fixture/%s", name))
    {
      tap_note ("%s: %s", fixture_path (name), json_error.text);
      exit (1);
    }
  return root;
}

__attribute__ ((unused)) static Vocab *
fixture_vocab (void)
{
  AlbefError error = ALBEF_ERROR_INIT;
  Vocab *vocab = NULL;

  if (!tap_ok (vocab_open (fixture_path ("vocab.txt"), &vocab, &error) == ALBEF_OK, "/fixture/vocab.txt"))
    {
      tap_note ("%s", error.message);
      exit (1);
    }
  return vocab;
}

/* A vocabulary of the given lines after [PAD] [UNK] [CLS] [SEP] [MASK] (ids 0-4). */
__attribute__ ((unused)) static Vocab *
vocab_of (const char *lines)
{
  char bytes[4096];
  Vocab *vocab = NULL;

  snprintf (bytes, sizeof bytes, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n%s", lines);
  if (vocab_from_bytes (bytes, strlen (bytes), "test", &vocab, NULL) != ALBEF_OK)
    abort ();
  return vocab;
}
