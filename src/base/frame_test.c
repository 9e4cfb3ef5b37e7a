#include "base/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct
{
  GPtrArray *frames; /* of GBytes: bodies */
  GArray *types;
  gboolean is_closed;
  GError *error;
  int fd;
  gboolean frees_itself;
} Peer;

static void
peer_clear (Peer *peer)
{
  g_ptr_array_unref (peer->frames);
  g_array_unref (peer->types);
  g_clear_error (&peer->error);
  if (peer->fd >= 0)
    close (peer->fd);
}

static void
peer_init (Peer *peer)
{
  memset (peer, 0, sizeof *peer);
  peer->frames = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  peer->types = g_array_new (FALSE, FALSE, sizeof (guint16));
  peer->fd = -1;
}

static void
peer_frame (FrameChannel *channel, Frame *frame, gpointer data)
{
  Peer *peer = data;
  g_ptr_array_add (peer->frames, g_bytes_ref (frame->body));
  g_array_append_val (peer->types, frame->type);
  if (frame->n_fds > 0)
    {
      peer->fd = frame->fds[0];
      frame->fds[0] = -1;
    }
  if (peer->frees_itself)
    frame_channel_free (channel);
}

static void
peer_closed (FrameChannel *channel, const GError *error, gpointer data)
{
  Peer *peer = data;
  g_assert_false (peer->is_closed);
  peer->is_closed = TRUE;
  peer->error = error == NULL ? NULL : g_error_copy (error);
}

static void
turn (void)
{
  for (int i = 0; i < 50; i++)
    g_main_context_iteration (NULL, FALSE);
}

static const FrameChannelOptions options
    = { .max_frame_bytes = 4 << 20, .max_queue_bytes = 16 << 20, .accepts_fds = TRUE };

static GBytes *
frame_with_bytes (guint16 type, gsize n)
{
  g_autofree char *data = g_malloc (n + 1);
  memset (data, 'x', n);
  FrameWriter *writer = frame_writer_new (type, 7);
  frame_write_bytes (writer, data, n);
  return frame_writer_end (writer);
}

static void
every_kind_of_field_is_read_back (void)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func ((GDestroyNotify) binary_part_free);
  g_autoptr (GBytes) binary = g_bytes_new_static ("\0\xff", 2);
  g_autoptr (GBytes) json = g_bytes_new_static ("{\"a\":null}", 10);
  g_ptr_array_add (parts, binary_part_new ("/a", binary));
  g_autoptr (Value) value = value_new (json, g_steal_pointer (&parts));

  FrameWriter *writer = frame_writer_new (9, G_GUINT64_CONSTANT (0x1122334455667788));
  frame_write_u8 (writer, 200);
  frame_write_u32 (writer, G_MAXUINT32);
  frame_write_i64 (writer, G_MININT64);
  frame_write_string (writer, NULL);
  frame_write_string (writer, "");
  frame_write_string (writer, "gr\xc3\xbc\xc3\x9f");
  frame_write_value (writer, value);
  frame_write_value (writer, NULL);
  g_autoptr (GBytes) bytes = frame_writer_end (writer);

  int fds[2];
  Frame frame;
  FrameReader reader;
  g_assert_true (frame_socketpair (fds, NULL));
  g_assert_true (frame_send (fds[0], bytes, NULL, 0, NULL));
  g_assert_true (frame_receive (fds[1], 4096, FALSE, &frame, NULL));
  g_assert_cmpuint (frame.type, ==, 9);
  g_assert_cmpuint (frame.stream, ==, G_GUINT64_CONSTANT (0x1122334455667788));

  frame_reader_init (&reader, &frame);
  g_assert_cmpuint (frame_read_u8 (&reader), ==, 200);
  g_assert_cmpuint (frame_read_u32 (&reader), ==, G_MAXUINT32);
  g_assert_cmpint (frame_read_i64 (&reader), ==, G_MININT64);
  g_assert_null (frame_read_string (&reader));
  g_autofree char *empty = frame_read_text (&reader);
  g_autofree char *text = frame_read_text (&reader);
  g_assert_cmpstr (empty, ==, "");
  g_assert_cmpstr (text, ==, "gr\xc3\xbc\xc3\x9f");
  g_autoptr (Value) back = frame_read_value (&reader);
  g_autoptr (Value) undefined = frame_read_value (&reader);
  g_assert_true (frame_reader_end (&reader, NULL));
  g_assert_true (g_bytes_equal (value_json (back), json));
  g_assert_cmpstr (value_part (back, 0)->pointer, ==, "/a");
  g_assert_true (g_bytes_equal (value_part (back, 0)->bytes, binary));
  g_assert_true (value_is_undefined (undefined));
  frame_clear (&frame);
  close (fds[0]);
  close (fds[1]);
}

static void
a_frame_that_does_not_have_its_fields_is_refused (void)
{
  static const struct
  {
    const char *bytes;
    gsize length;
  } rows[] = {
    { "", 0 },                 /* nothing */
    { "\5\0\0\0abc", 7 },      /* a length past the end */
    { "\377\377\377\377", 4 }, /* NULL where a text must be */
    { "\2\0\0\0\xc3\x28", 6 }, /* not UTF-8 */
    { "\3\0\0\0a\0b", 7 },     /* NUL in a text */
    { "\1\0\0\0ax", 6 },       /* a byte left over */
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      Frame frame = { .type = 3 };
      FrameReader reader;
      frame.body = g_bytes_new_static (rows[i].bytes, rows[i].length);
      frame_reader_init (&reader, &frame);
      g_autofree char *text = frame_read_text (&reader);
      g_assert_false (frame_reader_end (&reader, &error));
      g_assert_error (error, FRAME_ERROR, FRAME_ERROR_MALFORMED);
      frame_clear (&frame);
    }
}

static void
a_strangers_count_allocates_nothing (void)
{
  Frame frame = { .type = 3 };
  FrameReader reader;
  frame.body = g_bytes_new_static ("\377\377\377\177", 4);
  frame_reader_init (&reader, &frame);
  g_assert_cmpuint (frame_read_count (&reader, 8), ==, 0);
  g_assert_true (reader.has_failed);
  frame_clear (&frame);
}

static void
a_channel_carries_small_and_large_frames_in_order (void)
{
  static const gsize sizes[] = { 0, 1, 100, 65000, 65536, 70000, 3000000, 5 };
  int fds[2];
  Peer near, far;
  peer_init (&near);
  peer_init (&far);
  g_assert_true (frame_socketpair (fds, NULL));
  g_autoptr (FrameChannel) a
      = frame_channel_new (fds[0], NULL, &options, peer_frame, peer_closed, &near);
  g_autoptr (FrameChannel) b
      = frame_channel_new (fds[1], NULL, &options, peer_frame, peer_closed, &far);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GBytes) frame = frame_with_bytes ((guint16) i, sizes[i]);
      g_assert_true (frame_channel_send (a, frame, NULL));
    }
  for (int i = 0; i < 100 && far.frames->len < G_N_ELEMENTS (sizes); i++)
    turn ();
  g_assert_cmpuint (far.frames->len, ==, G_N_ELEMENTS (sizes));
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_assert_cmpuint (g_array_index (far.types, guint16, i), ==, i);
      g_assert_cmpuint (g_bytes_get_size (g_ptr_array_index (far.frames, i)), ==, sizes[i] + 4);
    }
  g_assert_cmpuint (frame_channel_queued_bytes (a), ==, 0);
  peer_clear (&near);
  peer_clear (&far);
}

static void
a_descriptor_travels_with_its_frame (void)
{
  int fds[2], pipe_fds[2];
  Peer near, far;
  peer_init (&near);
  peer_init (&far);
  g_assert_true (frame_socketpair (fds, NULL));
  g_assert_cmpint (pipe (pipe_fds), ==, 0);
  g_autoptr (FrameChannel) a
      = frame_channel_new (fds[0], NULL, &options, peer_frame, peer_closed, &near);
  g_autoptr (FrameChannel) b
      = frame_channel_new (fds[1], NULL, &options, peer_frame, peer_closed, &far);
  g_autoptr (GBytes) first = frame_with_bytes (1, 3), second = frame_with_bytes (2, 3);
  g_assert_true (frame_channel_send (a, first, NULL));
  g_assert_true (frame_channel_send_fds (a, second, &pipe_fds[1], 1, NULL));
  g_assert_true (frame_channel_send (a, first, NULL));
  turn ();
  g_assert_cmpuint (far.frames->len, ==, 3);
  char byte = 0;
  g_assert_cmpint (write (far.fd, "!", 1), ==, 1);
  g_assert_cmpint (read (pipe_fds[0], &byte, 1), ==, 1);
  g_assert_cmpint (byte, ==, '!');
  close (pipe_fds[0]);
  close (pipe_fds[1]);
  peer_clear (&near);
  peer_clear (&far);
}

static void
check_raw_bytes_close_the_channel (const char *bytes, gsize length, int code)
{
  int fds[2];
  Peer peer;
  peer_init (&peer);
  g_assert_true (frame_socketpair (fds, NULL));
  g_autoptr (FrameChannel) channel
      = frame_channel_new (fds[0], NULL, &options, peer_frame, peer_closed, &peer);
  g_assert_cmpint (write (fds[1], bytes, length), ==, (gssize) length);
  shutdown (fds[1], SHUT_WR);
  turn ();
  g_assert_true (peer.is_closed);
  g_assert_error (peer.error, FRAME_ERROR, code);
  g_assert_false (frame_channel_is_open (channel));
  close (fds[1]);
  peer_clear (&peer);
}

static void
an_oversized_or_broken_frame_closes_the_channel (void)
{
  static const char huge[16] = "\377\377\377\177\1\0\0\0";
  static const char cut[18] = "\10\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0ab";
  static const char many_fds[16] = "\0\0\0\0\1\0\100\0";
  check_raw_bytes_close_the_channel (huge, sizeof huge, FRAME_ERROR_TOO_LARGE);
  check_raw_bytes_close_the_channel (cut, sizeof cut, FRAME_ERROR_MALFORMED);
  check_raw_bytes_close_the_channel (cut, 5, FRAME_ERROR_MALFORMED);
  check_raw_bytes_close_the_channel (many_fds, sizeof many_fds, FRAME_ERROR_MALFORMED);
}

static void
the_send_queue_is_bounded (void)
{
  int fds[2];
  Peer peer;
  g_autoptr (GError) error = NULL;
  peer_init (&peer);
  g_assert_true (frame_socketpair (fds, NULL));
  g_autoptr (FrameChannel) channel
      = frame_channel_new (fds[0], NULL, &options, peer_frame, peer_closed, &peer);
  g_autoptr (GBytes) frame = frame_with_bytes (1, 3 << 20);
  guint n = 0;
  while (n < 100 && frame_channel_send (channel, frame, &error))
    n++;
  g_assert_cmpuint (n, ==, 5);
  g_assert_error (error, FRAME_ERROR, FRAME_ERROR_FULL);
  close (fds[1]);
  turn ();
  g_assert_true (peer.is_closed);
  peer_clear (&peer);
}

static void
a_channel_may_be_freed_inside_its_handler (void)
{
  int fds[2];
  Peer peer;
  peer_init (&peer);
  peer.frees_itself = TRUE;
  g_assert_true (frame_socketpair (fds, NULL));
  frame_channel_new (fds[0], NULL, &options, peer_frame, peer_closed, &peer);
  g_autoptr (GBytes) frame = frame_with_bytes (1, 10);
  g_assert_true (frame_send (fds[1], frame, NULL, 0, NULL));
  g_assert_true (frame_send (fds[1], frame, NULL, 0, NULL));
  turn ();
  g_assert_cmpuint (peer.frames->len, ==, 1);
  g_assert_false (peer.is_closed);
  close (fds[1]);
  peer_clear (&peer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/frame/" #name, name)
  ADD (every_kind_of_field_is_read_back);
  ADD (a_frame_that_does_not_have_its_fields_is_refused);
  ADD (a_strangers_count_allocates_nothing);
  ADD (a_channel_carries_small_and_large_frames_in_order);
  ADD (a_descriptor_travels_with_its_frame);
  ADD (an_oversized_or_broken_frame_closes_the_channel);
  ADD (the_send_queue_is_bounded);
  ADD (a_channel_may_be_freed_inside_its_handler);
  return g_test_run ();
}
