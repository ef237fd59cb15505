/* SPDX-License-Identifier: MIT
 * queue-make.c: which phrases stand in a queue, in which order, and why. */
#include "database.h"
#include "json-items.h"
#include "map-region.h"
#include "project-id.h"
#include "review-queue.h"
#include "search.h"

#include <math.h>
#include <string.h>

#define DEFAULT_LIMIT 20000

typedef struct
{
  gint64 phrase, image;
  double value;        /* higher comes first; NaN: not measured, last */
  double best;         /* of its picture */
  double a, b;         /* what the reason tells */
} Entry;

/* A phrase's regions against the model's. */
typedef struct
{
  double iou;          /* best of the top proposal with any label */
  gboolean labelled, proposed, hit;
} Agreement;

static guint64
mix (guint64 x)
{
  x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return x ^ (x >> 31);
}

/* 0..1, by phrase and seed: the same choice each time. */
static double
chance (gint64 phrase, guint32 seed, guint32 what)
{
  return (mix (mix ((guint64) phrase + ((guint64) seed << 32)) + what) >> 11) * 0x1p-53;
}

static double
number (sqlite3_stmt *rows, int column)
{
  return sqlite3_column_type (rows, column) == SQLITE_NULL ? NAN : sqlite3_column_double (rows, column);
}

/* Label errors ------------------------------------------------------------------------------------------------------- */

static gboolean
compare_labels (Database *db, gint64 phrase, const char *model, double peak_x, double peak_y, Agreement *agreement, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, QUEUE_BOXES, error, "i", phrase);
  g_autoptr (GArray) labels = g_array_new (FALSE, FALSE, 4 * sizeof (double));
  double top[4] = { 0 }, best = -INFINITY;
  int code;

  memset (agreement, 0, sizeof *agreement);
  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      const char *origin = column_text (rows, 0);
      double box[4], score = number (rows, 5);

      for (int i = 0; i < 4; i++)
        box[i] = sqlite3_column_double (rows, i + 1);
      if (strcmp (origin, "import") == 0 || strcmp (origin, "person") == 0)
        {
          g_array_append_vals (labels, box, 1);
          agreement->hit |= box[0] < peak_x && peak_x < box[2] && box[1] < peak_y && peak_y < box[3];
        }
      else if (g_strcmp0 (column_text (rows, 6), model) == 0 && score > best)
        {
          best = score;
          memcpy (top, box, sizeof top);
          agreement->proposed = TRUE;
        }
    }
  agreement->labelled = labels->len > 0;
  for (guint i = 0; i < labels->len && agreement->proposed; i++)
    agreement->iou = MAX (agreement->iou, box_iou (top, (const double *) (labels->data + i * sizeof top)));
  return code == SQLITE_DONE;
}

/* Values ---------------------------------------------------------------------------------------------------------------- */

/* Value of a row by the order; what the reason needs goes into a and b. */
static void
set_value (Entry *entry, sqlite3_stmt *rows, const QueueSettings *settings, guint n)
{
  double spread = number (rows, 3), energy = number (rows, 9);

  switch (settings->order)
    {
    case QUEUE_RANDOM:
      entry->value = chance (entry->phrase, settings->seed, 1);
      break;
    case QUEUE_MATCH:
      entry->a = number (rows, 2);
      entry->value = 1 - entry->a;
      break;
    case QUEUE_SPREAD:
      entry->value = entry->a = spread;
      break;
    case QUEUE_PEAKS:
      entry->a = number (rows, 4);
      entry->value = entry->a + 0.5 * spread;
      break;
    case QUEUE_OUTSIDE:
      entry->a = energy;
      entry->b = sqlite3_column_int (rows, 5);
      entry->value = entry->b + 1 - energy;
      break;
    case QUEUE_METHODS:
    case QUEUE_TWIN:
    case QUEUE_OTHER:
      entry->value = entry->a = number (rows, settings->order == QUEUE_METHODS ? 6 : settings->order == QUEUE_TWIN ? 7 : 8);
      break;
    default:
      entry->value = -(double) n;
    }
}

static char *
reason_of (const Entry *entry, QueueOrder order)
{
  if (isnan (entry->value))
    return g_strdup ("not measured");
  switch (order)
    {
    case QUEUE_SEQUENTIAL:
      return g_strdup ("in order");
    case QUEUE_RANDOM:
      return g_strdup ("by chance");
    case QUEUE_MATCH:
      return g_strdup_printf ("match %.2f", entry->a);
    case QUEUE_SPREAD:
      return g_strdup_printf ("spread over %.0f %%", 100 * entry->a);
    case QUEUE_PEAKS:
      return g_strdup_printf ("%.0f peak%s", entry->a, entry->a == 1 ? "" : "s");
    case QUEUE_OUTSIDE:
      return entry->b != 0 ? g_strdup ("peak outside the proposal") : g_strdup_printf ("%.0f %% of the map inside", 100 * entry->a);
    case QUEUE_METHODS:
      return g_strdup_printf ("methods differ by %.2f", entry->a);
    case QUEUE_TWIN:
      return g_strdup_printf ("twin differs by %.2f", entry->a);
    case QUEUE_OTHER:
      return g_strdup_printf ("checkpoints differ by %.2f", entry->a);
    default:
      return g_strdup_printf ("IoU %.2f with the model%s", entry->a, entry->b != 0 ? "" : ", peak outside");
    }
}

static int
compare_values (double a, double b)
{
  if (isnan (a) || isnan (b))
    return isnan (a) - isnan (b);
  return a < b ? 1 : a > b ? -1 : 0;
}

static int
by_value (gconstpointer a, gconstpointer b)
{
  const Entry *first = a, *second = b;
  int order = compare_values (first->value, second->value);

  return order != 0 ? order : first->phrase < second->phrase ? -1 : first->phrase > second->phrase;
}

static int
by_picture (gconstpointer a, gconstpointer b)
{
  const Entry *first = a, *second = b;
  int order = compare_values (first->best, second->best);

  if (order != 0)
    return order;
  if (first->image != second->image)
    return first->image < second->image ? -1 : 1;
  return by_value (a, b);
}

/* Sorted; with pictures in the order of their best phrase, and their phrases together. */
static void
sort_entries (GArray *entries, gboolean apart)
{
  g_autoptr (GHashTable) best = g_hash_table_new (g_int64_hash, g_int64_equal);

  g_array_sort (entries, by_value);
  if (apart)
    return;
  for (guint i = 0; i < entries->len; i++)
    {
      Entry *entry = &g_array_index (entries, Entry, i);
      const Entry *first = g_hash_table_lookup (best, &entry->image);

      if (first == NULL)
        g_hash_table_insert (best, &entry->image, entry);
      entry->best = first != NULL ? first->best : entry->value;
    }
  g_array_sort (entries, by_picture);
}

/* Gathering ------------------------------------------------------------------------------------------------------------- */

static gboolean
newest_model (Database *db, char **model, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_statement (db, MEASURE_MODELS, error);
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  if (code == SQLITE_ROW)
    *model = g_strdup (column_text (rows, 0));
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

static gboolean
gather (Database *db, const QueueSettings *settings, const char *model, GArray *entries, GError **error)
{
  g_autofree char *query = settings->filter != NULL ? search_text_query (settings->filter) : NULL;
  gint64 pass = MAX (settings->pass, 1);
  gint64 mode = pass > 1 ? 2 : settings->reviewed || settings->order == QUEUE_LABELS ? 1 : 0;
  g_autoptr (DatabaseRows) rows =
    query != NULL
      ? database_bind (db, QUEUE_ROWS_FILTERED, error, "sisis", model, mode, settings->reviewer, pass, query)
      : database_bind (db, QUEUE_ROWS, error, "sisi", model, mode, settings->reviewer, pass);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      Entry entry = { .phrase = column_id (rows, 0), .image = column_id (rows, 1) };

      if (settings->share > 0 && settings->share < 1 && chance (entry.phrase, settings->seed, 2) >= settings->share)
        continue;
      set_value (&entry, rows, settings, entries->len);
      if (settings->order == QUEUE_LABELS)
        {
          Agreement agreement;

          if (!compare_labels (db, entry.phrase, model, number (rows, 10), number (rows, 11), &agreement, error))
            return FALSE;
          if (!agreement.labelled)
            continue;
          entry.a = agreement.iou;
          entry.b = agreement.hit;
          entry.value = agreement.proposed ? 1 - agreement.iou + !agreement.hit : NAN;
        }
      g_array_append_val (entries, entry);
    }
  return code == SQLITE_DONE;
}

static gboolean
gather_known (Database *db, GArray *known, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_statement (db, QUEUE_KNOWN, error);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      gint64 phrase = column_id (rows, 0);

      g_array_append_val (known, phrase);
    }
  return code == SQLITE_DONE;
}

/* Writing ----------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  Database *db;
  gint64 queue, nth, pass;
} Out;

static gboolean
put (Out *out, gint64 phrase, const char *kind, const char *reason, gint64 pass, GError **error)
{
  return database_run (out->db, QUEUE_ITEM_INSERT, error, "iiissi", out->queue, out->nth++, phrase, kind, reason, pass);
}

/* Known and repeated items look like any other: their reason is a neighbour's. */
static gboolean
write_items (Out *out, const QueueSettings *settings, const GArray *entries, const GArray *known, GError **error)
{
  guint limit = settings->limit > 0 ? settings->limit : DEFAULT_LIMIT, n_known = 0;

  for (guint i = 0; i < MIN (entries->len, limit); i++)
    {
      const Entry *entry = &g_array_index (entries, Entry, i);
      g_autofree char *reason = reason_of (entry, settings->order);

      if (!put (out, entry->phrase, "plain", reason, out->pass, error))
        return FALSE;
      if (settings->known_every > 0 && (i + 1) % settings->known_every == 0 && n_known < known->len &&
          !put (out, g_array_index (known, gint64, n_known++), "known", reason, out->pass + QUEUE_KNOWN_PASS, error))
        return FALSE;
      if (settings->repeat_every > 0 && (i + 1) % settings->repeat_every == 0 &&
          !put (out, g_array_index (entries, Entry, i + 1 - settings->repeat_every).phrase, "repeat", reason,
                out->pass + QUEUE_REPEAT_PASS, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
replace_queue (Database *db, const QueueSettings *settings, const char *model, const GArray *entries, const GArray *known,
               GError **error)
{
  g_autoptr (json_t) kept = json_pack ("{s:s, s:s?, s:s?, s:b, s:f, s:i}", "order", queue_order_name (settings->order), "model", model,
                                       "filter", settings->filter, "apart", settings->apart, "share", settings->share, "seed",
                                       (int) settings->seed);
  g_autofree char *text = kept != NULL ? json_to_text (kept) : NULL;
  Out out = { db, project_id_new (), 0, MAX (settings->pass, 1) };
  gint64 old;
  gboolean found;

  if (text == NULL)
    return project_fail (error, PROJECT_ERROR_USAGE, "The filter is no UTF-8.");
  return database_get (db, QUEUE_FIND, &old, &found, error, "si", settings->reviewer, out.pass) &&
         (!found || (database_run (db, QUEUE_ITEMS_DELETE, error, "i", old) && database_run (db, QUEUE_DELETE, error, "i", old))) &&
         database_run (db, QUEUE_INSERT, error, "isisi", out.queue, settings->reviewer, out.pass, text, project_now ()) &&
         write_items (&out, settings, entries, known, error);
}

gboolean
queue_make (Project *project, const QueueSettings *settings, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (GArray) entries = g_array_new (FALSE, FALSE, sizeof (Entry)), known = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autofree char *model = g_strdup (settings->model);

  if (settings->reviewer == NULL || *settings->reviewer == '\0' || !g_utf8_validate (settings->reviewer, -1, NULL))
    return project_fail (error, PROJECT_ERROR_USAGE, "The reviewer needs a name.");
  if ((model == NULL && !newest_model (db, &model, error)) || !gather (db, settings, model, entries, error) ||
      (settings->known_every > 0 && !gather_known (db, known, error)))
    return FALSE;
  sort_entries (entries, settings->apart);
  if (!database_begin (db, error))
    return FALSE;
  if (replace_queue (db, settings, model, entries, known, error))
    return database_commit (db, error);
  database_rollback (db);
  return FALSE;
}
