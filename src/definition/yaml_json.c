/* YAML and JSON files that are data: config values, payloads, mocks.
 *
 * JSON goes through jansson: it is faster, knows surrogate pairs, and its
 * errors speak of JSON. A file by the name of .json must be JSON; any other
 * text that looks like JSON but is not is read as YAML, which has the better
 * errors for the rest. No message quotes the text: it may hold secrets.
 */
#include "definition/definition.h"
#include "definition/yaml_node.h"

#include <math.h>
#include <string.h>

static gboolean
looks_like_json (const char *text, gsize length)
{
  gsize i = 0;
  while (i < length && g_ascii_isspace (text[i]))
    i++;
  return i < length && strchr ("{[\"", text[i]) != NULL && text[i] != '\0';
}

/* Columns of jansson count characters up to and including the one it stopped at. */
static void
add_json_fault (const json_error_t *why, const char *file, FaultList *faults)
{
  const char *near = strstr (why->text, " near '");
  int length = near == NULL ? (int) strlen (why->text) : (int) (near - why->text);
  gboolean is_duplicate = json_error_code (why) == json_error_duplicate_key;
  if (is_duplicate)
    length = (int) strlen ("duplicate object key");
  fault_list_add (faults, FAULT_ERROR, file, (guint) MAX (why->line, 1),
                  (guint) MAX (why->column, 1), NULL, NULL, "this is not JSON: %.*s", length,
                  why->text);
}

/* Sets *json, or leaves it NULL. TRUE when that is the answer, FALSE to try YAML. */
static gboolean
try_json (const char *text, gsize length, const char *file, FaultList *faults, json_t **json)
{
  json_error_t why;
  gboolean must_be_json = file != NULL && g_str_has_suffix (file, ".json");

  if (!must_be_json && !looks_like_json (text, length))
    return FALSE;
  *json
      = json_loadb (text, length, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
  if (*json != NULL)
    return TRUE;
  /* YAML reads a number beyond 64 bits as JavaScript does: rounded. */
  if (!must_be_json || json_error_code (&why) == json_error_numeric_overflow)
    return FALSE;
  add_json_fault (&why, file, faults);
  return TRUE;
}

/* JSON has no infinity and no NaN: a fault for the first one. */
static gboolean
check_numbers (const Node *node, const char *file, FaultList *faults)
{
  gboolean is_good = TRUE;
  if (node->kind == NODE_REAL && !isfinite (node->real))
    {
      fault_list_add (faults, FAULT_ERROR, file, node->line, node->column, NULL,
                      "put quotes around it if a text is meant",
                      "this number has no place in JSON");
      return FALSE;
    }
  for (guint i = 0; is_good && i < node_n_items (node); i++)
    is_good = check_numbers (node_item (node, i), file, faults);
  for (guint i = 0; is_good && i < node_n_members (node); i++)
    is_good = check_numbers (node_nth_member (node, i)->value, file, faults);
  return is_good;
}

json_t *
yaml_load_json (const char *text, gsize length, const char *file, FaultList *faults)
{
  json_t *json = NULL;
  guint errors = fault_list_n_errors (faults);

  if (try_json (text, length, file, faults, &json))
    return json;
  g_autoptr (Document) document = document_load (text, length, file, faults);
  if (document == NULL || fault_list_n_errors (faults) > errors
      || !check_numbers (document->root, file, faults))
    return NULL;
  return node_to_json (document->root);
}
