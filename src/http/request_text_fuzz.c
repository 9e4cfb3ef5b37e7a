/* What strangers send, as the text that workers read: it must be JSON whatever it is. Lines of the
 * input are, in turn, a name and its value; the first is the path, the second the content type. */
#include "base/json.h"
#include "http/request_text.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *input = g_strndup ((const char *) data, size);
  g_auto (GStrv) lines = g_strsplit (input, "\n", 64);
  g_autoptr (FieldList) headers = field_list_new (TRUE), queries = field_list_new (FALSE);
  g_autoptr (GError) error = NULL;
  guint n = g_strv_length (lines);
  if (n < 2)
    return 0;
  for (guint i = 2; i + 1 < n; i += 2)
    field_list_add (i % 4 == 0 ? queries : headers, lines[i], lines[i + 1]);
  g_autoptr (GBytes) text = request_text (headers, queries, lines[0], "POST", lines[1]);
  g_autoptr (json_t) json = json_parse_bytes (text, &error);
  /* Two names that differ in bytes may be the same text. */
  g_assert_true (json != NULL || g_strrstr (error->message, "duplicate") != NULL);
  return 0;
}
