/* SPDX-License-Identifier: MIT */
#include "top-k.h"

#include <stdbool.h>
#include <stdlib.h>

#include "error.h"

#define SHORT 16 /* what is left of a sort for insertion alone */

typedef struct
{
  float value;
  int32_t index;
} Item;

/* ---------------------------------------------------------------------------------------------------
 * Steps that selecting and sorting share. "Before" means larger.
 */

static inline bool
before (const Item *a, const Item *b)
{
  return a->value > b->value;
}

static inline void
exchange (Item *a, Item *b)
{
  Item kept = *a;

  *a = *b;
  *b = kept;
}

/* Puts the median of the second, the middle and the last item in the first place. */
static void
place_median (Item *first, Item *last)
{
  Item *a = first + 1, *b = first + (last - first) / 2, *c = last - 1;

  if (before (a, b))
    exchange (first, before (b, c) ? b : before (a, c) ? c : a);
  else
    exchange (first, before (a, c) ? a : before (b, c) ? c : b);
}

/* Divides first + 1 .. last by the item in the first place; where the second part begins. */
static Item *
divide (Item *first, Item *last)
{
  Item *low = first + 1, *high = last;

  place_median (first, last);
  for (;;)
    {
      while (low < last && before (low, first)) /* the bounds hold by themselves, save among NaN */
        low++;
      high--;
      while (high > first && before (first, high))
        high--;
      if (low >= high)
        return low;
      exchange (low, high);
      low++;
    }
}

/* Stable. */
static void
insert_all (Item *first, Item *last)
{
  for (Item *next = first + 1; next < last; next++)
    {
      Item item = *next, *at = next;

      for (; at > first && before (&item, at - 1); at--)
        *at = at[-1];
      *at = item;
    }
}

static int
depth_limit (int64_t n)
{
  int depth = 0;

  while (n > 1)
    {
      n /= 2;
      depth += 2;
    }
  return depth;
}

/* ---------------------------------------------------------------------------------------------------
 * The two of them. False: the halves kept being too unequal, where the library goes over to a heap
 */

static bool
select_until (Item *first, Item *nth, Item *last)
{
  for (int depth = depth_limit (last - first); last - first > 3; depth--)
    {
      Item *cut;

      if (depth == 0)
        return false;
      cut = divide (first, last);
      if (cut <= nth)
        first = cut;
      else
        last = cut;
    }
  insert_all (first, last);
  return true;
}

static bool
sort_roughly (Item *first, Item *last, int depth)
{
  while (last - first > SHORT)
    {
      Item *cut;

      if (depth-- == 0)
        return false;
      cut = divide (first, last);
      if (!sort_roughly (cut, last, depth))
        return false;
      last = cut;
    }
  return true;
}

static int
by_value_and_index (const void *a, const void *b)
{
  const Item *x = a, *y = b;

  if (x->value != y->value)
    return x->value > y->value ? -1 : 1;
  return x->index < y->index ? -1 : x->index > y->index;
}

static void
fill (Item *items, const float *values, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    items[i] = (Item) { values[i], (int32_t) i };
}

void
top_k (const float *values, int64_t n, int64_t k, int32_t *best)
{
  Item *items = mem_new0 ((size_t) n, sizeof *items);
  bool done = false;

  fill (items, values, n);
  if (k * 64 > n && select_until (items, items + k - 1, items + n)
      && sort_roughly (items, items + k - 1, depth_limit (k - 1)))
    {
      insert_all (items, items + k - 1);
      done = true;
    }
  if (!done)
    {
      fill (items, values, n);
      qsort (items, (size_t) n, sizeof *items, by_value_and_index);
    }
  for (int64_t i = 0; i < k; i++)
    best[i] = items[i].index;
  free (items);
}
