/* Finding: spellings are filed under their first four bytes. At each place of a text these four are
 * looked up, first in a bitmap that says "surely none" for nearly all of them; what is filed
 * there is compared, the longest first. */
#include "base/redact_private.h"

#include <string.h>

#include "base/json.h"

#define KEY_BYTES REDACTOR_LEAST_BYTES
#define BITMAP_BITS 16

typedef struct
{
  const char *label; /* of the redactor's chunk */
  guint8 *bytes;
  gsize length;
} Spelling;

struct Redactor
{
  GHashTable *by_key; /* first bytes -> GArray of Spelling, the longest first */
  GStringChunk *labels;
  guint8 bitmap[(1 << BITMAP_BITS) / 8];
  gsize longest;
};

static void
spelling_clear (gpointer data)
{
  Spelling *spelling = data;
  explicit_bzero (spelling->bytes, spelling->length);
  g_free (spelling->bytes);
}

Redactor *
redactor_new (void)
{
  Redactor *redactor = g_new0 (Redactor, 1);
  redactor->by_key = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_array_unref);
  redactor->labels = g_string_chunk_new (256);
  return redactor;
}

void
redactor_free (Redactor *redactor)
{
  g_hash_table_unref (redactor->by_key);
  g_string_chunk_free (redactor->labels);
  g_free (redactor);
}

gboolean
redactor_is_empty (const Redactor *redactor)
{
  return redactor->longest == 0;
}

static guint32
key_at (const guint8 *bytes)
{
  guint32 key;
  memcpy (&key, bytes, KEY_BYTES);
  return key;
}

static guint
bit_of (guint32 key)
{
  return (key * 0x9e3779b1u) >> (32 - BITMAP_BITS);
}

/* --- adding --- */

static void
file_spelling (Redactor *redactor, const char *label, const guint8 *bytes, gsize length)
{
  guint32 key = key_at (bytes);
  GArray *filed = g_hash_table_lookup (redactor->by_key, GUINT_TO_POINTER (key));
  if (filed == NULL)
    {
      filed = g_array_new (FALSE, FALSE, sizeof (Spelling));
      g_array_set_clear_func (filed, spelling_clear);
      g_hash_table_insert (redactor->by_key, GUINT_TO_POINTER (key), filed);
    }
  guint at = 0;
  for (; at < filed->len; at++)
    {
      const Spelling *other = &g_array_index (filed, Spelling, at);
      if (other->length == length && memcmp (other->bytes, bytes, length) == 0)
        return;
      if (other->length < length)
        break;
    }
  Spelling spelling = { label, g_memdup2 (bytes, length), length };
  g_array_insert_val (filed, at, spelling);
  redactor->bitmap[bit_of (key) / 8] |= (guint8) (1 << bit_of (key) % 8);
  redactor->longest = MAX (redactor->longest, length);
}

static void
wipe (gpointer data, gpointer unused)
{
  gsize length;
  gconstpointer bytes = g_bytes_get_data (data, &length);
  explicit_bzero ((gpointer) bytes, length); /* nobody else has a reference */
}

gboolean
redactor_add (Redactor *redactor, const char *label, const char *secret, gsize length)
{
  if (length < REDACTOR_LEAST_BYTES)
    return FALSE;
  const char *kept = g_string_chunk_insert_const (redactor->labels, label);
  g_autoptr (GPtrArray) spellings = redactor_spellings (secret, length);
  for (guint i = 0; i < spellings->len; i++)
    {
      gsize bytes;
      const guint8 *data = g_bytes_get_data (spellings->pdata[i], &bytes);
      file_spelling (redactor, kept, data, bytes);
    }
  g_ptr_array_foreach (spellings, wipe, NULL);
  return TRUE;
}

/* --- finding --- */

/* The longest spelling that stands at `text`. */
static const Spelling *
spelling_at (const Redactor *redactor, const guint8 *text, gsize length)
{
  if (length < KEY_BYTES)
    return NULL;
  guint32 key = key_at (text);
  guint bit = bit_of (key);
  if ((redactor->bitmap[bit / 8] & 1 << bit % 8) == 0)
    return NULL;
  GArray *filed = g_hash_table_lookup (redactor->by_key, GUINT_TO_POINTER (key));
  for (guint i = 0; filed != NULL && i < filed->len; i++)
    {
      const Spelling *spelling = &g_array_index (filed, Spelling, i);
      if (spelling->length <= length && memcmp (spelling->bytes, text, spelling->length) == 0)
        return spelling;
    }
  return NULL;
}

/* From *at on; leaves *at at its beginning, or at the end. */
static const Spelling *
next_spelling (const Redactor *redactor, const guint8 *text, gsize length, gsize *at)
{
  const Spelling *found = NULL;
  if (redactor->longest == 0)
    *at = length;
  while (*at < length && (found = spelling_at (redactor, text + *at, length - *at)) == NULL)
    ++*at;
  return found;
}

const char *
redactor_find (const Redactor *redactor, gconstpointer data, gsize length)
{
  gsize at = 0;
  const Spelling *found = next_spelling (redactor, data, length, &at);
  return found == NULL ? NULL : found->label;
}

static void
append_mark (GString *out, const char *label)
{
  g_string_append_printf (out, "[redacted: %s]", label);
}

/* Appends the text without its secrets. TRUE if there were any. */
static gboolean
append_redacted (const Redactor *redactor, GString *out, const char *text, gsize length)
{
  gboolean has_any = FALSE;
  for (gsize from = 0, at = 0; from < length; from = at)
    {
      const Spelling *found = next_spelling (redactor, (const guint8 *) text, length, &at);
      g_string_append_len (out, text + from, (gssize) (at - from));
      if (found == NULL)
        break;
      append_mark (out, found->label);
      at += found->length;
      has_any = TRUE;
    }
  return has_any;
}

char *
redactor_text (const Redactor *redactor, const char *text, gssize length)
{
  gsize bytes = length < 0 ? strlen (text) : (gsize) length;
  if (redactor_find (redactor, text, bytes) == NULL)
    return NULL;
  GString *out = g_string_sized_new (bytes);
  append_redacted (redactor, out, text, bytes);
  return g_string_free (out, FALSE);
}

/* --- JSON: token by token, so that a mark never stands outside of a string --- */

/* Past the string that begins at `at`, quotes included. */
static gsize
string_end (const char *json, gsize length, gsize at)
{
  for (at++; at < length && json[at] != '"'; at++)
    if (json[at] == '\\')
      at++;
  return MIN (at + 1, length);
}

static gsize
bare_end (const char *json, gsize length, gsize at)
{
  while (at < length && strchr ("{}[],:\" \t\r\n", json[at]) == NULL)
    at++;
  return at;
}

static void
append_json_string (GString *out, const char *text, gsize length)
{
  g_autoptr (json_t) string = json_stringn (text, length);
  g_autofree char *printed = json_print (string);
  g_string_append (out, printed);
}

/* A string or a bare word in which a secret was found. */
static void
append_token (const Redactor *redactor, GString *out, const char *token, gsize length,
              const char *label)
{
  g_autoptr (json_t) string = *token == '"' ? json_parse (token, (gssize) length, NULL) : NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  if (!json_is_string (string)
      || !append_redacted (redactor, text, json_string_value (string), json_string_length (string)))
    {
      /* A number, a lone surrogate, or a spelling that only its escapes make. */
      g_string_truncate (text, 0);
      append_mark (text, label);
    }
  append_json_string (out, text->str, text->len);
}

char *
redactor_json (const Redactor *redactor, const char *json, gsize length)
{
  if (redactor_find (redactor, json, length) == NULL)
    return NULL;
  GString *out = g_string_sized_new (length);
  gboolean has_any = FALSE;
  for (gsize at = 0, end; at < length; at = end)
    {
      end = json[at] == '"' ? string_end (json, length, at) : bare_end (json, length, at);
      end = MAX (end, at + 1);
      const char *label = redactor_find (redactor, json + at, end - at);
      if (label == NULL)
        g_string_append_len (out, json + at, (gssize) (end - at));
      else
        append_token (redactor, out, json + at, end - at, label);
      has_any |= label != NULL;
    }
  if (has_any)
    return g_string_free (out, FALSE);
  g_string_free (out, TRUE);
  return NULL;
}

/* --- values --- */

static BinaryPart *
redacted_part (const Redactor *redactor, const BinaryPart *part, gboolean *has_any)
{
  gsize length;
  gconstpointer data = g_bytes_get_data (part->bytes, &length);
  const char *label = redactor_find (redactor, data, length);
  if (label == NULL)
    return binary_part_new (part->pointer, part->bytes);
  g_autoptr (GString) mark = g_string_new (NULL);
  append_mark (mark, label);
  g_autoptr (GBytes) bytes = g_bytes_new (mark->str, mark->len);
  *has_any = TRUE;
  return binary_part_new (part->pointer, bytes);
}

Value *
redactor_value (const Redactor *redactor, Value *value)
{
  gsize length;
  if (redactor_is_empty (redactor) || value_is_undefined (value))
    return NULL;
  const char *json = g_bytes_get_data (value_json (value), &length);
  char *redacted = redactor_json (redactor, json, length);
  gboolean has_any = redacted != NULL;
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func ((GDestroyNotify) binary_part_free);
  for (guint i = 0; i < value_n_parts (value); i++)
    g_ptr_array_add (parts, redacted_part (redactor, value_part (value, i), &has_any));
  if (!has_any)
    return NULL;
  g_autoptr (GBytes) text = redacted == NULL ? g_bytes_ref (value_json (value))
                                             : g_bytes_new_take (redacted, strlen (redacted));
  return value_new (text, g_steal_pointer (&parts));
}

/* --- streams --- */

struct RedactorStream
{
  const Redactor *redactor;
  GString *held;
};

RedactorStream *
redactor_stream_new (const Redactor *redactor)
{
  RedactorStream *stream = g_new0 (RedactorStream, 1);
  stream->redactor = redactor;
  stream->held = g_string_new (NULL);
  return stream;
}

void
redactor_stream_free (RedactorStream *stream)
{
  explicit_bzero (stream->held->str, stream->held->len);
  g_string_free (stream->held, TRUE);
  g_free (stream);
}

/* Whether the text, which ends here for now, may go on to be a longer spelling. */
static gboolean
may_become_one (const Redactor *redactor, const guint8 *text, gsize length)
{
  GHashTableIter iter;
  gpointer value;
  if (length >= KEY_BYTES)
    {
      value = g_hash_table_lookup (redactor->by_key, GUINT_TO_POINTER (key_at (text)));
      if (value == NULL)
        return FALSE;
      GArray *filed = value;
      for (guint i = 0; i < filed->len; i++)
        {
          const Spelling *spelling = &g_array_index (filed, Spelling, i);
          if (spelling->length > length && memcmp (spelling->bytes, text, length) == 0)
            return TRUE;
        }
      return FALSE;
    }
  g_hash_table_iter_init (&iter, redactor->by_key);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (memcmp (g_array_index ((GArray *) value, Spelling, 0).bytes, text, length) == 0)
      return TRUE;
  return FALSE;
}

/* Up to where nothing that comes later can change what is found. */
static gsize
settled_length (const Redactor *redactor, const guint8 *text, gsize length)
{
  gsize at = 0;
  while (at < length)
    {
      const Spelling *found = spelling_at (redactor, text + at, length - at);
      if (length - at < redactor->longest && may_become_one (redactor, text + at, length - at))
        break;
      at += found == NULL ? 1 : found->length;
    }
  return at;
}

static GBytes *
take (RedactorStream *stream, gsize length)
{
  GString *out = g_string_sized_new (length);
  append_redacted (stream->redactor, out, stream->held->str, length);
  explicit_bzero (stream->held->str, length);
  g_string_erase (stream->held, 0, (gssize) length);
  return g_string_free_to_bytes (out);
}

GBytes *
redactor_stream_write (RedactorStream *stream, gconstpointer data, gsize length)
{
  g_string_append_len (stream->held, data, (gssize) length);
  return take (stream, settled_length (stream->redactor, (const guint8 *) stream->held->str,
                                       stream->held->len));
}

GBytes *
redactor_stream_end (RedactorStream *stream)
{
  return take (stream, stream->held->len);
}
