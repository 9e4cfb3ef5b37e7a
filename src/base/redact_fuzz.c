/* The first bytes are secrets, the rest is a text: after redaction none of them is in it, JSON
 * stays JSON, and a stream says the same as the whole. */
#include "base/json.h"
#include "base/redact.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
append (GString *all, GBytes *piece)
{
  gsize length;
  gconstpointer data = g_bytes_get_data (piece, &length);
  g_string_append_len (all, data, (gssize) length);
  g_bytes_unref (piece);
}

static void
check_stream (const Redactor *redactor, const char *text, gsize length, guint8 step)
{
  g_autoptr (RedactorStream) stream = redactor_stream_new (redactor);
  g_autoptr (GString) all = g_string_new (NULL);
  for (gsize at = 0; at < length; at += 1u + step)
    append (all, redactor_stream_write (stream, text + at, MIN (1u + step, length - at)));
  append (all, redactor_stream_end (stream));
  g_autofree char *whole = redactor_text (redactor, text, (gssize) length);
  g_assert_cmpstr (all->str, ==, whole == NULL ? text : whole);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (size < 20)
    return 0;
  g_autoptr (Redactor) redactor = redactor_new ();
  gsize first = 1 + data[0] % 8, second = 1 + data[1] % 8;
  redactor_add (redactor, "a", (const char *) data + 2, first);
  redactor_add (redactor, "b", (const char *) data + 2 + first, second);
  g_autofree char *text = g_strndup ((const char *) data + 20, size - 20);
  gsize length = strlen (text);
  check_stream (redactor, text, length, data[18] % 16);

  g_autofree char *json = redactor_json (redactor, text, length);
  g_autoptr (json_t) before = json_parse (text, (gssize) length, NULL);
  g_autoptr (GError) error = NULL;
  if (json == NULL || before == NULL || !g_utf8_validate ((const char *) data, (gssize) size, NULL))
    return 0;
  g_autoptr (json_t) after = json_parse (json, -1, &error);
  /* Two names may have become one. */
  g_assert_true (after != NULL || strstr (error->message, "duplicate") != NULL);
  return 0;
}
