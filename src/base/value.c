/* A Value is a JSON text and a few parts; both are counted bytes, so that a
 * frame's body can be shared without a copy. */
#include "base/value.h"

#include <gio/gio.h>
#include <string.h>

struct Value
{
  GBytes *json;     /* NULL = undefined */
  GPtrArray *parts; /* of BinaryPart, NULL = none */
};

BinaryPart *
binary_part_new (const char *pointer, GBytes *bytes)
{
  BinaryPart *part = g_new (BinaryPart, 1);
  part->pointer = g_strdup (pointer);
  part->bytes = g_bytes_ref (bytes);
  return part;
}

void
binary_part_free (BinaryPart *part)
{
  g_free (part->pointer);
  g_bytes_unref (part->bytes);
  g_free (part);
}

Value *
value_new (GBytes *json, GPtrArray *parts)
{
  Value *value = g_atomic_rc_box_new0 (Value);
  g_assert (json != NULL || parts == NULL || parts->len == 0);
  value->json = json == NULL ? NULL : g_bytes_ref (json);
  value->parts = parts;
  return value;
}

Value *
value_new_json (const char *json)
{
  g_autoptr (GBytes) bytes = g_bytes_new (json, strlen (json));
  return value_new (bytes, NULL);
}

Value *
value_new_undefined (void)
{
  return value_new (NULL, NULL);
}

Value *
value_ref (Value *value)
{
  return g_atomic_rc_box_acquire (value);
}

static void
value_clear (gpointer data)
{
  Value *value = data;
  g_clear_pointer (&value->json, g_bytes_unref);
  g_clear_pointer (&value->parts, g_ptr_array_unref);
}

void
value_unref (Value *value)
{
  g_atomic_rc_box_release_full (value, value_clear);
}

gboolean
value_is_undefined (Value *value)
{
  return value->json == NULL;
}

GBytes *
value_json (Value *value)
{
  return value->json;
}

guint
value_n_parts (Value *value)
{
  return value->parts == NULL ? 0 : value->parts->len;
}

const BinaryPart *
value_part (Value *value, guint index)
{
  return g_ptr_array_index (value->parts, index);
}

gsize
value_size (Value *value)
{
  gsize size = value->json == NULL ? 0 : g_bytes_get_size (value->json);
  for (guint i = 0; i < value_n_parts (value); i++)
    size += g_bytes_get_size (value_part (value, i)->bytes);
  return size;
}

/* The encoded form: u8 version, u8 is defined, u32 parts, then length-prefixed runs: JSON, and for
 * each part its pointer and its bytes. Integers are little-endian. */
#define ENCODING_VERSION 1
#define ENCODING_HEADER_BYTES 6

static void
append_run (GByteArray *array, gconstpointer data, gsize length)
{
  guint32 prefix = GUINT32_TO_LE ((guint32) length);
  g_byte_array_append (array, (const guint8 *) &prefix, sizeof prefix);
  if (length > 0)
    g_byte_array_append (array, data, (guint) length);
}

static void
append_gbytes (GByteArray *array, GBytes *bytes)
{
  gsize length = 0;
  gconstpointer data = bytes == NULL ? NULL : g_bytes_get_data (bytes, &length);
  append_run (array, data, length);
}

GBytes *
value_encode (Value *value)
{
  guint n = value_n_parts (value);
  GByteArray *array = g_byte_array_sized_new ((guint) (value_size (value) + 64 + n * 64));
  guint8 header[2] = { ENCODING_VERSION, value->json != NULL };
  guint32 count = GUINT32_TO_LE (n);

  g_byte_array_append (array, header, sizeof header);
  g_byte_array_append (array, (const guint8 *) &count, sizeof count);
  append_gbytes (array, value->json);
  for (guint i = 0; i < n; i++)
    {
      const BinaryPart *part = value_part (value, i);
      append_run (array, part->pointer, strlen (part->pointer));
      append_gbytes (array, part->bytes);
    }
  return g_byte_array_free_to_bytes (array);
}

typedef struct
{
  GBytes *bytes;
  const guint8 *data;
  gsize size, at;
} RunReader;

/* A run that shares the memory of the whole, or NULL at the end of what is there. */
static GBytes *
read_run (RunReader *reader)
{
  guint32 length;
  if (reader->size - reader->at < sizeof length)
    return NULL;
  memcpy (&length, reader->data + reader->at, sizeof length);
  length = GUINT32_FROM_LE (length);
  reader->at += sizeof length;
  if (reader->size - reader->at < length)
    return NULL;
  GBytes *run = g_bytes_new_from_bytes (reader->bytes, reader->at, length);
  reader->at += length;
  return run;
}

static BinaryPart *
read_part (RunReader *reader)
{
  g_autoptr (GBytes) pointer = read_run (reader);
  g_autoptr (GBytes) bytes = pointer == NULL ? NULL : read_run (reader);
  if (bytes == NULL)
    return NULL;

  gsize length;
  const char *text = g_bytes_get_data (pointer, &length);
  if (!g_utf8_validate (text, (gssize) length, NULL))
    return NULL;
  BinaryPart *part = g_new (BinaryPart, 1);
  part->pointer = g_strndup (text, length);
  part->bytes = g_steal_pointer (&bytes);
  return part;
}

static Value *
decode (RunReader *reader)
{
  if (reader->size < ENCODING_HEADER_BYTES || reader->data[0] != ENCODING_VERSION
      || reader->data[1] > 1)
    return NULL;

  gboolean is_defined = reader->data[1];
  guint32 n;
  memcpy (&n, reader->data + 2, sizeof n);
  n = GUINT32_FROM_LE (n);
  reader->at = ENCODING_HEADER_BYTES;

  g_autoptr (GBytes) json = read_run (reader);
  if (json == NULL || (!is_defined && (n > 0 || g_bytes_get_size (json) > 0)))
    return NULL;
  g_autoptr (GPtrArray) parts
      = n == 0 ? NULL : g_ptr_array_new_with_free_func ((GDestroyNotify) binary_part_free);
  for (guint32 i = 0; i < n; i++)
    {
      BinaryPart *part = read_part (reader);
      if (part == NULL)
        return NULL;
      g_ptr_array_add (parts, part);
    }
  if (reader->at != reader->size)
    return NULL;
  return value_new (is_defined ? json : NULL, g_steal_pointer (&parts));
}

Value *
value_decode (GBytes *bytes, GError **error)
{
  RunReader reader = { .bytes = bytes };
  reader.data = g_bytes_get_data (bytes, &reader.size);
  Value *value = decode (&reader);
  if (value == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "a stored value of %" G_GSIZE_FORMAT " bytes is not one that Tenon wrote",
                 reader.size);
  return value;
}
