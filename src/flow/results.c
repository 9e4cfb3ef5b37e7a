/* What later steps see of earlier ones: made anew from the stored form for each
 * code block, so that a block can change what it was given and nobody else
 * notices; and only what the block looks at. */
#include "engine/jsc_private.h"
#include "flow/private.h"

#include <string.h>

/* --- headers: any case finds them --- */

#define HEADERS_PROPERTY "headers"

static JSValueRef
find_header (JSContextRef ctx, JSObjectRef object, JSStringRef name, JSValueRef *exception)
{
  char wanted[128], candidate[128];
  JSStringRef property = js_name (HEADERS_PROPERTY);
  JSValueRef headers = JSObjectGetPrivateProperty (ctx, object, property);
  JSStringRelease (property);
  if (headers == NULL || !JSValueIsObject (ctx, headers)
      || JSStringGetUTF8CString (name, wanted, sizeof wanted) < 2
      || JSStringGetLength (name) >= sizeof wanted)
    return NULL;

  JSValueRef found = NULL;
  JSPropertyNameArrayRef names = JSObjectCopyPropertyNames (ctx, (JSObjectRef) headers);
  for (size_t i = 0; i < JSPropertyNameArrayGetCount (names) && found == NULL; i++)
    {
      JSStringRef sent = JSPropertyNameArrayGetNameAtIndex (names, i);
      if (JSStringGetLength (sent) == JSStringGetLength (name)
          && JSStringGetUTF8CString (sent, candidate, sizeof candidate) > 1
          && strcmp (candidate, wanted) != 0 && g_ascii_strcasecmp (candidate, wanted) == 0)
        found = JSObjectGetProperty (ctx, (JSObjectRef) headers, sent, NULL);
    }
  JSPropertyNameArrayRelease (names);
  return found;
}

static JSClassRef
any_case_class (void)
{
  static JSClassRef class;
  if (class == NULL)
    {
      JSClassDefinition definition = kJSClassDefinitionEmpty;
      definition.className = "Object";
      definition.attributes = kJSClassAttributeNoAutomaticPrototype;
      definition.getProperty = find_header;
      class = JSClassCreate (&definition);
    }
  return class;
}

static void
make_any_case (JSContextRef ctx, JSValueRef value)
{
  JSObjectRef headers = js_as_object (ctx, value);
  if (headers == NULL)
    return;
  JSObjectRef look_up = JSObjectMake (ctx, any_case_class (), NULL);
  JSStringRef property = js_name (HEADERS_PROPERTY);
  JSObjectSetPrivateProperty (ctx, look_up, property, headers);
  JSStringRelease (property);
  runtime_hide_class (ctx, look_up);
  JSObjectSetPrototype (ctx, headers, look_up);
}

static void
payload_member_made (Realm *realm, const char *name, gsize length, JSValueRef member)
{
  if (length == strlen (HEADERS_PROPERTY) && memcmp (name, HEADERS_PROPERTY, length) == 0)
    make_any_case (realm_context (realm), member);
}

/* --- results --- */

JSValueRef
flow_payload_to_js (FlowRun *run, Value *payload, JSValueRef *exception)
{
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef value = runtime_value_to_lazy_js (run->realm, payload, payload_member_made);
  if (value != NULL)
    return value;
  value = runtime_value_to_js (run->realm, payload, exception);
  JSObjectRef object = js_as_object (ctx, value);
  if (object != NULL)
    make_any_case (ctx, js_get (ctx, object, HEADERS_PROPERTY, exception));
  return value;
}

static JSValueRef
results_to_js (FlowRun *run, Value *results, gboolean is_trigger, JSValueRef *exception)
{
  if (value_is_undefined (results))
    return js_null (realm_context (run->realm));
  return is_trigger ? flow_payload_to_js (run, results, exception)
                    : runtime_value_to_js (run->realm, results, exception);
}

JSValueRef
flow_revive (FlowRun *run, guint index, JSValueRef *exception)
{
  const StepRecord *record = g_ptr_array_index (run->records, index);
  return results_to_js (run, record->results, record->step->is_trigger, exception);
}

/* --- stepResults --- */

typedef struct
{
  Value *results;
  gboolean is_trigger;
} Snapshot;

static void
snapshot_clear (gpointer data)
{
  value_unref (((Snapshot *) data)->results);
}

static void
snapshots_free (gpointer data)
{
  g_array_unref (data);
}

static JSValueRef
make_step_result (Realm *realm, guint index, gpointer data)
{
  const Snapshot *snapshot = &g_array_index ((GArray *) data, Snapshot, index);
  JSContextRef ctx = realm_context (realm);
  JSValueRef exception = NULL;
  JSObjectRef result = js_object (ctx);
  JSValueRef value = results_to_js (realm_host_data (realm), snapshot->results,
                                    snapshot->is_trigger, &exception);
  js_set (ctx, result, "results", value == NULL ? js_null (ctx) : value);
  return result;
}

/* The results of now: a loop replaces them later, and the code may look late. */
JSObjectRef
flow_step_results (FlowRun *run)
{
  guint n = run->records->len;
  g_autofree const char **names = g_new (const char *, n);
  GArray *snapshots = g_array_sized_new (FALSE, FALSE, sizeof (Snapshot), n);
  g_array_set_clear_func (snapshots, snapshot_clear);
  for (guint i = 0; i < n; i++)
    {
      const StepRecord *record = g_ptr_array_index (run->records, i);
      Snapshot snapshot = { value_ref (record->results), record->step->is_trigger };
      names[i] = record->step->identifier;
      g_array_append_val (snapshots, snapshot);
    }
  return runtime_lazy_object (run->realm, n, names, make_step_result, snapshots, snapshots_free);
}
