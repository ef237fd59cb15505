/* SPDX-License-Identifier: MIT
 * Shapes as COCO writes them: [x, y, w, h], flat polygons, and run lengths. Other formats share them. */
#pragma once

#include "format.h"

G_BEGIN_DECLS

/* By the JSON type: a list is polygons (parts of a union), an object run lengths. FALSE with *why (static) set; an
 * empty list or null is FALSE with *why NULL. */
gboolean coco_segmentation_parse (const json_t *value, Shape *shape, const char **why);
void coco_segmentation_put (GString *out, const Shape *shape, gboolean raw_counts);
/* {size: [h, w], counts} */
gboolean coco_rle_parse (const json_t *value, Shape *shape);
void coco_rle_put (GString *out, const Shape *shape, gboolean raw_counts);
void coco_bbox_put (GString *out, const double box[4]);

/* As the manifest and `alidade list --json` say it: "polygon": [[[x, y], ...], ...], "fill": "union" or "evenodd". */
void shape_polygon_put (GString *out, const Shape *shape);

/* Area in square pixels as COCO reads the shape: a box's, a mask's pixels, of a polygon the union of its rings as far
 * as they do not cross (a ring inside another adds nothing). */
double shape_area (const Shape *shape);
/* Whether COCO, whose parts are a union, would fill holes that the shape has. */
gboolean shape_has_holes (const Shape *shape);

G_END_DECLS
