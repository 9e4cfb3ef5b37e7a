#include "keeper/envelope.h"

#include <string.h>

#include "keeper/private.h"

#define VERSION 1

G_DEFINE_QUARK (envelope - error - quark, envelope_error)

typedef struct
{
  guint8 version;
  guint8 key_id[MASTER_KEY_ID_BYTES];
  guint8 key_nonce[GCM_NONCE_BYTES];
  guint8 key[GCM_KEY_BYTES];
  guint8 key_tag[GCM_TAG_BYTES];
  guint8 nonce[GCM_NONCE_BYTES];
} Head; /* bytes only: no padding */

/* Ends each part with a NUL, which none can have inside. */
static GByteArray *
associated_data (const EnvelopePlace *place, const char *what)
{
  const char *parts[]
      = { "tenon envelope 1", what,         place->store, place->id, place->instance,
          place->connection,  place->column };
  GByteArray *data = g_byte_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    g_byte_array_append (data, (const guint8 *) parts[i], (guint) strlen (parts[i]) + 1);
  return data;
}

static void
random_bytes (guint8 *out, gsize length)
{
  g_autoptr (SecretBytes) random = secret_bytes_new_random (length);
  memcpy (out, secret_bytes_data (random), length);
}

static void
wrap (const MasterKey *master, const EnvelopePlace *place, const SecretBytes *key, Head *head)
{
  g_autoptr (GByteArray) associated = associated_data (place, "key");
  head->version = VERSION;
  memcpy (head->key_id, master->id, sizeof head->key_id);
  random_bytes (head->key_nonce, sizeof head->key_nonce);
  gcm_seal (master->secret, head->key_nonce, associated->data, associated->len,
            secret_bytes_data (key), GCM_KEY_BYTES, head->key, head->key_tag);
}

GBytes *
envelope_seal (const MasterKey *master, const EnvelopePlace *place, gconstpointer plain,
               gsize length)
{
  g_autoptr (SecretBytes) key = secret_bytes_new_random (GCM_KEY_BYTES);
  g_autoptr (GByteArray) associated = associated_data (place, "text");
  gsize total = sizeof (Head) + length + GCM_TAG_BYTES;
  guint8 *bytes = g_malloc (total);
  Head head;
  wrap (master, place, key, &head);
  random_bytes (head.nonce, sizeof head.nonce);
  memcpy (bytes, &head, sizeof head);
  gcm_seal (key, head.nonce, associated->data, associated->len, plain, length, bytes + sizeof head,
            bytes + sizeof head + length);
  return g_bytes_new_take (bytes, total);
}

static gboolean
read_head (GBytes *sealed, Head *head)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (sealed, &size);
  if (size < sizeof (Head) + GCM_TAG_BYTES || bytes[0] != VERSION)
    return FALSE;
  memcpy (head, bytes, sizeof *head);
  return TRUE;
}

const guint8 *
envelope_key_id (GBytes *sealed)
{
  Head head;
  return read_head (sealed, &head)
             ? (const guint8 *) g_bytes_get_data (sealed, NULL) + G_STRUCT_OFFSET (Head, key_id)
             : NULL;
}

static const MasterKey *
find_master (const GPtrArray *masters, const Head *head, GError **error)
{
  for (guint i = 0; i < masters->len; i++)
    {
      const MasterKey *master = g_ptr_array_index (masters, i);
      if (memcmp (master->id, head->key_id, sizeof head->key_id) == 0)
        return master;
    }
  g_autofree char *id = master_key_id_text (head->key_id);
  g_set_error (error, ENVELOPE_ERROR, ENVELOPE_ERROR_KEY,
               "it was sealed under the master key %s, which is not the present one", id);
  return NULL;
}

static void
fail_forged (GError **error)
{
  g_set_error_literal (error, ENVELOPE_ERROR, ENVELOPE_ERROR_FORGED,
                       "the sealed text was changed, or belongs to another place of the store");
}

static SecretBytes *
unwrap (const GPtrArray *masters, const EnvelopePlace *place, const Head *head, GError **error)
{
  const MasterKey *master = find_master (masters, head, error);
  if (master == NULL)
    return NULL;
  g_autoptr (GByteArray) associated = associated_data (place, "key");
  g_autoptr (SecretBytes) key = secret_bytes_new_empty (GCM_KEY_BYTES);
  if (gcm_open (master->secret, head->key_nonce, associated->data, associated->len, head->key,
                GCM_KEY_BYTES, head->key_tag, secret_bytes_writable (key)))
    return g_steal_pointer (&key);
  fail_forged (error);
  return NULL;
}

SecretBytes *
envelope_open (const GPtrArray *masters, const EnvelopePlace *place, GBytes *sealed, GError **error)
{
  Head head;
  if (!read_head (sealed, &head))
    {
      fail_forged (error);
      return NULL;
    }
  g_autoptr (SecretBytes) key = unwrap (masters, place, &head, error);
  if (key == NULL)
    return NULL;
  g_autoptr (GByteArray) associated = associated_data (place, "text");
  gsize size;
  const guint8 *text = (const guint8 *) g_bytes_get_data (sealed, &size) + sizeof head;
  gsize length = size - sizeof head - GCM_TAG_BYTES;
  g_autoptr (SecretBytes) plain = secret_bytes_new_empty (length);
  if (gcm_open (key, head.nonce, associated->data, associated->len, text, length, text + length,
                secret_bytes_writable (plain)))
    return g_steal_pointer (&plain);
  fail_forged (error);
  return NULL;
}

GBytes *
envelope_rewrap (const GPtrArray *masters, const MasterKey *master, const EnvelopePlace *place,
                 GBytes *sealed, GError **error)
{
  Head head;
  if (!read_head (sealed, &head))
    {
      fail_forged (error);
      return NULL;
    }
  g_autoptr (SecretBytes) key = unwrap (masters, place, &head, error);
  if (key == NULL)
    return NULL;
  gsize size;
  gconstpointer old = g_bytes_get_data (sealed, &size);
  guint8 *bytes = g_memdup2 (old, size);
  wrap (master, place, key, &head);
  memcpy (bytes, &head, sizeof head);
  return g_bytes_new_take (bytes, size);
}
