/* Connections, as the keeper has them: opened, each with its token source.
 *
 * A row's sealed fields are one JSON object {given, options, changed}: also
 * those that are no secret, since where a secret is sent depends on them.
 */
#include "keeper/vault.h"

#include <string.h>

typedef struct
{
  char *id; /* of the connection: it may be gone when the answer comes */
  SaveDone done;
  guint64 answer;
} Save;

/* --- finding --- */

VaultConnection *
vault_find (Keeper *keeper, const char *id)
{
  return g_hash_table_lookup (keeper->connections, id);
}

VaultConnection *
vault_find_named (Keeper *keeper, const char *instance_id, const char *name)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, keeper->connections);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      VaultConnection *connection = value;
      if (strcmp (connection->name, name) == 0
          && strcmp (connection->instance_id, instance_id) == 0)
        return connection;
    }
  return NULL;
}

static void
drop_source (VaultConnection *connection)
{
  if (connection->wake != 0)
    g_source_remove (connection->wake);
  connection->wake = 0;
  keeper_drop_requests (connection->keeper, connection);
  worker_peers_forget (connection);
  g_clear_pointer (&connection->source, token_source_free);
}

void
vault_connection_free (gpointer data)
{
  VaultConnection *connection = data;
  drop_source (connection);
  g_clear_pointer (&connection->shape, connection_shape_free);
  g_clear_pointer (&connection->given, json_decref);
  g_clear_pointer (&connection->options, json_decref);
  g_clear_pointer (&connection->changed, json_decref);
  g_clear_pointer (&connection->loaded_token, json_decref);
  g_clear_pointer (&connection->sealed_fields, g_bytes_unref);
  g_clear_pointer (&connection->sealed_token, g_bytes_unref);
  g_free (connection->fault);
  g_free (connection->id);
  g_free (connection->instance_id);
  g_free (connection->instance);
  g_free (connection->name);
  g_free (connection);
}

static EnvelopePlace
place_of (const VaultConnection *connection, const char *column)
{
  return (EnvelopePlace){ connection->keeper->keyring->store, connection->id,
                          connection->instance_id, connection->name, column };
}

static char *
time_text (gint64 at_us)
{
  g_autoptr (GDateTime) at = g_date_time_new_from_unix_utc (at_us / G_USEC_PER_SEC);
  return g_date_time_format (at, "%Y-%m-%dT%H:%M:%SZ");
}

/* --- saving --- */

static void
save_free (gpointer data)
{
  Save *save = data;
  g_free (save->id);
  g_free (save);
}

static GBytes *
seal_json (const VaultConnection *connection, const char *column, const json_t *json)
{
  EnvelopePlace place = place_of (connection, column);
  g_autoptr (SecretBytes) text = secret_json_print (json);
  return envelope_seal (connection->keeper->keyring->master, &place, secret_bytes_data (text),
                        secret_bytes_size (text));
}

static void
seal (VaultConnection *connection)
{
  g_autoptr (json_t) fields = json_pack ("{s:O, s:O, s:O}", "given", connection->given, "options",
                                         connection->options, "changed", connection->changed);
  json_t *token = connection->source == NULL ? NULL : token_source_state (connection->source);
  g_clear_pointer (&connection->sealed_fields, g_bytes_unref);
  g_clear_pointer (&connection->sealed_token, g_bytes_unref);
  connection->sealed_fields = seal_json (connection, "fields", fields);
  connection->sealed_token
      = token == NULL ? g_bytes_new_static ("", 0) : seal_json (connection, "token", token);
  if (token != NULL)
    json_decref (token);
}

guint64
vault_save_new (Keeper *keeper, const char *id, SaveDone done, guint64 answer)
{
  Save *save = g_new0 (Save, 1);
  guint64 ticket = ++keeper->last_ticket;
  save->id = g_strdup (id);
  save->done = done;
  save->answer = answer;
  g_hash_table_insert (keeper->saves, g_memdup2 (&ticket, sizeof ticket), save);
  return ticket;
}

static void
send_row (VaultConnection *connection, SaveDone done, guint64 answer)
{
  Keeper *keeper = connection->keeper;
  g_autoptr (json_t) public = NULL;
  g_autoptr (GBytes) text = NULL;
  guint64 ticket = vault_save_new (keeper, connection->id, done, answer);
  connection->revision++;
  connection->is_stored = TRUE;
  connection->updated_at_us = g_get_real_time ();
  public = vault_public (connection);
  text = json_print_bytes (public);
  FrameWriter *writer = frame_writer_new (KEEPER_SAVE, ticket);
  frame_write_string (writer, connection->id);
  frame_write_u64 (writer, connection->revision);
  frame_write_gbytes (writer, text);
  frame_write_gbytes (writer, connection->sealed_fields);
  frame_write_gbytes (writer, connection->sealed_token);
  frame_channel_send_writer (keeper->control, writer);
}

void
vault_save (VaultConnection *connection, SaveDone done, guint64 ticket)
{
  seal (connection);
  send_row (connection, done, ticket);
}

gboolean
vault_rewrap (VaultConnection *connection, SaveDone done)
{
  const Keyring *keyring = connection->keeper->keyring;
  EnvelopePlace fields_place = place_of (connection, "fields");
  EnvelopePlace token_place = place_of (connection, "token");
  g_autoptr (GBytes) fields = envelope_rewrap (keyring->masters, keyring->master, &fields_place,
                                               connection->sealed_fields, NULL);
  g_autoptr (GBytes) token = g_bytes_get_size (connection->sealed_token) == 0
                                 ? g_bytes_ref (connection->sealed_token)
                                 : envelope_rewrap (keyring->masters, keyring->master, &token_place,
                                                    connection->sealed_token, NULL);
  if (fields == NULL || token == NULL)
    return FALSE;
  g_bytes_unref (connection->sealed_fields);
  g_bytes_unref (connection->sealed_token);
  connection->sealed_fields = g_steal_pointer (&fields);
  connection->sealed_token = g_steal_pointer (&token);
  send_row (connection, done, 0);
  return TRUE;
}

void
vault_saved (Keeper *keeper, guint64 ticket, gboolean is_saved)
{
  Save *save = g_hash_table_lookup (keeper->saves, &ticket);
  if (save == NULL)
    return;
  VaultConnection *connection = vault_find (keeper, save->id);
  save->done (keeper, connection, is_saved, save->answer);
  g_hash_table_remove (keeper->saves, &ticket);
}

GHashTable *
vault_saves_new (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, save_free);
}

/* --- the token --- */

static gint64
now (gpointer user_data)
{
  return g_get_real_time ();
}

static gboolean
on_wake (gpointer user_data)
{
  VaultConnection *connection = user_data;
  connection->wake = 0;
  token_source_wake (connection->source);
  return G_SOURCE_REMOVE;
}

static void
wake_at (gint64 at_us, gpointer user_data)
{
  VaultConnection *connection = user_data;
  if (connection->wake != 0)
    g_source_remove (connection->wake);
  connection->wake = 0;
  if (at_us == 0)
    return;
  /* At most a day ahead: the clock may be set meanwhile; waking early is no harm. */
  gint64 wait_ms = CLAMP ((at_us - g_get_real_time ()) / 1000 + 1, 0, 24 * 3600 * 1000);
  connection->wake = g_timeout_add ((guint) wait_ms, on_wake, connection);
}

static void
on_token_saved (Keeper *keeper, VaultConnection *connection, gboolean is_saved, guint64 ticket)
{
  if (connection != NULL && connection->source != NULL)
    token_source_saved (connection->source, is_saved);
}

static void
save_token (gpointer user_data)
{
  vault_save (user_data, on_token_saved, 0);
}

static void
token_changed (gpointer user_data)
{
  keeper_tell_public (user_data);
  worker_peers_tell (user_data);
}

static void
token_event (TokenEventLevel level, const char *text, gpointer user_data)
{
  static const guint8 levels[] = { 2, 3, 4 }; /* LogLevel: info, warn, error */
  keeper_tell_event (user_data, levels[level], text);
}

static void
send_request (guint number, const OAuthRequest *request, gpointer user_data)
{
  keeper_exchange (user_data, number, request);
}

static gboolean
has_token (const VaultConnection *connection)
{
  return connection->shape != NULL && connection->shape->type != NULL
         && connection->shape->type->grant != CONNECTION_GRANT_NONE;
}

static void
configure (VaultConnection *connection)
{
  static const TokenSourceCallbacks callbacks = { .now_us = now,
                                                  .wake_at = wake_at,
                                                  .send = send_request,
                                                  .save = save_token,
                                                  .changed = token_changed,
                                                  .event = token_event };
  g_autoptr (GError) error = NULL;
  gboolean is_new = connection->source == NULL;
  if (!has_token (connection))
    {
      drop_source (connection);
      return;
    }
  g_autofree char *lacks
      = connection_lacks (connection->shape, connection->given, connection->options);
  g_autoptr (json_t) fields = connection_fields (connection->shape, connection->given);
  OAuthSettings *settings
      = lacks != NULL ? NULL
                      : oauth_settings_new (connection->shape, fields, connection->options, &error);
  if (is_new)
    connection->source
        = token_source_new (connection->keeper->authorizations, &callbacks, connection);
  if (is_new && connection->loaded_token != NULL
      && !token_source_load (connection->source, connection->loaded_token, NULL))
    keeper_tell_event (connection, 4, "the stored token can't be used: it is of another form");
  token_source_configure (connection->source, connection->instance, connection->name, settings,
                          lacks != NULL   ? lacks
                          : error != NULL ? error->message
                                          : NULL);
  g_clear_pointer (&connection->loaded_token, json_decref);
}

/* --- rows and declarations --- */

static VaultConnection *
connection_new (Keeper *keeper, const char *id, const char *instance_id, const char *name)
{
  VaultConnection *connection = g_new0 (VaultConnection, 1);
  connection->keeper = keeper;
  connection->id = g_strdup (id);
  connection->instance_id = g_strdup (instance_id);
  connection->instance = g_strdup (instance_id);
  connection->name = g_strdup (name);
  connection->given = json_object ();
  connection->options = json_object ();
  connection->changed = json_object ();
  g_hash_table_replace (keeper->connections, connection->id, connection);
  return connection;
}

static json_t *
open_json (const VaultConnection *connection, const char *column, GBytes *sealed, GError **error)
{
  EnvelopePlace place = place_of (connection, column);
  g_autoptr (SecretBytes) text
      = envelope_open (connection->keeper->keyring->masters, &place, sealed, error);
  if (text == NULL)
    return NULL;
  return json_parse ((const char *) secret_bytes_data (text), (gssize) secret_bytes_size (text),
                     error);
}

static void
take_member (json_t **place, json_t *object, const char *name)
{
  json_t *value = json_object_get (object, name);
  if (!json_is_object (value))
    return;
  json_decref (*place);
  *place = json_incref (value);
}

void
vault_load (Keeper *keeper, const VaultRow *row)
{
  VaultConnection *connection = connection_new (keeper, row->id, row->instance_id, row->name);
  g_autoptr (GError) error = NULL;
  connection->revision = row->revision;
  connection->is_stored = TRUE;
  connection->sealed_fields = g_bytes_ref (row->fields);
  connection->sealed_token = g_bytes_ref (row->token);
  g_autoptr (json_t) public = json_parse_bytes (row->public, NULL);
  g_autoptr (GDateTime) updated
      = json_get_string (public, "updatedAt") == NULL
            ? NULL
            : g_date_time_new_from_iso8601 (json_get_string (public, "updatedAt"), NULL);
  connection->updated_at_us = updated == NULL ? 0 : g_date_time_to_unix (updated) * G_USEC_PER_SEC;
  g_autoptr (json_t) fields = open_json (connection, "fields", row->fields, &error);
  if (fields != NULL && g_bytes_get_size (row->token) > 0)
    connection->loaded_token = open_json (connection, "token", row->token, &error);
  if (error != NULL)
    {
      connection->fault
          = g_strdup_printf ("what is stored of it does not open: %s", error->message);
      return;
    }
  take_member (&connection->given, fields, "given");
  take_member (&connection->options, fields, "options");
  take_member (&connection->changed, fields, "changed");
}

VaultConnection *
vault_define (Keeper *keeper, const char *id, const char *instance_id, const char *instance,
              const char *name, json_t *declaration)
{
  VaultConnection *connection = vault_find (keeper, id);
  if (connection == NULL)
    connection = connection_new (keeper, id, instance_id, name);
  /* An id is one connection for ever: the server mixes nothing up, but it is the server that
   * strangers talk to. */
  if (strcmp (connection->instance_id, instance_id) != 0 || strcmp (connection->name, name) != 0)
    return NULL;
  g_free (connection->instance);
  connection->instance = g_strdup (instance);
  g_clear_pointer (&connection->shape, connection_shape_free);
  connection->shape = connection_shape_new (declaration);
  connection->is_required = json_get_bool (declaration, "required", FALSE);
  if (connection->fault == NULL)
    configure (connection);
  return connection;
}

/* --- setting --- */

static void
merge (json_t *into, json_t *from, json_t *changed)
{
  const char *name;
  json_t *value;
  g_autofree char *at = time_text (g_get_real_time ());
  json_object_foreach (from, name, value)
  {
    if (json_is_null (value))
      json_object_del (into, name);
    else
      json_object_set (into, name, value);
    if (changed != NULL && json_is_null (value))
      json_object_del (changed, name);
    else if (changed != NULL)
      json_object_set_new (changed, name, json_string (at));
  }
}

static json_t *
problem_new (const char *message, json_t *faults)
{
  json_t *problem = json_pack ("{s:s}", "message", message);
  if (faults != NULL)
    json_object_set (problem, "faults", faults);
  return problem;
}

json_t *
vault_set (VaultConnection *connection, json_t *fields, json_t *options, json_t *warnings)
{
  g_autoptr (json_t) faults = json_array ();
  g_autoptr (GError) error = NULL;
  json_t *token = json_object_get (fields, "token");
  if (connection->shape == NULL)
    return problem_new ("the instance's present version does not declare this connection", NULL);
  if (token != NULL && !has_token (connection))
    return problem_new ("a connection of this type has no token", NULL);
  g_autoptr (json_t) fields_only = fields == NULL ? json_object () : json_copy (fields);
  json_object_del (fields_only, "token");
  g_autoptr (json_t) given = json_deep_copy (connection->given);
  g_autoptr (json_t) new_options = json_deep_copy (connection->options);
  g_autoptr (json_t) changed = json_deep_copy (connection->changed);
  merge (given, fields_only, changed);
  merge (new_options, options, NULL);
  if (!connection_check (connection->shape, given, new_options, faults, warnings))
    return problem_new ("the connection was not changed", faults);
  /* The old row could not be opened: this one replaces it. */
  g_clear_pointer (&connection->fault, g_free);
  json_decref (connection->given);
  json_decref (connection->options);
  json_decref (connection->changed);
  connection->given = g_steal_pointer (&given);
  connection->options = g_steal_pointer (&new_options);
  connection->changed = g_steal_pointer (&changed);
  configure (connection);
  if (token != NULL && !token_source_set_token (connection->source, token, &error))
    return problem_new (error->message, NULL);
  worker_peers_tell (connection);
  return NULL;
}

void
vault_forget (VaultConnection *connection)
{
  json_object_clear (connection->given);
  json_object_clear (connection->options);
  json_object_clear (connection->changed);
  g_clear_pointer (&connection->fault, g_free);
  drop_source (connection);
  g_clear_pointer (&connection->loaded_token, json_decref);
  connection->is_stored = FALSE;
  connection->updated_at_us = 0;
  configure (connection);
  worker_peers_tell (connection);
}

/* --- what may be shown --- */

static char *
fingerprint (const char *secret, gpointer user_data)
{
  return keyring_fingerprint (user_data, secret);
}

static json_t *
public_secret (const VaultConnection *connection, json_t *value, const char *changed_at)
{
  json_t *shown = json_pack ("{s:b}", "isSet", value != NULL);
  if (value == NULL)
    return shown;
  g_autoptr (SecretBytes) text = json_is_string (value) ? NULL : secret_json_print (value);
  g_autofree char *print = keyring_fingerprint (
      connection->keeper->keyring,
      text == NULL ? json_string_value (value) : (const char *) secret_bytes_data (text));
  json_object_set_new (shown, "fingerprint", json_string (print));
  if (changed_at != NULL)
    json_object_set_new (shown, "changedAt", json_string (changed_at));
  return shown;
}

/* Of a list of key and value: those values that may be shown. */
static json_t *
public_pairs (const VaultConnection *connection, json_t *pairs)
{
  json_t *shown = json_array ();
  size_t index;
  json_t *pair;
  json_array_foreach (pairs, index, pair)
  {
    const char *key = json_get_string (pair, "key");
    json_t *value = json_object_get (pair, "value");
    json_t *entry = key != NULL && !connection_pair_is_secret (key)
                        ? json_pack ("{s:O}", "value", value)
                        : public_secret (connection, value, NULL);
    json_object_set_new (entry, "key", json_string (key == NULL ? "" : key));
    json_array_append_new (shown, entry);
  }
  return shown;
}

static json_t *
public_field (const VaultConnection *connection, const char *key, const ConnectionInput *input,
              json_t *value)
{
  const char *changed_at = json_get_string (connection->changed, key);
  json_t *shown;
  if (input == NULL || input->is_secret)
    return public_secret (connection, value, changed_at);
  shown = json_object ();
  if (json_is_array (value))
    json_object_set_new (shown, "value", public_pairs (connection, value));
  else if (value != NULL)
    json_object_set (shown, "value", value);
  if (changed_at != NULL)
    json_object_set_new (shown, "changedAt", json_string (changed_at));
  return shown;
}

static json_t *
public_fields (const VaultConnection *connection)
{
  json_t *shown = json_object ();
  const char *key;
  json_t *value;
  if (connection->shape == NULL)
    return shown;
  g_autoptr (json_t) fields = connection_fields (connection->shape, connection->given);
  json_object_foreach (fields, key, value)
  {
    const ConnectionInput *input = connection_shape_find (connection->shape, key);
    json_object_set_new (shown, key, public_field (connection, key, input, value));
  }
  for (guint i = 0; i < connection->shape->inputs->len; i++)
    {
      const ConnectionInput *input = g_ptr_array_index (connection->shape->inputs, i);
      if (json_object_get (shown, input->key) == NULL)
        json_object_set_new (shown, input->key, public_field (connection, input->key, input, NULL));
    }
  return shown;
}

static void
add_status (VaultConnection *connection, json_t *public)
{
  g_autofree char *lacks
      = connection->shape == NULL || connection->fault != NULL
            ? NULL
            : connection_lacks (connection->shape, connection->given, connection->options);
  const char *status = "active", *message = NULL;
  json_object_set_new (public, "token", json_null ());
  json_object_set_new (public, "lastRefresh", json_null ());
  if (connection->fault != NULL)
    status = "error", message = connection->fault;
  else if (connection->shape == NULL)
    status = "unset", message = "the instance's present version does not declare it";
  else if (lacks != NULL)
    status = "unset", message = lacks;
  json_object_set_new (public, "status", json_string (status));
  json_object_set_new (public, "statusMessage",
                       message == NULL ? json_null () : json_string (message));
  if (message == NULL && connection->source != NULL)
    {
      g_autoptr (json_t) token
          = token_source_public (connection->source, fingerprint, connection->keeper->keyring);
      json_object_update (public, token);
    }
}

json_t *
vault_public (VaultConnection *connection)
{
  const ConnectionShape *shape = connection->shape;
  json_t *public = json_pack ("{s:s, s:s, s:s, s:s, s:s, s:b, s:o, s:O, s:n}", "id", connection->id,
                              "instance", connection->instance, "name", connection->name, "type",
                              shape == NULL ? "" : shape->type_key, "label",
                              shape == NULL || shape->type == NULL ? "" : shape->type->label,
                              "isRequired", (int) connection->is_required, "fields",
                              public_fields (connection), "options", connection->options, "sealed");
  g_autofree char *updated
      = connection->updated_at_us == 0 ? NULL : time_text (connection->updated_at_us);
  json_object_set_new (public, "updatedAt", updated == NULL ? json_null () : json_string (updated));
  add_status (connection, public);
  return public;
}

/* --- what code sees --- */

static void
add_secret (json_t *secrets, const char *label, json_t *value)
{
  if (json_is_string (value) && json_string_length (value) > 0)
    json_object_set (secrets, label, value);
}

static void
add_field_secrets (const VaultConnection *connection, json_t *fields, json_t *secrets)
{
  const char *key;
  json_t *value, *pair;
  size_t index;
  json_object_foreach (fields, key, value)
  {
    const ConnectionInput *input = connection_shape_find (connection->shape, key);
    g_autofree char *label = g_strdup_printf ("%s.%s", connection->name, key);
    if (input == NULL || input->is_secret)
      add_secret (secrets, label, value);
    json_array_foreach (value, index, pair)
    {
      const char *name = json_get_string (pair, "key");
      g_autofree char *pair_label = g_strdup_printf ("%s.%s", label, name == NULL ? "" : name);
      if (name == NULL || connection_pair_is_secret (name))
        add_secret (secrets, pair_label, json_object_get (pair, "value"));
    }
  }
}

static void
add_token (const VaultConnection *connection, json_t *object, json_t *secrets)
{
  static const char *const names[] = { "access_token", "refresh_token", "id_token" };
  json_t *token = token_source_token (connection->source);
  g_autofree char *problem = token_source_problem (connection->source);
  g_autoptr (json_t) context = token_source_context (connection->source);
  if (token != NULL)
    json_object_set (object, "token", token);
  if (context != NULL)
    json_object_set (object, "context", context);
  if (problem != NULL)
    json_object_set_new (object, "problem", json_string (problem));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *label = g_strdup_printf ("%s.token.%s", connection->name, names[i]);
      add_secret (secrets, label, json_object_get (token, names[i]));
    }
}

/* A required connection that can't be used is an error when code touches it; an optional one is not
 * there. */
static json_t *
not_usable (const VaultConnection *connection, const char *why)
{
  if (!connection->is_required)
    return NULL;
  g_autofree char *problem = g_strdup_printf (
      "the connection \"%s\" of the instance \"%s\" can't be used: %s (`tenon connections set "
      "\"%s\" --instance %s`)",
      connection->name, connection->instance, why, connection->name, connection->instance);
  return json_pack ("{s:s, s:b}", "problem", problem, "isMissing", 1);
}

json_t *
vault_for_code (VaultConnection *connection)
{
  if (connection->shape == NULL)
    return NULL;
  if (connection->fault != NULL)
    return not_usable (connection, connection->fault);
  g_autofree char *lacks
      = connection_lacks (connection->shape, connection->given, connection->options);
  if (lacks != NULL)
    return not_usable (connection, lacks);
  json_t *secrets = json_object ();
  json_t *object = json_pack (
      "{s:s, s:s, s:o, s:o}", "key", connection->shape->type_key, "configVarKey", connection->name,
      "fields", connection_fields (connection->shape, connection->given), "secrets", secrets);
  add_field_secrets (connection, json_object_get (object, "fields"), secrets);
  if (connection->source != NULL)
    json_object_set_new (object, "hasToken", json_true ());
  if (connection->source != NULL)
    add_token (connection, object, secrets);
  return object;
}
