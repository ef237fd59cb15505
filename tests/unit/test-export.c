/* SPDX-License-Identifier: MIT
 * Export to the official form: the keys and values of checkpoints made with the official classes come back whole; what
 * a file has not is made; the same file gives the same bytes; a failed export leaves the old file. */
#include "error.h"
#include "model-export.h"
#include "key-map.h"
#include "safetensors.h"
#include "tap.h"
#include "zip-write.h"

#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/alidade-export-XXXXXX";

static char *
place (const char *name)
{
  return mem_printf ("%s/%s", folder, name);
}

static WeightSet *
open_set (const char *path, bool micro)
{
  char *config = mem_printf ("%s/reference/public/config.json", getenv ("ALIDADE_TESTS"));
  WeightSetOptions options
      = { .without_vocab = true, .config = micro ? config : NULL, .config_entry = micro ? "micro" : NULL };
  AlbefError error = ALBEF_ERROR_INIT;
  WeightSet *set = NULL;

  if (weight_set_open (path, &options, &set, NULL, &error) != ALBEF_OK)
    tap_ok (false, "/export/%s opens (%s)", path, error.message);
  free (config);
  return set;
}

static bool
export_to (const WeightSet *set, const char *out, const ExportOptions *options, ExportCounts *counts)
{
  AlbefError error = ALBEF_ERROR_INIT;
  bool done = set != NULL && checkpoint_export (set, out, options, NULL, NULL, counts, &error) == ALBEF_OK;

  if (!done)
    tap_note ("%s", error.message);
  return done;
}

static char *
bytes_of (const char *path, size_t *length)
{
  char *bytes = NULL;
  AlbefError error = ALBEF_ERROR_INIT;

  *length = 0;
  if (file_read (path, 1 << 28, &bytes, length, &error) != ALBEF_OK)
    tap_note ("%s", error.message);
  return bytes;
}

static bool
same_bytes (const char *a, const char *b)
{
  size_t n, m;
  char *x = bytes_of (a, &n), *y = bytes_of (b, &m);
  bool same = x != NULL && y != NULL && n == m && memcmp (x, y, n) == 0;

  free (x);
  free (y);
  return same;
}

/* Every entry of one is an entry of the other, with shape and values within `tolerance` of the value's size. */
static bool
same_entries (const WeightSource *a, const WeightSource *b, double tolerance)
{
  bool same = weight_source_count (a) == weight_source_count (b);

  if (!same)
    tap_note ("%d and %d entries", weight_source_count (a), weight_source_count (b));
  for (int i = 0; i < weight_source_count (a); i++)
    {
      const Weight *x = weight_source_get (a, i), *y;
      int j = weight_source_find (b, x->name);
      bool equal = j >= 0;
      float *u, *v;

      if (!equal)
        {
          tap_note ("'%s' is missing", x->name);
          same = false;
          continue;
        }
      y = weight_source_get (b, j);
      equal = x->n_dims == y->n_dims && memcmp (x->shape, y->shape, (size_t) x->n_dims * sizeof *x->shape) == 0;
      u = mem_new0 (x->n_elements + 1, sizeof *u);
      v = mem_new0 (x->n_elements + 1, sizeof *v);
      if (equal)
        {
          weight_source_read_f32 (a, i, u);
          weight_source_read_f32 (b, j, v);
          for (uint64_t k = 0; k < x->n_elements; k++)
            equal = equal && fabs ((double) u[k] - v[k]) <= tolerance * fmax (fabs ((double) u[k]), 6e-5);
        }
      if (!equal)
        tap_note ("'%s' differs", x->name);
      same = same && equal;
      free (u);
      free (v);
    }
  return same;
}

static void
test_official (const char *name)
{
  char *in = mem_printf ("%s/reference/public/checkpoints/%s.pth", getenv ("ALIDADE_TESTS"), name);
  char *out = place ("out.pth"), *again = place ("again.pth"), *half = place ("half.pth");
  ExportOptions halves = { .half = true };
  WeightSource *before = NULL, *after = NULL, *rounded = NULL;
  WeightSet *set = open_set (in, true), *back;
  ExportCounts counts = { 0 };
  AlbefError error = ALBEF_ERROR_INIT;

  tap_ok (export_to (set, out, NULL, &counts) && counts.twins_made == 0 && !counts.queues_made, "/export/%s/written",
          name);
  tap_ok (weight_source_open (in, &before, &error) == ALBEF_OK && weight_source_open (out, &after, &error) == ALBEF_OK
              && same_entries (before, after, 0) && same_entries (after, before, 0),
          "/export/%s/every official key and value, and no other", name);
  tap_ok (export_to (set, again, NULL, NULL) && same_bytes (out, again), "/export/%s/the same bytes again", name);
  back = open_set (out, false);
  tap_ok (back != NULL && weight_set_config (back)->vision_heads == weight_set_config (set)->vision_heads
              && weight_set_config (back)->num_attention_heads == weight_set_config (set)->num_attention_heads
              && weight_set_config (back)->kind == weight_set_config (set)->kind,
          "/export/%s/sizes that no shape tells are read back", name);
  tap_ok (export_to (set, half, &halves, NULL) && weight_source_open (half, &rounded, &error) == ALBEF_OK
              && same_entries (before, rounded, 0.0005) && weight_source_get (rounded, 0)->type == WEIGHT_F16,
          "/export/%s/float16", name);
  weight_source_free (before);
  weight_source_free (after);
  weight_source_free (rounded);
  weight_set_free (set);
  weight_set_free (back);
  unlink (out);
  unlink (again);
  unlink (half);
  free (in);
  free (out);
  free (again);
  free (half);
}

/* The model alone: twins and queues are made, and can be left out. */
static void
test_bare (void)
{
  char *in = mem_printf ("%s/reference/public/checkpoints/pretrain.pth", getenv ("ALIDADE_TESTS"));
  char *bare = place ("bare.pth"), *whole = place ("whole.pth"), *wide = place ("wide.pth");
  ExportOptions without = { .without_training = true };
  WeightSet *set = open_set (in, true), *small;
  WeightSource *source = NULL, *before = NULL, *large = NULL;
  AlbefError error = ALBEF_ERROR_INIT;
  ExportCounts counts = { 0 };
  size_t n_bare, n_whole;
  float *queue, norm = 0;
  const Weight *weight;
  int i;

  tap_ok (export_to (set, bare, &without, NULL), "/export/bare/written");
  small = open_set (bare, false);
  tap_ok (export_to (small, whole, NULL, &counts) && counts.twins_made > 50 && counts.queues_made,
          "/export/bare/twins and queues are made");
  tap_ok (weight_source_open (in, &before, &error) == ALBEF_OK
              && weight_source_open (whole, &source, &error) == ALBEF_OK
              && weight_source_count (before) == weight_source_count (source),
          "/export/bare/as many keys as the official class has");
  i = weight_source_find (source, "image_queue");
  weight = weight_source_get (source, i);
  queue = mem_new0 (weight->n_elements, sizeof *queue);
  weight_source_read_f32 (source, i, queue);
  for (int64_t r = 0; r < weight->shape[0]; r++)
    norm += queue[r * weight->shape[1] + 1] * queue[r * weight->shape[1] + 1];
  tap_near (norm, 1, 1e-5, "/export/bare/columns of a queue have length 1");
  free (bytes_of (bare, &n_bare));
  free (bytes_of (whole, &n_whole));
  tap_ok (n_whole < n_bare + n_bare / 2 + (size_t) weight->n_elements * 8 + 65536,
          "/export/bare/a twin's values are stored once");

  /* Sizes and places of 500 bytes and more as zip64. */
  zip_writer_zip64_from = 500;
  tap_ok (export_to (set, wide, NULL, NULL) && weight_source_open (wide, &large, &error) == ALBEF_OK
              && same_entries (before, large, 0),
          "/export/zip64 is read back");
  zip_writer_zip64_from = 0xffffffffu;
  free (queue);
  weight_source_free (before);
  weight_source_free (source);
  weight_source_free (large);
  weight_set_free (small);
  weight_set_free (set);
  unlink (bare);
  unlink (whole);
  unlink (wide);
  free (in);
  free (bare);
  free (whole);
  free (wide);
}

static bool
stop_halfway (void *data, const char *what, uint64_t done, uint64_t total)
{
  (void) data;
  (void) what;
  return done < total / 2;
}

static void
test_failure (void)
{
  char *in = mem_printf ("%s/reference/public/checkpoints/ve.pth", getenv ("ALIDADE_TESTS")), *out = place ("kept.pth");
  char *copy = place ("copy.pth");
  AlbefError error = ALBEF_ERROR_INIT;
  WeightSet *set = open_set (in, true);

  export_to (set, out, NULL, NULL);
  export_to (set, copy, NULL, NULL);
  tap_ok (checkpoint_export (set, out, NULL, stop_halfway, NULL, NULL, &error) == ALBEF_CANCELLED
              && same_bytes (out, copy),
          "/export/an export that ends early leaves the file before (%s)", error.message);
  tap_ok (checkpoint_export (set, "/nonexistent/x.pth", NULL, NULL, NULL, NULL, &error) == ALBEF_ERROR_FILE,
          "/export/a folder that is not there (%s)", error.message);
  weight_set_free (set);
  unlink (out);
  unlink (copy);
  free (in);
  free (out);
  free (copy);
}

/* 70000 is no float16. */
static void
test_too_large (void)
{
  char *in = mem_printf ("%s/reference/public/checkpoints/ve.pth", getenv ("ALIDADE_TESTS"));
  char *native = place ("large.safetensors"), *out = place ("large.pth");
  AlbefError error = ALBEF_ERROR_INIT;
  WeightSet *set = open_set (in, true), *large;
  const WeightSource *source = weight_set_source (set);
  int n = weight_source_count (source);
  SafetensorsEntry *entries = mem_new0 ((size_t) n, sizeof *entries);
  ExportOptions halves = { .half = true };
  SafetensorsWriter *writer = NULL;

  for (int i = 0; i < n; i++)
    {
      const Weight *weight = weight_source_get (source, i);

      entries[i] = (SafetensorsEntry){ weight->name, WEIGHT_F32, weight->n_dims, { 0 } };
      memcpy (entries[i].shape, weight->shape, sizeof entries[i].shape);
    }
  safetensors_writer_open (native, entries, n, NULL, 0, &writer, &error);
  for (int i = 0; i < n; i++)
    {
      uint64_t count = weight_source_get (source, i)->n_elements;
      float *values = mem_new0 (count + 1, sizeof *values);

      weight_source_read_f32 (source, i, values);
      if (strcmp (entries[i].name, "visual_encoder.norm.weight") == 0)
        values[0] = 70000;
      safetensors_writer_write (writer, values, count * sizeof *values, &error);
      free (values);
    }
  tap_ok (safetensors_writer_commit (writer, &error) == ALBEF_OK, "/export/too large/made");
  large = open_set (native, true);
  tap_ok (checkpoint_export (large, out, &halves, NULL, NULL, NULL, &error) == ALBEF_ERROR_FORMAT
              && access (out, F_OK) != 0 && strstr (error.message, "visual_encoder.norm.weight") != NULL,
          "/export/too large for float16 is named (%s)", error.message);
  weight_set_free (large);
  weight_set_free (set);
  free (entries);
  unlink (native);
  free (in);
  free (native);
  free (out);
}

int
main (void)
{
  static const char *const names[] = { "pretrain", "retrieval", "vqa", "ve", "nlvr" };

  if (mkdtemp (folder) == NULL)
    return 1;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    test_official (names[i]);
  test_bare ();
  test_failure ();
  test_too_large ();
  tap_ok (rmdir (folder) == 0, "/export/nothing is left behind");
  return tap_done ();
}
