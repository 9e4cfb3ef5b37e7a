/* An HTTP answer as a step or a trigger gave it. */
#pragma once

#include <gio/gio.h>

typedef struct
{
  guint status;
  char *content_type; /* may be NULL */
  GPtrArray *headers; /* of char*, name and value in turn; never NULL */
  GBytes *body;       /* NULL = none given */
} HttpAnswer;

HttpAnswer *http_answer_new (guint status);
void http_answer_free (HttpAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HttpAnswer, http_answer_free)
