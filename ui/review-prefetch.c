/* SPDX-License-Identifier: MIT */
#include "review-prefetch.h"

#include "calibration.h"

#include <string.h>

#define SLOTS_KEPT 16
#define PICTURES_KEPT 6 /* of photographs some 50 MB each */

typedef struct
{
  int ref_count;
  gint64 image;
  AlidadeLoadedPicture *loaded;
  ViewPyramid *pyramid;
  GHashTable *maps;    /* text -> AlidadeMaps */
  GHashTable *waiting; /* texts that are being computed -> GCancellable */
  char *problem;
  gboolean pending;
  guint64 used;        /* when last wished for */
} Picture;

typedef struct
{
  int ref_count;
  gint64 phrase;
  int pass;
  gboolean blind;
  ReviewItem *item;
  Picture *picture;
  AlidadeMaps *maps;
  float *map;
  gboolean map_done;
  gboolean fresh, reading;
  guint asked;         /* readings asked for: an older answer is out of date */
  char *problem;
  guint64 used;
} Slot;

struct ReviewPrefetch
{
  int ref_count;
  gboolean closed;
  AlidadeProjectService *projects;
  AlidadeEngineService *engine;
  ReviewPrefetchFunc loaded;
  gpointer user_data;

  char *reviewer, *model;
  gint64 since;
  GPtrArray *slots;    /* Slot */
  GPtrArray *pictures; /* Picture */
  guint64 tick;
  guint generation;    /* of maps and readers: older answers are dropped */
  Slot *first;         /* on screen; borrowed */
};

static void advance (ReviewPrefetch *self, Slot *slot);

/* Lives ------------------------------------------------------------------------------------------------------------- */

static Picture *
picture_ref (Picture *picture)
{
  picture->ref_count++;
  return picture;
}

static void
picture_unref (Picture *picture)
{
  if (--picture->ref_count > 0)
    return;
  g_clear_pointer (&picture->loaded, alidade_loaded_picture_unref);
  g_clear_pointer (&picture->pyramid, view_pyramid_unref);
  g_hash_table_unref (picture->maps);
  g_hash_table_unref (picture->waiting);
  g_free (picture->problem);
  g_free (picture);
}

static Slot *
slot_ref (Slot *slot)
{
  slot->ref_count++;
  return slot;
}

static void
slot_drop_map (Slot *slot)
{
  g_clear_pointer (&slot->maps, alidade_maps_unref);
  g_clear_pointer (&slot->map, g_free);
  slot->map_done = FALSE;
}

static void
slot_unref (Slot *slot)
{
  if (--slot->ref_count > 0)
    return;
  slot_drop_map (slot);
  g_clear_pointer (&slot->item, review_item_unref);
  g_clear_pointer (&slot->picture, picture_unref);
  g_free (slot->problem);
  g_free (slot);
}

static void
prefetch_unref (ReviewPrefetch *self)
{
  if (--self->ref_count > 0)
    return;
  g_ptr_array_unref (self->slots);
  g_ptr_array_unref (self->pictures);
  g_object_unref (self->projects);
  g_object_unref (self->engine);
  g_free (self->reviewer);
  g_free (self->model);
  g_free (self);
}

/* What an answer comes back with. */
typedef struct
{
  ReviewPrefetch *prefetch;
  Slot *slot;       /* or */
  Picture *picture;
  guint generation, asked;
} Call;

static Call *
call_new (ReviewPrefetch *self, Slot *slot, Picture *picture)
{
  Call *call = g_new0 (Call, 1);

  self->ref_count++;
  call->prefetch = self;
  call->slot = slot != NULL ? slot_ref (slot) : NULL;
  call->picture = picture != NULL ? picture_ref (picture) : NULL;
  call->generation = self->generation;
  call->asked = slot != NULL ? slot->asked : 0;
  return call;
}

static void
call_free (Call *call)
{
  if (call->slot != NULL)
    slot_unref (call->slot);
  if (call->picture != NULL)
    picture_unref (call->picture);
  prefetch_unref (call->prefetch);
  g_free (call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static void
tell (ReviewPrefetch *self, Slot *slot)
{
  if (!self->closed)
    self->loaded (slot->phrase, slot->pass, self->user_data);
}

static void
advance_all (ReviewPrefetch *self, const Picture *picture)
{
  g_autoptr (GPtrArray) slots = g_ptr_array_new_with_free_func ((GDestroyNotify) slot_unref);

  for (guint i = 0; i < self->slots->len; i++)
    g_ptr_array_add (slots, slot_ref (self->slots->pdata[i]));
  for (guint i = 0; i < slots->len && !self->closed; i++)
    if (((Slot *) slots->pdata[i])->picture == picture)
      {
        advance (self, slots->pdata[i]);
        tell (self, slots->pdata[i]);
      }
}

/* Items --------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  gint64 phrase, since;
  int pass;
  gboolean blind;
  char *reviewer, *model;
  ReviewItem *item;
} ReadJob;

static void
read_job_free (gpointer data)
{
  ReadJob *job = data;

  g_free (job->reviewer);
  g_free (job->model);
  g_clear_pointer (&job->item, review_item_unref);
  g_free (job);
}

static gboolean
read_item (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  ReadJob *job = data;
  g_autoptr (Calibration) calibration = NULL;
  ReviewView view = { .reviewer = job->reviewer, .blind = job->blind, .since = job->since };

  if (job->model != NULL && (calibration = calibration_load (project, job->model, error)) == NULL)
    return FALSE;
  view.calibration = calibration;
  job->item = review_item_load (project, job->phrase, job->pass, &view, error);
  return job->item != NULL;
}

static void
item_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Call) call = data;
  ReviewPrefetch *self = call->prefetch;
  Slot *slot = call->slot;
  g_autoptr (GError) error = NULL;
  gpointer job_data;
  ReadJob *job;
  gboolean good = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (source), result, &job_data, &error);

  if (self->closed || call->generation != self->generation || call->asked != slot->asked)
    return;
  job = job_data;
  slot->reading = FALSE;
  g_clear_pointer (&slot->problem, g_free);
  if (good)
    {
      gboolean same = slot->item != NULL && g_strcmp0 (review_map_text (slot->item, FALSE), review_map_text (job->item, FALSE)) == 0;

      g_clear_pointer (&slot->item, review_item_unref);
      slot->item = g_steal_pointer (&job->item);
      slot->fresh = TRUE;
      if (!same)
        slot_drop_map (slot);
    }
  else
    slot->problem = g_strdup (error->message);
  advance (self, slot);
  tell (self, slot);
}

static void
read_slot (ReviewPrefetch *self, Slot *slot)
{
  ReadJob *job = g_new0 (ReadJob, 1);

  slot->reading = TRUE;
  slot->asked++;
  job->phrase = slot->phrase;
  job->pass = slot->pass;
  job->blind = slot->blind;
  job->since = self->since;
  job->reviewer = g_strdup (self->reviewer);
  job->model = g_strdup (self->model);
  alidade_project_service_read_async (self->projects, read_item, job, read_job_free, NULL, item_cb, call_new (self, slot, NULL));
}

/* Pictures ------------------------------------------------------------------------------------------------------------ */

static void
pyramid_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_pointer (task, view_pyramid_new (alidade_loaded_picture_get_pixels (data)), (GDestroyNotify) view_pyramid_unref);
}

static void
pyramid_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Call) call = data;
  Picture *picture = call->picture;

  picture->pending = FALSE;
  picture->pyramid = g_task_propagate_pointer (G_TASK (result), NULL);
  if (!call->prefetch->closed)
    advance_all (call->prefetch, picture);
}

static void
picture_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Call) call = data;
  Picture *picture = call->picture;
  g_autoptr (GError) error = NULL;
  g_autoptr (GTask) task = NULL;

  picture->loaded = alidade_engine_service_load_picture_finish (ALIDADE_ENGINE_SERVICE (source), result, &error);
  if (picture->loaded == NULL)
    {
      picture->pending = FALSE;
      picture->problem = g_strdup (error->message);
      if (!call->prefetch->closed)
        advance_all (call->prefetch, picture);
      return;
    }
  task = g_task_new (NULL, NULL, pyramid_cb, call_new (call->prefetch, NULL, picture));
  g_task_set_task_data (task, alidade_loaded_picture_ref (picture->loaded), (GDestroyNotify) alidade_loaded_picture_unref);
  g_task_run_in_thread (task, pyramid_thread);
}

static Picture *
find_picture (ReviewPrefetch *self, const ReviewItem *item)
{
  Picture *picture;
  g_autoptr (AlidadePicture) file = NULL;

  for (guint i = 0; i < self->pictures->len; i++)
    if (((Picture *) self->pictures->pdata[i])->image == item->image)
      return self->pictures->pdata[i];
  picture = g_new0 (Picture, 1);
  picture->ref_count = 1;
  picture->image = item->image;
  picture->maps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) alidade_maps_unref);
  picture->waiting = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  g_ptr_array_add (self->pictures, picture);
  picture->pending = TRUE;
  file = alidade_picture_new (item->path, NULL, FALSE);
  alidade_engine_service_load_picture_async (self->engine, file, NULL, picture_cb, call_new (self, NULL, picture));
  return picture;
}

/* Maps ---------------------------------------------------------------------------------------------------------------- */

static void
maps_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Call) call = data;
  ReviewPrefetch *self = call->prefetch;
  Picture *picture = call->picture;
  g_autoptr (GError) error = NULL;
  gpointer job_data;
  ReviewMapsJob *job;
  gboolean good = alidade_engine_service_work_finish (ALIDADE_ENGINE_SERVICE (source), result, &job_data, &error);

  if (self->closed || call->generation != self->generation)
    return;
  job = job_data;
  g_hash_table_remove (picture->waiting, job->text);
  if (good)
    g_hash_table_insert (picture->maps, g_strdup (job->text), g_steal_pointer (&job->maps));
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_free (picture->problem);
      picture->problem = g_strdup (error->message);
    }
  advance_all (self, picture);
}

/* TRUE: `map` is what there is (NULL: none), FALSE: it is on its way. */
static gboolean
find_map (ReviewPrefetch *self, Slot *slot, gboolean alone)
{
  Picture *picture = slot->picture;
  const char *text = review_map_text (slot->item, alone);
  AlidadeMaps *maps = g_hash_table_lookup (picture->maps, text);
  GCancellable *cancellable;

  if (maps != NULL)
    {
      slot_drop_map (slot);
      slot->maps = alidade_maps_ref (maps);
      slot->map = review_map_of (slot->item, maps);
      return TRUE;
    }
  if (picture->problem != NULL)
    return TRUE;
  if (g_hash_table_contains (picture->waiting, text))
    return FALSE;
  cancellable = g_cancellable_new ();
  g_hash_table_insert (picture->waiting, g_strdup (text), cancellable);
  alidade_engine_service_work_async (self->engine, slot == self->first ? ALIDADE_ENGINE_NOW : ALIDADE_ENGINE_AHEAD, review_maps_job_run,
                                     review_maps_job_new (picture->loaded, text, NULL), review_maps_job_free, cancellable, maps_cb,
                                     call_new (self, NULL, picture));
  return FALSE;
}

static void
find_maps (ReviewPrefetch *self, Slot *slot)
{
  const char *caption = review_map_text (slot->item, FALSE);

  if (slot->map_done || !find_map (self, slot, FALSE))
    return;
  /* Words beyond what the model sees of a caption: the phrase by itself. */
  if (slot->map == NULL && slot->maps != NULL && caption != slot->item->text && !find_map (self, slot, TRUE))
    return;
  slot->map_done = TRUE;
}

/* Everything of a phrase that is missing is asked for. */
static void
advance (ReviewPrefetch *self, Slot *slot)
{
  if (self->closed)
    return;
  if (!slot->fresh && !slot->reading && slot->problem == NULL)
    read_slot (self, slot);
  if (slot->item == NULL)
    return;
  if (slot->picture == NULL)
    slot->picture = picture_ref (find_picture (self, slot->item));
  slot->picture->used = MAX (slot->picture->used, slot->used);
  if (slot->picture->pyramid != NULL)
    find_maps (self, slot);
}

/* Room ---------------------------------------------------------------------------------------------------------------- */

static int
by_use (gconstpointer a, gconstpointer b)
{
  guint64 first = (*(Slot *const *) a)->used, second = (*(Slot *const *) b)->used;

  return first < second ? 1 : first > second ? -1 : 0;
}

static int
pictures_by_use (gconstpointer a, gconstpointer b)
{
  guint64 first = (*(Picture *const *) a)->used, second = (*(Picture *const *) b)->used;

  return first < second ? 1 : first > second ? -1 : 0;
}

static gboolean
cancel_waiting (gpointer text, gpointer cancellable, gpointer data)
{
  g_cancellable_cancel (cancellable);
  return FALSE;
}

static void
make_room (ReviewPrefetch *self, guint n_wished)
{
  g_ptr_array_sort (self->slots, by_use);
  if (self->slots->len > MAX (SLOTS_KEPT, n_wished))
    g_ptr_array_set_size (self->slots, MAX (SLOTS_KEPT, n_wished));
  g_ptr_array_sort (self->pictures, pictures_by_use);
  for (guint i = PICTURES_KEPT; i < self->pictures->len; i++)
    {
      Picture *picture = self->pictures->pdata[i];

      if (picture->used == self->tick)
        continue;
      g_hash_table_foreach_remove (picture->waiting, cancel_waiting, NULL);
      for (guint j = self->slots->len; j-- > 0;)
        if (((Slot *) self->slots->pdata[j])->picture == picture)
          g_ptr_array_remove_index (self->slots, j);
      g_ptr_array_remove_index (self->pictures, i--);
    }
}

static Slot *
find_slot (ReviewPrefetch *self, gint64 phrase, int pass)
{
  for (guint i = 0; i < self->slots->len; i++)
    {
      Slot *slot = self->slots->pdata[i];

      if (slot->phrase == phrase && slot->pass == pass)
        return slot;
    }
  return NULL;
}

/* For the session ------------------------------------------------------------------------------------------------------ */

void
review_prefetch_wish (ReviewPrefetch *self, const ReviewWish *wishes, guint n)
{
  self->tick++;
  self->first = NULL;
  for (guint i = 0; i < n; i++)
    {
      Slot *slot = find_slot (self, wishes[i].phrase, wishes[i].pass);

      if (slot == NULL)
        {
          slot = g_new0 (Slot, 1);
          slot->ref_count = 1;
          slot->phrase = wishes[i].phrase;
          slot->pass = wishes[i].pass;
          slot->blind = wishes[i].blind;
          g_ptr_array_add (self->slots, slot);
        }
      slot->used = self->tick;
      if (i == 0)
        self->first = slot;
      advance (self, slot);
    }
  make_room (self, n);
}

gboolean
review_prefetch_get (ReviewPrefetch *self, gint64 phrase, int pass, ReviewLoaded *loaded)
{
  const Slot *slot = find_slot (self, phrase, pass);

  memset (loaded, 0, sizeof *loaded);
  if (slot == NULL)
    return FALSE;
  loaded->item = slot->item;
  loaded->fresh = slot->fresh;
  loaded->maps = slot->maps;
  loaded->map = slot->map;
  loaded->trouble = slot->problem;
  if (slot->picture != NULL)
    {
      loaded->picture = slot->picture->loaded;
      loaded->pyramid = slot->picture->pyramid;
      if (loaded->trouble == NULL)
        loaded->trouble = slot->picture->problem;
    }
  return TRUE;
}

static void
forget_item (ReviewPrefetch *self, Slot *slot)
{
  slot->fresh = FALSE;
  slot->reading = FALSE; /* an answer on its way may be of before */
  slot->asked++;
  g_clear_pointer (&slot->problem, g_free);
  if (slot->used == self->tick)
    advance (self, slot);
}

void
review_prefetch_forget_items (ReviewPrefetch *self, gint64 image)
{
  for (guint i = 0; i < self->slots->len; i++)
    {
      Slot *slot = self->slots->pdata[i];

      if (image == 0 || slot->item == NULL || slot->item->image == image)
        forget_item (self, slot);
    }
}

void
review_prefetch_forget_phrase (ReviewPrefetch *self, gint64 phrase)
{
  for (guint i = 0; i < self->slots->len; i++)
    if (((Slot *) self->slots->pdata[i])->phrase == phrase)
      forget_item (self, self->slots->pdata[i]);
}

void
review_prefetch_forget_maps (ReviewPrefetch *self)
{
  self->generation++;
  for (guint i = 0; i < self->pictures->len; i++)
    {
      Picture *picture = self->pictures->pdata[i];

      g_hash_table_remove_all (picture->maps);
      g_hash_table_foreach_remove (picture->waiting, cancel_waiting, NULL);
      g_hash_table_remove_all (picture->waiting);
      if (picture->loaded != NULL)
        g_clear_pointer (&picture->problem, g_free);
    }
  for (guint i = 0; i < self->slots->len; i++)
    {
      Slot *slot = self->slots->pdata[i];

      slot_drop_map (slot);
      if (slot->reading)
        slot->reading = FALSE;
      if (slot->used == self->tick)
        advance (self, slot);
    }
}

void
review_prefetch_set_reader (ReviewPrefetch *self, const char *reviewer, gint64 since, const char *calibration_of)
{
  self->generation++;
  self->first = NULL;
  g_ptr_array_set_size (self->slots, 0);
  for (guint i = 0; i < self->pictures->len; i++)
    g_hash_table_foreach_remove (((Picture *) self->pictures->pdata[i])->waiting, cancel_waiting, NULL);
  g_ptr_array_set_size (self->pictures, 0);
  g_free (self->reviewer);
  self->reviewer = g_strdup (reviewer);
  g_free (self->model);
  self->model = g_strdup (calibration_of);
  self->since = since;
}

ReviewPrefetch *
review_prefetch_new (AlidadeProjectService *projects, AlidadeEngineService *engine, ReviewPrefetchFunc loaded, gpointer user_data)
{
  ReviewPrefetch *self = g_new0 (ReviewPrefetch, 1);

  self->ref_count = 1;
  self->projects = g_object_ref (projects);
  self->engine = g_object_ref (engine);
  self->loaded = loaded;
  self->user_data = user_data;
  self->slots = g_ptr_array_new_with_free_func ((GDestroyNotify) slot_unref);
  self->pictures = g_ptr_array_new_with_free_func ((GDestroyNotify) picture_unref);
  return self;
}

void
review_prefetch_free (ReviewPrefetch *self)
{
  self->closed = TRUE;
  review_prefetch_set_reader (self, NULL, 0, NULL);
  prefetch_unref (self);
}
