/* SPDX-License-Identifier: MIT */
#include "tape.h"

#include <stdlib.h>

#include "error.h"

struct Tape
{
  TapeNode *nodes;
  int n_nodes, n_allocated;
  void (*complete) (void *user_data, Tensor *weight); /* NULL: nobody asks */
  void *user_data;
};

Tape *
tape_new (void)
{
  return mem_new0 (1, sizeof (Tape));
}

/* Lets go of what a node holds. */
static void
node_release (TapeNode *node)
{
  tensor_unref (node->output);
  for (int k = 0; k < TAPE_MAX_INPUTS; k++)
    tensor_unref (node->inputs[k]);
  for (int k = 0; k < TAPE_MAX_SAVED; k++)
    tensor_unref (node->saved[k]);
  *node = (TapeNode) { 0 };
}

void
tape_free (Tape *tape)
{
  if (tape == NULL)
    return;
  for (int i = 0; i < tape->n_nodes; i++)
    node_release (&tape->nodes[i]);
  free (tape->nodes);
  free (tape);
}

void
tape_on_complete (Tape *tape, void (*complete) (void *user_data, Tensor *weight), void *user_data)
{
  tape->complete = complete;
  tape->user_data = user_data;
}

Tape *
tape_new_within (const Tape *outer)
{
  Tape *tape = tape_new ();

  tape_on_complete (tape, outer->complete, outer->user_data);
  return tape;
}

static Tensor *
root_of (Tensor *tensor)
{
  return tensor->root != NULL ? tensor->root : tensor;
}

/* Every tensor remembers the first node that it has to do with, which the walk back reaches last; outputs of nodes never
 * end. */
static void
mark_uses (Tape *tape)
{
  for (int i = tape->n_nodes - 1; i >= 0; i--)
    for (int k = 0; k < TAPE_MAX_INPUTS; k++)
      if (tape->nodes[i].inputs[k] != NULL)
        root_of (tape->nodes[i].inputs[k])->last_use = i;
  for (int i = 0; i < tape->n_nodes; i++)
    root_of (tape->nodes[i].output)->last_use = -1;
}

/* Tells of the weights that node i was the last to use; it is released meanwhile. */
static void
finish_node (Tape *tape, int i)
{
  TapeNode *node = &tape->nodes[i];
  Tensor *done[TAPE_MAX_INPUTS];
  int n = 0;

  for (int k = 0; tape->complete != NULL && k < TAPE_MAX_INPUTS; k++)
    {
      Tensor *root = node->inputs[k] != NULL ? root_of (node->inputs[k]) : NULL;

      if (root == NULL || root->last_use != i || !root->needs_grad || !tensor_has_grad (root))
        continue;
      root->last_use = -1;
      done[n++] = tensor_ref (root);
    }
  node_release (node);
  for (int k = 0; k < n; k++)
    {
      tape->complete (tape->user_data, done[k]);
      tensor_unref (done[k]);
    }
}

int
tape_length (const Tape *tape)
{
  return tape->n_nodes;
}

void
tape_watch (Tensor *tensor)
{
  if (tensor->root != NULL)
    tensor->root->needs_grad = true;
  tensor->needs_grad = true;
}

bool
tape_wants (const Scope *scope, Tensor *const *inputs, int n_inputs)
{
  if (scope->tape == NULL)
    return false;
  for (int i = 0; i < n_inputs; i++)
    if (inputs[i] != NULL && inputs[i]->needs_grad)
      return true;
  return false;
}

TapeNode *
tape_append (Scope *scope, const OpRule *rule, Tensor *output, Tensor *const *inputs, int n_inputs)
{
  Tape *tape = scope->tape;
  TapeNode *node;

  if (tape->n_nodes == tape->n_allocated)
    {
      tape->n_allocated = tape->n_allocated > 0 ? 2 * tape->n_allocated : 64;
      tape->nodes = mem_resize (tape->nodes, (size_t) tape->n_allocated, sizeof *tape->nodes);
    }
  node = &tape->nodes[tape->n_nodes++];
  *node = (TapeNode) { .rule = rule, .output = tensor_ref (output) };
  for (int i = 0; i < n_inputs; i++)
    node->inputs[i] = inputs[i] != NULL ? tensor_ref (inputs[i]) : NULL;
  output->needs_grad = true;
  return node;
}

void
tape_save (TapeNode *node, int index, Tensor *tensor)
{
  node->saved[index] = tensor_ref (tensor);
}

bool
tape_backward (Scope *scope, Tensor *output, Tensor *seed)
{
  Tape *tape = scope->tape;
  Tensor *grad = tensor_grad (output);

  if (grad == NULL)
    tensor_abort ("tape_backward", "the output depends on no watched tensor");
  if (seed != NULL)
    BACKEND_RUN (scope->backend, KERNEL_ADD_SCALED, add_scaled, .a = tensor_view (seed), .y = tensor_view (grad),
                 .n = tensor_numel (grad), .alpha = 1);
  else
    BACKEND_RUN (scope->backend, KERNEL_FILL, fill, .out = tensor_view (grad), .n = tensor_numel (grad), .value = 1);

  if (tape->complete != NULL)
    mark_uses (tape);
  for (int i = tape->n_nodes - 1; i >= 0; i--)
    {
      TapeNode *node = &tape->nodes[i];
      int mark = scope->n_owned;

      if (tensor_has_grad (node->output))
        node->rule->gradient (scope, node, tensor_grad (node->output));
      scope_collect (scope, mark, NULL);
      /* What nobody else holds is not needed again: memory of the forward pass serves the gradients. */
      finish_node (tape, i);
      if (scope_cancelled (scope))
        return false;
    }
  return true;
}
