#include "egress/seal.h"

#include <string.h>

#define MOST_SEALS 1000
#define MOST_HOSTS 100
#define HTTPS_PORT 443
#define HTTP_PORT 80

typedef struct
{
  char *placeholder, *label;
  GBytes *secret;
  GPtrArray *hosts; /* of char* */
} Seal;

struct EgressSeals
{
  guint refs;
  GPtrArray *seals; /* of Seal */
};

/* How a value is spelt in its place. */
typedef enum
{
  AS_IS,
  AS_URL,
  AS_FORM,
  AS_JSON,
  AS_XML,
} Spelling;

static void
wipe (gconstpointer data, gsize length)
{
  if (data != NULL)
    explicit_bzero ((gpointer) data, length);
}

static void
string_wipe (GString *text)
{
  wipe (text->str, text->allocated_len);
  g_string_free (text, TRUE);
}
typedef GString WipedString;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WipedString, string_wipe)

/* --- the set --- */

static void
seal_free (gpointer data)
{
  Seal *seal = data;
  gsize length;
  gconstpointer bytes = seal->secret == NULL ? NULL : g_bytes_get_data (seal->secret, &length);
  if (bytes != NULL)
    wipe (bytes, length);
  g_clear_pointer (&seal->secret, g_bytes_unref);
  g_ptr_array_unref (seal->hosts);
  g_free (seal->placeholder);
  g_free (seal->label);
  g_free (seal);
}

EgressSeals *
egress_seals_ref (EgressSeals *seals)
{
  seals->refs++;
  return seals;
}

void
egress_seals_unref (EgressSeals *seals)
{
  if (--seals->refs > 0)
    return;
  g_ptr_array_unref (seals->seals);
  g_free (seals);
}

static gboolean
is_placeholder (const char *text)
{
  const char *digits = text + strlen (EGRESS_PLACEHOLDER_PREFIX);
  return g_str_has_prefix (text, EGRESS_PLACEHOLDER_PREFIX)
         && strlen (text) == EGRESS_PLACEHOLDER_CHARS
         && strspn (digits, "0123456789abcdef") == strlen (digits);
}

static gboolean
is_text (GBytes *bytes)
{
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);
  return length > 0 && g_utf8_validate_len (text, length, NULL);
}

/* NULL where it is none. */
static Seal *
read_seal (FrameReader *reader)
{
  Seal *seal = g_new0 (Seal, 1);
  seal->hosts = g_ptr_array_new_with_free_func (g_free);
  seal->placeholder = frame_read_text (reader);
  seal->label = frame_read_text (reader);
  g_autoptr (GBytes) secret = frame_read_gbytes (reader);
  guint32 n = frame_read_count (reader, 4);
  for (guint32 i = 0; i < n && i < MOST_HOSTS && !reader->has_failed; i++)
    g_ptr_array_add (seal->hosts, frame_read_text (reader));
  gboolean is_good = !reader->has_failed && n <= MOST_HOSTS && is_placeholder (seal->placeholder)
                     && is_text (secret);
  for (guint i = 0; is_good && i < seal->hosts->len; i++)
    is_good = egress_seal_host_problem (seal->hosts->pdata[i]) == NULL;
  /* A copy of its own: the frame's memory is shared, and this is wiped. */
  if (is_good)
    seal->secret = g_bytes_new (g_bytes_get_data (secret, NULL), g_bytes_get_size (secret));
  else
    g_clear_pointer (&seal, seal_free);
  return seal;
}

EgressSeals *
egress_seals_read (Frame *frame, GError **error)
{
  FrameReader reader;
  frame_reader_init (&reader, frame);
  g_autoptr (EgressSeals) seals = g_new0 (EgressSeals, 1);
  seals->refs = 1;
  seals->seals = g_ptr_array_new_with_free_func (seal_free);
  guint32 n = frame_read_count (&reader, 16);
  gboolean is_good = n <= MOST_SEALS;
  for (guint32 i = 0; is_good && i < n; i++)
    {
      Seal *seal = read_seal (&reader);
      is_good = seal != NULL;
      if (is_good)
        g_ptr_array_add (seals->seals, seal);
    }
  if (is_good && frame_reader_end (&reader, error))
    return g_steal_pointer (&seals);
  if (error == NULL || *error == NULL)
    g_set_error (error, FRAME_ERROR, FRAME_ERROR_MALFORMED,
                 "a sealed value that is no text, or has a placeholder or a host that is none");
  return NULL;
}

/* --- hosts --- */

static gboolean
parse_pattern (const char *text, const char **scheme, char **host, guint *port)
{
  gboolean is_clear = g_str_has_prefix (text, "http://");
  if (is_clear || g_str_has_prefix (text, "https://"))
    text += is_clear ? 7 : 8;
  const char *bracket = *text == '[' ? strchr (text, ']') : NULL;
  const char *colon = strchr (bracket == NULL ? text : bracket, ':');
  guint64 number = is_clear ? HTTP_PORT : HTTPS_PORT;
  if (colon != NULL && !g_ascii_string_to_unsigned (colon + 1, 10, 1, 65535, &number, NULL))
    return FALSE;
  *scheme = is_clear ? "http" : "https";
  *port = (guint) number;
  gsize length = colon == NULL ? strlen (text) : (gsize) (colon - text);
  *host = bracket != NULL ? g_ascii_strdown (text + 1, bracket - text - 1)
                          : g_ascii_strdown (text, (gssize) length);
  return TRUE;
}

const char *
egress_seal_host_problem (const char *pattern)
{
  const char *scheme;
  g_autofree char *host = NULL;
  guint port;
  if (!parse_pattern (pattern, &scheme, &host, &port))
    return "its port is no number from 1 to 65535";
  const char *name = g_str_has_prefix (host, "*.") ? host + 2 : host;
  if (*name == '\0' || strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-._:") != strlen (name))
    return "it is no host name: write api.example.com, *.example.com or api.example.com:8443";
  if (name != host && (strchr (name, '.') == NULL || g_hostname_is_ip_address (name)))
    return "a wildcard for a whole top-level domain, or for addresses, is too wide";
  return NULL;
}

gboolean
egress_seal_host_matches (const char *pattern, const char *scheme, const char *host, guint port)
{
  const char *wanted_scheme;
  g_autofree char *wanted = NULL;
  guint wanted_port;
  if (!parse_pattern (pattern, &wanted_scheme, &wanted, &wanted_port)
      || strcmp (scheme, wanted_scheme) != 0 || port != wanted_port)
    return FALSE;
  return g_str_has_prefix (wanted, "*.") ? g_str_has_suffix (host, wanted + 1)
                                         : strcmp (host, wanted) == 0;
}

static gboolean
is_for (const Seal *seal, const EgressTarget *target)
{
  for (guint i = 0; i < seal->hosts->len; i++)
    if (egress_seal_host_matches (seal->hosts->pdata[i], target->scheme, target->host,
                                  target->port))
      return TRUE;
  return FALSE;
}

/* --- spelling --- */

static void
append_percent (GString *out, const guint8 *bytes, gsize length, gboolean is_form)
{
  for (gsize i = 0; i < length; i++)
    if (g_ascii_isalnum (bytes[i]) || (bytes[i] != '\0' && strchr ("-._~", bytes[i]) != NULL))
      g_string_append_c (out, (char) bytes[i]);
    else if (is_form && bytes[i] == ' ')
      g_string_append_c (out, '+');
    else
      g_string_append_printf (out, "%%%02X", bytes[i]);
}

static void
append_json (GString *out, const char *text, gsize length)
{
  g_autoptr (json_t) string = json_stringn_nocheck (text, length);
  char *quoted = json_print (string);
  gsize quoted_length = strlen (quoted);
  g_string_append_len (out, quoted + 1, (gssize) quoted_length - 2);
  wipe (quoted, quoted_length);
  g_free (quoted);
  wipe (json_string_value (string), length);
}

static void
append_xml (GString *out, const char *text, gsize length)
{
  char *escaped = g_markup_escape_text (text, (gssize) length);
  g_string_append (out, escaped);
  wipe (escaped, strlen (escaped));
  g_free (escaped);
}

static void
append_secret (GString *out, const Seal *seal, Spelling spelling)
{
  gsize length;
  const char *secret = g_bytes_get_data (seal->secret, &length);
  if (spelling == AS_IS)
    g_string_append_len (out, secret, (gssize) length);
  else if (spelling == AS_JSON)
    append_json (out, secret, length);
  else if (spelling == AS_XML)
    append_xml (out, secret, length);
  else
    append_percent (out, (const guint8 *) secret, length, spelling == AS_FORM);
}

/* --- filling --- */

typedef struct
{
  const EgressSeals *seals;
  const EgressTarget *target;
  Redactor **masks; /* of the caller */
  gboolean has_any;
} Filling;

static const Seal *
seal_at (const Filling *filling, const char *text, gsize length)
{
  if (length < EGRESS_PLACEHOLDER_CHARS)
    return NULL;
  for (guint i = 0; i < filling->seals->seals->len; i++)
    {
      const Seal *seal = filling->seals->seals->pdata[i];
      if (memcmp (seal->placeholder, text, EGRESS_PLACEHOLDER_CHARS) == 0
          && is_for (seal, filling->target))
        return seal;
    }
  return NULL;
}

static void
note (Filling *filling, const Seal *seal)
{
  gsize length;
  const char *secret = g_bytes_get_data (seal->secret, &length);
  if (*filling->masks == NULL)
    *filling->masks = redactor_new ();
  redactor_add (*filling->masks, seal->label, secret, length);
  filling->has_any = TRUE;
}

/* The text with its placeholders filled; NULL where it has none that are for here. */
static GString *
fill (Filling *filling, const char *text, gsize length, Spelling spelling)
{
  GString *out = NULL;
  const char *end = text + length, *from = text;
  for (const char *at = text; at < end; at++)
    {
      at = memmem (at, (gsize) (end - at), EGRESS_PLACEHOLDER_PREFIX,
                   strlen (EGRESS_PLACEHOLDER_PREFIX));
      if (at == NULL)
        break;
      const Seal *seal = seal_at (filling, at, (gsize) (end - at));
      if (seal == NULL)
        continue;
      if (out == NULL)
        out = g_string_sized_new (length + 256);
      g_string_append_len (out, from, at - from);
      append_secret (out, seal, spelling);
      note (filling, seal);
      from = at + EGRESS_PLACEHOLDER_CHARS;
      at = from - 1;
    }
  if (out != NULL)
    g_string_append_len (out, from, end - from);
  return out;
}

/* The credentials of Basic authentication (RFC 7617), which are filled before they are encoded. */
static GString *
fill_basic (Filling *filling, const char *value)
{
  static const char scheme[] = "Basic ";
  gsize length;
  if (g_ascii_strncasecmp (value, scheme, strlen (scheme)) != 0)
    return NULL;
  g_autofree guchar *decoded = g_base64_decode (value + strlen (scheme), &length);
  g_autoptr (WipedString) filled = fill (filling, (const char *) decoded, length, AS_IS);
  if (filled == NULL)
    return NULL;
  char *encoded = g_base64_encode ((const guchar *) filled->str, filled->len);
  GString *out = g_string_new (scheme);
  g_string_append (out, encoded);
  wipe (encoded, strlen (encoded));
  g_free (encoded);
  return out;
}

static gboolean
is_header_value (const GString *value)
{
  for (gsize i = 0; i < value->len; i++)
    if (((guchar) value->str[i] < ' ' && value->str[i] != '\t') || value->str[i] == 0x7f)
      return FALSE;
  return TRUE;
}

static void
wipe_text (gpointer text)
{
  if (text != NULL)
    wipe (text, strlen (text));
  g_free (text);
}

/* FALSE with *failure where a value can't stand in a header. */
static gboolean
fill_headers (Filling *filling, EgressFilled *filled, const EgressOrder *order,
              EgressFailure **failure)
{
  filled->headers = g_ptr_array_new_with_free_func (wipe_text);
  for (guint i = 0; i + 1 < order->headers->len; i += 2)
    {
      const char *name = order->headers->pdata[i], *value = order->headers->pdata[i + 1];
      g_autoptr (WipedString) text = fill_basic (filling, value);
      if (text == NULL)
        text = fill (filling, value, strlen (value), AS_IS);
      if (text != NULL && !is_header_value (text))
        {
          *failure = egress_failure_new (
              "EINVAL",
              "the sealed value for the header \"%s\" has line breaks or control "
              "characters, which no header may hold",
              name);
          return FALSE;
        }
      g_ptr_array_add (filled->headers, g_strdup (name));
      g_ptr_array_add (filled->headers, g_strdup (text == NULL ? value : text->str));
    }
  return TRUE;
}

/* TRUE where a body of this type is filled, and how. */
static gboolean
spelling_of_type (const char *content_type, Spelling *spelling)
{
  g_autofree char *type = content_type == NULL
                              ? g_strdup ("text/plain")
                              : g_ascii_strdown (content_type, strcspn (content_type, "; \t"));
  if (strcmp (type, "application/x-www-form-urlencoded") == 0)
    *spelling = AS_FORM;
  else if (strcmp (type, "application/json") == 0 || g_str_has_suffix (type, "+json"))
    *spelling = AS_JSON;
  else if (g_str_has_suffix (type, "/xml") || g_str_has_suffix (type, "+xml"))
    *spelling = AS_XML;
  else if (strcmp (type, "text/plain") == 0)
    *spelling = AS_IS;
  else
    return FALSE;
  return TRUE;
}

static void
fill_body (Filling *filling, EgressFilled *filled, const EgressOrder *order)
{
  gsize length = 0;
  Spelling spelling;
  const char *data = order->body == NULL ? NULL : g_bytes_get_data (order->body, &length);
  GString *text = NULL;
  if (length > 0 && spelling_of_type (egress_order_header (order, "Content-Type"), &spelling))
    text = fill (filling, data, length, spelling);
  filled->is_body_own = text != NULL;
  if (text != NULL)
    filled->body = g_string_free_to_bytes (text);
  else if (order->body != NULL)
    filled->body = g_bytes_ref (order->body);
}

/* Anew from text: what is filled must not change how the rest of the URL is understood. */
static EgressTarget *
fill_target (Filling *filling, EgressFailure **failure)
{
  g_autofree char *url = egress_target_url (filling->target);
  g_autoptr (WipedString) text = fill (filling, url, strlen (url), AS_URL);
  EgressTarget *target = egress_target_new (text == NULL ? url : text->str, failure);
  if (target != NULL && !egress_target_same_origin (target, filling->target))
    {
      egress_target_free (target);
      *failure = egress_failure_new ("EINVAL", "a sealed value can't be part of a URL's host");
      return NULL;
    }
  return target;
}

EgressFilled *
egress_seals_fill (const EgressSeals *seals, const EgressOrder *order, const EgressTarget *target,
                   Redactor **masks, EgressFailure **failure)
{
  Filling filling = { seals, target, masks, FALSE };
  if (seals == NULL || seals->seals->len == 0)
    return NULL;
  g_autoptr (EgressFilled) filled = g_new0 (EgressFilled, 1);
  filled->target = fill_target (&filling, failure);
  gboolean is_good = filled->target != NULL && fill_headers (&filling, filled, order, failure);
  if (is_good)
    fill_body (&filling, filled, order);
  return is_good && filling.has_any ? g_steal_pointer (&filled) : NULL;
}

void
egress_filled_free (EgressFilled *filled)
{
  gsize length;
  g_clear_pointer (&filled->target, egress_target_free);
  g_clear_pointer (&filled->headers, g_ptr_array_unref);
  if (filled->body != NULL)
    {
      /* Only a body of our own may be wiped: the order's is needed for a redirect. */
      gconstpointer data = g_bytes_get_data (filled->body, &length);
      if (filled->is_body_own)
        wipe (data, length);
      g_bytes_unref (filled->body);
    }
  g_free (filled);
}
