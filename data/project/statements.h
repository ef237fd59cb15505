/* SPDX-License-Identifier: MIT
 * The names of all statements; their SQL stands in statements.inc.h. */
#pragma once

typedef enum
{
#define STATEMENT(name, sql) name,
#include "statements.inc.h"
#undef STATEMENT
  N_STATEMENTS
} Statement;
