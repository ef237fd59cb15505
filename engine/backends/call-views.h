/* SPDX-License-Identifier: MIT
 * call-views.h: which places in memory a kernel call names, how far each reaches, and what the call does
 * there. What a fence opens, what a bounds check compares, what a recorder must keep alive. */
#pragma once

#include "backend.h"

typedef enum
{
  CALL_READS,      /* read only */
  CALL_OVERWRITES, /* written without looking */
  CALL_UPDATES     /* read and written (gradients accumulate) */
} CallAccess;

typedef struct
{
  const View *view; /* a field of the call that was given */
  const char *name; /* the field's name, "residual" */
  CallAccess access;
  size_t bytes; /* from view->offset to the end of the last element the call may touch */
} CallView;

#define CALL_VIEWS_MAX 8

/* Lists the views of `call` that reach anywhere, in the order of the struct's fields: absent ones are left out
 * where the kernel allows it, and listed with their NULL buffer where it needs them (a programmer error, to be
 * told by the caller). Returns their number, at most CALL_VIEWS_MAX. */
int call_views (const KernelCall *call, CallView views[CALL_VIEWS_MAX]);
