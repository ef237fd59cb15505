/* SPDX-License-Identifier: MIT
 * Reading XML files: the elements of one name are built as small trees, one at a time. No entities are fetched and no
 * DTD is read. */
#pragma once

#include "project-error.h"

G_BEGIN_DECLS

typedef struct XmlNode
{
  char *name;
  GString *text;          /* its own characters */
  GPtrArray *children;    /* XmlNode */
  GPtrArray *attributes;  /* name, value, name, value ... */
} XmlNode;

/* Gets an element, borrowed; FALSE with `error` ends the reading. */
typedef gboolean (*XmlItemFunc) (const char *where, const XmlNode *item, gpointer user_data, GError **error);

/* Calls `item` for every outermost element `name` of a file. Errors name the line. */
gboolean xml_items_read (const char *path, const char *name, XmlItemFunc item, gpointer user_data, GError **error);

const XmlNode *xml_child (const XmlNode *node, const char *name); /* the first; NULL */
/* Stripped text of a child, or NULL. */
char *xml_child_text (const XmlNode *node, const char *name);
/* Its number; NaN if it is none. */
double xml_child_number (const XmlNode *node, const char *name);
const char *xml_attribute (const XmlNode *node, const char *name); /* NULL */
double xml_attribute_number (const XmlNode *node, const char *name);
double xml_number (const char *text);

/* Appends text with &, <, >, quotes and control characters escaped. */
void xml_put (GString *out, const char *text);

G_END_DECLS
