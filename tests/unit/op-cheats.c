/* SPDX-License-Identifier: MIT
 * op-cheats.c: a backend that breaks one rule at a time, and the ways to break a rule that any view of any
 * kernel knows. It works on the reference backend's memory with that backend's key. */
#include "op-harness.h"

#include "call-views.h"
#include "error.h"
#include "reference.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------
 * The backend: everything is the reference's but `run`
 */

typedef struct
{
  Backend base;
  BackendClass class;
  Backend *inner;
  const OpCheat *cheat;
  bool stale;       /* keeps the first contents of a slot's weight for ever */
  Buffer *kept[16]; /* copies of weights, by slot */
  int kept_count;
} CheatBackend;

static Backend *
inner (Backend *backend)
{
  return ((CheatBackend *) backend)->inner;
}

static Buffer *
buffer_new (Backend *backend, size_t bytes)
{
  return inner (backend)->class->buffer_new (inner (backend), bytes);
}

static Buffer *
buffer_wrap (Backend *backend, const void *host, size_t bytes)
{
  return inner (backend)->class->buffer_wrap (inner (backend), host, bytes);
}

static void
buffer_free (Backend *backend, Buffer *buffer)
{
  inner (backend)->class->buffer_free (inner (backend), buffer);
}

static void
upload (Backend *backend, View out, const void *host, size_t bytes)
{
  inner (backend)->class->upload (inner (backend), out, host, bytes);
}

static void
download (Backend *backend, void *host, View in, size_t bytes)
{
  inner (backend)->class->download (inner (backend), host, in, bytes);
}

static void
synchronize (Backend *backend)
{
}

static void
pack_free (Backend *backend, PackSlot *slot)
{
}

/* What a careless cache does: the weight as it was when its slot was first seen. */
static void
keep_weight (CheatBackend *self, View *w, PackSlot *slot, size_t bytes)
{
  static PackSlot *slots[16];
  int i = 0;

  if (slot == NULL)
    return;
  while (i < self->kept_count && slots[i] != slot)
    i++;
  if (i == self->kept_count)
    {
      slots[i] = slot;
      self->kept[i] = buffer_new (&self->base, bytes);
      memcpy (self->kept[i]->bytes, w->buffer->bytes + w->offset, bytes);
      self->kept_count++;
    }
  *w = (View) { self->kept[i], 0 };
}

static void
run (Backend *backend, const KernelCall *call)
{
  CheatBackend *self = (CheatBackend *) backend;
  KernelCall changed = *call;

  if (self->stale && call->id == KERNEL_LINEAR)
    keep_weight (self, &changed.linear.w, call->linear.pack, (size_t) (call->linear.n * call->linear.k) * 4);
  if (self->cheat != NULL && self->cheat->id == call->id)
    self->cheat->run (self->cheat, self->inner, call);
  else
    self->inner->class->run (self->inner, &changed);
}

static void
close_backend (Backend *backend)
{
  CheatBackend *self = (CheatBackend *) backend;

  for (int i = 0; i < self->kept_count; i++)
    buffer_free (backend, self->kept[i]);
  backend_close (self->inner);
  free (self);
}

Backend *
op_cheat_open (const OpCheat *cheat)
{
  CheatBackend *self = mem_new0 (1, sizeof *self);

  self->class = (BackendClass) { .buffer_new = buffer_new, .buffer_wrap = buffer_wrap, .buffer_free = buffer_free,
                                 .upload = upload, .download = download, .synchronize = synchronize, .run = run,
                                 .pack_free = pack_free, .close = close_backend };
  self->base.class = &self->class;
  self->base.name = "cheat";
  self->base.precision = "f32";
  self->base.threads = 1;
  self->inner = backend_reference_open ();
  self->cheat = cheat;
  return &self->base;
}

Backend *
op_stale_pack_open (void)
{
  Backend *backend = op_cheat_open (NULL);

  ((CheatBackend *) backend)->stale = true;
  return backend;
}

/* ---------------------------------------------------------------------------------------------------
 * General cheats
 */

/* The words of a view of the call, and how many there are; NULL if the call has none of that name. */
static uint32_t *
find_words (const KernelCall *call, const char *name, size_t *count, View *view)
{
  CallView views[CALL_VIEWS_MAX];
  int found = call_views (call, views);

  for (int i = 0; i < found; i++)
    if (strcmp (views[i].name, name) == 0)
      {
        *view = *views[i].view;
        *count = views[i].bytes / 4;
        return (uint32_t *) (void *) (view->buffer->bytes + view->offset);
      }
  return NULL;
}

static void
honest (Backend *backend, const KernelCall *call)
{
  backend->class->run (backend, call);
}

static uint32_t *
copy_words (const uint32_t *words, size_t count)
{
  uint32_t *copy = mem_new0 (count, sizeof *copy);

  memcpy (copy, words, count * sizeof *copy);
  return copy;
}

/* The call sees something else in the place of an input. */
static void
run_ignoring (const OpCheat *cheat, Backend *backend, const KernelCall *call)
{
  KernelCall changed = *call;
  CallView views[CALL_VIEWS_MAX];
  int count = call_views (&changed, views);

  for (int i = 0; i < count; i++)
    if (strcmp (views[i].name, cheat->view) == 0)
      {
        Buffer *constant = backend_buffer_new (backend, views[i].bytes);
        float half = 0.5f;

        memset (constant->bytes, 0, views[i].bytes); /* indices: all 0 */
        for (size_t j = 0; j < views[i].bytes && strcmp (cheat->view, "index") != 0; j += 4)
          memcpy (constant->bytes + j, &half, 4);
        *(View *) views[i].view = (View) { constant, 0 };
        honest (backend, &changed);
        backend->class->buffer_free (backend, constant);
        return;
      }
  honest (backend, call);
}

static void
run_leaving_the_last (const OpCheat *cheat, Backend *backend, const KernelCall *call)
{
  View view;
  size_t count;
  uint32_t *words = find_words (call, cheat->view, &count, &view);
  uint32_t last = words != NULL ? words[count - 1] : 0;

  honest (backend, call);
  if (words != NULL)
    words[count - 1] = last;
}

static void
run_writing_past (const OpCheat *cheat, Backend *backend, const KernelCall *call)
{
  View view;
  size_t count;
  uint32_t *words = find_words (call, cheat->view, &count, &view);

  honest (backend, call);
  if (words != NULL && view.offset + (count + 1) * 4 <= view.buffer->size)
    words[count] = 0;
}

static void
run_writing_before (const OpCheat *cheat, Backend *backend, const KernelCall *call)
{
  View view;
  size_t count;
  uint32_t *words = find_words (call, cheat->view, &count, &view);

  honest (backend, call);
  if (words != NULL && view.offset >= 4)
    words[-1] = 0;
}

static void
run_writing_an_input (const OpCheat *cheat, Backend *backend, const KernelCall *call)
{
  View view;
  size_t count;
  uint32_t *words = find_words (call, cheat->view, &count, &view);

  honest (backend, call);
  if (words != NULL)
    words[count - 1] ^= 1;
}

/* Something between the rows of an output: what the call left alone and is still NaN. */
static void
run_writing_padding (const OpCheat *cheat, Backend *backend, const KernelCall *call)
{
  View view;
  size_t count;
  uint32_t *words = find_words (call, cheat->view, &count, &view);

  honest (backend, call);
  for (size_t i = 0; words != NULL && i < count; i++)
    if ((words[i] & 0xfff00000u) == 0x7fa00000u)
      {
        words[i] = 0;
        break;
      }
}

/* 0 times what lies behind an input, as a vector's unused lanes do it, gets into the first output. */
static void
run_reading_past (const OpCheat *cheat, Backend *backend, const KernelCall *call)
{
  CallView views[CALL_VIEWS_MAX];
  int found = call_views (call, views);
  View view;
  size_t count;
  uint32_t *words = find_words (call, cheat->view, &count, &view);

  honest (backend, call);
  for (int i = 0; words != NULL && i < found; i++)
    if (views[i].access != CALL_READS && view.offset + (count + 1) * 4 <= view.buffer->size)
      {
        float behind;

        memcpy (&behind, words + count, 4);
        *reference_floats (*views[i].view) += 0 * behind;
        break;
      }
}

/* What an overwriting kernel would have left: elements (what the honest call changes) as if they had been 0. */
static void
run_without_accumulating (const OpCheat *cheat, Backend *backend, const KernelCall *call)
{
  View view;
  size_t count;
  uint32_t *words = find_words (call, cheat->view, &count, &view);
  uint32_t *before, *after;

  if (words == NULL)
    {
      honest (backend, call);
      return;
    }
  before = copy_words (words, count);
  honest (backend, call);
  after = copy_words (words, count);
  memset (words, 0, count * 4);
  honest (backend, call);
  for (size_t i = 0; i < count; i++)
    if (after[i] == before[i])
      words[i] = before[i];
  free (before);
  free (after);
}

/* ---------------------------------------------------------------------------------------------------
 * All of them
 */

typedef struct
{
  const char *name;
  void (*run) (const OpCheat *cheat, Backend *inner, const KernelCall *call);
  bool for_inputs, for_outputs;
  bool for_updates_only, for_padded_only;
} General;

static const General generals[] = {
  { "ignores", run_ignoring, true, false, false, false },
  { "writes to", run_writing_an_input, true, false, false, false },
  { "reads on behind", run_reading_past, true, false, false, false },
  { "leaves out the last of", run_leaving_the_last, false, true, false, false },
  { "writes on behind", run_writing_past, false, true, false, false },
  { "writes before", run_writing_before, false, true, false, false },
  { "writes between the rows of", run_writing_padding, false, true, false, true },
  { "overwrites instead of adding to", run_without_accumulating, false, true, true, false },
};

/* Whether an operand has something between its elements. */
static bool
is_padded (const OpOperand *operand)
{
  size_t last = 0;

  for (size_t i = 0; i < operand->words; i++)
    if (operand->element[i])
      last = i;
  for (size_t i = operand->margin; i < last; i++)
    if (!operand->element[i])
      return true;
  return false;
}

/* What the suite's cases of one kernel show of one of its views. */
typedef struct
{
  const char *name;
  bool input, output, updated, padded;
} Seen;

static void
see_case (const OpCase *op, Seen seen[CALL_VIEWS_MAX], int *count)
{
  KernelCall call = op->call;
  CallView views[CALL_VIEWS_MAX];
  static Buffer somewhere;
  int found;

  for (int i = 0; i < op->operand_count; i++)
    for (int j = 0; j < op->operands[i].views; j++)
      ((View *) (void *) ((char *) &call + op->operands[i].view[j]))->buffer = &somewhere;
  found = call_views (&call, views);
  for (int v = 0; v < found; v++)
    {
      size_t offset = (size_t) ((const char *) views[v].view - (const char *) &call);
      int s = 0;

      while (s < *count && strcmp (seen[s].name, views[v].name) != 0)
        s++;
      if (s == *count)
        seen[(*count)++] = (Seen) { .name = views[v].name };
      seen[s].input |= views[v].access == CALL_READS;
      seen[s].output |= views[v].access != CALL_READS;
      seen[s].updated |= views[v].access == CALL_UPDATES;
      for (int i = 0; i < op->operand_count; i++)
        if (op->operands[i].view[0] == offset)
          seen[s].padded |= is_padded (&op->operands[i]);
    }
}

void
op_cheats_each (const OpSuite *suite, void (*each) (const OpCheat *cheat, void *data), void *data)
{
  for (int id = 0; id < KERNEL_COUNT; id++)
    {
      Seen seen[CALL_VIEWS_MAX];
      int count = 0;

      for (int i = 0; i < suite->count; i++)
        if ((int) suite->cases[i]->call.id == id)
          see_case (suite->cases[i], seen, &count);
      for (int s = 0; s < count; s++)
        for (size_t g = 0; g < sizeof generals / sizeof *generals; g++)
          if (((generals[g].for_inputs && seen[s].input) || (generals[g].for_outputs && seen[s].output))
              && (!generals[g].for_updates_only || seen[s].updated) && (!generals[g].for_padded_only || seen[s].padded))
            each (&(OpCheat) { .name = generals[g].name, .id = (KernelId) id, .run = generals[g].run,
                               .view = seen[s].name },
                  data);
    }
  for (const OpCheat *cheat = op_particular_cheats; cheat->name != NULL; cheat++)
    each (cheat, data);
}
