/* The keeper from the server's side.
 *
 * Rows are in memory, as they are in the store: a keeper that is started anew
 * gets them from here. A row that the keeper saves is taken into memory at once
 * and answered when it is on disk; so a keeper that dies in between does not
 * come back with an older refresh token than the provider has seen.
 *
 * A call waits for its answer under a ticket. Those of a keeper that died are
 * answered with UNAVAILABLE, and so is one that takes too long.
 */
#include "dispatch/connections.h"

#include <string.h>

#include "base/json.h"
#include "keeper/jwe.h"
#include "keeper/keeper.h"
#include "keeper/master_key.h"

/* Discovery, a token request and a revocation, each with its own timeout. */
#define CALL_SECONDS 120
#define OPEN_SECONDS 60
#define KEY_FILE "master.key"

typedef struct
{
  char *id, *instance_id, *name;
  guint64 revision;
  GBytes *fields, *token; /* sealed; NULL = it has no row */
  json_t *public;
  json_t *declaration; /* of the present version; NULL = it declares none of this name */
} Connection;

typedef enum
{
  CALL_SHOW, /* the answer is passed on */
  CALL_DELETE,
} CallKind;

typedef struct
{
  Connections *connections;
  guint64 ticket;
  CallKind kind;
  char *id; /* of the connection */
  GSource *timeout;
  StoreJsonDone done;
  gpointer user_data;
} Call;

struct Connections
{
  guint refs; /* the dispatcher's, and one of each write that the store has not answered */
  Dispatcher *dispatcher; /* NULL when that is gone */
  char *key_file, *store_id;
  MasterKeyKind key_kind;
  GBytes *check;
  GHashTable *by_id;   /* id -> Connection, owned */
  GHashTable *by_name; /* "instance id\nname" -> Connection */
  GHashTable *calls;   /* &ticket -> Call, owned */
  guint64 last_ticket, open_ticket;
  guint generation; /* counts keepers */
  gboolean is_open;
  char *failure; /* why the key does not open; NULL = it does, or nothing is known */
  char *key_id;
  json_t *keys; /* JWK set */
};

/* --- memory --- */

static void
connection_free (gpointer data)
{
  Connection *connection = data;
  g_free (connection->id);
  g_free (connection->instance_id);
  g_free (connection->name);
  g_clear_pointer (&connection->fields, g_bytes_unref);
  g_clear_pointer (&connection->token, g_bytes_unref);
  g_clear_pointer (&connection->public, json_decref);
  g_clear_pointer (&connection->declaration, json_decref);
  g_free (connection);
}

static char *
name_key (const char *instance_id, const char *name)
{
  return g_strconcat (instance_id, "\n", name, NULL);
}

static Connection *
find_named (Connections *connections, const char *instance_id, const char *name)
{
  g_autofree char *key = name_key (instance_id, name);
  return g_hash_table_lookup (connections->by_name, key);
}

static Connection *
connection_new (Connections *connections, const char *id, const char *instance_id, const char *name)
{
  Connection *connection = g_new0 (Connection, 1);
  connection->id = g_strdup (id);
  connection->instance_id = g_strdup (instance_id);
  connection->name = g_strdup (name);
  g_hash_table_insert (connections->by_id, connection->id, connection);
  g_hash_table_insert (connections->by_name, name_key (instance_id, name), connection);
  return connection;
}

static void
set_public (Connection *connection, GBytes *text)
{
  json_t *public = json_parse_bytes (text, NULL);
  if (!json_is_object (public))
    {
      json_decref (public);
      return;
    }
  g_clear_pointer (&connection->public, json_decref);
  connection->public = public;
}

static void
connections_unref (Connections *connections)
{
  if (--connections->refs > 0)
    return;
  g_hash_table_unref (connections->calls);
  g_hash_table_unref (connections->by_name);
  g_hash_table_unref (connections->by_id);
  g_clear_pointer (&connections->check, g_bytes_unref);
  g_clear_pointer (&connections->keys, json_decref);
  g_free (connections->key_file);
  g_free (connections->store_id);
  g_free (connections->failure);
  g_free (connections->key_id);
  g_free (connections);
}

/* --- calls --- */

static void
call_free (gpointer data)
{
  Call *call = data;
  drop_source (&call->timeout);
  g_free (call->id);
  g_free (call);
}

static void
answer_call (Call *call, json_t *json, const GError *error)
{
  StoreJsonDone done = call->done;
  gpointer user_data = call->user_data;
  g_hash_table_remove (call->connections->calls, &call->ticket);
  if (done != NULL)
    done (json, error, user_data);
}

static void
fail_call (Call *call, const char *message)
{
  g_autoptr (GError) error
      = g_error_new_literal (DISPATCH_ERROR, DISPATCH_ERROR_UNAVAILABLE, message);
  answer_call (call, NULL, error);
}

static gboolean
on_timeout (gpointer user_data)
{
  fail_call (user_data,
             "the keeper has not answered in time; look whether it was done, and try again");
  return G_SOURCE_REMOVE;
}

static GSource *
timer (Connections *connections, guint seconds, GSourceFunc func, gpointer user_data)
{
  GSource *source = seconds == 0 ? g_idle_source_new () : g_timeout_source_new_seconds (seconds);
  g_source_set_callback (source, func, user_data, NULL);
  g_source_attach (source, connections->dispatcher->host->context);
  return source;
}

/* What is written into the frame of this ticket goes to the keeper. */
static Call *
call_new (Connections *connections, CallKind kind, const char *id, StoreJsonDone done,
          gpointer user_data)
{
  Call *call = g_new0 (Call, 1);
  call->connections = connections;
  call->ticket = ++connections->last_ticket;
  call->kind = kind;
  call->id = g_strdup (id);
  call->done = done;
  call->user_data = user_data;
  call->timeout = timer (connections, CALL_SECONDS, on_timeout, call);
  g_hash_table_insert (connections->calls, &call->ticket, call);
  return call;
}

static void
tell (Connections *connections, FrameWriter *writer)
{
  worker_host_tell_keeper (connections->dispatcher->host, writer);
}

/* An error in a turn of its own, as all answers come. */
typedef struct
{
  GError *error;
  StoreJsonDone done;
  gpointer user_data;
} Refusal;

static gboolean
on_refusal (gpointer user_data)
{
  Refusal *refusal = user_data;
  if (refusal->done != NULL)
    refusal->done (NULL, refusal->error, refusal->user_data);
  return G_SOURCE_REMOVE;
}

static void
refusal_free (gpointer data)
{
  Refusal *refusal = data;
  g_error_free (refusal->error);
  g_free (refusal);
}

static void
refuse_later (Connections *connections, GError *error, StoreJsonDone done, gpointer user_data)
{
  Refusal *refusal = g_new (Refusal, 1);
  g_autoptr (GSource) source = g_idle_source_new ();
  refusal->error = error;
  refusal->done = done;
  refusal->user_data = user_data;
  g_source_set_callback (source, on_refusal, refusal, refusal_free);
  g_source_attach (source, connections->dispatcher->host->context);
}

static GError *
not_open (const Connections *connections)
{
  if (connections->failure != NULL)
    return g_error_new_literal (DISPATCH_ERROR, DISPATCH_ERROR_UNAVAILABLE, connections->failure);
  return g_error_new_literal (
      DISPATCH_ERROR, DISPATCH_ERROR_UNAVAILABLE,
      "the keeper, which holds the connections' secrets, is being started; try again in a "
      "moment");
}

/* The connection, if it is there and the keeper too; else `done` is told why not. */
static Connection *
find_or_refuse (Connections *connections, const char *instance_name, const char *name,
                StoreJsonDone done, gpointer user_data)
{
  Instance *instance = g_hash_table_lookup (connections->dispatcher->by_name, instance_name);
  Connection *connection
      = instance == NULL ? NULL : find_named (connections, instance->stored->id, name);
  GError *error = NULL;
  if (instance == NULL)
    error = g_error_new (DISPATCH_ERROR, DISPATCH_ERROR_NOT_FOUND, "there is no instance \"%s\"",
                         instance_name);
  else if (connection == NULL)
    error = g_error_new (DISPATCH_ERROR, DISPATCH_ERROR_NOT_FOUND,
                         "the instance \"%s\" has no connection \"%s\"", instance_name, name);
  else if (!connections->is_open)
    error = not_open (connections);
  if (error == NULL)
    return connection;
  refuse_later (connections, error, done, user_data);
  return NULL;
}

/* --- what the keeper says --- */

static void
take_keys (Connections *connections, FrameReader *reader)
{
  g_autofree char *key_id = frame_read_text (reader);
  g_autoptr (GBytes) text = frame_read_gbytes (reader);
  if (!frame_reader_end (reader, NULL))
    return;
  g_clear_pointer (&connections->keys, json_decref);
  connections->keys = json_parse_bytes (text, NULL);
  g_free (connections->key_id);
  connections->key_id = g_steal_pointer (&key_id);
}

static void
send_rows (Connections *connections)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, connections->by_id);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Connection *connection = value;
      if (connection->fields == NULL)
        continue;
      g_autoptr (GBytes) public = json_print_bytes (connection->public);
      FrameWriter *writer = frame_writer_new (KEEPER_LOAD, 0);
      frame_write_string (writer, connection->id);
      frame_write_string (writer, connection->instance_id);
      frame_write_string (writer, connection->name);
      frame_write_u64 (writer, connection->revision);
      frame_write_gbytes (writer, public);
      frame_write_gbytes (writer, connection->fields);
      frame_write_gbytes (writer, connection->token);
      tell (connections, writer);
    }
  tell (connections, frame_writer_new (KEEPER_LOADED, 0));
}

static void
define (Connections *connections, Connection *connection, StoreJsonDone done, gpointer user_data)
{
  Instance *instance
      = g_hash_table_lookup (connections->dispatcher->by_id, connection->instance_id);
  Call *call = call_new (connections, CALL_SHOW, connection->id, done, user_data);
  FrameWriter *writer = frame_writer_new (KEEPER_DEFINE, call->ticket);
  g_autoptr (GBytes) declaration = json_print_bytes (connection->declaration);
  frame_write_string (writer, connection->id);
  frame_write_string (writer, connection->instance_id);
  frame_write_string (writer, instance->stored->name);
  frame_write_string (writer, connection->name);
  frame_write_gbytes (writer, declaration);
  tell (connections, writer);
}

static void
define_all (Connections *connections)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, connections->by_id);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Connection *) value)->declaration != NULL)
      define (connections, value, NULL, NULL);
}

static void
on_check_stored (const GError *error, gpointer user_data)
{
  if (error != NULL)
    g_warning ("the check of the master key could not be stored: %s", error->message);
}

static void
take_opened (Connections *connections, FrameReader *reader, guint64 ticket)
{
  g_autoptr (GBytes) check = frame_read_gbytes (reader);
  take_keys (connections, reader);
  if (!frame_reader_end (reader, NULL) || ticket != connections->open_ticket)
    return;
  if (g_bytes_get_size (connections->check) == 0)
    {
      g_bytes_unref (connections->check);
      connections->check = g_bytes_ref (check);
      /* Before any row, since the store writes in order. */
      store_vault_save_check (connections->dispatcher->store, check, on_check_stored, NULL);
    }
  g_clear_pointer (&connections->failure, g_free);
  connections->is_open = TRUE;
  send_rows (connections);
  define_all (connections);
  queue_pump (connections->dispatcher);
}

static void
take_failed (Connections *connections, FrameReader *reader)
{
  g_autofree char *message = frame_read_text (reader);
  if (!frame_reader_end (reader, NULL))
    return;
  g_free (connections->failure);
  connections->failure = g_steal_pointer (&message);
}

typedef struct
{
  Connections *connections;
  guint generation;
  guint64 ticket;
} Saving;

static void
on_saved (const GError *error, gpointer user_data)
{
  g_autofree Saving *saving = user_data;
  Connections *connections = saving->connections;
  if (error != NULL)
    g_warning ("a connection could not be stored: %s", error->message);
  /* Another keeper knows nothing of this ticket. */
  if (connections->dispatcher != NULL && saving->generation == connections->generation)
    {
      FrameWriter *writer = frame_writer_new (KEEPER_SAVED, saving->ticket);
      frame_write_u8 (writer, error == NULL);
      tell (connections, writer);
    }
  connections_unref (connections);
}

static Saving *
saving_new (Connections *connections, guint64 ticket)
{
  Saving *saving = g_new (Saving, 1);
  saving->connections = connections;
  connections->refs++;
  saving->generation = connections->generation;
  saving->ticket = ticket;
  return saving;
}

static void
replace_bytes (GBytes **place, GBytes *bytes)
{
  g_clear_pointer (place, g_bytes_unref);
  *place = g_bytes_ref (bytes);
}

static void
take_save (Connections *connections, FrameReader *reader, guint64 ticket)
{
  g_autofree char *id = frame_read_text (reader);
  guint64 revision = frame_read_u64 (reader);
  g_autoptr (GBytes) public = frame_read_gbytes (reader);
  g_autoptr (GBytes) fields = frame_read_gbytes (reader);
  g_autoptr (GBytes) token = frame_read_gbytes (reader);
  Connection *connection
      = frame_reader_end (reader, NULL) ? g_hash_table_lookup (connections->by_id, id) : NULL;
  if (connection == NULL)
    return;
  set_public (connection, public);
  replace_bytes (&connection->fields, fields);
  replace_bytes (&connection->token, token);
  connection->revision = revision;
  StoreConnection row = { .id = connection->id,
                          .instance_id = connection->instance_id,
                          .name = connection->name,
                          .revision = revision,
                          .public = public,
                          .fields = fields,
                          .token = token };
  store_connection_save (connections->dispatcher->store, &row, on_saved,
                         saving_new (connections, ticket));
}

static void
take_save_check (Connections *connections, FrameReader *reader, guint64 ticket)
{
  g_autoptr (GBytes) check = frame_read_gbytes (reader);
  if (!frame_reader_end (reader, NULL))
    return;
  replace_bytes (&connections->check, check);
  store_vault_save_check (connections->dispatcher->store, check, on_saved,
                          saving_new (connections, ticket));
}

static void
take_public (Connections *connections, FrameReader *reader)
{
  g_autofree char *id = frame_read_text (reader);
  g_autoptr (GBytes) public = frame_read_gbytes (reader);
  Connection *connection
      = frame_reader_end (reader, NULL) ? g_hash_table_lookup (connections->by_id, id) : NULL;
  if (connection != NULL)
    set_public (connection, public);
}

static void
take_event (Connections *connections, FrameReader *reader)
{
  g_autofree char *id = frame_read_text (reader);
  guint8 level = frame_read_u8 (reader);
  g_autofree char *text = frame_read_text (reader);
  Connection *connection
      = frame_reader_end (reader, NULL) ? g_hash_table_lookup (connections->by_id, id) : NULL;
  Instance *instance = connection == NULL ? NULL
                                          : g_hash_table_lookup (connections->dispatcher->by_id,
                                                                 connection->instance_id);
  if (instance == NULL)
    return;
  g_log (G_LOG_DOMAIN, level >= LOG_WARN ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_MESSAGE,
         "connection \"%s\" of instance \"%s\": %s", connection->name, instance->stored->name,
         text);
}

static void
on_deleted (const GError *error, gpointer user_data)
{
  g_autofree Saving *saving = user_data;
  Connections *connections = saving->connections;
  Call *call = g_hash_table_lookup (connections->calls, &saving->ticket);
  Connection *connection = call == NULL ? NULL : g_hash_table_lookup (connections->by_id, call->id);
  g_autoptr (json_t) json = json_object ();
  if (error == NULL && connection != NULL && connection->declaration != NULL)
    json_object_set (json, "connection", connection->public);
  if (call != NULL && connections->dispatcher != NULL)
    answer_call (call, error == NULL ? json : NULL, error);
  connections_unref (connections);
}

static void
delete_row (Call *call, Connection *connection)
{
  g_clear_pointer (&connection->fields, g_bytes_unref);
  g_clear_pointer (&connection->token, g_bytes_unref);
  /* From here on it is the store's to answer. */
  drop_source (&call->timeout);
  store_connection_delete (call->connections->dispatcher->store, connection->id, on_deleted,
                           saving_new (call->connections, call->ticket));
}

static void
take_answer (Connections *connections, FrameReader *reader, guint64 ticket)
{
  g_autoptr (GBytes) text = frame_read_gbytes (reader);
  Call *call = g_hash_table_lookup (connections->calls, &ticket);
  if (!frame_reader_end (reader, NULL) || call == NULL)
    return;
  g_autoptr (json_t) json = json_parse_bytes (text, NULL);
  json_t *public = json_object_get (json, "connection");
  Connection *connection
      = call->id == NULL ? NULL : g_hash_table_lookup (connections->by_id, call->id);
  if (connection != NULL && json_is_object (public))
    {
      g_clear_pointer (&connection->public, json_decref);
      connection->public = json_incref (public);
    }
  if (call->kind == CALL_DELETE && connection != NULL)
    delete_row (call, connection);
  else
    answer_call (call, json, NULL);
}

static void
take_refusal (Connections *connections, FrameReader *reader, guint64 ticket)
{
  g_autoptr (GBytes) text = frame_read_gbytes (reader);
  Call *call = g_hash_table_lookup (connections->calls, &ticket);
  if (!frame_reader_end (reader, NULL) || call == NULL)
    return;
  g_autoptr (json_t) json = json_parse_bytes (text, NULL);
  const char *message = json_get_string (json, "message");
  g_autoptr (GError) error = g_error_new_literal (DISPATCH_ERROR, DISPATCH_ERROR_INVALID,
                                                  message == NULL ? "refused" : message);
  answer_call (call, json, error);
}

static void
on_frame (Frame *frame, gpointer user_data)
{
  Connections *connections = user_data;
  FrameReader reader;
  frame_reader_init (&reader, frame);
  switch (frame->type)
    {
    case KEEPER_OPENED:
      take_opened (connections, &reader, frame->stream);
      break;
    case KEEPER_FAILED:
      take_failed (connections, &reader);
      break;
    case KEEPER_ANSWER:
      take_answer (connections, &reader, frame->stream);
      break;
    case KEEPER_REFUSED:
      take_refusal (connections, &reader, frame->stream);
      break;
    case KEEPER_SAVE:
      take_save (connections, &reader, frame->stream);
      break;
    case KEEPER_SAVE_CHECK:
      take_save_check (connections, &reader, frame->stream);
      break;
    case KEEPER_PUBLIC:
      take_public (connections, &reader);
      break;
    case KEEPER_EVENT:
      take_event (connections, &reader);
      break;
    case KEEPER_KEYS:
      take_keys (connections, &reader);
      break;
    default:
      g_warning ("the keeper sent a frame of type %u, which is not known", frame->type);
    }
}

/* --- its start and its end --- */

static gboolean
has_rows (const Connections *connections)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, connections->by_id);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Connection *) value)->fields != NULL)
      return TRUE;
  return FALSE;
}

static void
send_open (Connections *connections)
{
  connections->open_ticket = ++connections->last_ticket;
  FrameWriter *writer = frame_writer_new (KEEPER_OPEN, connections->open_ticket);
  frame_write_string (writer, connections->key_file);
  frame_write_u8 (writer, (guint8) connections->key_kind);
  frame_write_string (writer, connections->store_id);
  frame_write_gbytes (writer, connections->check);
  frame_write_u8 (writer, has_rows (connections));
  tell (connections, writer);
}

static void
on_keeper_up (gpointer user_data)
{
  Connections *connections = user_data;
  connections->generation++;
  send_open (connections);
}

static void
on_keeper_down (gpointer user_data)
{
  Connections *connections = user_data;
  g_autoptr (GList) calls = g_hash_table_get_values (connections->calls);
  connections->is_open = FALSE;
  for (GList *l = calls; l != NULL; l = l->next)
    {
      Call *call = l->data;
      if (call->timeout != NULL) /* else the store answers it */
        fail_call (call, "the keeper process ended before it had answered; look whether it was "
                         "done, and try again");
    }
}

static void
choose_key_file (Connections *connections, const char *folder)
{
  const char *given = g_getenv ("TENON_MASTER_KEY_FILE");
  const char *credentials = g_getenv ("CREDENTIALS_DIRECTORY");
  g_autofree char *credential
      = credentials == NULL ? NULL : g_build_filename (credentials, "tenon-master-key", NULL);
  connections->key_kind = MASTER_KEY_FILE;
  if (given != NULL && *given != '\0')
    connections->key_file = g_canonicalize_filename (given, NULL);
  else if (credential != NULL && g_file_test (credential, G_FILE_TEST_EXISTS))
    {
      connections->key_kind = MASTER_KEY_CREDENTIAL;
      connections->key_file = g_steal_pointer (&credential);
    }
  else
    {
      g_autofree char *path = g_build_filename (folder, KEY_FILE, NULL);
      connections->key_kind = MASTER_KEY_DEFAULT;
      connections->key_file = g_canonicalize_filename (path, NULL);
    }
}

static gboolean
load_rows (Connections *connections, GError **error)
{
  Store *store = connections->dispatcher->store;
  g_autoptr (GPtrArray) rows = store_load_connections (store, error);
  if (rows == NULL || !store_load_vault (store, &connections->store_id, &connections->check, error))
    return FALSE;
  for (guint i = 0; i < rows->len; i++)
    {
      const StoreConnection *row = rows->pdata[i];
      Connection *connection = connection_new (connections, row->id, row->instance_id, row->name);
      connection->revision = row->revision;
      connection->fields = g_bytes_ref (row->fields);
      connection->token = g_bytes_ref (row->token);
      connection->public = json_object ();
      set_public (connection, row->public);
    }
  return TRUE;
}

static gboolean
on_open_late (gpointer user_data)
{
  Connections *connections = user_data;
  connections->failure = g_strdup ("the keeper process has not answered");
  return G_SOURCE_REMOVE;
}

static gboolean
wait_until_open (Connections *connections, GError **error)
{
  GSource *late = timer (connections, OPEN_SECONDS, on_open_late, connections);
  while (!connections->is_open && connections->failure == NULL)
    g_main_context_iteration (connections->dispatcher->host->context, TRUE);
  drop_source (&late);
  if (connections->is_open)
    return TRUE;
  g_set_error_literal (error, DISPATCH_ERROR, DISPATCH_ERROR_UNAVAILABLE, connections->failure);
  return FALSE;
}

Connections *
connections_new (Dispatcher *dispatcher, GError **error)
{
  Connections *connections = g_new0 (Connections, 1);
  KeeperEvents events = { on_frame, on_keeper_up, on_keeper_down, connections };
  connections->refs = 1;
  connections->dispatcher = dispatcher;
  connections->by_id = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, connection_free);
  connections->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  connections->calls = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, call_free);
  choose_key_file (connections, store_folder (dispatcher->store));
  if (load_rows (connections, error))
    {
      if (!dispatcher->host->has_keeper)
        {
          connections->failure = g_strdup ("there is no keeper process in this program");
          return connections;
        }
      worker_host_set_keeper_events (dispatcher->host, &events);
      send_open (connections);
      if (wait_until_open (connections, error))
        return connections;
    }
  connections_free (connections);
  return NULL;
}

void
connections_free (Connections *connections)
{
  static const KeeperEvents none = { 0 };
  worker_host_set_keeper_events (connections->dispatcher->host, &none);
  g_hash_table_remove_all (connections->calls);
  connections->dispatcher = NULL;
  connections_unref (connections);
}

gboolean
connections_are_open (Connections *connections)
{
  return connections->is_open;
}

/* --- what versions declare --- */

static gboolean
is_connection (const ConfigVar *config_var)
{
  return strcmp (config_var->data_type, "connection") == 0;
}

char **
connection_names (const Version *version)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  gboolean has_any = FALSE;
  for (guint i = 0; i < version->config_vars->len; i++)
    {
      const ConfigVar *config_var = version->config_vars->pdata[i];
      if (!is_connection (config_var))
        continue;
      g_strv_builder_add (names, config_var->key);
      has_any = TRUE;
    }
  return has_any ? g_strv_builder_end (names) : NULL;
}

void
connections_define (Connections *connections, Deployment *deployment)
{
  const char *instance_id = deployment->instance->stored->id;
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, connections->by_id);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (strcmp (((Connection *) value)->instance_id, instance_id) == 0)
      g_clear_pointer (&((Connection *) value)->declaration, json_decref);
  for (guint i = 0; i < deployment->version->config_vars->len; i++)
    {
      const ConfigVar *config_var = deployment->version->config_vars->pdata[i];
      if (!is_connection (config_var))
        continue;
      Connection *connection = find_named (connections, instance_id, config_var->key);
      if (connection == NULL)
        {
          ExecutionId id;
          execution_id_make (&id);
          connection = connection_new (connections, id.text, instance_id, config_var->key);
          connection->public = json_object ();
        }
      connection->declaration = json_incref (config_var->raw);
      if (connections->is_open)
        define (connections, connection, NULL, NULL);
    }
}

/* --- the dispatcher's face --- */

json_t *
dispatcher_connection_keys (Dispatcher *dispatcher)
{
  Connections *connections = dispatcher->connections;
  return connections->is_open && connections->keys != NULL ? json_incref (connections->keys) : NULL;
}

static gint
by_name (gconstpointer a, gconstpointer b)
{
  const Connection *first = *(Connection *const *) a, *second = *(Connection *const *) b;
  int order = strcmp (first->instance_id, second->instance_id);
  return order != 0 ? order : strcmp (first->name, second->name);
}

static gboolean
is_shown (const Connection *connection)
{
  return connection->declaration != NULL || connection->fields != NULL;
}

json_t *
dispatcher_list_connections (Dispatcher *dispatcher, const char *instance)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  Instance *only = instance == NULL ? NULL : g_hash_table_lookup (dispatcher->by_name, instance);
  GHashTableIter iter;
  gpointer value;
  if (instance != NULL && only == NULL)
    return NULL;
  g_hash_table_iter_init (&iter, dispatcher->connections->by_id);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Connection *connection = value;
      if (is_shown (connection)
          && (only == NULL || strcmp (connection->instance_id, only->stored->id) == 0))
        g_ptr_array_add (found, connection);
    }
  g_ptr_array_sort (found, by_name);
  json_t *list = json_array ();
  for (guint i = 0; i < found->len; i++)
    json_array_append (list, ((Connection *) found->pdata[i])->public);
  return json_pack ("{s:o}", "connections", list);
}

json_t *
dispatcher_find_connection (Dispatcher *dispatcher, const char *instance_name, const char *name)
{
  Instance *instance = g_hash_table_lookup (dispatcher->by_name, instance_name);
  Connection *connection
      = instance == NULL ? NULL : find_named (dispatcher->connections, instance->stored->id, name);
  return connection == NULL || !is_shown (connection) ? NULL : json_incref (connection->public);
}

static void
set (Connections *connections, Connection *connection, const char *jwe, json_t *options,
     StoreJsonDone done, gpointer user_data)
{
  Call *call = call_new (connections, CALL_SHOW, connection->id, done, user_data);
  FrameWriter *writer = frame_writer_new (KEEPER_SET, call->ticket);
  g_autoptr (GBytes) options_text = options == NULL ? NULL : json_print_bytes (options);
  frame_write_string (writer, connection->id);
  frame_write_bytes (writer, jwe == NULL ? "" : jwe, jwe == NULL ? 0 : strlen (jwe));
  frame_write_gbytes (writer, options_text);
  tell (connections, writer);
}

/* Nothing else may be in it: a field in the clear is to be noticed, not passed over. */
static GError *
check_document (json_t *document)
{
  const char *name;
  json_t *value;
  if (!json_is_object (document))
    return g_error_new_literal (DISPATCH_ERROR, DISPATCH_ERROR_INVALID,
                                "a connection is set with an object {jwe, options}");
  json_object_foreach (document, name, value)
  {
    gboolean is_good = strcmp (name, "jwe") == 0       ? json_is_string (value)
                       : strcmp (name, "options") == 0 ? json_is_object (value)
                                                       : FALSE;
    if (!is_good)
      return g_error_new_literal (
          DISPATCH_ERROR, DISPATCH_ERROR_INVALID,
          "a connection is set with \"jwe\", its fields as a compact JWE to a key of "
          "/api/v1/keys/connections, and \"options\", an object; the server takes no field in the "
          "clear");
  }
  if (json_string_length (json_object_get (document, "jwe")) > 2 * KEEPER_MAX_CONNECTION_BYTES)
    return g_error_new_literal (DISPATCH_ERROR, DISPATCH_ERROR_INVALID,
                                "the fields of a connection are at most 256 KiB");
  return NULL;
}

void
dispatcher_connection_set (Dispatcher *dispatcher, const char *instance, const char *name,
                           json_t *document, StoreJsonDone done, gpointer user_data)
{
  Connections *connections = dispatcher->connections;
  GError *error = check_document (document);
  if (error != NULL)
    {
      refuse_later (connections, error, done, user_data);
      return;
    }
  Connection *connection = find_or_refuse (connections, instance, name, done, user_data);
  if (connection != NULL)
    set (connections, connection, json_get_string (document, "jwe"),
         json_object_get (document, "options"), done, user_data);
}

/* A call whose frame has the connection's id and nothing more. */
static void
call_of_id (Dispatcher *dispatcher, guint16 type, CallKind kind, const char *instance,
            const char *name, StoreJsonDone done, gpointer user_data)
{
  Connections *connections = dispatcher->connections;
  Connection *connection = find_or_refuse (connections, instance, name, done, user_data);
  if (connection == NULL)
    return;
  Call *call = call_new (connections, kind, connection->id, done, user_data);
  FrameWriter *writer = frame_writer_new (type, call->ticket);
  frame_write_string (writer, connection->id);
  tell (connections, writer);
}

void
dispatcher_connection_delete (Dispatcher *dispatcher, const char *instance, const char *name,
                              StoreJsonDone done, gpointer user_data)
{
  call_of_id (dispatcher, KEEPER_DELETE, CALL_DELETE, instance, name, done, user_data);
}

void
dispatcher_connection_refresh (Dispatcher *dispatcher, const char *instance, const char *name,
                               StoreJsonDone done, gpointer user_data)
{
  call_of_id (dispatcher, KEEPER_REFRESH, CALL_SHOW, instance, name, done, user_data);
}

void
dispatcher_connection_authorize (Dispatcher *dispatcher, const char *instance, const char *name,
                                 const char *redirect_uri, StoreJsonDone done, gpointer user_data)
{
  Connections *connections = dispatcher->connections;
  Connection *connection = find_or_refuse (connections, instance, name, done, user_data);
  if (connection == NULL)
    return;
  Call *call = call_new (connections, CALL_SHOW, connection->id, done, user_data);
  FrameWriter *writer = frame_writer_new (KEEPER_AUTHORIZE, call->ticket);
  frame_write_string (writer, connection->id);
  frame_write_string (writer, redirect_uri);
  tell (connections, writer);
}

/* FALSE, and `done` is told, where the keeper is not open. */
static gboolean
check_open (Connections *connections, StoreJsonDone done, gpointer user_data)
{
  if (!connections->is_open)
    refuse_later (connections, not_open (connections), done, user_data);
  return connections->is_open;
}

void
dispatcher_connection_callback (Dispatcher *dispatcher, const char *query, const char *cookie,
                                StoreJsonDone done, gpointer user_data)
{
  Connections *connections = dispatcher->connections;
  if (!check_open (connections, done, user_data))
    return;
  Call *call = call_new (connections, CALL_SHOW, NULL, done, user_data);
  FrameWriter *writer = frame_writer_new (KEEPER_CALLBACK, call->ticket);
  frame_write_string (writer, query == NULL ? "" : query);
  frame_write_string (writer, cookie == NULL ? "" : cookie);
  tell (connections, writer);
}

void
dispatcher_rotate_keys (Dispatcher *dispatcher, const char *key_file, StoreJsonDone done,
                        gpointer user_data)
{
  Connections *connections = dispatcher->connections;
  if (!check_open (connections, done, user_data))
    return;
  Call *call = call_new (connections, CALL_SHOW, NULL, done, user_data);
  FrameWriter *writer = frame_writer_new (KEEPER_ROTATE, call->ticket);
  frame_write_string (writer, key_file == NULL ? "" : key_file);
  tell (connections, writer);
}

/* --- those of a deploy --- */

typedef struct
{
  Connections *connections;
  Instance *instance;
  FaultList *faults;
  ConnectionsDone done;
  gpointer user_data;
  guint due;
} Batch;

typedef struct
{
  Batch *batch;
  char *name;
} BatchItem;

static void
add_missing (Batch *batch)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, batch->connections->by_id);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Connection *connection = value;
      const char *status = json_get_string (connection->public, "status");
      const char *instance = batch->instance->stored->name;
      if (connection->declaration == NULL
          || strcmp (connection->instance_id, batch->instance->stored->id) != 0
          || !json_get_bool (connection->declaration, "required", FALSE))
        continue;
      if (g_strcmp0 (status, "unset") == 0)
        fault_list_add (
            batch->faults, FAULT_WARNING, NULL, 0, 0, NULL, NULL,
            "the connection \"%s\" is not set yet: tenon connections set \"%s\" --instance %s",
            connection->name, connection->name, instance);
      else if (g_strcmp0 (status, "pending") == 0)
        fault_list_add (batch->faults, FAULT_WARNING, NULL, 0, 0, NULL, NULL,
                        "the connection \"%s\" is not authorized yet: tenon connections authorize "
                        "\"%s\" --instance "
                        "%s",
                        connection->name, connection->name, instance);
    }
}

static void
item_is_done (Batch *batch)
{
  if (--batch->due > 0)
    return;
  add_missing (batch);
  batch->done (batch->user_data);
  g_free (batch);
}

static void
on_item_set (json_t *json, const GError *error, gpointer user_data)
{
  BatchItem *item = user_data;
  size_t index;
  json_t *fault;
  if (error != NULL)
    fault_list_add (item->batch->faults, FAULT_ERROR, NULL, 0, 0, NULL, NULL,
                    "the connection \"%s\" was not set: %s", item->name, error->message);
  json_array_foreach (json_object_get (json, "faults"), index, fault) fault_list_add (
      item->batch->faults, FAULT_ERROR, NULL, 0, 0, NULL, json_get_string (fault, "hint"),
      "connection \"%s\", field \"%s\": %s", item->name, json_get_string (fault, "field"),
      json_get_string (fault, "message"));
  json_array_foreach (json_object_get (json, "warnings"), index, fault)
      fault_list_add (item->batch->faults, FAULT_WARNING, NULL, 0, 0, NULL, NULL,
                      "connection \"%s\": %s", item->name, json_string_value (fault));
  item_is_done (item->batch);
  g_free (item->name);
  g_free (item);
}

static void
on_item_defined (json_t *json, const GError *error, gpointer user_data)
{
  item_is_done (user_data);
}

/* Once more, for the answers: they say what is missing. */
static void
define_of_instance (Batch *batch)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, batch->connections->by_id);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Connection *connection = value;
      if (connection->declaration == NULL || !batch->connections->is_open
          || strcmp (connection->instance_id, batch->instance->stored->id) != 0)
        continue;
      batch->due++;
      define (batch->connections, connection, on_item_defined, batch);
    }
}

void
connections_deploy (Connections *connections, Instance *instance, json_t *jwes, FaultList *faults,
                    ConnectionsDone done, gpointer user_data)
{
  Batch *batch = g_new0 (Batch, 1);
  const char *name;
  json_t *jwe;
  batch->connections = connections;
  batch->instance = instance;
  batch->faults = faults;
  batch->done = done;
  batch->user_data = user_data;
  batch->due = 1; /* this loop */
  define_of_instance (batch);
  json_object_foreach (jwes, name, jwe)
  {
    BatchItem *item = g_new (BatchItem, 1);
    item->batch = batch;
    item->name = g_strdup (name);
    batch->due++;
    Connection *connection
        = find_or_refuse (connections, instance->stored->name, name, on_item_set, item);
    if (connection != NULL)
      set (connections, connection, json_string_value (jwe), NULL, on_item_set, item);
  }
  item_is_done (batch);
}

/* --- a store of before --- */

typedef struct
{
  Connections *connections;
  char *instance_id, *name;
} Adoption;

static void
on_adopted (json_t *json, const GError *error, gpointer user_data)
{
  Adoption *adoption = user_data;
  Dispatcher *dispatcher = adoption->connections->dispatcher;
  Instance *instance = g_hash_table_lookup (dispatcher->by_id, adoption->instance_id);
  if (error != NULL)
    g_warning ("the connection \"%s\" of instance \"%s\" stays in the clear among the config "
               "values of the store, and "
               "is not used, until it is set again: %s",
               adoption->name, instance->stored->name, error->message);
  else
    {
      json_object_del (instance->stored->config, adoption->name);
      store_instance_set_config (dispatcher->store, adoption->instance_id, instance->stored->config,
                                 NULL, NULL);
      g_message ("the connection \"%s\" of instance \"%s\" was in the clear in the store; it is "
                 "sealed now",
                 adoption->name, instance->stored->name);
    }
  g_free (adoption->instance_id);
  g_free (adoption->name);
  g_free (adoption);
}

void
connections_adopt (Connections *connections, Instance *instance, json_t *clear)
{
  const char *name;
  json_t *value;
  json_object_foreach (clear, name, value)
  {
    Connection *connection = find_named (connections, instance->stored->id, name);
    g_autoptr (json_t) fields = config_connection_fields (value);
    g_autofree char *text = json_print (fields);
    g_autofree char *ctx = g_strdup_printf ("%s/%s", instance->stored->name, name);
    g_autoptr (GError) error = NULL;
    g_autofree char *jwe = !connections->is_open
                               ? NULL
                               : jwe_seal (connections->keys, ctx, text, strlen (text), &error);
    secret_wipe (text, strlen (text));
    if (connection == NULL || jwe == NULL)
      continue;
    Adoption *adoption = g_new (Adoption, 1);
    adoption->connections = connections;
    adoption->instance_id = g_strdup (instance->stored->id);
    adoption->name = g_strdup (name);
    set (connections, connection, jwe, NULL, on_adopted, adoption);
  }
}
