/* SPDX-License-Identifier: MIT
 * AlidadeCaptionEditor: one caption as words that can be selected; those selected become a phrase. Its text can be changed,
 * and it can be taken away.
 *
 * Signal `edit` (LibraryEdit *): what the person wants done; its one handler owns it and fills in `by`. */
#pragma once

#include "library-details.h"
#include "library-edit.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_CAPTION_EDITOR (alidade_caption_editor_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeCaptionEditor, alidade_caption_editor, ALIDADE, CAPTION_EDITOR, GtkWidget)

/* Words that `details` has phrases on are underlined. `editable` FALSE: for reading. */
GtkWidget *alidade_caption_editor_new (const LibraryCaption *caption, const LibraryDetails *details, gboolean editable);

/* The words of a text, as people select them: without the punctuation around them (GArray of Span). */
GArray *alidade_caption_words (const char *text);
/* Spans of selected words: neighbours are one, with what stands between them (GArray of Span). */
GArray *alidade_caption_spans (GArray *words, const gboolean *selected);

G_END_DECLS
