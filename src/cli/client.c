/* Calls to the API of a running server, by libcurl. */
#include <curl/curl.h>
#include <string.h>

#include "base/json.h"
#include "cli/private.h"

#define CONNECT_SECONDS 5L
#define CALL_SECONDS 120L
#define MOST_ANSWER_BYTES ((gsize) 1 << 30)

#define CLIENT_ERROR (g_quark_from_static_string ("client-error-quark"))

struct Client
{
  char *url, *token;
  CURL *curl;
};

static gboolean
check_url (const char *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  const char *scheme = uri == NULL ? NULL : g_uri_get_scheme (uri);
  if (scheme != NULL && (strcmp (scheme, "http") == 0 || strcmp (scheme, "https") == 0)
      && g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0')
    return TRUE;
  g_set_error (error, CLIENT_ERROR, 0,
               "TENON_SERVER is to be a URL like http://127.0.0.1:8080, not \"%s\"", url);
  return FALSE;
}

static char *
trim_slashes (const char *url)
{
  gsize length = strlen (url);
  while (length > 0 && url[length - 1] == '/')
    length--;
  return g_strndup (url, length);
}

static gboolean
find_by_environment (Client *client, GError **error)
{
  const char *url = g_getenv ("TENON_SERVER"), *token = g_getenv ("TENON_TOKEN");
  if (token == NULL || *token == '\0')
    {
      g_set_error (error, CLIENT_ERROR, 0,
                   "TENON_SERVER is set, TENON_TOKEN is not: it is in the file \"token\" of the "
                   "server's data folder");
      return FALSE;
    }
  client->url = trim_slashes (url);
  client->token = g_strdup (token);
  return check_url (client->url, error);
}

static gboolean
find_by_files (Client *client, const char *data, GError **error)
{
  g_autoptr (json_t) about = server_files_read (data, error);
  if (about == NULL)
    return FALSE;
  client->url = trim_slashes (json_get_string (about, "url"));
  client->token = token_load (json_get_string (about, "data"), error);
  return client->token != NULL;
}

Client *
client_new (const char *data, GError **error)
{
  g_autoptr (Client) client = g_new0 (Client, 1);
  const char *server = g_getenv ("TENON_SERVER");
  /* What the command says is nearer than what the environment says. */
  gboolean is_elsewhere = data == NULL && server != NULL && *server != '\0';
  if (!(is_elsewhere ? find_by_environment (client, error) : find_by_files (client, data, error)))
    return NULL;
  curl_global_init (CURL_GLOBAL_DEFAULT);
  client->curl = curl_easy_init ();
  return g_steal_pointer (&client);
}

void
client_free (Client *client)
{
  if (client->curl != NULL)
    curl_easy_cleanup (client->curl);
  g_free (client->url);
  if (client->token != NULL)
    explicit_bzero (client->token, strlen (client->token));
  g_free (client->token);
  g_free (client);
}

const char *
client_url (Client *client)
{
  return client->url;
}

/* --- a call --- */

static size_t
on_data (char *data, size_t size, size_t n, void *user_data)
{
  GByteArray *answer = user_data;
  if (answer->len + size * n > MOST_ANSWER_BYTES)
    return 0;
  g_byte_array_append (answer, (const guint8 *) data, (guint) (size * n));
  return size * n;
}

static gboolean
is_loopback (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  const char *host = uri == NULL ? "" : g_uri_get_host (uri);
  return strcmp (host, "localhost") == 0 || strcmp (host, "::1") == 0
         || g_str_has_prefix (host, "127.");
}

static CURLcode
perform (Client *client, const char *method, const char *path, const json_t *body,
         GByteArray *answer, glong *status)
{
  g_autofree char *url = g_strconcat (client->url, path, NULL);
  g_autofree char *authorization = g_strdup_printf ("Authorization: Bearer %s", client->token);
  g_autofree char *text = body == NULL ? NULL : json_print (body);
  struct curl_slist *headers = curl_slist_append (NULL, authorization);
  CURL *curl = client->curl;

  headers = curl_slist_append (headers, "Accept: application/json");
  if (text != NULL)
    headers = curl_slist_append (headers, "Content-Type: application/json");
  headers = curl_slist_append (headers, "Expect:");
  curl_easy_reset (curl);
  curl_easy_setopt (curl, CURLOPT_URL, url);
  curl_easy_setopt (curl, CURLOPT_CUSTOMREQUEST, method);
  if (text != NULL || strcmp (method, "GET") != 0)
    {
      curl_easy_setopt (curl, CURLOPT_POSTFIELDSIZE_LARGE,
                        (curl_off_t) (text == NULL ? 0 : strlen (text)));
      curl_easy_setopt (curl, CURLOPT_POSTFIELDS, text == NULL ? "" : text);
    }
  curl_easy_setopt (curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, on_data);
  curl_easy_setopt (curl, CURLOPT_WRITEDATA, answer);
  curl_easy_setopt (curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
  curl_easy_setopt (curl, CURLOPT_TIMEOUT, CALL_SECONDS);
  curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (curl, CURLOPT_USERAGENT, "tenon/" TENON_VERSION);
  if (is_loopback (client->url))
    curl_easy_setopt (curl, CURLOPT_NOPROXY, "*");
  CURLcode code = curl_easy_perform (curl);
  curl_slist_free_all (headers);
  explicit_bzero (authorization, strlen (authorization));
  curl_easy_getinfo (curl, CURLINFO_RESPONSE_CODE, status);
  return code;
}

/* RFC 9457: title, detail. */
static void
set_problem (Client *client, glong status, const json_t *answer, GError **error)
{
  const char *title = json_get_string (answer, "title");
  const char *detail = json_get_string (answer, "detail");
  if (status == 401)
    g_set_error (error, CLIENT_ERROR, 401,
                 "the server at %s does not accept the token: it is in the file \"token\" of its "
                 "data folder",
                 client->url);
  else if (detail != NULL)
    g_set_error (error, CLIENT_ERROR, (gint) status, "%s", detail);
  else
    g_set_error (error, CLIENT_ERROR, (gint) status, "the server at %s answered %ld%s%s",
                 client->url, status, title == NULL ? "" : ": ", title == NULL ? "" : title);
}

static void
set_unreachable (Client *client, CURLcode code, GError **error)
{
  const char *hint
      = code == CURLE_COULDNT_CONNECT ? "; is it running? `tenon serve --data DIR` starts one" : "";
  g_set_error (error, CLIENT_ERROR, 0, "the server at %s can't be reached: %s%s", client->url,
               curl_easy_strerror (code), hint);
}

json_t *
client_call (Client *client, const char *method, const char *path, const json_t *body,
             json_t **problem, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GError) why = NULL;
  glong status = 0;
  CURLcode code = perform (client, method, path, body, bytes, &status);
  if (code != CURLE_OK)
    {
      set_unreachable (client, code, error);
      return NULL;
    }
  g_autoptr (json_t) answer = bytes->len == 0
                                  ? json_object ()
                                  : json_parse ((const char *) bytes->data, bytes->len, &why);
  if (status < 200 || status > 299)
    {
      set_problem (client, status, answer, error);
      if (problem != NULL)
        *problem = g_steal_pointer (&answer);
      return NULL;
    }
  if (answer == NULL)
    {
      g_set_error (error, CLIENT_ERROR, 0,
                   "the server at %s answered with something other than JSON: %s", client->url,
                   why->message);
      return NULL;
    }
  return g_steal_pointer (&answer);
}

char *
client_query (const char *name, ...)
{
  GString *query = g_string_new (NULL);
  va_list arguments;
  va_start (arguments, name);
  for (; name != NULL; name = va_arg (arguments, const char *))
    {
      const char *value = va_arg (arguments, const char *);
      if (value == NULL)
        continue;
      g_string_append_printf (query, "%c%s=", query->len == 0 ? '?' : '&', name);
      g_string_append_uri_escaped (query, value, NULL, FALSE);
    }
  va_end (arguments);
  return g_string_free (query, FALSE);
}
