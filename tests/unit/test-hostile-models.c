/* SPDX-License-Identifier: MIT
 * Hostile and damaged model files: nothing in them runs, and each is refused with a sentence that names the trouble.
 * The files are the fuzzers' corpus (tests/fuzz/corpus-model-files.py says how each is made). */
#include "error.h"
#include "tap.h"
#include "weights.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct
{
  const char *file;
  AlbefStatus status;
  const char *says; /* part of the message */
} Refusal;

static const Refusal containers[] = {
  { "zip/cut-directory", ALBEF_ERROR_FORMAT, "cut off" },
  { "zip/cut-half", ALBEF_ERROR_FORMAT, "cut off" },
  { "zip/cut-legacy", ALBEF_ERROR_FORMAT, "cut off: 9 of 11 storages" },
  { "zip/no-pickle", ALBEF_ERROR_FORMAT, "without data.pkl" },
  { "zip/two-pickles", ALBEF_ERROR_FORMAT, "two data.pkl" },
  { "zip/missing-record", ALBEF_ERROR_FORMAT, "'archive/data/5' is missing" },
  { "zip/short-record", ALBEF_ERROR_FORMAT, "should have 3 elements but has 8 bytes" },
  { "zip/outside", ALBEF_ERROR_FORMAT, "'w' reaches element 2 of a storage that has 2" },
  { "zip/outside-stride", ALBEF_ERROR_FORMAT, "'w' reaches element 2" },
  { "zip/negative-offset", ALBEF_ERROR_FORMAT, "of 'w' are unusable" },
  { "zip/negative-shape", ALBEF_ERROR_FORMAT, "negative or too large" },
  { "zip/negative-stride", ALBEF_ERROR_FORMAT, "negative or too large" },
  { "zip/shape-overflow", ALBEF_ERROR_FORMAT, "negative or too large" },
  { "zip/stride-overflow", ALBEF_ERROR_FORMAT, "'w'" },
  { "zip/expanded-stride", ALBEF_ERROR_LIMIT, "larger than the data" },
  { "zip/too-many-dims", ALBEF_ERROR_FORMAT, "at most 8 dimensions" },
  { "zip/unequal-dims", ALBEF_ERROR_FORMAT, "of 'w' are unusable" },
  { "zip/shape-of-text", ALBEF_ERROR_FORMAT, "of 'w' are unusable" },
  { "zip/complex", ALBEF_ERROR_UNSUPPORTED, "torch.ComplexFloatStorage" },
  { "zip/name-empty", ALBEF_ERROR_FORMAT, "name" },
  { "zip/name-control", ALBEF_ERROR_FORMAT, "name" },
  { "zip/name-nul", ALBEF_ERROR_FORMAT, "name" },
  { "zip/name-long", ALBEF_ERROR_FORMAT, "name" },
  { "zip/name-number", ALBEF_ERROR_FORMAT, "name" },
  { "zip/name-twice", ALBEF_ERROR_FORMAT, "'w' twice" },
  { "zip/no-weights", ALBEF_ERROR_FORMAT, "a dictionary and no weights" },
  { "zip/no-dictionary", ALBEF_ERROR_FORMAT, "a list and no weights" },
  { "zip/weights-opaque", ALBEF_ERROR_UNSUPPORTED, "models.ALBEF" },
  { "zip/weight-opaque", ALBEF_ERROR_UNSUPPORTED,
    "weight 'w' is the result of a call of 'posix.system', which is not run" },
  { "zip/overlapping-sizes", ALBEF_ERROR_FORMAT, "overlap" },
  { "zip/offset-outside", ALBEF_ERROR_FORMAT, "not where the directory says" },
  { "zip/directory-outside", ALBEF_ERROR_FORMAT, "outside the file" },
  { "zip/too-many-entries", ALBEF_ERROR_FORMAT, "more entries" },
  { "zip/two-names", ALBEF_ERROR_FORMAT, "two different names" },
  { "zip/encrypted", ALBEF_ERROR_UNSUPPORTED, "encrypted" },
  { "zip/method-lzma", ALBEF_ERROR_UNSUPPORTED, "method 14" },
  { "zip/two-sizes", ALBEF_ERROR_FORMAT, "two different sizes" },
  { "zip/same-name-twice", ALBEF_ERROR_FORMAT, "same name" },
  { "zip/bomb-claim", ALBEF_ERROR_LIMIT, "beyond what is possible" },
  { "zip/bomb-short-claim", ALBEF_ERROR_FORMAT, "does not expand to the size it claims" },
  { "zip/bomb-crc", ALBEF_ERROR_FORMAT, "checksum" },
  { "zip/zip64-locator", ALBEF_ERROR_FORMAT, "zip64 end record" },
  { "zip/zip64-missing", ALBEF_ERROR_FORMAT, "zip64 field" },
  { "zip/git-lfs", ALBEF_ERROR_FORMAT, "Git LFS pointer" },
  { "zip/web-page", ALBEF_ERROR_FORMAT, "web page" },
  { "zip/empty", ALBEF_ERROR_FORMAT, "empty" },
  { "zip/legacy-protocol", ALBEF_ERROR_UNSUPPORTED, "unknown version" },
  { "zip/legacy-view-outside", ALBEF_ERROR_FORMAT, "view outside its data" },
  { "zip/legacy-count", ALBEF_ERROR_FORMAT, "cut off: 0 of 1" },
  { "safetensors/header-huge", ALBEF_ERROR_LIMIT, "4611686018427387904 bytes" },
  { "safetensors/header-cut", ALBEF_ERROR_FORMAT, "header is cut off" },
  { "safetensors/header-not-json", ALBEF_ERROR_FORMAT, "not valid JSON" },
  { "safetensors/header-list", ALBEF_ERROR_FORMAT, "not valid JSON" },
  { "safetensors/header-deep", ALBEF_ERROR_FORMAT, "not valid JSON" },
  { "safetensors/header-not-utf8", ALBEF_ERROR_FORMAT, "not valid JSON" },
  { "safetensors/duplicate", ALBEF_ERROR_FORMAT, "not valid JSON: duplicate" },
  { "safetensors/overlap", ALBEF_ERROR_FORMAT, "'b' overlaps another tensor" },
  { "safetensors/hole", ALBEF_ERROR_FORMAT, "'b' leaves a hole" },
  { "safetensors/extra-bytes", ALBEF_ERROR_FORMAT, "bytes that belong to no tensor" },
  { "safetensors/cut-data", ALBEF_ERROR_FORMAT, "cut off: 'a' ends at byte 8 of 5" },
  { "safetensors/wrong-type", ALBEF_ERROR_UNSUPPORTED, "'a' has element type 'F128'" },
  { "safetensors/wrong-size", ALBEF_ERROR_FORMAT, "'a' has 8 bytes" },
  { "safetensors/backwards", ALBEF_ERROR_FORMAT, "'a'" },
  { "safetensors/negative", ALBEF_ERROR_FORMAT, "'a' lacks" },
  { "safetensors/negative-shape", ALBEF_ERROR_FORMAT, "shape of 'a'" },
  { "safetensors/shape-overflow", ALBEF_ERROR_FORMAT, "shape of 'a'" },
  { "safetensors/shape-text", ALBEF_ERROR_FORMAT, "shape of 'a'" },
  { "safetensors/many-dims", ALBEF_ERROR_UNSUPPORTED, "more than 8 dimensions" },
  { "safetensors/no-offsets", ALBEF_ERROR_FORMAT, "'a' lacks" },
  { "safetensors/entry-number", ALBEF_ERROR_FORMAT, "'a' lacks" },
  { "safetensors/metadata-number", ALBEF_ERROR_FORMAT, "metadata" },
  { "safetensors/metadata-list", ALBEF_ERROR_FORMAT, "not an object" },
  { "safetensors/integer-overflow", ALBEF_ERROR_FORMAT, "not valid JSON" },
  { "safetensors/name-control", ALBEF_ERROR_FORMAT, "name" },
};

static const Refusal pickles[] = {
  { "unpickle/long-length", ALBEF_ERROR_FORMAT, "ends in the middle" },
  { "unpickle/text-length", ALBEF_ERROR_FORMAT, "ends in the middle" },
  { "unpickle/memo-index", ALBEF_ERROR_FORMAT, "memo index 4294967295" },
  { "unpickle/memo-unknown", ALBEF_ERROR_FORMAT, "memo entry 16" },
  { "unpickle/protocol-9", ALBEF_ERROR_UNSUPPORTED, "protocol 9" },
  { "unpickle/extension", ALBEF_ERROR_UNSUPPORTED, "not in the file" },
  { "unpickle/buffer", ALBEF_ERROR_UNSUPPORTED, "not in the file" },
  { "unpickle/underflow", ALBEF_ERROR_FORMAT, "takes more values" },
  { "unpickle/no-mark", ALBEF_ERROR_FORMAT, "mark is missing" },
  { "unpickle/below-mark", ALBEF_ERROR_FORMAT, "takes more values" },
  { "unpickle/odd-dict", ALBEF_ERROR_FORMAT, "a key but no value" },
  { "unpickle/append-to-text", ALBEF_ERROR_FORMAT, "takes none" },
  { "unpickle/bad-opcode", ALBEF_ERROR_FORMAT, "0xff is no pickle operation" },
  { "unpickle/bad-numbers", ALBEF_ERROR_FORMAT, "not a number" },
  { "unpickle/no-stop", ALBEF_ERROR_FORMAT, "ends in the middle" },
  { "unpickle/empty-stack", ALBEF_ERROR_FORMAT, "takes more values" },
};

/* Calls that must stay undone: their result is opaque and their name is told. */
static const struct
{
  const char *file, *name;
} calls[] = {
  { "unpickle/system", "os.system" },
  { "unpickle/eval", "builtins.eval" },
  { "unpickle/stack-global", "posix.system" },
  { "unpickle/inst", "os.system" },
  { "unpickle/obj", "os.system" },
  { "unpickle/newobj", "subprocess.Popen" },
  { "unpickle/newobj-ex", "subprocess.Popen" },
  { "unpickle/nested-reduce", "builtins.getattr" },
};

static char *
corpus (const char *file)
{
  return mem_printf ("%s/fuzz/corpus/%s", getenv ("ALIDADE_TESTS"), file);
}

static void
test_containers (void)
{
  for (size_t i = 0; i < sizeof containers / sizeof *containers; i++)
    {
      const Refusal *wanted = &containers[i];
      AlbefError error = ALBEF_ERROR_INIT;
      WeightSource *source = NULL;
      char *path = corpus (wanted->file);
      AlbefStatus status = weight_source_open (path, &source, &error);

      if (!tap_ok (status == wanted->status && error.status == status && strstr (error.message, wanted->says) != NULL
                       && strstr (error.message, path) != NULL && source == NULL,
                   "/%s/is refused", wanted->file))
        tap_note ("status %d, message '%s'", status, error.message);
      weight_source_free (source);
      free (path);
    }
}

/* Reads a pickle of the corpus; the caller frees all three. */
static AlbefStatus
read_pickle (const char *file, Unpickler **unpickler, char **bytes, const PickleValue **value, AlbefError *error)
{
  char *path = corpus (file);
  AlbefStatus status;
  size_t length;

  *unpickler = unpickler_new (file);
  *value = NULL;
  *bytes = NULL;
  status = file_read (path, 1 << 20, bytes, &length, error);
  if (status == ALBEF_OK)
    status = unpickler_read (*unpickler, (const uint8_t *) *bytes, length, value, NULL, error);
  free (path);
  return status;
}

static void
test_pickles (void)
{
  const PickleValue *value;
  Unpickler *unpickler;
  char *bytes;

  for (size_t i = 0; i < sizeof pickles / sizeof *pickles; i++)
    {
      AlbefError error = ALBEF_ERROR_INIT;
      AlbefStatus status = read_pickle (pickles[i].file, &unpickler, &bytes, &value, &error);

      if (!tap_ok (status == pickles[i].status && strstr (error.message, pickles[i].says) != NULL && value == NULL,
                   "/%s/is refused", pickles[i].file))
        tap_note ("status %d, message '%s'", status, error.message);
      unpickler_free (unpickler);
      free (bytes);
    }
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
    {
      AlbefError error = ALBEF_ERROR_INIT;
      AlbefStatus status = read_pickle (calls[i].file, &unpickler, &bytes, &value, &error);

      if (!tap_ok (status == ALBEF_OK && value->type == PICKLE_OPAQUE && unpickler_n_opaque (unpickler) > 0
                       && strcmp (unpickler_opaque (unpickler, 0), calls[i].name) == 0,
                   "/%s/is named and not called", calls[i].file))
        tap_note ("status %d, message '%s'", status, error.message);
      unpickler_free (unpickler);
      free (bytes);
    }
  tap_ok (access ("/tmp/alidade-was-here", F_OK) != 0, "/unpickle/nothing ran");

  tap_ok (read_pickle ("unpickle/build-setstate", &unpickler, &bytes, &value, NULL) == ALBEF_OK
              && value->type == PICKLE_DICT && value->list.n == 0,
          "/unpickle/a state is dropped, its __setstate__ too");
  unpickler_free (unpickler);
  free (bytes);
  tap_ok (read_pickle ("unpickle/rebuild-without-storage", &unpickler, &bytes, &value, NULL) == ALBEF_OK
              && value->type == PICKLE_OPAQUE,
          "/unpickle/a tensor of something else is opaque");
  unpickler_free (unpickler);
  free (bytes);
}

/* A byte string with the file's content cut to `length` and byte `flip` changed, as a file of its own. */
static AlbefStatus
open_altered (const char *bytes, size_t length, size_t flip, uint8_t with, AlbefError *error)
{
  int fd = memfd_create ("altered", 0);
  WeightSource *source = NULL;
  char path[64];
  AlbefStatus status = ALBEF_ERROR_FILE;

  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  if (write (fd, bytes, length) == (ssize_t) length && (flip >= length || pwrite (fd, &with, 1, flip) == 1))
    status = weight_source_open (path, &source, error);
  if (status == ALBEF_OK)
    for (int i = 0; i < weight_source_count (source); i++)
      {
        float *values = mem_new0 (weight_source_get (source, i)->n_elements + 1, sizeof *values);

        weight_source_read_f32 (source, i, values);
        free (values);
      }
  weight_source_free (source);
  close (fd);
  return status;
}

/* Every length of the small files and many of a real one; then bytes changed one at a time. */
static void
test_truncated (const char *path, const char *name, size_t step)
{
  AlbefError error = ALBEF_ERROR_INIT;
  int n = 0, n_refused = 0, n_silent = 0;
  size_t length = 0;
  char *bytes = NULL;

  tap_ok (file_read (path, 1 << 24, &bytes, &length, &error) == ALBEF_OK, "/%s/is there", name);
  for (size_t cut = 0; cut < length; cut += step, n++)
    {
      AlbefStatus status = open_altered (bytes, cut, length, 0, &error);

      n_refused += status != ALBEF_OK;
      n_silent += status != ALBEF_OK && error.message[0] == 0;
    }
  tap_ok (n_refused == n && n_silent == 0, "/%s/cut at %d places, refused at each", name, n);
  n = n_refused = 0;
  for (size_t flip = 0; flip < length; flip += step, n++)
    n_refused += open_altered (bytes, length, flip, bytes[flip] ^ (1 << (flip % 8)), &error) != ALBEF_OK;
  tap_ok (n > 0, "/%s/survives %d changed bytes, %d of them noticed", name, n, n_refused);
  free (bytes);
}

static void
test_valid (void)
{
  static const char *const files[] = { "zip/good", "zip/good-deflated", "zip/good-legacy" };
  static const struct
  {
    const char *name;
    double first, last;
    int n;
  } wanted[] = {
    { "plain", 0, 5, 6 },
    { "transposed", 0, 5, 6 },
    { "offset", 2, 5, 4 },
    { "step", 1, 5, 3 },
    { "overlap", 0, 7, 20 },
    { "scalar", 7, 7, 1 },
    { "half", 1.5, 5.9604644775390625e-08, 2 },
    { "bf16", 1.5, -4, 2 },
    { "double", 0.10000000149011612, 0.10000000149011612, 1 },
    { "long", -3, -3, 1 },
    { "int", -70000, -70000, 1 },
    { "short", -300, -300, 1 },
    { "char", -2, -2, 1 },
    { "byte", 254, 254, 1 },
    { "bool", 1, 1, 1 },
    { "parameter", 0, 7, 8 },
  };

  for (size_t f = 0; f < sizeof files / sizeof *files; f++)
    {
      AlbefError error = ALBEF_ERROR_INIT;
      char *path = corpus (files[f]);
      WeightSource *source = NULL;
      size_t n_good = 0, n = sizeof wanted / sizeof *wanted;

      if (weight_source_open (path, &source, &error) != ALBEF_OK)
        tap_note ("%s", error.message);
      for (size_t i = 0; source != NULL && i < n; i++)
        {
          int index = weight_source_find (source, wanted[i].name);
          float values[32];

          if (index < 0 || weight_source_get (source, index)->n_elements != wanted[i].n)
            continue;
          weight_source_read_f32 (source, index, values);
          if (values[0] == (float) wanted[i].first && values[wanted[i].n - 1] == (float) wanted[i].last)
            n_good++;
          else
            tap_note ("%s: %.9g .. %.9g", wanted[i].name, values[0], values[wanted[i].n - 1]);
        }
      tap_ok (n_good == n, "/%s/views of every type and stride", files[f]);
      if (source != NULL)
        {
          float values[6];

          weight_source_read_f32 (source, weight_source_find (source, "transposed"), values);
          tap_ok (values[1] == 3 && values[2] == 1 && values[5] == 5, "/%s/transposed", files[f]);
        }
      weight_source_free (source);
      free (path);
    }
}

static void
test_beside (void)
{
  AlbefError error = ALBEF_ERROR_INIT;
  WeightSource *source = NULL;
  char *path = corpus ("zip/good-opaque-beside");
  float values[2];

  if (!tap_ok (weight_source_open (path, &source, &error) == ALBEF_OK && weight_source_n_opaque (source) == 2
                   && strcmp (weight_source_opaque (source, 0), "argparse.Namespace") == 0
                   && strcmp (weight_source_opaque (source, 1), "posix.system") == 0,
               "/zip/foreign objects beside the weights are told, not called"))
    tap_note ("%s", error.message);
  weight_source_free (source);
  free (path);

  path = corpus ("zip/good-big-endian");
  source = NULL;
  if (tap_ok (weight_source_open (path, &source, &error) == ALBEF_OK, "/zip/big-endian opens"))
    {
      weight_source_read_f32 (source, 0, values);
      tap_ok (values[0] == 1 && values[1] == 2 && weight_source_map_f32 (source, 0) == NULL, "/zip/big-endian values");
    }
  weight_source_free (source);
  free (path);

  path = corpus ("safetensors/good");
  source = NULL;
  if (tap_ok (weight_source_open (path, &source, &error) == ALBEF_OK, "/safetensors/opens"))
    {
      size_t length = 0;
      const char *vocab = weight_source_metadata (source, "vocab", &length);

      tap_ok (length == 4 && memcmp (vocab, "a\0b\n", 4) == 0, "/safetensors/metadata with U+0000");
      weight_source_read_f32 (source, weight_source_find (source, "e"), values);
      tap_ok (values[0] == 1 && values[1] == -2, "/safetensors/half precision");
    }
  weight_source_free (source);
  free (path);
}

/* A checkpoint of over 4 GB: a storage that is a hole of 5 GB, and another behind it. */
static void
test_zip64 (void)
{
  const uint64_t huge = UINT64_C (5) << 30;
  char path[] = "/tmp/alidade-zip64-XXXXXX";
  int fd = mkstemp (path);
  AlbefError error = ALBEF_ERROR_INIT;
  WeightSource *source = NULL;
  static const char tree[] = "\x80\x02}(X\x01\x00\x00\x00"
                             "actorch._utils\n_rebuild_tensor_v2\nq\x00((X\x07\x00\x00\x00storageq\x01"
                             "ctorch\nFloatStorage\nq\x02X\x01\x00\x00\x00"
                             "0X\x03\x00\x00\x00"
                             "cpuq\x03\x8a\x05\x00\x00\x00\x50\x00tQ"
                             "\x8a\x05\xff\xff\xff\x4f\x00K\x01\x85K\x01\x85\x89NtR"
                             "X\x01\x00\x00\x00"
                             "bh\x00((h\x01h\x02X\x01\x00\x00\x00"
                             "1h\x03K\x02tQK\x00K\x02\x85K\x01\x85\x89NtRu.";
  struct
  {
    const char *name;
    uint64_t at, size;
  } entries[] = { { "a/data.pkl", 0, sizeof tree - 1 }, { "a/data/0", 0, huge }, { "a/data/1", 0, 8 } };
  uint8_t out[512];
  uint64_t at = 0, directory;
  const float last[3] = { 41, 42, 43 };
  float value[2] = { 0 };
  bool written = fd >= 0;

#define PUT(p, n, v)                                                                                                   \
  for (int b_ = 0; b_ < (n); b_++)                                                                                     \
  (p)[b_] = (uint64_t) (v) >> (8 * b_)
  for (int i = 0; i < 3 && written; i++)
    {
      size_t n = strlen (entries[i].name);

      memset (out, 0, sizeof out);
      memcpy (out, "PK\3\4", 4);
      PUT (out + 18, 4, 0xffffffff);
      PUT (out + 22, 4, 0xffffffff);
      PUT (out + 26, 2, n);
      PUT (out + 28, 2, 20);
      memcpy (out + 30, entries[i].name, n);
      PUT (out + 30 + n, 2, 1);
      PUT (out + 32 + n, 2, 16);
      PUT (out + 34 + n, 8, entries[i].size);
      PUT (out + 42 + n, 8, entries[i].size);
      entries[i].at = at;
      written = pwrite (fd, out, 50 + n, at) == (ssize_t) (50 + n);
      at += 50 + n;
      if (i == 0)
        written = written && pwrite (fd, tree, sizeof tree - 1, at) == sizeof tree - 1;
      if (i == 1)
        written = written && pwrite (fd, last, 4, at + huge - 4) == 4;
      if (i == 2)
        written = written && pwrite (fd, last + 1, 8, at) == 8;
      at += entries[i].size;
    }
  directory = at;
  for (int i = 0; i < 3 && written; i++)
    {
      size_t n = strlen (entries[i].name);

      memset (out, 0, sizeof out);
      memcpy (out, "PK\1\2", 4);
      memset (out + 20, 0xff, 8);
      PUT (out + 28, 2, n);
      PUT (out + 30, 2, 28);
      memset (out + 42, 0xff, 4);
      memcpy (out + 46, entries[i].name, n);
      PUT (out + 46 + n, 2, 1);
      PUT (out + 48 + n, 2, 24);
      PUT (out + 50 + n, 8, entries[i].size);
      PUT (out + 58 + n, 8, entries[i].size);
      PUT (out + 66 + n, 8, entries[i].at);
      written = pwrite (fd, out, 74 + n, at) == (ssize_t) (74 + n);
      at += 74 + n;
    }
  memset (out, 0, sizeof out);
  memcpy (out, "PK\6\6", 4);
  PUT (out + 4, 8, 44);
  PUT (out + 24, 8, 3);
  PUT (out + 32, 8, 3);
  PUT (out + 40, 8, at - directory);
  PUT (out + 48, 8, directory);
  memcpy (out + 56, "PK\6\7", 4);
  PUT (out + 64, 8, at);
  PUT (out + 72, 4, 1);
  memcpy (out + 76, "PK\5\6", 4);
  memset (out + 84, 0xff, 12);
#undef PUT
  written = written && pwrite (fd, out, 98, at) == 98;
  if (!written)
    tap_skip ("/zip64", "no room for a sparse file of 5 GB");
  else if (tap_ok (weight_source_open (path, &source, &error) == ALBEF_OK, "/zip64/a file of 5 GB opens"))
    {
      weight_source_read_f32 (source, weight_source_find (source, "b"), value);
      tap_ok (value[0] == 42 && value[1] == 43, "/zip64/a storage beyond 4 GB");
      weight_source_read_f32 (source, weight_source_find (source, "a"), value);
      tap_ok (value[0] == 41, "/zip64/an offset beyond 2^30 elements");
      weight_source_advise_done (source, 0);
    }
  else
    tap_note ("%s", error.message);
  weight_source_free (source);
  if (fd >= 0)
    {
      unlink (path);
      close (fd);
    }
}

static void
test_places (void)
{
  AlbefError error = ALBEF_ERROR_INIT;
  WeightSource *source = NULL;

  tap_ok (weight_source_open ("/nonexistent/model.pth", &source, &error) == ALBEF_ERROR_FILE
              && strstr (error.message, "No such file") != NULL,
          "/open/no file");
  tap_ok (weight_source_open ("/", &source, &error) == ALBEF_ERROR_FILE && strstr (error.message, "a folder") != NULL,
          "/open/a folder");
  tap_ok (weight_source_open ("/dev/zero", &source, &error) == ALBEF_ERROR_FILE
              && strstr (error.message, "a device or pipe") != NULL,
          "/open/a device");
}

int
main (void)
{
  char *real = mem_printf ("%s/reference/public/checkpoints/pretrain.pth", getenv ("ALIDADE_TESTS"));
  char *legacy = mem_printf ("%s/reference/public/checkpoints/pretrain_legacy.pth", getenv ("ALIDADE_TESTS"));
  char *small[] = { corpus ("zip/good"), corpus ("zip/good-legacy"), corpus ("safetensors/good") };

  test_containers ();
  test_pickles ();
  test_valid ();
  test_beside ();
  test_zip64 ();
  test_places ();
  test_truncated (real, "pretrain.pth", 1009);
  test_truncated (legacy, "pretrain_legacy.pth", 1009);
  test_truncated (small[0], "zip", 1);
  test_truncated (small[1], "legacy", 1);
  test_truncated (small[2], "safetensors", 1);
  for (int i = 0; i < 3; i++)
    free (small[i]);
  free (real);
  free (legacy);
  return tap_done ();
}
