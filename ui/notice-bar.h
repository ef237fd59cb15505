/* SPDX-License-Identifier: MIT
 * AlidadeNoticeBar: a line above the panes that says something and offers one button; with a progress bar where work
 * goes on. Slides in and out. Signal `button-clicked`. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_NOTICE_BAR (alidade_notice_bar_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeNoticeBar, alidade_notice_bar, ALIDADE, NOTICE_BAR, GtkWidget)

/* `text` NULL hides it. `progress` 0..1, or below 0: none. `icon_name` and `button` may be NULL. */
void alidade_notice_bar_set (AlidadeNoticeBar *self, const char *icon_name, const char *text, const char *button,
                             double progress);

G_END_DECLS
