/* multipart/form-data (RFC 7578 over RFC 2046 §5.1): bytes to parts, with no JavaScript in it. */
#pragma once

#include <glib.h>

typedef struct
{
  char *name;      /* valid UTF-8 */
  char *file_name; /* NULL = none given */
  char *type;      /* NULL = none given */
  GBytes *data;    /* shares the body's memory */
} MultipartPart;

/* The parts (of MultipartPart; free with g_ptr_array_unref), or NULL with *message (free with
 * g_free). */
GPtrArray *multipart_parse (GBytes *body, const char *content_type, char **message);
