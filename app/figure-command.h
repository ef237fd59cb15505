/* SPDX-License-Identifier: MIT */
#pragma once

/* `alidade figure`: argv[0] is "figure". Needs no display, no session bus and no schemas. Returns the exit status:
 * 0 done, 1 failed, 2 wrong usage. */
int alidade_figure_command (int argc, char **argv);
