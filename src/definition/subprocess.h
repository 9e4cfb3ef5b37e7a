/* A helper program run to its end: text in, text out, a time limit.
 *
 * By posix_spawn and poll rather than GSubprocess: no thread is started, so
 * a process that builds a version may fork afterwards. Only the standard
 * descriptors are passed on, and only the environment given.
 */
#pragma once

#include <gio/gio.h>

typedef struct
{
  int status; /* exit status; -1 = ended by a signal */
  char *out;
  char *err;
  gsize out_length;
} SubprocessResult;

void subprocess_result_clear (SubprocessResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SubprocessResult, subprocess_result_clear)

/* `input` may be NULL. FALSE: could not be started, took too long, or wrote more than `max_bytes`.
 */
gboolean subprocess_run (const char *const *argv, const char *const *environment,
                         const char *folder, const char *input, guint timeout_ms, gsize max_bytes,
                         SubprocessResult *result, GError **error);
