/* SPDX-License-Identifier: MIT
 * test-fence.c: code that goes behind the backend's back must not get away with it. One cheater per rule, each
 * in a process of its own: it has to die with the fence's message, or to see NaN where it hoped for numbers.
 * Beside them honest programs, which must pass. */
#include "fenced-memory.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* How a cheater's process ends when the fence did not stop it. */
#define EXIT_GOT_AWAY 42 /* it saw or did what it wanted */
#define EXIT_FOILED 43   /* it saw something else */

#define COUNT 1000 /* floats: not a whole number of pages */

static volatile float sink;

/* ---------------------------------------------------------------------------------------------------
 * Small programs against a backend
 */

static View
new_view (Backend *backend, size_t floats)
{
  return (View) { backend_buffer_new (backend, floats * sizeof (float)), 0 };
}

static View
filled (Backend *backend, float value)
{
  View view = new_view (backend, COUNT);

  BACKEND_RUN (backend, KERNEL_FILL, fill, .out = view, .n = COUNT, .value = value);
  return view;
}

static float
first (Backend *backend, View view)
{
  float value = 0;

  backend_download (backend, &value, view, sizeof value);
  return value;
}

/* Ends a cheater that hoped to see `wanted`. */
static void
hope (float got, float wanted)
{
  _exit (got == wanted ? EXIT_GOT_AWAY : EXIT_FOILED);
}

static float *
address_of (View view)
{
  return (float *) (void *) (view.buffer->bytes + view.offset);
}

/* ---------------------------------------------------------------------------------------------------
 * Cheaters
 */

static void
reads_outside_a_call (Backend *backend)
{
  View view = filled (backend, 1);

  backend->class->synchronize (backend);
  sink = address_of (view)[3];
}

static void
writes_outside_a_call (Backend *backend)
{
  View view = filled (backend, 1);

  backend->class->synchronize (backend);
  address_of (view)[3] = 2;
}

static void
expects_zeros (Backend *backend)
{
  View view = new_view (backend, COUNT);
  View ones = filled (backend, 1);

  BACKEND_RUN (backend, KERNEL_ADD_SCALED, add_scaled, .a = ones, .y = view, .n = COUNT, .alpha = 1);
  hope (first (backend, view), 1);
}

static void
expects_zeros_after_reuse (Backend *backend)
{
  View view = filled (backend, 0);

  backend->class->buffer_free (backend, view.buffer);
  view = new_view (backend, COUNT);
  hope (first (backend, view), 0);
}

static void
uses_a_freed_buffer (Backend *backend)
{
  View view = filled (backend, 1);

  backend->class->buffer_free (backend, view.buffer);
  BACKEND_RUN (backend, KERNEL_FILL, fill, .out = view, .n = COUNT, .value = 2);
  backend->class->synchronize (backend);
}

static void
downloads_a_freed_buffer (Backend *backend)
{
  View view = filled (backend, 1);

  backend->class->buffer_free (backend, view.buffer);
  hope (first (backend, view), 1);
}

static void
uploads_to_a_freed_buffer (Backend *backend)
{
  View view = filled (backend, 1);
  float value = 2;

  backend->class->buffer_free (backend, view.buffer);
  backend_upload (backend, view, &value, sizeof value);
}

static void
frees_twice (Backend *backend)
{
  View view = filled (backend, 1);

  backend->class->buffer_free (backend, view.buffer);
  backend->class->buffer_free (backend, view.buffer);
}

/* By an address kept from before the buffer was freed. */
static void
reads_freed_memory (Backend *backend)
{
  View view = filled (backend, 1);
  float *kept = address_of (view);

  backend->class->buffer_free (backend, view.buffer);
  backend->class->synchronize (backend);
  sink = kept[3];
}

static void
names_more_than_there_is (Backend *backend)
{
  View view = new_view (backend, COUNT);

  BACKEND_RUN (backend, KERNEL_FILL, fill, .out = view, .n = COUNT + 1, .value = 2);
}

static void
names_an_absent_input (Backend *backend)
{
  View view = filled (backend, 1);

  BACKEND_RUN (backend, KERNEL_ADD, add, .a = view, .b = VIEW_NONE, .y = view, .n = COUNT, .nb = COUNT);
}

static void
downloads_inside_a_step (Backend *backend)
{
  View view = filled (backend, 1);

  backend_step_begin (backend);
  hope (first (backend, view), 1);
}

static void
synchronises_inside_a_step (Backend *backend)
{
  backend_step_begin (backend);
  backend->class->synchronize (backend);
}

static void
begins_a_step_twice (Backend *backend)
{
  backend_step_begin (backend);
  backend_step_begin (backend);
}

static void
ends_no_step (Backend *backend)
{
  backend_step_end (backend);
}

static void
changes_host_memory_after_upload (Backend *backend)
{
  float host[COUNT] = { 1 };
  View view = new_view (backend, COUNT);

  backend_upload (backend, view, host, sizeof host);
  host[0] = 2;
  hope (first (backend, view), 2);
}

static void
changes_wrapped_host_memory (Backend *backend)
{
  float host[COUNT] = { 1 };
  View view = { backend->class->buffer_wrap (backend, host, sizeof host), 0 };

  host[0] = 2;
  hope (first (backend, view), 2);
}

static void
writes_to_wrapped_memory (Backend *backend)
{
  static float host[COUNT];
  View view = { backend->class->buffer_wrap (backend, host, sizeof host), 0 };

  BACKEND_RUN (backend, KERNEL_FILL, fill, .out = view, .n = COUNT, .value = 2);
}

static void
uploads_to_wrapped_memory (Backend *backend)
{
  static float host[COUNT];
  View view = { backend->class->buffer_wrap (backend, host, sizeof host), 0 };

  backend_upload (backend, view, host, sizeof host);
}

/* Looks, with the backend's own key to the pages, whether a result is there before it was waited for. */
static void
expects_results_before_a_synchronisation (Backend *backend)
{
  View view = filled (backend, 1);
  float value;

  fenced_buffer_open ((FencedBuffer *) view.buffer, 0, sizeof value, false);
  value = address_of (view)[0];
  hope (value, 1);
}

static void
expects_uploads_before_a_synchronisation (Backend *backend)
{
  View view = new_view (backend, COUNT);
  float value = 1;

  backend_upload (backend, view, &value, sizeof value);
  fenced_buffer_open ((FencedBuffer *) view.buffer, 0, sizeof value, false);
  value = address_of (view)[0];
  hope (value, 1);
}

static void
leaves_a_bad_index_for_later (Backend *backend)
{
  int32_t index = 7;
  View view = filled (backend, 1), indices = new_view (backend, 1), out = new_view (backend, 10);

  backend_upload (backend, indices, &index, sizeof index);
  BACKEND_RUN (backend, KERNEL_GATHER_ROWS, gather_rows, .table = view, .index = indices, .out = out, .rows = 1,
               .n = 10, .table_rows = 7);
  backend->class->synchronize (backend);
}

/* ---------------------------------------------------------------------------------------------------
 * Cheating kernels: what a kernel's code could do inside a call, done with the pages opened as for a call
 */

typedef struct
{
  FencedBuffer *in, *out, *other;
} Opened;

static Opened
opened_for_a_call (size_t bytes)
{
  FencedHeap *heap = fenced_heap_new ();
  Opened opened = { fenced_buffer_new (heap, bytes), fenced_buffer_new (heap, bytes), fenced_buffer_new (heap, bytes) };

  fenced_buffer_open (opened.in, 0, bytes, false);
  fenced_buffer_open (opened.out, 0, bytes, true);
  fenced_set_running ("cheat");
  return opened;
}

static void
close_after_a_call (Opened opened)
{
  fenced_set_running (NULL);
  fenced_buffer_check (opened.out, 0, opened.out->base.size, "cheat");
}

static void
kernel_reads_past_the_end (Backend *backend)
{
  Opened opened = opened_for_a_call (COUNT * sizeof (float));

  sink = ((float *) (void *) opened.in->base.bytes)[COUNT];
}

static void
kernel_writes_past_the_end (Backend *backend)
{
  Opened opened = opened_for_a_call (COUNT * sizeof (float));

  ((float *) (void *) opened.out->base.bytes)[COUNT] = 1;
}

static void
kernel_writes_into_the_slack (Backend *backend)
{
  Opened opened = opened_for_a_call (1001);

  opened.out->base.bytes[1001] = 1;
  close_after_a_call (opened);
}

static void
kernel_writes_before_the_start (Backend *backend)
{
  Opened opened = opened_for_a_call (COUNT * sizeof (float));

  ((float *) (void *) opened.out->base.bytes)[-1] = 1;
  close_after_a_call (opened);
}

static void
kernel_reads_before_a_whole_page (Backend *backend)
{
  Opened opened = opened_for_a_call (4096);

  sink = ((float *) (void *) opened.in->base.bytes)[-1];
}

static void
kernel_reads_before_the_start (Backend *backend)
{
  Opened opened = opened_for_a_call (COUNT * sizeof (float));
  float value = ((float *) (void *) opened.in->base.bytes)[-1];

  _exit (isnan (value) ? EXIT_FOILED : EXIT_GOT_AWAY);
}

static void
kernel_writes_an_input (Backend *backend)
{
  Opened opened = opened_for_a_call (COUNT * sizeof (float));

  ((float *) (void *) opened.in->base.bytes)[3] = 1;
}

static void
kernel_reads_a_buffer_it_was_not_given (Backend *backend)
{
  Opened opened = opened_for_a_call (COUNT * sizeof (float));

  sink = ((float *) (void *) opened.other->base.bytes)[3];
}

/* ---------------------------------------------------------------------------------------------------
 * The court
 */

#define IMMEDIATE 1
#define DEFERRED 2
#define BOTH 3

typedef struct
{
  const char *name;
  void (*cheat) (Backend *backend);
  int modes;
  const char *message; /* what stderr must say; NULL: the cheater lives, foiled */
} Cheater;

static const Cheater cheaters[] = {
  { "reading a buffer outside a call", reads_outside_a_call, BOTH, "touched outside a backend call" },
  { "writing a buffer outside a call", writes_outside_a_call, BOTH, "touched outside a backend call" },
  { "expecting zeros in fresh memory", expects_zeros, BOTH, NULL },
  { "expecting zeros where some were before", expects_zeros_after_reuse, BOTH, NULL },
  { "using a freed buffer in a call", uses_a_freed_buffer, BOTH, "fill: view 'out': the buffer has been freed" },
  { "downloading a freed buffer", downloads_a_freed_buffer, BOTH, "download: the buffer has been freed" },
  { "uploading to a freed buffer", uploads_to_a_freed_buffer, BOTH, "upload: the buffer has been freed" },
  { "freeing twice", frees_twice, BOTH, "buffer_free: the buffer has been freed" },
  { "reading freed memory by its address", reads_freed_memory, BOTH, "memory of a freed buffer" },
  { "naming more than a buffer holds", names_more_than_there_is, BOTH,
    "fill: view 'out': bytes 0 to 4004 of a buffer of 4000" },
  { "naming an input that is absent", names_an_absent_input, BOTH, "add: view 'b': no buffer" },
  { "downloading inside a step", downloads_inside_a_step, BOTH, "download inside a step: a step may not read back" },
  { "synchronising inside a step", synchronises_inside_a_step, BOTH,
    "synchronize inside a step: a step may not read back" },
  { "beginning a step inside a step", begins_a_step_twice, BOTH, "step_begin inside a step" },
  { "ending a step that did not begin", ends_no_step, BOTH, "step_end without step_begin" },
  { "changing host memory after an upload", changes_host_memory_after_upload, BOTH, NULL },
  { "changing wrapped host memory", changes_wrapped_host_memory, BOTH, NULL },
  { "a call that writes to wrapped memory", writes_to_wrapped_memory, BOTH, "wrapped host memory, which is read only" },
  { "an upload to wrapped memory", uploads_to_wrapped_memory, BOTH, "wrapped host memory, which is read only" },
  { "expecting results before a synchronisation", expects_results_before_a_synchronisation, DEFERRED, NULL },
  { "expecting an upload before a synchronisation", expects_uploads_before_a_synchronisation, DEFERRED, NULL },
  { "an index outside the table", leaves_a_bad_index_for_later, BOTH,
    "gather rows: index 7 in row 0 is outside 0 .. 6" },
  { "a kernel that reads past the end", kernel_reads_past_the_end, IMMEDIATE, "inside 'cheat': memory past the end" },
  { "a kernel that writes past the end", kernel_writes_past_the_end, IMMEDIATE, "inside 'cheat': memory past the end" },
  { "a kernel that writes into the slack", kernel_writes_into_the_slack, IMMEDIATE, "'cheat' wrote past the end" },
  { "a kernel that writes before the start", kernel_writes_before_the_start, IMMEDIATE,
    "'cheat' wrote before the start" },
  { "a kernel that reads before a whole page", kernel_reads_before_a_whole_page, IMMEDIATE, "memory before the start" },
  { "a kernel that reads before the start", kernel_reads_before_the_start, IMMEDIATE, NULL },
  { "a kernel that writes an input", kernel_writes_an_input, IMMEDIATE, "does not name, or an input" },
  { "a kernel that reads what it was not given", kernel_reads_a_buffer_it_was_not_given, IMMEDIATE,
    "does not name, or an input" },
};

/* Runs a cheater in a child; what it wrote to stderr comes back in `text`. Returns the wait status. */
static int
try (const Cheater *cheater, bool deferred, char *text, size_t size)
{
  int ends[2], status = 0;
  size_t length = 0;
  ssize_t got;
  pid_t child;

  text[0] = 0;
  fflush (stdout);
  if (pipe (ends) != 0 || (child = fork ()) < 0)
    return 0;
  if (child == 0)
    {
      dup2 (ends[1], STDERR_FILENO);
      close (ends[0]);
      close (ends[1]);
      cheater->cheat (backend_fenced_open (deferred));
      _exit (EXIT_GOT_AWAY);
    }
  close (ends[1]);
  while ((got = read (ends[0], text + length, size - 1 - length)) > 0 || (got < 0 && errno == EINTR))
    length += got > 0 ? (size_t) got : 0;
  text[length] = 0;
  close (ends[0]); /* a sanitizer's report may be longer than `size`: the child then ends by SIGPIPE or exit */
  waitpid (child, &status, 0);
  return status;
}

static void
judge (const Cheater *cheater, bool deferred)
{
  char text[4096];
  int status = try (cheater, deferred, text, sizeof text);
  bool foiled = WIFEXITED (status) && WEXITSTATUS (status) == EXIT_FOILED;
  bool died = WIFSIGNALED (status) || (WIFEXITED (status) && WEXITSTATUS (status) == 1); /* 1: a sanitizer's exit */
  bool caught = cheater->message == NULL ? foiled : died && strstr (text, cheater->message) != NULL;

  if (!tap_ok (caught, "/fence/%s/%s is caught", deferred ? "deferred" : "immediate", cheater->name))
    tap_note ("status 0x%x, stderr: %s", status, text);
}

/* ---------------------------------------------------------------------------------------------------
 * Honest programs
 */

static void
test_honest (bool deferred)
{
  Backend *backend = backend_fenced_open (deferred);
  const char *mode = deferred ? "deferred" : "immediate";
  float host[COUNT], back[COUNT];
  View a = new_view (backend, COUNT), b = new_view (backend, COUNT), wrapped;
  bool same = true;

  for (int i = 0; i < COUNT; i++)
    host[i] = i;
  backend_step_begin (backend);
  backend_upload (backend, a, host, sizeof host);
  BACKEND_RUN (backend, KERNEL_ADD, add, .a = a, .b = a, .y = b, .n = COUNT, .nb = COUNT);
  backend_step_end (backend);
  backend->class->buffer_free (backend, a.buffer); /* queued calls may still use it */
  backend_download (backend, back, b, sizeof back);
  for (int i = 0; i < COUNT; i++)
    same = same && back[i] == 2 * i;
  tap_ok (same, "/fence/%s/a buffer may be freed while queued calls use it", mode);

  wrapped = (View) { backend->class->buffer_wrap (backend, host, sizeof host), 4 };
  BACKEND_RUN (backend, KERNEL_ADD, add, .a = wrapped, .b = wrapped, .y = b, .n = COUNT - 1, .nb = COUNT - 1);
  backend_download (backend, back, b, sizeof back);
  tap_ok (back[0] == 2 && back[COUNT - 2] == 2 * (COUNT - 1) && back[COUNT - 1] == 2 * (COUNT - 1),
          "/fence/%s/wrapped memory can be read at an offset", mode);

  /* Two outputs and an input on one page: opening and closing must not get into each other's way. */
  a = new_view (backend, 3 * COUNT);
  BACKEND_RUN (backend, KERNEL_FILL, fill, .out = a, .n = 3 * COUNT, .value = 3);
  BACKEND_RUN (backend, KERNEL_L2_NORMALIZE, l2_normalize, .x = a, .y = { a.buffer, 80 }, .norm = { a.buffer, 400 },
               .rows = 1, .n = 16, .ldx = 16, .ldy = 16, .eps = 1e-12f);
  backend_download (backend, back, a, 101 * sizeof (float));
  tap_ok (back[0] == 3 && back[20] == 0.25f && back[100] == 12, "/fence/%s/views may share a page", mode);
  backend_close (backend);
}

static void
test_quarantine (void)
{
  Backend *backend = backend_fenced_open (false);
  View view;

  for (int i = 0; i < 10000; i++) /* more than the quarantine keeps */
    {
      view = new_view (backend, i % 50);
      backend->class->buffer_free (backend, view.buffer);
    }
  for (int i = 0; i < 30; i++)
    {
      view = new_view (backend, (size_t) 1 << 20);
      backend->class->buffer_free (backend, view.buffer);
    }
  view = filled (backend, 5);
  tap_ok (first (backend, view) == 5, "/fence/memory comes back from the quarantine");
  tap_ok (backend->class->buffer_new (backend, SIZE_MAX - 100) == NULL, "/fence/no memory is told");
  backend_close (backend);
}

/* ---------------------------------------------------------------------------------------------------
 * What must not compile
 */

/* Whether the compiler accepts a source; -1 if there is no compiler. */
static int
compiles (const char *source)
{
  const char *tests = getenv ("ALIDADE_TESTS");
  char include[2][1024];
  int ends[2], status = 0;
  pid_t child;

  if (tests == NULL || pipe (ends) != 0)
    return -1;
  snprintf (include[0], sizeof include[0], "-I%s/../engine/backends", tests);
  snprintf (include[1], sizeof include[1], "-I%s/../engine/api", tests);
  fflush (stdout);
  child = fork ();
  if (child == 0)
    {
      dup2 (ends[0], STDIN_FILENO);
      close (ends[0]);
      close (ends[1]);
      if (freopen ("/dev/null", "w", stderr) == NULL)
        _exit (127);
      execlp ("cc", "cc", "-std=gnu11", "-fsyntax-only", include[0], include[1], "-x", "c", "-", (char *) NULL);
      _exit (127);
    }
  close (ends[0]);
  signal (SIGPIPE, SIG_IGN);
  if (child < 0 || write (ends[1], source, strlen (source)) < 0)
    status = 127 << 8;
  close (ends[1]);
  if (child > 0)
    waitpid (child, &status, 0);
  if (WIFEXITED (status) && WEXITSTATUS (status) == 127)
    return -1;
  return WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

static void
test_opaque (void)
{
  static const struct
  {
    const char *name, *source;
  } wrong[] = {
    { "a member of a buffer", "#include \"backend.h\"\nvoid *f (View view) { return view.buffer->bytes; }\n" },
    { "any member of a buffer", "#include \"backend.h\"\nlong f (View view) { return (long) view.buffer->size; }\n" },
    { "a buffer's value", "#include \"backend.h\"\nvoid f (View a, View b) { *a.buffer = *b.buffer; }\n" },
    { "an element of a buffer", "#include \"backend.h\"\nvoid *f (View view) { return &view.buffer[1]; }\n" },
    { "a buffer's size", "#include \"backend.h\"\nsize_t f (void) { return sizeof (Buffer); }\n" },
  };

  if (compiles ("int x;\n") < 0)
    {
      tap_skip ("/fence/buffers are opaque", "there is no C compiler here");
      return;
    }
  tap_ok (compiles ("#include \"backend.h\"\nsize_t f (View view) { return view.offset; }\n") == 1,
          "/fence/a view's offset compiles outside a backend");
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    tap_ok (compiles (wrong[i].source) == 0, "/fence/%s does not compile outside a backend", wrong[i].name);
}

int
main (void)
{
  for (int deferred = 0; deferred < 2; deferred++)
    {
      test_honest (deferred);
      for (size_t i = 0; i < sizeof cheaters / sizeof *cheaters; i++)
        if (cheaters[i].modes & (deferred ? DEFERRED : IMMEDIATE))
          judge (&cheaters[i], deferred);
    }
  test_quarantine ();
  test_opaque ();
  return tap_done ();
}
