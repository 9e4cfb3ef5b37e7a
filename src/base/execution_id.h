/* Execution ids: UUID version 7 (RFC 9562 §5.7), lower-case text of 36
 * characters, so that ids sort by the time they were made. Also used for the
 * other ids that Tenon makes (instances, versions). Any thread. */
#pragma once

#include <glib.h>

#define EXECUTION_ID_LENGTH 36

typedef struct
{
  char text[EXECUTION_ID_LENGTH + 1];
} ExecutionId;

void execution_id_make (ExecutionId *id);
gboolean execution_id_is_valid (const char *text);
/* `bytes` random bytes as base64url without padding (for tokens); free with g_free. */
char *random_token (guint bytes);
