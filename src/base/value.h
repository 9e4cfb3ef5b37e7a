/* A value that travels: between steps, between processes, into the store.
 *
 * JSON text, and beside it the binary parts, unencoded. Where a binary stands
 * in the value, the JSON has `null` and a part names the place by its JSON
 * pointer (RFC 6901; "" is the whole value). `undefined` is a value without
 * JSON. Immutable and counted; safe to share between threads.
 */
#pragma once

#include <glib.h>

typedef struct
{
  char *pointer; /* RFC 6901, from the root of the value */
  GBytes *bytes;
} BinaryPart;

BinaryPart *binary_part_new (const char *pointer, GBytes *bytes); /* references bytes */
void binary_part_free (BinaryPart *part);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BinaryPart, binary_part_free)

typedef struct Value Value;

/* References json (NULL = undefined, then parts must be NULL or empty); takes
 * over `parts` (of BinaryPart, may be NULL). */
Value *value_new (GBytes *json, GPtrArray *parts);
Value *value_new_json (const char *json); /* copies; no parts */
Value *value_new_undefined (void);
Value *value_ref (Value *value);
void value_unref (Value *value);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Value, value_unref)

gboolean value_is_undefined (Value *value);
GBytes *value_json (Value *value); /* borrowed; NULL = undefined */
guint value_n_parts (Value *value);
const BinaryPart *value_part (Value *value, guint index);
gsize value_size (Value *value); /* bytes of JSON and parts */

/* One self-contained run of bytes, for the store; value_decode() refuses what
 * value_encode() did not write. */
GBytes *value_encode (Value *value);
Value *value_decode (GBytes *bytes, GError **error);

/* The value as one JSON text for people and for API answers: a binary becomes
 * {"type":"Buffer","encoding":"base64","data":"…"}, undefined becomes null. */
char *value_to_json (Value *value);
