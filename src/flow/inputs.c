/* Inputs of a step as values: spec/definition-yaml.md, "Inputs". */
#include "flow/private.h"

#include <string.h>

const Input *
flow_step_input (const Step *step, const char *key)
{
  for (guint i = 0; i < step->inputs->len; i++)
    {
      const Input *input = g_ptr_array_index (step->inputs, i);
      if (g_strcmp0 (input->key, key) == 0)
        return input;
    }
  return NULL;
}

/* A step's results for references: kept, since nothing that user code holds is the same object. */
static JSValueRef
record_value (FlowRun *run, guint index)
{
  StepRecord *record = g_ptr_array_index (run->records, index);
  JSContextRef ctx = realm_context (run->realm);
  JSValueRef exception = NULL;
  if (record->value == NULL)
    {
      record->value = flow_revive (run, index, &exception);
      if (record->value == NULL)
        record->value = js_null (ctx);
      JSValueProtect (ctx, record->value);
    }
  return record->value;
}

/* Follows properties as far as they lead; a missing one gives undefined. */
static JSValueRef
follow (JSContextRef ctx, JSValueRef value, char **path)
{
  for (guint i = 0; path[i] != NULL; i++)
    {
      JSObjectRef object = js_as_object (ctx, value);
      JSValueRef exception = NULL;
      if (object == NULL)
        return js_undefined (ctx);
      value = js_get (ctx, object, path[i], &exception);
      if (exception != NULL)
        return js_undefined (ctx);
    }
  return value;
}

static JSValueRef
reference_value (FlowRun *run, const Input *input)
{
  JSContextRef ctx = realm_context (run->realm);
  if (input->path == NULL || input->path[0] == NULL)
    return js_undefined (ctx);
  for (guint i = run->records->len; i-- > 0;)
    {
      const StepRecord *record = g_ptr_array_index (run->records, i);
      if (strcmp (record->step->identifier, input->path[0]) != 0)
        continue;
      if (g_strcmp0 (input->path[1], "results") != 0)
        return js_undefined (ctx);
      return follow (ctx, record_value (run, i), input->path + 2);
    }
  return js_undefined (ctx);
}

static JSValueRef
config_var_value (FlowRun *run, const char *name)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef config_vars = js_as_object (ctx, flow_config_vars (run));
  JSValueRef exception = NULL;
  if (name == NULL || name[0] == '\0' || config_vars == NULL)
    return js_undefined (ctx);
  JSValueRef value = js_get (ctx, config_vars, name, &exception);
  return value == NULL ? js_undefined (ctx) : value;
}

/* Text of a value inside a template: as String() has it, objects and arrays as JSON, nothing for
 * undefined and null. */
static char *
template_text (JSContextRef ctx, JSValueRef value)
{
  if (js_is_nullish (ctx, value))
    return g_strdup ("");
  if (!JSValueIsObject (ctx, value))
    return js_to_display (ctx, value);
  JSStringRef json = JSValueCreateJSONString (ctx, value, 0, NULL);
  if (json == NULL)
    return g_strdup ("");
  char *text = js_to_display (ctx, JSValueMakeString (ctx, json));
  JSStringRelease (json);
  return text;
}

static JSValueRef
template_value (FlowRun *run, const Input *input, char **message)
{
  JSContextRef ctx = realm_context (run->realm);
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; input->parts != NULL && i < input->parts->len; i++)
    {
      JSValueRef value = flow_input_value (run, g_ptr_array_index (input->parts, i), message);
      if (value == NULL)
        return NULL;
      g_autofree char *part = template_text (ctx, value);
      g_string_append (text, part);
    }
  return js_string_n (ctx, text->str, text->len);
}

/* A value list gives an array of values, a key/value list an array of {key, value}. */
static JSValueRef
complex_value (FlowRun *run, const Input *input, char **message)
{
  JSContextRef ctx = realm_context (run->realm);
  JSObjectRef array = JSObjectMakeArray (ctx, 0, NULL, NULL);
  if (input->items == NULL)
    {
      g_autofree char *text = json_print (input->json);
      JSValueRef exception = NULL;
      return js_parse_json (ctx, text, strlen (text), &exception);
    }
  for (guint i = 0; i < input->items->len; i++)
    {
      const Input *item = g_ptr_array_index (input->items, i);
      JSValueRef value = flow_input_value (run, item, message);
      JSValueRef key = value == NULL || item->name == NULL
                           ? js_string (ctx, item->key)
                           : flow_input_value (run, item->name, message);
      if (value == NULL || key == NULL)
        return NULL;
      if (item->key != NULL || item->name != NULL)
        {
          JSObjectRef entry = js_object (ctx);
          js_set (ctx, entry, "key", key);
          js_set (ctx, entry, "value", value);
          value = entry;
        }
      JSObjectSetPropertyAtIndex (ctx, array, i, value, NULL);
    }
  return array;
}

JSValueRef
flow_input_value (FlowRun *run, const Input *input, char **message)
{
  JSContextRef ctx = realm_context (run->realm);
  if (input->is_null)
    return js_undefined (ctx);
  switch (input->type)
    {
    case INPUT_VALUE:
      return js_string (ctx, input->text == NULL ? "" : input->text);
    case INPUT_REFERENCE:
      return reference_value (run, input);
    case INPUT_CONFIG_VAR:
      return config_var_value (run, input->text);
    case INPUT_TEMPLATE:
      return template_value (run, input, message);
    case INPUT_COMPLEX:
      return complex_value (run, input, message);
    }
  *message = g_strdup ("an input of an unknown type");
  return NULL;
}

char *
flow_input_text (FlowRun *run, const char *key, const char *fallback, char **message)
{
  const Input *input = flow_step_input (run->step, key);
  JSValueRef value = input == NULL ? NULL : flow_input_value (run, input, message);
  JSContextRef ctx = realm_context (run->realm);
  g_autofree char *text = js_is_nullish (ctx, value) ? NULL : template_text (ctx, value);
  return text == NULL || text[0] == '\0' ? g_strdup (fallback) : g_steal_pointer (&text);
}
