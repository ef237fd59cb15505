/* SPDX-License-Identifier: MIT
 * Figures: each format is written whole, says what made it, and takes any words. The maps are made by hand, so no
 * model is needed. */
#include "figure.h"
#include "loop.h"

enum
{
  GRID = 4,
  WIDTH = 60,
  HEIGHT = 40
};

static float word_map[GRID * GRID] = { [5] = 2.0f };
static float sentence_map[GRID * GRID] = { [10] = 1.0f };

static AlidadePixels *
grey_picture (int width, int height)
{
  gsize size = (gsize) width * height * 3;
  guint8 *data = g_malloc (size);
  g_autoptr (GBytes) bytes = g_bytes_new_take (data, size);

  memset (data, 128, size);
  return alidade_pixels_new (bytes, width, height);
}

static gboolean
contains (const char *path, const char *text)
{
  g_autofree char *bytes = NULL;
  gsize length;

  return g_file_get_contents (path, &bytes, &length, NULL) && memmem (bytes, length, text, strlen (text)) != NULL;
}

static void
test_formats (const char *root, AlidadePixels *pixels, const AlidadeMaps *maps)
{
  AlidadeFigureOptions options = ALIDADE_FIGURE_OPTIONS_INIT;
  g_autofree char *png = g_build_filename (root, "f.png", NULL);
  g_autofree char *svg = g_build_filename (root, "f.SVG", NULL);
  g_autofree char *pdf = g_build_filename (root, "f.pdf", NULL);
  g_autofree char *gif = g_build_filename (root, "f.gif", NULL);
  g_autoptr (GError) error = NULL;
  AlbefImage *image = NULL;
  double width, height;
  gboolean written;

  options.command = "alidade figure a.png 'x <y> & z' -o f";
  alidade_figure_measure (pixels, maps, &options, &width, &height);
  tap_ok (alidade_figure_write (png, pixels, maps, &options, NULL), "/figure/png/written");
  tap_ok (contains (png, options.command) && contains (png, "cafe0123"), "/figure/png/command and model hash");
  tap_ok (albef_image_open (png, ALBEF_IMAGE_STORED, &image, NULL) == ALBEF_OK
              && albef_image_width (image) == lround (2 * width) && albef_image_height (image) == lround (2 * height),
          "/figure/png/twice its measure");
  albef_image_free (image);

  tap_ok (alidade_figure_write (svg, pixels, maps, &options, NULL), "/figure/svg/written, ending in any case");
  tap_ok (contains (svg, "<metadata>") && contains (svg, "x &lt;y&gt; &amp; z") && contains (svg, "cafe0123"),
          "/figure/svg/command and model hash");
  tap_ok (contains (svg, "<title>Where each word looks: a dog"), "/figure/svg/title");

  tap_ok (alidade_figure_write (pdf, pixels, maps, &options, NULL), "/figure/pdf/written");
  tap_ok (contains (pdf, "%PDF-") && contains (pdf, "cafe0123") && contains (pdf, "%%EOF"),
          "/figure/pdf/whole, with the model hash");

  written = alidade_figure_write (gif, pixels, maps, &options, &error);
  tap_ok (!written && error != NULL, "/figure/other endings are refused: %s", error != NULL ? error->message : "");
  tap_ok (!g_file_test (gif, G_FILE_TEST_EXISTS), "/figure/and leave nothing behind");
}

static void
test_unwritable (AlidadePixels *pixels, const AlidadeMaps *maps)
{
  const AlidadeFigureOptions options = ALIDADE_FIGURE_OPTIONS_INIT;
  const char *const paths[] = { "/proc/nowhere/f.png", "/proc/nowhere/f.svg", "/proc/nowhere/f.pdf" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;
      const gboolean written = alidade_figure_write (paths[i], pixels, maps, &options, &error);

      tap_ok (!written && error != NULL, "/figure/unwritable: %s", error != NULL ? error->message : "");
    }
}

/* The overlay of a word is seen where its map peaks, and the picture is untouched elsewhere. */
static void
test_drawing (AlidadePixels *pixels, const AlidadeMaps *maps)
{
  AlidadeFigureOptions options = ALIDADE_FIGURE_OPTIONS_INIT;
  cairo_surface_t *surface;
  guint32 peak, far_off;
  const guint8 *data;
  int stride, width, height;

  options.kind = ALIDADE_FIGURE_VIEW;
  options.map = word_map;
  options.bare = TRUE;
  surface = alidade_figure_render (pixels, maps, &options, 1);
  data = cairo_image_surface_get_data (surface);
  stride = cairo_image_surface_get_stride (surface);
  width = cairo_image_surface_get_width (surface);
  height = cairo_image_surface_get_height (surface);
  tap_near ((double) width / height, (double) WIDTH / HEIGHT, 0.02, "/figure/view/keeps the picture's shape");
  /* Cell 5 is column 1, row 1. */
  peak = ((const guint32 *) (data + stride * (int) (height * 1.5 / GRID)))[(int) (width * 1.5 / GRID)];
  far_off = ((const guint32 *) (data + stride * (height - 3)))[width - 3];
  tap_ok ((far_off & 0xffffff) == 0x808080, "/figure/view/untouched far from the peak (%06x)", far_off & 0xffffff);
  tap_ok ((peak >> 16 & 0xff) > 180 && (peak & 0xff) < 100, "/figure/view/yellow at the peak (%06x)", peak & 0xffffff);
  cairo_surface_destroy (surface);
}

static void
test_any_words (const char *root)
{
  g_autoptr (AlidadePixels) sliver = grey_picture (3000, 1);
  g_autofree char *path = g_build_filename (root, "w.svg", NULL);
  g_autofree char *png = g_build_filename (root, "w.png", NULL);
  AlidadeFigureOptions options = ALIDADE_FIGURE_OPTIONS_INIT;
  AlidadeWord words[64] = { 0 };
  GString *text = g_string_new ("\x01 <&>]]> \xff\xfe ");
  AlidadeMaps maps = {
    .scored = TRUE, .grid_width = GRID, .grid_height = GRID, .n_words = 64, .words = words, .peak = 0,
    .n_heads = 70, .heads = G_MAXUINT64, .has_word_maps = TRUE, .reason = "", .model_name = "m\x02<", .model_hash = "h",
  };

  for (int i = 0; i < 300; i++)
    g_string_append (text, "שלום 中文 \xf0\x9f\xa6\x86 ");
  maps.text = text->str;
  for (int i = 0; i < 64; i++)
    words[i] = (AlidadeWord) { .text = i % 2 ? "中文中文中文中文中文中文中文中文" : "", .state = i % 3 };
  words[4].map = word_map; /* peak 0: the scale of all maps may be 0 */
  tap_ok (alidade_figure_write (path, sliver, &maps, &options, NULL), "/figure/any words/svg");
  tap_ok (!contains (path, "\x01") && !contains (path, "\x02"), "/figure/any words/no control characters in XML");
  tap_ok (alidade_figure_write (png, sliver, &maps, &options, NULL), "/figure/any words/png");
  g_string_free (text, TRUE);
}

int
main (void)
{
  g_autofree char *root = temporary_folder ();
  g_autoptr (AlidadePixels) pixels = grey_picture (WIDTH, HEIGHT);
  AlidadeWord words[] = {
    { .text = "a", .start = 0, .end = 1, .function_word = TRUE, .map = word_map, .strength = 0.5 },
    { .text = "dog", .start = 2, .end = 5, .map = word_map, .strength = 1 },
    { .text = "qqq", .start = 6, .end = 9, .state = ALBEF_WORD_UNKNOWN },
  };
  AlidadeMaps maps = {
    .text = "a dog qqq", .scored = TRUE, .match = 0.5, .layer = 2, .n_heads = 4, .heads = 15, .grid_width = GRID,
    .grid_height = GRID, .n_words = 3, .words = words, .sentence = sentence_map, .peak = 2, .sentence_peak = 1,
    .has_word_maps = TRUE, .reason = "", .model_name = "hand-made", .model_hash = "cafe0123",
  };

  test_formats (root, pixels, &maps);
  test_unwritable (pixels, &maps);
  test_drawing (pixels, &maps);
  test_any_words (root);
  remove_tree (root);
  return tap_done ();
}
