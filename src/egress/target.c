/* Where a URL leads. */
#include "egress/private.h"

#include <string.h>

/* Ports of other protocols, which an HTTP request could be made to speak to: the Fetch standard,
 * "bad port". */
static const guint16 bad_ports[] = {
  0,    1,    7,    9,    11,   13,   15,   17,   19,   20,   21,   22,   23,    25,
  37,   42,   43,   53,   69,   77,   79,   87,   95,   101,  102,  103,  104,   109,
  110,  111,  113,  115,  117,  119,  123,  135,  137,  139,  143,  161,  179,   389,
  427,  465,  512,  513,  514,  515,  526,  530,  531,  532,  540,  548,  554,   556,
  563,  587,  601,  636,  989,  990,  993,  995,  1719, 1720, 1723, 2049, 3659,  4045,
  4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
};

static gboolean
is_bad_port (guint port)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad_ports); i++)
    if (bad_ports[i] == port)
      return TRUE;
  return FALSE;
}

static char *
part (CURLU *handle, CURLUPart what, unsigned int flags)
{
  char *text = NULL;
  char *copy = NULL;
  if (curl_url_get (handle, what, &text, flags) == CURLUE_OK)
    copy = g_strdup (text);
  curl_free (text);
  return copy;
}

void
egress_target_free (EgressTarget *target)
{
  curl_url_cleanup (target->handle);
  g_free (target->scheme);
  g_free (target->host);
  g_free (target);
}

static EgressFailure *
parse_failure (CURLUcode result)
{
  if (result == CURLUE_USER_NOT_ALLOWED)
    return egress_failure_new ("ERR_INVALID_URL",
                               "a URL with a user name or password is not requested; send an "
                               "Authorization header instead");
  if (result == CURLUE_UNSUPPORTED_SCHEME)
    return egress_failure_new ("ERR_INVALID_URL", "URL scheme must be a HTTP(S) scheme");
  return egress_failure_new ("ERR_INVALID_URL", "Invalid URL: %s", curl_url_strerror (result));
}

/* Fills the rest of the target from its handle. */
static EgressFailure *
describe (EgressTarget *target)
{
  g_autofree char *host = part (target->handle, CURLUPART_HOST, 0);
  g_autofree char *port = part (target->handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);

  target->scheme = part (target->handle, CURLUPART_SCHEME, 0);
  if (target->scheme == NULL
      || (g_ascii_strcasecmp (target->scheme, "http") != 0
          && g_ascii_strcasecmp (target->scheme, "https") != 0))
    return egress_failure_new ("ERR_INVALID_URL", "URL scheme must be a HTTP(S) scheme");
  if (host == NULL || *host == '\0' || port == NULL)
    return egress_failure_new ("ERR_INVALID_URL", "Invalid URL: it has no host");

  target->host = g_ascii_strdown (host, -1);
  if (*target->host == '[')
    {
      gsize length = strlen (target->host);
      memmove (target->host, target->host + 1, length);
      if (length >= 2 && target->host[length - 2] == ']')
        target->host[length - 2] = '\0';
    }
  target->port = (guint) g_ascii_strtoull (port, NULL, 10);
  if (is_bad_port (target->port))
    return egress_failure_new ("UND_ERR_INVALID_ARG", "bad port");
  return NULL;
}

static EgressTarget *
target_from (CURLU *base, const char *url, unsigned int flags, EgressFailure **failure)
{
  g_autoptr (EgressTarget) target = g_new0 (EgressTarget, 1);
  CURLUcode result;

  target->handle = base == NULL ? curl_url () : curl_url_dup (base);
  if (strlen (url) > EGRESS_MAX_URL_BYTES)
    {
      *failure = egress_failure_new ("ERR_INVALID_URL", "Invalid URL: it is longer than %d bytes",
                                     EGRESS_MAX_URL_BYTES);
      return NULL;
    }
  result = curl_url_set (target->handle, CURLUPART_URL, url, flags | CURLU_DISALLOW_USER);
  *failure = result == CURLUE_OK ? describe (target) : parse_failure (result);
  return *failure == NULL ? g_steal_pointer (&target) : NULL;
}

EgressTarget *
egress_target_new (const char *url, EgressFailure **failure)
{
  return target_from (NULL, url, 0, failure);
}

/* What the URL standard makes of the characters that a URL may not hold: libcurl would refuse them,
 * or write them in a way of its own. */
static char *
location_to_url (const char *location)
{
  GString *url = g_string_sized_new (strlen (location));
  gboolean is_path = TRUE;
  for (const char *at = location; *at != '\0'; at++)
    {
      guint8 c = (guint8) *at;
      is_path = is_path && c != '?' && c != '#';
      if (c == '\\' && is_path)
        g_string_append_c (url, '/');
      else if (c <= ' ' || c >= 0x7f || strchr ("\"<>", c) != NULL)
        g_string_append_printf (url, "%%%02X", c);
      else
        g_string_append_c (url, (char) c);
    }
  return g_string_free (url, FALSE);
}

EgressTarget *
egress_target_redirect (const EgressTarget *base, const char *location, EgressFailure **failure)
{
  g_autofree char *url = location_to_url (location);
  return target_from (base->handle, url, 0, failure);
}

gboolean
egress_target_same_origin (const EgressTarget *a, const EgressTarget *b)
{
  return strcmp (a->scheme, b->scheme) == 0 && strcmp (a->host, b->host) == 0 && a->port == b->port;
}

char *
egress_target_url (const EgressTarget *target)
{
  return part (target->handle, CURLUPART_URL, 0);
}
