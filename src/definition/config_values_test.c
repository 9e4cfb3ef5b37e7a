#include "definition/test_support.h"

#define FLOW "name: T\nflows: [{name: F, steps: [{name: S, action: webhook-triggers.webhook}]}]\n"

/* Resolves `given` against one definition of variables; the values, or the faults' text. */
static char *
resolve (const char *config_vars, const char *given)
{
  g_autofree char *yaml = g_strconcat (FLOW "requiredConfigVars:\n", config_vars, NULL);
  g_autoptr (FaultList) faults = fault_list_new ();
  g_autoptr (Version) version = build_text (yaml, faults);
  g_assert_nonnull (version);
  g_autoptr (FaultList) value_faults = fault_list_new ();
  g_autoptr (json_t) json = given == NULL ? NULL : json_parse (given, -1, NULL);
  g_autoptr (json_t) values = config_values_resolve (version, json, "c.yaml", CONFIG_CONNECTIONS_REQUIRED, value_faults);
  g_assert_true ((values == NULL) == (fault_list_n_errors (value_faults) > 0));
  return values != NULL ? json_print (values) : fault_list_to_text (value_faults);
}

typedef struct
{
  const char *type;  /* the variable X without its key */
  const char *given; /* value of X as JSON; NULL = none */
  const char *seen;  /* value of X as JSON, "" = not set, else the message behind `variable "X" ` */
} Row;

static const Row rows[] = {
  { "dataType: string", "\"a\"", "\"a\"" },
  { "dataType: string", "\"\"", "\"\"" },
  { "dataType: string", "12", "must be a text: put quotes around it" },
  { "dataType: string, defaultValue: d", NULL, "\"d\"" },
  { "dataType: string, defaultValue: d", "null", "\"d\"" },
  { "dataType: number", "12", "12" },
  { "dataType: number", "\"12\"", "12" },
  { "dataType: number", "\"-1.5\"", "-1.5" },
  { "dataType: number", "\"1e3\"", "1000.0" },
  { "dataType: number", "\"\"", "" },
  { "dataType: number", "\"12px\"", "must be a number" },
  { "dataType: number", "\"0x10\"", "must be a number" },
  { "dataType: number", "\"inf\"", "must be a number" },
  { "dataType: number", "true", "must be a number" },
  { "dataType: number, defaultValue: 3", NULL, "3" },
  { "dataType: number, defaultValue: '3'", "\"\"", "3" },
  { "dataType: boolean", "true", "true" },
  { "dataType: boolean", "\"true\"", "true" },
  { "dataType: boolean", "\"False\"", "false" },
  { "dataType: boolean", "\"yes\"", "must be true or false" },
  { "dataType: boolean", "1", "must be true or false" },
  { "dataType: boolean, defaultValue: false", NULL, "false" },
  { "dataType: picklist, pickList: [a, b]", "\"b\"", "\"b\"" },
  { "dataType: picklist, pickList: [a, b]", "\"c\"", "must be one of: a, b" },
  { "dataType: picklist, pickList: [a, b]", "1", "must be a text: one of the choices" },
  { "dataType: picklist, dataSource: {key: k, component: c}", "\"c\"", "\"c\"" },
  { "dataType: code", "\"<a/>\"", "\"<a/>\"" },
  { "dataType: code, codeLanguage: json", "\"{\\\"a\\\": 1}\"", "\"{\\\"a\\\": 1}\"" },
  { "dataType: code, codeLanguage: json", "{\"a\": 1}", "\"{\\\"a\\\":1}\"" },
  { "dataType: code, codeLanguage: json", "\"{a\"",
    "must be JSON: line 1, column 2: string or '}' expected" },
  { "dataType: code, codeLanguage: xml", "{}", "must be a text" },
  { "dataType: date", "\"01/31/2026\"", "\"01/31/2026\"" },
  { "dataType: date", "\"2026-01-31\"", "\"2026-01-31\"" },
  { "dataType: date", "\"2026-02-30\"", "must be a date: mm/dd/yyyy or yyyy-mm-dd" },
  { "dataType: date", "\"31/01/2026\"", "must be a date: mm/dd/yyyy or yyyy-mm-dd" },
  { "dataType: date", "\"\"", "" },
  { "dataType: timestamp", "\"2026-01-31T12:00:00.5+01:00\"", "\"2026-01-31T12:00:00.5+01:00\"" },
  { "dataType: timestamp", "\"noon\"", "must be a point in time such as 2026-01-31T12:00:00Z" },
  { "dataType: schedule", "\"*/5 8-16 * * MON-FRI\"",
    "{\"value\":\"*/5 8-16 * * MON-FRI\",\"schedule_type\":\"custom\",\"time_zone\":\"\"}" },
  { "dataType: schedule, scheduleType: day, timeZone: Europe/Berlin, defaultValue: 00 00 */1 * *",
    NULL,
    "{\"value\":\"00 00 */1 * *\",\"schedule_type\":\"day\",\"time_zone\":\"Europe/Berlin\"}" },
  { "dataType: schedule",
    "{\"value\": \"0 0 * * 0\", \"scheduleType\": \"week\", \"time_zone\": \"UTC\"}",
    "{\"value\":\"0 0 * * 0\",\"schedule_type\":\"week\",\"time_zone\":\"UTC\"}" },
  { "dataType: schedule", "{\"value\": \"\"}",
    "{\"value\":\"\",\"schedule_type\":\"none\",\"time_zone\":\"\"}" },
  { "dataType: schedule", "\"0 24 * * *\"",
    "must be a cron text of five fields such as */5 8-16 * * 1-5" },
  { "dataType: schedule", "{\"value\": \"\", \"time_zone\": \"../etc\"}",
    "has a time_zone that does not exist; write one such as Europe/Berlin" },
  { "dataType: schedule", "{\"value\": \"\", \"schedule_type\": \"yearly\"}",
    "has a schedule_type that is none of none, once, custom, minute, hour, day, week" },
  { "dataType: schedule", "5", "must be a cron text or {value, schedule_type, time_zone}" },
  { "dataType: jsonForm", "\"[1, {}]\"", "[1,{}]" },
  { "dataType: jsonForm", "{\"a\": 1}", "{\"a\":1}" },
  { "dataType: jsonForm", "\"nope\"", "must be JSON: line 1, column 4: invalid token" },
  { "dataType: objectSelection", "[{\"object\": {\"key\": \"a\"}}]",
    "[{\"object\":{\"key\":\"a\"}}]" },
  { "dataType: objectSelection", "[{}]", "must be a list of {object: {key, label}, fields}" },
  { "dataType: objectFieldMap", "{\"fields\": []}", "{\"fields\":[]}" },
  { "dataType: objectFieldMap", "[]", "must be {fields: [{field, mappedObject, mappedField}]}" },
  { "dataType: string, collectionType: valuelist", "[\"a\", \"b\"]", "[\"a\",\"b\"]" },
  { "dataType: number, collectionType: valuelist", "\"[\\\"1\\\", 2]\"", "[1,2]" },
  { "dataType: string, collectionType: valuelist", "{}", "must be a list" },
  { "dataType: string, collectionType: valuelist", "[1]",
    "goes wrong at entry 1, which must be a text: put quotes around it" },
  { "dataType: string, collectionType: keyvaluelist", "{\"k\": \"v\"}",
    "[{\"key\":\"k\",\"value\":\"v\"}]" },
  { "dataType: boolean, collectionType: keyvaluelist", "[{\"key\": \"k\", \"value\": \"true\"}]",
    "[{\"key\":\"k\",\"value\":true}]" },
  { "dataType: boolean, collectionType: keyvaluelist", "{\"k\": 1}",
    "goes wrong at key \"k\", which must be true or false" },
  { "dataType: string, collectionType: keyvaluelist", "[\"a\"]",
    "must be a list of {key, value}, or an object" },
  { "dataType: string, required: true", NULL, "(string) is required and has no value" },
  { "dataType: string, required: true", "\"\"", "(string) is required and has no value" },
  { "dataType: boolean, required: true", "false", "false" },
  { "dataType: string, required: true, defaultValue: d", NULL, "\"d\"" },
};

static void
values_become_what_code_sees_by_their_type (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *config_var = g_strdup_printf ("- {key: X, %s}\n", rows[i].type);
      g_autofree char *given = rows[i].given == NULL
                                   ? g_strdup ("{}")
                                   : g_strdup_printf ("{\"X\": %s}", rows[i].given);
      g_autofree char *found = resolve (config_var, given);
      if (*rows[i].seen == '\0')
        g_assert_cmpstr (found, ==, "{}");
      else if (*found == '{')
        {
          g_autofree char *expected = g_strdup_printf ("{\"X\":%s}", rows[i].seen);
          g_assert_cmpstr (found, ==, expected);
        }
      else
        {
          g_autofree char *expected
              = g_strdup_printf ("c.yaml: error: config variable \"X\" %s\n", rows[i].seen);
          if (strstr (found, "required") != NULL)
            g_assert_true (g_str_has_prefix (found,
                                             "c.yaml: error: config variable \"X\" (string) is "
                                             "required and has no value\n"));
          else
            g_assert_cmpstr (found, ==, expected);
        }
    }
}

typedef struct
{
  const char *connection; /* the variable C without its key */
  const char *given;
  const char *seen; /* all values, or the faults */
} ConnectionRow;

#define OAUTH                                                                                      \
  "connection: clientCredentials, inputs: {tokenUrl: {type: value, value: https://t}, "            \
  "headers: {type: complex, value: [{name: X-A, type: value, value: b}]}}"

static const ConnectionRow connections[] = {
  { "connection: apiKey", "{\"C\": {\"apiKey\": \"k\"}}",
    "{\"C\":{\"key\":\"apiKey\",\"configVarKey\":\"C\",\"fields\":{\"apiKey\":\"k\"}}}" },
  { "connection: apiKey", "{\"C\": {\"fields\": {\"apiKey\": \"k\"}, \"key\": \"apiKey\"}}",
    "{\"C\":{\"key\":\"apiKey\",\"configVarKey\":\"C\",\"fields\":{\"apiKey\":\"k\"}}}" },
  { "connection: {key: basic}", "{\"C\": {\"username\": \"u\"}}",
    "c.yaml: error: connection \"C\" (basic) lacks the field \"password\"\n" },
  { "connection: {key: basic}", "{\"C\": {\"username\": \"u\", \"pasword\": \"p\"}}",
    "c.yaml: error: connection \"C\" (basic) has no field \"pasword\"\n  did you mean "
    "\"password\"?\n"
    "c.yaml: error: connection \"C\" (basic) lacks the field \"password\"\n" },
  { "connection: basic, inputs: {username: {type: value, value: admin}}",
    "{\"C\": {\"password\": \"p\"}}",
    "{\"C\":{\"key\":\"basic\",\"configVarKey\":\"C\",\"fields\":{\"username\":\"admin\","
    "\"password\":"
    "\"p\"}}}" },
  { "connection: basic, inputs: {username: a, password: b}", "{}",
    "{\"C\":{\"key\":\"basic\",\"configVarKey\":\"C\",\"fields\":{\"username\":\"a\",\"password\":"
    "\"b\"}"
    "}}" },
  { OAUTH, "{\"C\": {\"clientId\": \"i\", \"clientSecret\": \"s\"}}",
    "{\"C\":{\"key\":\"clientCredentials\",\"configVarKey\":\"C\",\"fields\":{\"tokenUrl\":\"https:"
    "//"
    "t\",\"scopes\":\"\",\"clientId\":\"i\",\"clientSecret\":\"s\",\"headers\":[{\"key\":\"X-A\","
    "\"value\":\"b\"}]}}}" },
  { OAUTH,
    "{\"C\": {\"fields\": {\"clientId\": \"i\", \"clientSecret\": \"s\", \"headers\": {\"A\": "
    "\"b\"}}, "
    "\"token\": {\"access_token\": \"t\"}, \"context\": {\"e\": 1}}}",
    "{\"C\":{\"key\":\"clientCredentials\",\"configVarKey\":\"C\",\"fields\":{\"tokenUrl\":\"https:"
    "//"
    "t\",\"scopes\":\"\",\"clientId\":\"i\",\"clientSecret\":\"s\",\"headers\":[{\"key\":\"A\","
    "\"value\":\"b\"}]},\"token\":{\"access_token\":\"t\"},\"context\":{\"e\":1}}}" },
  { "connection: apiKeySecret", "{\"C\": {\"apiKey\": 1, \"apiSecret\": \"\"}}",
    "c.yaml: error: field \"apiKey\" of connection \"C\" must be a text\n  put quotes around it\n"
    "c.yaml: error: connection \"C\" (apiKeySecret) lacks the field \"apiSecret\"\n" },
  { "connection: privateKey", "{\"C\": \"k\"}",
    "c.yaml: error: connection \"C\" must be an object of its fields\n  write its fields as an "
    "object, "
    "such as {apiKey: …}\n" },
  { "connection: privateKey",
    "{\"C\": {\"key\": \"basic\", \"fields\": {\"username\": \"u\", "
    "\"privateKey\": \"p\"}}}",
    "c.yaml: error: connection \"C\" is of type \"privateKey\"\n" },
  { "connection: {key: oauth2, component: {key: salesforce}}, inputs: {a: {value: x}, b: {value: "
    "''}}",
    "{\"C\": {\"b\": 1, \"token\": {\"instance_url\": \"u\"}}}",
    "{\"C\":{\"key\":\"oauth2\",\"configVarKey\":\"C\",\"fields\":{\"a\":\"x\",\"b\":1},\"token\":{"
    "\"instance_url\":\"u\"}}}" },
  { "connection: apiKey, inputs: {region: {label: Region, value: eu}, host: {label: Host, type: "
    "template, value: 'https://{{#region}}.example.com'}}",
    "{\"C\": {\"apiKey\": \"k\"}}",
    "{\"C\":{\"key\":\"apiKey\",\"configVarKey\":\"C\",\"fields\":{\"apiKey\":\"k\",\"region\":"
    "\"eu\","
    "\"host\":\"https://eu.example.com\"}}}" },
  { "connection: apiKey, inputs: {pin: {label: PIN, required: true, secret: true}}",
    "{\"C\": {\"apiKey\": \"k\"}}",
    "c.yaml: error: connection \"C\" (apiKey) lacks the field \"pin\"\n" },
  { "connection: apiKey", "{}", "{}" },
  { "connection: apiKey, required: true", "{}",
    "c.yaml: error: config variable \"C\" (connection) is required and has no value\n  give it in "
    "the "
    "file of --config, or a default in the definition\n" },
};

static void
connections_get_their_fields_checked_by_name (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (connections); i++)
    {
      g_autofree char *config_var = g_strdup_printf ("- {key: C, %s}\n", connections[i].connection);
      g_autofree char *found = resolve (config_var, connections[i].given);
      g_assert_cmpstr (found, ==, connections[i].seen);
    }
}

static void
every_missing_unknown_and_wrong_value_is_reported_at_once (void)
{
  g_autofree char *found
      = resolve ("- {key: App Base URL, required: true}\n- {key: Port, dataType: number}\n",
                 "{\"App Base Url\": \"x\", \"Port\": \"many\", \"Zzz\": 1}");
  g_assert_cmpstr (
      found, ==,
      "c.yaml: error: the integration has no config variable \"App Base Url\"\n  did you "
      "mean \"App Base URL\"?\n"
      "c.yaml: error: the integration has no config variable \"Zzz\"\n"
      "c.yaml: error: config variable \"App Base URL\" (string) is required and has no "
      "value\n  give it in the file of --config, or a default in the definition\n"
      "c.yaml: error: config variable \"Port\" must be a number\n");
  g_autofree char *list = resolve ("- {key: A}\n", "[1]");
  g_assert_cmpstr (list, ==,
                   "c.yaml: error: config values must be an object of name and value\n  "
                   "write {\"Name of the variable\": value}\n");
  g_autofree char *nothing = resolve ("- {key: A}\n", NULL);
  g_assert_cmpstr (nothing, ==, "{}");
}

static void
no_fault_repeats_a_value (void)
{
  static const char *const types[] = { "dataType: number",
                                       "dataType: boolean",
                                       "dataType: picklist, pickList: [a]",
                                       "dataType: code, codeLanguage: json",
                                       "dataType: date",
                                       "dataType: timestamp",
                                       "dataType: schedule",
                                       "dataType: jsonForm",
                                       "dataType: objectSelection",
                                       "connection: apiKey",
                                       "dataType: string, collectionType: valuelist" };
  static const char *const values[]
      = { "\"sw0rdfish\"", "[\"sw0rdfish\"]", "{\"apiKey\": [\"sw0rdfish\"]}",
          "{\"value\": \"sw0rdfish\"}", "\"{\\\"a\\\": sw0rdfish}\"" };
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    for (guint v = 0; v < G_N_ELEMENTS (values); v++)
      {
        g_autofree char *config_var = g_strdup_printf ("- {key: X, %s}\n", types[i]);
        g_autofree char *given = g_strdup_printf ("{\"X\": %s}", values[v]);
        g_autofree char *found = resolve (config_var, given);
        if (g_str_has_prefix (found, "c.yaml"))
          g_assert_null (strstr (found, "sw0rdfish"));
      }
}

static void
a_single_code_file_takes_any_values (void)
{
  g_autofree char *folder = g_dir_make_tmp ("tenon-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "map.js", NULL);
  g_autoptr (FaultList) faults = fault_list_new ();
  write_file (folder, "map.js", "module.exports = () => ({});");
  g_autoptr (Version) version = definition_build (path, TARGET_ACTION, faults);
  g_assert_nonnull (version);
  g_autoptr (json_t) given
      = json_parse ("{\"A\": 1, \"C\": {\"fields\": {\"k\": \"v\"}}}", -1, NULL);
  g_autoptr (json_t) values = config_values_resolve (version, given, "c", CONFIG_CONNECTIONS_REQUIRED, faults);
  g_autofree char *text = json_print (values);
  g_assert_cmpstr (text, ==, "{\"A\":1,\"C\":{\"fields\":{\"k\":\"v\"},\"configVarKey\":\"C\"}}");
  remove_tree (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/config_values/" #name, name)
  ADD (values_become_what_code_sees_by_their_type);
  ADD (connections_get_their_fields_checked_by_name);
  ADD (every_missing_unknown_and_wrong_value_is_reported_at_once);
  ADD (no_fault_repeats_a_value);
  ADD (a_single_code_file_takes_any_values);
  return g_test_run ();
}
