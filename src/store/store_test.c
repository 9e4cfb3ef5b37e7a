/* The store through its face, on real files. */
#include "store/store.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct
{
  guint n;
  GError *error;
  json_t *json;
  char *version_id;
} Told;

static void
told_clear (Told *told)
{
  g_clear_error (&told->error);
  g_clear_pointer (&told->json, json_decref);
  g_clear_pointer (&told->version_id, g_free);
}

static void
note (const GError *error, gpointer data)
{
  Told *told = data;
  told->n++;
  if (error != NULL && told->error == NULL)
    told->error = g_error_copy (error);
}

static void
note_json (json_t *json, const GError *error, gpointer data)
{
  ((Told *) data)->json = json_incref (json);
  note (error, data);
}

static void
note_instance (const StoreInstance *instance, const GError *error, gpointer data)
{
  g_free (((Told *) data)->version_id);
  ((Told *) data)->version_id = g_strdup (instance == NULL ? NULL : instance->version_id);
  note (error, data);
}

static void
wait_for (Told *told, guint n)
{
  while (told->n < n)
    g_main_context_iteration (NULL, TRUE);
  g_assert_no_error (told->error);
}

static char *
new_folder (void)
{
  return g_dir_make_tmp ("tenon-store-XXXXXX", NULL);
}

static void
remove_folder (char *folder)
{
  static const char *const names[] = { "tenon.db", "tenon.db-wal", "tenon.db-shm", "lock" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);
      g_unlink (path);
    }
  g_rmdir (folder);
  g_free (folder);
}

static Store *
open_store (const char *folder)
{
  g_autoptr (GError) error = NULL;
  Store *store = store_open (folder, NULL, &error);
  g_assert_no_error (error);
  return store;
}

static void
insert (Store *store, ExecutionId *id, StoreDurability durability, StoreDone done, gpointer data)
{
  g_autofree char *large = g_strnfill (2000, 'x');
  g_autofree char *json = g_strdup_printf ("{\"body\":\"%s\"}", large);
  g_autoptr (Value) payload = value_new_json (json);
  StoreExecution execution = {
    .instance_id = (char *) "i",
    .version_id = (char *) "v",
    .flow = (char *) "Flow",
    .payload = payload,
    .created_at_us = g_get_real_time (),
  };
  execution_id_make (id);
  execution.id = *id;
  store_execution_insert (store, &execution, durability, done, data);
}

static void
put_step (Store *store, const ExecutionId *id, const char *path, const char *json)
{
  g_autoptr (Value) results = value_new_json (json);
  g_autoptr (GBytes) states = g_bytes_new_static ("{\"instanceState\":{\"n\":1}}", 25);
  StoreStep step = { .path = (char *) path,
                     .identifier = (char *) "step",
                     .name = (char *) "Step",
                     .results = results,
                     .states = states,
                     .sealed = states };
  store_step_put (store, id, &step);
}

static void
an_unfinished_execution_is_there_after_a_reopen_with_its_steps (void)
{
  char *folder = new_folder ();
  Told told = { 0 };
  ExecutionId id, ended;
  Store *store = open_store (folder);
  insert (store, &id, STORE_DURABLE, note, &told);
  insert (store, &ended, STORE_RELAXED, note, &told);
  put_step (store, &id, "0", "{\"a\":1}");
  put_step (store, &id, "0", "{\"a\":2}"); /* the same step again: the first stays */
  StoreFinish finish = { .status = EXECUTION_SUCCEEDED, .ended_at_us = 5 };
  store_execution_finish (store, &ended, &finish, NULL, STORE_RELAXED, note, &told);
  wait_for (&told, 3);
  store_close (store);

  store = open_store (folder);
  g_autoptr (GPtrArray) unfinished = store_load_unfinished (store, NULL);
  g_assert_cmpuint (unfinished->len, ==, 1);
  StoreUnfinished *one = g_ptr_array_index (unfinished, 0);
  g_assert_cmpstr (one->execution->id.text, ==, id.text);
  g_assert_cmpuint (value_size (one->execution->payload), >, 2000);
  g_assert_cmpuint (one->steps->len, ==, 1);
  StoreStep *step = g_ptr_array_index (one->steps, 0);
  g_autofree char *results = value_to_json (step->results);
  g_assert_cmpstr (results, ==, "{\"a\":1}");
  g_assert_cmpuint (g_bytes_get_size (step->states), ==, 25);
  g_assert_cmpuint (g_bytes_get_size (step->sealed), ==, 25);
  store_close (store);
  told_clear (&told);
  remove_folder (folder);
}

/* The child tells each acknowledged id through the pipe and is killed while it writes. */
static void
write_until_killed (const char *folder, int fd)
{
  Store *store = open_store (folder);
  for (;;)
    {
      Told told = { 0 };
      ExecutionId id;
      insert (store, &id, STORE_DURABLE, note, &told);
      wait_for (&told, 1);
      if (write (fd, id.text, EXECUTION_ID_LENGTH) != EXECUTION_ID_LENGTH)
        _exit (1);
    }
}

static void
an_accepted_execution_survives_a_kill (void)
{
  char *folder = new_folder ();
  g_autoptr (GHashTable) accepted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (int round = 0; round < 20; round++)
    {
      int fds[2];
      char id[EXECUTION_ID_LENGTH + 1] = "";
      g_assert_cmpint (pipe (fds), ==, 0);
      pid_t pid = fork ();
      if (pid == 0)
        write_until_killed (folder, fds[1]);
      close (fds[1]);
      g_usleep ((gulong) g_random_int_range (20000, 90000));
      kill (pid, SIGKILL);
      waitpid (pid, NULL, 0);
      while (read (fds[0], id, EXECUTION_ID_LENGTH) == EXECUTION_ID_LENGTH)
        g_hash_table_add (accepted, g_strdup (id));
      close (fds[0]);
    }
  Store *store = open_store (folder);
  g_autoptr (GPtrArray) unfinished = store_load_unfinished (store, NULL);
  for (guint i = 0; i < unfinished->len; i++)
    {
      StoreUnfinished *one = g_ptr_array_index (unfinished, i);
      g_hash_table_remove (accepted, one->execution->id.text);
    }
  g_assert_cmpuint (unfinished->len, >, 0);
  g_assert_cmpuint (g_hash_table_size (accepted), ==, 0);
  store_close (store);
  remove_folder (folder);
}

static void
deploy (Store *store, const char *hash, Told *told)
{
  StoreInstance instance = { .name = (char *) "default", .integration = (char *) "Orders" };
  g_autoptr (GBytes) document = g_bytes_new_static ("{}", 2);
  store_deploy (store, &instance, hash, document, note_instance, told);
  wait_for (told, 1);
}

static void
equal_versions_are_one (void)
{
  char *folder = new_folder ();
  Store *store = open_store (folder);
  Told first = { 0 }, second = { 0 }, third = { 0 };
  deploy (store, "aa", &first);
  deploy (store, "aa", &second);
  deploy (store, "bb", &third);
  g_assert_cmpstr (first.version_id, ==, second.version_id);
  g_assert_cmpstr (first.version_id, !=, third.version_id);
  g_autoptr (GPtrArray) instances = store_load_instances (store, NULL);
  g_assert_cmpuint (instances->len, ==, 1);
  StoreInstance *instance = g_ptr_array_index (instances, 0);
  g_assert_cmpint (instance->version_sequence, ==, 2);
  store_close (store);
  told_clear (&first);
  told_clear (&second);
  told_clear (&third);
  remove_folder (folder);
}

static void
executions_and_logs_are_listed (void)
{
  char *folder = new_folder ();
  Store *store = open_store (folder);
  Told told = { 0 }, list = { 0 }, page = { 0 }, logs = { 0 };
  ExecutionId ids[3];
  for (guint i = 0; i < 3; i++)
    {
      insert (store, &ids[i], STORE_RELAXED, note, &told);
      g_usleep (2000); /* ids sort by the millisecond */
    }
  g_autoptr (GArray) lines = g_array_new (FALSE, TRUE, sizeof (StoreLogLine));
  g_array_set_clear_func (lines, (GDestroyNotify) store_log_line_clear);
  StoreLogLine line = { .at_us = 1, .level = 2, .step = g_strdup ("s"), .text = g_strdup ("hi") };
  g_array_append_val (lines, line);
  store_log_append (store, &ids[0], lines);
  insert (store, &ids[2], STORE_DURABLE, note, &told);
  wait_for (&told, 4);

  StoreExecutionFilter filter = { .status = -1, .most = 2 };
  store_list_executions (store, &filter, note_json, &list);
  wait_for (&list, 1);
  json_t *executions = json_object_get (list.json, "executions");
  g_assert_cmpuint (json_array_size (executions), ==, 2);
  g_assert_cmpstr (json_string_value (json_object_get (json_array_get (executions, 0), "id")), ==,
                   ids[2].text);
  filter.before = json_string_value (json_object_get (list.json, "next"));
  store_list_executions (store, &filter, note_json, &page);
  store_list_logs (store, NULL, ids[0].text, -1, 10, note_json, &logs);
  wait_for (&page, 1);
  wait_for (&logs, 1);
  g_assert_cmpuint (json_array_size (json_object_get (page.json, "executions")), ==, 2);
  g_assert_cmpuint (json_array_size (json_object_get (logs.json, "logs")), ==, 1);
  store_close (store);
  told_clear (&told);
  told_clear (&list);
  told_clear (&page);
  told_clear (&logs);
  remove_folder (folder);
}

static void
a_newer_schema_is_refused (void)
{
  char *folder = new_folder ();
  g_autofree char *path = g_build_filename (folder, "tenon.db", NULL);
  g_autoptr (GError) error = NULL;
  sqlite3 *db;
  store_close (open_store (folder));
  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, "PRAGMA user_version = 99", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
  g_assert_null (store_open (folder, NULL, &error));
  g_assert_error (error, STORE_ERROR, STORE_ERROR_SCHEMA);
  remove_folder (folder);
}

static void
a_second_server_is_told_who_has_the_folder (void)
{
  char *folder = new_folder ();
  g_autoptr (GError) error = NULL;
  g_autofree char *pid = g_strdup_printf ("%d", getpid ());
  Store *store = open_store (folder);
  g_assert_null (store_open (folder, NULL, &error));
  g_assert_error (error, STORE_ERROR, STORE_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, pid));
  store_close (store);
  remove_folder (folder);
}

static void
files_are_for_their_owner_only (void)
{
  char *folder = new_folder ();
  g_autofree char *path = g_build_filename (folder, "tenon.db", NULL);
  GStatBuf info;
  Store *store = open_store (folder);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);
  store_close (store);
  remove_folder (folder);
}

static void
save_connection (Store *store, guint64 revision, const char *fields, Told *told)
{
  g_autoptr (GBytes) public = g_bytes_new_static ("{\"name\":\"CRM\"}", 14);
  g_autoptr (GBytes) sealed = g_bytes_new (fields, strlen (fields));
  StoreConnection connection = { .id = (char *) "c1",
                                 .instance_id = (char *) "i",
                                 .name = (char *) "CRM",
                                 .revision = revision,
                                 .public = public,
                                 .fields = sealed };
  store_connection_save (store, &connection, note, told);
}

static void
a_connection_is_kept_in_its_newest_revision_until_it_is_deleted (void)
{
  char *folder = new_folder ();
  Store *store = open_store (folder);
  Told told = { 0 };
  save_connection (store, 1, "one", &told);
  save_connection (store, 3, "three", &told);
  save_connection (store, 2, "two", &told);
  wait_for (&told, 3);
  store_close (store);

  store = open_store (folder);
  g_autoptr (GPtrArray) all = store_load_connections (store, NULL);
  g_assert_cmpuint (all->len, ==, 1);
  StoreConnection *connection = g_ptr_array_index (all, 0);
  g_assert_cmpuint (connection->revision, ==, 3);
  g_assert_cmpmem (g_bytes_get_data (connection->fields, NULL), 5, "three", 5);
  g_assert_cmpuint (g_bytes_get_size (connection->token), ==, 0);
  store_connection_delete (store, "c1", note, &told);
  wait_for (&told, 4);
  g_autoptr (GPtrArray) none = store_load_connections (store, NULL);
  g_assert_cmpuint (none->len, ==, 0);
  store_close (store);
  told_clear (&told);
  remove_folder (folder);
}

static void
a_second_connection_of_a_name_is_a_conflict_that_spares_its_batch (void)
{
  char *folder = new_folder ();
  Store *store = open_store (folder);
  Told first = { 0 }, second = { 0 };
  g_autoptr (GBytes) bytes = g_bytes_new_static ("{}", 2);
  StoreConnection other = { .id = (char *) "c2",
                            .instance_id = (char *) "i",
                            .name = (char *) "CRM",
                            .revision = 1,
                            .public = bytes,
                            .fields = bytes };
  save_connection (store, 1, "one", &first);
  store_connection_save (store, &other, note, &second);
  wait_for (&first, 1);
  while (second.n == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (second.error);
  g_autoptr (GPtrArray) all = store_load_connections (store, NULL);
  g_assert_cmpuint (all->len, ==, 1);
  store_close (store);
  told_clear (&first);
  told_clear (&second);
  remove_folder (folder);
}

static void
a_store_keeps_its_id_and_its_keys_check (void)
{
  char *folder = new_folder ();
  g_autofree char *first = NULL, *second = NULL;
  g_autoptr (GBytes) none = NULL;
  g_autoptr (GBytes) check = NULL;
  g_autoptr (GBytes) sealed = g_bytes_new_static ("\0sealed", 7);
  Told told = { 0 };
  Store *store = open_store (folder);
  g_assert_true (store_load_vault (store, &first, &none, NULL));
  g_assert_cmpuint (strlen (first), ==, 32);
  g_assert_cmpuint (g_bytes_get_size (none), ==, 0);
  store_vault_save_check (store, sealed, note, &told);
  wait_for (&told, 1);
  store_close (store);
  store = open_store (folder);
  g_assert_true (store_load_vault (store, &second, &check, NULL));
  g_assert_cmpstr (first, ==, second);
  g_assert_true (g_bytes_equal (check, sealed));
  store_close (store);
  remove_folder (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/store/" #name, name)
  ADD (an_accepted_execution_survives_a_kill);
  ADD (an_unfinished_execution_is_there_after_a_reopen_with_its_steps);
  ADD (equal_versions_are_one);
  ADD (executions_and_logs_are_listed);
  ADD (a_newer_schema_is_refused);
  ADD (a_second_server_is_told_who_has_the_folder);
  ADD (a_connection_is_kept_in_its_newest_revision_until_it_is_deleted);
  ADD (a_second_connection_of_a_name_is_a_conflict_that_spares_its_batch);
  ADD (a_store_keeps_its_id_and_its_keys_check);
  ADD (files_are_for_their_owner_only);
  return g_test_run ();
}
