/* A version made ready: each code block wrapped as a CommonJS module and kept,
 * so that the engine parses it once for all realms. */
#include "flow/private.h"

#include <string.h>

extern const char context_js[];
extern const size_t context_js_length;

#define WRAPPER_HEAD "(function (exports, require, module, __filename, __dirname) {"
#define WRAPPER_TAIL "\n})"

/* Two blocks of one file (an inline block each) need names of their own in stack traces. */
static char *
script_url (const FlowProgram *program, guint index)
{
  const Script *script = g_ptr_array_index (program->version->scripts, index);
  for (guint i = 0; i < program->version->scripts->len; i++)
    {
      const Script *other = g_ptr_array_index (program->version->scripts, i);
      if (i != index && strcmp (other->name, script->name) == 0)
        return g_strdup_printf ("%s#%u", script->name, index);
    }
  return g_strdup (script->name);
}

static void
add_script (FlowProgram *program, guint index)
{
  const Script *script = g_ptr_array_index (program->version->scripts, index);
  g_autofree char *url = script_url (program, index);
  g_autofree char *source = g_strconcat (WRAPPER_HEAD, script->code, WRAPPER_TAIL, NULL);

  g_ptr_array_add (program->scripts, engine_script_new (url, source, -1));
  runtime_surface_add (program->surface, script->code, strlen (script->code));
  runtime_add_source (program->vm, url, script->name, script->source_map,
                      script->source != NULL || script->source_map != NULL ? script->source
                                                                           : script->code,
                      strlen (WRAPPER_HEAD), script->first_line, script->first_column);
}

static char *
payload_tail (json_t *context)
{
  static const char *const names[] = { "webhookUrls", "webhookApiKeys", "customer",   "instance",
                                       "user",        "integration",    "globalDebug" };
  GString *tail = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      json_t *member = json_object_get (context, names[i]);
      g_autofree char *text = member == NULL ? g_strdup ("null") : json_print (member);
      g_string_append_printf (tail, ",\"%s\":%s", names[i], text);
    }
  return g_string_free (tail, FALSE);
}

FlowProgram *
flow_program_new (Vm *vm, Version *version, GBytes *context, GError **error)
{
  g_autoptr (json_t) object = json_parse_bytes (context, error);
  if (object == NULL || !json_is_object (object))
    {
      if (object != NULL)
        g_set_error (error, JSON_ERROR, 0, "it is not an object");
      g_prefix_error (error, "the instance's context: ");
      return NULL;
    }
  FlowProgram *program = g_new0 (FlowProgram, 1);
  runtime_on_unauthorized (flow_connections_unauthorized);
  program->vm = vm;
  program->version = version_ref (version);
  program->context = json_print (object);
  program->payload_tail = payload_tail (object);
  program->context_script = engine_script_new ("tenon:context", context_js, -1);
  program->surface = runtime_surface_new ();
  program->scripts = g_ptr_array_new_with_free_func ((GDestroyNotify) engine_script_free);
  const Script *packages = version->packages;
  if (packages != NULL)
    program->packages
        = runtime_packages_new (vm, packages->name, packages->code, packages->source_map);
  program->context_names = g_new0 (GPtrArray *, version->scripts->len);
  for (guint i = 0; i < version->scripts->len; i++)
    {
      const Script *script = g_ptr_array_index (version->scripts, i);
      add_script (program, i);
      program->context_names[i] = flow_context_names (script->code);
    }
  return program;
}

void
flow_program_free (FlowProgram *program)
{
  for (guint i = 0; i < program->version->scripts->len; i++)
    g_clear_pointer (&program->context_names[i], g_ptr_array_unref);
  g_free (program->context_names);
  version_unref (program->version);
  g_free (program->context);
  g_free (program->payload_tail);
  engine_script_free (program->context_script);
  runtime_surface_free (program->surface);
  g_clear_pointer (&program->packages, runtime_packages_free);
  g_ptr_array_unref (program->scripts);
  g_free (program);
}
