/* jansson with GLib manners: cleanup, errors with line and column. */
#pragma once

#include <gio/gio.h>
#include <jansson.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (json_t, json_decref)

#define JSON_ERROR (json_error_quark ())
GQuark json_error_quark (void);

/* Any JSON value (not only objects); refuses duplicate keys and trailing text.
 * Error message: "line L, column C: what". */
json_t *json_parse (const char *text, gssize length, GError **error);
json_t *json_parse_bytes (GBytes *bytes, GError **error);
char *json_print (const json_t *json);         /* compact; free with g_free */
GBytes *json_print_bytes (const json_t *json); /* compact */
char *json_print_pretty (const json_t *json);
/* The member if it has the type, else NULL / the fallback. Borrowed. */
const char *json_get_string (const json_t *object, const char *key);
gboolean json_get_bool (const json_t *object, const char *key, gboolean fallback);
gint64 json_get_int (const json_t *object, const char *key, gint64 fallback);

/* A member of an object, as it stands in the text. */
typedef struct
{
  const char *name; /* without quotes; not terminated */
  gsize name_length;
  const char *text; /* the value, space around it included */
  gsize text_length;
} JsonMember;

/* The members of an object in text that is valid JSON, pointing into it; *n of them, free with
 * g_free. NULL where it is no object, is empty, or has a name with escapes: read it whole then. */
JsonMember *json_split_object (const char *text, gsize length, guint *n);
