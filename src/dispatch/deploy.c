/* A deploy: a document from outside becomes the instance's next version.
 *
 * Deploys go one after the other: two of the same new instance would each make
 * tokens for it. What is checked before anything is written: the version's shape,
 * the limits, the config values, names and keys; all faults in one answer.
 */
#include "base/fault.h"
#include "base/json.h"
#include "dispatch/connections.h"
#include "dispatch/private.h"

#include <string.h>

#define TOKEN_BYTES 24
#define MOST_NAME_CHARS 100
#define MOST_KEYS 100
#define LEAST_KEY_CHARS 8
#define MOST_KEY_CHARS 256

typedef struct
{
  Dispatcher *dispatcher; /* NULL when that is gone */
  json_t *document;
  StoreJsonDone done;
  gpointer user_data;

  FaultList *faults;
  Version *version;
  GBytes *text;
  json_t *config_vars;
  Instance *instance; /* once it is installed */
} Deploy;

static void begin_next (Dispatcher *dispatcher);

static void
deploy_free (Deploy *deploy)
{
  json_decref (deploy->document);
  fault_list_free (deploy->faults);
  g_clear_pointer (&deploy->version, version_unref);
  g_clear_pointer (&deploy->text, g_bytes_unref);
  g_clear_pointer (&deploy->config_vars, json_decref);
  g_free (deploy);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Deploy, deploy_free)

void
deployment_limits (Dispatcher *dispatcher, const Version *version, const Flow *flow, Limits *limits)
{
  version_limits (version, flow, &dispatcher->options.limits, &dispatcher->options.limits_most,
                  limits);
}

/* --- checks --- */

static void
fault (Deploy *deploy, const char *pointer, const char *message)
{
  fault_list_add (deploy->faults, FAULT_ERROR, NULL, 0, 0, pointer, NULL, "%s", message);
}

/* The name goes into URLs, log lines and terminals. */
static void
check_name (Deploy *deploy)
{
  const char *name = json_get_string (deploy->document, "instance");
  gboolean is_good = name != NULL && name[0] != '\0' && g_utf8_strlen (name, -1) <= MOST_NAME_CHARS;
  for (const char *c = name; is_good && *c != '\0'; c = g_utf8_next_char (c))
    is_good = g_unichar_isprint (g_utf8_get_char (c));
  if (!is_good)
    fault (deploy, "/instance",
           "\"instance\" must be the instance's name: 1 to 100 printable characters");
}

static void
check_version (Deploy *deploy)
{
  g_autoptr (GError) error = NULL;
  json_t *json = json_object_get (deploy->document, "version");
  if (!json_is_object (json))
    {
      fault (deploy, "/version", "\"version\" must be a built version, as `tenon deploy` sends it");
      return;
    }
  deploy->version = version_from_json (json, &error);
  if (deploy->version == NULL)
    fault (deploy, "/version", error->message);
  else if (deploy->version->flows->len == 0)
    fault (deploy, "/version", "the version has no flow: there is nothing to run");
}

static void
check_config (Deploy *deploy)
{
  json_t *given = json_object_get (deploy->document, "config");
  g_autoptr (json_t) none = json_object ();
  if (given != NULL && !json_is_object (given))
    fault (deploy, "/config", "\"config\" must be an object of config variable to value");
  else if (deploy->version != NULL)
    deploy->config_vars = config_values_resolve (deploy->version, given == NULL ? none : given,
                                                 NULL, CONFIG_CONNECTIONS_REFUSED, deploy->faults);
}

/* {name: JWE} of connections that the version declares. What is in them only the keeper can tell,
 * when the version is stored. */
static void
check_connections (Deploy *deploy)
{
  json_t *given = json_object_get (deploy->document, "connections");
  g_auto (GStrv) names = deploy->version == NULL ? NULL : connection_names (deploy->version);
  const char *name;
  json_t *jwe;
  if (given != NULL && !json_is_object (given))
    fault (deploy, "/connections", "\"connections\" must be an object of connection to JWE");
  json_object_foreach (given, name, jwe)
  {
    g_autofree char *pointer = g_strconcat ("/connections/", name, NULL);
    if (names == NULL || !g_strv_contains ((const char *const *) names, name))
      fault (deploy, pointer, "the integration declares no connection of this name");
    else if (!json_is_string (jwe))
      fault (deploy, pointer,
             "a connection's fields come as a compact JWE, sealed to a key of "
             "/api/v1/keys/connections (`tenon deploy` does so)");
  }
}

static void
check_object (Deploy *deploy, const char *key, const char *message)
{
  json_t *given = json_object_get (deploy->document, key);
  g_autofree char *pointer = g_strconcat ("/", key, NULL);
  if (given != NULL && !json_is_null (given) && !json_is_object (given))
    fault (deploy, pointer, message);
}

static gboolean
is_api_key (json_t *key)
{
  const char *text = json_string_value (key);
  gsize length = text == NULL ? 0 : strlen (text);
  if (length < LEAST_KEY_CHARS || length > MOST_KEY_CHARS)
    return FALSE;
  for (const char *c = text; *c != '\0'; c++)
    if (!g_ascii_isgraph (*c))
      return FALSE;
  return TRUE;
}

/* No key is ever repeated in a message. */
static void
check_keys_of_flow (Deploy *deploy, const char *name, json_t *keys)
{
  size_t index;
  json_t *key;
  g_autofree char *pointer = g_strconcat ("/apiKeys/", name, NULL);
  g_autofree char *message = NULL;
  gboolean is_good = json_is_array (keys) && json_array_size (keys) <= MOST_KEYS;
  json_array_foreach (keys, index, key) is_good &= is_api_key (key);

  if (!is_good)
    message = g_strdup_printf (
        "the API keys of flow \"%s\" must be an array of up to %d texts of %d to "
        "%d visible ASCII characters",
        name, MOST_KEYS, LEAST_KEY_CHARS, MOST_KEY_CHARS);
  else if (deploy->version != NULL && version_find_flow (deploy->version, name) == NULL)
    message = g_strdup_printf (
        "there are API keys for a flow \"%s\", which the version does not have", name);
  if (message != NULL)
    fault (deploy, pointer, message);
}

static void
check_keys (Deploy *deploy)
{
  const char *name;
  json_t *keys;
  json_t *given = json_object_get (deploy->document, "apiKeys");
  if (given != NULL && !json_is_null (given) && !json_is_object (given))
    fault (deploy, "/apiKeys", "\"apiKeys\" must be an object of flow to array of keys");
  json_object_foreach (given, name, keys) check_keys_of_flow (deploy, name, keys);
}

/* A flow that only takes calls with a key needs one, or nobody could call it. */
static gboolean
has_keys (const Flow *flow, json_t *endpoint)
{
  return json_array_size (json_object_get (endpoint, "apiKeys")) > 0
         || (flow->security == ENDPOINT_ORGANIZATION && flow->organization_api_keys != NULL
             && flow->organization_api_keys[0] != NULL);
}

static void
warn_of_missing_keys (Deploy *deploy, json_t *endpoints)
{
  for (guint i = 0; i < deploy->version->flows->len; i++)
    {
      const Flow *flow = deploy->version->flows->pdata[i];
      gboolean needs_key
          = flow->security == ENDPOINT_CUSTOMER_REQUIRED || flow->security == ENDPOINT_ORGANIZATION;
      if (needs_key && !has_keys (flow, endpoint_of_flow (endpoints, flow->stable_key)))
        fault_list_add (deploy->faults, FAULT_WARNING, NULL, 0, 0, "/apiKeys",
                        "give one with the deploy: --api-key FLOW=KEY",
                        "flow \"%s\" only takes calls with an API key, and it has none: every call "
                        "will be answered 401",
                        flow->name);
    }
}

/* --- the instance's row --- */

/* Given now, or those of before. */
static json_t *
keys_of_flow (Deploy *deploy, const Flow *flow, json_t *before)
{
  json_t *given = json_object_get (deploy->document, "apiKeys");
  json_t *keys = json_object_get (given, flow->name);
  if (keys == NULL)
    keys = json_object_get (given, flow->stable_key);
  if (keys == NULL)
    keys = json_object_get (before, "apiKeys");
  return keys == NULL ? json_array () : json_incref (keys);
}

/* Every flow keeps its token for as long as it keeps its stable key: its URL is known to others. */
static json_t *
make_endpoints (Deploy *deploy, Instance *before)
{
  json_t *endpoints = json_array ();
  for (guint i = 0; i < deploy->version->flows->len; i++)
    {
      const Flow *flow = deploy->version->flows->pdata[i];
      json_t *old
          = before == NULL ? NULL : endpoint_of_flow (before->stored->endpoints, flow->stable_key);
      g_autofree char *token = g_strdup (json_get_string (old, "token"));
      if (token == NULL)
        token = random_token (TOKEN_BYTES);
      json_t *endpoint = json_object ();
      json_object_set_new (endpoint, "flow", json_string (flow->stable_key));
      json_object_set_new (endpoint, "token", json_string (token));
      json_object_set_new (endpoint, "apiKeys", keys_of_flow (deploy, flow, old));
      json_array_append_new (endpoints, endpoint);
    }
  /* A flow that is gone for now gets its URL back when it comes again. */
  size_t index;
  json_t *old;
  json_array_foreach (before == NULL ? NULL : before->stored->endpoints, index, old)
  {
    if (endpoint_of_flow (endpoints, json_get_string (old, "flow")) == NULL)
      json_array_append (endpoints, old);
  }
  return endpoints;
}

static json_t *
make_meta (Deploy *deploy, Instance *before)
{
  static const char *const keys[] = { "customer", "user" };
  json_t *meta = json_object ();
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      json_t *given = json_object_get (deploy->document, keys[i]);
      if (given == NULL && before != NULL)
        given = json_object_get (before->stored->meta, keys[i]);
      if (json_is_object (given))
        json_object_set (meta, keys[i], given);
    }
  return meta;
}

static StoreInstance *
make_instance (Deploy *deploy)
{
  const char *name = json_get_string (deploy->document, "instance");
  Instance *before = g_hash_table_lookup (deploy->dispatcher->by_name, name);
  json_t *config = json_object_get (deploy->document, "config");
  StoreInstance *instance = g_new0 (StoreInstance, 1);
  ExecutionId id;
  execution_id_make (&id);
  instance->id = g_strdup (before == NULL ? id.text : before->stored->id);
  instance->name = g_strdup (name);
  instance->integration = g_strdup (deploy->version->name);
  instance->is_paused = before != NULL && before->stored->is_paused;
  instance->config = config == NULL ? json_object () : json_incref (config);
  instance->endpoints = make_endpoints (deploy, before);
  instance->meta = make_meta (deploy, before);
  instance->updated_at_us = g_get_real_time ();
  instance->created_at_us
      = before == NULL ? instance->updated_at_us : before->stored->created_at_us;
  return instance;
}

/* --- the answer --- */

static void
answer_faults (Deploy *deploy)
{
  g_autofree char *text = fault_list_to_text (deploy->faults);
  g_autoptr (GError) error
      = g_error_new (DISPATCH_ERROR, DISPATCH_ERROR_INVALID, "the deploy was refused:\n%s", text);
  g_autoptr (json_t) json = json_object ();
  json_object_set_new (json, "faults", fault_list_to_json (deploy->faults));
  if (deploy->done != NULL)
    deploy->done (json, error, deploy->user_data);
}

static void
answer_error (Deploy *deploy, const GError *error)
{
  if (deploy->done != NULL)
    deploy->done (NULL, error, deploy->user_data);
}

static void
answer_success (Deploy *deploy, Instance *instance)
{
  const StoreInstance *stored = instance->stored;
  g_autoptr (json_t) json = json_object ();
  json_t *urls = json_object ();
  for (guint i = 0; i < instance->current->flows->len; i++)
    {
      FlowEntry *flow = instance->current->flows->pdata[i];
      g_autofree char *url = endpoint_url (deploy->dispatcher, flow->token);
      json_object_set_new (urls, flow->endpoint.flow_name, json_string (url));
    }
  json_object_set_new (json, "instance",
                       json_pack ("{s:s, s:s, s:s, s:b}", "id", stored->id, "name", stored->name,
                                  "integration", stored->integration, "isPaused",
                                  (int) stored->is_paused));
  json_object_set_new (json, "version",
                       json_pack ("{s:s, s:I}", "id", stored->version_id, "sequence",
                                  (json_int_t) stored->version_sequence));
  json_object_set_new (json, "urls", urls);
  json_object_set_new (json, "warnings", fault_list_to_json (deploy->faults));
  if (deploy->done != NULL)
    deploy->done (json, NULL, deploy->user_data);
}

/* --- the way --- */

static void
end_first (Dispatcher *dispatcher)
{
  g_queue_pop_head (&dispatcher->deploys);
  begin_next (dispatcher);
}

static void
on_connections_set (gpointer user_data)
{
  g_autoptr (Deploy) deploy = user_data;
  Dispatcher *dispatcher = deploy->dispatcher;
  if (dispatcher == NULL)
    return;
  answer_success (deploy, deploy->instance);
  end_first (dispatcher);
  queue_pump (dispatcher);
}

static void
on_stored (const StoreInstance *stored, const GError *error, gpointer user_data)
{
  g_autoptr (Deploy) deploy = user_data;
  g_autoptr (GError) failure = NULL;
  Dispatcher *dispatcher = deploy->dispatcher;
  if (dispatcher == NULL)
    return;
  Instance *instance
      = error != NULL ? NULL
                      : instance_install (dispatcher, store_instance_copy (stored), deploy->version,
                                          deploy->text, deploy->config_vars, &failure);
  if (instance != NULL)
    {
      Deploy *set = g_steal_pointer (&deploy);
      set->instance = instance;
      connections_deploy (dispatcher->connections, instance,
                          json_object_get (set->document, "connections"), set->faults,
                          on_connections_set, set);
      return;
    }
  answer_error (deploy, error != NULL ? error : failure);
  end_first (dispatcher);
}

static gboolean
check (Deploy *deploy)
{
  if (!json_is_object (deploy->document))
    {
      fault (deploy, "", "a deploy is an object {instance, version, config}");
      return FALSE;
    }
  check_name (deploy);
  check_version (deploy);
  check_config (deploy);
  check_connections (deploy);
  check_object (deploy, "customer", "\"customer\" must be an object {id, name, externalId}");
  check_object (deploy, "user", "\"user\" must be an object {id, email, name, externalId}");
  check_keys (deploy);
  return fault_list_n_errors (deploy->faults) == 0;
}

static void
begin (Deploy *deploy)
{
  Dispatcher *dispatcher = deploy->dispatcher;
  if (!check (deploy))
    {
      answer_faults (deploy);
      deploy_free (deploy);
      end_first (dispatcher);
      return;
    }
  g_autoptr (json_t) json = version_to_json (deploy->version);
  g_autofree char *hash = version_hash (deploy->version);
  g_autoptr (StoreInstance) instance = make_instance (deploy);
  deploy->text = json_print_bytes (json);
  warn_of_missing_keys (deploy, instance->endpoints);
  store_deploy (dispatcher->store, instance, hash, deploy->text, on_stored, deploy);
}

static gboolean
on_begin (gpointer user_data)
{
  Dispatcher *dispatcher = user_data;
  g_clear_pointer (&dispatcher->deploy, g_source_unref);
  Deploy *first = g_queue_peek_head (&dispatcher->deploys);
  if (first != NULL)
    begin (first);
  return G_SOURCE_REMOVE;
}

/* In a turn of its own: `done` does not run inside dispatcher_deploy(). */
static void
begin_next (Dispatcher *dispatcher)
{
  if (!g_queue_is_empty (&dispatcher->deploys) && dispatcher->deploy == NULL)
    dispatcher->deploy = dispatcher_timer (0, on_begin, dispatcher);
}

void
dispatcher_deploy (Dispatcher *dispatcher, json_t *document, StoreJsonDone done, gpointer user_data)
{
  Deploy *deploy = g_new0 (Deploy, 1);
  deploy->dispatcher = dispatcher;
  deploy->document = json_incref (document);
  deploy->done = done;
  deploy->user_data = user_data;
  deploy->faults = fault_list_new ();
  g_queue_push_tail (&dispatcher->deploys, deploy);
  if (dispatcher->deploys.length == 1)
    begin_next (dispatcher);
}

void
deploys_free (Dispatcher *dispatcher)
{
  Deploy *first = g_queue_pop_head (&dispatcher->deploys);
  gboolean is_with_store = first != NULL && dispatcher->deploy == NULL;
  drop_source (&dispatcher->deploy);
  if (is_with_store)
    first->dispatcher = NULL; /* freed when the store answers */
  else if (first != NULL)
    deploy_free (first);
  g_queue_clear_full (&dispatcher->deploys, (GDestroyNotify) deploy_free);
}
