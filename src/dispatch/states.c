/* Persisted states, whole objects, last writer wins (spec/triggers-and-flows.md,
 * "State"). They are kept in memory as JSON text, and put into WORKER_START as they
 * are: that they are JSON objects was checked when they came (message.c). */
#include "dispatch/private.h"

#include <string.h>

static const char *
owner_of (FlowEntry *flow, const char *scope)
{
  const StoreInstance *stored = flow->deployment->instance->stored;
  if (strcmp (scope, "instanceState") == 0)
    return flow->state_owner;
  return strcmp (scope, "crossFlowState") == 0 ? stored->id : stored->integration;
}

static char *
state_key (const char *scope, const char *owner)
{
  return g_strconcat (scope, "\n", owner, NULL);
}

static GBytes *
find_state (FlowEntry *flow, const char *scope)
{
  g_autofree char *key = state_key (scope, owner_of (flow, scope));
  return g_hash_table_lookup (flow->deployment->instance->dispatcher->states, key);
}

static void
append_state (GByteArray *text, FlowEntry *flow, const char *scope, gboolean is_first)
{
  GBytes *json = find_state (flow, scope);
  g_autofree char *key = g_strdup_printf ("%s\"%s\":", is_first ? "{" : ",", scope);
  gsize length = 2;
  const guint8 *data = json == NULL ? (const guint8 *) "{}" : g_bytes_get_data (json, &length);
  g_byte_array_append (text, (const guint8 *) key, (guint) strlen (key));
  g_byte_array_append (text, data, (guint) length);
}

GBytes *
states_for (FlowEntry *flow)
{
  Dispatcher *dispatcher = flow->deployment->instance->dispatcher;
  if (flow->states != NULL && flow->states_generation == dispatcher->states_generation)
    return flow->states;
  GByteArray *text = g_byte_array_new ();
  append_state (text, flow, "instanceState", TRUE);
  append_state (text, flow, "crossFlowState", FALSE);
  append_state (text, flow, "integrationState", FALSE);
  g_byte_array_append (text, (const guint8 *) "}", 1);
  g_clear_pointer (&flow->states, g_bytes_unref);
  flow->states = g_byte_array_free_to_bytes (text);
  flow->states_generation = dispatcher->states_generation;
  return flow->states;
}

static gsize
state_size (FlowEntry *flow, const char *scope)
{
  GBytes *json = find_state (flow, scope);
  return json == NULL ? 0 : g_bytes_get_size (json);
}

/* Of the whole instance: each flow's own, and what all share. */
static gsize
size_of_all (FlowEntry *flow)
{
  GPtrArray *flows = flow->deployment->flows;
  gsize size = state_size (flow, "crossFlowState") + state_size (flow, "integrationState");
  for (guint i = 0; i < flows->len; i++)
    size += state_size (flows->pdata[i], "instanceState");
  return size;
}

gboolean
states_change (FlowEntry *flow, GPtrArray *states)
{
  Dispatcher *dispatcher = flow->deployment->instance->dispatcher;
  gsize size = size_of_all (flow);
  for (guint i = 0; i < states->len; i++)
    {
      const StoreState *state = states->pdata[i];
      size += g_bytes_get_size (state->json);
      size -= state_size (flow, state->scope);
    }
  if (size > (gsize) flow->endpoint.limits.value[LIMIT_STATE_BYTES])
    return FALSE;
  for (guint i = 0; i < states->len; i++)
    {
      StoreState *state = states->pdata[i];
      state->owner = g_strdup (owner_of (flow, state->scope));
      /* Of its own memory: the frame that it came in may be much longer. */
      gsize length;
      gconstpointer data = g_bytes_get_data (state->json, &length);
      g_hash_table_insert (dispatcher->states, state_key (state->scope, state->owner),
                           g_bytes_new (data, length));
    }
  dispatcher->states_generation++;
  return TRUE;
}

void
states_load (Dispatcher *dispatcher, GPtrArray *states)
{
  for (guint i = 0; i < states->len; i++)
    {
      const StoreState *state = states->pdata[i];
      g_hash_table_insert (dispatcher->states, state_key (state->scope, state->owner),
                           g_bytes_ref (state->json));
    }
  dispatcher->states_generation++;
}
