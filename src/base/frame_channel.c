/* A channel is one GSource on one socket.
 *
 * Reading: bytes come into a buffer of fixed size; small frames are cut out of
 * it, and a frame that does not fit gets memory of its own which the socket is
 * then read into directly, so that a large body is copied by the kernel only.
 * Writing: frames wait in a queue; the source is ready as long as there are
 * some and the socket takes them, so whatever is queued in one turn of the loop
 * leaves together in the next, in one sendmsg.
 *
 * The channel is counted internally: freeing it inside its own handler marks it
 * closed, and the memory goes when the dispatch has ended.
 */
#include "base/frame.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES (64 << 10)
#define WRITE_VECTORS 64
/* Other sources must get their turn. */
#define READS_PER_DISPATCH 8

typedef struct
{
  GBytes *bytes;
  int fds[FRAME_MAX_FDS];
  guint n_fds;
} Outgoing;

struct FrameChannel
{
  GSource source;
  gpointer fd_tag;
  int fd;
  FrameChannelOptions options;
  FrameHandler handler;
  FrameClosed closed;
  gpointer user_data;
  gboolean is_reading, is_write_blocked;

  guint8 *buffer;
  gsize filled;
  guint8 *body; /* of a frame that does not fit the buffer; NULL = none */
  gsize body_length, body_filled;
  Frame body_frame;
  GQueue received_fds; /* GINT_TO_POINTER */

  GQueue outgoing; /* of Outgoing */
  gsize queued_bytes, first_sent;
};

static void
outgoing_free (Outgoing *outgoing)
{
  g_bytes_unref (outgoing->bytes);
  for (guint i = 0; i < outgoing->n_fds; i++)
    close (outgoing->fds[i]);
  g_free (outgoing);
}

static void
update_events (FrameChannel *channel)
{
  GIOCondition events = 0;
  if (channel->fd < 0)
    return;
  if (channel->is_reading)
    events |= G_IO_IN;
  if (channel->is_write_blocked)
    events |= G_IO_OUT;
  g_source_modify_unix_fd (&channel->source, channel->fd_tag, events);
}

static void
close_descriptor (FrameChannel *channel)
{
  if (channel->fd < 0)
    return;
  g_source_remove_unix_fd (&channel->source, channel->fd_tag);
  close (channel->fd);
  channel->fd = -1;
  channel->queued_bytes = 0;
  g_queue_clear_full (&channel->outgoing, (GDestroyNotify) outgoing_free);
}

/* Tells `closed`, once. */
static void
fail (FrameChannel *channel, const GError *error)
{
  if (channel->fd < 0)
    return;
  close_descriptor (channel);
  if (channel->closed != NULL)
    channel->closed (channel, error, channel->user_data);
}

static void
fail_code (FrameChannel *channel, FrameErrorCode code, const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (FRAME_ERROR, code, message);
  fail (channel, error);
}

/* --- reading --- */

static void
give (FrameChannel *channel, Frame *frame, guint announced_fds)
{
  while (frame->n_fds < announced_fds && !g_queue_is_empty (&channel->received_fds))
    frame->fds[frame->n_fds++] = GPOINTER_TO_INT (g_queue_pop_head (&channel->received_fds));
  channel->handler (channel, frame, channel->user_data);
  if (channel->options.wipes)
    secret_wipe ((gpointer) g_bytes_get_data (frame->body, NULL), g_bytes_get_size (frame->body));
  frame_clear (frame);
}

static guint32
header_length (const guint8 *header)
{
  return header[0] | (guint32) header[1] << 8 | (guint32) header[2] << 16
         | (guint32) header[3] << 24;
}

static void
parse_header (const guint8 *header, Frame *frame, guint *announced_fds)
{
  frame->type = (guint16) (header[4] | header[5] << 8);
  *announced_fds = header[6];
  memcpy (&frame->stream, header + 8, sizeof frame->stream);
  frame->stream = GUINT64_FROM_LE (frame->stream);
  frame->n_fds = 0;
  frame->body = NULL;
}

/* The rest of the buffer begins a frame too long for it: collect its body apart. */
static void
begin_large_body (FrameChannel *channel, const guint8 *at, gsize left, gsize length)
{
  guint announced_fds;
  parse_header (at, &channel->body_frame, &announced_fds);
  channel->body = g_malloc (length);
  channel->body_length = length;
  channel->body_filled = left - FRAME_HEADER_BYTES;
  memcpy (channel->body, at + FRAME_HEADER_BYTES, channel->body_filled);
}

static void
end_large_body (FrameChannel *channel)
{
  Frame frame = channel->body_frame;
  frame.body = g_bytes_new_take (g_steal_pointer (&channel->body), channel->body_length);
  give (channel, &frame, 0);
}

/* Gives every whole frame of the buffer; keeps what begins another. */
static void
cut_frames (FrameChannel *channel)
{
  gsize at = 0;
  while (channel->fd >= 0 && channel->filled - at >= FRAME_HEADER_BYTES)
    {
      const guint8 *header = channel->buffer + at;
      gsize left = channel->filled - at, length = header_length (header);
      if (length > channel->options.max_frame_bytes)
        {
          fail_code (channel, FRAME_ERROR_TOO_LARGE, "a frame is over the channel's limit");
          return;
        }
      if (left < FRAME_HEADER_BYTES + length)
        {
          if (FRAME_HEADER_BYTES + length > BUFFER_BYTES)
            {
              begin_large_body (channel, header, left, length);
              at = channel->filled;
            }
          break;
        }
      Frame frame;
      guint announced_fds;
      parse_header (header, &frame, &announced_fds);
      if (announced_fds > FRAME_MAX_FDS)
        {
          fail_code (channel, FRAME_ERROR_MALFORMED, "a frame announces too many descriptors");
          return;
        }
      frame.body = g_bytes_new (header + FRAME_HEADER_BYTES, length);
      at += FRAME_HEADER_BYTES + length;
      give (channel, &frame, announced_fds);
    }
  if (channel->fd < 0)
    return;
  channel->filled -= at;
  if (at > 0 && channel->filled > 0)
    memmove (channel->buffer, channel->buffer + at, channel->filled);
  if (channel->options.wipes)
    secret_wipe (channel->buffer + channel->filled, at);
}

static void
keep_fds (FrameChannel *channel, struct msghdr *message)
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
          g_queue_push_tail (&channel->received_fds, GINT_TO_POINTER (fd));
        }
    }
}

static gssize
receive (FrameChannel *channel, guint8 *to, gsize size)
{
  union
  {
    char buffer[CMSG_SPACE (sizeof (int) * FRAME_MAX_FDS)];
    struct cmsghdr align;
  } control;
  struct iovec iov = { .iov_base = to, .iov_len = size };
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
  gssize n;

  if (!channel->options.accepts_fds)
    {
      do
        n = recv (channel->fd, to, size, 0);
      while (n < 0 && errno == EINTR);
      return n;
    }
  message.msg_control = control.buffer;
  message.msg_controllen = sizeof control.buffer;
  do
    n = recvmsg (channel->fd, &message, MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  if (n > 0)
    keep_fds (channel, &message);
  return n;
}

/* One read; FALSE when there is no more for now. */
static gboolean
read_some (FrameChannel *channel)
{
  gboolean is_large = channel->body != NULL;
  gsize size
      = is_large ? channel->body_length - channel->body_filled : BUFFER_BYTES - channel->filled;
  gssize n = receive (
      channel, is_large ? channel->body + channel->body_filled : channel->buffer + channel->filled,
      size);
  if (n < 0 && errno == EAGAIN)
    return FALSE;
  if (n < 0)
    {
      fail_code (channel, FRAME_ERROR_CLOSED, g_strerror (errno));
      return FALSE;
    }
  if (n == 0)
    {
      if (is_large || channel->filled > 0)
        fail_code (channel, FRAME_ERROR_MALFORMED, "the channel ended inside a frame");
      else
        fail (channel, NULL);
      return FALSE;
    }
  if (is_large)
    {
      channel->body_filled += (gsize) n;
      if (channel->body_filled == channel->body_length)
        end_large_body (channel);
    }
  else
    {
      channel->filled += (gsize) n;
      cut_frames (channel);
    }
  return (gsize) n == size || is_large;
}

/* --- writing --- */

static void
sent (FrameChannel *channel, gsize n)
{
  channel->queued_bytes -= n;
  while (n > 0)
    {
      Outgoing *first = g_queue_peek_head (&channel->outgoing);
      gsize left = g_bytes_get_size (first->bytes) - channel->first_sent;
      if (n < left)
        {
          channel->first_sent += n;
          return;
        }
      n -= left;
      channel->first_sent = 0;
      outgoing_free (g_queue_pop_head (&channel->outgoing));
    }
}

/* Gathers frames up to the first that carries descriptors (which starts a message of its own, since
 * the kernel ties them to the message's first byte). */
static guint
gather (FrameChannel *channel, struct iovec *iov, Outgoing **with_fds)
{
  guint n = 0;
  *with_fds = NULL;
  for (GList *l = channel->outgoing.head; l != NULL && n < WRITE_VECTORS; l = l->next)
    {
      Outgoing *outgoing = l->data;
      gsize size, skip = n == 0 ? channel->first_sent : 0;
      const guint8 *data = g_bytes_get_data (outgoing->bytes, &size);
      if (outgoing->n_fds > 0 && skip == 0)
        {
          if (n > 0)
            break;
          *with_fds = outgoing;
        }
      iov[n].iov_base = (void *) (data + skip);
      iov[n++].iov_len = size - skip;
      if (*with_fds != NULL)
        break;
    }
  return n;
}

static gboolean
write_some (FrameChannel *channel)
{
  struct iovec iov[WRITE_VECTORS];
  Outgoing *with_fds;
  union
  {
    char buffer[CMSG_SPACE (sizeof (int) * FRAME_MAX_FDS)];
    struct cmsghdr align;
  } control = { 0 };
  struct msghdr message = { .msg_iov = iov };

  message.msg_iovlen = gather (channel, iov, &with_fds);
  if (with_fds != NULL)
    {
      message.msg_control = control.buffer;
      message.msg_controllen = CMSG_SPACE (sizeof (int) * with_fds->n_fds);
      struct cmsghdr *header = CMSG_FIRSTHDR (&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN (sizeof (int) * with_fds->n_fds);
      memcpy (CMSG_DATA (header), with_fds->fds, sizeof (int) * with_fds->n_fds);
    }
  gssize n = sendmsg (channel->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0 && errno == EINTR)
    return TRUE;
  if (n < 0)
    {
      channel->is_write_blocked = errno == EAGAIN;
      return FALSE; /* a broken socket is noticed by the reader, with what was still to be read */
    }
  sent (channel, (gsize) n);
  return TRUE;
}

void
frame_channel_flush (FrameChannel *channel)
{
  gboolean was_blocked = channel->is_write_blocked;
  channel->is_write_blocked = FALSE;
  while (channel->fd >= 0 && !g_queue_is_empty (&channel->outgoing) && write_some (channel))
    ;
  if (channel->fd >= 0 && !channel->is_write_blocked && !g_queue_is_empty (&channel->outgoing))
    {
      /* The other side no longer reads. */
      channel->queued_bytes = channel->first_sent = 0;
      g_queue_clear_full (&channel->outgoing, (GDestroyNotify) outgoing_free);
    }
  if (was_blocked != channel->is_write_blocked)
    update_events (channel);
}

/* --- the source --- */

static gboolean
channel_prepare (GSource *source, gint *timeout)
{
  FrameChannel *channel = (FrameChannel *) source;
  *timeout = -1;
  return channel->fd >= 0 && !channel->is_write_blocked && !g_queue_is_empty (&channel->outgoing);
}

static gboolean
channel_check (GSource *source)
{
  FrameChannel *channel = (FrameChannel *) source;
  return channel->fd >= 0
         && (g_source_query_unix_fd (source, channel->fd_tag) != 0
             || (!channel->is_write_blocked && !g_queue_is_empty (&channel->outgoing)));
}

static gboolean
channel_dispatch (GSource *source, GSourceFunc unused, gpointer also_unused)
{
  FrameChannel *channel = (FrameChannel *) source;
  GIOCondition ready = g_source_query_unix_fd (source, channel->fd_tag);

  if (!g_queue_is_empty (&channel->outgoing))
    frame_channel_flush (channel);
  if (ready & (G_IO_IN | G_IO_HUP | G_IO_ERR))
    for (int i = 0; i < READS_PER_DISPATCH && channel->fd >= 0
                    && (channel->is_reading || (ready & (G_IO_HUP | G_IO_ERR)));
         i++)
      if (!read_some (channel))
        break;
  return G_SOURCE_CONTINUE;
}

static void
channel_finalize (GSource *source)
{
  FrameChannel *channel = (FrameChannel *) source;
  gpointer fd;

  if (channel->fd >= 0)
    close (channel->fd);
  while (!g_queue_is_empty (&channel->received_fds))
    {
      fd = g_queue_pop_head (&channel->received_fds);
      close (GPOINTER_TO_INT (fd));
    }
  g_queue_clear_full (&channel->outgoing, (GDestroyNotify) outgoing_free);
  g_free (channel->buffer);
  g_free (channel->body);
}

static GSourceFuncs channel_funcs = {
  .prepare = channel_prepare,
  .check = channel_check,
  .dispatch = channel_dispatch,
  .finalize = channel_finalize,
};

FrameChannel *
frame_channel_new (int fd, GMainContext *context, const FrameChannelOptions *options,
                   FrameHandler handler, FrameClosed closed, gpointer user_data)
{
  FrameChannel *channel = (FrameChannel *) g_source_new (&channel_funcs, sizeof *channel);

  g_unix_set_fd_nonblocking (fd, TRUE, NULL);
  channel->fd = fd;
  channel->options = *options;
  channel->handler = handler;
  channel->closed = closed;
  channel->user_data = user_data;
  channel->is_reading = TRUE;
  channel->buffer = g_malloc (BUFFER_BYTES);
  g_queue_init (&channel->received_fds);
  g_queue_init (&channel->outgoing);
  channel->fd_tag = g_source_add_unix_fd (&channel->source, fd, G_IO_IN);
  g_source_attach (&channel->source, context);
  return channel;
}

gboolean
frame_channel_send_fds (FrameChannel *channel, GBytes *frame, const int *fds, guint n_fds,
                        GError **error)
{
  gsize size = g_bytes_get_size (frame);
  g_assert (n_fds <= FRAME_MAX_FDS && size >= FRAME_HEADER_BYTES);
  if (channel->fd < 0)
    {
      g_set_error (error, FRAME_ERROR, FRAME_ERROR_CLOSED, "the channel is closed");
      return FALSE;
    }
  if (channel->queued_bytes + size > channel->options.max_queue_bytes)
    {
      g_set_error (error, FRAME_ERROR, FRAME_ERROR_FULL,
                   "%" G_GSIZE_FORMAT " bytes are waiting to be sent, at most %" G_GSIZE_FORMAT
                   " may",
                   channel->queued_bytes, channel->options.max_queue_bytes);
      return FALSE;
    }

  Outgoing *outgoing = g_new0 (Outgoing, 1);
  if (n_fds > 0)
    {
      /* The header says how many come along; the caller's bytes are not ours to change. */
      guint8 *copy = g_memdup2 (g_bytes_get_data (frame, NULL), size);
      copy[6] = (guint8) n_fds;
      outgoing->bytes = g_bytes_new_take (copy, size);
      for (guint i = 0; i < n_fds; i++)
        outgoing->fds[outgoing->n_fds++] = fcntl (fds[i], F_DUPFD_CLOEXEC, 3);
    }
  else
    outgoing->bytes = g_bytes_ref (frame);
  g_queue_push_tail (&channel->outgoing, outgoing);
  channel->queued_bytes += size;
  return TRUE;
}

gboolean
frame_channel_send (FrameChannel *channel, GBytes *frame, GError **error)
{
  return frame_channel_send_fds (channel, frame, NULL, 0, error);
}

void
frame_channel_send_writer (FrameChannel *channel, FrameWriter *writer)
{
  g_autoptr (GBytes) frame = frame_writer_end (writer);
  g_autoptr (GError) error = NULL;
  if (!frame_channel_send (channel, frame, &error)
      && g_error_matches (error, FRAME_ERROR, FRAME_ERROR_FULL))
    fail (channel, error);
}

gsize
frame_channel_queued_bytes (FrameChannel *channel)
{
  return channel->queued_bytes;
}

gboolean
frame_channel_is_open (FrameChannel *channel)
{
  return channel->fd >= 0;
}

void
frame_channel_set_reading (FrameChannel *channel, gboolean reading)
{
  channel->is_reading = reading;
  update_events (channel);
}

void
frame_channel_free (FrameChannel *channel)
{
  close_descriptor (channel);
  g_source_destroy (&channel->source);
  g_source_unref (&channel->source);
}
