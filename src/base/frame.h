/* Frames: the messages between Tenon's processes.
 *
 * Processes talk over stream socketpairs. A frame is a header of 16 bytes and
 * a body, all integers little-endian:
 *
 *     u32 body length   u16 type   u16 descriptors passed along   u64 stream
 *
 * The body is a sequence of fields; a reader knows from the type which fields
 * to expect. A field is a fixed-size integer, or u32 length + bytes. There is
 * no self-description: a frame that does not read exactly to its end is
 * malformed, and a malformed frame from a less trusted process ends that
 * process, never the reader.
 *
 * Threads: a channel belongs to the thread that runs its main context.
 */
#pragma once

#include <gio/gio.h>
#include "base/value.h"

#define FRAME_HEADER_BYTES 16
#define FRAME_MAX_FDS 4

#define FRAME_ERROR (frame_error_quark ())
GQuark frame_error_quark (void);
typedef enum
{
  FRAME_ERROR_MALFORMED, /* the bytes are not what the type promises */
  FRAME_ERROR_TOO_LARGE, /* longer than the channel's limit */
  FRAME_ERROR_CLOSED,    /* the other side is gone */
  FRAME_ERROR_FULL,      /* the send queue is at its bound */
} FrameErrorCode;

/* Writing. A writer builds one frame; frame_writer_end() consumes it. */
typedef struct FrameWriter FrameWriter;

FrameWriter *frame_writer_new (guint16 type, guint64 stream);
void frame_write_u8 (FrameWriter *writer, guint8 v);
void frame_write_u32 (FrameWriter *writer, guint32 v);
void frame_write_u64 (FrameWriter *writer, guint64 v);
void frame_write_i64 (FrameWriter *writer, gint64 v);
void frame_write_bytes (FrameWriter *writer, gconstpointer data, gsize length);
void frame_write_gbytes (FrameWriter *writer, GBytes *bytes); /* NULL = empty */
/* NULL is written as a mark of its own and read back as NULL. */
void frame_write_string (FrameWriter *writer, const char *text);
void frame_write_value (FrameWriter *writer, Value *v); /* NULL = undefined */
GBytes *frame_writer_end (FrameWriter *writer);
void frame_writer_free (FrameWriter *writer); /* a writer that is not ended */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FrameWriter, frame_writer_free)

/* A received frame. `body` and `fds` belong to the channel and live until the
 * handler returns; take a reference on the body, dup or steal (set to -1) a
 * descriptor to keep it. Descriptors left in `fds` are closed. */
typedef struct
{
  guint16 type;
  guint64 stream;
  GBytes *body;
  int fds[FRAME_MAX_FDS];
  guint n_fds;
} Frame;

void frame_clear (Frame *frame);

/* Reading. Failure is sticky: after the first field that does not fit, every
 * read returns zero or NULL, and frame_reader_end() says what was wrong. So a
 * handler reads all fields first and checks once. Returned values are owned by
 * the caller; strings are valid UTF-8 without NUL. */
typedef struct
{
  const Frame *frame;
  gsize at;
  gboolean has_failed;
} FrameReader;

void frame_reader_init (FrameReader *reader, const Frame *frame);
guint8 frame_read_u8 (FrameReader *reader);
gboolean frame_read_bool (FrameReader *reader); /* a byte that must be 0 or 1 */
guint32 frame_read_u32 (FrameReader *reader);
guint64 frame_read_u64 (FrameReader *reader);
gint64 frame_read_i64 (FrameReader *reader);
GBytes *
frame_read_gbytes (FrameReader *reader); /* never NULL unless failed; shares the body's memory */
char *frame_read_string (FrameReader *reader); /* NULL if NULL was written, or failed */
char *frame_read_text (FrameReader *reader);   /* as above, but NULL in the frame is a failure */
Value *frame_read_value (FrameReader *reader); /* never NULL unless failed */
/* A count that announces that many fields of at least `least_bytes` each; fails
 * where the rest of the frame can't hold them (no allocation by a stranger's number). */
guint32 frame_read_count (FrameReader *reader, gsize least_bytes);
gboolean frame_reader_end (FrameReader *reader, GError **error);

/* A channel on a descriptor, driven by a GMainContext.
 *
 * `handler` runs for every frame. `closed` runs once, when the other side is
 * gone (error NULL), or sent something malformed or too large, or the socket
 * failed; no handler runs after it. Frames queued in one turn of the loop leave
 * in one writev at its end. */
typedef struct FrameChannel FrameChannel;
typedef void (*FrameHandler) (FrameChannel *channel, Frame *frame, gpointer user_data);
typedef void (*FrameClosed) (FrameChannel *channel, const GError *error, gpointer user_data);

typedef struct
{
  gsize max_frame_bytes; /* a longer body closes the channel */
  gsize max_queue_bytes; /* frame_channel_send() refuses beyond this */
  /* What was received is wiped after the handler, which must keep no reference on a body then. */
  gboolean wipes;
  gboolean accepts_fds; /* otherwise passed descriptors are dropped by the kernel */
} FrameChannelOptions;

/* Takes ownership of fd (made non-blocking). context NULL = the default one. */
FrameChannel *frame_channel_new (int fd, GMainContext *context, const FrameChannelOptions *options,
                                 FrameHandler handler, FrameClosed closed, gpointer user_data);
/* Takes no reference on `frame`. Errors: FULL, CLOSED. */
gboolean frame_channel_send (FrameChannel *channel, GBytes *frame, GError **error);
/* fds are duplicated; the caller keeps its own. */
gboolean frame_channel_send_fds (FrameChannel *channel, GBytes *frame, const int *fds, guint n_fds,
                                 GError **error);
/* Ends `writer` and sends it; a closed channel drops it in silence (its `closed` has run or will).
 */
void frame_channel_send_writer (FrameChannel *channel, FrameWriter *writer);
void frame_channel_flush (FrameChannel *channel); /* tries to write now, does not block */
gsize frame_channel_queued_bytes (FrameChannel *channel);
gboolean frame_channel_is_open (FrameChannel *channel);
/* Reading stops until set again: back-pressure on the sender. */
void frame_channel_set_reading (FrameChannel *channel, gboolean reading);
/* Closes the descriptor; neither handler nor `closed` runs after it. Safe inside a handler. */
void frame_channel_free (FrameChannel *channel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FrameChannel, frame_channel_free)

/* Blocking counterparts for processes without a main loop (the zygote) and for tests.
 * frame_receive() returns FALSE with no error set at an orderly end. */
gboolean frame_send (int fd, GBytes *frame, const int *fds, guint n_fds, GError **error);
gboolean
frame_receive (int fd, gsize max_frame_bytes, gboolean accepts_fds, Frame *frame, GError **error);

/* Two connected stream sockets, close-on-exec, non-blocking left to the users. */
gboolean frame_socketpair (int fds[2], GError **error);
