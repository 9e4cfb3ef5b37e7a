/* The four states: spec/context.md, "The four states". Code changes the objects
 * of its context or returns keys to merge; what counts is their JSON after each
 * step. */
#include "flow/private.h"

#include <string.h>

static const char *const state_names[STATE_COUNT] = {
  [STATE_EXECUTION] = "executionState",
  [STATE_INSTANCE] = "instanceState",
  [STATE_CROSS_FLOW] = "crossFlowState",
  [STATE_INTEGRATION] = "integrationState",
};

int
flow_state_find (const char *name)
{
  for (int id = 0; id < STATE_COUNT; id++)
    if (strcmp (state_names[id], name) == 0)
      return id;
  return -1;
}

static void
forget_object (FlowRun *run, StateId id)
{
  if (run->states[id] != NULL)
    JSValueUnprotect (realm_context (run->realm), run->states[id]);
  run->states[id] = NULL;
}

JSObjectRef
flow_state (FlowRun *run, StateId id)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  if (run->states[id] == NULL)
    {
      gsize length;
      const char *text = g_bytes_get_data (run->state_texts[id], &length);
      JSObjectRef object = js_as_object (ctx, js_parse_json (ctx, text, length, &exception));
      run->states[id] = object == NULL ? js_object (ctx) : object;
      JSValueProtect (ctx, run->states[id]);
    }
  return run->states[id];
}

static void
set_text (FlowRun *run, StateId id, json_t *given)
{
  g_clear_pointer (&run->state_texts[id], g_bytes_unref);
  run->state_texts[id]
      = json_is_object (given) ? json_print_bytes (given) : g_bytes_new_static ("{}", 2);
  forget_object (run, id);
}

gboolean
flow_states_load (FlowRun *run, GError **error)
{
  g_autoptr (json_t) all = NULL;
  if (g_bytes_get_size (run->start->states) > 0)
    {
      all = json_parse_bytes (run->start->states, error);
      if (all == NULL)
        return FALSE;
    }
  for (StateId id = 0; id < STATE_COUNT; id++)
    set_text (run, id, json_object_get (all, state_names[id]));
  return TRUE;
}

void
flow_states_clear (FlowRun *run)
{
  for (StateId id = 0; id < STATE_COUNT; id++)
    {
      forget_object (run, id);
      g_clear_pointer (&run->state_texts[id], g_bytes_unref);
    }
}

void
flow_states_merge (FlowRun *run, JSObjectRef returned)
{
  JSContextRef ctx = realm_context (run->realm);
  for (StateId id = 0; id < STATE_COUNT; id++)
    {
      JSObjectRef given = js_get_object (ctx, returned, state_names[id]);
      if (given != NULL && given != run->states[id])
        js_copy_properties (ctx, given, flow_state (run, id));
    }
}

gboolean
flow_states_changed (FlowRun *run, GBytes **changes, char **message)
{
  g_autoptr (json_t) all = NULL;
  *changes = NULL;
  for (StateId id = 0; id < STATE_COUNT; id++)
    {
      g_autofree char *why = NULL;
      gboolean is_too_large = FALSE;
      if (run->states[id] == NULL)
        continue; /* nobody could change what nobody has seen */
      g_autoptr (Value) value = runtime_value_from_js (
          run->realm, run->states[id], (gsize) run->start->limits.value[LIMIT_STATE_BYTES], &why,
          &is_too_large);
      if (value == NULL || value_n_parts (value) > 0 || value_is_undefined (value))
        {
          if (is_too_large)
            *message = g_strdup_printf (
                "Unable to complete execution, persisted state exceeded maximum limit of "
                "%" G_GINT64_FORMAT " bytes.",
                run->start->limits.value[LIMIT_STATE_BYTES]);
          else
            *message
                = g_strdup_printf ("%s can't be saved: %s", state_names[id],
                                   why != NULL ? why : "binary data is not allowed in a state");
          return FALSE;
        }
      GBytes *json = value_json (value);
      if (g_bytes_equal (json, run->state_texts[id]))
        continue;
      const char *label = flow_find_secret (run, json);
      if (label != NULL)
        {
          *message = g_strdup_printf (
              "%s holds a secret, %s: states are stored in the clear, so no secret may be in "
              "them; read it from configVars where it is needed",
              state_names[id], label);
          return FALSE;
        }
      g_clear_pointer (&run->state_texts[id], g_bytes_unref);
      run->state_texts[id] = g_bytes_ref (json);
      run->has_changed[id] = TRUE;
      if (all == NULL)
        all = json_object ();
      json_object_set_new (all, state_names[id], json_parse_bytes (json, NULL));
    }
  if (all != NULL)
    *changes = json_print_bytes (all);
  return TRUE;
}

gboolean
flow_states_restore (FlowRun *run, GBytes *changes)
{
  if (changes == NULL || g_bytes_get_size (changes) == 0)
    return TRUE;
  g_autoptr (json_t) all = json_parse_bytes (changes, NULL);
  if (all == NULL)
    return FALSE;
  for (StateId id = 0; id < STATE_COUNT; id++)
    {
      json_t *given = json_object_get (all, state_names[id]);
      if (given != NULL)
        {
          run->has_changed[id] = TRUE;
          set_text (run, id, given);
        }
    }
  return TRUE;
}

GArray *
flow_states_to_save (FlowRun *run)
{
  GArray *states = g_array_new (FALSE, FALSE, sizeof (FlowState));
  for (StateId id = STATE_INSTANCE; id < STATE_COUNT; id++)
    if (run->has_changed[id])
      {
        FlowState state = { state_names[id], run->state_texts[id] };
        g_array_append_val (states, state);
      }
  return states;
}
