/* SPDX-License-Identifier: MIT
 * Which words are selected, hovered and pinned, and the one map the canvas shows of them. */
#include "exploration-private.h"

#include <string.h>

static gsize
n_cells (const AlidadeMaps *maps)
{
  return (gsize) maps->grid_width * maps->grid_height;
}

static int
n_words (AlidadeExploration *self)
{
  return self->words != NULL ? self->words->n_words : 0;
}

/* Where word `index` of the old sentence stands in the new one, ALIDADE_NO_WORD if it is gone: words before the
 * change keep their place, words behind it move, and a word under the cursor stays itself while its letters
 * change. */
static int
carried (const AlidadeMaps *from, const AlidadeMaps *to, int index)
{
  int same_head = 0, same_tail = 0;
  int shorter = MIN (from->n_words, to->n_words);

  if (index < 0)
    return index;
  while (same_head < shorter && strcmp (from->words[same_head].text, to->words[same_head].text) == 0)
    same_head++;
  while (same_tail < shorter - same_head
         && strcmp (from->words[from->n_words - 1 - same_tail].text, to->words[to->n_words - 1 - same_tail].text) == 0)
    same_tail++;
  if (index < same_head)
    return index;
  if (index >= from->n_words - same_tail)
    return index + to->n_words - from->n_words;
  if (from->n_words == to->n_words)
    return index;
  return ALIDADE_NO_WORD;
}

void
_alidade_exploration_carry_selection (AlidadeExploration *self, AlidadeMaps *words)
{
  int first = ALIDADE_NO_WORD, last = ALIDADE_NO_WORD;
  guint kept = 0;

  self->hovered = ALIDADE_NO_WORD;
  if (self->words == NULL || words == NULL)
    {
      if (words == NULL)
        {
          self->selected = ALIDADE_NO_WORD;
          self->n_selected = 1;
          self->chosen_by_hand = FALSE;
          g_array_set_size (self->pins, 0);
        }
      return;
    }
  if (self->selected >= 0)
    {
      first = carried (self->words, words, self->selected);
      last = carried (self->words, words, self->selected + self->n_selected - 1);
      self->anchor = carried (self->words, words, self->anchor);
    }
  if (self->selected == ALIDADE_SENTENCE)
    ;
  else if (first >= 0 && last >= first)
    {
      self->selected = first;
      self->n_selected = last - first + 1;
      if (self->anchor < first || self->anchor > last)
        self->anchor = first;
    }
  else
    {
      self->selected = ALIDADE_NO_WORD;
      self->n_selected = 1;
      self->chosen_by_hand = FALSE;
    }
  for (guint i = 0; i < self->pins->len; i++)
    {
      int to = carried (self->words, words, g_array_index (self->pins, int, i));

      if (to >= 0)
        g_array_index (self->pins, int, kept++) = to;
    }
  g_array_set_size (self->pins, kept);
}

void
_alidade_exploration_choose (AlidadeExploration *self)
{
  const AlidadeMaps *maps = self->maps;
  int best = ALIDADE_NO_WORD;

  if (maps == NULL || maps != self->words)
    return;
  if (!maps->has_word_maps)
    return; /* the sentence stands in until there are word maps again; the choice is kept */
  if (self->chosen_by_hand && self->selected != ALIDADE_NO_WORD)
    return;
  for (int i = 0; i < maps->n_words; i++)
    if (maps->words[i].map != NULL
        && (best < 0 || (!maps->words[i].function_word && maps->words[best].function_word)
            || (maps->words[i].function_word == maps->words[best].function_word
                && maps->words[i].strength > maps->words[best].strength)))
      best = i;
  self->selected = best >= 0 ? best : ALIDADE_SENTENCE;
  self->n_selected = 1;
  self->anchor = self->selected;
}

/* Takes the highest value of each cell into self->shown, in units of shown_scale. */
static void
lay_over (AlidadeExploration *self, const float *map, double scale)
{
  gsize n = n_cells (self->maps);

  if (map == NULL || scale <= 0)
    return;
  if (self->shown == NULL)
    self->shown = g_new0 (float, n);
  for (gsize i = 0; i < n; i++)
    self->shown[i] = MAX (self->shown[i], map[i] / scale);
}

static void
lay_words (AlidadeExploration *self, int first, int n)
{
  const AlidadeMaps *maps = self->maps;

  if (first == ALIDADE_SENTENCE)
    lay_over (self, maps->sentence, maps->sentence_peak);
  else if (n == 1 && first >= 0 && first < maps->n_words)
    lay_over (self, maps->words[first].map, maps->peak);
  else if (first >= 0 && first + n <= maps->n_words)
    {
      g_autofree float *phrase = alidade_maps_get_phrase (maps, first, n);

      lay_over (self, phrase, maps->peak);
    }
}

/* Highest point of the map as it is drawn, that is enlarged bicubically. */
static void
find_peak (AlidadeExploration *self)
{
  int width = self->maps->grid_width, height = self->maps->grid_height;
  int factor = CLAMP (384 / MAX (width, height), 1, 16);
  int wide = width * factor, high = height * factor;
  g_autofree float *large = g_new (float, (gsize) wide *high);
  gsize best = 0;

  albef_map_enlarge (self->shown, width, height, large, wide, high);
  for (gsize i = 1; i < (gsize) wide * high; i++)
    if (large[i] > large[best])
      best = i;
  self->shown_x = (best % wide + 0.5) / wide;
  self->shown_y = (best / wide + 0.5) / high;
}

void
_alidade_exploration_refresh_shown (AlidadeExploration *self)
{
  const AlidadeMaps *maps = self->maps;

  if (maps == NULL)
    {
      g_clear_pointer (&self->shown, g_free);
      return;
    }
  if (maps != self->words)
    return; /* the old map stays, dimmed, until the new one is there */
  g_clear_pointer (&self->shown, g_free);
  if (!maps->has_word_maps)
    lay_words (self, ALIDADE_SENTENCE, 1);
  else if (self->hovered != ALIDADE_NO_WORD)
    lay_words (self, self->hovered, 1);
  else
    {
      lay_words (self, self->selected, self->n_selected);
      for (guint i = 0; i < self->pins->len; i++)
        lay_words (self, g_array_index (self->pins, int, i), 1);
    }
  if (self->shown != NULL)
    find_peak (self);
}

void
alidade_exploration_select (AlidadeExploration *self, int first, int n)
{
  g_return_if_fail (ALIDADE_IS_EXPLORATION (self));

  if (first >= n_words (self))
    return;
  n = first < 0 ? 1 : CLAMP (n, 1, n_words (self) - first);
  self->chosen_by_hand = TRUE;
  self->anchor = first;
  if (self->selected == first && self->n_selected == n)
    return;
  self->selected = first;
  self->n_selected = n;
  _alidade_exploration_selection_changed (self);
}

void
alidade_exploration_get_selected (AlidadeExploration *self, int *first, int *n)
{
  *first = self->selected;
  *n = self->n_selected;
}

gboolean
alidade_exploration_is_selected (AlidadeExploration *self, int word)
{
  /* Without word maps the canvas shows the sentence's; the choice comes back with them. */
  if (self->maps != NULL && self->maps == self->words && !self->maps->has_word_maps)
    return word == ALIDADE_SENTENCE;
  if (word < 0)
    return word == self->selected;
  return self->selected >= 0 && word >= self->selected && word < self->selected + self->n_selected;
}

void
alidade_exploration_step (AlidadeExploration *self, int direction, gboolean extend)
{
  int last = n_words (self) - 1;

  g_return_if_fail (ALIDADE_IS_EXPLORATION (self));

  if (last < 0)
    return;
  if (extend && self->selected >= 0)
    {
      int anchor = CLAMP (self->anchor, 0, last);
      int first = self->selected, end = first + self->n_selected - 1;
      int moving = CLAMP ((anchor == first ? end : first) + direction, 0, last);

      alidade_exploration_select (self, MIN (anchor, moving), ABS (moving - anchor) + 1);
      self->anchor = anchor;
      return;
    }
  if (self->selected < 0)
    alidade_exploration_select (self, direction > 0 ? 0 : last, 1);
  else
    alidade_exploration_select (
        self, CLAMP (direction > 0 ? self->selected + self->n_selected : self->selected - 1, 0, last), 1);
}

void
alidade_exploration_hover (AlidadeExploration *self, int word)
{
  g_return_if_fail (ALIDADE_IS_EXPLORATION (self));

  if (self->hovered == word || word >= n_words (self))
    return;
  self->hovered = word;
  _alidade_exploration_selection_changed (self);
}

void
alidade_exploration_toggle_pin (AlidadeExploration *self, int word)
{
  g_return_if_fail (ALIDADE_IS_EXPLORATION (self));

  if (word < 0 || word >= n_words (self))
    return;
  for (guint i = 0; i < self->pins->len; i++)
    if (g_array_index (self->pins, int, i) == word)
      {
        g_array_remove_index (self->pins, i);
        _alidade_exploration_selection_changed (self);
        return;
      }
  g_array_append_val (self->pins, word);
  _alidade_exploration_selection_changed (self);
}

gboolean
alidade_exploration_is_pinned (AlidadeExploration *self, int word)
{
  for (guint i = 0; i < self->pins->len; i++)
    if (g_array_index (self->pins, int, i) == word)
      return TRUE;
  return FALSE;
}

const float *
alidade_exploration_get_shown_map (AlidadeExploration *self, double *scale)
{
  *scale = 1;
  return self->shown;
}

gboolean
alidade_exploration_get_shown_peak (AlidadeExploration *self, double *x, double *y)
{
  *x = self->shown_x;
  *y = self->shown_y;
  return self->shown != NULL;
}

static void
append_words (const AlidadeMaps *maps, int first, int n, GString *into)
{
  for (int i = first; i < MIN (first + n, maps->n_words); i++)
    g_string_append_printf (into, "%s%s",
                            into->len > 0 && i == first ? " + "
                            : i > first                 ? " "
                                                        : "",
                            maps->words[i].text);
}

char *
alidade_exploration_describe_shown (AlidadeExploration *self)
{
  GString *text = g_string_new (NULL);

  if (self->maps == NULL)
    ;
  else if (!self->maps->has_word_maps || self->selected < 0)
    g_string_append (text, "whole sentence");
  else if (self->hovered >= 0)
    append_words (self->maps, self->hovered, 1, text);
  else
    {
      append_words (self->maps, self->selected, self->n_selected, text);
      for (guint i = 0; i < self->pins->len; i++)
        if (!alidade_exploration_is_selected (self, g_array_index (self->pins, int, i)))
          append_words (self->maps, g_array_index (self->pins, int, i), 1, text);
    }
  return g_string_free (text, FALSE);
}

float *
alidade_exploration_get_head_map (AlidadeExploration *self, int head)
{
  const AlidadeMaps *maps = self->maps;
  float *mean;
  int pieces = 0;

  if (maps == NULL || maps != self->words)
    return NULL;
  if (!maps->has_word_maps || self->selected < 0)
    {
      const float *map = alidade_maps_get_head (maps, -1, head);

      return map != NULL ? g_memdup2 (map, n_cells (maps) * sizeof (float)) : NULL;
    }
  mean = g_new0 (float, n_cells (maps));
  for (int i = self->selected; i < MIN (self->selected + self->n_selected, maps->n_words); i++)
    {
      const float *map = alidade_maps_get_head (maps, i, head);
      int n = MAX (maps->words[i].n_pieces, 1);

      if (map == NULL)
        continue;
      for (gsize k = 0; k < n_cells (maps); k++)
        mean[k] += n * map[k];
      pieces += n;
    }
  if (pieces == 0)
    g_clear_pointer (&mean, g_free);
  for (gsize k = 0; mean != NULL && k < n_cells (maps); k++)
    mean[k] /= pieces;
  return mean;
}
