/* What a provider answers: the first line of the input is the status, the second the content type,
 * the rest the body. A token or a sentence must come out, and no sentence may repeat the secret. */
#include "connection/private.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_metadata (const OAuthAnswer *from)
{
  g_autoptr (ProviderMetadata) metadata = provider_metadata_read ("https://p.example", from, NULL);
  g_assert_true (metadata == NULL || metadata->token_endpoint == NULL
                 || connection_url_problem (metadata->token_endpoint) == NULL);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const char *const secrets[] = { "hush-hush-hush", NULL };
  g_autofree char *input = g_strndup ((const char *) data, size);
  g_auto (GStrv) lines = g_strsplit (input, "\n", 3);
  if (g_strv_length (lines) < 3)
    return 0;
  g_autoptr (GBytes) body = g_bytes_new (lines[2], strlen (lines[2]));
  const OAuthAnswer from = { .status = (guint) CLAMP (atoi (lines[0]), 100, 999),
                             .content_type = *lines[1] == '\0' ? NULL : lines[1],
                             .retry_after = lines[1],
                             .body = body };
  g_autoptr (TokenAnswer) answer = token_answer_read (&from, secrets, G_USEC_PER_SEC);
  g_assert_true ((answer->token == NULL) == (answer->words != NULL));
  g_assert_true (answer->words == NULL || g_utf8_validate (answer->words, -1, NULL));
  g_assert_true (answer->words == NULL || strstr (answer->words, secrets[0]) == NULL);
  g_assert_true (answer->lifetime_s >= 0 && answer->retry_after_s >= 0);
  check_metadata (&from);
  return 0;
}
