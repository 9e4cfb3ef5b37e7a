/* The tables of the Encoding standard; runtime/encodings.mjs writes them. In all of them 0 = no
 * character. */
#pragma once

#include <glib.h>

/* The encodings: those with a decoder of their own, then encoding_single's in its order. */
enum
{
  ENCODING_UTF_8,
  ENCODING_UTF_16LE,
  ENCODING_UTF_16BE,
  ENCODING_GBK,
  ENCODING_GB18030,
  ENCODING_BIG5,
  ENCODING_EUC_JP,
  ENCODING_ISO_2022_JP,
  ENCODING_SHIFT_JIS,
  ENCODING_EUC_KR,
  ENCODING_REPLACEMENT,
  ENCODING_X_USER_DEFINED,
  ENCODING_SINGLE, /* and all from here on */
};

typedef struct
{
  const char *label;
  guint encoding;
} EncodingLabel;

extern const char *const encoding_names[];
extern const EncodingLabel encoding_labels[]; /* sorted */
extern const guint n_encoding_labels;

extern const guint16 encoding_single[][128]; /* of the bytes from 0x80 */
extern const guint n_encoding_single;
extern const guint16 encoding_jis0208[], encoding_jis0212[], encoding_euc_kr[], encoding_gb18030[];
extern const guint n_encoding_jis0208, n_encoding_jis0212, n_encoding_euc_kr, n_encoding_gb18030;
extern const guint32
    encoding_big5[]; /* above 0xffff: two UTF-16 units, the first in the upper half */
extern const guint n_encoding_big5;
extern const guint32 encoding_gb18030_ranges[][2]; /* pointer, code point; ascending */
extern const guint n_encoding_gb18030_ranges;
