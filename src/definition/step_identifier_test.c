#include "definition/version.h"

/* Every pair of spec/code-component.md, "From step name to identifier", then the cases that have no
 * evidence, where the rule decides. */
static const struct
{
  const char *name, *identifier;
} pairs[] = {
  { "Get Data from API", "getDataFromApi" },
  { "Download JSON from API", "downloadJsonFromApi" },
  { "My Step Name", "myStepName" },
  { "my step name", "myStepName" },
  { "HTTP - GET", "httpGet" },
  { "Fetch 🚀 rocket launches", "fetchRocketLaunches" },
  { "Create GitHub Comment Body", "createGithubCommentBody" },
  { "JavaScript Object to JSON", "javascriptObjectToJson" },
  { "Raw GraphQL Request", "rawGraphqlRequest" },
  { "Prep Agent and RunResult for Storage", "prepAgentAndRunresultForStorage" },
  { "Get Thread's Last Response ID", "getThreadSLastResponseId" },
  { "Get a Queue's URL", "getAQueueSUrl" },
  { "Add # of Jira issues + STARTAT value", "addOfJiraIssuesStartatValue" },
  { "Add 1 to current page value", "add1ToCurrentPageValue" },
  { "Add 7 Days", "add7Days" },
  { "GET Request 2", "getRequest2" },
  { "Flow 2 Trigger", "flow2Trigger" },
  { "Create SNS Topic For S3 Event Notification", "createSnsTopicForS3EventNotification" },
  { "[CRM] Query Entities", "crmQueryEntities" },
  { "Webhook/Subscriptions Trigger", "webhookSubscriptionsTrigger" },
  { "Find & Replace", "findReplace" },
  { "Get Current Date/Time", "getCurrentDateTime" },
  { "Deserialize URL-encoded Form", "deserializeUrlEncodedForm" },
  { "Create Push Notification (Watch Request)", "createPushNotificationWatchRequest" },
  { "Agent: Create", "agentCreate" },
  { "2nd Step", "2ndStep" },
  { "Über Größe", "berGrE" },
  { "snake_case_name", "snakeCaseName" },
  { "  padded  ", "padded" },
  { "A", "a" },
  { "🚀", "" },
  { "", "" },
};

static void
names_become_identifiers_by_the_rule_of_the_platform (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *identifier = step_identifier (pairs[i].name);
      g_assert_cmpstr (identifier, ==, pairs[i].identifier);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/step_identifier/names_become_identifiers_by_the_rule_of_the_platform",
                   names_become_identifiers_by_the_rule_of_the_platform);
  return g_test_run ();
}
