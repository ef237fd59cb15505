/* SPDX-License-Identifier: MIT */
#include "review-row.h"

struct _AlidadeReviewRow
{
  GObject parent_instance;

  QueueItem *item;
  gboolean answered;
};

G_DEFINE_FINAL_TYPE (AlidadeReviewRow, alidade_review_row, G_TYPE_OBJECT)

enum
{
  PROP_VERDICT = 1,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static const struct
{
  const char *verdict, *letter, *icon, *title;
} verdicts[] = {
  { "accepted", "A", "object-select-symbolic", "Accepted" }, { "corrected", "C", "document-edit-symbolic", "Corrected" },
  { "rejected", "R", "window-close-symbolic", "Rejected" },  { "absent", "N", "action-unavailable-symbolic", "Not here" },
  { "unsure", "U", "dialog-question-symbolic", "Unsure" },
};

static int
find (const char *verdict)
{
  for (gsize i = 0; i < G_N_ELEMENTS (verdicts); i++)
    if (g_strcmp0 (verdict, verdicts[i].verdict) == 0)
      return i;
  return -1;
}

const char *
review_verdict_letter (const char *verdict)
{
  int i = find (verdict);

  return i >= 0 ? verdicts[i].letter : NULL;
}

const char *
review_verdict_icon (const char *verdict)
{
  int i = find (verdict);

  return i >= 0 ? verdicts[i].icon : NULL;
}

const char *
review_verdict_title (const char *verdict)
{
  int i = find (verdict);

  return i >= 0 ? verdicts[i].title : NULL;
}

const QueueItem *
alidade_review_row_get_item (AlidadeReviewRow *self)
{
  return self->item;
}

void
alidade_review_row_set_verdict (AlidadeReviewRow *self, const char *verdict)
{
  if (g_strcmp0 (self->item->verdict, verdict) == 0)
    return;
  g_free (self->item->verdict);
  self->item->verdict = g_strdup (verdict);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_VERDICT]);
}

void
alidade_review_row_set_answered (AlidadeReviewRow *self, gboolean answered)
{
  self->answered = answered;
}

gboolean
alidade_review_row_get_waiting (AlidadeReviewRow *self)
{
  const char *verdict = self->item->verdict;

  return verdict == NULL || (self->item->again && !self->answered && g_str_equal (verdict, "unsure"));
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_VERDICT)
    g_value_set_string (value, ALIDADE_REVIEW_ROW (object)->item->verdict);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
finalize (GObject *object)
{
  queue_item_free (ALIDADE_REVIEW_ROW (object)->item);
  G_OBJECT_CLASS (alidade_review_row_parent_class)->finalize (object);
}

static void
alidade_review_row_class_init (AlidadeReviewRowClass *klass)
{
  G_OBJECT_CLASS (klass)->get_property = get_property;
  G_OBJECT_CLASS (klass)->finalize = finalize;
  props[PROP_VERDICT] = g_param_spec_string ("verdict", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (G_OBJECT_CLASS (klass), N_PROPS, props);
}

static void
alidade_review_row_init (AlidadeReviewRow *self)
{
}

AlidadeReviewRow *
alidade_review_row_new (QueueItem *item)
{
  AlidadeReviewRow *self = g_object_new (ALIDADE_TYPE_REVIEW_ROW, NULL);

  self->item = item;
  return self;
}
