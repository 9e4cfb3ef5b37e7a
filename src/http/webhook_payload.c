/* A request as the value that the worker turns into a trigger's payload
 * (worker/protocol.h, PAYLOAD_REQUEST): its text, and the body beside it as it
 * came. */
#include "http/private.h"
#include "http/request_text.h"

static enum MHD_Result
collect (void *data, enum MHD_ValueKind kind, const char *name, const char *value)
{
  field_list_add (data, name, value);
  return MHD_YES;
}

Value *
webhook_payload (Request *request)
{
  g_autoptr (FieldList) headers = field_list_new (TRUE), queries = field_list_new (FALSE);
  MHD_get_connection_values (request->connection, MHD_HEADER_KIND, collect, headers);
  MHD_get_connection_values (request->connection, MHD_GET_ARGUMENT_KIND, collect, queries);
  g_autoptr (GBytes) text = request_text (headers, queries, request->rest, request->method,
                                          request_header (request, "Content-Type"));
  GPtrArray *parts = NULL;
  if (request->body != NULL && request->body->len > 0)
    {
      g_autoptr (GBytes) body = g_byte_array_free_to_bytes (g_steal_pointer (&request->body));
      parts = g_ptr_array_new_with_free_func ((GDestroyNotify) binary_part_free);
      g_ptr_array_add (parts, binary_part_new ("/rawBody", body));
    }
  return value_new (text, parts);
}
