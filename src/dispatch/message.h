/* What workers say, read and checked. Every function fails with FRAME_ERROR_MALFORMED where a frame
 * is not what a worker of ours would write: then that worker is to be ended. */
#pragma once

#include "dispatch/answer.h"
#include "store/store.h"

typedef struct
{
  gboolean is_success;
  Answer *answer;    /* may be NULL */
  GPtrArray *states; /* of StoreState, `owner` not set */
  GBytes *error;     /* may be NULL */
  guint64 cpu_us, memory_bytes;
} FinishedMessage;
void finished_message_clear (FinishedMessage *message);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FinishedMessage, finished_message_clear)

/* Free with g_free. WORKER_UNFIT and EXECUTION_REJECTED. */
char *message_read_text (const Frame *frame, GError **error);
/* *answer NULL = the default one. */
gboolean message_read_response (const Frame *frame, Answer **answer, GError **error);
/* `most_bytes` of results; beyond, *is_too_large and no error. */
StoreStep *
message_read_step (const Frame *frame, gsize most_bytes, gboolean *is_too_large, GError **error);
/* Of StoreLogLine; *text_bytes counts their texts. */
GArray *message_read_log (const Frame *frame, gsize *text_bytes, GError **error);
gboolean message_read_finished (const Frame *frame, FinishedMessage *message, GError **error);
