/* Arbitrary bytes as a channel's stream, read field by field in an order that
 * the frame's type picks. */
#include "base/frame.h"

#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
read_fields (FrameChannel *channel, Frame *frame, gpointer unused)
{
  FrameReader reader;
  frame_reader_init (&reader, frame);
  for (guint order = frame->type; order != 0; order >>= 2)
    switch (order & 3)
      {
      case 0:
        g_free (frame_read_string (&reader));
        break;
      case 1:
        g_clear_pointer (&(GBytes *){ frame_read_gbytes (&reader) }, g_bytes_unref);
        break;
      case 2:
        g_clear_pointer (&(Value *){ frame_read_value (&reader) }, value_unref);
        break;
      default:
        frame_read_count (&reader, 4);
        frame_read_bool (&reader);
        frame_read_i64 (&reader);
      }
  frame_reader_end (&reader, NULL);
}

static void
closed (FrameChannel *channel, const GError *error, gpointer unused)
{
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const FrameChannelOptions options
      = { .max_frame_bytes = 1 << 20, .max_queue_bytes = 1 << 20, .accepts_fds = TRUE };
  int fds[2];
  if (!frame_socketpair (fds, NULL))
    return 0;
  FrameChannel *channel = frame_channel_new (fds[0], NULL, &options, read_fields, closed, NULL);
  if (send (fds[1], data, MIN (size, 100000), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
    shutdown (fds[1], SHUT_WR);
  for (int i = 0; i < 20 && frame_channel_is_open (channel); i++)
    g_main_context_iteration (NULL, FALSE);
  frame_channel_free (channel);
  close (fds[1]);

  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  Value *value = value_decode (bytes, NULL);
  if (value != NULL)
    {
      g_free (value_to_json (value));
      value_unref (value);
    }
  return 0;
}
