/* SPDX-License-Identifier: MIT */
#include "region-paint.h"

#include "shape-edit.h"

#include <math.h>

#define LINE 2.0
#define HALO 1.0
#define SMALL_SIDE 44.0   /* a side shorter than this has no handle in its middle */
#define TINY_SIDE 10.0    /* a box thinner than this has its two outer corners only */
#define SHORT_EDGE 30.0   /* likewise for polygons */
#define CROWDED 6.0       /* points nearer than this to the one before are left out, but the held one */
#define POINT_RADIUS 4.0
#define MIDDLE_RADIUS 3.0

static const double dashes[] = { 7, 5 };

static void
set_colour (cairo_t *cr, guint32 rgb, double alpha)
{
  cairo_set_source_rgba (cr, (rgb >> 16) / 255.0, (rgb >> 8 & 0xff) / 255.0, (rgb & 0xff) / 255.0, alpha);
}

/* Lines ------------------------------------------------------------------------------------------------------------ */

static void
stroke (cairo_t *cr, RegionStyle style)
{
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_MITER);
  cairo_set_dash (cr, NULL, 0, 0);
  set_colour (cr, 0x000000, 0.65 * style.alpha);
  cairo_set_line_width (cr, LINE + 2 * HALO);
  cairo_stroke_preserve (cr);
  if (style.proposal)
    cairo_set_dash (cr, dashes, G_N_ELEMENTS (dashes), 0);
  set_colour (cr, style.proposal ? 0xffffff : 0xffa348, style.alpha);
  cairo_set_line_width (cr, LINE);
  cairo_stroke (cr);
  cairo_set_dash (cr, NULL, 0, 0);
}

/* On whole pixels, so that straight lines stay sharp. */
static void
add_box (cairo_t *cr, const RegionFrame *frame, const double box[4])
{
  double rect[4];

  region_frame_box_to_view (frame, box, rect);
  cairo_rectangle (cr, round (rect[0]), round (rect[1]), round (rect[0] + rect[2]) - round (rect[0]),
                   round (rect[1] + rect[3]) - round (rect[1]));
}

static void
add_polygon (cairo_t *cr, const RegionFrame *frame, const Shape *polygon)
{
  guint at = 0;

  for (guint i = 0; i < polygon->rings->len; i++)
    {
      guint n = g_array_index (polygon->rings, guint32, i);

      for (guint j = 0; j < n; j++, at++)
        {
          double x, y;

          region_frame_to_view (frame, g_array_index (polygon->points, double, 2 * at),
                                g_array_index (polygon->points, double, 2 * at + 1), &x, &y);
          if (j == 0)
            cairo_move_to (cr, x, y);
          else
            cairo_line_to (cr, x, y);
        }
      cairo_close_path (cr);
    }
}

void
region_paint_shape (cairo_t *cr, const RegionFrame *frame, const Shape *shape, RegionStyle style)
{
  cairo_new_path (cr);
  if (shape->kind == SHAPE_BOX)
    add_box (cr, frame, shape->box);
  else
    {
      add_polygon (cr, frame, shape);
      cairo_set_fill_rule (cr, shape->fill == SHAPE_EVENODD ? CAIRO_FILL_RULE_EVEN_ODD : CAIRO_FILL_RULE_WINDING);
      set_colour (cr, style.proposal ? 0xffffff : 0xffa348, 0.14 * style.alpha);
      cairo_fill_preserve (cr);
    }
  stroke (cr, style);
}

void
region_paint_bounds (const RegionFrame *frame, const Shape *shape, double rect[4])
{
  region_frame_box_to_view (frame, shape->box, rect);
  rect[0] = floor (rect[0] - REGION_PAINT_MARGIN);
  rect[1] = floor (rect[1] - REGION_PAINT_MARGIN);
  rect[2] = ceil (rect[2] + 2 * REGION_PAINT_MARGIN + 1);
  rect[3] = ceil (rect[3] + 2 * REGION_PAINT_MARGIN + 1);
}

/* Handles ---------------------------------------------------------------------------------------------------------- */

int
region_paint_list_handles (const RegionFrame *frame, const Shape *box, RegionHandle handles[8])
{
  double rect[4];
  int n = 0;

  region_frame_box_to_view (frame, box->box, rect);
  for (int row = 0; row < 3; row++)
    for (int column = 0; column < 3; column++)
      {
        gboolean corner = row != 1 && column != 1;
        guint edges = (column == 0 ? ALIDADE_EDGE_LEFT : column == 2 ? ALIDADE_EDGE_RIGHT : 0)
                      | (row == 0 ? ALIDADE_EDGE_TOP : row == 2 ? ALIDADE_EDGE_BOTTOM : 0);

        if (edges == 0 || (!corner && rect[row == 1 ? 3 : 2] < SMALL_SIDE))
          continue;
        if (corner && MIN (rect[2], rect[3]) < TINY_SIDE && row != column)
          continue;
        handles[n].x = round (rect[0] + rect[2] * column / 2);
        handles[n].y = round (rect[1] + rect[3] * row / 2);
        handles[n++].edges = edges;
      }
  return n;
}

static void
add_rounded (cairo_t *cr, double x, double y, double width, double height, double radius)
{
  cairo_new_sub_path (cr);
  cairo_arc (cr, x + width - radius, y + radius, radius, -G_PI / 2, 0);
  cairo_arc (cr, x + width - radius, y + height - radius, radius, 0, G_PI / 2);
  cairo_arc (cr, x + radius, y + height - radius, radius, G_PI / 2, G_PI);
  cairo_arc (cr, x + radius, y + radius, radius, G_PI, 3 * G_PI / 2);
  cairo_close_path (cr);
}

/* White (or `rgb`) with a dark rim. */
static void
fill_rimmed (cairo_t *cr, guint32 rgb)
{
  set_colour (cr, rgb, 1);
  cairo_fill_preserve (cr);
  set_colour (cr, 0x000000, 0.65);
  cairo_set_line_width (cr, 1);
  cairo_stroke (cr);
}

void
region_paint_handles (cairo_t *cr, const RegionFrame *frame, const Shape *box)
{
  RegionHandle handles[8];
  int n = region_paint_list_handles (frame, box, handles);

  for (int i = 0; i < n; i++)
    {
      const double side = REGION_HANDLE - 1;

      add_rounded (cr, handles[i].x - side / 2, handles[i].y - side / 2, side, side, 2);
      fill_rimmed (cr, 0xffffff);
    }
}

static void
point_to_view (const RegionFrame *frame, const Shape *polygon, guint point, double *x, double *y)
{
  region_frame_to_view (frame, g_array_index (polygon->points, double, 2 * point),
                        g_array_index (polygon->points, double, 2 * point + 1), x, y);
}

gboolean
region_paint_middle (const RegionFrame *frame, const Shape *polygon, guint point, guint next, double *x, double *y)
{
  double x1, y1, x2, y2;

  point_to_view (frame, polygon, point, &x1, &y1);
  point_to_view (frame, polygon, next, &x2, &y2);
  *x = (x1 + x2) / 2;
  *y = (y1 + y2) / 2;
  return hypot (x2 - x1, y2 - y1) >= SHORT_EDGE;
}

static void
paint_middles (cairo_t *cr, const RegionFrame *frame, const Shape *polygon)
{
  guint first = 0;

  for (guint ring = 0; ring < polygon->rings->len; ring++)
    {
      guint n = g_array_index (polygon->rings, guint32, ring);
      double x, y;

      for (guint i = 0; i < n; i++)
        if (region_paint_middle (frame, polygon, first + i, first + (i + 1) % n, &x, &y))
          {
            cairo_arc (cr, x, y, MIDDLE_RADIUS - 0.5, 0, 2 * G_PI);
            fill_rimmed (cr, 0xffffff);
          }
      first += n;
    }
}

void
region_paint_points (cairo_t *cr, const RegionFrame *frame, const Shape *polygon, int held)
{
  guint n = polygon_count_points (polygon);
  double last_x = INFINITY, last_y = INFINITY, x, y;

  paint_middles (cr, frame, polygon);
  for (guint i = 0; i < n; i++)
    {
      point_to_view (frame, polygon, i, &x, &y);
      if ((int) i == held || fabs (x - last_x) + fabs (y - last_y) < CROWDED)
        continue;
      cairo_arc (cr, x, y, POINT_RADIUS, 0, 2 * G_PI);
      fill_rimmed (cr, 0xffffff);
      last_x = x;
      last_y = y;
    }
  if (held >= 0 && held < (int) n)
    {
      point_to_view (frame, polygon, held, &x, &y);
      cairo_arc (cr, x, y, POINT_RADIUS + 1.5, 0, 2 * G_PI);
      set_colour (cr, 0xffffff, 1);
      cairo_fill (cr);
      cairo_arc (cr, x, y, POINT_RADIUS, 0, 2 * G_PI);
      fill_rimmed (cr, 0x3584e4);
    }
}

void
region_paint_draft (cairo_t *cr, const RegionFrame *frame, const double *points, guint n, const double *to)
{
  double x, y;

  cairo_new_path (cr);
  for (guint i = 0; i < n; i++)
    {
      region_frame_to_view (frame, points[2 * i], points[2 * i + 1], &x, &y);
      cairo_line_to (cr, x, y);
    }
  if (to != NULL)
    cairo_line_to (cr, to[0], to[1]);
  stroke (cr, (RegionStyle){ FALSE, 1 });
  for (guint i = 0; i < n; i++)
    {
      region_frame_to_view (frame, points[2 * i], points[2 * i + 1], &x, &y);
      /* The first is where it closes. */
      cairo_arc (cr, x, y, i == 0 && n > 2 ? POINT_RADIUS + 2 : POINT_RADIUS, 0, 2 * G_PI);
      fill_rimmed (cr, i + 1 == n ? 0x3584e4 : 0xffffff);
    }
}

void
region_paint_brush (cairo_t *cr, double x, double y, double radius)
{
  cairo_arc (cr, x, y, MAX (radius, 1), 0, 2 * G_PI);
  set_colour (cr, 0x000000, 0.65);
  cairo_set_line_width (cr, 3);
  cairo_stroke_preserve (cr);
  set_colour (cr, 0xffffff, 1);
  cairo_set_line_width (cr, 1);
  cairo_stroke (cr);
}

/* Tags and the badge ----------------------------------------------------------------------------------------------- */

#define TAG_PADDING 7.0
#define TAG_ICON 16.0
#define BADGE_PADDING 12.0
#define BADGE_GAP 10.0
#define BADGE_DISTANCE 12.0
#define TAG_DISTANCE 5.0

/* 9 pt, 10 pt in the badge. */
static PangoLayout *
text_new (PangoContext *context, const char *text, double points, gboolean bold)
{
  PangoLayout *layout = pango_layout_new (context);
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

  pango_attr_list_insert (attributes, pango_attr_size_new ((int) (points * PANGO_SCALE)));
  if (bold)
    pango_attr_list_insert (attributes, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
  pango_layout_set_attributes (layout, attributes);
  pango_layout_set_text (layout, text, -1);
  return layout;
}

static void
show_text (cairo_t *cr, PangoLayout *layout, double x, double y, double height)
{
  int text_height;

  pango_layout_get_pixel_size (layout, NULL, &text_height);
  cairo_move_to (cr, x, round (y + (height - text_height) / 2));
  pango_cairo_show_layout (cr, layout);
}

double
region_paint_measure_tag (PangoContext *context, const char *text, gboolean proposal)
{
  g_autoptr (PangoLayout) layout = text_new (context, text, 9, FALSE);
  int width;

  pango_layout_get_pixel_size (layout, &width, NULL);
  return width + 2 * TAG_PADDING + (proposal ? TAG_ICON : 0);
}

/* A small picture: frame, hill, sun. */
static void
draw_picture_icon (cairo_t *cr, double x, double y)
{
  add_rounded (cr, x + 0.5, y + 0.5, 10, 9, 1.5);
  cairo_set_line_width (cr, 1);
  cairo_stroke (cr);
  cairo_move_to (cr, x + 2, y + 8);
  cairo_line_to (cr, x + 5, y + 4.5);
  cairo_line_to (cr, x + 9, y + 8);
  cairo_close_path (cr);
  cairo_fill (cr);
  cairo_arc (cr, x + 8, y + 3.5, 1, 0, 2 * G_PI);
  cairo_fill (cr);
}

void
region_paint_tag (cairo_t *cr, PangoContext *context, const char *text, gboolean proposal, double x, double y,
                  double alpha)
{
  g_autoptr (PangoLayout) layout = text_new (context, text, 9, FALSE);

  add_rounded (cr, x, y, region_paint_measure_tag (context, text, proposal), REGION_TAG_HEIGHT, 5);
  set_colour (cr, 0x1c1c1e, 0.86 * alpha);
  cairo_fill (cr);
  set_colour (cr, 0xffffff, alpha);
  if (proposal)
    draw_picture_icon (cr, x + TAG_PADDING, y + 5);
  show_text (cr, layout, x + TAG_PADDING + (proposal ? TAG_ICON : 0), y, REGION_TAG_HEIGHT);
}

void
region_paint_place_tag (const double region[4], double width, double height, double view_width, double view_height,
                        double *x, double *y)
{
  *x = region[0];
  *y = region[1] - height - TAG_DISTANCE;
  if (*y < 2)
    {
      *x = region[0] + 6;
      *y = MAX (region[1] + 6, 2);
    }
  *x = round (CLAMP (*x, 2, MAX (view_width - width - 2, 2)));
  *y = round (MIN (*y, MAX (view_height - height - 2, 2)));
}

void
region_paint_place_badge (const double region[4], double width, double height, double view_width, double view_height,
                          double *x, double *y)
{
  *x = region[0] + region[2] / 2 - width / 2;
  *y = region[1] + region[3] + BADGE_DISTANCE;
  if (*y + height > view_height - 2)
    *y = region[1] - height - BADGE_DISTANCE;
  *x = round (CLAMP (*x, 2, MAX (view_width - width - 2, 2)));
  *y = round (CLAMP (*y, 2, MAX (view_height - height - 2, 2)));
}

typedef struct
{
  char *texts[3];
  guint32 colours[3];
} Badge;

static Badge
badge_of (const AlidadeRegionFigures *figures)
{
  Badge badge = { { NULL, NULL, NULL }, { 0xffffff, 0xffffff, 0xffffff } };
  int n = 0;

  if (figures->has_map)
    {
      badge.colours[n] = figures->peak_inside ? 0x8ff0a4 : 0xffa348;
      badge.texts[n++] = g_strdup (figures->peak_inside ? "✓ peak inside" : "✕ peak misses");
      badge.texts[n++] = g_strdup_printf ("%.0f %% energy", 100 * figures->energy);
    }
  if (figures->has_proposal)
    badge.texts[n++] = g_strdup_printf ("IoU %.2f", figures->iou);
  return badge;
}

/* Draws it where `cr` is given. */
static double
lay_out_badge (cairo_t *cr, PangoContext *context, const AlidadeRegionFigures *figures, double x, double y)
{
  Badge badge = badge_of (figures);
  double at = BADGE_PADDING;

  for (int i = 0; i < 3 && badge.texts[i] != NULL; i++)
    {
      g_autoptr (PangoLayout) layout = text_new (context, badge.texts[i], 10, i == 0 && figures->has_map);
      int width;

      pango_layout_get_pixel_size (layout, &width, NULL);
      at += i > 0 ? BADGE_GAP : 0;
      if (cr != NULL)
        {
          set_colour (cr, badge.colours[i], 1);
          show_text (cr, layout, x + at, y, REGION_BADGE_HEIGHT);
        }
      at += width;
      g_free (badge.texts[i]);
    }
  return at > BADGE_PADDING ? at + BADGE_PADDING : 0;
}

double
region_paint_measure_badge (PangoContext *context, const AlidadeRegionFigures *figures)
{
  return lay_out_badge (NULL, context, figures, 0, 0);
}

void
region_paint_badge (cairo_t *cr, PangoContext *context, const AlidadeRegionFigures *figures, double x, double y)
{
  double width = region_paint_measure_badge (context, figures);

  add_rounded (cr, x, y, width, REGION_BADGE_HEIGHT, 8);
  set_colour (cr, 0x1c1c1e, 0.92);
  cairo_fill (cr);
  lay_out_badge (cr, context, figures, x, y);
}
