/* A stranger's multipart body. The first line of the input is the content type. */
#include "runtime/multipart.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const guint8 *line = memchr (data, '\n', size);
  if (line == NULL)
    return 0;
  g_autofree char *content_type = g_strndup ((const char *) data, (gsize) (line - data));
  g_autoptr (GBytes) body = g_bytes_new (line + 1, size - (gsize) (line + 1 - data));
  g_autofree char *message = NULL;
  g_autoptr (GPtrArray) parts = multipart_parse (body, content_type, &message);
  g_assert_true ((parts == NULL) == (message != NULL));
  for (guint i = 0; parts != NULL && i < parts->len; i++)
    {
      const MultipartPart *part = parts->pdata[i];
      g_assert_true (g_utf8_validate (part->name, -1, NULL));
      g_assert_cmpuint (g_bytes_get_size (part->data), <=, g_bytes_get_size (body));
    }
  return 0;
}
