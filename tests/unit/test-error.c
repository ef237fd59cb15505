/* SPDX-License-Identifier: MIT */
#include "error.h"
#include "tap.h"

#include <errno.h>

int
main (void)
{
  AlbefError error = ALBEF_ERROR_INIT;
  char long_text[3000];

  tap_ok (error_set (&error, ALBEF_ERROR_FILE, "cannot open '%s'", "x") == ALBEF_ERROR_FILE, "/error/status is returned");
  tap_equal_text (error.message, "cannot open 'x'", "/error/message is formatted");
  error_prefix (&error, ALBEF_ERROR_FORMAT, "model");
  tap_equal_text (error.message, "model: cannot open 'x'", "/error/prefix comes first");
  errno = ENOENT;
  error_set_errno (&error, ALBEF_ERROR_FILE, "a");
  tap_equal_text (error.message, "a: No such file or directory", "/error/errno is spelled out");
  memset (long_text, 'y', sizeof long_text - 1);
  long_text[sizeof long_text - 1] = 0;
  error_set (&error, ALBEF_ERROR_FILE, "%s", long_text);
  error_prefix (&error, ALBEF_ERROR_FILE, "%s", long_text);
  tap_ok (strlen (error.message) == sizeof error.message - 1, "/error/long messages are cut, not overrun");
  tap_ok (error_set (NULL, ALBEF_ERROR_FILE, "z") == ALBEF_ERROR_FILE, "/error/NULL is accepted");
  return tap_done ();
}
