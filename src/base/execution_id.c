#include "base/execution_id.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* The kernel's generator fails only before it is seeded at boot, and then blocks. */
static void
random_bytes (guint8 *bytes, gsize n)
{
  while (n > 0)
    {
      gssize got = getrandom (bytes, n, 0);
      if (got < 0 && errno != EINTR)
        g_error ("getrandom: %s", g_strerror (errno));
      if (got > 0)
        {
          bytes += got;
          n -= (gsize) got;
        }
    }
}

void
execution_id_make (ExecutionId *id)
{
  static const char digits[] = "0123456789abcdef";
  guint8 bytes[16];
  guint64 now_ms = (guint64) g_get_real_time () / 1000;

  random_bytes (bytes + 6, 10);
  for (int i = 0; i < 6; i++)
    bytes[i] = (guint8) (now_ms >> (40 - 8 * i));
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;

  char *to = id->text;
  for (int i = 0; i < 16; i++)
    {
      if (i == 4 || i == 6 || i == 8 || i == 10)
        *to++ = '-';
      *to++ = digits[bytes[i] >> 4];
      *to++ = digits[bytes[i] & 15];
    }
  *to = '\0';
}

gboolean
execution_id_is_valid (const char *text)
{
  if (text == NULL || strlen (text) != EXECUTION_ID_LENGTH)
    return FALSE;
  for (int i = 0; i < EXECUTION_ID_LENGTH; i++)
    {
      gboolean is_dash = i == 8 || i == 13 || i == 18 || i == 23;
      gboolean is_lower_hex = g_ascii_isdigit (text[i]) || (text[i] >= 'a' && text[i] <= 'f');
      if (is_dash ? text[i] != '-' : !is_lower_hex)
        return FALSE;
    }
  return TRUE;
}

char *
random_token (guint bytes)
{
  g_autofree guint8 *random = g_malloc (bytes);
  random_bytes (random, bytes);
  char *text = g_base64_encode (random, bytes);
  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  explicit_bzero (random, bytes);
  return text;
}
