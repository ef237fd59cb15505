/* SPDX-License-Identifier: MIT
 * tape.h: the record of a forward pass, run backwards.
 *
 * An op appends a node when one of its inputs needs a gradient. tape_backward walks the nodes from the last
 * to the first and lets each rule add to the gradients of its inputs. Gradients accumulate everywhere; no
 * rule overwrites one.
 */
#pragma once

#include "tensor.h"

#define TAPE_MAX_INPUTS 6
#define TAPE_MAX_SAVED 3

typedef struct TapeNode TapeNode;

/* One per op: a name for messages and the rule that turns the output's gradient into its inputs'. */
typedef struct
{
  const char *name;
  void (*gradient) (Scope *scope, const TapeNode *node, Tensor *d_output);
} OpRule;

struct TapeNode
{
  const OpRule *rule;
  Tensor *inputs[TAPE_MAX_INPUTS]; /* NULL where the op had none */
  Tensor *output;
  Tensor *saved[TAPE_MAX_SAVED];   /* what the rule needs beside inputs and output */
  float value;                     /* e.g. scale of attention */
  int64_t number;                  /* e.g. heads */
  const void *context;             /* what outlives the tape, e.g. a block's weights; borrowed */
};

Tape *tape_new (void);
void tape_free (Tape *tape);
int tape_length (const Tape *tape);

/* Makes a gradient flow to `tensor`, from whatever is computed from it afterwards. */
void tape_watch (Tensor *tensor);

/* True if an op with these inputs must record. */
bool tape_wants (const Scope *scope, Tensor *const *inputs, int n_inputs);

/* Appends a node and marks its output. The returned node is valid until the next append; the caller adds
 * saved tensors through tape_save. */
TapeNode *tape_append (Scope *scope, const OpRule *rule, Tensor *output, Tensor *const *inputs, int n_inputs);
void tape_save (TapeNode *node, int index, Tensor *tensor);

/* Has tape_backward call `complete` with every watched tensor that no op made (a weight), as soon as its gradient is
 * whole: no node that is left takes it as an input. The callee may change the tensor and clear its gradient; views of it
 * must not be read afterwards. Weights that a node reaches by its context alone are told by that node's own walk. */
void tape_on_complete (Tape *tape, void (*complete) (void *user_data, Tensor *weight), void *user_data);
/* A tape for a walk within a walk, which tells the same listener. */
Tape *tape_new_within (const Tape *outer);

/* Adds `seed` (same shape; NULL: ones) to the gradient of `output` and runs the tape backwards.
 * Afterwards tensor_grad() of every watched tensor holds d (sum seed output) / d tensor. The walk spends the tape: nodes
 * let go of their tensors on the way, so hold a reference to what is read afterwards. Returns false if cancelled on the
 * way. */
bool tape_backward (Scope *scope, Tensor *output, Tensor *seed);
