/* Frames to structures and back: the field lists of protocol.h. */
#include "worker/private.h"

#include "base/json.h"

void
frame_write_answer (FrameWriter *frame, const HttpAnswer *answer)
{
  frame_write_u32 (frame, answer->status);
  frame_write_string (frame, answer->content_type);
  frame_write_u32 (frame, answer->headers->len / 2);
  for (guint i = 0; i < answer->headers->len; i++)
    frame_write_string (frame, g_ptr_array_index (answer->headers, i));
  frame_write_u8 (frame, answer->body != NULL);
  frame_write_gbytes (frame, answer->body);
}

static void
read_resumed (FrameReader *reader, FlowStart *start)
{
  /* A text, a value and three lengths. */
  guint32 n = frame_read_count (reader, 17);
  start->resumed = g_ptr_array_new_with_free_func ((GDestroyNotify) flow_resumed_free);
  for (guint32 i = 0; i < n && !reader->has_failed; i++)
    {
      FlowResumed *resumed = g_new0 (FlowResumed, 1);
      g_ptr_array_add (start->resumed, resumed);
      resumed->path = frame_read_text (reader);
      resumed->results = frame_read_value (reader);
      resumed->error = frame_read_gbytes (reader);
      resumed->states = frame_read_gbytes (reader);
      resumed->sealed = frame_read_gbytes (reader);
    }
}

/* A worker runs one instance's flows, whose limits are few and come with every execution. */
static gboolean
read_limits (GBytes *bytes, Limits *limits, GError **error)
{
  static GBytes *last_bytes;
  static Limits last;
  if (last_bytes != NULL && g_bytes_equal (last_bytes, bytes))
    {
      *limits = last;
      return TRUE;
    }
  g_autoptr (json_t) json = json_parse_bytes (bytes, error);
  limits_init (limits);
  if (json == NULL || !limits_from_json (limits, json, error))
    return FALSE;
  g_clear_pointer (&last_bytes, g_bytes_unref);
  last_bytes = g_bytes_new (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  last = *limits;
  return TRUE;
}

FlowStart *
read_start (Frame *frame, GError **error)
{
  FrameReader reader;
  g_autoptr (FlowStart) start = g_new0 (FlowStart, 1);
  frame_reader_init (&reader, frame);
  start->slot = frame->stream;
  start->execution_id = frame_read_text (&reader);
  start->flow_index = frame_read_u32 (&reader);
  start->invoke_type = frame_read_u8 (&reader);
  start->is_synchronous = frame_read_bool (&reader);
  start->started_at_us = frame_read_i64 (&reader);
  start->invoke_url = frame_read_text (&reader);
  start->payload_kind = frame_read_u8 (&reader);
  start->payload = frame_read_value (&reader);
  start->states = frame_read_gbytes (&reader);
  g_autoptr (GBytes) limits = frame_read_gbytes (&reader);
  start->mocks = frame_read_gbytes (&reader);
  read_resumed (&reader, start);
  if (!frame_reader_end (&reader, error) || !read_limits (limits, &start->limits, error))
    return NULL;
  return g_steal_pointer (&start);
}
