/* What an execution was granted: its connections, what must not leave it in the
 * clear, and the key for what it has to store all the same. */
#include "flow/private.h"

#include "base/gcm.h"

#include <string.h>

static void
add_secrets (FlowGrant *grant, json_t *connection)
{
  const char *label;
  json_t *secret;
  json_object_foreach (json_object_get (connection, "secrets"), label, secret)
  {
    if (json_is_string (secret))
      redactor_add (grant->redactor, label, json_string_value (secret),
                    json_string_length (secret));
  }
}

FlowGrant *
flow_grant_new (const char *json, gsize length)
{
  g_autoptr (json_t) given = json_parse (json, (gssize) length, NULL);
  json_t *connections = json_object_get (given, "connections");
  const char *key_text = json_get_string (given, "key"), *name;
  json_t *connection;
  gsize key_length = 0;
  guint8 *key = key_text == NULL ? NULL : g_base64_decode (key_text, &key_length);
  if (!json_is_object (connections) || key_length != GCM_KEY_BYTES)
    {
      g_free (key);
      return NULL;
    }
  FlowGrant *grant = g_new0 (FlowGrant, 1);
  grant->connections = json_incref (connections);
  grant->key = secret_bytes_new (key, key_length);
  grant->redactor = redactor_new ();
  secret_wipe (key, key_length);
  g_free (key);
  json_object_foreach (connections, name, connection) add_secrets (grant, connection);
  return grant;
}

void
flow_grant_renew (FlowGrant *grant, const char *name, const char *json, gsize length)
{
  json_t *connection = json_parse (json, (gssize) length, NULL);
  if (json_is_object (connection))
    {
      add_secrets (grant, connection); /* the older ones stay secrets */
      json_object_set (grant->connections, name, connection);
    }
  json_decref (connection);
}

void
flow_grant_free (FlowGrant *grant)
{
  json_decref (grant->connections);
  secret_bytes_unref (grant->key);
  redactor_free (grant->redactor);
  g_free (grant);
}

/* --- redaction --- */

static const Redactor *
redactor_of (FlowRun *run)
{
  FlowGrant *grant = run->start->grant;
  return grant == NULL || redactor_is_empty (grant->redactor) ? NULL : grant->redactor;
}

char *
flow_redact_text (FlowRun *run, const char *text)
{
  const Redactor *redactor = redactor_of (run);
  return redactor == NULL ? NULL : redactor_text (redactor, text, -1);
}

GBytes *
flow_redact_json (FlowRun *run, GBytes *json)
{
  const Redactor *redactor = redactor_of (run);
  gsize length;
  const char *text = g_bytes_get_data (json, &length);
  char *shown = redactor == NULL ? NULL : redactor_json (redactor, text, length);
  return shown == NULL ? NULL : g_bytes_new_take (shown, strlen (shown));
}

Value *
flow_redact_value (FlowRun *run, Value *value)
{
  const Redactor *redactor = redactor_of (run);
  return redactor == NULL ? NULL : redactor_value (redactor, value);
}

const char *
flow_find_secret (FlowRun *run, GBytes *bytes)
{
  const Redactor *redactor = redactor_of (run);
  return redactor == NULL
             ? NULL
             : redactor_find (redactor, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

/* --- sealed results: nonce, text, tag; the place is associated data --- */

static char *
place_of (FlowRun *run, const char *path)
{
  return g_strdup_printf ("tenon results\n%s\n%s", run->start->execution_id, path);
}

GBytes *
flow_seal_results (FlowRun *run, const char *path, Value *results)
{
  g_autoptr (GBytes) plain = value_encode (results);
  g_autoptr (SecretBytes) nonce = secret_bytes_new_random (GCM_NONCE_BYTES);
  g_autofree char *place = place_of (run, path);
  gsize length;
  gconstpointer text = g_bytes_get_data (plain, &length);
  gsize total = GCM_NONCE_BYTES + length + GCM_TAG_BYTES;
  guint8 *sealed = g_malloc (total);
  memcpy (sealed, secret_bytes_data (nonce), GCM_NONCE_BYTES);
  gcm_seal (run->start->grant->key, secret_bytes_data (nonce), place, strlen (place), text, length,
            sealed + GCM_NONCE_BYTES, sealed + GCM_NONCE_BYTES + length);
  secret_wipe ((gpointer) text, length); /* made by value_encode() for us */
  return g_bytes_new_take (sealed, total);
}

Value *
flow_open_results (FlowRun *run, const char *path, GBytes *sealed)
{
  gsize total;
  const guint8 *data = g_bytes_get_data (sealed, &total);
  if (run->start->grant == NULL || total < GCM_NONCE_BYTES + GCM_TAG_BYTES)
    return NULL;
  gsize length = total - GCM_NONCE_BYTES - GCM_TAG_BYTES;
  g_autofree char *place = place_of (run, path);
  guint8 *plain = g_malloc (length + 1);
  if (!gcm_open (run->start->grant->key, data, place, strlen (place), data + GCM_NONCE_BYTES,
                 length, data + GCM_NONCE_BYTES + length, plain))
    {
      g_free (plain);
      return NULL;
    }
  g_autoptr (GBytes) bytes = g_bytes_new_take (plain, length);
  return value_decode (bytes, NULL);
}
