#include "flow/http_answer.h"

HttpAnswer *
http_answer_new (guint status)
{
  HttpAnswer *answer = g_new0 (HttpAnswer, 1);
  answer->status = status;
  answer->headers = g_ptr_array_new_with_free_func (g_free);
  return answer;
}

void
http_answer_free (HttpAnswer *answer)
{
  g_free (answer->content_type);
  g_ptr_array_unref (answer->headers);
  g_clear_pointer (&answer->body, g_bytes_unref);
  g_free (answer);
}
