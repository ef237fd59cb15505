/* SPDX-License-Identifier: MIT
 * statistics-report.c: a project's figures as JSON, CSV and one page of HTML. */
#include "json-text.h"
#include "review-statistics.h"

#include <math.h>
#include <string.h>

/* One figure after the other, the same for all reports: section, name, field, value. */
typedef void (*PutFigure) (GString *out, const char *section, const char *name, const char *field, double value);

static double
share (gint64 part, gint64 whole)
{
  return whole > 0 ? (double) part / whole : NAN;
}

static void
put_agreement (GString *out, PutFigure put, const char *name, const PassAgreement *agreement)
{
  put (out, "agreement", name, "phrases", agreement->n);
  put (out, "agreement", name, "same", agreement->same);
  put (out, "agreement", name, "kappa", agreement->n > 0 ? agreement->kappa : NAN);
  put (out, "agreement", name, "iou_phrases", agreement->n_iou);
  put (out, "agreement", name, "mean_iou", agreement->n_iou > 0 ? agreement->mean_iou : NAN);
}

static void
put_all (const ReviewStatistics *s, GString *out, PutFigure put)
{
  put (out, "project", "all", "images", s->images);
  put (out, "project", "all", "phrases", s->phrases);
  put (out, "project", "all", "decided", s->decided);
  put (out, "project", "all", "stale", s->stale);
  put (out, "project", "all", "measured", s->measured);
  for (int i = 0; i < N_JUDGED; i++)
    for (int j = 0; j < N_VERDICTS; j++)
      put (out, "verdicts", judged_name (i), verdict_kind_name (j), s->verdicts[i][j]);
  for (int i = 0; i < STATISTICS_BINS; i++)
    {
      g_autofree char *name = g_strdup_printf ("%.1f", i / 10.0);
      const ScoreBin *bin = &s->bins[i];

      put (out, "acceptance", name, "n", bin->n);
      put (out, "acceptance", name, "accepted", bin->accepted);
      put (out, "acceptance", name, "share", share (bin->accepted, bin->n));
      put (out, "acceptance", name, "score", bin->score);
      put (out, "acceptance", name, "trust", bin->trust);
    }
  put (out, "reliability", "all", "raw_error", s->raw_error);
  put (out, "reliability", "all", "trust_error", s->trust_error);
  put (out, "pointing", "all", "phrases", s->pointed);
  put (out, "pointing", "all", "hits", s->hits);
  put (out, "pointing", "all", "accuracy", share (s->hits, s->pointed));
  put_agreement (out, put, "passes", &s->passes);
  put_agreement (out, put, "repeats", &s->repeats);
  put_agreement (out, put, "known", &s->known);
  for (guint i = 0; i < s->reviewers->len; i++)
    {
      const ReviewerPace *pace = s->reviewers->pdata[i];

      put (out, "pace", pace->reviewer, "verdicts", pace->verdicts);
      put (out, "pace", pace->reviewer, "minutes", pace->minutes);
      put (out, "pace", pace->reviewer, "a_minute", pace->pace);
    }
}

/* JSON: {section: {name: {field: value}}} ------------------------------------------------------------------------------ */

/* The objects that are open while figures come one by one; JSON is made on one thread at a time. */
static void
put_into (json_t *root, const char *section, const char *name, const char *field, double value)
{
  json_t *part = json_object_get (root, section), *inner;

  if (part == NULL)
    {
      part = json_object ();
      json_object_set_new (root, section, part);
    }
  inner = json_object_get (part, name);
  if (inner == NULL)
    {
      inner = json_object ();
      json_object_set_new (part, name, inner);
    }
  json_object_set_new (inner, field,
                       isnan (value) ? json_null () : value == floor (value) && fabs (value) < 1e15 ? json_integer ((json_int_t) value)
                                                                                                     : json_real (value));
}

static void
put_csv (GString *out, const char *section, const char *name, const char *field, double value)
{
  g_autofree char *number = isnan (value) ? g_strdup ("") : number_text (value);

  g_string_append_printf (out, "%s,", section);
  if (strpbrk (name, ",\"\r\n") == NULL)
    g_string_append (out, name);
  else
    {
      g_string_append_c (out, '"');
      for (const char *c = name; *c != '\0'; c++)
        g_string_append_printf (out, *c == '"' ? "\"\"" : "%c", *c);
      g_string_append_c (out, '"');
    }
  g_string_append_printf (out, ",%s,%s\n", field, number);
}

char *
review_statistics_csv (const ReviewStatistics *s)
{
  GString *out = g_string_new ("section,name,field,value\n");

  put_all (s, out, put_csv);
  return g_string_free (out, FALSE);
}

/* Lines "section TAB name TAB field TAB value": what JSON is built from, so that the reports cannot differ. */
static void
put_line (GString *out, const char *section, const char *name, const char *field, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *escaped = g_strescape (name, NULL);

  g_string_append_printf (out, "%s\t%s\t%s\t%s\n", section, escaped, field, isnan (value) ? "nan" : g_ascii_dtostr (number, sizeof number, value));
}

char *
review_statistics_json (const ReviewStatistics *s)
{
  g_autoptr (GString) lines = g_string_new (NULL);
  g_auto (GStrv) all = NULL;
  json_t *root = json_object ();
  char *text, *copy;

  json_object_set_new (root, "model", s->model != NULL ? json_string (s->model) : json_null ());
  put_all (s, lines, put_line);
  all = g_strsplit (lines->str, "\n", -1);
  for (char **line = all; *line != NULL && **line != '\0'; line++)
    {
      g_auto (GStrv) parts = g_strsplit (*line, "\t", 4);
      g_autofree char *name = g_strcompress (parts[1]);

      put_into (root, parts[0], name, parts[2], g_ascii_strtod (parts[3], NULL));
    }
  text = json_dumps (root, JSON_COMPACT);
  json_decref (root);
  copy = g_strdup (text);
  free (text);
  return copy;
}

/* HTML --------------------------------------------------------------------------------------------------------------------- */

static const char style[] =
  ":root{color-scheme:light dark}body{font:15px/1.45 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
  "h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}table{border-collapse:collapse}"
  "td,th{padding:.25em .8em;text-align:right;border-bottom:1px solid #8884}td:first-child,th:first-child{text-align:left}"
  "svg{max-width:100%}.note{opacity:.7}";

static void
put_percent (GString *out, double value)
{
  if (isnan (value))
    g_string_append (out, "<td>&ndash;</td>");
  else
    g_string_append_printf (out, "<td>%.1f %%</td>", 100 * value);
}

static void
put_verdicts (GString *out, const ReviewStatistics *s)
{
  g_string_append (out, "<h2>Verdicts by what was judged</h2><table><tr><th>region of</th>");
  for (int j = 0; j < N_VERDICTS; j++)
    g_string_append_printf (out, "<th>%s</th>", verdict_kind_name (j));
  g_string_append (out, "</tr>");
  for (int i = 0; i < N_JUDGED; i++)
    {
      g_string_append_printf (out, "<tr><td>%s</td>", judged_name (i));
      for (int j = 0; j < N_VERDICTS; j++)
        g_string_append_printf (out, "<td>%" G_GINT64_FORMAT "</td>", s->verdicts[i][j]);
      g_string_append (out, "</tr>");
    }
  g_string_append (out, "</table>");
}

/* The reliability plot: acceptance over score, raw as filled points, calibrated as rings, with the diagonal. */
static void
put_plot (GString *out, const ReviewStatistics *s)
{
  g_string_append (out, "<h2>Acceptance by score</h2><svg viewBox=\"0 0 360 320\" width=\"540\" role=\"img\" aria-label=\"Share of accepted "
                        "proposals over their score\"><g fill=\"none\" stroke=\"currentColor\"><path d=\"M40 10V280H310\"/>"
                        "<path d=\"M40 280L310 10\" stroke-dasharray=\"4 4\" opacity=\".5\"/></g><g fill=\"currentColor\" font-size=\"11\">"
                        "<text x=\"36\" y=\"296\">0</text><text x=\"304\" y=\"296\">1</text><text x=\"26\" y=\"16\">1</text>"
                        "<text x=\"150\" y=\"312\">score</text></g>");
  for (int i = 0; i < STATISTICS_BINS; i++)
    {
      const ScoreBin *bin = &s->bins[i];
      double y = bin->n > 0 ? 280 - 270 * share (bin->accepted, bin->n) : 0;

      if (bin->n == 0)
        continue;
      g_string_append_printf (out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"#3584e4\"><title>raw %.2f: %" G_GINT64_FORMAT " of %"
                              G_GINT64_FORMAT " accepted</title></circle>", 40 + 270 * bin->score, y, bin->score, bin->accepted, bin->n);
      if (!isnan (bin->trust))
        g_string_append_printf (out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"none\" stroke=\"#e66100\" stroke-width=\"2\"><title>"
                                "calibrated %.2f</title></circle>", 40 + 270 * bin->trust, y, bin->trust);
    }
  g_string_append (out, "</svg><p class=\"note\">Filled: raw scores. Rings: calibrated ones. On the dashed line a score says how often people "
                        "accept.</p><table><tr><th>score from</th><th>verdicts</th><th>accepted</th><th>calibrated</th></tr>");
  for (int i = 0; i < STATISTICS_BINS; i++)
    {
      const ScoreBin *bin = &s->bins[i];

      g_string_append_printf (out, "<tr><td>%.1f</td><td>%" G_GINT64_FORMAT "</td>", i / 10.0, bin->n);
      put_percent (out, share (bin->accepted, bin->n));
      put_percent (out, bin->n > 0 ? bin->trust : NAN);
      g_string_append (out, "</tr>");
    }
  g_string_append (out, "</table>");
}

static void
put_agreement_row (GString *out, const char *name, const PassAgreement *agreement)
{
  g_string_append_printf (out, "<tr><td>%s</td><td>%" G_GINT64_FORMAT "</td>", name, agreement->n);
  put_percent (out, share (agreement->same, agreement->n));
  if (agreement->n == 0 || isnan (agreement->kappa))
    g_string_append (out, "<td>&ndash;</td>");
  else
    g_string_append_printf (out, "<td>%.3f</td>", agreement->kappa);
  if (agreement->n_iou == 0)
    g_string_append (out, "<td>&ndash;</td></tr>");
  else
    g_string_append_printf (out, "<td>%.3f</td></tr>", agreement->mean_iou);
}

static void
put_people (GString *out, const ReviewStatistics *s)
{
  g_string_append (out, "<h2>Agreement</h2><table><tr><th>between</th><th>phrases</th><th>same verdict</th><th>Cohen's kappa</th>"
                        "<th>mean IoU</th></tr>");
  put_agreement_row (out, "two passes", &s->passes);
  put_agreement_row (out, "the same person twice", &s->repeats);
  put_agreement_row (out, "known answers", &s->known);
  g_string_append (out, "</table><h2>Pace</h2><table><tr><th>reviewer</th><th>verdicts</th><th>minutes</th><th>a minute</th></tr>");
  for (guint i = 0; i < s->reviewers->len; i++)
    {
      const ReviewerPace *pace = s->reviewers->pdata[i];
      g_autofree char *name = g_markup_escape_text (pace->reviewer, -1);

      g_string_append_printf (out, "<tr><td>%s</td><td>%" G_GINT64_FORMAT "</td><td>%.1f</td>", name, pace->verdicts, pace->minutes);
      if (isnan (pace->pace))
        g_string_append (out, "<td>&ndash;</td></tr>");
      else
        g_string_append_printf (out, "<td>%.1f</td></tr>", pace->pace);
    }
  g_string_append (out, "</table>");
}

char *
review_statistics_html (const ReviewStatistics *s, const char *title)
{
  GString *out = g_string_new (NULL);
  g_autofree char *name = g_markup_escape_text (title, -1);
  g_autofree char *model = g_markup_escape_text (s->model != NULL ? s->model : "none yet", -1);

  g_string_append_printf (out, "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title><style>%s</style></head><body>"
                          "<h1>%s</h1><p>%" G_GINT64_FORMAT " pictures, %" G_GINT64_FORMAT " phrases, %" G_GINT64_FORMAT " with a verdict that "
                          "holds, %" G_GINT64_FORMAT " stale. Model: %s.</p>", name, style, name, s->images, s->phrases, s->decided, s->stale,
                          model);
  put_verdicts (out, s);
  put_plot (out, s);
  g_string_append_printf (out, "<h2>Pointing game</h2><p>The map's peak lies in a region that people approved for %" G_GINT64_FORMAT " of %"
                          G_GINT64_FORMAT " phrases", s->hits, s->pointed);
  if (s->pointed > 0)
    g_string_append_printf (out, " (%.1f %%)", 100.0 * s->hits / s->pointed);
  g_string_append (out, ".</p>");
  put_people (out, s);
  g_string_append (out, "</body></html>\n");
  return g_string_free (out, FALSE);
}
