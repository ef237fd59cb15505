/* SPDX-License-Identifier: MIT */
#include "review-crops.h"

#include "albef.h"
#include "library-rows.h"
#include "review-regions.h"

#include <math.h>

#define SIDE 80         /* pixels: 40 px at scale 2 */
#define DECODED 640     /* longer side of the picture that is cut from */
#define MARGIN 1.15     /* of the region's longer side */
#define KEPT 4000       /* 19 KB each */

struct _AlidadeReviewCrops
{
  GObject parent_instance;

  AlidadeProjectService *projects;
  GHashTable *textures; /* gint64 phrase -> GdkTexture */
  GHashTable *wishes;   /* GtkImage -> gint64 phrase, as they are bound */
  GHashTable *pending;  /* gint64 phrase */
  char *reviewer;
  guint generation;
};

G_DEFINE_FINAL_TYPE (AlidadeReviewCrops, alidade_review_crops, G_TYPE_OBJECT)

typedef struct
{
  AlidadeReviewCrops *crops; /* owned; main thread */
  guint generation;
  gint64 phrase, image;
  gboolean blind;
  char *reviewer;
  char *path;
  int orientation;
  double width, height;      /* stored */
  gboolean has_box;
  double box[4];             /* upright */
} CropJob;

static void
job_free (gpointer data)
{
  CropJob *job = data;

  g_object_unref (job->crops);
  g_free (job->reviewer);
  g_free (job->path);
  g_free (job);
}

static gint64 *
id_copy (gint64 id)
{
  return g_memdup2 (&id, sizeof id);
}

/* A reader's thread: which file, and where in it. */
static gboolean
find_region (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  CropJob *job = data;
  const ReviewView view = { .reviewer = job->reviewer, .blind = job->blind };
  g_autoptr (GPtrArray) images = library_fetch_images (project, &job->image, 1, error), regions = NULL;
  LibraryImage *image = images != NULL && images->len > 0 ? images->pdata[0] : NULL;
  g_auto (Shape) box = { 0 };

  if (image == NULL || (regions = review_regions_list (project, job->phrase, &view, error)) == NULL)
    return FALSE;
  job->path = g_strdup (image->path);
  job->orientation = image->orientation;
  job->width = image->width;
  job->height = image->height;
  if (regions->len == 0)
    return TRUE;
  shape_set_box (&box, ((ReviewRegion *) regions->pdata[0])->shape.box[0], ((ReviewRegion *) regions->pdata[0])->shape.box[1],
                 ((ReviewRegion *) regions->pdata[0])->shape.box[2], ((ReviewRegion *) regions->pdata[0])->shape.box[3]);
  if (shape_turn (&box, job->orientation, TRUE, job->width, job->height))
    {
      memcpy (job->box, box.box, sizeof job->box);
      job->has_box = TRUE;
    }
  return TRUE;
}

/* The square of the decoded picture around the region, inside the picture. */
static void
find_square (const CropJob *job, const AlbefImage *image, int *left, int *top, int *side)
{
  int width = albef_image_width (image), height = albef_image_height (image);
  double across = job->orientation >= 5 ? job->height : job->width, scale = across > 0 ? width / across : 1;
  double want = job->has_box ? MARGIN * scale * MAX (job->box[2] - job->box[0], job->box[3] - job->box[1]) : MIN (width, height);
  double x = job->has_box ? scale * (job->box[0] + job->box[2]) / 2 : width / 2.0;
  double y = job->has_box ? scale * (job->box[1] + job->box[3]) / 2 : height / 2.0;

  *side = (int) CLAMP (ceil (want), MIN (16, MIN (width, height)), MIN (width, height));
  *left = (int) CLAMP (x - *side / 2.0, 0, width - *side);
  *top = (int) CLAMP (y - *side / 2.0, 0, height - *side);
}

static GdkTexture *
cut (const CropJob *job, const AlbefImage *image)
{
  int left, top, side, width = albef_image_width (image);
  const guint8 *pixels = albef_image_pixels (image);
  g_autofree guint8 *square = NULL;
  AlbefImage *whole = NULL, *small = NULL;
  GdkTexture *texture = NULL;
  g_autoptr (GBytes) bytes = NULL;

  find_square (job, image, &left, &top, &side);
  square = g_malloc ((gsize) side * side * 3);
  for (int y = 0; y < side; y++)
    memcpy (square + (gsize) y * side * 3, pixels + ((gsize) (top + y) * width + left) * 3, (gsize) side * 3);
  if (albef_image_from_pixels (square, side, side, &whole, NULL) == ALBEF_OK &&
      albef_image_resize (whole, SIDE, SIDE, &small, NULL) == ALBEF_OK)
    {
      bytes = g_bytes_new (albef_image_pixels (small), SIDE * SIDE * 3);
      texture = gdk_memory_texture_new (SIDE, SIDE, GDK_MEMORY_R8G8B8, bytes, SIDE * 3);
    }
  albef_image_free (small);
  albef_image_free (whole);
  return texture;
}

static void
cut_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const CropJob *job = data;
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefImage *image = NULL;
  GdkTexture *texture = NULL;

  if (albef_image_open_scaled (job->path, ALBEF_IMAGE_FOR_PEOPLE, DECODED, &image, &error) == ALBEF_OK)
    texture = cut (job, image);
  albef_image_free (image);
  g_task_return_pointer (task, texture, g_object_unref);
}

static void
show_everywhere (AlidadeReviewCrops *self, gint64 phrase, GdkTexture *texture)
{
  GHashTableIter iter;
  gpointer image, wished;

  g_hash_table_iter_init (&iter, self->wishes);
  while (g_hash_table_iter_next (&iter, &image, &wished))
    if (*(gint64 *) wished == phrase)
      gtk_image_set_from_paintable (image, GDK_PAINTABLE (texture));
}

static void
cut_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  CropJob *job = g_task_get_task_data (G_TASK (result));
  AlidadeReviewCrops *self = job->crops;
  GdkTexture *texture = g_task_propagate_pointer (G_TASK (result), NULL);

  if (job->generation == self->generation)
    {
      g_hash_table_remove (self->pending, &job->phrase);
      if (texture != NULL)
        {
          if (g_hash_table_size (self->textures) >= KEPT)
            g_hash_table_remove_all (self->textures);
          g_hash_table_insert (self->textures, id_copy (job->phrase), g_object_ref (texture));
          show_everywhere (self, job->phrase, texture);
        }
    }
  g_clear_object (&texture);
}

static void
found_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  gpointer job_data;
  gboolean good = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (source), result, &job_data, NULL);
  CropJob *job = job_data, *copy;
  g_autoptr (GTask) task = NULL;

  if (!good || job->path == NULL)
    {
      if (job->generation == job->crops->generation)
        g_hash_table_remove (job->crops->pending, &job->phrase);
      return;
    }
  copy = g_new0 (CropJob, 1);
  *copy = *job;
  g_object_ref (copy->crops);
  copy->reviewer = NULL;
  copy->path = g_strdup (job->path);
  task = g_task_new (NULL, NULL, cut_cb, NULL);
  g_task_set_task_data (task, copy, job_free);
  g_task_run_in_thread (task, cut_thread);
}

static void
image_gone (gpointer data, GObject *image)
{
  g_hash_table_remove (ALIDADE_REVIEW_CROPS (data)->wishes, image);
}

void
alidade_review_crops_show (AlidadeReviewCrops *self, const QueueItem *item, GtkImage *image)
{
  GdkTexture *texture = item != NULL ? g_hash_table_lookup (self->textures, &item->phrase) : NULL;
  CropJob *job;

  if (item == NULL)
    {
      if (g_hash_table_remove (self->wishes, image))
        g_object_weak_unref (G_OBJECT (image), image_gone, self);
      gtk_image_clear (image);
      return;
    }
  if (!g_hash_table_contains (self->wishes, image))
    g_object_weak_ref (G_OBJECT (image), image_gone, self);
  g_hash_table_insert (self->wishes, image, id_copy (item->phrase));
  if (texture != NULL)
    {
      gtk_image_set_from_paintable (image, GDK_PAINTABLE (texture));
      return;
    }
  gtk_image_clear (image);
  if (!g_hash_table_add (self->pending, id_copy (item->phrase)))
    return;
  job = g_new0 (CropJob, 1);
  job->crops = g_object_ref (self);
  job->generation = self->generation;
  job->phrase = item->phrase;
  job->image = item->image;
  job->blind = item->blind;
  job->reviewer = g_strdup (self->reviewer != NULL ? self->reviewer : "");
  alidade_project_service_read_async (self->projects, find_region, job, job_free, NULL, found_cb, NULL);
}

void
alidade_review_crops_clear (AlidadeReviewCrops *self, const char *reviewer)
{
  self->generation++;
  g_free (self->reviewer);
  self->reviewer = g_strdup (reviewer);
  g_hash_table_remove_all (self->textures);
  g_hash_table_remove_all (self->pending);
}

static void
alidade_review_crops_finalize (GObject *object)
{
  AlidadeReviewCrops *self = ALIDADE_REVIEW_CROPS (object);
  GHashTableIter iter;
  gpointer image;

  g_hash_table_iter_init (&iter, self->wishes);
  while (g_hash_table_iter_next (&iter, &image, NULL))
    g_object_weak_unref (image, image_gone, self);
  g_hash_table_unref (self->wishes);
  g_hash_table_unref (self->textures);
  g_hash_table_unref (self->pending);
  g_object_unref (self->projects);
  g_free (self->reviewer);
  G_OBJECT_CLASS (alidade_review_crops_parent_class)->finalize (object);
}

static void
alidade_review_crops_class_init (AlidadeReviewCropsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = alidade_review_crops_finalize;
}

static void
alidade_review_crops_init (AlidadeReviewCrops *self)
{
  self->textures = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_object_unref);
  self->wishes = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->pending = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

AlidadeReviewCrops *
alidade_review_crops_new (AlidadeProjectService *projects)
{
  AlidadeReviewCrops *self = g_object_new (ALIDADE_TYPE_REVIEW_CROPS, NULL);

  self->projects = g_object_ref (projects);
  return self;
}
