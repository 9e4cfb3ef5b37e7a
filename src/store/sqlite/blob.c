/* Large bodies are stored once: a column holds the bytes themselves behind a 0,
 * or, behind a 1, the SHA-256 under which table `blob` has them. What nothing
 * refers to any more is found by the sweep. */
#include "store/sqlite/private.h"

#include <string.h>

#define HASH_BYTES 32

enum
{
  STORED_INLINE,
  STORED_APART,
};

static GBytes *
marked (guint8 mark, gconstpointer data, gsize size)
{
  guint8 *copy = g_malloc (size + 1);
  copy[0] = mark;
  memcpy (copy + 1, data, size);
  return g_bytes_new_take (copy, size + 1);
}

GBytes *
blob_put (Store *store, GBytes *bytes, GError **error)
{
  gsize size, length = HASH_BYTES;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  guint8 hash[HASH_BYTES];
  if (size <= BLOB_INLINE_BYTES)
    return marked (STORED_INLINE, size == 0 ? "" : data, size);

  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_checksum_update (checksum, data, (gssize) size);
  g_checksum_get_digest (checksum, hash, &length);
  sqlite3_stmt *insert
      = store_statement (store, "INSERT OR IGNORE INTO blob (hash, bytes) VALUES (?, ?)");
  sqlite3_bind_blob (insert, 1, hash, HASH_BYTES, SQLITE_STATIC);
  sqlite3_bind_blob64 (insert, 2, data, size, SQLITE_STATIC);
  if (!store_run (store, insert, "keeping a body", error))
    return NULL;
  return marked (STORED_APART, hash, HASH_BYTES);
}

GBytes *
blob_get (sqlite3_stmt *lookup, GBytes *stored)
{
  gsize size;
  const guint8 *data = stored == NULL ? NULL : g_bytes_get_data (stored, &size);
  if (stored == NULL || size == 0)
    return NULL;
  if (data[0] == STORED_INLINE)
    return g_bytes_new_from_bytes (stored, 1, size - 1);
  sqlite3_reset (lookup);
  sqlite3_bind_blob (lookup, 1, data + 1, (int) size - 1, SQLITE_TRANSIENT);
  GBytes *bytes = sqlite3_step (lookup) == SQLITE_ROW ? column_bytes (lookup, 0) : NULL;
  sqlite3_reset (lookup);
  return bytes;
}
