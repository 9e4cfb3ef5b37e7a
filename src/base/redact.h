/* The redactor: finds secrets in what is about to be shown or written, and puts
 * "[redacted: LABEL]" in their place.
 *
 * A secret is found in each of its spellings: as it is, as JSON and util.inspect
 * escape it (also twice), percent-encoded (RFC 3986) and as a form (the URL
 * standard's application/x-www-form-urlencoded), in hexadecimal (also as a Buffer is shown),
 * in Base64 and base64url (RFC 4648), by itself or at any place inside of something longer
 * that was encoded, such as the credentials of Basic authentication. Of a secret of several lines
 * each long line counts by itself. Where spellings overlap, the one that begins first wins, and of
 * those the longest.
 *
 * It is a safeguard against accidents, not against code that means to tell: who has a secret
 * can spell it backwards.
 *
 * One thread at a time. What it was given is wiped when it is freed.
 */
#pragma once

#include "base/value.h"

/* Shorter secrets are not looked for: they would be found in everything. */
#define REDACTOR_LEAST_BYTES 4

typedef struct Redactor Redactor;
Redactor *redactor_new (void);
void redactor_free (Redactor *redactor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Redactor, redactor_free)

/* `label` says which secret it was: "My Connection.apiKey". Copies both. FALSE where the secret is
 * too short: warn then. Adding the same secret again changes nothing. */
gboolean redactor_add (Redactor *redactor, const char *label, const char *secret, gsize length);
gboolean redactor_is_empty (const Redactor *redactor);

/* The label of the first secret in it; NULL if there is none. Borrowed. */
const char *redactor_find (const Redactor *redactor, gconstpointer data, gsize length);
/* UTF-8 text without its secrets; NULL if it has none. Free with g_free. */
char *redactor_text (const Redactor *redactor, const char *text, gssize length);
/* The same of JSON text, which stays JSON: secrets are looked for in strings, names and numbers; a
 * number that holds one becomes a string. */
char *redactor_json (const Redactor *redactor, const char *json, gsize length);
/* Of a value: its JSON, and its binary parts, of which one that holds a secret becomes the mark's
 * bytes. NULL if it has none. */
Value *redactor_value (const Redactor *redactor, Value *value);

/* Bytes that come in pieces, a secret maybe split over them. What can't be part of a secret any
 * more is returned at once, the rest is held back (at most as long as the longest spelling). */
typedef struct RedactorStream RedactorStream;
RedactorStream *redactor_stream_new (const Redactor *redactor); /* which must live as long */
GBytes *redactor_stream_write (RedactorStream *stream, gconstpointer data, gsize length);
GBytes *redactor_stream_end (RedactorStream *stream); /* what was held back */
void redactor_stream_free (RedactorStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RedactorStream, redactor_stream_free)
