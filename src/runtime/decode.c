/* Bytes to text by the decoders of the Encoding standard (https://encoding.spec.whatwg.org), all of
 * them.
 *
 * A decoder is a function that is given one byte after another, and then the end of the queue, as
 * the standard words it. Between two pieces of a stream its state is a few bytes that the realm
 * keeps. They come back from hostile code: whatever they hold is only compared, or made into an
 * index that is checked against its table.
 */
#include "runtime/decode_tables.h"
#include "runtime/private.h"

#include <string.h>

#define END_OF_QUEUE (-1)
#define NO_MORE (-2)

typedef struct
{
  guint8 has_begun;                     /* the place of a byte order mark is behind */
  guint8 bytes[3], n_bytes;             /* of a character that is not complete */
  guint8 needed, lower, upper;          /* UTF-8: bytes that are missing, bounds of the next */
  guint8 mode, output_mode, has_output; /* ISO-2022-JP; mode is also EUC-JP's "JIS X 0212" */
  guint8 has_failed;                    /* the replacement decoder */
  guint16 high;                         /* UTF-16: a leading surrogate */
  guint32 point;                        /* UTF-8 */
} State;

typedef struct
{
  State *state;
  guint encoding;
  const guint8 *data;
  gsize length, at;
  guint8 pushed[4]; /* to be read again, the last one first */
  guint n_pushed;
  gunichar2 *units;
  gsize n_units, room;
} Decoder;

typedef enum
{
  GOES_ON,
  FINISHED,
  FAULT,
} Outcome;

typedef Outcome (*Handler) (Decoder *decoder, int byte);

static void
put_unit (Decoder *decoder, guint unit)
{
  if (decoder->n_units == decoder->room)
    {
      decoder->room = decoder->room * 2 + 16;
      decoder->units = g_renew (gunichar2, decoder->units, decoder->room);
    }
  decoder->units[decoder->n_units++] = (gunichar2) unit;
}

static Outcome
put (Decoder *decoder, guint32 point)
{
  if (point > 0xffff)
    {
      put_unit (decoder, 0xd7c0 + (point >> 10));
      put_unit (decoder, 0xdc00 + (point & 0x3ff));
    }
  else
    put_unit (decoder, point);
  return GOES_ON;
}

static int
next_byte (Decoder *decoder)
{
  if (decoder->n_pushed > 0)
    return decoder->pushed[--decoder->n_pushed];
  return decoder->at < decoder->length ? decoder->data[decoder->at++] : NO_MORE;
}

/* The standard's "prepend": at most three bytes that were read before and the one at hand. */
static void
push_back (Decoder *decoder, guint8 byte)
{
  if (decoder->n_pushed < G_N_ELEMENTS (decoder->pushed))
    decoder->pushed[decoder->n_pushed++] = byte;
}

static guint32
look_up (const guint16 *table, guint n, guint pointer)
{
  return pointer < n ? table[pointer] : 0;
}

static gboolean
is_between (int byte, int least, int most)
{
  return byte >= least && byte <= most;
}

/* --- Unicode --- */

static Outcome
begin_utf8 (State *state, int byte)
{
  if (!is_between (byte, 0xc2, 0xf4))
    return FAULT;
  state->lower = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
  state->upper = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
  state->needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  state->point = (guint32) byte & (byte < 0xe0 ? 0x1fU : byte < 0xf0 ? 0xfU : 7U);
  return GOES_ON;
}

static Outcome
decode_utf8 (Decoder *decoder, int byte)
{
  State *state = decoder->state;
  if (byte == END_OF_QUEUE)
    {
      gboolean is_open = state->needed != 0;
      state->needed = 0;
      return is_open ? FAULT : FINISHED;
    }
  if (state->needed == 0)
    return byte < 0x80 ? put (decoder, (guint32) byte) : begin_utf8 (state, byte);
  if (!is_between (byte, state->lower, state->upper))
    {
      state->needed = 0;
      push_back (decoder, (guint8) byte);
      return FAULT;
    }
  state->lower = 0x80;
  state->upper = 0xbf;
  state->point = (state->point << 6 | ((guint32) byte & 0x3f)) & 0x1fffff;
  if (--state->needed > 0)
    return GOES_ON;
  return put (decoder, MIN (state->point, 0x10ffff));
}

static Outcome
decode_utf16_unit (Decoder *decoder, guint unit, guint8 first, guint8 second)
{
  State *state = decoder->state;
  gboolean is_low = unit >= 0xdc00 && unit <= 0xdfff;
  guint high = state->high;
  state->high = 0;
  if (high != 0)
    {
      if (is_low)
        {
          put_unit (decoder, high);
          put_unit (decoder, unit);
          return GOES_ON;
        }
      push_back (decoder, second);
      push_back (decoder, first);
      return FAULT;
    }
  if (is_low)
    return FAULT;
  if (unit >= 0xd800 && unit <= 0xdbff)
    state->high = (guint16) unit;
  else
    put_unit (decoder, unit);
  return GOES_ON;
}

static Outcome
decode_utf16 (Decoder *decoder, int byte)
{
  State *state = decoder->state;
  if (byte == END_OF_QUEUE)
    {
      gboolean is_open = state->n_bytes > 0 || state->high != 0;
      state->n_bytes = 0;
      state->high = 0;
      return is_open ? FAULT : FINISHED;
    }
  if (state->n_bytes == 0)
    {
      state->bytes[0] = (guint8) byte;
      state->n_bytes = 1;
      return GOES_ON;
    }
  state->n_bytes = 0;
  guint first = state->bytes[0], second = (guint) byte;
  guint unit = decoder->encoding == ENCODING_UTF_16BE ? first << 8 | second : second << 8 | first;
  return decode_utf16_unit (decoder, unit, (guint8) first, (guint8) second);
}

/* --- Chinese --- */

static guint32
point_of_range (guint pointer)
{
  if ((pointer > 39419 && pointer < 189000) || pointer > 1237575)
    return 0;
  if (pointer == 7457)
    return 0xe7c7;
  guint i = n_encoding_gb18030_ranges;
  while (i > 0 && encoding_gb18030_ranges[i - 1][0] > pointer)
    i--;
  return i == 0 ? 0
                : encoding_gb18030_ranges[i - 1][1] + pointer - encoding_gb18030_ranges[i - 1][0];
}

static Outcome
end_gb18030_four (Decoder *decoder, int byte)
{
  State *state = decoder->state;
  state->n_bytes = 0;
  if (!is_between (byte, 0x30, 0x39))
    {
      push_back (decoder, (guint8) byte);
      push_back (decoder, state->bytes[2]);
      push_back (decoder, state->bytes[1]);
      return FAULT;
    }
  guint pointer
      = (((state->bytes[0] - 0x81U) * 10 + state->bytes[1] - 0x30U) * 126 + state->bytes[2] - 0x81U)
            * 10
        + (guint) byte - 0x30;
  guint32 point = point_of_range (pointer);
  return point == 0 || point > 0x10ffff ? FAULT : put (decoder, point);
}

static Outcome
end_gb18030_two (Decoder *decoder, int byte)
{
  State *state = decoder->state;
  state->n_bytes = 0;
  guint32 point = 0;
  if (is_between (byte, 0x40, 0x7e) || is_between (byte, 0x80, 0xfe))
    point = look_up (encoding_gb18030, n_encoding_gb18030,
                     (state->bytes[0] - 0x81U) * 190 + (guint) byte - (byte < 0x7f ? 0x40 : 0x41));
  if (point != 0)
    return put (decoder, point);
  if (byte < 0x80)
    push_back (decoder, (guint8) byte);
  return FAULT;
}

static Outcome
decode_gb18030 (Decoder *decoder, int byte)
{
  State *state = decoder->state;
  if (byte == END_OF_QUEUE)
    {
      gboolean is_open = state->n_bytes > 0;
      state->n_bytes = 0;
      return is_open ? FAULT : FINISHED;
    }
  switch (state->n_bytes)
    {
    case 0:
      if (byte < 0x80)
        return put (decoder, (guint32) byte);
      if (byte == 0x80)
        return put (decoder, 0x20ac);
      if (byte == 0xff)
        return FAULT;
      break;
    case 1:
      if (!is_between (byte, 0x30, 0x39))
        return end_gb18030_two (decoder, byte);
      break;
    case 2:
      if (!is_between (byte, 0x81, 0xfe))
        {
          push_back (decoder, (guint8) byte);
          push_back (decoder, state->bytes[1]);
          state->n_bytes = 0;
          return FAULT;
        }
      break;
    default:
      return end_gb18030_four (decoder, byte);
    }
  state->bytes[state->n_bytes++] = (guint8) byte;
  return GOES_ON;
}

/* --- two bytes: Big5, EUC-KR, Shift_JIS --- */

/* The first of two. FAULT where no character begins so. */
static Outcome
begin_pair (Decoder *decoder, int byte, int least, int most)
{
  if (byte < 0x80)
    return put (decoder, (guint32) byte);
  if (!is_between (byte, least, most))
    return FAULT;
  decoder->state->bytes[0] = (guint8) byte;
  decoder->state->n_bytes = 1;
  return GOES_ON;
}

/* A second byte that ends no character is one of its own, where it is ASCII. */
static Outcome
fault_of_pair (Decoder *decoder, int byte)
{
  if (byte < 0x80)
    push_back (decoder, (guint8) byte);
  return FAULT;
}

static Outcome
end_pair (State *state)
{
  gboolean is_open = state->n_bytes > 0;
  state->n_bytes = 0;
  return is_open ? FAULT : FINISHED;
}

static Outcome
decode_big5 (Decoder *decoder, int byte)
{
  State *state = decoder->state;
  if (byte == END_OF_QUEUE)
    return end_pair (state);
  if (state->n_bytes == 0)
    return begin_pair (decoder, byte, 0x81, 0xfe);
  state->n_bytes = 0;
  if (!is_between (byte, 0x40, 0x7e) && !is_between (byte, 0xa1, 0xfe))
    return fault_of_pair (decoder, byte);
  guint pointer = (state->bytes[0] - 0x81U) * 157 + (guint) byte - (byte < 0x7f ? 0x40 : 0x62);
  guint32 found = pointer < n_encoding_big5 ? encoding_big5[pointer] : 0;
  if (found == 0)
    return fault_of_pair (decoder, byte);
  if (found > 0xffff)
    put_unit (decoder, found >> 16);
  put_unit (decoder, found & 0xffff);
  return GOES_ON;
}

static Outcome
decode_euc_kr (Decoder *decoder, int byte)
{
  State *state = decoder->state;
  if (byte == END_OF_QUEUE)
    return end_pair (state);
  if (state->n_bytes == 0)
    return begin_pair (decoder, byte, 0x81, 0xfe);
  state->n_bytes = 0;
  guint32 point = 0;
  if (is_between (byte, 0x41, 0xfe))
    point = look_up (encoding_euc_kr, n_encoding_euc_kr,
                     (state->bytes[0] - 0x81U) * 190 + (guint) byte - 0x41);
  return point == 0 ? fault_of_pair (decoder, byte) : put (decoder, point);
}

static Outcome
decode_shift_jis (Decoder *decoder, int byte)
{
  State *state = decoder->state;
  if (byte == END_OF_QUEUE)
    return end_pair (state);
  if (state->n_bytes == 0)
    {
      if (byte == 0x80)
        return put (decoder, 0x80);
      if (is_between (byte, 0xa1, 0xdf))
        return put (decoder, 0xff61 - 0xa1 + (guint32) byte);
      return byte == 0xa0 ? FAULT : begin_pair (decoder, byte, 0x81, 0xfc);
    }
  state->n_bytes = 0;
  if (!is_between (byte, 0x40, 0x7e) && !is_between (byte, 0x80, 0xfc))
    return fault_of_pair (decoder, byte);
  guint lead = state->bytes[0];
  guint pointer
      = (lead - (lead < 0xa0 ? 0x81U : 0xc1U)) * 188 + (guint) byte - (byte < 0x7f ? 0x40 : 0x41);
  /* Characters that the user defines. */
  if (pointer >= 8836 && pointer <= 10715)
    return put (decoder, 0xe000 - 8836 + pointer);
  guint32 point = look_up (encoding_jis0208, n_encoding_jis0208, pointer);
  return point == 0 ? fault_of_pair (decoder, byte) : put (decoder, point);
}

/* --- EUC-JP --- */

static Outcome
decode_euc_jp (Decoder *decoder, int byte)
{
  State *state = decoder->state;
  if (byte == END_OF_QUEUE)
    return end_pair (state);
  if (state->n_bytes == 0)
    {
      if (byte == 0x8e || byte == 0x8f)
        return begin_pair (decoder, byte, 0x8e, 0x8f);
      return begin_pair (decoder, byte, 0xa1, 0xfe);
    }
  guint lead = state->bytes[0];
  if (lead == 0x8e && is_between (byte, 0xa1, 0xdf))
    {
      state->n_bytes = 0;
      return put (decoder, 0xff61 - 0xa1 + (guint32) byte);
    }
  if (lead == 0x8f && is_between (byte, 0xa1, 0xfe))
    {
      state->mode = 1;
      state->bytes[0] = (guint8) byte;
      return GOES_ON;
    }
  state->n_bytes = 0;
  guint32 point = 0;
  if (lead >= 0xa1 && is_between (byte, 0xa1, 0xfe))
    {
      guint pointer = (lead - 0xa1) * 94 + (guint) byte - 0xa1;
      point = state->mode == 1 ? look_up (encoding_jis0212, n_encoding_jis0212, pointer)
                               : look_up (encoding_jis0208, n_encoding_jis0208, pointer);
    }
  state->mode = 0;
  return point == 0 ? fault_of_pair (decoder, byte) : put (decoder, point);
}

/* --- ISO-2022-JP --- */

enum
{
  JP_ASCII,
  JP_ROMAN,
  JP_KATAKANA,
  JP_LEAD,
  JP_TRAIL,
  JP_ESCAPE_START,
  JP_ESCAPE,
};

static Outcome
start_jp_escape (State *state)
{
  state->mode = JP_ESCAPE_START;
  return GOES_ON;
}

static Outcome
decode_jp_single (Decoder *decoder, int byte)
{
  State *state = decoder->state;
  if (byte == 0x1b)
    return start_jp_escape (state);
  if (byte == END_OF_QUEUE)
    return FINISHED;
  state->has_output = 0;
  if (state->mode == JP_KATAKANA)
    return is_between (byte, 0x21, 0x5f) ? put (decoder, 0xff61 - 0x21 + (guint32) byte) : FAULT;
  if (byte >= 0x80 || byte == 0x0e || byte == 0x0f)
    return FAULT;
  if (state->mode == JP_ROMAN && (byte == 0x5c || byte == 0x7e))
    return put (decoder, byte == 0x5c ? 0xa5 : 0x203e);
  return put (decoder, (guint32) byte);
}

static Outcome
decode_jp_lead (State *state, int byte)
{
  if (byte == 0x1b)
    return start_jp_escape (state);
  if (byte == END_OF_QUEUE)
    return FINISHED;
  state->has_output = 0;
  if (!is_between (byte, 0x21, 0x7e))
    return FAULT;
  state->bytes[0] = (guint8) byte;
  state->mode = JP_TRAIL;
  return GOES_ON;
}

static Outcome
decode_jp_trail (Decoder *decoder, int byte)
{
  State *state = decoder->state;
  if (byte == 0x1b)
    {
      state->mode = JP_ESCAPE_START;
      return FAULT;
    }
  state->mode = JP_LEAD;
  guint32 point = 0;
  if (is_between (byte, 0x21, 0x7e))
    point = look_up (encoding_jis0208, n_encoding_jis0208,
                     (state->bytes[0] - 0x21U) * 94 + (guint) byte - 0x21);
  return point == 0 ? FAULT : put (decoder, point);
}

/* After ESC and one byte: what the output becomes, or END_OF_QUEUE where that is no escape. */
static int
jp_mode_of (guint lead, int byte)
{
  if (lead == 0x28)
    return byte == 0x42   ? JP_ASCII
           : byte == 0x4a ? JP_ROMAN
           : byte == 0x49 ? JP_KATAKANA
                          : END_OF_QUEUE;
  return lead == 0x24 && (byte == 0x40 || byte == 0x42) ? JP_LEAD : END_OF_QUEUE;
}

static Outcome
decode_jp_escape (Decoder *decoder, int byte)
{
  State *state = decoder->state;
  if (state->mode == JP_ESCAPE_START && (byte == 0x24 || byte == 0x28))
    {
      state->bytes[0] = (guint8) byte;
      state->mode = JP_ESCAPE;
      return GOES_ON;
    }
  int mode = state->mode == JP_ESCAPE ? jp_mode_of (state->bytes[0], byte) : END_OF_QUEUE;
  if (mode != END_OF_QUEUE)
    {
      gboolean had_output = state->has_output != 0;
      state->mode = state->output_mode = (guint8) mode;
      state->has_output = 1;
      return had_output ? FAULT : GOES_ON;
    }
  if (byte != END_OF_QUEUE)
    push_back (decoder, (guint8) byte);
  if (state->mode == JP_ESCAPE)
    push_back (decoder, state->bytes[0]);
  state->has_output = 0;
  state->mode = state->output_mode;
  return FAULT;
}

static Outcome
decode_iso_2022_jp (Decoder *decoder, int byte)
{
  switch (decoder->state->mode)
    {
    case JP_LEAD:
      return decode_jp_lead (decoder->state, byte);
    case JP_TRAIL:
      return decode_jp_trail (decoder, byte);
    case JP_ESCAPE_START:
    case JP_ESCAPE:
      return decode_jp_escape (decoder, byte);
    default:
      return decode_jp_single (decoder, byte);
    }
}

/* --- the others --- */

static Outcome
decode_replacement (Decoder *decoder, int byte)
{
  if (byte == END_OF_QUEUE || decoder->state->has_failed)
    return FINISHED;
  decoder->state->has_failed = 1;
  return FAULT;
}

static Outcome
decode_user_defined (Decoder *decoder, int byte)
{
  if (byte == END_OF_QUEUE)
    return FINISHED;
  return put (decoder, byte < 0x80 ? (guint32) byte : 0xf780 - 0x80 + (guint32) byte);
}

static Outcome
decode_single (Decoder *decoder, int byte)
{
  if (byte == END_OF_QUEUE)
    return FINISHED;
  if (byte < 0x80)
    return put (decoder, (guint32) byte);
  guint32 point = encoding_single[decoder->encoding - ENCODING_SINGLE][byte - 0x80];
  return point == 0 ? FAULT : put (decoder, point);
}

static Handler
handler_of (guint encoding)
{
  static const Handler handlers[ENCODING_SINGLE]
      = { [ENCODING_UTF_8] = decode_utf8,
          [ENCODING_UTF_16LE] = decode_utf16,
          [ENCODING_UTF_16BE] = decode_utf16,
          [ENCODING_GBK] = decode_gb18030,
          [ENCODING_GB18030] = decode_gb18030,
          [ENCODING_BIG5] = decode_big5,
          [ENCODING_EUC_JP] = decode_euc_jp,
          [ENCODING_ISO_2022_JP] = decode_iso_2022_jp,
          [ENCODING_SHIFT_JIS] = decode_shift_jis,
          [ENCODING_EUC_KR] = decode_euc_kr,
          [ENCODING_REPLACEMENT] = decode_replacement,
          [ENCODING_X_USER_DEFINED] = decode_user_defined };
  return encoding < ENCODING_SINGLE ? handlers[encoding] : decode_single;
}

/* FALSE: there was a fault, and faults are fatal. */
static gboolean
run_decoder (Decoder *decoder, gboolean is_fatal, gboolean is_last)
{
  Handler handle = handler_of (decoder->encoding);
  for (;;)
    {
      int byte = next_byte (decoder);
      if (byte == NO_MORE)
        {
          if (!is_last)
            return TRUE;
          byte = END_OF_QUEUE;
        }
      Outcome outcome = handle (decoder, byte);
      if (outcome == FINISHED)
        return TRUE;
      if (outcome == FAULT)
        {
          if (is_fatal)
            return FALSE;
          put_unit (decoder, 0xfffd);
        }
    }
}

/* The first character of Unicode text is a mark, unless it is asked for. */
static void
drop_mark (Decoder *decoder, gboolean keeps_mark)
{
  if (decoder->state->has_begun || decoder->n_units == 0)
    return;
  decoder->state->has_begun = 1;
  if (keeps_mark || decoder->encoding > ENCODING_UTF_16BE || decoder->units[0] != 0xfeff)
    return;
  decoder->n_units--;
  memmove (decoder->units, decoder->units + 1, decoder->n_units * sizeof *decoder->units);
}

/* encodingOf (label): its number, or undefined */
static JSValueRef
encoding_of (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  gsize length;
  g_autofree char *given = n == 0 ? NULL : js_to_utf8 (ctx, arguments[0], &length, exception);
  if (given == NULL || strlen (given) != length)
    return js_undefined (ctx);
  const char *start = given + strspn (given, "\t\n\f\r ");
  gsize size = strlen (start);
  while (size > 0 && strchr ("\t\n\f\r ", start[size - 1]) != NULL)
    size--;
  g_autofree char *label = g_ascii_strdown (start, (gssize) size);
  for (guint from = 0, to = n_encoding_labels; from < to;)
    {
      guint middle = (from + to) / 2;
      int order = strcmp (label, encoding_labels[middle].label);
      if (order == 0)
        return js_number (ctx, encoding_labels[middle].encoding);
      if (order < 0)
        to = middle;
      else
        from = middle + 1;
    }
  return js_undefined (ctx);
}

static gboolean
get_encoding (JSContextRef ctx, JSValueRef value, guint *encoding)
{
  double number = JSValueIsNumber (ctx, value) ? JSValueToNumber (ctx, value, NULL) : -1;
  if (!(number >= 0 && number < ENCODING_SINGLE + n_encoding_single))
    return FALSE;
  *encoding = (guint) number;
  return TRUE;
}

/* encodingName (number): its name as TextDecoder says it */
static JSValueRef
encoding_name (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
               const JSValueRef arguments[], JSValueRef *exception)
{
  guint encoding;
  if (n < 1 || !get_encoding (ctx, arguments[0], &encoding))
    return js_throw_type (ctx, exception, "an encoding is expected");
  return js_string (ctx, encoding_names[encoding]);
}

/* decode (encoding, bytes, state, isFatal, keepsMark, isLast): the text; undefined where a fault is
 * fatal. The state is decoderStateBytes() bytes, of zeros at first. */
static JSValueRef
native_decode (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
               const JSValueRef arguments[], JSValueRef *exception)
{
  Decoder decoder = { 0 };
  guint8 *kept;
  guint8 *data;
  gsize n_kept;
  if (n < 6 || !get_encoding (ctx, arguments[0], &decoder.encoding)
      || !js_get_bytes (ctx, arguments[1], &data, &decoder.length)
      || !js_get_bytes (ctx, arguments[2], &kept, &n_kept) || n_kept != sizeof (State))
    return js_throw_type (ctx, exception, "an encoding, bytes and a state are expected");
  State state;
  memcpy (&state, kept, sizeof state);
  state.n_bytes = MIN (state.n_bytes, G_N_ELEMENTS (state.bytes));
  decoder.state = &state;
  decoder.data = data;
  decoder.room = decoder.length + 8;
  decoder.units = g_new (gunichar2, decoder.room);
  gboolean is_fatal = JSValueToBoolean (ctx, arguments[3]);
  gboolean is_good = run_decoder (&decoder, is_fatal, JSValueToBoolean (ctx, arguments[5]));
  JSValueRef text = js_undefined (ctx);
  if (is_good)
    {
      drop_mark (&decoder, JSValueToBoolean (ctx, arguments[4]));
      text = js_string_utf16 (ctx, decoder.units, decoder.n_units);
    }
  memcpy (kept, &state, sizeof state);
  g_free (decoder.units);
  return text;
}

static JSValueRef
decoder_state_bytes (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                     const JSValueRef arguments[], JSValueRef *exception)
{
  return js_number (ctx, sizeof (State));
}

const NativeFunction decode_natives[] = {
  { "encodingOf", encoding_of },
  { "encodingName", encoding_name },
  { "decode", native_decode },
  { "decoderStateBytes", decoder_state_bytes },
  { NULL, NULL },
};
