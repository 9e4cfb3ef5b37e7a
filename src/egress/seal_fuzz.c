/* The keeper's frame, and a request to fill: a value never leaves the place that a placeholder had.
 */
#include "egress/seal.h"

#include <string.h>

#define KEY EGRESS_PLACEHOLDER_PREFIX "00112233445566778899aabbccddeeff"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static EgressSeals *
seals_of (const char *secret, gsize length)
{
  FrameWriter *writer = frame_writer_new (EGRESS_SEAL, 1);
  frame_write_u32 (writer, 1);
  frame_write_string (writer, KEY);
  frame_write_string (writer, "label");
  frame_write_bytes (writer, secret, length);
  frame_write_u32 (writer, 1);
  frame_write_string (writer, "api.example.com");
  g_autoptr (GBytes) whole = frame_writer_end (writer);
  g_autoptr (GBytes) body = g_bytes_new_from_bytes (whole, FRAME_HEADER_BYTES,
                                                    g_bytes_get_size (whole) - FRAME_HEADER_BYTES);
  Frame frame = { .type = EGRESS_SEAL, .stream = 1, .body = body };
  return egress_seals_read (&frame, NULL);
}

static void
check_json (const EgressFilled *filled, const char *secret, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) json = json_parse_bytes (filled->body, &error);
  g_assert_no_error (error);
  const char *value = json_get_string (json, "k");
  g_assert_cmpmem (value, strlen (value), secret, length);
  g_assert_cmpuint (json_object_size (json), ==, 1);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const char body[] = "{\"k\":\"" KEY "\"}";
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  Frame frame = { .type = EGRESS_SEAL, .stream = 1, .body = bytes };
  g_autoptr (EgressSeals) wild = egress_seals_read (&frame, NULL);

  g_autofree char *secret = g_utf8_make_valid ((const char *) data, (gssize) size);
  gsize length = strlen (secret);
  g_autoptr (EgressSeals) seals = seals_of (secret, length);
  g_assert_true ((seals == NULL) == (length == 0));
  if (seals == NULL)
    return 0;
  g_autoptr (EgressFailure) failure = NULL;
  g_autoptr (EgressTarget) target
      = egress_target_new ("https://api.example.com/a/" KEY "?b=" KEY "#c", &failure);
  g_autoptr (EgressOrder) order = g_new0 (EgressOrder, 1);
  g_autoptr (Redactor) masks = NULL;
  order->headers = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (order->headers, g_strdup ("Content-Type"));
  g_ptr_array_add (order->headers, g_strdup ("application/json"));
  order->body = g_bytes_new_static (body, strlen (body));
  g_autoptr (EgressFilled) filled = egress_seals_fill (seals, order, target, &masks, &failure);
  if (filled == NULL)
    return 0;
  g_assert_true (egress_target_same_origin (filled->target, target));
  check_json (filled, secret, length);
  return 0;
}
