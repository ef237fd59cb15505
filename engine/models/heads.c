/* SPDX-License-Identifier: MIT
 * What stands on the encoders: contrastive projections (ITC), matching (ITM), masked words (MLM), and the
 * classifiers of entailment and NLVR2. */
#include "model.h"

Tensor *
project_cls (Scope *scope, const Dense *projection, Tensor *tokens)
{
  return op_l2_normalize (scope, head_cls (scope, projection, tokens));
}

Tensor *
head_cls (Scope *scope, const Dense *head, Tensor *tokens)
{
  Tensor *cls = scope_own (scope, tensor_token (tokens, 0));

  return op_linear (scope, cls, head->weight, head->bias, EPILOGUE_NONE, NULL);
}

Tensor *
head_two_layers (Scope *scope, const Dense head[2], Tensor *tokens)
{
  Tensor *cls = scope_own (scope, tensor_token (tokens, 0));
  Tensor *hidden = op_linear (scope, cls, head[0].weight, head[0].bias, EPILOGUE_RELU, NULL);

  return op_linear (scope, hidden, head[1].weight, head[1].bias, EPILOGUE_NONE, NULL);
}

Tensor *
mlm_logits (Scope *scope, const MlmHead *mlm, const Bert *bert, Tensor *tokens)
{
  Tensor *x = op_linear (scope, tokens, mlm->transform.weight, mlm->transform.bias, EPILOGUE_GELU, NULL);

  x = op_layer_norm (scope, x, mlm->norm.gamma, mlm->norm.beta, bert->eps);
  return op_linear (scope, x, bert->word, mlm->bias, EPILOGUE_NONE, NULL);
}
