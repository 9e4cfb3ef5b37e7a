/* Frames, their fields, and the blocking way of moving them. See frame_channel.c
 * for the channel. */
#include "base/frame.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

G_DEFINE_QUARK (frame - error - quark, frame_error)

/* --- writing --- */

struct FrameWriter
{
  GByteArray *bytes;
};

static void
append_le32 (GByteArray *bytes, guint32 v)
{
  v = GUINT32_TO_LE (v);
  g_byte_array_append (bytes, (const guint8 *) &v, sizeof v);
}

static void
append_le64 (GByteArray *bytes, guint64 v)
{
  v = GUINT64_TO_LE (v);
  g_byte_array_append (bytes, (const guint8 *) &v, sizeof v);
}

FrameWriter *
frame_writer_new (guint16 type, guint64 stream)
{
  FrameWriter *writer = g_new (FrameWriter, 1);
  guint16 le_type = GUINT16_TO_LE (type), no_fds = 0;

  writer->bytes = g_byte_array_sized_new (256);
  append_le32 (writer->bytes, 0); /* the length, filled in at the end */
  g_byte_array_append (writer->bytes, (const guint8 *) &le_type, sizeof le_type);
  g_byte_array_append (writer->bytes, (const guint8 *) &no_fds, sizeof no_fds);
  append_le64 (writer->bytes, stream);
  return writer;
}

void
frame_writer_free (FrameWriter *writer)
{
  g_byte_array_unref (writer->bytes);
  g_free (writer);
}

void
frame_write_u8 (FrameWriter *writer, guint8 v)
{
  g_byte_array_append (writer->bytes, &v, 1);
}

void
frame_write_u32 (FrameWriter *writer, guint32 v)
{
  append_le32 (writer->bytes, v);
}

void
frame_write_u64 (FrameWriter *writer, guint64 v)
{
  append_le64 (writer->bytes, v);
}

void
frame_write_i64 (FrameWriter *writer, gint64 v)
{
  append_le64 (writer->bytes, (guint64) v);
}

void
frame_write_bytes (FrameWriter *writer, gconstpointer data, gsize length)
{
  g_assert (length < G_MAXUINT32);
  append_le32 (writer->bytes, (guint32) length);
  if (length > 0)
    g_byte_array_append (writer->bytes, data, (guint) length);
}

void
frame_write_gbytes (FrameWriter *writer, GBytes *bytes)
{
  gsize length = 0;
  gconstpointer data = bytes == NULL ? NULL : g_bytes_get_data (bytes, &length);
  frame_write_bytes (writer, data, length);
}

/* A length that no frame can have marks NULL. */
#define NULL_STRING G_MAXUINT32

void
frame_write_string (FrameWriter *writer, const char *text)
{
  if (text == NULL)
    append_le32 (writer->bytes, NULL_STRING);
  else
    frame_write_bytes (writer, text, strlen (text));
}

void
frame_write_value (FrameWriter *writer, Value *v)
{
  gboolean is_defined = v != NULL && !value_is_undefined (v);
  frame_write_u8 (writer, (guint8) is_defined);
  if (!is_defined)
    return;
  frame_write_gbytes (writer, value_json (v));
  frame_write_u32 (writer, value_n_parts (v));
  for (guint i = 0; i < value_n_parts (v); i++)
    {
      const BinaryPart *part = value_part (v, i);
      frame_write_string (writer, part->pointer);
      frame_write_gbytes (writer, part->bytes);
    }
}

GBytes *
frame_writer_end (FrameWriter *writer)
{
  guint32 length = GUINT32_TO_LE (writer->bytes->len - FRAME_HEADER_BYTES);
  memcpy (writer->bytes->data, &length, sizeof length);
  GBytes *frame = g_byte_array_free_to_bytes (writer->bytes);
  g_free (writer);
  return frame;
}

/* --- reading --- */

void
frame_clear (Frame *frame)
{
  g_clear_pointer (&frame->body, g_bytes_unref);
  for (guint i = 0; i < frame->n_fds; i++)
    if (frame->fds[i] >= 0)
      close (frame->fds[i]);
  frame->n_fds = 0;
}

void
frame_reader_init (FrameReader *reader, const Frame *frame)
{
  reader->frame = frame;
  reader->at = 0;
  reader->has_failed = FALSE;
}

/* The next `n` bytes, or NULL for good. */
static const guint8 *
take (FrameReader *reader, gsize n)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (reader->frame->body, &size);
  if (reader->has_failed || size - reader->at < n)
    {
      reader->has_failed = TRUE;
      return NULL;
    }
  reader->at += n;
  /* An empty body has no address; any will do for no bytes. */
  return data == NULL ? (const guint8 *) "" : data + reader->at - n;
}

guint8
frame_read_u8 (FrameReader *reader)
{
  const guint8 *data = take (reader, 1);
  return data == NULL ? 0 : *data;
}

gboolean
frame_read_bool (FrameReader *reader)
{
  guint8 v = frame_read_u8 (reader);
  if (v > 1)
    reader->has_failed = TRUE;
  return v == 1;
}

guint32
frame_read_u32 (FrameReader *reader)
{
  guint32 v = 0;
  const guint8 *data = take (reader, sizeof v);
  if (data != NULL)
    memcpy (&v, data, sizeof v);
  return GUINT32_FROM_LE (v);
}

guint64
frame_read_u64 (FrameReader *reader)
{
  guint64 v = 0;
  const guint8 *data = take (reader, sizeof v);
  if (data != NULL)
    memcpy (&v, data, sizeof v);
  return GUINT64_FROM_LE (v);
}

gint64
frame_read_i64 (FrameReader *reader)
{
  return (gint64) frame_read_u64 (reader);
}

GBytes *
frame_read_gbytes (FrameReader *reader)
{
  guint32 length = frame_read_u32 (reader);
  if (take (reader, length) == NULL)
    return NULL;
  return g_bytes_new_from_bytes (reader->frame->body, reader->at - length, length);
}

static char *
read_string (FrameReader *reader, guint32 length)
{
  const guint8 *data = take (reader, length);
  if (data == NULL)
    return NULL;
  if (!g_utf8_validate ((const char *) data, (gssize) length, NULL)) /* refuses NUL too */
    {
      reader->has_failed = TRUE;
      return NULL;
    }
  return g_strndup ((const char *) data, length);
}

char *
frame_read_string (FrameReader *reader)
{
  guint32 length = frame_read_u32 (reader);
  return length == NULL_STRING ? NULL : read_string (reader, length);
}

char *
frame_read_text (FrameReader *reader)
{
  return read_string (reader, frame_read_u32 (reader));
}

guint32
frame_read_count (FrameReader *reader, gsize least_bytes)
{
  guint32 n = frame_read_u32 (reader);
  gsize left = g_bytes_get_size (reader->frame->body) - reader->at;
  if (!reader->has_failed && n > left / MAX (least_bytes, 1))
    reader->has_failed = TRUE;
  return reader->has_failed ? 0 : n;
}

static GPtrArray *
read_parts (FrameReader *reader)
{
  guint32 n = frame_read_count (reader, 8);
  if (n == 0)
    return NULL;
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify) binary_part_free);
  for (guint32 i = 0; i < n && !reader->has_failed; i++)
    {
      g_autofree char *pointer = frame_read_text (reader);
      g_autoptr (GBytes) bytes = frame_read_gbytes (reader);
      if (pointer != NULL && bytes != NULL)
        g_ptr_array_add (parts, binary_part_new (pointer, bytes));
    }
  return parts;
}

Value *
frame_read_value (FrameReader *reader)
{
  if (!frame_read_bool (reader))
    return reader->has_failed ? NULL : value_new_undefined ();

  g_autoptr (GBytes) json = frame_read_gbytes (reader);
  g_autoptr (GPtrArray) parts = read_parts (reader);
  if (json != NULL
      && !g_utf8_validate_len (g_bytes_get_data (json, NULL), g_bytes_get_size (json), NULL))
    reader->has_failed = TRUE;
  return reader->has_failed ? NULL : value_new (json, g_steal_pointer (&parts));
}

gboolean
frame_reader_end (FrameReader *reader, GError **error)
{
  gsize size = g_bytes_get_size (reader->frame->body);
  if (!reader->has_failed && reader->at == size)
    return TRUE;
  g_set_error (error, FRAME_ERROR, FRAME_ERROR_MALFORMED,
               "a frame of type %u with %" G_GSIZE_FORMAT " bytes does not have the fields of its "
               "type (%s byte %" G_GSIZE_FORMAT ")",
               reader->frame->type, size, reader->has_failed ? "stopped at" : "left over from",
               reader->at);
  return FALSE;
}

/* --- the blocking way --- */

gboolean
frame_socketpair (int fds[2], GError **error)
{
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "socketpair: %s",
               g_strerror (errno));
  return FALSE;
}

static gboolean
fail_errno (const char *what, GError **error)
{
  int code = errno == EPIPE || errno == ECONNRESET ? FRAME_ERROR_CLOSED : FRAME_ERROR_MALFORMED;
  g_set_error (error, FRAME_ERROR, code, "%s: %s", what, g_strerror (errno));
  return FALSE;
}

/* Waits until a descriptor that may be non-blocking is ready. */
static void
wait_for (int fd, short events)
{
  struct pollfd poll_fd = { .fd = fd, .events = events };
  poll (&poll_fd, 1, -1);
}

static gssize
send_with_fds (int fd, const guint8 *data, gsize size, const int *fds, guint n_fds)
{
  struct iovec iov = { .iov_base = (void *) data, .iov_len = size };
  union
  {
    char buffer[CMSG_SPACE (sizeof (int) * FRAME_MAX_FDS)];
    struct cmsghdr align;
  } control = { 0 };
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

  if (n_fds > 0)
    {
      message.msg_control = control.buffer;
      message.msg_controllen = CMSG_SPACE (sizeof (int) * n_fds);
      struct cmsghdr *header = CMSG_FIRSTHDR (&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN (sizeof (int) * n_fds);
      memcpy (CMSG_DATA (header), fds, sizeof (int) * n_fds);
    }
  return sendmsg (fd, &message, MSG_NOSIGNAL);
}

gboolean
frame_send (int fd, GBytes *frame, const int *fds, guint n_fds, GError **error)
{
  gsize size, at = 0;
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));
  size = g_bytes_get_size (frame);
  g_assert (n_fds <= FRAME_MAX_FDS && size >= FRAME_HEADER_BYTES);
  data[6] = (guint8) n_fds;

  while (at < size)
    {
      gssize sent = send_with_fds (fd, data + at, size - at, fds, at == 0 ? n_fds : 0);
      if (sent >= 0)
        at += (gsize) sent;
      else if (errno == EAGAIN)
        wait_for (fd, POLLOUT);
      else if (errno != EINTR)
        return fail_errno ("sending a frame", error);
    }
  return TRUE;
}

/* Moves descriptors out of a received message into the frame; more than fit are closed. */
static void
collect_fds (struct msghdr *message, Frame *frame)
{
  for (struct cmsghdr *header = CMSG_FIRSTHDR (message); header != NULL;
       header = CMSG_NXTHDR (message, header))
    {
      if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        continue;
      guint n = (guint) ((header->cmsg_len - CMSG_LEN (0)) / sizeof (int));
      for (guint i = 0; i < n; i++)
        {
          int fd;
          memcpy (&fd, CMSG_DATA (header) + i * sizeof (int), sizeof fd);
          if (frame->n_fds < FRAME_MAX_FDS)
            frame->fds[frame->n_fds++] = fd;
          else
            close (fd);
        }
    }
}

/* Reads exactly `size` bytes; *got tells how many came before an orderly end. */
static gboolean
receive_exactly (int fd, guint8 *data, gsize size, gboolean accepts_fds, Frame *frame, gsize *got,
                 GError **error)
{
  *got = 0;
  while (*got < size)
    {
      union
      {
        char buffer[CMSG_SPACE (sizeof (int) * FRAME_MAX_FDS)];
        struct cmsghdr align;
      } control;
      struct iovec iov = { .iov_base = data + *got, .iov_len = size - *got };
      struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
      if (accepts_fds)
        {
          message.msg_control = control.buffer;
          message.msg_controllen = sizeof control.buffer;
        }
      gssize n = recvmsg (fd, &message, MSG_CMSG_CLOEXEC);
      if (n == 0)
        break;
      if (n < 0 && errno == EAGAIN)
        wait_for (fd, POLLIN);
      else if (n < 0 && errno != EINTR)
        return fail_errno ("receiving a frame", error);
      if (n > 0)
        {
          *got += (gsize) n;
          collect_fds (&message, frame);
        }
    }
  return TRUE;
}

static gboolean
receive_body (int fd, gsize length, gboolean accepts_fds, Frame *frame, GError **error)
{
  g_autofree guint8 *body = g_malloc (length);
  gsize got;
  if (!receive_exactly (fd, body, length, accepts_fds, frame, &got, error))
    return FALSE;
  if (got < length)
    {
      g_set_error (error, FRAME_ERROR, FRAME_ERROR_MALFORMED, "the channel ended inside a frame");
      return FALSE;
    }
  frame->body = g_bytes_new_take (g_steal_pointer (&body), length);
  return TRUE;
}

gboolean
frame_receive (int fd, gsize max_frame_bytes, gboolean accepts_fds, Frame *frame, GError **error)
{
  guint8 header[FRAME_HEADER_BYTES];
  gsize got;

  memset (frame, 0, sizeof *frame);
  if (!receive_exactly (fd, header, sizeof header, accepts_fds, frame, &got, error))
    return FALSE;
  if (got == 0)
    return FALSE;

  guint32 length = header[0] | (guint32) header[1] << 8 | (guint32) header[2] << 16
                   | (guint32) header[3] << 24;
  frame->type = (guint16) (header[4] | header[5] << 8);
  memcpy (&frame->stream, header + 8, sizeof frame->stream);
  frame->stream = GUINT64_FROM_LE (frame->stream);
  if (got < sizeof header || length > max_frame_bytes)
    g_set_error (error, FRAME_ERROR, FRAME_ERROR_TOO_LARGE,
                 "a frame of %u bytes is over the channel's limit of %" G_GSIZE_FORMAT
                 ", or the channel ended inside its header",
                 length, max_frame_bytes);
  else if (receive_body (fd, length, accepts_fds, frame, error))
    return TRUE;
  frame_clear (frame);
  return FALSE;
}
