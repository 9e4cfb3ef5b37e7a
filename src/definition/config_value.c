/* One value of a config variable: from what a file or form gave to what code sees. */
#include "definition/config_types.h"
#include "definition/schedule.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

/* Takes the value that was given and makes the one that code sees, or NULL with what it must be. */
typedef json_t *(*Convert) (const ConfigVar *config_var, json_t *given, char **problem);

static json_t *
refuse (char **problem, const char *what)
{
  *problem = g_strdup (what);
  return NULL;
}

static json_t *
convert_string (const ConfigVar *config_var, json_t *given, char **problem)
{
  if (json_is_string (given))
    return json_incref (given);
  return refuse (problem, "must be a text: put quotes around it");
}

static gboolean
is_number_text (const char *text)
{
  char *end;
  if (*text == '-' || *text == '+')
    text++;
  if (!g_ascii_isdigit (*text) && *text != '.')
    return FALSE;
  if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
    return FALSE;
  double number = g_ascii_strtod (text, &end);
  return *end == '\0' && isfinite (number);
}

static json_t *
convert_number (const ConfigVar *config_var, json_t *given, char **problem)
{
  gint64 whole;
  if (json_is_number (given))
    return json_incref (given);
  if (!json_is_string (given) || !is_number_text (json_string_value (given)))
    return refuse (problem, "must be a number");
  const char *text = json_string_value (given);
  if (g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &whole, NULL))
    return json_integer (whole);
  return json_real (g_ascii_strtod (text, NULL));
}

static json_t *
convert_boolean (const ConfigVar *config_var, json_t *given, char **problem)
{
  if (json_is_boolean (given))
    return json_incref (given);
  if (json_is_string (given) && g_ascii_strcasecmp (json_string_value (given), "true") == 0)
    return json_true ();
  if (json_is_string (given) && g_ascii_strcasecmp (json_string_value (given), "false") == 0)
    return json_false ();
  return refuse (problem, "must be true or false");
}

/* Choices that a data source fills in are not known here. */
static json_t *
convert_picklist (const ConfigVar *config_var, json_t *given, char **problem)
{
  gboolean is_dynamic = json_object_get (config_var->raw, "dataSource") != NULL;
  if (!json_is_string (given))
    return refuse (problem, "must be a text: one of the choices");
  if (is_dynamic || config_var->pick_list == NULL || config_var->pick_list[0] == NULL
      || g_strv_contains ((const char *const *) config_var->pick_list, json_string_value (given)))
    return json_incref (given);
  g_autofree char *choices = g_strjoinv (", ", config_var->pick_list);
  *problem = g_strdup_printf ("must be one of: %.1000s", choices);
  return NULL;
}

/* The message of the parser, without the text that it would quote. */
static char *
json_problem (GError *error)
{
  char *near = strstr (error->message, " near '");
  if (near != NULL)
    *near = '\0';
  return g_strdup_printf ("must be JSON: %s", error->message);
}

/* A text stays one; JSON that a file gave as such becomes its text. */
static json_t *
convert_code (const ConfigVar *config_var, json_t *given, char **problem)
{
  const char *language = json_get_string (config_var->raw, "codeLanguage");
  gboolean is_json = g_strcmp0 (language, "json") == 0;
  g_autoptr (GError) error = NULL;

  if (!json_is_string (given))
    {
      if (!is_json)
        return refuse (problem, "must be a text");
      g_autofree char *text = json_print (given);
      return json_string (text);
    }
  if (!is_json)
    return json_incref (given);
  g_autoptr (json_t) parsed
      = json_parse (json_string_value (given), (gssize) json_string_length (given), &error);
  if (parsed != NULL)
    return json_incref (given);
  *problem = json_problem (error);
  return NULL;
}

/* Exactly `n` digits, then the separator (0 = the end). */
static gboolean
read_digits (const char **p, guint n, char separator, guint *number)
{
  *number = 0;
  for (guint i = 0; i < n; i++, (*p)++)
    {
      if (!g_ascii_isdigit (**p))
        return FALSE;
      *number = *number * 10 + (guint) (**p - '0');
    }
  return separator == '\0' ? **p == '\0' : *(*p)++ == separator;
}

/* mm/dd/yyyy, as the platform's forms write it, or yyyy-mm-dd. */
static gboolean
is_date (const char *text)
{
  guint year, month, day;
  const char *p = text, *q = text;
  gboolean is_american = read_digits (&p, 2, '/', &month) && read_digits (&p, 2, '/', &day)
                         && read_digits (&p, 4, '\0', &year);
  gboolean is_iso = !is_american && read_digits (&q, 4, '-', &year)
                    && read_digits (&q, 2, '-', &month) && read_digits (&q, 2, '\0', &day);
  return (is_american || is_iso) && year > 0
         && g_date_valid_dmy ((GDateDay) day, (GDateMonth) month, (GDateYear) year);
}

static gboolean
is_timestamp (const char *text)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, utc);
  return time != NULL;
}

static json_t *
convert_date (const ConfigVar *config_var, json_t *given, char **problem)
{
  if (json_is_string (given)
      && (is_date (json_string_value (given)) || is_timestamp (json_string_value (given))))
    return json_incref (given);
  return refuse (problem, "must be a date: mm/dd/yyyy or yyyy-mm-dd");
}

static json_t *
convert_timestamp (const ConfigVar *config_var, json_t *given, char **problem)
{
  if (json_is_string (given)
      && (is_timestamp (json_string_value (given)) || is_date (json_string_value (given))))
    return json_incref (given);
  return refuse (problem, "must be a point in time such as 2026-01-31T12:00:00Z");
}

static const char *
first_string (json_t *object, const char *key, const char *other_key, const char *fallback)
{
  const char *text = json_get_string (object, key);
  if (text == NULL)
    text = json_get_string (object, other_key);
  return text == NULL ? fallback : text;
}

/* A cron text, or {value, schedule_type, time_zone}, also in the definition's own camelCase. */
static json_t *
convert_schedule (const ConfigVar *config_var, json_t *given, char **problem)
{
  static const char *const types[]
      = { "none", "once", "custom", "minute", "hour", "day", "week", NULL };
  const char *cron = json_is_string (given) ? json_string_value (given)
                                            : first_string (given, "value", "value", "");
  const char *type = first_string (given, "schedule_type", "scheduleType",
                                   json_get_string (config_var->raw, "scheduleType"));
  const char *zone = first_string (given, "time_zone", "timeZone",
                                   json_get_string (config_var->raw, "timeZone"));
  if (!json_is_string (given) && !json_is_object (given))
    return refuse (problem, "must be a cron text or {value, schedule_type, time_zone}");
  if (schedule_cron_problem (cron) != NULL)
    return refuse (problem, "must be a cron text of five fields such as */5 8-16 * * 1-5");
  if (type == NULL)
    type = *cron == '\0' ? "none" : "custom";
  if (!g_strv_contains (types, type))
    return refuse (problem, "has a schedule_type that is none of none, once, custom, minute, hour, "
                            "day, week");
  if (zone != NULL && !schedule_zone_exists (zone))
    return refuse (problem, "has a time_zone that does not exist; write one such as Europe/Berlin");
  return json_pack ("{s:s, s:s, s:s}", "value", cron, "schedule_type", type, "time_zone",
                    zone == NULL ? "" : zone);
}

/* What is JSON, or its text. */
static json_t *
parsed (json_t *given, char **problem)
{
  g_autoptr (GError) error = NULL;
  if (!json_is_string (given))
    return json_incref (given);
  json_t *json
      = json_parse (json_string_value (given), (gssize) json_string_length (given), &error);
  if (json == NULL)
    *problem = json_problem (error);
  return json;
}

static json_t *
convert_json_form (const ConfigVar *config_var, json_t *given, char **problem)
{
  return parsed (given, problem);
}

static json_t *
convert_object_selection (const ConfigVar *config_var, json_t *given, char **problem)
{
  g_autoptr (json_t) json = parsed (given, problem);
  size_t index;
  json_t *entry;
  if (json == NULL)
    return NULL;
  gboolean is_good = json_is_array (json);
  json_array_foreach (json, index, entry) is_good
      = is_good && json_is_string (json_object_get (json_object_get (entry, "object"), "key"));
  if (is_good)
    return g_steal_pointer (&json);
  return refuse (problem, "must be a list of {object: {key, label}, fields}");
}

static json_t *
convert_object_field_map (const ConfigVar *config_var, json_t *given, char **problem)
{
  g_autoptr (json_t) json = parsed (given, problem);
  if (json == NULL)
    return NULL;
  if (json_is_array (json_object_get (json, "fields")))
    return g_steal_pointer (&json);
  return refuse (problem, "must be {fields: [{field, mappedObject, mappedField}]}");
}

static const struct
{
  const char *data_type;
  Convert convert;
} converters[] = {
  { "string", convert_string },
  { "number", convert_number },
  { "boolean", convert_boolean },
  { "picklist", convert_picklist },
  { "code", convert_code },
  { "date", convert_date },
  { "timestamp", convert_timestamp },
  { "schedule", convert_schedule },
  { "objectSelection", convert_object_selection },
  { "objectFieldMap", convert_object_field_map },
  { "jsonForm", convert_json_form },
};

static Convert
find_converter (const char *data_type)
{
  for (guint i = 0; i < G_N_ELEMENTS (converters); i++)
    if (strcmp (converters[i].data_type, data_type) == 0)
      return converters[i].convert;
  return convert_string;
}

static json_t *
convert_list (const ConfigVar *config_var, json_t *list, char **problem)
{
  Convert convert = find_converter (config_var->data_type);
  g_autoptr (json_t) values = json_array ();
  size_t index;
  json_t *entry;

  json_array_foreach (list, index, entry)
  {
    json_t *value = convert (config_var, entry, problem);
    if (value == NULL)
      {
        g_autofree char *inner = *problem;
        *problem = g_strdup_printf ("goes wrong at entry %zu, which %s", index + 1, inner);
        return NULL;
      }
    json_array_append_new (values, value);
  }
  return g_steal_pointer (&values);
}

static json_t *
convert_pair (const ConfigVar *config_var, const char *key, json_t *given, char **problem)
{
  json_t *value = find_converter (config_var->data_type) (config_var, given, problem);
  if (value != NULL)
    return json_pack ("{s:s, s:o}", "key", key, "value", value);
  g_autofree char *inner = *problem;
  *problem = g_strdup_printf ("goes wrong at key \"%s\", which %s", key, inner);
  return NULL;
}

/* A list of {key, value}, or an object of key to value. */
static json_t *
convert_pairs (const ConfigVar *config_var, json_t *given, char **problem)
{
  g_autoptr (json_t) pairs = json_array ();
  const char *name;
  size_t index;
  json_t *entry;

  json_object_foreach (given, name, entry)
  {
    json_t *pair = convert_pair (config_var, name, entry, problem);
    if (pair == NULL)
      return NULL;
    json_array_append_new (pairs, pair);
  }
  json_array_foreach (given, index, entry)
  {
    const char *key = json_get_string (entry, "key");
    json_t *value = json_object_get (entry, "value");
    if (key == NULL || value == NULL)
      return refuse (problem, "must be a list of {key, value}, or an object");
    json_t *pair = convert_pair (config_var, key, value, problem);
    if (pair == NULL)
      return NULL;
    json_array_append_new (pairs, pair);
  }
  return g_steal_pointer (&pairs);
}

static json_t *
convert_collection (const ConfigVar *config_var, json_t *given, char **problem)
{
  g_autoptr (json_t) json = parsed (given, problem);
  gboolean is_pairs = strcmp (config_var->collection_type, "keyvaluelist") == 0;
  if (json == NULL)
    return NULL;
  if (!is_pairs && json_is_array (json))
    return convert_list (config_var, json, problem);
  if (is_pairs && (json_is_array (json) || json_is_object (json)))
    return convert_pairs (config_var, json, problem);
  return refuse (problem,
                 is_pairs ? "must be a list of {key, value}, or an object" : "must be a list");
}

static gboolean
is_unset (const ConfigVar *config_var, json_t *given)
{
  if (json_is_null (given))
    return TRUE;
  gboolean may_be_empty = config_var->collection_type == NULL
                          && (strcmp (config_var->data_type, "string") == 0
                              || strcmp (config_var->data_type, "code") == 0);
  return json_is_string (given) && json_string_length (given) == 0 && !may_be_empty;
}

json_t *
config_value_convert (const ConfigVar *config_var, json_t *given, char **problem)
{
  *problem = NULL;
  if (is_unset (config_var, given))
    return json_null ();
  if (config_var->collection_type != NULL)
    return convert_collection (config_var, given, problem);
  return find_converter (config_var->data_type) (config_var, given, problem);
}
