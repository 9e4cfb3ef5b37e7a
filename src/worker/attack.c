/* The test hook of debug builds: native code inside a real worker, after the
 * sandbox is on. tests/attack/ drives it. */
#include "worker/private.h"

#ifdef TENON_TEST_HOOKS

#  include "sandbox/sandbox.h"

void
worker_attack (Worker *worker, Frame *frame)
{
  FrameReader reader;
  g_autofree char *detail = NULL;
  frame_reader_init (&reader, frame);
  g_autofree char *name = frame_read_text (&reader);
  if (!frame_reader_end (&reader, NULL))
    return;

  gboolean was_refused = attack_run (name, &detail);
  FrameWriter *answer = frame_writer_new (WORKER_ATTACK_RESULT, frame->stream);
  frame_write_string (answer, name);
  frame_write_u8 (answer, (guint8) was_refused);
  frame_write_string (answer, detail == NULL ? "" : detail);
  frame_channel_send_writer (worker->channel, answer);
}

#endif
