/* SPDX-License-Identifier: MIT
 * The tables against Python 3.11: checksums of what unicodedata and str.lower() say of every code point, and some
 * answers by hand. */
#include "mapped.h"
#include "tap.h"
#include "unicode.h"

#include <stdlib.h>

static uint64_t
mix (uint64_t hash, uint32_t value)
{
  for (int i = 0; i < 4; i++)
    hash = (hash ^ (value >> 8 * i & 0xff)) * 0x100000001b3u;
  return hash;
}

/* FNV-1a over 32-bit little-endian values; the wanted ones were computed by a few lines of Python from
 * str.lower(), unicodedata.normalize ("NFD"), category(), combining() and str.isspace(). */
static void
test_all_code_points (void)
{
  uint64_t lower = 0xcbf29ce484222325u, nfd = lower, categories = lower;

  for (uint32_t code = 0; code <= UNICODE_MAX; code++)
    {
      uint32_t parts[4];
      int n = unicode_lower (code, parts);
      unsigned flags = unicode_flags (code) & 31;

      for (int i = 0; i < n; i++)
        lower = mix (lower, parts[i]);
      n = unicode_decompose (code, parts);
      for (int i = 0; i < n; i++)
        nfd = mix (nfd, parts[i]);
      if (code < 128 && code > 0 && strchr ("$+<=>^`|~", (int) code) != NULL) /* category S, punctuation to BERT */
        flags &= ~(unsigned) UNICODE_PUNCTUATION;
      categories = mix (categories, flags | unicode_combining (code) << 8);
    }
  tap_ok (lower == 0xe6721fc2ad5d4f10u, "/unicode/str.lower() of every code point");
  tap_ok (nfd == 0x22846e709e35e2a9u, "/unicode/NFD of every code point");
  tap_ok (categories == 0x767a41b32533441eu, "/unicode/categories, spaces and combining classes of every code point");
}

static void
check_text (const char *typed, void (*change) (MappedText *), const char *wanted, const char *name)
{
  MappedText text = { 0 };
  char *got;

  mapped_decode (&text, typed, strlen (typed));
  change (&text);
  got = mapped_to_utf8 (text.chars, text.length, NULL, NULL);
  tap_equal_text (got, wanted, name);
  free (got);
  mapped_free (&text);
}

static void
test_lower (void)
{
  check_text ("ÀÉ ẞ Ǆ K", mapped_lower, "àé ß ǆ k", "/lower/letters with one small form");
  check_text ("İ", mapped_lower, "i̇", "/lower/capital i with dot becomes two");
  check_text ("ΟΔΟΣ ΤΕΛΟΣ, Σ ΑΣΑ", mapped_lower, "οδος τελος, σ ασα", "/lower/final sigma at the end of words only");
  check_text ("ΑΣ'Α ΑΣ' 1Σ", mapped_lower, "ασ'α ας' 1σ", "/lower/an apostrophe is passed over");
  check_text ("Α\xcc\x81Σ\xcc\x81", mapped_lower, "α\xcc\x81ς\xcc\x81", "/lower/accents are passed over");
}

static void
test_decompose (void)
{
  check_text ("é", mapped_decompose, "e\xcc\x81", "/nfd/an accent");
  check_text ("ǘ", mapped_decompose, "u\xcc\x88\xcc\x81", "/nfd/two steps at once");
  check_text ("한글", mapped_decompose, "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xe1\x84\x80\xe1\x85\xb3\xe1\x86\xaf",
              "/nfd/Hangul becomes jamo");
  check_text ("a\xcc\x81\xcc\xa3", mapped_decompose, "a\xcc\xa3\xcc\x81", "/nfd/marks are put in order");
  check_text ("\xcc\x81\xcc\xa3z\xcc\x81\xcc\xa3", mapped_decompose, "\xcc\xa3\xcc\x81z\xcc\xa3\xcc\x81",
              "/nfd/leading marks too");
  check_text ("\xef\xa4\x80", mapped_decompose, "\xe8\xb1\x88", "/nfd/compatibility ideograph");
}

static void
test_spans (void)
{
  MappedText text = { 0 };

  mapped_decode (&text, "xİa\xcc\x81\xcc\xa3", 8);
  mapped_lower (&text);
  tap_ok (text.length == 6 && text.chars[1].start == 1 && text.chars[2].start == 1 && text.chars[2].end == 3,
          "/spans/both halves of a split letter keep its place");
  mapped_decompose (&text);
  tap_ok (text.chars[4].start == 4 && text.chars[4].end == 8 && text.chars[5].start == 4 && text.chars[5].end == 8,
          "/spans/marks that changed places share a span");
  mapped_free (&text);
}

static void
test_utf8 (void)
{
  static const struct
  {
    const char *bytes;
    int taken;
    uint32_t code;
  } cases[] = {
    { "a", 1, 'a' },
    { "é", 2, 0xe9 },
    { "中", 3, 0x4e2d },
    { "😀", 4, 0x1f600 },
    { "\xef\xbf\xbd", 3, 0xfffd },
    { "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
    { "\xc0\x80", 1, 0xfffd },
    { "\x80", 1, 0xfffd },
    { "\xe0\x9f\x80", 1, 0xfffd },
    { "\xed\xa0\x80", 1, 0xfffd },
    { "\xf4\x90\x80\x80", 1, 0xfffd },
    { "\xf0\x9f\x98", 3, 0xfffd },
    { "\xe4\xb8z", 2, 0xfffd },
    { "\xff", 1, 0xfffd },
    { "\xc3", 1, 0xfffd },
    { "\xf5\x80\x80\x80", 1, 0xfffd },
  };

  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    {
      uint32_t code;
      int taken = utf8_decode (cases[i].bytes, strlen (cases[i].bytes), &code);
      char again[4];
      bool well = code != 0xfffd || strcmp (cases[i].bytes, "\xef\xbf\xbd") == 0;

      tap_ok (taken == cases[i].taken && code == cases[i].code
                  && (!well || (utf8_encode (code, again) == taken && memcmp (again, cases[i].bytes, taken) == 0)),
              "/utf8/case %zu", i);
      tap_ok (utf8_validate (cases[i].bytes, strlen (cases[i].bytes)) == (well ? strlen (cases[i].bytes) : 0),
              "/utf8/case %zu is %s", i, well ? "valid" : "refused");
    }
}

int
main (void)
{
  test_all_code_points ();
  test_lower ();
  test_decompose ();
  test_spans ();
  test_utf8 ();
  tap_ok (unicode_is_ideograph (0x4e2d) && unicode_is_ideograph (0x3400) && unicode_is_ideograph (0xf900)
              && unicode_is_ideograph (0x20000) && !unicode_is_ideograph (0x3042) && !unicode_is_ideograph (0xac00)
              && !unicode_is_ideograph (0x4dc0) && !unicode_is_ideograph (0x2a6e0),
          "/unicode/ideographs are Han alone");
  tap_ok (unicode_flags (0x110000) == UNICODE_CONTROL && unicode_combining (0xffffffff) == 0,
          "/unicode/beyond the last code point");
  return tap_done ();
}
