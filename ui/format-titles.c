/* SPDX-License-Identifier: MIT */
#include "format-titles.h"

#include <string.h>

static const char *const titles[][2] = {
  { "albef", "ALBEF JSON" },
  { "amc", "AMC JSON" },
  { "coco", "COCO instances" },
  { "coco-captions", "COCO captions" },
  { "coco-results", "COCO results" },
  { "cvat", "CVAT for images (XML)" },
  { "flickr30k-entities", "Flickr30k Entities" },
  { "folder", "Folder of pictures" },
  { "label-studio", "Label Studio JSON" },
  { "labelme", "labelme" },
  { "manifest", "Alidade manifest" },
  { "odvg", "ODVG (JSON lines)" },
  { "refcoco", "RefCOCO" },
  { "visual-genome", "Visual Genome regions" },
  { "voc", "Pascal VOC" },
  { "x-anylabeling", "X-AnyLabeling" },
  { "yolo", "YOLO" },
};

const char *
format_title (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    if (g_strcmp0 (titles[i][0], name) == 0)
      return titles[i][1];
  return name;
}

static int
compare_titles (gconstpointer a, gconstpointer b)
{
  const Format *const *first = a, *const *second = b;

  return g_ascii_strcasecmp (format_title ((*first)->name), format_title ((*second)->name));
}

GtkStringList *
format_titles (gboolean writing, const char *first, GPtrArray **formats)
{
  GtkStringList *list = gtk_string_list_new (NULL);
  GPtrArray *found = g_ptr_array_new ();

  for (const Format *const *format = format_all (); *format != NULL; format++)
    if (writing ? (*format)->write != NULL : (*format)->read != NULL)
      g_ptr_array_add (found, (gpointer) *format);
  g_ptr_array_sort (found, compare_titles);
  if (first != NULL)
    g_ptr_array_insert (found, 0, NULL);
  for (guint i = 0; i < found->len; i++)
    gtk_string_list_append (list, found->pdata[i] != NULL ? format_title (((const Format *) found->pdata[i])->name)
                                                          : first);
  *formats = found;
  return list;
}
