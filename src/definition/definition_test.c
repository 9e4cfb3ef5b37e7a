/* Whole definitions: the corpus in tests/definitions, and each rule with a file that breaks it. */
#include "definition/test_support.h"

#define HEAD                                                                                       \
  "name: T\nflows:\n- name: F\n  steps:\n  - name: Start\n    action: webhook-triggers.webhook\n"

static char *
corpus_path (const char *name)
{
  return g_build_filename (g_getenv ("TENON_SOURCE_DIR"), "tests", "definitions", name, NULL);
}

static void
definitions_as_the_platform_exports_them_load (void)
{
  static const struct
  {
    const char *name;
    guint warnings, flows, scripts, config_vars;
  } rows[] = {
    { "order-intake.yml", 4, 1, 2, 8 },
    { "nightly-sync.yml", 8, 2, 1, 9 },
    { "shared-endpoint.yml", 0, 3, 2, 0 },
    { "version-6.yml", 0, 1, 1, 1 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (FaultList) faults = fault_list_new ();
      g_autofree char *path = corpus_path (rows[i].name);
      g_autoptr (Version) version = definition_build (path, TARGET_INTEGRATION, faults);
      g_assert_nonnull (version);
      g_assert_cmpuint (fault_list_n (faults), ==, rows[i].warnings);
      for (guint n = 0; n < rows[i].warnings; n++)
        g_assert_true (g_str_has_prefix (fault_list_get (faults, n)->message,
                                         "Tenon does not have component "));
      g_assert_cmpuint (version->flows->len, ==, rows[i].flows);
      g_assert_cmpuint (version->scripts->len, ==, rows[i].scripts);
      g_assert_cmpuint (version->config_vars->len, ==, rows[i].config_vars);
    }
}

/* The golden file has every fault with line and column; written by hand from the definition. */
static void
every_fault_is_found_in_one_pass (void)
{
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autofree char *path = corpus_path ("many-faults.yml");
  g_autofree char *golden = corpus_path ("many-faults.expected");
  g_autofree char *expected = NULL;
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *prefix = g_strconcat (folder, "/", NULL);
  g_assert_null (definition_build (path, TARGET_INTEGRATION, faults));
  g_autofree char *text = fault_list_to_text (faults);
  g_auto (GStrv) parts = g_strsplit (text, prefix, -1);
  g_autofree char *found = g_strjoinv ("", parts);
  g_assert_true (g_file_get_contents (golden, &expected, NULL, NULL));
  g_assert_cmpstr (found, ==, expected);
}

static void
faults_carry_a_json_pointer (void)
{
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (Version) version = build_text (
      HEAD
      "  - name: A\n    action: code.runCode\n    inputs: {code: {type: reference, value: x}}\n"
      "    a/b~c: 1\n",
      faults);
  g_assert_null (version);
  g_assert_cmpuint (fault_list_n (faults), ==, 2);
  g_assert_cmpstr (fault_list_get (faults, 0)->pointer, ==, "/flows/0/steps/1/a~1b~0c");
  g_assert_cmpstr (fault_list_get (faults, 1)->pointer, ==, "/flows/0/steps/1/inputs/code/type");
  g_autoptr (json_t) json = fault_list_to_json (faults);
  g_assert_cmpint (json_get_int (json_array_get (json, 1), "line", 0), ==, 9);
}

/* One rule each: the document and exactly what is said about it. */
static const struct
{
  const char *yaml, *faults;
} rules[] = {
  { "[]",
    "t.yaml:1:1: error: a definition must be an object of keys and values\n  begin with name: "
    "and flows:\n" },
  { "{}", "t.yaml:1:1: error: the definition lacks \"name\": the integration's name\n"
          "t.yaml:1:1: error: the definition lacks \"flows\": what it does\n" },
  { "name: ''\nflows: []\n",
    "t.yaml:1:7: error: \"name\" must not be empty\n"
    "t.yaml:2:8: error: a definition has at least one flow and at most 1000\n" },
  { "name: A\ntrigger: {}\nsteps: []\n",
    "t.yaml:3:1: error: this is the oldest form of a definition, with steps at the top; Tenon "
    "reads "
    "definitionVersion 6 and 7\n  put the trigger and the steps below flows: [{name, steps}]\n" },
  { "definitionVersion: 5\n" HEAD,
    "t.yaml:1:20: error: \"definitionVersion\" must be a whole number from 6 to 7, not \"5\"\n" },
  { "preprocessFlowName: G\n" HEAD,
    "t.yaml:1:21: error: there is no flow \"G\"\n  did you mean \"F\"?\n" },
  { "flowNameField: {type: reference, value: a..b}\n" HEAD,
    "t.yaml:1:43: error: this reference goes wrong: a name is missing here\n  write "
    "step.results.name, .list[0] or .[\"odd.name\"]\n" },
  { "labels: one\n" HEAD,
    "t.yaml:1:9: error: \"labels\" must be a list of texts, not \"one\"\n  write "
    "[a, b] or lines that begin with \"- \"\n" },
  { "name: A\nflows: {a: 1}\n", "t.yaml:2:8: error: \"flows\" must be a list, not an object\n  "
                                "begin each entry with \"- \"\n" },
  { "name: A\nflows: [x]\n",
    "t.yaml:2:9: error: each entry of \"flows\" must be an object (flow)\n" },
  { "name: A\nisCodeNative: true\nflows:\n- name: F\n  steps:\n  - {name: S, action: x.y}\n",
    "t.yaml:1:1: warning: this integration is written in code for the platform's SDK: its flows "
    "refer "
    "to a component that Tenon does not have\n"
    "t.yaml:6:15: warning: Tenon does not have component x action y; running into this step fails "
    "it "
    "unless --mock supplies its result\n" },
  { HEAD "    isTrigger: false\n", "t.yaml:7:16: error: the first step of a flow is its trigger\n  "
                                   "put the trigger first, or remove "
                                   "the key\n" },
  { HEAD "  - name: B\n    action: webhook-triggers.webhook\n",
    "t.yaml:8:13: error: webhook-triggers.webhook is a trigger: it can only be the first step of a "
    "flow\n  begin a flow of its own with it\n" },
  { HEAD "  - name: B\n",
    "t.yaml:7:5: error: the step has no action\n  write action: code.runCode, or code: |\n" },
  { HEAD "  - name: B\n    action: runCode\n",
    "t.yaml:8:13: error: the action \"runCode\" does not name its component\n  write it as "
    "component.action: code.runCode\n" },
  { HEAD "  - name: B\n    action: {key: runCode}\n",
    "t.yaml:8:13: error: action lacks \"component\": the component it belongs to; its key alone "
    "will "
    "do\n" },
  { HEAD "  - name: B\n    code: ''\n",
    "t.yaml:8:11: error: the code block is empty\n  write module.exports = async (context, "
    "stepResults) => { … }\n" },
  { HEAD "  - name: B\n    code: {}\n", "t.yaml:8:11: error: the code block has no code\n  write "
                                        "the code as a text, or {file: path} to "
                                        "take it from a file\n" },
  { HEAD "  - name: B\n    code: {value: x, file: a.js}\n",
    "t.yaml:8:28: error: code has both a value and a file\n  keep one of the two\n" },
  { HEAD "  - name: B\n    code: {file: a.js}\n",
    "t.yaml:8:18: error: code files can't be read here: the definition came without its folder\n  "
    "put "
    "the code into the definition\n" },
  { HEAD "  - name: B\n    action: code.runCode\n    code: x\n    inputs: {code: y}\n",
    "t.yaml:10:14: error: the step has its code twice: also in line 9\n  keep one of the two\n" },
  { HEAD "    inputs: {body: {file: b.txt}}\n",
    "t.yaml:7:21: error: only the code of a code block can come from a file\n" },
  { HEAD "    code: x\n",
    "t.yaml:7:5: warning: webhook-triggers.webhook has no input \"code\"; it is "
    "ignored\n" },
  { HEAD "  - name: B\n    code: x\n    steps: [{name: C, code: y}]\n",
    "t.yaml:9:5: warning: code.runCode runs no steps of its own; these will not run\n" },
  { HEAD "  - name: B\n    code: x\n    description: {a: 1}\n",
    "t.yaml:9:18: error: \"description\" must be a text, not an object\n" },
  { HEAD "    schedule: {value: '* * * *'}\n",
    "t.yaml:7:23: error: a cron text has five fields: minute, hour, day, month, weekday\n  such as "
    "*/5 8-16 * * 1-5\n" },
  { HEAD "    schedule: {type: configVar, value: When}\n",
    "t.yaml:7:40: error: there is no config variable \"When\"\n  add it to requiredConfigVars\n" },
  { HEAD "    schedule: {meta: {timeZone: Mars/North}}\n",
    "t.yaml:7:33: error: there is no time zone \"Mars/North\"\n  such as Europe/Berlin, or empty "
    "for "
    "UTC\n" },
  { HEAD "  limits: {wallMs: '50'}\n", "" },
  { HEAD "  limits: {queue: 0}\n",
    "t.yaml:7:12: error: limit \"queue\" (executions of an instance waiting) must be from 1 to "
    "10000000 executions, not 0\n" },
  { HEAD "  endpointSecurityType: organization\n",
    "t.yaml:7:25: warning: the flow asks for the organization's keys but has none: nobody can call "
    "it\n  give them in organizationApiKeys\n" },
  { HEAD "  queueConfig: {concurrencyLimit: 99}\n",
    "t.yaml:7:35: error: \"concurrencyLimit\" must be a whole number from 1 to 15, not \"99\"\n" },
  { HEAD "<<: 1\n",
    "t.yaml:7:1: warning: unknown key \"<<\" in the definition; it is ignored\n  YAML "
    "1.2 has no merge keys; use an alias for the whole object\n" },
  { "requiredConfigVars:\n- {key: A, dataType: connection}\n" HEAD,
    "t.yaml:2:3: error: a config variable of type connection needs \"connection\": its type\n  "
    "such "
    "as connection: basic\n" },
  { "requiredConfigVars:\n- {key: A, connection: basic, inputs: {user: {value: x}}}\n" HEAD,
    "t.yaml:2:40: warning: connection basic has no input \"user\"; it is ignored\n"
    "  an input of your own has a label\n" },
  { "requiredConfigVars:\n- {key: A, dataType: string, connection: basic}\n" HEAD,
    "t.yaml:2:30: warning: \"connection\" has no effect on a config variable of type string\n" },
  { "requiredConfigVars:\n- {key: a.b}\n- {key: C, dataType: picklist}\n- {key: D, pickList: "
    "[x]}\n" HEAD,
    "t.yaml:2:9: warning: a dot in the key of a config variable causes trouble on the platform\n  "
    "use "
    "letters, digits and blanks\n"
    "t.yaml:3:3: warning: a picklist without choices takes any text\n  give its choices in "
    "pickList\n"
    "t.yaml:4:12: warning: \"pickList\" has no effect on a config variable of type string\n" },
};

static void
each_rule_has_its_own_message_and_place (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    assert_faults (rules[i].yaml, rules[i].faults);
}

#define LOGGED(path)                                                                               \
  HEAD "  - name: Get It\n    code: x\n  - name: Use\n    action: a.b\n    inputs: {v: "           \
       "{reference: " path "}}\n"                                                                  \
       "  - name: Last One\n    code: x\n"
#define UNKNOWN                                                                                    \
  "t.yaml:10:5: warning: Tenon does not have component a action b; running into this step fails "  \
  "it "                                                                                            \
  "unless --mock supplies its result\n"

static void
references_are_checked_against_the_steps_before_them (void)
{
  static const struct
  {
    const char *yaml, *fault;
  } rows[] = {
    { LOGGED ("getIt.results.x"), "" },
    { LOGGED ("start.results"), "" },
    { LOGGED ("getit.results"), "t.yaml:11:29: warning: this flow has no step \"getit\"\n  did you "
                                "mean \"getIt\"?\n" },
    { LOGGED ("Get It.results"), "t.yaml:11:29: warning: this flow has no step \"Get It\"\n  steps "
                                 "are referred to by their identifier: \"getIt\"\n" },
    { LOGGED ("lastOne.results"),
      "t.yaml:11:29: warning: step \"Last One\" (line 12) comes later: it "
      "has no results here\n" },
    { LOGGED ("use.results"), "t.yaml:11:29: warning: step \"Use\" refers to itself\n" },
    { LOGGED ("getIt"), "t.yaml:11:29: warning: behind \"getIt\", \"results\" is expected\n  write "
                        "getIt.results\n" },
    { LOGGED ("getIt.result.x"),
      "t.yaml:11:29: warning: behind \"getIt\", \"results\" is expected\n  "
      "write getIt.results\n" },
    { LOGGED ("getIt.index"), "t.yaml:11:29: warning: behind \"getIt\", \"results\" is expected\n  "
                              "write getIt.results\n" },
    { LOGGED ("'getIt.results.ä..b'"),
      "t.yaml:11:46: error: this reference goes wrong: a name is missing here\n  write "
      "step.results.name, .list[0] or .[\"odd.name\"]\n" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {

      g_autofree char *expected = g_strconcat (UNKNOWN, rows[i].fault, NULL);

      assert_faults (rows[i].yaml, expected);
    }
}

static void
templates_are_checked_at_their_own_line (void)
{
  assert_faults (
      HEAD "    inputs:\n      body: {type: template, value: \"a {{$x.results}}\"}\n"
           "      contentType:\n        template: |\n          one\n          two {{#Nope}} "
           "{{$never\n",
      "t.yaml:8:43: warning: this flow has no step \"x\"\n"
      "t.yaml:12:18: error: there is no config variable \"Nope\"\n  add it to "
      "requiredConfigVars\n"
      "t.yaml:12:25: warning: this placeholder is never closed; it stays as text\n  close "
      "it with }}\n");
}

static void
operands_inside_conditions_are_checked (void)
{
  assert_faults (HEAD "  - name: B\n    action: branch.branchOnExpression\n    inputs:\n"
                      "      conditions:\n        type: complex\n        value:\n"
                      "        - name: One\n          type: complex\n"
                      "          value: [and, [equal, {type: reference, value: nope.results}, "
                      "{type: configVar, value: Nope}]]\n",
                 "t.yaml:8:5: warning: Tenon does not have component branch action "
                 "branchOnExpression; running into this step fails it unless --mock supplies its "
                 "result\n"
                 "t.yaml:15:57: warning: this flow has no step \"nope\"\n"
                 "t.yaml:15:97: error: there is no config variable \"Nope\"\n  add it to "
                 "requiredConfigVars\n");
}

static void
inputs_of_every_type_reach_the_model (void)
{
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autofree char *path = corpus_path ("order-intake.yml");
  g_autoptr (Version) version = definition_build (path, TARGET_INTEGRATION, faults);
  const Step *branch = nth_step (version, 0, 2);
  const Branch *large = g_ptr_array_index (branch->branches, 0);
  const Step *tell = g_ptr_array_index (large->steps, 0);
  const Step *loop = nth_step (version, 0, 3);
  const Step *book = g_ptr_array_index (loop->steps, 0);

  g_assert_cmpstr (large->name, ==, "Large");
  g_assert_cmpint (find_input (branch, "conditions")->type, ==, INPUT_COMPLEX);
  g_assert_null (find_input (branch, "conditions")->items);
  g_assert_cmpuint (json_array_size (find_input (branch, "conditions")->json), ==, 1);
  const Input *url = find_input (tell, "url");
  g_assert_cmpint (url->type, ==, INPUT_TEMPLATE);
  g_assert_cmpuint (url->parts->len, ==, 3);
  g_assert_cmpstr (((Input *) g_ptr_array_index (url->parts, 0))->text, ==, "ERP Base URL");
  g_assert_cmpstr (((Input *) g_ptr_array_index (url->parts, 1))->text, ==, "/notices/");
  g_assert_cmpstr (((Input *) g_ptr_array_index (url->parts, 2))->path[2], ==, "id");
  g_assert_cmpint (find_input (tell, "connection")->type, ==, INPUT_CONFIG_VAR);
  g_assert_true (find_input (tell, "timeout")->is_null);
  g_assert_cmpstr (find_input (book, "data")->path[1], ==, "currentItem");
  const GPtrArray *headers = find_input (book, "headers")->items;
  g_assert_cmpuint (headers->len, ==, 2);
  g_assert_cmpstr (((Input *) g_ptr_array_index (headers, 0))->key, ==, "X-Order");
  g_assert_cmpstr (((Input *) g_ptr_array_index (headers, 1))->name->text, ==, "X-Kind");
  g_assert_cmpint (book->error_config.on_error, ==, ON_ERROR_RETRY);
  g_assert_cmpuint (book->error_config.max_attempts, ==, 5);
  g_assert_true (book->error_config.ignores_final_error);
  g_assert_false (book->is_known);
}

static void
what_may_be_left_out_is_inferred (void)
{
  g_autoptr (Version) version
      = build_clean ("name: T\nflows:\n- name: F\n  steps:\n  - {name: Begin, code: a}\n"
                     "  - {name: B, code: b}\n");
  const Flow *flow = g_ptr_array_index (version->flows, 0);
  g_assert_cmpint (version->definition_version, ==, 7);
  g_assert_cmpstr (version->description, ==, "");
  g_assert_cmpstr (flow->stable_key, ==, "F");
  g_assert_cmpint (flow->security, ==, ENDPOINT_CUSTOMER_OPTIONAL);
  g_assert_true (nth_step (version, 0, 0)->is_trigger);
  g_assert_cmpstr (nth_step (version, 0, 0)->action, ==, "runCodeTrigger");
  g_assert_false (nth_step (version, 0, 1)->is_trigger);
  g_assert_cmpstr (nth_step (version, 0, 1)->action, ==, "runCode");
  g_assert_cmpint (nth_step (version, 0, 1)->script, ==, 1);
  g_assert_cmpuint (nth_step (version, 0, 1)->line, ==, 6);
}

static void
plain_values_are_kept_as_they_are_written (void)
{
  g_autoptr (Version) version = build_clean (
      HEAD "    inputs: {statusCode: 0x1F, body: {value: {a: [1, true]}}, contentType: yes, "
           "headers: [{name: A, value: 1.50}]}\n");
  const Step *step = nth_step (version, 0, 0);
  g_assert_cmpstr (find_input (step, "statusCode")->text, ==, "0x1F");
  g_assert_cmpstr (find_input (step, "body")->text, ==, "{\"a\":[1,true]}");
  g_assert_cmpstr (find_input (step, "contentType")->text, ==, "yes");
  const Input *header = g_ptr_array_index (find_input (step, "headers")->items, 0);
  g_assert_cmpstr (header->text, ==, "1.50");
}

static void
an_inline_block_knows_its_line_and_indentation (void)
{
  g_autoptr (Version) version
      = build_clean (HEAD "  - name: B\n    code: |\n\n        module.exports = 1;\n"
                          "  - name: C\n    code: >-\n      module.exports =\n      2;\n"
                          "  - name: D\n    code: &shared module.exports = 3;\n"
                          "  - name: E\n    code: *shared\n");
  const Script *literal = nth_script (version, 0), *folded = nth_script (version, 1);
  g_assert_cmpuint (version->scripts->len, ==, 3);
  g_assert_cmpstr (literal->name, ==, "t.yaml");
  g_assert_cmpstr (literal->step, ==, "B");
  g_assert_cmpstr (literal->code, ==, "\nmodule.exports = 1;\n");
  g_assert_cmpuint (literal->first_line, ==, 9);
  g_assert_cmpuint (literal->first_column, ==, 8);
  g_assert_null (literal->source_map);
  g_assert_cmpstr (folded->code, ==, "module.exports = 2;");
  g_assert_nonnull (folded->source_map);
  g_assert_cmpint (nth_step (version, 0, 3)->script, ==, nth_step (version, 0, 4)->script);
  g_assert_cmpuint (nth_script (version, 2)->first_column, ==, 18);
}

static void
the_number_of_faults_is_bounded (void)
{
  g_autoptr (GString) yaml = g_string_new (HEAD);
  for (int i = 0; i < 2000; i++)
    g_string_append_printf (yaml, "  - {name: S%d, action: runCode}\n", i);
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (Version) version = build_text (yaml->str, faults);
  g_assert_null (version);
  g_assert_cmpuint (fault_list_n (faults), ==, 501);
  g_assert_cmpstr (fault_list_get (faults, 500)->message, ==, "1500 further errors are not shown");
}

/* What is built must be what version_from_json() takes: the bounds are the same. */
static void
lists_have_the_bound_of_a_deployed_version (void)
{
  static const struct
  {
    const char *before, *item, *after, *fault;
  } cases[] = {
    { HEAD "    inputs: {headers: {type: complex, value: [", "x, ", "]}}\n",
      "t.yaml:7:46: error: the list has more than 5000 entries\n" },
    { HEAD "    inputs: {body: {template: \"", "{{#V}}", "\"}}\nrequiredConfigVars: [{key: V}]\n",
      "too many placeholders" },
    { HEAD "labels: [", "x, ", "]\n",
      "t.yaml:7:9: error: \"labels\" has more than 5000 entries\n" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) yaml = g_string_new (cases[i].before);
      for (int n = 0; n < 5001; n++)
        g_string_append (yaml, cases[i].item);
      g_string_append (yaml, cases[i].after);
      g_autoptr (FaultList) faults = fault_list_new ();
      g_autoptr (Version) version = build_text (yaml->str, faults);
      g_autofree char *text = fault_list_to_text (faults);
      g_assert_null (version);
      g_assert_nonnull (strstr (text, cases[i].fault));
    }
}

static void
an_error_behind_many_warnings_still_counts (void)
{
  g_autoptr (GString) yaml = g_string_new (HEAD);
  for (int i = 0; i < 600; i++)
    g_string_append_printf (yaml, "  - {name: S%d, action: a.b}\n", i);
  g_string_append (yaml, "  - {name: T, action: runCode}\n");
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (Version) version = build_text (yaml->str, faults);
  g_assert_null (version);
  g_assert_cmpuint (fault_list_n_errors (faults), ==, 1);
}

static void
steps_nest_up_to_a_bound (void)
{
  for (guint depth = 20; depth <= 30; depth += 10)
    {
      g_autoptr (GString) yaml = g_string_new (HEAD "  - ");
      for (guint i = 0; i < depth; i++)
        g_string_append_printf (yaml, "{name: L%u, action: x.loop, steps: [", i);
      g_string_append (yaml, "{name: In, code: x}");
      for (guint i = 0; i < depth; i++)
        g_string_append (yaml, "]}");
      g_autoptr (FaultList) faults = fault_list_new ();
      g_autoptr (Version) version = build_text (yaml->str, faults);
      g_assert_true ((version != NULL) == (depth == 20));
      g_autofree char *text = fault_list_to_text (faults);
      g_assert_true ((strstr (text, "steps nest deeper than 24 levels") != NULL) == (depth == 30));
    }
}

static void
secrets_of_a_definition_are_not_repeated (void)
{
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (Version) version
      = build_text ("requiredConfigVars:\n"
                    "- {key: A, dataType: number, defaultValue: sw0rdfish}\n"
                    "- {key: B, dataType: code, codeLanguage: json, defaultValue: sw0rdfish}\n"
                    "- {key: C, connection: basic, inputs: sw0rdfish}\n" HEAD
                    "  organizationApiKeys: sw0rdfish\n  testApiKeys: [[sw0rdfish]]\n",
                    faults);
  g_autofree char *text = fault_list_to_text (faults);
  g_assert_null (version);
  g_assert_cmpuint (fault_list_n_errors (faults), ==, 5);
  g_assert_null (strstr (text, "sw0rdfish"));
}

static void
a_missing_file_or_folder_is_said_so (void)
{
  g_autoptr (FaultList) faults = fault_list_new ();
  g_assert_null (definition_build ("/nonexistent/x.yaml", TARGET_INTEGRATION, faults));
  g_assert_null (definition_build ("/dev/null", TARGET_INTEGRATION, faults));
  g_assert_null (definition_build ("/nonexistent/x.js", TARGET_ACTION, faults));
  g_autofree char *text = fault_list_to_text (faults);
  g_assert_cmpstr (text, ==,
                   "/dev/null: error: this is not a regular file\n"
                   "/nonexistent/x.js: error: there is no such file\n"
                   "/nonexistent/x.yaml: error: there is no such file\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/definition/" #name, name)
  ADD (definitions_as_the_platform_exports_them_load);
  ADD (every_fault_is_found_in_one_pass);
  ADD (faults_carry_a_json_pointer);
  ADD (each_rule_has_its_own_message_and_place);
  ADD (references_are_checked_against_the_steps_before_them);
  ADD (templates_are_checked_at_their_own_line);
  ADD (operands_inside_conditions_are_checked);
  ADD (inputs_of_every_type_reach_the_model);
  ADD (what_may_be_left_out_is_inferred);
  ADD (plain_values_are_kept_as_they_are_written);
  ADD (an_inline_block_knows_its_line_and_indentation);
  ADD (the_number_of_faults_is_bounded);
  ADD (lists_have_the_bound_of_a_deployed_version);
  ADD (an_error_behind_many_warnings_still_counts);
  ADD (steps_nest_up_to_a_bound);
  ADD (secrets_of_a_definition_are_not_repeated);
  ADD (a_missing_file_or_folder_is_said_so);
  return g_test_run ();
}
