/* SPDX-License-Identifier: MIT
 * The examples of FIPS 180-4 and its successor documents, at once and in pieces. */
#include "error.h"
#include "sha256.h"
#include "tap.h"

#include <stdlib.h>
#include <unistd.h>

static void
test_vector (const char *text, size_t length, const char *wanted, const char *name)
{
  static const size_t pieces[] = { 1, 3, 55, 63, 64, 65, 1000 };
  uint8_t digest[32];
  char hex[65];
  bool same = true;
  Sha256 sha;

  for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++)
    {
      sha256_init (&sha);
      for (size_t at = 0; at < length; at += pieces[p])
        sha256_update (&sha, text + at, length - at < pieces[p] ? length - at : pieces[p]);
      sha256_final (&sha, digest);
      for (int i = 0; i < 32; i++)
        snprintf (hex + 2 * i, 3, "%02x", digest[i]);
      same = same && strcmp (hex, wanted) == 0;
    }
  if (!tap_ok (same, "/sha256/%s", name))
    tap_note ("got %s", hex);
}

static bool
refuse (void *data, const char *what, uint64_t done, uint64_t total)
{
  return false;
}

int
main (void)
{
  static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  char *many = mem_new0 (1000000, 1), path[] = "/tmp/alidade-sha-XXXXXX", hex[65];
  AlbefError error = ALBEF_ERROR_INIT;
  int fd = mkstemp (path);

  memset (many, 'a', 1000000);
  for (int plain = 0; plain < 2; plain++)
    {
      sha256_set_plain (plain);
      test_vector ("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "empty");
      test_vector ("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abc");
      test_vector (two, 56, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", "two blocks");
      test_vector (many, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
                   "a million letters");
    }
  tap_ok (fd >= 0 && write (fd, "abc", 3) == 3 && sha256_file (path, NULL, NULL, hex, &error) == ALBEF_OK
              && strncmp (hex, "ba7816bf", 8) == 0,
          "/sha256/a file");
  tap_ok (sha256_file (path, refuse, NULL, hex, &error) == ALBEF_CANCELLED, "/sha256/cancelled");
  unlink (path);
  tap_ok (sha256_file (path, NULL, NULL, hex, &error) == ALBEF_ERROR_FILE, "/sha256/no file");
  close (fd);
  free (many);
  return tap_done ();
}
