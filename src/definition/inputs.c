/* Inputs of steps: their types, their references and templates, and the short forms. */
#include "definition/build.h"
#include "definition/reference.h"
#include "definition/scalar_map.h"
#include "definition/schema.h"

#include "base/json.h"

#include <string.h>

#define SELF_WORDS_LOOP "results, currentItem or index"

typedef struct
{
  Build *build;
  guint step_order;
  guint depth;
} InputContext;

static void
report_in_text (Build *build, FaultSeverity severity, const At *at, gsize offset, const char *hint,
                const char *message)
{
  TextPlace place = scalar_place (build->document, at->node, offset);
  report_place (&build->reporter, severity, at, place.line, place.column, hint, "%s", message);
}

void
check_config_var_name (Build *build, const At *at, const char *name, gsize offset)
{
  const char *const *names = (const char *const *) build->config_var_names->pdata;
  if (*name == '\0' || g_strv_contains (names, name))
    return;
  g_autofree char *near = report_suggest (&build->reporter, name, names);
  g_autofree char *message = g_strdup_printf ("there is no config variable \"%s\"", name);
  report_in_text (build, FAULT_ERROR, at, offset,
                  near != NULL ? near : "add it to requiredConfigVars", message);
}

static char *
unknown_step_hint (Build *build, const char *identifier)
{
  g_autofree char *camel = step_identifier (identifier);
  if (g_hash_table_contains (build->steps, camel))
    return g_strdup_printf ("steps are referred to by their identifier: \"%s\"", camel);
  return report_suggest (&build->reporter, identifier,
                         (const char *const *) build->step_identifiers->pdata);
}

/* The segment behind the step's identifier. */
static void
check_offer (Build *build, const At *at, gsize offset, char **path, const StepEntry *entry)
{
  const char *word = path[1] == NULL ? "" : path[1];
  gboolean may_loop = entry->is_loop || !entry->is_known;
  if (strcmp (word, "results") == 0
      || (may_loop && (strcmp (word, "currentItem") == 0 || strcmp (word, "index") == 0)))
    return;
  g_autofree char *message = g_strdup_printf ("behind \"%s\", %s is expected", path[0],
                                              may_loop ? SELF_WORDS_LOOP : "\"results\"");
  g_autofree char *hint = g_strdup_printf ("write %s.results", path[0]);
  report_in_text (build, FAULT_WARNING, at, offset, hint, message);
}

/* A missing step gives undefined at run time, as on the platform: a warning. */
static void
check_step_name (InputContext *context, const At *at, gsize offset, char **path)
{
  Build *build = context->build;
  const StepEntry *entry = g_hash_table_lookup (build->steps, path[0]);
  g_autofree char *message = NULL;

  if (entry == NULL)
    {
      g_autofree char *hint = unknown_step_hint (build, path[0]);
      message = g_strdup_printf ("this flow has no step \"%s\"", path[0]);
      report_in_text (build, FAULT_WARNING, at, offset, hint, message);
      return;
    }
  if (entry->order > context->step_order)
    message = g_strdup_printf ("step \"%s\" (line %u) comes later: it has no results here",
                               entry->name, entry->line);
  else if (entry->order == context->step_order)
    message = g_strdup_printf ("step \"%s\" refers to itself", entry->name);
  if (message != NULL)
    report_in_text (build, FAULT_WARNING, at, offset, NULL, message);
  else
    check_offer (build, at, offset, path, entry);
}

static void
report_reference (Build *build, const At *at, const ReferenceFault *fault)
{
  g_autofree char *message = g_strdup_printf ("this reference goes wrong: %s", fault->problem);
  report_in_text (build, FAULT_ERROR, at, fault->offset,
                  "write step.results.name, .list[0] or .[\"odd.name\"]", message);
}

static void
set_reference (InputContext *context, Input *input, const At *value, const char *text)
{
  ReferenceFault fault;
  if (*text == '\0')
    {
      input->is_null = TRUE;
      return;
    }
  input->path = reference_parse (text, strlen (text), &fault);
  if (input->path == NULL)
    report_reference (context->build, value, &fault);
  else
    check_step_name (context, value, 0, input->path);
}

static void
check_template_parts (InputContext *context, const At *value, GPtrArray *parts, GArray *offsets)
{
  for (guint i = 0; i < parts->len; i++)
    {
      const Input *part = g_ptr_array_index (parts, i);
      gsize offset = g_array_index (offsets, gsize, i);
      if (part->type == INPUT_REFERENCE)
        check_step_name (context, value, offset, part->path);
      else if (part->type == INPUT_CONFIG_VAR)
        check_config_var_name (context->build, value, part->text, offset);
    }
}

static void
set_template (InputContext *context, Input *input, const At *value, const char *text)
{
  g_autoptr (GArray) offsets = g_array_new (FALSE, FALSE, sizeof (gsize));
  ReferenceFault fault;
  gsize unclosed;
  input->parts = template_parse (text, offsets, &unclosed, &fault);
  if (input->parts == NULL)
    {
      report_reference (context->build, value, &fault);
      return;
    }
  if (unclosed != G_MAXSIZE)
    report_in_text (context->build, FAULT_WARNING, value, unclosed, "close it with }}",
                    "this placeholder is never closed; it stays as text");
  check_template_parts (context, value, input->parts, offsets);
}

static Input *build_input (InputContext *context, const At *at, const char *key);

/* A condition looks like {name, type: complex, value: [and, …]}: no list of inputs. */
static gboolean
is_condition (const Node *entry)
{
  const Node *value = node_get (entry, "value");
  const char *type = node_text (node_get (entry, "type"));
  return type != NULL && strcmp (type, "complex") == 0 && node_n_items (value) > 0
         && node_is_scalar (node_item (value, 0));
}

static gboolean
holds_inputs (const Node *list)
{
  for (guint i = 0; i < node_n_items (list); i++)
    {
      const Node *entry = node_item (list, i);
      if (entry->kind == NODE_LIST || is_condition (entry))
        return FALSE;
    }
  return TRUE;
}

static gboolean
looks_like_input (const Node *node)
{
  const char *type = node_text (node_get (node, "type"));
  return type != NULL && name_index (input_type_names, type) >= 0;
}

/* Finds the inputs inside conditions, whose operands refer to steps as well. */
static void
check_inside (InputContext *context, const At *at)
{
  if (context->depth >= MODEL_MAX_DEPTH)
    return;
  context->depth++;
  if (looks_like_input (at->node) && !is_condition (at->node))
    {
      g_autoptr (Input) dropped = build_input (context, at, NULL);
      (void) dropped;
    }
  else
    {
      for (guint i = 0; i < node_n_items (at->node); i++)
        {
          At item = at_item (at, i);
          check_inside (context, &item);
        }
      At value;
      if (at->node->kind == NODE_OBJECT && at_find (at, "value", &value))
        check_inside (context, &value);
    }
  context->depth--;
}

/* An entry of a value list or key/value list; `name` may itself be an input. */
static Input *
build_entry (InputContext *context, const At *at)
{
  At name;
  Input *input = build_input (context, at, NULL);
  if (at->node->kind != NODE_OBJECT || !at_find (at, "name", &name))
    return input;
  if (name.node->kind == NODE_OBJECT)
    input->name = build_input (context, &name, NULL);
  else if (node_text (name.node) != NULL)
    input->key = g_strdup (node_text (name.node));
  else
    report (&context->build->reporter, FAULT_ERROR, &name, NULL,
            "an entry's name must be a text or an input");
  return input;
}

static void
set_complex (InputContext *context, Input *input, const At *value)
{
  if (value->node->kind != NODE_LIST)
    {
      report (&context->build->reporter, FAULT_ERROR, value,
              "a complex input is a list of {type, value} or {name, type, value}",
              "the value of a complex input must be a list");
      return;
    }
  if (node_n_items (value->node) > MODEL_MAX_ITEMS)
    {
      report (&context->build->reporter, FAULT_ERROR, value, NULL,
              "the list has more than %d entries", MODEL_MAX_ITEMS);
      return;
    }
  input->json = node_to_json (value->node);
  if (!holds_inputs (value->node))
    {
      check_inside (context, value);
      return;
    }
  input->items = g_ptr_array_new_with_free_func ((GDestroyNotify) input_free);
  for (guint i = 0; i < node_n_items (value->node); i++)
    {
      At item = at_item (value, i);
      g_ptr_array_add (input->items, build_entry (context, &item));
    }
}

/* Lists and objects as a plain value: their JSON text, as the platform's forms would write it. */
static char *
value_text (const Node *node)
{
  if (node_text (node) != NULL)
    return g_strdup (node_text (node));
  g_autoptr (json_t) json = node_to_json (node);
  return json_print (json);
}

static void
set_value (InputContext *context, Input *input, const At *value)
{
  const char *text = node_text (value->node);

  if (input->type == INPUT_COMPLEX)
    set_complex (context, input, value);
  else if (input->type == INPUT_VALUE)
    input->text = value_text (value->node);
  else if (text == NULL)
    report (&context->build->reporter, FAULT_ERROR, value, NULL,
            "the value of an input of type %s must be a text", input_type_names[input->type]);
  else if (input->type == INPUT_REFERENCE)
    set_reference (context, input, value, text);
  else if (input->type == INPUT_TEMPLATE)
    set_template (context, input, value, text);
  else
    {
      input->text = g_strdup (text);
      check_config_var_name (context->build, value, text, 0);
    }
}

/* {reference: …}, {configVar: …}, {template: …} */
static gboolean
set_short_form (InputContext *context, Input *input, const At *at)
{
  At value;
  if (node_member (at->node, "type") != NULL || node_member (at->node, "value") != NULL)
    return FALSE;
  for (guint type = INPUT_REFERENCE; type <= INPUT_TEMPLATE; type++)
    if (at_find (at, input_type_names[type], &value))
      {
        input->type = type;
        set_value (context, input, &value);
        return TRUE;
      }
  return FALSE;
}

static gboolean
read_type (InputContext *context, Input *input, const At *at)
{
  At type;
  if (!at_find (at, "type", &type))
    return TRUE;
  const char *word = node_text (type.node);
  int index = word == NULL ? -1 : name_index (input_type_names, word);
  if (index >= 0)
    {
      input->type = (InputType) index;
      return TRUE;
    }
  g_autofree char *all = g_strjoinv (", ", (char **) input_type_names);
  g_autofree char *near
      = word == NULL ? NULL : report_suggest (&context->build->reporter, word, input_type_names);
  report (&context->build->reporter, FAULT_ERROR, &type, near, "an input's type must be one of %s",
          all);
  return FALSE;
}

static void
read_object (InputContext *context, Input *input, const At *at)
{
  At value;
  schema_check_keys (&context->build->reporter, at, &input_schema);
  if (set_short_form (context, input, at) || !read_type (context, input, at))
    return;
  if (at_find (at, "value", &value))
    set_value (context, input, &value);
  else
    input->is_null = TRUE;
}

/* A scalar is short for {type: value, value: …}, a list for a complex input. */
static Input *
build_input (InputContext *context, const At *at, const char *key)
{
  Input *input = input_new (INPUT_VALUE);
  input->key = g_strdup (key);
  if (context->depth >= MODEL_MAX_DEPTH)
    {
      report (&context->build->reporter, FAULT_ERROR, at, NULL, "inputs nest deeper than %d levels",
              MODEL_MAX_DEPTH);
      return input;
    }
  context->depth++;
  if (at->node->kind == NODE_OBJECT)
    read_object (context, input, at);
  else if (at->node->kind == NODE_NULL)
    input->is_null = TRUE;
  else
    {
      input->type = at->node->kind == NODE_LIST ? INPUT_COMPLEX : INPUT_VALUE;
      set_value (context, input, at);
    }
  context->depth--;
  return input;
}

static int
code_from_value (Build *build, const At *value, const char *step)
{
  const char *text = node_text (value->node);
  if (text == NULL)
    report (&build->reporter, FAULT_ERROR, value, "write `code: |` and the code below, indented",
            "code must be a text");
  else if (strlen (text) != value->node->length && value->node->kind == NODE_TEXT)
    report (&build->reporter, FAULT_ERROR, value, NULL, "code can't hold a NUL character");
  else if (text[strspn (text, " \t\r\n")] == '\0')
    report (&build->reporter, FAULT_ERROR, value,
            "write module.exports = async (context, stepResults) => { … }",
            "the code block is empty");
  else
    return code_set_add_inline (build->codes, value, step);
  return -1;
}

/* The code of a code block: a text, {type: value, value: …}, {file: …} or {type: value, file: …}.
 */
static int
build_code (Build *build, const At *at, const char *step)
{
  At type, value, file;
  if (at->node->kind != NODE_OBJECT)
    return code_from_value (build, at, step);
  schema_check_keys (&build->reporter, at, &input_schema);
  if (at_find (at, "type", &type) && g_strcmp0 (node_text (type.node), "value") != 0)
    {
      report (&build->reporter, FAULT_ERROR, &type, "write type: value, or code: {file: path}",
              "code can't be computed: it must be written in the definition or in a file");
      return -1;
    }
  gboolean has_value = at_find (at, "value", &value), has_file = at_find (at, "file", &file);
  if (has_value && has_file)
    report (&build->reporter, FAULT_ERROR, &file, "keep one of the two",
            "code has both a value and a file");
  else if (has_file)
    return code_set_add_file (build->codes, &build->reporter, &file, step);
  else if (has_value)
    return code_from_value (build, &value, step);
  else
    report (&build->reporter, FAULT_ERROR, at,
            "write the code as a text, or {file: path} to take it from a file",
            "the code block has no code");
  return -1;
}

static void
report_unknown_input (Build *build, const At *at, const Action *action)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (const ActionInput *input = action->inputs; input->key != NULL; input++)
    g_ptr_array_add (names, (gpointer) input->key);
  g_ptr_array_add (names, NULL);
  g_autofree char *hint
      = report_suggest (&build->reporter, at->key, (const char *const *) names->pdata);
  report_key (&build->reporter, FAULT_WARNING, at, hint, "%s.%s has no input \"%s\"; it is ignored",
              action->component, action->action, at->key);
}

static void
add_input (InputContext *context, const At *at, Step *out, const Action *action)
{
  const ActionInput *known = action == NULL ? NULL : action_input (action, at->key);
  At file;
  if (action != NULL && known == NULL)
    report_unknown_input (context->build, at, action);
  if (known != NULL && known->kind == ACTION_INPUT_CODE)
    {
      out->script = build_code (context->build, at, out->name);
      return;
    }
  if (at->node->kind == NODE_OBJECT && at_find (at, "file", &file))
    report_key (&context->build->reporter, FAULT_ERROR, &file, NULL,
                "only the code of a code block can come from a file");
  g_ptr_array_add (out->inputs, build_input (context, at, at->key));
}

static gboolean
report_code_twice (Build *build, const At *step, const At *inputs)
{
  At short_code, long_code;
  if (!at_find (step, "code", &short_code) || !at_find (inputs, "code", &long_code))
    return FALSE;
  report_key (&build->reporter, FAULT_ERROR, &long_code, "keep one of the two",
              "the step has its code twice: also in line %u", short_code.key_line);
  return TRUE;
}

static void
check_required (Build *build, const At *step, const At *inputs, const Action *action)
{
  for (const ActionInput *input = action->inputs; input->key != NULL; input++)
    {
      At found;
      gboolean is_short = input->kind == ACTION_INPUT_CODE && at_find (step, input->key, &found);
      if (input->is_required && !is_short
          && (inputs == NULL || !at_find (inputs, input->key, &found)))
        report (&build->reporter, FAULT_ERROR, step, NULL, "%s.%s needs the input \"%s\": %s",
                action->component, action->action, input->key, input->what);
    }
}

void
build_inputs (Build *build, const At *step, Step *out, const Action *action, guint step_order)
{
  InputContext context = { build, step_order, 0 };
  At inputs, code;
  gboolean has_inputs = at_find (step, "inputs", &inputs) && inputs.node->kind == NODE_OBJECT;

  if (has_inputs)
    report_code_twice (build, step, &inputs);
  for (guint i = 0; has_inputs && i < node_n_members (inputs.node); i++)
    {
      At input = at_member (&inputs, node_nth_member (inputs.node, i));
      add_input (&context, &input, out, action);
    }
  if (at_find (step, "code", &code))
    {
      if (action != NULL && action_input (action, "code") == NULL)
        report_unknown_input (build, &code, action);
      else
        out->script = build_code (build, &code, out->name);
    }
  if (action != NULL)
    check_required (build, step, has_inputs ? &inputs : NULL, action);
}

void
check_field_reference (Build *build, const At *field)
{
  At value;
  ReferenceFault fault;
  if (field->node->kind != NODE_OBJECT || !at_find (field, "value", &value))
    value = *field;
  const char *text = node_text (value.node);
  if (text == NULL)
    report (&build->reporter, FAULT_ERROR, &value, "write {type: reference, value: path}",
            "\"%s\" must be a reference", field->key);
  else if (*text != '\0')
    {
      char **path = reference_parse (text, strlen (text), &fault);
      if (path == NULL)
        report_reference (build, &value, &fault);
      g_strfreev (path);
    }
}
