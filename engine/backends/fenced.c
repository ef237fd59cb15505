/* SPDX-License-Identifier: MIT
 * fenced.c: the reference kernels behind a fence, for tests. Whatever reaches for memory behind the backend's
 * back, relies on zeros, on results before a synchronisation, or reads back in the middle of a step, fails here
 * before it could fail on a card.
 *
 * Deferred, calls, uploads and frees wait in a queue; only a synchronisation runs them. A fault then shows up
 * at the synchronisation, named after the call that is to blame. */
#include "call-views.h"
#include "error.h"
#include "fenced-memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHO "fenced backend"

typedef enum
{
  TASK_RUN,
  TASK_UPLOAD,
  TASK_FREE
} TaskKind;

/* Something to do, now or at a synchronisation. */
typedef struct
{
  TaskKind kind;
  KernelCall call;      /* TASK_RUN */
  View view;            /* TASK_UPLOAD: where to */
  void *staged;         /* TASK_UPLOAD: a copy of the host's bytes */
  size_t bytes;         /* TASK_UPLOAD */
  FencedBuffer *buffer; /* TASK_FREE */
} Task;

typedef struct
{
  Backend base;
  FencedHeap *heap;
  bool deferred;
  bool in_step;
  Task *queue;
  size_t queued, capacity;
} FencedBackend;

static FencedBackend *
fenced (Backend *backend)
{
  return (FencedBackend *) backend;
}

static FencedBuffer *
fenced_buffer (Buffer *buffer)
{
  return (FencedBuffer *) buffer; /* whose first member it is */
}

/* ---------------------------------------------------------------------------------------------------
 * Checks when a task is handed in
 */

static void
check_alive (View view, const char *what)
{
  if (view.buffer != NULL && fenced_buffer (view.buffer)->released)
    {
      fprintf (stderr, "albef: " WHO ": %s: the buffer has been freed\n", what);
      abort ();
    }
}

static void
check_step (const FencedBackend *backend, const char *what)
{
  if (backend->in_step)
    {
      fprintf (stderr,
               "albef: " WHO ": %s inside a step: a step may not read back; keep scalars that steer it in device "
               "tensors\n",
               what);
      abort ();
    }
}

/* ---------------------------------------------------------------------------------------------------
 * Tasks
 */

static bool
writes (const CallView *view)
{
  return view->access != CALL_READS;
}

static void
run_now (const KernelCall *call)
{
  CallView views[CALL_VIEWS_MAX];
  int count = call_views (call, views);

  /* Outputs last: where they share a page with an input, the page is writable. */
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < count; i++)
      if (writes (&views[i]) == (pass == 1))
        fenced_buffer_open (fenced_buffer (views[i].view->buffer), views[i].view->offset, views[i].bytes, pass == 1);
  fenced_set_running (kernel_name (call->id));
  reference_run (call);
  fenced_set_running (NULL);
  for (int i = 0; i < count; i++)
    if (writes (&views[i]))
      fenced_buffer_check (fenced_buffer (views[i].view->buffer), views[i].view->offset, views[i].bytes,
                           kernel_name (call->id));
  for (int i = 0; i < count; i++)
    fenced_buffer_close (fenced_buffer (views[i].view->buffer), views[i].view->offset, views[i].bytes);
}

static void
upload_now (View out, const void *host, size_t bytes)
{
  FencedBuffer *buffer = fenced_buffer (out.buffer);

  fenced_buffer_open (buffer, out.offset, bytes, true);
  memcpy (out.buffer->bytes + out.offset, host, bytes);
  fenced_buffer_close (buffer, out.offset, bytes);
}

static void
do_task (FencedBackend *backend, Task *task)
{
  switch (task->kind)
    {
    case TASK_RUN:
      run_now (&task->call);
      break;
    case TASK_UPLOAD:
      upload_now (task->view, task->staged, task->bytes);
      free (task->staged);
      break;
    case TASK_FREE:
      fenced_buffer_free (backend->heap, task->buffer);
      break;
    }
}

/* Takes a task over: does it, or queues it. */
static void
hand_in (FencedBackend *backend, Task task)
{
  if (!backend->deferred)
    {
      do_task (backend, &task);
      return;
    }
  if (backend->queued == backend->capacity)
    {
      backend->capacity = backend->capacity > 0 ? 2 * backend->capacity : 256;
      backend->queue = mem_resize (backend->queue, backend->capacity, sizeof *backend->queue);
    }
  backend->queue[backend->queued++] = task;
}

static void
flush (FencedBackend *backend)
{
  for (size_t i = 0; i < backend->queued; i++)
    do_task (backend, &backend->queue[i]);
  backend->queued = 0;
}

/* ---------------------------------------------------------------------------------------------------
 * The backend
 */

static Buffer *
buffer_new (Backend *backend, size_t bytes)
{
  FencedBuffer *buffer = fenced_buffer_new (fenced (backend)->heap, bytes);

  return buffer != NULL ? &buffer->base : NULL;
}

/* Copies, so that the bytes lie behind the fence too and later changes of the host's are not seen. */
static Buffer *
buffer_wrap (Backend *backend, const void *host, size_t bytes)
{
  FencedBuffer *buffer = fenced_buffer_new (fenced (backend)->heap, bytes);

  if (buffer == NULL)
    return NULL;
  if (bytes > 0)
    upload_now ((View) { &buffer->base, 0 }, host, bytes);
  buffer->base.borrowed = true;
  return &buffer->base;
}

static void
buffer_free (Backend *backend, Buffer *buffer)
{
  if (buffer == NULL)
    return;
  check_alive ((View) { buffer, 0 }, "buffer_free");
  fenced_buffer (buffer)->released = true;
  hand_in (fenced (backend), (Task) { .kind = TASK_FREE, .buffer = fenced_buffer (buffer) });
}

static void
upload (Backend *backend, View out, const void *host, size_t bytes)
{
  void *staged = malloc (bytes);

  if (staged == NULL)
    {
      fprintf (stderr, "albef: " WHO ": no memory to stage %zu bytes\n", bytes);
      abort ();
    }
  check_alive (out, "upload");
  reference_check_upload (out, bytes, WHO);
  memcpy (staged, host, bytes);
  hand_in (fenced (backend), (Task) { .kind = TASK_UPLOAD, .view = out, .staged = staged, .bytes = bytes });
}

static void
synchronize (Backend *backend)
{
  check_step (fenced (backend), "synchronize");
  flush (fenced (backend));
}

static void
download (Backend *backend, void *host, View in, size_t bytes)
{
  check_step (fenced (backend), "download");
  check_alive (in, "download");
  reference_check_download (in, bytes, WHO);
  flush (fenced (backend));
  fenced_buffer_open (fenced_buffer (in.buffer), in.offset, bytes, false);
  memcpy (host, in.buffer->bytes + in.offset, bytes);
  fenced_buffer_close (fenced_buffer (in.buffer), in.offset, bytes);
}

static void
step_begin (Backend *backend)
{
  if (fenced (backend)->in_step)
    {
      fprintf (stderr, "albef: " WHO ": step_begin inside a step\n");
      abort ();
    }
  fenced (backend)->in_step = true;
}

static void
step_end (Backend *backend)
{
  if (!fenced (backend)->in_step)
    {
      fprintf (stderr, "albef: " WHO ": step_end without step_begin\n");
      abort ();
    }
  fenced (backend)->in_step = false;
}

static void
run (Backend *backend, const KernelCall *call)
{
  CallView views[CALL_VIEWS_MAX];
  int count = call_views (call, views);

  for (int i = 0; i < count; i++)
    {
      char what[96];

      snprintf (what, sizeof what, "%s: view '%s'", kernel_name (call->id), views[i].name);
      check_alive (*views[i].view, what);
    }
  reference_check_call (call, WHO);
  hand_in (fenced (backend), (Task) { .kind = TASK_RUN, .call = *call });
}

static void
pack_free (Backend *backend, PackSlot *slot)
{
  /* The kernels of the reference backend keep no packed forms. */
}

/* What still waits is dropped: nobody could see its results. */
static void
close_backend (Backend *backend)
{
  FencedBackend *self = fenced (backend);

  for (size_t i = 0; i < self->queued; i++)
    if (self->queue[i].kind == TASK_UPLOAD)
      free (self->queue[i].staged);
  fenced_heap_free (self->heap);
  free (self->queue);
  free (self);
}

static const BackendClass fenced_class = {
  .buffer_new = buffer_new,
  .buffer_wrap = buffer_wrap,
  .buffer_free = buffer_free,
  .upload = upload,
  .download = download,
  .synchronize = synchronize,
  .step_begin = step_begin,
  .step_end = step_end,
  .run = run,
  .pack_free = pack_free,
  .close = close_backend,
};

Backend *
backend_fenced_open (bool deferred)
{
  FencedBackend *self = mem_new0 (1, sizeof *self);

  self->base.class = &fenced_class;
  self->base.name = "fenced";
  self->base.precision = "f32";
  self->base.threads = 1;
  snprintf (self->base.description, sizeof self->base.description,
            "fenced: reference kernels, memory closed outside calls%s", deferred ? ", calls deferred" : "");
  self->heap = fenced_heap_new ();
  self->deferred = deferred;
  return &self->base;
}
