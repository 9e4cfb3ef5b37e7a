/* HTTP answers, counted and not changed once made. */
#pragma once

#include "base/frame.h"
#include "dispatch/dispatch.h"

typedef struct
{
  guint status;
  char *content_type; /* may be NULL */
  GPtrArray *headers; /* of char*, name and value in turn; may be NULL */
  GBytes *body;       /* NULL = the default one, {"executionId": "…"} */
} Answer;

Answer *answer_ref (Answer *answer);
void answer_unref (Answer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Answer, answer_unref)
/* 200 with the default body. */
Answer *answer_new_default (void);
Answer *answer_new_error (guint status, const char *message); /* {"error": message} */
/* HttpAnswer fields of a frame; a status or a header that HTTP does not have fails the reader. */
Answer *answer_read (FrameReader *reader);
/* Fills in the default body; valid while `answer` and *default_body live. */
WebhookAnswer answer_view (const Answer *answer, const char *execution_id, GBytes **default_body);
/* What a plain webhook trigger answers where that follows from the definition alone; NULL where
 * only the worker can say. */
Answer *answer_of_trigger (const Step *trigger);
