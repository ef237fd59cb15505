/* SPDX-License-Identifier: MIT
 * project-pictures.c: pages of ids wait for their rows, those asked for last first; those asked for long ago are
 * scrolled past and dropped. */
#include "project-pictures.h"

#define PAGE 64          /* rows of one visit of a reader */
#define PAGES_WAITING 16 /* more than any screen shows */
#define KEPT 1024        /* objects that nobody else holds */

struct _AlidadeProjectPictures
{
  GObject parent_instance;

  AlidadeProjectIndex *index;
  LibraryFilter filter;
  GCancellable *asking;      /* the question under way */
  gboolean again;            /* the project changed meanwhile */
  gboolean answered;         /* something was, of this project */
  gint64 asked_at, rows_due; /* for the log; 0: no question, no rows are awaited */

  gint64 *ids;
  guint n;

  GHashTable *held; /* id -> AlidadeProjectPicture, borrowed: they leave when they go */
  GQueue kept;      /* references, the newest first */
  GQueue waiting;   /* page + 1: those asked for together in their order, the newest lot first */
  guint n_together; /* of the lot that is being asked for */
  GArray *stale;    /* gint64: rows that may be others now */
  gboolean changed; /* the project did, since the last answer */
  GCancellable *fetching;
  gboolean fetching_old; /* what is on its way was read before a change */
  guint fetch_id;
};

static void alidade_project_pictures_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (AlidadeProjectPictures, alidade_project_pictures, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, alidade_project_pictures_model_init))

enum
{
  PROP_0,
  PROP_BUSY,
  PROP_READY,
  N_PROPS
};

static GParamSpec *props[N_PROPS];
static guint answered_signal;

/* Objects ---------------------------------------------------------------------------------------------------------- */

static AlidadeProjectPicture *
object_of (AlidadeProjectPictures *self, gint64 id)
{
  AlidadeProjectPicture *picture = g_hash_table_lookup (self->held, &id);

  return picture != NULL ? g_object_ref (picture) : alidade_project_picture_new (id, self->held);
}

static void
keep (AlidadeProjectPictures *self, AlidadeProjectPicture *picture)
{
  g_queue_push_head (&self->kept, g_object_ref (picture));
  while (self->kept.length > KEPT)
    g_object_unref (g_queue_pop_tail (&self->kept));
}

/* Rows ------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  GArray *ids;
  GPtrArray *rows; /* LibraryImage, or NULL for what is gone */
} Page;

static void
page_free (gpointer data)
{
  Page *page = data;

  g_array_unref (page->ids);
  g_clear_pointer (&page->rows, g_ptr_array_unref);
  g_free (page);
}

static gboolean
page_func (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  Page *page = data;

  page->rows = library_fetch_images (project, (const gint64 *) page->ids->data, page->ids->len, error);
  return page->rows != NULL;
}

static void fetch_next (AlidadeProjectPictures *self);

static void
page_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeProjectPictures) self = data;
  GCancellable *cancellable = g_task_get_cancellable (G_TASK (result));
  gpointer passed = NULL;
  gboolean good = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (object), result, &passed, NULL);
  Page *page = passed;

  if (cancellable != self->fetching)
    return;
  g_clear_object (&self->fetching);
  if (self->rows_due > 0)
    g_debug ("library: first rows after %.1f ms", (g_get_monotonic_time () - self->rows_due) / 1e3);
  self->rows_due = 0;
  for (guint i = 0; good && i < page->ids->len; i++)
    {
      g_autoptr (AlidadeProjectPicture) picture = object_of (self, g_array_index (page->ids, gint64, i));

      alidade_project_picture_take_row (picture, g_steal_pointer (&page->rows->pdata[i]));
      keep (self, picture);
    }
  if (self->fetching_old)
    g_array_append_vals (self->stale, page->ids->data, page->ids->len);
  fetch_next (self);
}

static void
fetch (AlidadeProjectPictures *self, GArray *ids)
{
  Page *page = g_new0 (Page, 1);

  page->ids = ids;
  self->fetching = g_cancellable_new ();
  self->fetching_old = FALSE;
  alidade_project_service_read_async (alidade_project_index_get_service (self->index), page_func, page, page_free,
                                      self->fetching, page_cb, g_object_ref (self));
}

/* Those of the first waiting page whose rows are not there; then those that may be others now. */
static void
fetch_next (AlidadeProjectPictures *self)
{
  while (self->fetching == NULL && self->waiting.length > 0)
    {
      guint nth = GPOINTER_TO_UINT (g_queue_pop_head (&self->waiting)) - 1;
      g_autoptr (GArray) ids = g_array_sized_new (FALSE, FALSE, sizeof (gint64), PAGE);

      for (guint i = nth * PAGE; i < MIN ((nth + 1) * PAGE, self->n); i++)
        {
          AlidadeProjectPicture *picture = g_hash_table_lookup (self->held, &self->ids[i]);

          if (picture == NULL || alidade_project_picture_get_row (picture) == NULL)
            g_array_append_val (ids, self->ids[i]);
        }
      if (ids->len > 0)
        fetch (self, g_steal_pointer (&ids));
    }
  if (self->fetching == NULL && self->stale->len > 0)
    {
      guint n = MIN (self->stale->len, PAGE);
      GArray *ids = g_array_sized_new (FALSE, FALSE, sizeof (gint64), n);

      g_array_append_vals (ids, &g_array_index (self->stale, gint64, self->stale->len - n), n);
      g_array_set_size (self->stale, self->stale->len - n);
      fetch (self, ids);
    }
}

static gboolean
fetch_idle_cb (gpointer data)
{
  AlidadeProjectPictures *self = data;

  self->fetch_id = 0;
  self->n_together = 0;
  fetch_next (self);
  return G_SOURCE_REMOVE;
}

static void
want (AlidadeProjectPictures *self, guint position)
{
  gpointer page = GUINT_TO_POINTER (position / PAGE + 1);
  int nth = g_queue_index (&self->waiting, page);

  if (nth < 0 || (guint) nth >= self->n_together)
    {
      g_queue_remove (&self->waiting, page);
      g_queue_push_nth (&self->waiting, page, self->n_together++);
    }
  while (self->waiting.length > PAGES_WAITING)
    g_queue_pop_tail (&self->waiting);
  self->n_together = MIN (self->n_together, self->waiting.length);
  if (self->fetch_id == 0)
    self->fetch_id = g_idle_add_full (G_PRIORITY_DEFAULT, fetch_idle_cb, self, NULL);
}

/* After an answer: what somebody holds and waits for may be of no page that is asked for again. After a change of the
 * project, rows that somebody looks at are read again, and those kept for later are forgotten. */
static void
mark_stale (AlidadeProjectPictures *self)
{
  GHashTableIter iter;
  gpointer key, picture;

  while (self->changed && self->kept.length > 0)
    g_object_unref (g_queue_pop_tail (&self->kept));
  g_array_set_size (self->stale, 0);
  g_hash_table_iter_init (&iter, self->held);
  while (g_hash_table_iter_next (&iter, &key, &picture))
    if (self->changed || alidade_project_picture_get_row (picture) == NULL)
      g_array_append_vals (self->stale, key, 1);
  self->fetching_old = self->changed && self->fetching != NULL;
  self->changed = FALSE;
  if (self->fetch_id == 0)
    fetch_next (self);
}

/* Ids -------------------------------------------------------------------------------------------------------------- */

/* What stays at both ends is not touched: most changes are of one picture. */
static void
take_ids (AlidadeProjectPictures *self, const gint64 *ids, guint n)
{
  gint64 *former = self->ids;
  guint same = 0, tail = 0, most = MIN (n, self->n), n_former = self->n;

  while (same < most && former[same] == ids[same])
    same++;
  while (tail < most - same && former[n_former - 1 - tail] == ids[n - 1 - tail])
    tail++;
  if (same == n && n == n_former)
    return;
  self->ids = g_memdup2 (ids, n * sizeof *ids);
  self->n = n;
  g_queue_clear (&self->waiting);
  self->n_together = 0;
  g_list_model_items_changed (G_LIST_MODEL (self), same, n_former - same - tail, n - same - tail);
  g_free (former);
}

static void ask (AlidadeProjectPictures *self);

static void
asked_cb (GObject *object, GAsyncResult *asked, gpointer data)
{
  g_autoptr (AlidadeProjectPictures) self = data;
  GCancellable *cancellable = g_task_get_cancellable (G_TASK (asked));
  g_autofree LibraryResult *result = alidade_project_index_query_finish (ALIDADE_PROJECT_INDEX (object), asked, NULL);

  if (cancellable != self->asking)
    return;
  g_clear_object (&self->asking);
  if (result != NULL)
    {
      self->answered = TRUE;
      self->rows_due = self->asked_at;
      g_debug ("library: %" G_GINT64_FORMAT " pictures after %.1f ms", result->count,
               (g_get_monotonic_time () - self->asked_at) / 1e3);
      take_ids (self, result->ids, result->n);
      mark_stale (self);
    }
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_BUSY]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_READY]);
  if (result != NULL)
    g_signal_emit (self, answered_signal, 0);
  if (self->again)
    ask (self);
}

static void
ask (AlidadeProjectPictures *self)
{
  if (self->asking != NULL)
    g_cancellable_cancel (self->asking);
  g_clear_object (&self->asking);
  self->again = FALSE;
  if (!alidade_project_index_get_is_open (self->index))
    return;
  self->asking = g_cancellable_new ();
  self->asked_at = g_get_monotonic_time ();
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_BUSY]);
  alidade_project_index_query_async (self->index, &self->filter, 0, self->asking, asked_cb, g_object_ref (self));
}

/* A project that changes all the time must not keep a question from its answer. */
static void
updated_cb (AlidadeProjectPictures *self)
{
  self->changed = TRUE;
  if (self->asking != NULL)
    self->again = TRUE;
  else
    ask (self);
}

static void
stop (AlidadeProjectPictures *self)
{
  if (self->asking != NULL)
    g_cancellable_cancel (self->asking);
  g_clear_object (&self->asking);
  if (self->fetching != NULL)
    g_cancellable_cancel (self->fetching);
  g_clear_object (&self->fetching);
  g_clear_handle_id (&self->fetch_id, g_source_remove);
  g_queue_clear (&self->waiting);
  g_array_set_size (self->stale, 0);
  self->n_together = 0;
  self->again = self->answered = self->changed = FALSE;
}

static void
reset_cb (AlidadeProjectPictures *self)
{
  stop (self);
  take_ids (self, NULL, 0);
  while (self->kept.length > 0)
    g_object_unref (g_queue_pop_tail (&self->kept));
  /* Ids of another project are others, or may be the same in a copy of it: objects that somebody holds stay alone. */
  g_hash_table_unref (self->held);
  self->held = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_BUSY]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_READY]);
  ask (self);
}

/* GObject ---------------------------------------------------------------------------------------------------------- */

static GType
get_item_type (GListModel *model)
{
  return ALIDADE_TYPE_PROJECT_PICTURE;
}

static guint
get_n_items (GListModel *model)
{
  return ALIDADE_PROJECT_PICTURES (model)->n;
}

static gpointer
get_item (GListModel *model, guint position)
{
  AlidadeProjectPictures *self = ALIDADE_PROJECT_PICTURES (model);
  AlidadeProjectPicture *picture;

  if (position >= self->n)
    return NULL;
  picture = object_of (self, self->ids[position]);
  if (alidade_project_picture_get_row (picture) == NULL)
    want (self, position);
  return picture;
}

static void
alidade_project_pictures_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

static void
alidade_project_pictures_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  AlidadeProjectPictures *self = ALIDADE_PROJECT_PICTURES (object);

  if (id == PROP_BUSY)
    g_value_set_boolean (value, alidade_project_pictures_get_busy (self));
  else if (id == PROP_READY)
    g_value_set_boolean (value, alidade_project_pictures_get_ready (self));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
alidade_project_pictures_dispose (GObject *object)
{
  AlidadeProjectPictures *self = ALIDADE_PROJECT_PICTURES (object);

  stop (self);
  while (self->kept.length > 0)
    g_object_unref (g_queue_pop_tail (&self->kept));
  if (self->index != NULL)
    g_signal_handlers_disconnect_by_data (self->index, self);
  g_clear_object (&self->index);
  G_OBJECT_CLASS (alidade_project_pictures_parent_class)->dispose (object);
}

static void
alidade_project_pictures_finalize (GObject *object)
{
  AlidadeProjectPictures *self = ALIDADE_PROJECT_PICTURES (object);

  g_hash_table_unref (self->held);
  g_array_unref (self->stale);
  library_filter_clear (&self->filter);
  g_free (self->ids);
  G_OBJECT_CLASS (alidade_project_pictures_parent_class)->finalize (object);
}

static void
alidade_project_pictures_class_init (AlidadeProjectPicturesClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = alidade_project_pictures_get_property;
  object_class->dispose = alidade_project_pictures_dispose;
  object_class->finalize = alidade_project_pictures_finalize;
  props[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE, flags);
  props[PROP_READY] = g_param_spec_boolean ("ready", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
  answered_signal
      = g_signal_new ("answered", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
alidade_project_pictures_init (AlidadeProjectPictures *self)
{
  self->held = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_queue_init (&self->kept);
  g_queue_init (&self->waiting);
  self->stale = g_array_new (FALSE, FALSE, sizeof (gint64));
}

AlidadeProjectPictures *
alidade_project_pictures_new (AlidadeProjectIndex *index)
{
  AlidadeProjectPictures *self = g_object_new (ALIDADE_TYPE_PROJECT_PICTURES, NULL);

  self->index = g_object_ref (index);
  g_signal_connect_swapped (index, "reset", G_CALLBACK (reset_cb), self);
  g_signal_connect_swapped (index, "updated", G_CALLBACK (updated_cb), self);
  ask (self);
  return self;
}

void
alidade_project_pictures_set_filter (AlidadeProjectPictures *self, const LibraryFilter *filter)
{
  LibraryFilter copy;

  g_return_if_fail (ALIDADE_IS_PROJECT_PICTURES (self));

  library_filter_copy (&copy, filter); /* it may be the list's own */
  library_filter_clear (&self->filter);
  self->filter = copy;
  self->filter.target = LIBRARY_IMAGES;
  ask (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_READY]);
}

const LibraryFilter *
alidade_project_pictures_get_filter (AlidadeProjectPictures *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_PICTURES (self), NULL);
  return &self->filter;
}

gboolean
alidade_project_pictures_get_busy (AlidadeProjectPictures *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_PICTURES (self), FALSE);
  return self->asking != NULL;
}

gboolean
alidade_project_pictures_get_ready (AlidadeProjectPictures *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_PICTURES (self), FALSE);
  return self->answered && self->asking == NULL && alidade_project_index_get_ready (self->index);
}

AlidadeProjectIndex *
alidade_project_pictures_get_index (AlidadeProjectPictures *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_PICTURES (self), NULL);
  return self->index;
}

gint64
alidade_project_pictures_get_id (AlidadeProjectPictures *self, guint position)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_PICTURES (self), 0);
  return position < self->n ? self->ids[position] : 0;
}

gboolean
alidade_project_pictures_find (AlidadeProjectPictures *self, gint64 id, guint *position)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_PICTURES (self), FALSE);

  for (guint i = 0; i < self->n; i++)
    if (self->ids[i] == id)
      {
        if (position != NULL)
          *position = i;
        return TRUE;
      }
  return FALSE;
}

guint
alidade_project_pictures_get_n_held (AlidadeProjectPictures *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_PICTURES (self), 0);
  return g_hash_table_size (self->held);
}
