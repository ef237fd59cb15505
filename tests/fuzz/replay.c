/* SPDX-License-Identifier: MIT
 * replay.c: runs a fuzzer's entry over every file of its kept corpus, as a test. The point is that the program
 * is still there afterwards: an input that once broke a parser stays harmless in every build, also where there
 * is no libFuzzer. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/tap.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* The whole file, *size bytes to be freed by the caller; NULL if it cannot be read. Exactly as long as the file,
 * so that a sanitizer sees a read behind its end. */
static uint8_t *
file_read (const char *path, size_t *size)
{
  FILE *file = fopen (path, "rb");
  uint8_t *bytes = NULL;
  long length = -1;

  if (file && fseek (file, 0, SEEK_END) == 0 && (length = ftell (file)) >= 0 && fseek (file, 0, SEEK_SET) == 0)
    bytes = malloc (length > 0 ? (size_t) length : 1);
  if (bytes && fread (bytes, 1, (size_t) length, file) != (size_t) length)
    {
      free (bytes);
      bytes = NULL;
    }
  if (file)
    fclose (file);
  *size = bytes ? (size_t) length : 0;
  return bytes;
}

static int
visible_only (const struct dirent *entry)
{
  return entry->d_name[0] != '.';
}

int
main (int argc, char **argv)
{
  struct dirent **entries = NULL;
  int n = argc == 2 ? scandir (argv[1], &entries, visible_only, alphasort) : -1;

  tap_ok (n > 0, "/replay/corpus %s is there", argc == 2 ? argv[1] : "(none named)");
  for (int i = 0; i < n; i++)
    {
      char path[4096];
      size_t size = 0;
      uint8_t *bytes;

      snprintf (path, sizeof path, "%s/%s", argv[1], entries[i]->d_name);
      bytes = file_read (path, &size);
      /* Said before the run: after a crash the last line names the culprit. */
      tap_note ("%s, %zu bytes", entries[i]->d_name, size);
      if (bytes)
        LLVMFuzzerTestOneInput (bytes, size);
      tap_ok (bytes != NULL, "/replay/%s", entries[i]->d_name);
      free (bytes);
      free (entries[i]);
    }
  free (entries);
  return tap_done ();
}
