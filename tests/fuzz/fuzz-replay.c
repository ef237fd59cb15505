/* SPDX-License-Identifier: MIT
 * fuzz-replay.c: gives a fuzz target its kept corpus without libFuzzer, so that the ordinary suite replays it.
 * Arguments: files and folders of files, one TAP point each: a target aborts when an invariant breaks. */
#include "tap.h"

#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static bool
replay_file (const char *path)
{
  FILE *file = fopen (path, "rb");
  uint8_t *bytes = NULL;
  size_t length = 0, taken;

  if (file == NULL)
    return false;
  do
    {
      bytes = realloc (bytes, length + 65536);
      if (bytes == NULL)
        abort ();
      taken = fread (bytes + length, 1, 65536, file);
      length += taken;
    }
  while (taken > 0);
  fclose (file);
  /* A copy of the exact size, so that reading past the end is seen by a sanitizer. */
  bytes = realloc (bytes, length > 0 ? length : 1);
  LLVMFuzzerTestOneInput (bytes, length);
  free (bytes);
  return true;
}

/* Replays a file, or all files of a folder. Returns how many; -1 if one cannot be read. */
static int
replay (const char *path)
{
  struct dirent **names;
  int n = scandir (path, &names, NULL, alphasort);
  int count = 0;

  if (n < 0)
    return replay_file (path) ? 1 : -1;
  for (int i = 0; i < n; i++)
    {
      char inner[4096];

      snprintf (inner, sizeof inner, "%s/%s", path, names[i]->d_name);
      if (names[i]->d_name[0] != '.' && count >= 0)
        count = replay_file (inner) ? count + 1 : -1;
      free (names[i]);
    }
  free (names);
  return count;
}

int
main (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    {
      int n = replay (argv[i]);

      tap_ok (n > 0, "%s: %d inputs replayed", argv[i], n);
    }
  return tap_done ();
}
