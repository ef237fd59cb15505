/* SPDX-License-Identifier: MIT
 * grounding-box.h: boxes judged by a map, as the official RefCOCO+ evaluation does. Boxes are [x, y, w, h] in pixels.
 */
#pragma once

/* The sum of the map (width x height) over pixels int (x) .. int (x + w) - 1, int (y) .. int (y + h) - 1 within it,
 * over the root of w h; 0 for a box without area. */
double grounding_box_score (const float *map, int width, int height, const double box[4]);

/* Intersection over union with corners counted in: x2 = x + w - 1. */
double grounding_box_iou (const double a[4], const double b[4]);
