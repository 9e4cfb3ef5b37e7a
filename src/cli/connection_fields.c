/* What a person gives a connection. A name that the connection has as a field is a field; one that
 * its type has as an option is an option; anything else goes along as a field, for the server to
 * say what is wrong with it. */
#include "cli/connection_fields.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/json.h"
#include "base/secret.h"
#include "cli/private.h"
#include "connection/connection.h"

#define MOST_LINE_BYTES (64 << 10)

typedef struct
{
  const json_t *connection;
  const ConnectionType *type; /* NULL = not known */
  json_t *fields, *settings;
} Given;

static const ConnectionField *
find (const ConnectionField *list, const char *key)
{
  for (; list != NULL && list->key != NULL; list++)
    if (strcmp (list->key, key) == 0)
      return list;
  return NULL;
}

static gboolean
is_option (const Given *given, const char *key)
{
  return json_object_get (json_object_get (given->connection, "fields"), key) == NULL
         && given->type != NULL && find (given->type->fields, key) == NULL
         && find (given->type->options, key) != NULL;
}

static ConnectionFieldKind
kind_of (const Given *given, const char *key)
{
  const ConnectionField *field = given->type == NULL ? NULL : find (given->type->fields, key);
  if (field == NULL && given->type != NULL)
    field = find (given->type->options, key);
  return field == NULL ? CONNECTION_FIELD_TEXT : field->kind;
}

static json_t *
place_of (const Given *given, const char *key)
{
  return is_option (given, key) ? given->settings : given->fields;
}

static gboolean G_GNUC_PRINTF (2, 3) wrong (GError **error, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, message);
  return FALSE;
}

/* --- FIELD=VALUE --- */

/* "@FILE" is what stands in the file, "@@x" the text "@x". A line's end that an editor put there is
 * none of it. */
static json_t *
value_of (const char *text, ConnectionFieldKind kind, GError **error)
{
  if (*text == '\0')
    return json_null ();
  if (*text != '@' || text[1] == '@')
    {
      json_t *value = json_string (*text == '@' ? text + 1 : text);
      if (value == NULL)
        wrong (error, "the value is not valid UTF-8");
      return value;
    }
  g_autoptr (GBytes) bytes = input_read (text + 1, error);
  if (bytes == NULL)
    return NULL;
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  while (kind != CONNECTION_FIELD_LINES && size > 0 && strchr ("\r\n", data[size - 1]) != NULL)
    size--;
  json_t *value = size == 0 ? json_null () : json_stringn (data, size);
  if (value == NULL)
    wrong (error, "the file \"%s\" is not UTF-8 text", text + 1);
  return value;
}

/* "headers.X-Tenant": an entry of a list of pairs. */
static gboolean
set_entry (const Given *given, const char *key, const char *entry, json_t *value)
{
  json_t *place = place_of (given, key), *list = json_object_get (place, key);
  if (!json_is_array (list))
    json_object_set_new (place, key, list = json_array ());
  return json_array_append_new (list, json_pack ("{s:s, s:O}", "key", entry, "value", value)) == 0;
}

static gboolean
read_assignment (const Given *given, const char *assignment, GError **error)
{
  g_autofree char *key = NULL;
  const char *text = split_assignment (assignment, &key);
  if (text == NULL)
    return wrong (error, "expected FIELD=VALUE, not \"%s\"", assignment);
  char *dot = strchr (key, '.');
  if (dot != NULL)
    *dot = '\0';
  if (dot != NULL && kind_of (given, key) != CONNECTION_FIELD_PAIRS)
    *dot = '.';
  ConnectionFieldKind kind = kind_of (given, key);
  g_autoptr (json_t) value = value_of (text, kind, error);
  if (value == NULL)
    return FALSE;
  if (dot != NULL && *dot == '\0')
    return set_entry (given, key, dot + 1, value);
  if (kind == CONNECTION_FIELD_PAIRS && !json_is_null (value))
    return wrong (error, "\"%s\" is a list: write %s.NAME=VALUE for each entry, or use --file", key,
                  key);
  json_object_set (place_of (given, key), key, value);
  return TRUE;
}

/* --- --file --- */

static gboolean
read_file (const Given *given, const char *file, GError **error)
{
  g_autoptr (json_t) document
      = input_load_object (file, "the fields of the connection, and its options");
  const char *key;
  json_t *value;
  if (document == NULL)
    return wrong (error, "the file \"%s\" can't be used", file);
  json_t *inner = json_object_get (document, "fields"),
         *settings = json_object_get (document, "options");
  json_object_foreach (json_is_object (inner) ? inner : document, key, value)
      json_object_set (place_of (given, key), key, value);
  if (json_is_object (inner) && json_object_get (document, "token") != NULL)
    json_object_set (given->fields, "token", json_object_get (document, "token"));
  if (json_is_object (settings))
    {
      json_object_del (given->fields, "options");
      json_object_update (given->settings, settings);
    }
  return TRUE;
}

/* --- at a terminal --- */

/* A line, or of a text of several lines all up to an empty one; NULL at the end of input. Free with
 * secret_text_free(). */
static char *
read_answer (gboolean has_lines)
{
  GString *answer = g_string_sized_new (MOST_LINE_BYTES);
  gboolean has_any = FALSE;
  for (int c; (c = getchar ()) != EOF && answer->len < MOST_LINE_BYTES - 1;)
    {
      has_any = TRUE;
      if (c == '\n' && (!has_lines || answer->len == 0 || answer->str[answer->len - 1] == '\n'))
        break;
      g_string_append_c (answer, (char) c);
    }
  if (!has_any)
    {
      g_string_free (answer, TRUE);
      return NULL;
    }
  return g_string_free (answer, FALSE);
}

static char *
ask (const char *label, const char *note, gboolean is_secret, gboolean has_lines)
{
  struct termios before, quiet;
  fprintf (stderr, "%s%s%s: ", label, note, has_lines ? " (end with an empty line)" : "");
  fflush (stderr);
  gboolean is_hidden = is_secret && tcgetattr (STDIN_FILENO, &before) == 0;
  if (is_hidden)
    {
      quiet = before;
      quiet.c_lflag &= (tcflag_t) ~ECHO;
      tcsetattr (STDIN_FILENO, TCSAFLUSH, &quiet);
    }
  char *answer = read_answer (has_lines);
  if (is_hidden)
    {
      tcsetattr (STDIN_FILENO, TCSAFLUSH, &before);
      fputc ('\n', stderr);
    }
  return answer;
}

/* Nothing said = it stays as it is. FALSE at the end of input. */
static gboolean
ask_for (const Given *given, const char *key, const json_t *shown)
{
  const ConnectionField *field = given->type == NULL ? NULL : find (given->type->fields, key);
  gboolean is_secret = field != NULL ? field->is_secret : json_object_get (shown, "value") == NULL;
  gboolean is_set = json_get_bool (shown, "isSet", FALSE)
                    || json_string_length (json_object_get (shown, "value")) > 0;
  if (field != NULL && field->kind == CONNECTION_FIELD_PAIRS)
    return TRUE;
  char *answer = ask (field == NULL ? key : field->label, is_set ? " [as it is]" : "", is_secret,
                      field != NULL && field->kind == CONNECTION_FIELD_LINES);
  if (answer != NULL && *answer != '\0')
    json_object_set_new (given->fields, key, json_string (answer));
  gboolean goes_on = answer != NULL;
  secret_text_free (answer);
  return goes_on;
}

static gboolean
ask_for_all (const Given *given, GError **error)
{
  const char *key;
  json_t *shown;
  if (!isatty (STDIN_FILENO))
    return wrong (error, "give FIELD=VALUE, or --file, or call it at a terminal to be asked");
  json_object_foreach (json_object_get (given->connection, "fields"), key,
                       shown) if (!ask_for (given, key, shown)) break;
  return TRUE;
}

gboolean
connection_fields_read (const json_t *connection, char **assignments, const char *file,
                        json_t *fields, json_t *settings, GError **error)
{
  const Given given = { connection, connection_type_find (json_get_string (connection, "type")),
                        fields, settings };
  if (*assignments == NULL && file == NULL)
    return ask_for_all (&given, error);
  if (file != NULL && !read_file (&given, file, error))
    return FALSE;
  for (; *assignments != NULL; assignments++)
    if (!read_assignment (&given, *assignments, error))
      return FALSE;
  return TRUE;
}
