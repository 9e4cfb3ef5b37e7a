/* Sealed connections: values that a worker's code never has.
 *
 * Code works with a placeholder. The keeper tells egress what it stands for and
 * for which hosts, and egress puts the value in place of it when a request is about
 * to go to one of these: in the URL's path and query, in header values, in the Base64 of
 * Basic authentication, and in bodies that are forms, JSON, XML or plain text, each time spelt as
 * that place needs it. Everywhere else the placeholder stays what it is. A redirect is a request of
 * its own: it is filled, or not, by where it leads.
 *
 * What answers such a request is looked through for the value, so that a server which repeats what
 * it was sent does not hand it to the code.
 */
#pragma once

#include "base/frame.h"
#include "base/redact.h"
#include "egress/private.h"

/* "tenon-sealed-" and 32 hexadecimal digits: plain in every place where it may stand. */
#define EGRESS_PLACEHOLDER_PREFIX "tenon-sealed-"
#define EGRESS_PLACEHOLDER_CHARS 45

/* The fields of EGRESS_SEAL. NULL with an error where it is malformed. */
EgressSeals *egress_seals_read (Frame *frame, GError **error);
EgressSeals *egress_seals_ref (EgressSeals *seals);
void egress_seals_unref (EgressSeals *seals); /* the last one wipes the values */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EgressSeals, egress_seals_unref)

/* "api.example.com", "*.example.com" (any depth below it, not itself), either with ":PORT" (443
 * otherwise). They mean https; "http://HOST[:PORT]" allows to send in the clear. NULL if it is one,
 * else what is wrong (static). */
const char *egress_seal_host_problem (const char *pattern);
gboolean
egress_seal_host_matches (const char *pattern, const char *scheme, const char *host, guint port);

/* A request as it is really sent. */
typedef struct
{
  EgressTarget *target;
  GPtrArray *headers;   /* of char*, name and value in turn */
  GBytes *body;         /* or NULL */
  gboolean is_body_own; /* it was filled */
} EgressFilled;

/* NULL, without a failure, where nothing of the order is to be filled. The values that were put in
 * are added to *masks, which is made when it is NULL. */
EgressFilled *
egress_seals_fill (const EgressSeals *seals, const EgressOrder *order, const EgressTarget *target,
                   Redactor **masks, EgressFailure **failure);
void egress_filled_free (EgressFilled *filled); /* wipes it */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EgressFilled, egress_filled_free)
