/* SPDX-License-Identifier: MIT
 * Figures of a query as PNG, SVG or PDF: the paper's strip (picture, then one overlay per word with its word
 * below, colour bar, sentence, match), or one overlay as the canvas shows it. Cairo and Pango alone: no
 * gtk_init, no display. */
#pragma once

#include "pixels.h"
#include "word-maps.h"

#include <cairo.h>

G_BEGIN_DECLS

typedef enum
{
  ALIDADE_FIGURE_STRIP, /* the lettered strip of all words */
  ALIDADE_FIGURE_VIEW   /* the picture under `map` alone */
} AlidadeFigureKind;

typedef struct
{
  AlidadeFigureKind kind;
  AlbefColours colours;
  double opacity;       /* 0..1; 0.80 */
  double threshold;     /* 0..1; 0.10 */
  gboolean bare;        /* no letters, no colour bar */
  const float *map;     /* VIEW: what the canvas shows, [grid_height][grid_width]; NULL: the bare picture */
  double scale;         /* VIEW: map value drawn as 1.0; 0: maps->peak */
  const char *label;    /* VIEW: the word or phrase below; NULL: none */
  const char *command;  /* kept in the file's metadata; NULL: none */
} AlidadeFigureOptions;

#define ALIDADE_FIGURE_OPTIONS_INIT                                                                                    \
  { ALIDADE_FIGURE_STRIP, ALBEF_COLOURS_VIRIDIS, 0.80, 0.10, FALSE, NULL, 0, NULL, NULL }

/* Size of the figure in its own units (points, 1/72 inch; one unit is one pixel at scale 1). `maps` may be NULL
 * for a VIEW of the bare picture. */
void alidade_figure_measure (AlidadePixels *pixels, const AlidadeMaps *maps, const AlidadeFigureOptions *options,
                             double *width, double *height);

/* Draws it at the origin of `cr`; `device_scale` is the number of device pixels per unit that overlays are
 * composed for. The ground is white. */
void alidade_figure_draw (cairo_t *cr, AlidadePixels *pixels, const AlidadeMaps *maps,
                          const AlidadeFigureOptions *options, double device_scale);

/* An image surface of the figure (for the clipboard); NULL if it would be too large. */
cairo_surface_t *alidade_figure_render (AlidadePixels *pixels, const AlidadeMaps *maps,
                                        const AlidadeFigureOptions *options, double scale);

/* Writes the figure to `path` (bytes) in the format of its extension: .png (at scale 2), .svg or .pdf. Title,
 * command and model hash are in the metadata of each. The file is written beside and renamed: complete or
 * untouched. */
gboolean alidade_figure_write (const char *path, AlidadePixels *pixels, const AlidadeMaps *maps,
                               const AlidadeFigureOptions *options, GError **error);

G_END_DECLS
