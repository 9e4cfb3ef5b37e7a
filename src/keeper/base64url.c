#include "keeper/base64url.h"

#include <string.h>

#include "base/secret.h"

char *
base64url_encode (gconstpointer data, gsize length)
{
  char *text = g_base64_encode (length == 0 ? (gconstpointer) "" : data, length);
  char *end = text;
  for (; *end != '\0' && *end != '='; end++)
    *end = *end == '+' ? '-' : *end == '/' ? '_' : *end;
  *end = '\0';
  return text;
}

guint8 *
base64url_decode (const char *text, gsize length, gsize *out_length)
{
  g_autofree char *standard = NULL;
  guint8 *bytes;
  if (length % 4 == 1)
    return NULL;
  standard = g_malloc (length + 4);
  for (gsize i = 0; i < length; i++)
    {
      char c = text[i];
      if (!g_ascii_isalnum (c) && c != '-' && c != '_')
        return NULL;
      standard[i] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
  gsize padded = length;
  while (padded % 4 != 0)
    standard[padded++] = '=';
  standard[padded] = '\0';
  bytes = g_base64_decode (standard, out_length);
  secret_wipe (standard, padded);
  return bytes;
}
