/* What later steps see of earlier ones: made anew from the stored form for each
 * code block, so that a block can change what it was given and nobody else
 * notices. */
#include "engine/jsc_private.h"
#include "flow/private.h"

#include <string.h>

/* Above this a result becomes a value only when the code looks at it. */
#define EAGER_BYTES (256 << 10)

/* --- headers: any case finds them --- */

#define HEADERS_PROPERTY "headers"

static JSValueRef
find_header (JSContextRef ctx, JSObjectRef object, JSStringRef name, JSValueRef *exception)
{
  char wanted[128], candidate[128];
  JSStringRef property = JSStringCreateWithUTF8CString (HEADERS_PROPERTY);
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

void
flow_headers_any_case (FlowRun *run, JSObjectRef payload)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef headers = js_get_object (ctx, payload, "headers");
  if (headers == NULL)
    return;
  JSObjectRef look_up = JSObjectMake (ctx, any_case_class (), NULL);
  JSStringRef property = JSStringCreateWithUTF8CString (HEADERS_PROPERTY);
  JSObjectSetPrivateProperty (ctx, look_up, property, headers);
  JSStringRelease (property);
  JSObjectSetPrototype (ctx, headers, look_up);
}

/* --- results --- */

JSValueRef
flow_payload_to_js (FlowRun *run, Value *payload, JSValueRef *exception)
{
  JSValueRef value = runtime_value_to_js (run->realm, payload, exception);
  JSObjectRef object = js_as_object (realm_context (run->realm), value);
  if (object != NULL)
    flow_headers_any_case (run, object);
  return value;
}

JSValueRef
flow_revive (FlowRun *run, guint index, JSValueRef *exception)
{
  const StepRecord *record = g_ptr_array_index (run->records, index);
  JSContextRef ctx = realm_context (run->realm);
  if (value_is_undefined (record->results))
    return js_null (ctx);
  return record->step->is_trigger ? flow_payload_to_js (run, record->results, exception)
                                  : runtime_value_to_js (run->realm, record->results, exception);
}

static JSObjectRef
step_result (FlowRun *run, guint index)
{
  const StepRecord *record = g_ptr_array_index (run->records, index);
  JSContextRef ctx = realm_context (run->realm);
  if (value_size (record->results) > EAGER_BYTES)
    {
      JSValueRef argument = js_number (ctx, index), exception = NULL;
      return js_as_object (ctx,
                           flow_call_scripted (run, "makeLazyResult", 1, &argument, &exception));
    }
  JSValueRef exception = NULL;
  JSObjectRef result = js_object (ctx);
  JSValueRef value = flow_revive (run, index, &exception);
  js_set (ctx, result, "results", value == NULL ? js_null (ctx) : value);
  return result;
}

JSObjectRef
flow_step_results (FlowRun *run)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef all = js_object (ctx);
  for (guint i = 0; i < run->records->len; i++)
    {
      const StepRecord *record = g_ptr_array_index (run->records, i);
      JSObjectRef result = step_result (run, i);
      if (result != NULL)
        js_set (ctx, all, record->step->identifier, result);
    }
  return all;
}
