/* SPDX-License-Identifier: MIT */
#include "tape.h"

#include <stdlib.h>

#include "error.h"

struct Tape
{
  TapeNode *nodes;
  int n_nodes, n_allocated;
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

  for (int i = tape->n_nodes - 1; i >= 0; i--)
    {
      TapeNode *node = &tape->nodes[i];
      int mark = scope->n_owned;

      if (tensor_has_grad (node->output))
        node->rule->gradient (scope, node, tensor_grad (node->output));
      scope_collect (scope, mark, NULL);
      /* What nobody else holds is not needed again: memory of the forward pass serves the gradients. */
      node_release (node);
      if (scope_cancelled (scope))
        return false;
    }
  return true;
}
