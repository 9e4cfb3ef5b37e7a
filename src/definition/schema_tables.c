/* The tables. Keys and values: spec "The integration definition (YAML)"; what is Tenon's own is
 * flagged KEY_OURS. */
#include "definition/schema.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const Schema component_schema = {
  "component reference",
  (const Key[]){
      { "key", KEY_TEXT, KEY_REQUIRED, "the component's key, such as `code`" },
      { "version", KEY_ANY, 0, "a number or `LATEST`; Tenon has one version of each" },
      { "isPublic", KEY_BOOLEAN, 0,
        "false: a component of one organization, which Tenon can't have" },
      { "signature", KEY_TEXT, 0, "instead of a version, written by the platform's SDK" },
      { 0 },
  },
};

static const Schema action_schema = {
  "action",
  (const Key[]){
      { "key", KEY_TEXT, KEY_REQUIRED, "the action's key, such as `runCode`" },
      { "component", KEY_NAMED, KEY_REQUIRED, "the component it belongs to; its key alone will do",
        .schema = &component_schema },
      { 0 },
  },
};

static const Schema error_config_schema = {
  "errorConfig",
  (const Key[]){
      { "errorHandlerType", KEY_TEXT, 0, "what happens when the step fails; absent: `fail`",
        TEXTS ("fail", "ignore", "retry") },
      { "maxAttempts", KEY_INTEGER, 0, "how many times a failed step is tried again", .least = 0,
        .most = 5 },
      { "delaySeconds", KEY_INTEGER, 0, "pause before each new try", .least = 0, .most = 60 },
      { "usesExponentialBackoff", KEY_BOOLEAN, 0, "double the pause each time" },
      { "ignoreFinalError", KEY_BOOLEAN, 0, "go on with the flow when the last try failed too" },
      { 0 },
  },
};

static const Schema schedule_meta_schema = {
  "schedule meta",
  (const Key[]){
      { "scheduleType", KEY_TEXT, 0, "what the cron text was made from",
        TEXTS ("none", "once", "custom", "minute", "hour", "day", "week") },
      { "timeZone", KEY_TEXT, 0, "an IANA name such as `Europe/Berlin`; empty: UTC" },
      { 0 },
  },
};

static const Schema schedule_schema = {
  "schedule",
  (const Key[]){
      { "type", KEY_TEXT, 0, "`value`: a cron text; `configVar`: the name of a schedule variable",
        TEXTS ("value", "configVar") },
      { "value", KEY_TEXT, 0, "five cron fields, or the variable's name" },
      { "meta", KEY_OBJECT, 0, "how the cron text is meant", .schema = &schedule_meta_schema },
      { 0 },
  },
};

static const Schema branch_schema = {
  "branch",
  (const Key[]){
      { "name", KEY_TEXT, KEY_REQUIRED, "the branch's name; the last one is `Else`" },
      { "steps", KEY_OBJECT_LIST, 0, "what runs when the branch is taken", .schema = &step_schema },
      { 0 },
  },
};

const Schema input_schema = {
  "input",
  (const Key[]){
      { "type", KEY_TEXT, 0, "how `value` is meant; absent: `value`",
        TEXTS ("value", "reference", "configVar", "template", "complex") },
      { "value", KEY_ANY, 0,
        "the text, the path, the variable's name, the template, or the list of a `complex` input" },
      { "name", KEY_ANY, 0, "name of an entry of a key/value list: a text or an input" },
      { "meta", KEY_ANY_OBJECT, 0,
        "who sees the input in the platform's forms; kept, without effect" },
      { "file", KEY_TEXT, KEY_OURS,
        "path of the file that holds the code, from this file's folder" },
      { "reference", KEY_TEXT, KEY_OURS, "short for `type: reference` and its value" },
      { "configVar", KEY_TEXT, KEY_OURS, "short for `type: configVar` and its value" },
      { "template", KEY_TEXT, KEY_OURS, "short for `type: template` and its value" },
      { 0 },
  },
};

const Schema step_schema = {
  "step",
  (const Key[]){
      { "name", KEY_TEXT, KEY_REQUIRED,
        "unique in the flow; its camelCase form is the key in stepResults" },
      { "stableKey", KEY_TEXT, 0, "identity that survives renaming" },
      { "description", KEY_TEXT, 0, "for people" },
      { "isTrigger", KEY_BOOLEAN, 0, "true on the first step only, where it may be left out" },
      { "action", KEY_NAMED, 0,
        "what the step does; `component.action` as one text will do; may be left out beside `code`",
        .schema = &action_schema },
      { "inputs", KEY_INPUTS, 0, "the action's inputs by name, each an input or a plain value" },
      { "code", KEY_ANY, KEY_OURS,
        "short for an input of that name: the code as a text, or `{file: …}`" },
      { "errorConfig", KEY_OBJECT, 0, "what happens when the step fails",
        .schema = &error_config_schema },
      { "schedule", KEY_OBJECT, 0, "when a trigger runs by itself", .schema = &schedule_schema },
      { "steps", KEY_OBJECT_LIST, 0, "the body of a loop step", .schema = &step_schema },
      { "branches", KEY_OBJECT_LIST, 0, "the branches of a branch step", .schema = &branch_schema },
      { 0 },
  },
};

static const Schema retry_config_schema = {
  "retryConfig",
  (const Key[]){
      { "maxAttempts", KEY_INTEGER, 0, "how many times a failed execution is run again", .least = 0,
        .most = 10 },
      { "delayMinutes", KEY_INTEGER, 0, "pause before each new run", .least = 0, .most = 60 },
      { "usesExponentialBackoff", KEY_BOOLEAN, 0, "double the pause each time" },
      { "uniqueRequestIdField", KEY_ANY, 0,
        "reference into the payload: a newer request of the same value cancels waiting runs" },
      { 0 },
  },
};

static const Schema queue_config_schema = {
  "queueConfig",
  (const Key[]){
      { "usesFifoQueue", KEY_BOOLEAN, 0, "run in the order of arrival" },
      { "dedupeIdField", KEY_ANY, 0,
        "reference into the payload: the second of the same value is left out" },
      { "singletonExecutions", KEY_BOOLEAN, 0,
        "skip a scheduled run while the last one is running" },
      { "concurrencyLimit", KEY_INTEGER, 0, "how many may run at once", .least = 1, .most = 15 },
      { 0 },
  },
};

static const Schema trigger_resolver_schema = {
  "triggerResolver",
  (const Key[]){
      { "enabled", KEY_BOOLEAN, 0, "give the trigger's items to the flow in batches" },
      { "batchSize", KEY_INTEGER, 0, "items in a batch", .least = 1, .most = 1000000 },
      { "concurrentBatchLimit", KEY_INTEGER, 0, "batches at once", .least = 1, .most = 1000000 },
      { "runInitialSyncOnDeploy", KEY_BOOLEAN, 0, "run once when deployed" },
      { 0 },
  },
};

const Schema flow_schema = {
  "flow",
  (const Key[]){
      { "name", KEY_TEXT, KEY_REQUIRED, "unique; also the key in webhookUrls" },
      { "stableKey", KEY_TEXT, 0, "identity that survives renaming; absent: the name" },
      { "description", KEY_TEXT, 0, "for people" },
      { "isSynchronous", KEY_BOOLEAN, 0, "the caller waits for the last step's result" },
      { "endpointSecurityType", KEY_TEXT, 0, "who may call; absent: `customer_optional`",
        TEXTS ("unsecured", "customer_optional", "customer_required", "organization") },
      { "organizationApiKeys", KEY_TEXT_LIST, KEY_SECRET, "keys for `organization`" },
      { "testApiKeys", KEY_TEXT_LIST, KEY_SECRET, "keys for tests" },
      { "retryConfig", KEY_OBJECT, 0, "run a failed execution again",
        .schema = &retry_config_schema },
      { "queueConfig", KEY_OBJECT, 0, "order and number of executions",
        .schema = &queue_config_schema },
      { "triggerResolver", KEY_OBJECT, 0, "batches", .schema = &trigger_resolver_schema },
      { "isAgentFlow", KEY_BOOLEAN, 0, "an AI agent may call the flow" },
      { "schemas", KEY_ANY_OBJECT, 0,
        "`invoke`: JSON schema of its arguments when an AI agent calls it" },
      { "supplementalComponents", KEY_ANY, 0,
        "of integrations that are code alone; kept, without effect" },
      { "limits", KEY_LIMITS, KEY_OURS, "limits of this flow's executions" },
      { "steps", KEY_OBJECT_LIST, KEY_REQUIRED, "the trigger and the steps after it",
        .schema = &step_schema },
      { 0 },
  },
};

static const Schema connection_schema = {
  "connection",
  (const Key[]){
      { "key", KEY_TEXT, KEY_REQUIRED, "the connection's type, such as `basic`" },
      { "component", KEY_NAMED, 0, "the component that it belongs to; absent: `code`",
        .schema = &component_schema },
      { "template", KEY_ANY, 0, "kept, without effect" },
      { 0 },
  },
};

static const Schema data_source_schema = {
  "dataSource",
  (const Key[]){
      { "key", KEY_TEXT, KEY_REQUIRED, "the data source's key" },
      { "component", KEY_NAMED, KEY_REQUIRED, "the component that it belongs to",
        .schema = &component_schema },
      { 0 },
  },
};

const Schema config_var_schema = {
  "config variable",
  (const Key[]){
      { "key", KEY_TEXT, KEY_REQUIRED, "the name: `configVars[\"<key>\"]`" },
      { "stableKey", KEY_TEXT, 0, "identity that survives renaming; absent: the key" },
      { "description", KEY_TEXT, 0, "for people" },
      { "dataType", KEY_TEXT, 0, "absent: `string`, or `connection` beside `connection`",
        TEXTS ("string", "number", "boolean", "picklist", "code", "date", "timestamp", "schedule",
               "connection", "objectSelection", "objectFieldMap", "jsonForm") },
      { "required", KEY_BOOLEAN, KEY_OURS, "no run without a value; absent: false" },
      { "defaultValue", KEY_ANY, KEY_SECRET,
        "a text that fits the type; lists and objects as JSON text" },
      { "pickList", KEY_TEXT_LIST, 0, "the choices of a picklist" },
      { "collectionType", KEY_TEXT, 0, "several values: a list, or a list of key and value",
        TEXTS ("valuelist", "keyvaluelist") },
      { "codeLanguage", KEY_TEXT, 0, "of `code`; `json` is checked",
        TEXTS ("json", "xml", "html") },
      { "scheduleType", KEY_TEXT, 0, "of `schedule`",
        TEXTS ("none", "once", "custom", "minute", "hour", "day", "week") },
      { "timeZone", KEY_TEXT, 0, "of `schedule`: an IANA name; empty: UTC" },
      { "orgOnly", KEY_BOOLEAN, 0, "kept, without effect" },
      { "connection", KEY_NAMED, 0, "type of a connection; its key alone will do",
        .schema = &connection_schema },
      { "inputs", KEY_ANY_OBJECT, KEY_SECRET, "values of a connection's or data source's inputs" },
      { "onPremiseConnectionConfig", KEY_TEXT, 0, "kept, without effect",
        TEXTS ("allowed", "disallowed", "required") },
      { "dataSource", KEY_OBJECT, 0, "fills the choices in a form", .schema = &data_source_schema },
      { "useScopedConfigVar", KEY_TEXT, 0, "key of a shared connection" },
      { "meta", KEY_ANY_OBJECT, 0, "visibility and the like; kept" },
      { 0 },
  },
};

static const Schema element_schema = {
  "configuration page element",
  (const Key[]){
      { "type", KEY_TEXT, KEY_REQUIRED, "what it shows",
        TEXTS ("configVar", "htmlElement", "jsonForm") },
      { "value", KEY_ANY, 0, "key of the variable, or the HTML" },
      { 0 },
  },
};

static const Schema config_page_schema = {
  "configuration page",
  (const Key[]){
      { "name", KEY_TEXT, KEY_REQUIRED, "the page's title" },
      { "tagline", KEY_TEXT, 0, "below the title" },
      { "userLevelConfigured", KEY_BOOLEAN, 0, "each user fills it in for himself" },
      { "elements", KEY_OBJECT_LIST, 0, "what the page shows", .schema = &element_schema },
      { 0 },
  },
};

const Schema definition_schema = {
  "the definition",
  (const Key[]){
      { "definitionVersion", KEY_INTEGER, 0, "7 or 6; absent: 7", .least = 6, .most = 7 },
      { "name", KEY_TEXT, KEY_REQUIRED, "the integration's name" },
      { "description", KEY_TEXT, 0, "for people" },
      { "documentation", KEY_TEXT, 0, "Markdown" },
      { "category", KEY_TEXT, 0, "for people" },
      { "labels", KEY_TEXT_LIST, 0, "for people" },
      { "version", KEY_TEXT, 0, "the author's own version text: `integration.externalVersion`" },
      { "isCodeNative", KEY_BOOLEAN, 0, "written wholly in code for the platform's SDK" },
      { "endpointType", KEY_TEXT, 0,
        "one URL a flow, an instance, or an integration; absent: `flow_specific`",
        TEXTS ("flow_specific", "instance_specific", "shared_instance") },
      { "preprocessFlowName", KEY_TEXT, 0, "the flow that picks the flow to run" },
      { "flowNameField", KEY_ANY, 0, "input of type reference: where the flow's name is found" },
      { "externalCustomerIdField", KEY_ANY, 0,
        "input of type reference: where the customer's id is found" },
      { "externalCustomerUserIdField", KEY_ANY, 0,
        "input of type reference: where the user's id is found" },
      { "defaultInstanceProfile", KEY_TEXT, 0, "kept, without effect" },
      { "requiredConfigVars", KEY_OBJECT_LIST, 0, "config variables",
        .schema = &config_var_schema },
      { "configPages", KEY_OBJECT_LIST, 0, "the form in which they are filled in",
        .schema = &config_page_schema },
      { "limits", KEY_LIMITS, KEY_OURS, "limits of every execution" },
      { "flows", KEY_OBJECT_LIST, KEY_REQUIRED, "what it does", .schema = &flow_schema },
      { "importMetadata", KEY_ANY, 0, "added by tools; kept, without effect" },
      { 0 },
  },
};

const Schema *const schemas[] = {
  &definition_schema,
  &flow_schema,
  &retry_config_schema,
  &queue_config_schema,
  &trigger_resolver_schema,
  &step_schema,
  &action_schema,
  &component_schema,
  &input_schema,
  &error_config_schema,
  &schedule_schema,
  &schedule_meta_schema,
  &branch_schema,
  &config_var_schema,
  &connection_schema,
  &data_source_schema,
  &config_page_schema,
  &element_schema,
  NULL,
};
