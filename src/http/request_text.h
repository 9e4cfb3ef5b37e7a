/* What strangers sent, as JSON text: the part of a trigger's payload that the server writes
 * (worker/protocol.h, PAYLOAD_REQUEST). */
#pragma once

#include <glib.h>

/* Names and values as they came. Repeated headers are one field with their values joined (RFC 9110 §5.3;
 * cookies by RFC 6265 §5.4), names in any case being the same and the first one's case kept; of a
 * repeated query parameter the last counts. */
typedef struct FieldList FieldList;
FieldList *field_list_new (gboolean are_headers);
void field_list_free (FieldList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FieldList, field_list_free)
void field_list_add (FieldList *list, const char *name, const char *value); /* value may be NULL */

/* {headers, queryParameters, pathFragment, method, contentType?}; valid JSON whatever the bytes are: text
 * that is not UTF-8 is taken as Latin-1 (RFC 9110 §5.5). content_type may be NULL. */
GBytes *request_text (const FieldList *headers, const FieldList *queries, const char *path_fragment,
                      const char *method, const char *content_type);
