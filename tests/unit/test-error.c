/* SPDX-License-Identifier: MIT */
#include "error.h"
#include "tap.h"
#include "unicode.h"

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
  error_set (&error, ALBEF_ERROR_FILE, "cannot open '%s'", "a\xff" "b\xc3");
  tap_equal_text (error.message, "cannot open 'a?b?'", "/error/a name that is no UTF-8");
  for (size_t i = 0; i + 3 < sizeof long_text; i += 3)
    memcpy (long_text + i, "\xe2\x82\xac", 3);
  long_text[sizeof long_text - 1 - (sizeof long_text - 1) % 3] = 0;
  for (int i = 0; i < 3; i++)
    {
      error_set (&error, ALBEF_ERROR_FILE, "%.*s%s", i, "yy", long_text);
      tap_ok (utf8_validate (error.message, strlen (error.message)) == strlen (error.message)
                  && strlen (error.message) >= sizeof error.message - 3 && strchr (error.message, '?') == NULL,
              "/error/cut between characters (%zu bytes)", strlen (error.message));
    }
  tap_ok (error_set (NULL, ALBEF_ERROR_FILE, "z") == ALBEF_ERROR_FILE, "/error/NULL is accepted");
  return tap_done ();
}
