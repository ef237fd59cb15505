/* SPDX-License-Identifier: MIT */
#include "review-keymap.h"

#include <string.h>

#define GROUP "Keys"
#define FILE_LIMIT 65536

static const struct
{
  const char *name, *title;
  const char *presets[REVIEW_N_PRESETS]; /* keys as in files */
} actions[REVIEW_N_ACTIONS] = {
  /*                                                alidade         anylabeling     cvat            left            right */
  [REVIEW_ACTION_NONE] = { "none", "", { "", "", "", "", "" } },
  [REVIEW_ACTION_ACCEPT] = { "accept", "Accept", { "a", "space", "a", "f", "j" } },
  [REVIEW_ACTION_CORRECT] = { "correct", "Correct", { "c;e", "e;c", "e;c", "d;e", "k;i" } },
  [REVIEW_ACTION_REJECT] = { "reject", "Reject", { "r", "x", "r", "s", "l" } },
  [REVIEW_ACTION_ABSENT] = { "absent", "Not Here", { "n", "n", "x", "a", "semicolon" } },
  [REVIEW_ACTION_UNSURE] = { "unsure", "Unsure", { "u", "u", "u", "q", "p" } },
  [REVIEW_ACTION_NEXT] = { "next", "Next", { "j", "d", "f", "r", "m" } },
  [REVIEW_ACTION_PREVIOUS] = { "previous", "Previous", { "k", "a", "d", "w", "n" } },
  [REVIEW_ACTION_UNDO] = { "undo", "Undo", { "z", "z", "z", "z", "u" } },
  [REVIEW_ACTION_REDO] = { "redo", "Redo", { "Shift+z", "Shift+z", "Shift+z", "Shift+z", "Shift+u" } },
  [REVIEW_ACTION_CAPTIONS] = { "captions", "Other Captions", { "o", "o", "o", "Tab", "o" } },
  [REVIEW_ACTION_METHOD] = { "method", "Compare Maps", { "m", "m", "m", "Shift+r", "Shift+m" } },
  [REVIEW_ACTION_SELECT_TOOL] = { "select-tool", "Select", { "v", "v", "v", "1;Shift+s", "h" } },
  [REVIEW_ACTION_BOX_TOOL] = { "box-tool", "Box", { "b", "r", "n", "b", "b" } },
  [REVIEW_ACTION_POLYGON_TOOL] = { "polygon-tool", "Polygon", { "p", "p", "p", "g", "y" } },
  [REVIEW_ACTION_BRUSH_TOOL] = { "brush-tool", "Brush", { "d", "b", "b", "v", "Shift+b" } },
  [REVIEW_ACTION_ERASE_TOOL] = { "erase-tool", "Eraser", { "x", "Shift+x", "Shift+b", "x", "Shift+n" } },
  [REVIEW_ACTION_MASK] = { "mask", "Mask from the Map", { "t", "t", "t", "t", "Shift+h" } },
  [REVIEW_ACTION_FILL] = { "fill", "Fill", { "f", "f", "Shift+f", "Shift+f", "Shift+j" } },
  [REVIEW_ACTION_SMOOTH] = { "smooth", "Smooth", { "s", "s", "s", "Shift+d", "Shift+k" } },
  [REVIEW_ACTION_BRUSH_SMALLER] = { "brush-smaller", "Smaller Brush", { "bracketleft", "bracketleft", "bracketleft", "Shift+c", "bracketleft" } },
  [REVIEW_ACTION_BRUSH_LARGER] = { "brush-larger", "Larger Brush", { "bracketright", "bracketright", "bracketright", "Shift+v", "bracketright" } },
  [REVIEW_ACTION_THRESHOLD_DOWN] = { "threshold-down", "Lower Threshold", { "comma", "comma", "comma", "c", "comma" } },
  [REVIEW_ACTION_THRESHOLD_UP] = { "threshold-up", "Higher Threshold", { "period", "period", "period", "Shift+t", "period" } },
};

static const struct
{
  const char *name, *title;
} presets[REVIEW_N_PRESETS] = {
  { "alidade", "Alidade" },       { "x-anylabeling", "X-AnyLabeling" }, { "cvat", "CVAT" },
  { "left-hand", "Left Hand" },   { "right-hand", "Right Hand" },
};

const char *
review_action_name (ReviewAction action)
{
  return action < REVIEW_N_ACTIONS ? actions[action].name : "tick";
}

const char *
review_action_title (ReviewAction action)
{
  return action < REVIEW_N_ACTIONS ? actions[action].title : "Tick";
}

gboolean
review_action_is_verdict (ReviewAction action)
{
  return action >= REVIEW_ACTION_ACCEPT && action <= REVIEW_ACTION_UNSURE;
}

gboolean
review_action_repeats (ReviewAction action)
{
  return action == REVIEW_ACTION_NEXT || action == REVIEW_ACTION_PREVIOUS || action >= REVIEW_ACTION_BRUSH_SMALLER;
}

/* Keys as texts --------------------------------------------------------------------------------------------------- */

static gboolean
key_parse (const char *text, ReviewKey *key)
{
  gboolean shift = g_ascii_strncasecmp (text, "Shift+", 6) == 0;
  guint keyval = gdk_keyval_from_name (text + (shift ? 6 : 0));

  if (keyval == 0 || keyval == GDK_KEY_VoidSymbol)
    return FALSE;
  *key = (ReviewKey) { gdk_keyval_to_lower (keyval), shift };
  return TRUE;
}

static char *
key_text (ReviewKey key)
{
  return g_strconcat (key.shift ? "Shift+" : "", gdk_keyval_name (key.keyval), NULL);
}

char *
review_key_label (ReviewKey key)
{
  static const struct
  {
    guint keyval;
    const char *label;
  } special[] = { { GDK_KEY_space, "␣" }, { GDK_KEY_Tab, "⇥" }, { GDK_KEY_Return, "↵" } };
  gunichar c = gdk_keyval_to_unicode (gdk_keyval_to_upper (key.keyval));
  g_autofree char *letter = NULL;

  if (key.keyval == 0)
    return g_strdup ("");
  for (gsize i = 0; i < G_N_ELEMENTS (special); i++)
    if (special[i].keyval == key.keyval)
      letter = g_strdup (special[i].label);
  if (letter == NULL && c != 0 && g_unichar_isprint (c))
    {
      char buffer[8] = { 0 };

      g_unichar_to_utf8 (c, buffer);
      letter = g_strdup (buffer);
    }
  return g_strconcat (key.shift ? "⇧" : "", letter != NULL ? letter : gdk_keyval_name (key.keyval), NULL);
}

char *
review_keymap_label (const ReviewKeymap *keymap, ReviewAction action)
{
  return review_key_label (keymap->keys[action][0]);
}

/* Keymaps --------------------------------------------------------------------------------------------------------- */

/* "c;e" */
static gboolean
keys_parse (const char *text, ReviewKey keys[REVIEW_KEYS_EACH])
{
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);
  guint n = 0;

  memset (keys, 0, REVIEW_KEYS_EACH * sizeof *keys);
  for (guint i = 0; parts[i] != NULL; i++)
    {
      const char *part = g_strstrip (parts[i]);

      if (*part == '\0')
        continue;
      if (n == REVIEW_KEYS_EACH || !key_parse (part, &keys[n++]))
        return FALSE;
    }
  return TRUE;
}

const char *
review_preset_name (ReviewPreset preset)
{
  return presets[preset].name;
}

const char *
review_preset_title (ReviewPreset preset)
{
  return presets[preset].title;
}

gboolean
review_preset_parse (const char *name, ReviewPreset *preset)
{
  for (int i = 0; i < REVIEW_N_PRESETS; i++)
    if (g_strcmp0 (name, presets[i].name) == 0)
      {
        *preset = i;
        return TRUE;
      }
  return FALSE;
}

void
review_keymap_set_preset (ReviewKeymap *keymap, ReviewPreset preset)
{
  for (int i = 0; i < REVIEW_N_ACTIONS; i++)
    keys_parse (actions[i].presets[preset], keymap->keys[i]);
}

ReviewAction
review_keymap_find (const ReviewKeymap *keymap, guint keyval, gboolean shift)
{
  for (int i = 1; i < REVIEW_N_ACTIONS && keyval != 0; i++)
    for (int j = 0; j < REVIEW_KEYS_EACH; j++)
      if (keymap->keys[i][j].keyval == keyval && keymap->keys[i][j].shift == shift)
        return i;
  return REVIEW_ACTION_NONE;
}

ReviewAction
review_keymap_set (ReviewKeymap *keymap, ReviewAction action, ReviewKey key)
{
  ReviewAction before = review_keymap_find (keymap, key.keyval, key.shift);

  if (before != REVIEW_ACTION_NONE)
    {
      ReviewKey *keys = keymap->keys[before];
      int at = keys[0].keyval == key.keyval && keys[0].shift == key.shift ? 0 : 1;

      if (at == 0)
        keys[0] = keys[1];
      keys[1] = (ReviewKey) { 0 };
    }
  keymap->keys[action][0] = key;
  return before == action ? REVIEW_ACTION_NONE : before;
}

gboolean
review_keymap_equal (const ReviewKeymap *a, const ReviewKeymap *b)
{
  for (int i = 1; i < REVIEW_N_ACTIONS; i++)
    for (int j = 0; j < REVIEW_KEYS_EACH; j++)
      if (a->keys[i][j].keyval != b->keys[i][j].keyval || a->keys[i][j].shift != b->keys[i][j].shift)
        return FALSE;
  return TRUE;
}

char *
review_keymap_to_text (const ReviewKeymap *keymap)
{
  GString *text = g_string_new ("# Keys of Alidade's review pane\n[" GROUP "]\n");

  for (int i = 1; i < REVIEW_N_ACTIONS; i++)
    {
      g_string_append_printf (text, "%s=", actions[i].name);
      for (int j = 0; j < REVIEW_KEYS_EACH && keymap->keys[i][j].keyval != 0; j++)
        {
          g_autofree char *key = key_text (keymap->keys[i][j]);

          g_string_append_printf (text, "%s%s", j > 0 ? ";" : "", key);
        }
      g_string_append_c (text, '\n');
    }
  return g_string_free (text, FALSE);
}

static ReviewAction
action_parse (const char *name)
{
  for (int i = 1; i < REVIEW_N_ACTIONS; i++)
    if (strcmp (name, actions[i].name) == 0)
      return i;
  return REVIEW_ACTION_NONE;
}

static gboolean
fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, format, args);
  va_end (args);
  return FALSE;
}

/* Digits tick regions, and some keys belong to the canvas whatever the keymap. */
static gboolean
is_taken (ReviewKey key)
{
  return key.keyval == GDK_KEY_Escape || key.keyval == GDK_KEY_Return || (key.keyval >= GDK_KEY_2 && key.keyval <= GDK_KEY_9);
}

gboolean
review_keymap_from_text (ReviewKeymap *keymap, const char *text, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_auto (GStrv) names = NULL;
  ReviewKeymap read = { 0 };

  if (strlen (text) > FILE_LIMIT)
    return fail (error, "The keymap is larger than a keymap can be.");
  if (!g_key_file_load_from_data (file, text, -1, G_KEY_FILE_NONE, error) ||
      (names = g_key_file_get_keys (file, GROUP, NULL, error)) == NULL)
    return FALSE;
  for (guint i = 0; names[i] != NULL; i++)
    {
      ReviewAction action = action_parse (names[i]);
      g_autofree char *value = g_key_file_get_value (file, GROUP, names[i], error);
      ReviewKey keys[REVIEW_KEYS_EACH];

      if (value == NULL)
        return FALSE;
      if (action == REVIEW_ACTION_NONE)
        return fail (error, "'%s' is nothing that a key could do.", names[i]);
      if (!keys_parse (value, keys))
        return fail (error, "'%s' of %s is no key; write a letter or a key's name such as 'space', at most two, with ';' between.",
                     value, names[i]);
      for (int j = 0; j < REVIEW_KEYS_EACH && keys[j].keyval != 0; j++)
        {
          ReviewAction other = review_keymap_find (&read, keys[j].keyval, keys[j].shift);

          if (other != REVIEW_ACTION_NONE || is_taken (keys[j]))
            return fail (error, "The key of %s has another use%s%s already.", names[i], other != REVIEW_ACTION_NONE ? ", " : "",
                         other != REVIEW_ACTION_NONE ? actions[other].name : "");
          read.keys[action][j] = keys[j];
        }
    }
  *keymap = read;
  return TRUE;
}
