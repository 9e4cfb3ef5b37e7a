/* Versions and instances: written by a deploy, read whole at start. */
#include "store/sqlite/private.h"

#include <string.h>

typedef struct
{
  StoreInstance instance; /* first: `done` gets it */
  char *hash;
  GBytes *document;
} Deploy;

static void
clear_instance (StoreInstance *instance)
{
  g_free (instance->id);
  g_free (instance->name);
  g_free (instance->integration);
  g_free (instance->version_id);
  g_clear_pointer (&instance->config, json_decref);
  g_clear_pointer (&instance->endpoints, json_decref);
  g_clear_pointer (&instance->meta, json_decref);
}

static void
deploy_free (gpointer data)
{
  Deploy *deploy = data;
  clear_instance (&deploy->instance);
  g_free (deploy->hash);
  g_bytes_unref (deploy->document);
  g_free (deploy);
}

/* The version of this hash, or a new one. */
static gboolean
put_version (Store *store, Deploy *deploy, GError **error)
{
  StoreInstance *instance = &deploy->instance;
  sqlite3_stmt *find = store_statement (
      store, "SELECT id, sequence FROM version WHERE integration = ? AND hash = ?");
  bind_text (find, 1, instance->integration);
  bind_text (find, 2, deploy->hash);
  if (sqlite3_step (find) == SQLITE_ROW)
    {
      instance->version_id = column_text (find, 0);
      instance->version_sequence = sqlite3_column_int64 (find, 1);
      sqlite3_reset (find);
      return TRUE;
    }
  sqlite3_reset (find);

  ExecutionId id;
  execution_id_make (&id);
  instance->version_id = g_strdup (id.text);
  sqlite3_stmt *last
      = store_statement (store, "SELECT max(sequence) FROM version WHERE integration = ?");
  bind_text (last, 1, instance->integration);
  instance->version_sequence
      = 1 + (sqlite3_step (last) == SQLITE_ROW ? sqlite3_column_int64 (last, 0) : 0);
  sqlite3_reset (last);

  g_autoptr (GBytes) document = blob_put (store, deploy->document, error);
  if (document == NULL)
    return FALSE;
  sqlite3_stmt *insert = store_statement (
      store, "INSERT INTO version (id, integration, sequence, hash, document, created_at)"
             " VALUES (?, ?, ?, ?, ?, ?)");
  bind_text (insert, 1, instance->version_id);
  bind_text (insert, 2, instance->integration);
  sqlite3_bind_int64 (insert, 3, instance->version_sequence);
  bind_text (insert, 4, deploy->hash);
  bind_bytes (insert, 5, document);
  sqlite3_bind_int64 (insert, 6, g_get_real_time ());
  return store_run (store, insert, "keeping a version", error);
}

static gboolean
put_instance (Store *store, StoreInstance *instance, GError **error)
{
  g_autofree char *config = json_print (instance->config);
  g_autofree char *endpoints = json_print (instance->endpoints);
  g_autofree char *meta = json_print (instance->meta);
  sqlite3_stmt *insert = store_statement (
      store,
      "INSERT INTO instance (id, name, integration, version_id, is_paused, config, endpoints,"
      " meta, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (name) DO UPDATE SET integration = excluded.integration,"
      " version_id = excluded.version_id, is_paused = excluded.is_paused,"
      " config = excluded.config, endpoints = excluded.endpoints, meta = excluded.meta,"
      " updated_at = excluded.updated_at");
  bind_text (insert, 1, instance->id);
  bind_text (insert, 2, instance->name);
  bind_text (insert, 3, instance->integration);
  bind_text (insert, 4, instance->version_id);
  sqlite3_bind_int (insert, 5, instance->is_paused);
  bind_text (insert, 6, config);
  bind_text (insert, 7, endpoints);
  bind_text (insert, 8, meta);
  sqlite3_bind_int64 (insert, 9, instance->created_at_us);
  sqlite3_bind_int64 (insert, 10, instance->updated_at_us);
  if (!store_run (store, insert, "keeping an instance", error))
    return FALSE;
  /* One that was there keeps its id and its age. */
  sqlite3_stmt *find
      = store_statement (store, "SELECT id, created_at FROM instance WHERE name = ?");
  bind_text (find, 1, instance->name);
  if (sqlite3_step (find) == SQLITE_ROW)
    {
      g_free (instance->id);
      instance->id = column_text (find, 0);
      instance->created_at_us = sqlite3_column_int64 (find, 1);
    }
  sqlite3_reset (find);
  return TRUE;
}

static gboolean
run_deploy (Store *store, Write *write, GError **error)
{
  Deploy *deploy = write->data;
  return put_version (store, deploy, error) && put_instance (store, &deploy->instance, error);
}

static json_t *
copy_json (json_t *json, gboolean is_array)
{
  return json != NULL ? json_deep_copy (json) : is_array ? json_array () : json_object ();
}

void
store_deploy (Store *store, const StoreInstance *instance, const char *version_hash,
              GBytes *document, StoreInstanceDone done, gpointer user_data)
{
  ExecutionId id;
  gint64 now = g_get_real_time ();
  Deploy *deploy = g_new0 (Deploy, 1);
  execution_id_make (&id);
  deploy->instance.id = g_strdup (instance->id == NULL ? id.text : instance->id);
  deploy->instance.name = g_strdup (instance->name);
  deploy->instance.integration = g_strdup (instance->integration);
  deploy->instance.is_paused = instance->is_paused;
  deploy->instance.config = copy_json (instance->config, FALSE);
  deploy->instance.endpoints = copy_json (instance->endpoints, TRUE);
  deploy->instance.meta = copy_json (instance->meta, FALSE);
  deploy->instance.created_at_us = deploy->instance.updated_at_us = now;
  deploy->hash = g_strdup (version_hash);
  deploy->document = g_bytes_ref (document);

  Write *write = g_new0 (Write, 1);
  write->run = run_deploy;
  write->data = deploy;
  write->destroy = deploy_free;
  write->bytes = g_bytes_get_size (document);
  write->durability = STORE_DURABLE;
  write->instance_done = done;
  write->user_data = user_data;
  store_write (store, write);
}

typedef struct
{
  char *name;
  gboolean is_paused;
} Pause;

static void
pause_free (gpointer data)
{
  Pause *pause = data;
  g_free (pause->name);
  g_free (pause);
}

static gboolean
run_pause (Store *store, Write *write, GError **error)
{
  const Pause *pause = write->data;
  sqlite3_stmt *update
      = store_statement (store, "UPDATE instance SET is_paused = ? WHERE name = ?");
  sqlite3_bind_int (update, 1, pause->is_paused);
  bind_text (update, 2, pause->name);
  if (!store_run (store, update, "pausing an instance", error))
    return FALSE;
  if (sqlite3_changes (store->writer) > 0)
    return TRUE;
  g_set_error (error, STORE_ERROR, STORE_ERROR_NOT_FOUND, "there is no instance \"%s\"",
               pause->name);
  return FALSE;
}

void
store_instance_set_paused (Store *store, const char *name, gboolean is_paused, StoreDone done,
                           gpointer user_data)
{
  Pause *pause = g_new (Pause, 1);
  Write *write = g_new0 (Write, 1);
  pause->name = g_strdup (name);
  pause->is_paused = is_paused;
  write->run = run_pause;
  write->data = pause;
  write->destroy = pause_free;
  write->durability = STORE_DURABLE;
  write->done = done;
  write->user_data = user_data;
  store_write (store, write);
}

typedef struct
{
  char *id, *config;
} SetConfig;

static void
set_config_free (gpointer data)
{
  SetConfig *set = data;
  g_free (set->id);
  g_free (set->config);
  g_free (set);
}

static gboolean
run_set_config (Store *store, Write *write, GError **error)
{
  const SetConfig *set = write->data;
  sqlite3_stmt *update = store_statement (store, "UPDATE instance SET config = ? WHERE id = ?");
  bind_text (update, 1, set->config);
  bind_text (update, 2, set->id);
  return store_run (store, update, "keeping an instance's config", error);
}

void
store_instance_set_config (Store *store, const char *id, json_t *config, StoreDone done,
                           gpointer user_data)
{
  SetConfig *set = g_new (SetConfig, 1);
  Write *write = g_new0 (Write, 1);
  set->id = g_strdup (id);
  set->config = json_print (config);
  write->run = run_set_config;
  write->data = set;
  write->destroy = set_config_free;
  write->durability = STORE_DURABLE;
  write->done = done;
  write->user_data = user_data;
  store_write (store, write);
}

/* --- at start: on the caller's thread, before anything is queued --- */

static json_t *
column_json (sqlite3_stmt *statement, int index)
{
  return json_parse ((const char *) sqlite3_column_text (statement, index), -1, NULL);
}

GPtrArray *
store_load_instances (Store *store, GError **error)
{
  GPtrArray *instances = g_ptr_array_new_with_free_func ((GDestroyNotify) store_instance_free);
  sqlite3_stmt *select = store_read_statement (
      store, "SELECT i.id, i.name, i.integration, i.version_id, v.sequence, i.is_paused, i.config,"
             " i.endpoints, i.meta, i.created_at, i.updated_at FROM instance i"
             " JOIN version v ON v.id = i.version_id ORDER BY i.created_at");
  while (sqlite3_step (select) == SQLITE_ROW)
    {
      StoreInstance *instance = g_new0 (StoreInstance, 1);
      instance->id = column_text (select, 0);
      instance->name = column_text (select, 1);
      instance->integration = column_text (select, 2);
      instance->version_id = column_text (select, 3);
      instance->version_sequence = sqlite3_column_int64 (select, 4);
      instance->is_paused = sqlite3_column_int (select, 5);
      instance->config = column_json (select, 6);
      instance->endpoints = column_json (select, 7);
      instance->meta = column_json (select, 8);
      instance->created_at_us = sqlite3_column_int64 (select, 9);
      instance->updated_at_us = sqlite3_column_int64 (select, 10);
      g_ptr_array_add (instances, instance);
    }
  sqlite3_reset (select);
  return instances;
}

GBytes *
store_load_version (Store *store, const char *version_id, GError **error)
{
  sqlite3_stmt *select = store_read_statement (store, "SELECT document FROM version WHERE id = ?");
  bind_text (select, 1, version_id);
  g_autoptr (GBytes) stored = sqlite3_step (select) == SQLITE_ROW ? column_bytes (select, 0) : NULL;
  sqlite3_reset (select);
  GBytes *document = blob_get (store_read_statement (store, BLOB_LOOKUP_SQL), stored);
  if (document == NULL)
    g_set_error (error, STORE_ERROR, STORE_ERROR_NOT_FOUND, "the store has no version %s",
                 version_id);
  return document;
}
