/* Whether what somebody gives a connection is what it should be. No sentence quotes a value: it may
 * be a secret in the wrong place. */
#include "connection/private.h"

#include "base/fault.h"

#include <arpa/inet.h>

#define MAX_TEXT_BYTES (64 << 10)
#define MAX_PAIRS 100

typedef struct
{
  json_t *faults, *warnings;
} Check;

static void G_GNUC_PRINTF (4, 5)
    fault (Check *check, const char *field, const char *hint, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  json_array_append_new (check->faults, json_pack ("{s:s, s:s, s:s*}", "field", field, "message",
                                                   message, "hint", hint));
}

static void G_GNUC_PRINTF (2, 3) warn (Check *check, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  json_array_append_new (check->warnings, json_string (message));
}

/* --- URLs --- */

/* This machine, a private network, or a name that only such a network has. */
static gboolean
is_near (const char *host)
{
  struct in_addr v4;
  struct in6_addr v6;
  if (inet_pton (AF_INET, host, &v4) == 1)
    {
      guint32 n = ntohl (v4.s_addr);
      return n >> 24 == 127 || n >> 24 == 10 || n >> 20 == 0xac1 || n >> 16 == 0xc0a8;
    }
  if (inet_pton (AF_INET6, host, &v6) == 1)
    return IN6_IS_ADDR_LOOPBACK (&v6) || (v6.s6_addr[0] & 0xfe) == 0xfc;
  return strchr (host, '.') == NULL || g_str_has_suffix (host, ".localhost")
         || g_str_has_suffix (host, ".internal") || g_str_has_suffix (host, ".local");
}

const char *
connection_url_problem (const char *url)
{
  for (const char *p = url; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p) || *p == ' ')
      return "must be a URL without spaces or control characters";
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED, NULL);
  const char *host = uri == NULL ? NULL : g_uri_get_host (uri);
  if (host == NULL || *host == '\0')
    return "must be a URL such as https://example.com/oauth/token";
  if (g_uri_get_userinfo (uri) != NULL)
    return "must be a URL without user and password";
  if (g_uri_get_fragment (uri) != NULL)
    return "must be a URL without a fragment (RFC 6749 section 3.1)";
  const char *scheme = g_uri_get_scheme (uri);
  if (strcmp (scheme, "https") == 0 || (strcmp (scheme, "http") == 0 && is_near (host)))
    return NULL;
  return "must begin with https://: secrets are sent there (http:// only goes to this machine or a "
         "private network)";
}

/* --- values --- */

static gboolean
is_header_name (const char *name)
{
  for (const char *p = name; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("!#$%&'*+-.^_`|~", *p) == NULL)
      return FALSE;
  return *name != '\0';
}

static gboolean
is_header_value (const char *value)
{
  for (const char *p = value; *p != '\0'; p++)
    if ((g_ascii_iscntrl (*p) && *p != '\t') || *p == 0x7f)
      return FALSE;
  return TRUE;
}

/* Those that the request itself is made of. */
static gboolean
is_reserved_header (const char *name)
{
  static const char *const reserved[]
      = { "authorization", "content-type", "content-length", "transfer-encoding",
          "host",          "connection",   "cookie" };
  for (guint i = 0; i < G_N_ELEMENTS (reserved); i++)
    if (g_ascii_strcasecmp (name, reserved[i]) == 0)
      return TRUE;
  return FALSE;
}

static void
check_header (Check *check, const char *field, const char *name, const char *value)
{
  if (!is_header_name (name))
    fault (check, field, NULL, "a name in \"%s\" is no name of a header", field);
  else if (is_reserved_header (name))
    fault (check, field, "leave it out", "the header %s is set by Tenon", name);
  else if (!is_header_value (value))
    fault (check, field, NULL, "the value of the header %s has a line break or control character",
           name);
}

/* What the grant itself sends; given a second time the request would be ambiguous (RFC 6749 §3.1,
 * §3.2). */
static gboolean
is_reserved_parameter (const char *name)
{
  static const char *const reserved[]
      = { "client_id", "client_secret", "redirect_uri",         "response_type",
          "state",     "code",          "code_challenge",       "code_challenge_method",
          "scope",     "refresh_token", "code_verifier",        "client_assertion",
          "token",     "response_mode", "client_assertion_type" };
  for (guint i = 0; i < G_N_ELEMENTS (reserved); i++)
    if (strcmp (name, reserved[i]) == 0)
      return TRUE;
  return FALSE;
}

static void
check_pairs (Check *check, const char *field, const json_t *value, gboolean are_headers)
{
  g_autoptr (json_t) pairs = connection_pairs (value);
  json_t *pair;
  size_t i;
  if (pairs == NULL)
    fault (check, field, "write [{key, value}], or an object of texts",
           "\"%s\" must be a list of key and value", field);
  else if (json_array_size (pairs) > MAX_PAIRS)
    fault (check, field, NULL, "\"%s\" has more than %d entries", field, MAX_PAIRS);
  else
    json_array_foreach (pairs, i, pair)
    {
      const char *name = json_get_string (pair, "key"), *text = json_get_string (pair, "value");
      if (are_headers)
        check_header (check, field, name, text);
      else if (*name == '\0')
        fault (check, field, NULL, "an entry of \"%s\" has no name", field);
      else if (is_reserved_parameter (name))
        fault (check, field, "leave it out", "the parameter %s is set by Tenon", name);
    }
}

static void
check_text (Check *check, const char *field, ConnectionFieldKind kind, const char *text)
{
  const char *problem = NULL;
  if (strlen (text) > MAX_TEXT_BYTES)
    fault (check, field, NULL, "\"%s\" is longer than %d bytes", field, MAX_TEXT_BYTES);
  else if (kind == CONNECTION_FIELD_URL && *text != '\0'
           && (problem = connection_url_problem (text)) != NULL)
    fault (check, field, NULL, "\"%s\" %s", field, problem);
  else if (kind == CONNECTION_FIELD_BOOLEAN && strcmp (text, "true") != 0
           && strcmp (text, "false") != 0)
    fault (check, field, NULL, "\"%s\" must be true or false", field);
  else if (kind != CONNECTION_FIELD_LINES && text[strcspn (text, "\r\n")] != '\0')
    fault (check, field, NULL, "\"%s\" has a line break in it", field);
  else if (*text != '\0' && (g_ascii_isspace (*text) || g_ascii_isspace (text[strlen (text) - 1]))
           && kind != CONNECTION_FIELD_LINES)
    warn (check, "\"%s\" begins or ends with a space; it is kept", field);
}

static void
check_value (Check *check, const char *field, ConnectionFieldKind kind, gboolean are_headers,
             const char *const *choices, const json_t *value)
{
  if (value == NULL || json_is_null (value))
    return;
  if (kind == CONNECTION_FIELD_PAIRS)
    check_pairs (check, field, value, are_headers);
  else if (kind == CONNECTION_FIELD_BOOLEAN && json_is_boolean (value))
    return;
  else if (!json_is_string (value))
    fault (check, field, "put quotes around it", "\"%s\" must be a text", field);
  else if (choices != NULL && !g_strv_contains (choices, json_string_value (value)))
    {
      g_autofree char *all = g_strjoinv (", ", (char **) choices);
      fault (check, field, NULL, "\"%s\" must be one of %s", field, all);
    }
  else
    check_text (check, field, kind, json_string_value (value));
}

/* --- all of it --- */

static void
report_unknown (Check *check, const char *what, const char *name, GPtrArray *names)
{
  g_ptr_array_add (names, NULL);
  const char *near = fault_suggest (name, (const char *const *) names->pdata);
  g_autofree char *all = g_strjoinv (", ", (char **) names->pdata);
  g_autofree char *hint = near != NULL      ? g_strdup_printf ("did you mean \"%s\"?", near)
                          : names->len == 1 ? NULL
                                            : g_strdup_printf ("it has %s", all);
  g_autofree char *valid = g_utf8_substring (name, 0, MIN (g_utf8_strlen (name, -1), 60));
  fault (check, valid, hint, "the connection has no %s \"%s\"", what, valid);
}

static void
check_fields (Check *check, const ConnectionShape *shape, const json_t *given)
{
  const char *key;
  json_t *value;
  json_object_foreach ((json_t *) given, key, value)
  {
    const ConnectionInput *input = connection_shape_find (shape, key);
    if (input != NULL)
      check_value (check, key, input->kind, !input->is_own && strcmp (key, "headers") == 0,
                   input->choices, value);
    else if (shape->type != NULL)
      {
        g_autoptr (GPtrArray) names = g_ptr_array_new ();
        for (guint i = 0; i < shape->inputs->len; i++)
          g_ptr_array_add (names, ((ConnectionInput *) g_ptr_array_index (shape->inputs, i))->key);
        report_unknown (check, "field", key, names);
      }
  }
}

static void
check_options (Check *check, const ConnectionShape *shape, const json_t *options)
{
  const char *key;
  json_t *value;
  json_object_foreach ((json_t *) options, key, value)
  {
    const ConnectionField *option = shape->type == NULL ? NULL : shape->type->options;
    while (option != NULL && option->key != NULL && strcmp (option->key, key) != 0)
      option++;
    if (option != NULL && option->key != NULL)
      {
        check_value (check, key, option->kind, FALSE, option->choices, value);
        continue;
      }
    g_autoptr (GPtrArray) names = g_ptr_array_new ();
    for (option = shape->type == NULL ? NULL : shape->type->options;
         option != NULL && option->key != NULL; option++)
      g_ptr_array_add (names, (gpointer) option->key);
    report_unknown (check, "option", key, names);
  }
}

/* The key opens with the passphrase; both as they will be, whichever of them is new. */
static void
check_private_key (Check *check, const char *field, const char *key, const char *passphrase)
{
  g_autoptr (GError) error = NULL;
  if (key != NULL && *key != '\0' && !connection_private_key_check (key, passphrase, &error))
    fault (check, field, NULL, "%s", error->message);
}

gboolean
connection_check (const ConnectionShape *shape, const json_t *given, const json_t *options,
                  json_t *faults, json_t *warnings)
{
  Check check = { faults, warnings };
  size_t before = json_array_size (faults);
  check_fields (&check, shape, given);
  check_options (&check, shape, options);
  if (json_array_size (faults) > before)
    return FALSE;
  g_autoptr (json_t) fields = connection_fields (shape, given);
  if (shape->type != NULL && strcmp (shape->type->key, "privateKey") == 0)
    check_private_key (&check, "privateKey", json_get_string (fields, "privateKey"),
                       json_get_string (fields, "passphrase"));
  if (g_strcmp0 (json_get_string (options, "clientAuth"), "private_key_jwt") == 0)
    check_private_key (&check, "clientSecret", json_get_string (fields, "clientSecret"), NULL);
  return json_array_size (faults) == before;
}

gboolean
connection_pair_is_secret (const char *name)
{
  static const char *const plain[]
      = { "accept",     "accept-language", "accept-charset", "accept-encoding",
          "user-agent", "cache-control",   "content-type",   "origin",
          "referer",    "x-requested-with" };
  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    if (g_ascii_strcasecmp (name, plain[i]) == 0)
      return FALSE;
  g_autofree char *lower = g_ascii_strdown (name, -1);
  return !g_str_has_suffix (lower, "-version");
}
