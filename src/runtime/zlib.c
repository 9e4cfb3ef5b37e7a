/* Compression: zlib's formats and brotli, as streams that JavaScript feeds.
 *
 * One call compresses what fits into one piece of output, so that a small input which unpacks to terabytes costs
 * its caller a piece at a time, and is counted and stopped like any other allocation.
 */
#include "runtime/crypto.h"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <string.h>
#include <zlib.h>

/* The numbers are Node's binding's own (zlib.constants). */
enum
{
  MODE_DEFLATE = 1,
  MODE_INFLATE = 2,
  MODE_GZIP = 3,
  MODE_GUNZIP = 4,
  MODE_DEFLATERAW = 5,
  MODE_INFLATERAW = 6,
  MODE_UNZIP = 7,
  MODE_BROTLI_DECODE = 8,
  MODE_BROTLI_ENCODE = 9,
};

#define LEAST_OUTPUT 64
#define MOST_OUTPUT (1 << 20)

typedef struct
{
  int mode;
  gboolean is_deflate; /* zlib, compressing */
  gboolean is_ready;   /* zlib's state is there */
  z_stream zlib;
  guint8 *dictionary;
  gsize dictionary_length;
  BrotliEncoderState *encoder;
  BrotliDecoderState *decoder;
  int window_bits, level, memory_level, strategy;
} Codec;

static void
codec_end (Codec *codec)
{
  if (codec->is_ready)
    (codec->is_deflate ? deflateEnd : inflateEnd) (&codec->zlib);
  codec->is_ready = FALSE;
  g_clear_pointer (&codec->encoder, BrotliEncoderDestroyInstance);
  g_clear_pointer (&codec->decoder, BrotliDecoderDestroyInstance);
}

static void
codec_free (gpointer data)
{
  Codec *codec = data;
  codec_end (codec);
  g_free (codec->dictionary);
  g_free (codec);
}

static HandleType codec_type = { .name = "Codec", .free = codec_free };

/* --- the beginning --- */

static int
window_bits_of (const Codec *codec)
{
  switch (codec->mode)
    {
    case MODE_GZIP:
    case MODE_GUNZIP:
      return codec->window_bits + 16;
    case MODE_UNZIP:
      return codec->window_bits + 32;
    case MODE_DEFLATERAW:
    case MODE_INFLATERAW:
      return -codec->window_bits;
    default:
      return codec->window_bits;
    }
}

static int
start_zlib (Codec *codec)
{
  int status;
  if (codec->is_deflate)
    {
      status = deflateInit2 (&codec->zlib, codec->level, Z_DEFLATED, window_bits_of (codec),
                             codec->memory_level, codec->strategy);
      if (status == Z_OK && codec->dictionary != NULL)
        status = deflateSetDictionary (&codec->zlib, codec->dictionary,
                                       (uInt) codec->dictionary_length);
    }
  else
    {
      status = inflateInit2 (&codec->zlib, window_bits_of (codec));
      if (status == Z_OK && codec->dictionary != NULL && codec->mode == MODE_INFLATERAW)
        status = inflateSetDictionary (&codec->zlib, codec->dictionary,
                                       (uInt) codec->dictionary_length);
    }
  codec->is_ready = TRUE;
  return status;
}

static gboolean
start (Codec *codec)
{
  if (codec->mode == MODE_BROTLI_ENCODE)
    return (codec->encoder = BrotliEncoderCreateInstance (NULL, NULL, NULL)) != NULL;
  if (codec->mode == MODE_BROTLI_DECODE)
    return (codec->decoder = BrotliDecoderCreateInstance (NULL, NULL, NULL)) != NULL;
  return start_zlib (codec) == Z_OK;
}

/* zlibNew (mode, level, windowBits, memLevel, strategy, dictionary or undefined): a handle, or undefined where the
 * library refuses the numbers */
static JSValueRef
zlib_new (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
          const JSValueRef arguments[], JSValueRef *exception)
{
  Codec *codec = g_new0 (Codec, 1);
  guint8 *dictionary;
  codec->mode = (int) argument_number (ctx, n, arguments, 0, 0);
  codec->is_deflate = codec->mode == MODE_DEFLATE || codec->mode == MODE_GZIP
                      || codec->mode == MODE_DEFLATERAW;
  codec->level = (int) argument_number (ctx, n, arguments, 1, Z_DEFAULT_COMPRESSION);
  codec->window_bits = (int) argument_number (ctx, n, arguments, 2, 15);
  codec->memory_level = (int) argument_number (ctx, n, arguments, 3, 8);
  codec->strategy = (int) argument_number (ctx, n, arguments, 4, Z_DEFAULT_STRATEGY);
  if (n > 5 && js_get_bytes (ctx, arguments[5], &dictionary, &codec->dictionary_length))
    codec->dictionary = g_memdup2 (dictionary, codec->dictionary_length);
  if (start (codec))
    return handle_new (ctx, &codec_type, codec);
  codec_free (codec);
  return js_undefined (ctx);
}

/* zlibParameter (handle, id, value): of brotli; FALSE where it is refused */
static JSValueRef
zlib_parameter (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                const JSValueRef arguments[], JSValueRef *exception)
{
  Codec *codec = n < 3 ? NULL : handle_get (ctx, arguments[0], &codec_type);
  guint id = (guint) argument_number (ctx, n, arguments, 1, 0);
  guint32 value = (guint32) argument_number (ctx, n, arguments, 2, 0);
  gboolean is_good = FALSE;
  if (codec != NULL && codec->encoder != NULL)
    is_good = BrotliEncoderSetParameter (codec->encoder, (BrotliEncoderParameter) id, value);
  else if (codec != NULL && codec->decoder != NULL)
    is_good = BrotliDecoderSetParameter (codec->decoder, (BrotliDecoderParameter) id, value);
  return js_bool (ctx, is_good);
}

/* zlibReset (handle) */
static JSValueRef
zlib_reset (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
            const JSValueRef arguments[], JSValueRef *exception)
{
  Codec *codec = n < 1 ? NULL : handle_get (ctx, arguments[0], &codec_type);
  if (codec == NULL)
    return js_undefined (ctx);
  codec_end (codec);
  memset (&codec->zlib, 0, sizeof codec->zlib);
  return js_bool (ctx, start (codec));
}

/* zlibParams (handle, level, strategy): from here on */
static JSValueRef
zlib_params (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  Codec *codec = n < 1 ? NULL : handle_get (ctx, arguments[0], &codec_type);
  int status = Z_OK;
  if (codec == NULL || !codec->is_deflate)
    return js_undefined (ctx);
  guint8 spare[LEAST_OUTPUT];
  codec->zlib.next_out = spare;
  codec->zlib.avail_out = 0;
  codec->zlib.avail_in = 0;
  status = deflateParams (&codec->zlib, (int) argument_number (ctx, n, arguments, 1, -1),
                          (int) argument_number (ctx, n, arguments, 2, 0));
  return js_number (ctx, status);
}

/* --- a piece --- */

typedef struct
{
  const guint8 *input;
  gsize input_length;
  guint8 *output;
  gsize output_length;
  int flush;
  /* out */
  gsize n_read, n_written;
  gboolean is_end;
  int status; /* zlib's, or brotli's error */
  const char *message;
} Piece;

static const char *
zlib_message (int status, const Codec *codec)
{
  if (codec->zlib.msg != NULL)
    return codec->zlib.msg;
  switch (status)
    {
    case Z_NEED_DICT:
      return codec->dictionary == NULL ? "Missing dictionary" : "Bad dictionary";
    case Z_STREAM_ERROR:
      return "stream error";
    case Z_DATA_ERROR:
      return "data error";
    case Z_MEM_ERROR:
      return "insufficient memory";
    default:
      return "zlib error";
    }
}

static int
inflate_piece (Codec *codec, int flush)
{
  int status = inflate (&codec->zlib, flush);
  if (status != Z_NEED_DICT || codec->dictionary == NULL)
    return status;
  status = inflateSetDictionary (&codec->zlib, codec->dictionary, (uInt) codec->dictionary_length);
  return status == Z_OK      ? inflate (&codec->zlib, flush)
         : status == Z_DATA_ERROR ? Z_NEED_DICT
                                  : status;
}

static void
run_zlib (Codec *codec, Piece *piece)
{
  z_stream *zlib = &codec->zlib;
  gsize length = MIN (piece->input_length, G_MAXINT32);
  zlib->next_in = (Bytef *) piece->input;
  zlib->avail_in = (uInt) length;
  zlib->next_out = piece->output;
  zlib->avail_out = (uInt) piece->output_length;
  int status = codec->is_deflate ? deflate (zlib, piece->flush) : inflate_piece (codec, piece->flush);
  piece->n_read = length - zlib->avail_in;
  piece->n_written = piece->output_length - zlib->avail_out;
  piece->is_end = status == Z_STREAM_END;
  /* A lack of room or of input is no fault here: the caller sees how much is left. */
  piece->status = status == Z_STREAM_END || status == Z_BUF_ERROR ? Z_OK : status;
  if (piece->status != Z_OK)
    piece->message = zlib_message (piece->status, codec);
}

static void
run_brotli (Codec *codec, Piece *piece)
{
  size_t left = piece->input_length, room = piece->output_length;
  const guint8 *input = piece->input;
  guint8 *output = piece->output;
  if (codec->encoder != NULL)
    {
      if (!BrotliEncoderCompressStream (codec->encoder, (BrotliEncoderOperation) piece->flush,
                                        &left, &input, &room, &output, NULL))
        {
          piece->status = -1;
          piece->message = "Compression failed";
        }
      piece->is_end = BrotliEncoderIsFinished (codec->encoder);
    }
  else
    {
      BrotliDecoderResult result
          = BrotliDecoderDecompressStream (codec->decoder, &left, &input, &room, &output, NULL);
      piece->is_end = result == BROTLI_DECODER_RESULT_SUCCESS;
      if (result == BROTLI_DECODER_RESULT_ERROR)
        {
          piece->status = BrotliDecoderGetErrorCode (codec->decoder);
          piece->message = "Decompression failed";
        }
    }
  piece->n_read = piece->input_length - left;
  piece->n_written = piece->output_length - room;
}

static JSValueRef
answer (JSContextRef ctx, const Piece *piece, JSValueRef output, JSValueRef *exception)
{
  JSValueRef parts[] = { output, js_number (ctx, (double) piece->n_read),
                         js_bool (ctx, piece->is_end), js_number (ctx, piece->status),
                         js_string (ctx, piece->message) };
  JSObjectRef array = JSObjectMakeArray (ctx, G_N_ELEMENTS (parts), parts, exception);
  return array == NULL ? js_undefined (ctx) : array;
}

/* zlibWrite (handle, flush, bytes, from, most): [output, bytes read, is at its end, status, message or null].
 * Output of `most` bytes may mean that there is more to come. */
static JSValueRef
zlib_write (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
            const JSValueRef arguments[], JSValueRef *exception)
{
  Codec *codec = n < 5 ? NULL : handle_get (ctx, arguments[0], &codec_type);
  guint8 *input;
  gsize length;
  if (codec == NULL || !js_get_bytes (ctx, arguments[2], &input, &length))
    return js_throw_type (ctx, exception, "bytes are expected");
  gsize from = MIN ((gsize) argument_number (ctx, n, arguments, 3, 0), length);
  Piece piece = { .input = input + from,
                  .input_length = length - from,
                  .output_length = (gsize) CLAMP (argument_number (ctx, n, arguments, 4, 16384),
                                                  LEAST_OUTPUT, MOST_OUTPUT),
                  .flush = (int) argument_number (ctx, n, arguments, 1, 0) };
  piece.output = g_malloc (piece.output_length);
  if (codec->encoder != NULL || codec->decoder != NULL)
    run_brotli (codec, &piece);
  else if (codec->is_ready)
    run_zlib (codec, &piece);
  if (piece.n_written < piece.output_length / 2)
    piece.output = g_realloc (piece.output, MAX (piece.n_written, 1));
  JSValueRef output = take_bytes (ctx, piece.output, piece.n_written, exception);
  return answer (ctx, &piece, output, exception);
}

/* zlibClose (handle) */
static JSValueRef
zlib_close (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
            const JSValueRef arguments[], JSValueRef *exception)
{
  Codec *codec = n < 1 ? NULL : handle_get (ctx, arguments[0], &codec_type);
  if (codec != NULL)
    codec_end (codec);
  return js_undefined (ctx);
}

/* crc32 (bytes or string, value) */
static JSValueRef
zlib_crc32 (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
            const JSValueRef arguments[], JSValueRef *exception)
{
  g_auto (Bytes) bytes = { 0 };
  if (n < 1 || !bytes_read (ctx, arguments[0], &bytes, exception))
    return js_undefined (ctx);
  uLong value = (uLong) argument_number (ctx, n, arguments, 1, 0);
  return js_number (ctx, (double) crc32_z (value, bytes.data, bytes.length));
}

const NativeFunction zlib_natives[] = {
  { "zlibNew", zlib_new },
  { "zlibParameter", zlib_parameter },
  { "zlibParams", zlib_params },
  { "zlibReset", zlib_reset },
  { "zlibWrite", zlib_write },
  { "zlibClose", zlib_close },
  { "crc32", zlib_crc32 },
  { NULL, NULL },
};
