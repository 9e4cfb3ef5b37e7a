/* Which addresses a worker's request may reach.
 *
 * The decision is made on the socket address that connect() is about to get,
 * never on the URL: how an address was spelt, which name resolved to it and
 * whether the name resolves to something else by now do not matter here.
 *
 * An IPv6 address that only carries an IPv4 one (mapped, or behind the
 * well-known NAT64 prefix) is judged by the IPv4 address, since that is where
 * the packets go. Among IPv6 only global unicast (2000::/3) is open, minus the
 * rows below; among IPv4 everything is open, minus the rows below.
 *
 * Rows: the IANA IPv4 and IPv6 special-purpose address registries (RFC 6890),
 * multicast (RFC 5771, RFC 4291), and the one metadata service that a cloud
 * provider runs on an address which looks public.
 */
#include "egress/egress.h"

#include "egress/private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

typedef struct
{
  const char *cidr;
  const char *what;
} Row;

static const Row rows[] = {
  { "0.0.0.0/8", "an unspecified address (RFC 791)" },
  { "10.0.0.0/8", "a private address (RFC 1918)" },
  { "100.64.0.0/10", "a shared address of a carrier or cloud provider (RFC 6598)" },
  { "127.0.0.0/8", "a loopback address (RFC 1122)" },
  { "168.63.129.16/32", "a cloud provider's metadata service" },
  { "169.254.169.254/32", "a cloud provider's metadata service (link-local, RFC 3927)" },
  { "169.254.0.0/16", "a link-local address (RFC 3927)" },
  { "172.16.0.0/12", "a private address (RFC 1918)" },
  { "192.0.0.0/24", "an address of IETF protocol assignments (RFC 6890)" },
  { "192.0.2.0/24", "a documentation address (RFC 5737)" },
  { "192.88.99.0/24", "a 6to4 relay address (RFC 7526)" },
  { "192.168.0.0/16", "a private address (RFC 1918)" },
  { "198.18.0.0/15", "a benchmarking address (RFC 2544)" },
  { "198.51.100.0/24", "a documentation address (RFC 5737)" },
  { "203.0.113.0/24", "a documentation address (RFC 5737)" },
  { "224.0.0.0/4", "a multicast address (RFC 5771)" },
  { "255.255.255.255/32", "the broadcast address (RFC 919)" },
  { "240.0.0.0/4", "a reserved address (RFC 1112)" },

  { "::/128", "an unspecified address (RFC 4291)" },
  { "::1/128", "a loopback address (RFC 4291)" },
  { "::/96", "an IPv4-compatible address (RFC 4291)" },
  { "64:ff9b:1::/48", "an address of local IPv4/IPv6 translation (RFC 8215)" },
  { "100::/64", "a discard-only address (RFC 6666)" },
  { "2001::/32", "a Teredo address (RFC 4380)" },
  { "2001:db8::/32", "a documentation address (RFC 3849)" },
  { "2001::/23", "an address of IETF protocol assignments (RFC 2928)" },
  { "2002::/16", "a 6to4 address (RFC 3056)" },
  { "3fff::/20", "a documentation address (RFC 9637)" },
  { "5f00::/16", "a segment routing address (RFC 9602)" },
  { "fc00::/7", "a private address (unique local, RFC 4193)" },
  { "fe80::/10", "a link-local address (RFC 4291)" },
  { "fec0::/10", "a site-local address (RFC 3879)" },
  { "ff00::/8", "a multicast address (RFC 4291)" },
};

typedef struct
{
  int family;
  guint8 address[16];
  guint bits;
} Cidr;

struct EgressPolicy
{
  Cidr refused[G_N_ELEMENTS (rows)];
  GArray *allowed; /* of Cidr */
};

static guint
family_bits (int family)
{
  return family == AF_INET ? 32 : 128;
}

static gboolean
has_prefix (const guint8 *address, const guint8 *prefix, guint bits)
{
  guint whole = bits / 8, rest = bits % 8;
  if (memcmp (address, prefix, whole) != 0)
    return FALSE;
  return rest == 0 || ((address[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

static gboolean
cidr_matches (const Cidr *cidr, int family, const guint8 *address)
{
  return cidr->family == family && has_prefix (address, cidr->address, cidr->bits);
}

/* A plain address stands for itself alone. */
static gboolean
cidr_parse (const char *text, Cidr *cidr, GError **error)
{
  const char *slash = strchr (text, '/');
  g_autofree char *address = slash == NULL ? g_strdup (text) : g_strndup (text, slash - text);
  guint64 bits;

  cidr->family = strchr (address, ':') == NULL ? AF_INET : AF_INET6;
  bits = family_bits (cidr->family);
  if (inet_pton (cidr->family, address, cidr->address) != 1
      || (slash != NULL
          && !g_ascii_string_to_unsigned (slash + 1, 10, 0, family_bits (cidr->family), &bits,
                                          NULL)))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "\"%s\" is not an address range: write it like 10.0.0.0/8, 192.168.1.7 or "
                   "fd00::/8",
                   text);
      return FALSE;
    }
  cidr->bits = (guint) bits;

  guint8 masked[16] = { 0 };
  for (guint bit = 0; bit < cidr->bits; bit++)
    masked[bit / 8] |= cidr->address[bit / 8] & (0x80 >> (bit % 8));
  if (memcmp (masked, cidr->address, family_bits (cidr->family) / 8) != 0)
    {
      char fixed[INET6_ADDRSTRLEN];
      inet_ntop (cidr->family, masked, fixed, sizeof fixed);
      g_set_error (
          error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
          "\"%s\" is not an address range: it has bits set beyond its length; %s/%u may be "
          "meant",
          text, fixed, cidr->bits);
      return FALSE;
    }
  return TRUE;
}

EgressPolicy *
egress_policy_new (const char *const *allowed_cidrs, GError **error)
{
  g_autoptr (EgressPolicy) policy = g_new0 (EgressPolicy, 1);
  policy->allowed = g_array_new (FALSE, TRUE, sizeof (Cidr));
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (!cidr_parse (rows[i].cidr, &policy->refused[i], NULL))
      g_assert_not_reached ();
  for (; allowed_cidrs != NULL && *allowed_cidrs != NULL; allowed_cidrs++)
    {
      Cidr cidr = { 0 };
      if (!cidr_parse (*allowed_cidrs, &cidr, error))
        return NULL;
      g_array_append_val (policy->allowed, cidr);
    }
  return g_steal_pointer (&policy);
}

void
egress_policy_free (EgressPolicy *policy)
{
  g_array_unref (policy->allowed);
  g_free (policy);
}

/* The IPv4 address that an IPv6 one only carries, or NULL. */
static const guint8 *
carried_ipv4 (const guint8 *address)
{
  static const guint8 mapped[12] = { [10] = 0xff, [11] = 0xff };   /* ::ffff:0:0/96 */
  static const guint8 nat64[12] = { 0x00, 0x64, 0xff, 0x9b };      /* 64:ff9b::/96 */
  static const guint8 translated[12] = { [8] = 0xff, [9] = 0xff }; /* ::ffff:0:0:0/96, RFC 2765 */
  if (has_prefix (address, mapped, 96) || has_prefix (address, nat64, 96)
      || has_prefix (address, translated, 96))
    return address + 12;
  return NULL;
}

static gboolean
is_allowed (const EgressPolicy *policy, int family, const guint8 *address)
{
  for (guint i = 0; i < policy->allowed->len; i++)
    if (cidr_matches (&g_array_index (policy->allowed, Cidr, i), family, address))
      return TRUE;
  return FALSE;
}

static const char *
check_bytes (const EgressPolicy *policy, int family, const guint8 *address)
{
  static const guint8 global_unicast[16] = { 0x20 };
  const guint8 *ipv4 = family == AF_INET6 ? carried_ipv4 (address) : NULL;

  if (is_allowed (policy, family, address))
    return NULL;
  if (ipv4 != NULL)
    return check_bytes (policy, AF_INET, ipv4);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (cidr_matches (&policy->refused[i], family, address))
      return rows[i].what;
  if (family == AF_INET6 && !has_prefix (address, global_unicast, 3))
    return "not a global unicast address (RFC 4291)";
  return NULL;
}

const char *
egress_policy_check (const EgressPolicy *policy, const struct sockaddr *address)
{
  /* Copied: the caller's memory may be aligned for less. */
  if (address->sa_family == AF_INET)
    {
      struct sockaddr_in in;
      memcpy (&in, address, sizeof in);
      return check_bytes (policy, AF_INET, (const guint8 *) &in.sin_addr);
    }
  if (address->sa_family == AF_INET6)
    {
      struct sockaddr_in6 in6;
      memcpy (&in6, address, sizeof in6);
      return check_bytes (policy, AF_INET6, in6.sin6_addr.s6_addr);
    }
  return "not an internet address";
}

char *
egress_address_to_text (const struct sockaddr *address)
{
  char text[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET)
    inet_ntop (AF_INET, &((const struct sockaddr_in *) (const void *) address)->sin_addr, text,
               sizeof text);
  else if (address->sa_family == AF_INET6)
    inet_ntop (AF_INET6, &((const struct sockaddr_in6 *) (const void *) address)->sin6_addr, text,
               sizeof text);
  return g_strdup (text);
}
