/* SPDX-License-Identifier: MIT
 * Viridis, magma and turbo from evenly spaced stops; jet from matplotlib's own corner points, 256 entries, since the
 * paper's pictures were drawn with it. */
#include "colours.h"

#include <pthread.h>

#define MAX_STOPS 15

typedef struct
{
  const char *name;
  int n_stops;
  uint32_t stops[MAX_STOPS]; /* 0xRRGGBB, evenly spaced */
} Palette;

static const Palette palettes[ALBEF_N_COLOURS] = {
  [ALBEF_COLOURS_VIRIDIS]
  = { "Viridis", 9, { 0x470155, 0x472d7b, 0x3d528c, 0x2b728e, 0x1f908b, 0x2aae80, 0x5ac861, 0xacdc30, 0xfce721 } },
  [ALBEF_COLOURS_MAGMA]
  = { "Magma", 9, { 0x000004, 0x1d1147, 0x51127c, 0x822681, 0xb63679, 0xe65164, 0xfb8861, 0xfec287, 0xfcfdbf } },
  [ALBEF_COLOURS_TURBO] = { "Turbo",
                            15,
                            { 0x30123b, 0x4145ab, 0x4675ed, 0x39a2fc, 0x1bcfd4, 0x24eca6, 0x61fc6c, 0xa4fc3b, 0xd1e834,
                              0xf3c63a, 0xfe9b2d, 0xf36315, 0xd93806, 0xb11901, 0x7a0402 } },
  [ALBEF_COLOURS_JET] = { "Jet", 0, { 0 } },
  [ALBEF_COLOURS_GREY] = { "Grey", 2, { 0x000000, 0xffffff } },
};

/* Corner points of jet's channels: place, value. */
typedef struct
{
  int n;
  double x[5], y[5];
} Corners;

static const Corners jet_corners[3] = {
  { 5, { 0, 0.35, 0.66, 0.89, 1 }, { 0, 0, 1, 1, 0.5 } },
  { 5, { 0, 0.125, 0.375, 0.64, 0.91 }, { 0, 0, 1, 1, 0 } }, /* green: 0 from 0.91 on */
  { 5, { 0, 0.11, 0.34, 0.65, 1 }, { 0.5, 1, 1, 0, 0 } },
};

static float tables[ALBEF_N_COLOURS][COLOURS_N][3];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static double
jet_channel (const Corners *corners, double x)
{
  for (int i = 1; i < corners->n; i++)
    if (x <= corners->x[i])
      {
        double t = (x - corners->x[i - 1]) / (corners->x[i] - corners->x[i - 1]);

        return corners->y[i - 1] + t * (corners->y[i] - corners->y[i - 1]);
      }
  return corners->y[corners->n - 1];
}

static double
stop_channel (const Palette *palette, double x, int channel)
{
  double place = x * (palette->n_stops - 1);
  int i = place >= palette->n_stops - 2 ? palette->n_stops - 2 : (int) place, shift = 16 - 8 * channel;
  double low = palette->stops[i] >> shift & 255, high = palette->stops[i + 1] >> shift & 255;

  return (low + (place - i) * (high - low)) / 255;
}

static void
tables_make (void)
{
  for (int colours = 0; colours < ALBEF_N_COLOURS; colours++)
    for (int i = 0; i < COLOURS_N; i++)
      for (int c = 0; c < 3; c++)
        tables[colours][i][c] = colours == ALBEF_COLOURS_JET ? jet_channel (&jet_corners[c], i / 255.0)
                                                             : stop_channel (&palettes[colours], i / 255.0, c);
}

const float (*colours_table (AlbefColours colours))[3]
{
  pthread_once (&tables_once, tables_make);
  return (const float (*)[3]) tables[(unsigned) colours < ALBEF_N_COLOURS ? colours : ALBEF_COLOURS_VIRIDIS];
}

const char *
albef_colours_name (AlbefColours colours)
{
  return (unsigned) colours < ALBEF_N_COLOURS ? palettes[colours].name : "";
}

void
albef_colours_lookup (AlbefColours colours, double value, uint8_t rgb[3])
{
  double place = value * COLOURS_N;
  int index = !(place > 0) ? 0 : place >= COLOURS_N - 1 ? COLOURS_N - 1 : (int) place;
  const float *entry = colours_table (colours)[index];

  for (int c = 0; c < 3; c++)
    rgb[c] = (uint8_t) (entry[c] * 255 + 0.5f);
}
