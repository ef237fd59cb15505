/* SPDX-License-Identifier: MIT */
#include "report.h"
#include "error.h"
#include "sha256.h"
#include "unicode.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum
{
  SHOWN = 12 /* entries of a group in the text form; all are in the JSON */
};

static const char *const group_keys[ALBEF_REPORT_N_GROUPS] = {
  [ALBEF_REPORT_MATCHED] = "matched",   [ALBEF_REPORT_MISSING] = "missing",   [ALBEF_REPORT_UNEXPECTED] = "unexpected",
  [ALBEF_REPORT_RESHAPED] = "reshaped", [ALBEF_REPORT_MOMENTUM] = "momentum", [ALBEF_REPORT_OPAQUE] = "opaque",
  [ALBEF_REPORT_ASSUMED] = "assumed",
};

static const char *const group_titles[ALBEF_REPORT_N_GROUPS] = {
  [ALBEF_REPORT_MATCHED] = "weights matched",
  [ALBEF_REPORT_MISSING] = "weights missing or of the wrong shape",
  [ALBEF_REPORT_UNEXPECTED] = "entries not used by this model",
  [ALBEF_REPORT_RESHAPED] = "weights resized on loading",
  [ALBEF_REPORT_MOMENTUM] = "entries for training only (momentum twins, queues, buffers)",
  [ALBEF_REPORT_OPAQUE] = "Python names that were neither imported nor called",
  [ALBEF_REPORT_ASSUMED] = "values assumed, stated by no file",
};

/* --- filling ---------------------------------------------------------------------------------------- */

AlbefReport *
report_new (const char *path)
{
  AlbefReport *report = mem_new0 (1, sizeof *report);

  report->owners = 1;
  report->path = mem_strdup (path);
  report->format = "unknown";
  report->headline = mem_strdup ("");
  report->advice = mem_strdup ("");
  report->summary = mem_strdup ("");
  report->self_test = mem_strdup ("");
  report->vocabulary = mem_strdup ("");
  report->provenance = mem_strdup ("");
  return report;
}

AlbefReport *
report_ref (AlbefReport *report)
{
  report->owners++;
  return report;
}

static char *
format_text (const char *format, va_list args)
{
  char *text = NULL;

  if (vasprintf (&text, format, args) < 0)
    abort ();
  return text;
}

/* What was made from the fields is made again when asked for. */
static void
forget_forms (AlbefReport *report)
{
  free (report->text);
  free (report->json);
  report->text = report->json = NULL;
}

void
report_add (AlbefReport *report, AlbefReportGroup group, const char *name, const char *note_format, ...)
{
  int n = report->n_entries[group];
  va_list args;

  if ((n & (n - 1)) == 0) /* full at powers of two */
    report->entries[group] = mem_resize (report->entries[group], n > 0 ? 2 * n : 1, sizeof (ReportEntry));
  va_start (args, note_format);
  report->entries[group][n].name = mem_strdup (name);
  report->entries[group][n].note = format_text (note_format, args);
  va_end (args);
  report->n_entries[group]++;
  forget_forms (report);
}

void
report_add_other (AlbefReport *report, const char *name)
{
  report->others = mem_resize (report->others, report->n_others + 1, sizeof *report->others);
  report->others[report->n_others++] = mem_strdup (name);
}

void
report_set (char **text, const char *format, ...)
{
  va_list args;
  char *fresh;

  va_start (args, format);
  fresh = format_text (format, args);
  va_end (args);
  free (*text);
  *text = fresh;
}

const char *
report_hash (AlbefReport *report)
{
  if (report->hash[0] == 0 && sha256_file (report->path, NULL, NULL, report->hash, NULL) != ALBEF_OK)
    report->hash[0] = 0;
  return report->hash;
}

void
albef_report_free (AlbefReport *report)
{
  if (report == NULL || --report->owners > 0)
    return;
  for (int group = 0; group < ALBEF_REPORT_N_GROUPS; group++)
    {
      for (int i = 0; i < report->n_entries[group]; i++)
        {
          free (report->entries[group][i].name);
          free (report->entries[group][i].note);
        }
      free (report->entries[group]);
    }
  for (int i = 0; i < report->n_others; i++)
    free (report->others[i]);
  free (report->others);
  free (report->path);
  free (report->headline);
  free (report->advice);
  free (report->summary);
  free (report->self_test);
  free (report->vocabulary);
  free (report->provenance);
  forget_forms (report);
  free (report);
}

/* --- forms ------------------------------------------------------------------------------------------ */

static void
put_line (FILE *out, const char *label, const char *text)
{
  if (text[0] != 0)
    fprintf (out, "%-15s %s\n", label, text);
}

static void
put_config (FILE *out, const ModelConfig *c)
{
  fprintf (out, "%-15s %d px, patches of %d, %d layers, width %d, %d heads\n", "Image encoder", c->image_res,
           c->patch_size, c->vision_depth, c->vision_width, c->vision_heads);
  fprintf (out, "%-15s %d + %d layers, width %d, %d heads, %d words, %d positions\n", "Text + fusion", c->fusion_layer,
           config_bert_layers (c) - c->fusion_layer, c->hidden_size, c->num_attention_heads, c->vocab_size,
           c->max_position_embeddings);
}

static char *
make_text (AlbefReport *report)
{
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream (&text, &length);

  if (out == NULL)
    abort ();
  put_line (out, "File", report->path);
  fprintf (out, "%-15s %s, %llu bytes, %d entries\n", "Format", report->format, (unsigned long long) report->file_size,
           report->n_tensors);
  put_line (out, "SHA-256", report_hash (report));
  put_line (out, "Made from", report->provenance);
  if (report->recognised)
    {
      put_line (out, "Kind", model_kind_name (report->config.kind));
      put_line (out, "Model", report->summary);
      fprintf (out, "%-15s %llu\n", "Parameters", (unsigned long long) report->parameters);
      put_config (out, &report->config);
    }
  put_line (out, "Vocabulary", report->vocabulary);
  for (int i = 0; i < report->n_others; i++)
    put_line (out, i == 0 ? "Also inside" : "", report->others[i]);
  for (int group = 0; group < ALBEF_REPORT_N_GROUPS; group++)
    {
      int n = report->n_entries[group], shown = n <= SHOWN + 1 ? n : SHOWN;

      if (n == 0)
        continue;
      fprintf (out, "\n%d %s\n", n, group_titles[group]);
      /* Long lists of what is in order would hide the rest. */
      if (group == ALBEF_REPORT_MATCHED || group == ALBEF_REPORT_MOMENTUM)
        continue;
      for (int i = 0; i < shown; i++)
        fprintf (out, "    %s%s%s\n", report->entries[group][i].name, report->entries[group][i].note[0] ? ": " : "",
                 report->entries[group][i].note);
      if (shown < n)
        fprintf (out, "    and %d more\n", n - shown);
    }
  fprintf (out, "\n%s\n", report->headline);
  if (report->advice[0] != 0)
    fprintf (out, "%s\n", report->advice);
  if (report->self_test[0] != 0)
    fprintf (out, "Self-test: %s\n", report->self_test);
  if (fclose (out) != 0)
    abort ();
  return text;
}

static json_t *
json_text (const char *text)
{
  char *repaired = utf8_repair (text, strlen (text));
  json_t *value = json_string (repaired);

  free (repaired);
  return value;
}

static char *
make_json (AlbefReport *report)
{
  json_t *top = json_object (), *file = json_object (), *groups = json_object (), *others = json_array ();
  char *config, *text;

  json_object_set_new (file, "path", json_text (report->path));
  json_object_set_new (file, "format", json_text (report->format));
  json_object_set_new (file, "bytes", json_integer (report->file_size));
  json_object_set_new (file, "sha256", json_text (report_hash (report)));
  json_object_set_new (file, "entries", json_integer (report->n_tensors));
  if (report->provenance[0] != 0)
    json_object_set_new (file, "made_from", json_text (report->provenance));
  json_object_set_new (top, "file", file);
  json_object_set_new (top, "loadable", json_boolean (report->loadable));
  json_object_set_new (top, "headline", json_text (report->headline));
  json_object_set_new (top, "advice", json_text (report->advice));
  json_object_set_new (top, "self_test", json_text (report->self_test));
  json_object_set_new (top, "kind",
                       report->recognised ? json_text (model_kind_name (report->config.kind)) : json_null ());
  json_object_set_new (top, "summary", json_text (report->summary));
  json_object_set_new (top, "vocabulary", json_text (report->vocabulary));
  if (report->recognised)
    {
      config = config_to_json (&report->config);
      json_object_set_new (top, "configuration", json_loads (config, 0, NULL));
      free (config);
      json_object_set_new (top, "parameters", json_integer (report->parameters));
    }
  for (int group = 0; group < ALBEF_REPORT_N_GROUPS; group++)
    {
      json_t *list = json_array ();

      for (int i = 0; i < report->n_entries[group]; i++)
        json_array_append_new (list, json_pack ("{s:o, s:o}", "name", json_text (report->entries[group][i].name),
                                                "note", json_text (report->entries[group][i].note)));
      json_object_set_new (groups, group_keys[group], list);
    }
  json_object_set_new (top, "groups", groups);
  for (int i = 0; i < report->n_others; i++)
    json_array_append_new (others, json_text (report->others[i]));
  json_object_set_new (top, "others", others);
  text = json_dumps (top, JSON_INDENT (1) | JSON_REAL_PRECISION (9));
  json_decref (top);
  if (text == NULL)
    abort ();
  return text;
}

/* --- public: albef.h -------------------------------------------------------------------------------- */

bool
albef_report_loadable (const AlbefReport *report)
{
  return report->loadable;
}

const char *
albef_report_headline (const AlbefReport *report)
{
  return report->headline;
}

const char *
albef_report_advice (const AlbefReport *report)
{
  return report->advice;
}

const char *
albef_report_kind (const AlbefReport *report)
{
  return report->recognised ? model_kind_name (report->config.kind) : "unknown";
}

const char *
albef_report_summary (const AlbefReport *report)
{
  return report->summary;
}

const char *
albef_report_self_test (const AlbefReport *report)
{
  return report->self_test;
}

uint64_t
albef_report_file_size (const AlbefReport *report)
{
  return report->file_size;
}

int
albef_report_count (const AlbefReport *report, AlbefReportGroup group)
{
  return (unsigned) group < ALBEF_REPORT_N_GROUPS ? report->n_entries[group] : 0;
}

const char *
albef_report_entry (const AlbefReport *report, AlbefReportGroup group, int index, const char **note)
{
  if (index < 0 || index >= albef_report_count (report, group))
    return NULL;
  if (note != NULL)
    *note = report->entries[group][index].note;
  return report->entries[group][index].name;
}

/* The two forms are made late, since they need the file's hash. */
const char *
albef_report_text (const AlbefReport *report)
{
  AlbefReport *mutable_report = (AlbefReport *) report;

  if (report->text == NULL)
    mutable_report->text = make_text (mutable_report);
  return report->text;
}

const char *
albef_report_json (const AlbefReport *report)
{
  AlbefReport *mutable_report = (AlbefReport *) report;

  if (report->json == NULL)
    mutable_report->json = make_json (mutable_report);
  return report->json;
}
