/* Which master key, and what it guards.
 *
 * The master key wraps data keys and nothing else. Behind it is the store's own secret, 32 random
 * bytes made with the store's first key: fingerprints and the keys of executions come from that, so
 * that they outlive a change of the master key. It is kept in the check, a list of envelopes (u32
 * length, bytes):
 *
 *     column "secret"            the store's secret, sealed under each master key that is in use
 *     columns "next", "before"   while a rotation is under way: the new key under the old, the old
 * under the new
 *
 * A rotation has four steps, each on disk before the next, and goes on at the next start wherever
 * it was interrupted:
 *
 *     1. the new key's file        (of the default key: beside it, `.next`)
 *     2. the check, with both keys: either file opens all of the store now
 *     3. every row, rewrapped
 *     4. the check, with the new key alone; then the default key's file is replaced
 */
#include <glib/gstdio.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "keeper/vault.h"

#define SECRET_BYTES 32
#define MOST_ENTRIES 8

static EnvelopePlace
check_place (const Keyring *keyring, const char *column)
{
  return (EnvelopePlace){ keyring->store, "check", "", "", column };
}

static char *
next_path (const Keyring *keyring)
{
  return g_strconcat (keyring->path, ".next", NULL);
}

void
keyring_free (Keyring *keyring)
{
  g_free (keyring->path);
  g_free (keyring->store);
  g_ptr_array_unref (keyring->masters);
  g_clear_pointer (&keyring->secret, secret_bytes_unref);
  g_clear_pointer (&keyring->fingerprint_key, secret_bytes_unref);
  g_clear_pointer (&keyring->jwe, jwe_key_free);
  g_free (keyring);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Keyring, keyring_free)

/* --- the check --- */

static void
add_entry (GByteArray *check, GBytes *entry)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (entry, &size);
  guint32 length = GUINT32_TO_LE ((guint32) size);
  g_byte_array_append (check, (const guint8 *) &length, sizeof length);
  g_byte_array_append (check, data, (guint) size);
}

static void
add_sealed (GByteArray *check, const Keyring *keyring, const MasterKey *master, const char *column,
            const SecretBytes *text)
{
  EnvelopePlace place = check_place (keyring, column);
  g_autoptr (GBytes) entry
      = envelope_seal (master, &place, secret_bytes_data (text), secret_bytes_size (text));
  add_entry (check, entry);
}

GBytes *
keyring_check (const Keyring *keyring)
{
  GByteArray *check = g_byte_array_new ();
  for (guint i = 0; i < keyring->masters->len; i++)
    {
      const MasterKey *master = g_ptr_array_index (keyring->masters, i);
      if (master != keyring->master && !keyring->is_rotating)
        continue;
      add_sealed (check, keyring, master, "secret", keyring->secret);
      if (keyring->is_rotating && master != keyring->master)
        {
          add_sealed (check, keyring, master, "next", keyring->master->secret);
          add_sealed (check, keyring, keyring->master, "before", master->secret);
        }
    }
  return g_byte_array_free_to_bytes (check);
}

/* Its entries, of GBytes; NULL where it is none of ours. */
static GPtrArray *
split_check (GBytes *check)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  gsize size, at = 0;
  const guint8 *data = g_bytes_get_data (check, &size);
  while (at < size)
    {
      guint32 length;
      if (size - at < sizeof length || entries->len == MOST_ENTRIES)
        return NULL;
      memcpy (&length, data + at, sizeof length);
      length = GUINT32_FROM_LE (length);
      at += sizeof length;
      if (length > size - at)
        return NULL;
      g_ptr_array_add (entries, g_bytes_new_from_bytes (check, at, length));
      at += length;
    }
  return g_steal_pointer (&entries);
}

/* The first entry of that column that opens, or NULL. */
static SecretBytes *
open_entry (const Keyring *keyring, const GPtrArray *entries, const char *column)
{
  EnvelopePlace place = check_place (keyring, column);
  for (guint i = 0; i < entries->len; i++)
    {
      SecretBytes *text
          = envelope_open (keyring->masters, &place, g_ptr_array_index (entries, i), NULL);
      if (text != NULL && secret_bytes_size (text) == SECRET_BYTES)
        return text;
      g_clear_pointer (&text, secret_bytes_unref);
    }
  return NULL;
}

static const MasterKey *
add_master (Keyring *keyring, MasterKey *master)
{
  for (guint i = 0; i < keyring->masters->len; i++)
    {
      const MasterKey *known = g_ptr_array_index (keyring->masters, i);
      if (memcmp (known->id, master->id, MASTER_KEY_ID_BYTES) == 0)
        {
          master_key_free (master);
          return known;
        }
    }
  g_ptr_array_add (keyring->masters, master);
  return master;
}

/* A rotation that was interrupted goes on: towards "next" where the old key is at hand, away from
 * "before" where the new one is. */
static void
take_partner (Keyring *keyring, const GPtrArray *entries)
{
  g_autoptr (SecretBytes) next = open_entry (keyring, entries, "next");
  g_autoptr (SecretBytes) before = open_entry (keyring, entries, "before");
  if (next != NULL)
    keyring->master = add_master (keyring, master_key_new (next));
  if (before != NULL)
    add_master (keyring, master_key_new (before));
  keyring->is_rotating = next != NULL || before != NULL;
}

static void
fail_key (const Keyring *keyring, const GPtrArray *entries, GError **error)
{
  const guint8 *wanted = entries == NULL || entries->len == 0
                             ? NULL
                             : envelope_key_id (g_ptr_array_index (entries, 0));
  g_autofree char *wanted_text = wanted == NULL ? g_strdup ("?") : master_key_id_text (wanted);
  g_autofree char *have = master_key_id_text (keyring->master->id);
  g_set_error (error, MASTER_KEY_ERROR, MASTER_KEY_ERROR_UNFIT,
               "the store was sealed under the master key %s, but %s holds the key %s: give the "
               "file of that key (TENON_MASTER_KEY_FILE), or put it back in its place; nothing was "
               "changed",
               wanted_text, keyring->path, have);
}

static gboolean
open_check (Keyring *keyring, GBytes *check, GError **error)
{
  g_autoptr (GPtrArray) entries = split_check (check);
  keyring->secret = entries == NULL ? NULL : open_entry (keyring, entries, "secret");
  if (keyring->secret == NULL)
    {
      fail_key (keyring, entries, error);
      return FALSE;
    }
  take_partner (keyring, entries);
  return TRUE;
}

/* --- opening --- */

static gboolean
read_keys (Keyring *keyring, gboolean is_new, GError **error)
{
  g_autoptr (GError) problem = NULL;
  MasterKey *key = master_key_read (keyring->path, keyring->kind, &problem);
  if (key == NULL && is_new && keyring->kind == MASTER_KEY_DEFAULT
      && g_error_matches (problem, MASTER_KEY_ERROR, MASTER_KEY_ERROR_MISSING))
    {
      g_clear_error (&problem);
      key = master_key_make (keyring->path, &problem);
    }
  if (key != NULL)
    keyring->master = add_master (keyring, key);
  if (keyring->kind == MASTER_KEY_DEFAULT)
    {
      /* A rotation whose last step is missing. */
      g_autofree char *path = next_path (keyring);
      MasterKey *next = master_key_read (path, keyring->kind, NULL);
      const MasterKey *added = next == NULL ? NULL : add_master (keyring, next);
      if (keyring->master == NULL)
        keyring->master = added;
    }
  if (keyring->master != NULL)
    return TRUE;
  if (!is_new)
    g_prefix_error (&problem,
                    "the store is sealed and its key is not to be had, nothing was changed: ");
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

/* The check of a rotation's end names the new key alone, while the default file may still be the
 * old one. */
static void
prefer_key_of_check (Keyring *keyring, GBytes *check)
{
  g_autoptr (GPtrArray) entries = split_check (check);
  if (entries == NULL || entries->len != 1)
    return;
  const guint8 *id = envelope_key_id (g_ptr_array_index (entries, 0));
  for (guint i = 0; id != NULL && i < keyring->masters->len; i++)
    {
      const MasterKey *master = g_ptr_array_index (keyring->masters, i);
      if (memcmp (master->id, id, MASTER_KEY_ID_BYTES) == 0)
        keyring->master = master;
    }
}

static gboolean
derive (Keyring *keyring, GError **error)
{
  g_autoptr (SecretBytes) seed
      = master_key_derive (keyring->master->secret, "tenon: JWE key on P-256", 48);
  g_clear_pointer (&keyring->jwe, jwe_key_free);
  keyring->jwe = jwe_key_from_seed (seed, error);
  if (keyring->fingerprint_key == NULL)
    keyring->fingerprint_key = master_key_derive (keyring->secret, "tenon: fingerprints", 32);
  return keyring->jwe != NULL;
}

Keyring *
keyring_open (const char *path, MasterKeyKind kind, const char *store, GBytes *check,
              gboolean has_rows, GError **error)
{
  g_autoptr (Keyring) keyring = g_new0 (Keyring, 1);
  gboolean is_new = g_bytes_get_size (check) == 0;
  keyring->path = g_strdup (path);
  keyring->kind = kind;
  keyring->store = g_strdup (store);
  keyring->masters = g_ptr_array_new_with_free_func ((GDestroyNotify) master_key_free);
  if (is_new && has_rows)
    {
      g_set_error_literal (error, MASTER_KEY_ERROR, MASTER_KEY_ERROR_UNFIT,
                           "the store has sealed connections, but the check of its key is gone: it "
                           "was tampered with, "
                           "or is damaged; nothing was changed");
      return NULL;
    }
  if (!read_keys (keyring, is_new, error))
    return NULL;
  if (is_new)
    keyring->secret = secret_bytes_new_random (SECRET_BYTES);
  else
    {
      prefer_key_of_check (keyring, check);
      if (!open_check (keyring, check, error))
        return NULL;
    }
  if (!derive (keyring, error))
    return NULL;
  /* All that was missing of a rotation is the file. */
  if (!keyring->is_rotating && !keyring_end_rotation (keyring, error))
    return NULL;
  return g_steal_pointer (&keyring);
}

json_t *
keyring_public (const Keyring *keyring)
{
  return json_pack ("{s:[o]}", "keys", jwe_key_public (keyring->jwe));
}

/* --- rotating --- */

gboolean
keyring_begin_rotation (Keyring *keyring, const char *file, GError **error)
{
  MasterKey *next;
  if (*file == '\0' && keyring->kind != MASTER_KEY_DEFAULT)
    {
      g_set_error (error, MASTER_KEY_ERROR, MASTER_KEY_ERROR_UNFIT,
                   "the master key is the file %s, which is not Tenon's to replace: put the new "
                   "key in another file and "
                   "name it with --to",
                   keyring->path);
      return FALSE;
    }
  if (*file == '\0')
    {
      g_autofree char *path = next_path (keyring);
      next = master_key_make (path, error);
    }
  else
    next = master_key_read (file, MASTER_KEY_FILE, error);
  if (next == NULL)
    return FALSE;
  const MasterKey *added = add_master (keyring, next);
  if (added == keyring->master)
    {
      g_set_error (error, MASTER_KEY_ERROR, MASTER_KEY_ERROR_UNFIT,
                   "%s holds the present key: make a new one with `openssl rand -hex 32`", file);
      return FALSE;
    }
  keyring->master = added;
  keyring->is_rotating = TRUE;
  return derive (keyring, error);
}

/* Where the default file is to be replaced, the new one is there under its other name. */
static gboolean
replace_file (Keyring *keyring, GError **error)
{
  g_autofree char *path = next_path (keyring);
  g_autoptr (MasterKey) next = master_key_read (path, keyring->kind, NULL);
  if (next == NULL)
    return TRUE;
  if (memcmp (next->id, keyring->master->id, MASTER_KEY_ID_BYTES) != 0)
    return g_unlink (path) == 0; /* of a rotation that never began: nothing is sealed under it */
  return master_key_replace (path, keyring->path, error);
}

gboolean
keyring_end_rotation (Keyring *keyring, GError **error)
{
  if (keyring->kind == MASTER_KEY_DEFAULT && !replace_file (keyring, error))
    return FALSE;
  for (guint i = keyring->masters->len; i > 0; i--)
    if (g_ptr_array_index (keyring->masters, i - 1) != keyring->master)
      g_ptr_array_remove_index (keyring->masters, i - 1);
  keyring->is_rotating = FALSE;
  return TRUE;
}

/* --- what comes from the store's secret --- */

char *
keyring_fingerprint (const Keyring *keyring, const char *secret)
{
  guint8 digest[EVP_MAX_MD_SIZE];
  GString *text = g_string_new (NULL);
  HMAC (EVP_sha256 (), secret_bytes_data (keyring->fingerprint_key),
        (int) secret_bytes_size (keyring->fingerprint_key), (const guint8 *) secret,
        strlen (secret), digest, NULL);
  for (guint i = 0; i < 6; i++)
    g_string_append_printf (text, "%02x", digest[i]);
  return g_string_free (text, FALSE);
}

SecretBytes *
keyring_execution_key (const Keyring *keyring, const char *execution_id)
{
  g_autofree char *purpose = g_strconcat ("tenon: execution ", execution_id, NULL);
  return master_key_derive (keyring->secret, purpose, 32);
}
