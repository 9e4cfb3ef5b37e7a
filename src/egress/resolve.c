/* A name asked about by a worker (Node's dns). Addresses that the policy refuses are left out: what a private name
 * stands for is not told either. */
#include "egress/private.h"

#include <string.h>

struct EgressQuery
{
  const EgressPolicy *policy;
  guint64 number;
  char *name;
  EgressQueryKind kind;
  GCancellable *asking;
  EgressQueryDone done;
  gpointer user_data;
};

static void
finish (EgressQuery *query, json_t *records, EgressFailure *failure)
{
  g_autoptr (json_t) owned = records;
  g_autoptr (EgressFailure) why = failure;
  g_clear_object (&query->asking);
  query->done (query, records, failure, query->name, query->user_data);
}

static const char *const kind_names[] = { "getaddrinfo", "getaddrinfo", "getaddrinfo", "queryMx",
                                          "queryTxt",    "querySrv",    "queryNs",     "querySoa",
                                          "getHostByAddr" };

static EgressFailure *
not_found (const EgressQuery *query)
{
  return egress_failure_new ("ENOTFOUND", "%s ENOTFOUND %s", kind_names[query->kind], query->name);
}

static EgressFailure *
failure_of (const EgressQuery *query, const GError *error)
{
  if (g_error_matches (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE))
    return egress_failure_new ("EAI_AGAIN", "%s EAI_AGAIN %s", kind_names[query->kind],
                               query->name);
  return not_found (query);
}

static const char *
refusal_of (const EgressQuery *query, GInetAddress *address)
{
  struct sockaddr_storage storage = { 0 };
  g_autoptr (GSocketAddress) target = g_inet_socket_address_new (address, 0);
  g_socket_address_to_native (target, &storage, sizeof storage, NULL);
  return egress_policy_check (query->policy, (struct sockaddr *) &storage);
}

static void
on_addresses (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  GList *addresses
      = g_resolver_lookup_by_name_with_flags_finish (G_RESOLVER (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  EgressQuery *query = user_data;
  const char *refusal = NULL;
  json_t *records = json_array ();
  for (GList *item = addresses; item != NULL; item = item->next)
    {
      g_autofree char *text = g_inet_address_to_string (item->data);
      const char *why = refusal_of (query, item->data);
      if (why == NULL)
        json_array_append_new (records, json_string (text));
      else
        refusal = why;
    }
  g_list_free_full (addresses, g_object_unref);
  if (json_array_size (records) > 0)
    finish (query, records, NULL);
  else
    {
      json_decref (records);
      finish (query, NULL,
              refusal != NULL
                  ? egress_failure_new ("EPOLICY",
                                        "the outbound policy refuses the addresses of %s, %s",
                                        query->name, refusal)
                  : failure_of (query, error));
    }
}

static json_t *
record_to_json (EgressQueryKind kind, GVariant *record)
{
  guint16 a, b, c;
  guint32 numbers[5];
  const char *text, *other;
  switch (kind)
    {
    case EGRESS_QUERY_MX:
      g_variant_get (record, "(q&s)", &a, &text);
      return json_pack ("{s:i, s:s}", "priority", (int) a, "exchange", text);
    case EGRESS_QUERY_SRV:
      g_variant_get (record, "(qqq&s)", &a, &b, &c, &text);
      return json_pack ("{s:s, s:i, s:i, s:i}", "name", text, "port", (int) c, "priority", (int) a,
                        "weight", (int) b);
    case EGRESS_QUERY_SOA:
      g_variant_get (record, "(&s&suuuuu)", &text, &other, &numbers[0], &numbers[1], &numbers[2],
                     &numbers[3], &numbers[4]);
      return json_pack ("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "nsname", text, "hostmaster", other,
                        "serial", (json_int_t) numbers[0], "refresh", (json_int_t) numbers[1],
                        "retry", (json_int_t) numbers[2], "expire", (json_int_t) numbers[3],
                        "minttl", (json_int_t) numbers[4]);
    case EGRESS_QUERY_NS:
      g_variant_get (record, "(&s)", &text);
      return json_string (text);
    default:
      break;
    }
  g_autoptr (GVariant) parts = g_variant_get_child_value (record, 0);
  json_t *list = json_array ();
  for (gsize i = 0; i < g_variant_n_children (parts); i++)
    {
      g_autoptr (GVariant) part = g_variant_get_child_value (parts, i);
      g_autofree char *valid = g_utf8_make_valid (g_variant_get_string (part, NULL), -1);
      json_array_append_new (list, json_string (valid));
    }
  return list;
}

static void
on_records (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  GList *found = g_resolver_lookup_records_finish (G_RESOLVER (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  EgressQuery *query = user_data;
  json_t *records = found == NULL ? NULL : json_array ();
  for (GList *item = found; item != NULL; item = item->next)
    json_array_append_new (records, record_to_json (query->kind, item->data));
  g_list_free_full (found, (GDestroyNotify) g_variant_unref);
  finish (query, records, records == NULL ? failure_of (query, error) : NULL);
}

static void
on_name (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = g_resolver_lookup_by_address_finish (G_RESOLVER (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  EgressQuery *query = user_data;
  json_t *records = name == NULL ? NULL : json_array ();
  if (records != NULL)
    json_array_append_new (records, json_string (name));
  finish (query, records, records == NULL ? failure_of (query, error) : NULL);
}

static void
ask_by_address (EgressQuery *query, GResolver *resolver)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (query->name);
  const char *refusal = address == NULL ? NULL : refusal_of (query, address);
  if (address != NULL && refusal == NULL)
    g_resolver_lookup_by_address_async (resolver, address, query->asking, on_name, query);
  else
    finish (query, NULL,
            refusal == NULL ? egress_failure_new ("EINVAL", "getHostByAddr EINVAL %s", query->name)
                            : egress_failure_new ("EPOLICY", "the outbound policy refuses %s, %s",
                                                  query->name, refusal));
}

EgressQuery *
egress_query_new (const EgressPolicy *policy, guint64 number, const char *name,
                  EgressQueryKind kind, EgressQueryDone done, gpointer user_data)
{
  EgressQuery *query = g_new0 (EgressQuery, 1);
  query->policy = policy;
  query->number = number;
  query->name = g_strdup (name);
  query->kind = kind;
  query->done = done;
  query->user_data = user_data;
  query->asking = g_cancellable_new ();
  return query;
}

void
egress_query_start (EgressQuery *query)
{
  static const GResolverRecordType types[]
      = { [EGRESS_QUERY_MX] = G_RESOLVER_RECORD_MX,
          [EGRESS_QUERY_TXT] = G_RESOLVER_RECORD_TXT,
          [EGRESS_QUERY_SRV] = G_RESOLVER_RECORD_SRV,
          [EGRESS_QUERY_NS] = G_RESOLVER_RECORD_NS,
          [EGRESS_QUERY_SOA] = G_RESOLVER_RECORD_SOA };
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  if (query->kind == EGRESS_QUERY_NAME)
    ask_by_address (query, resolver);
  else if (query->kind <= EGRESS_QUERY_IPV6)
    g_resolver_lookup_by_name_with_flags_async (
        resolver, query->name,
        query->kind == EGRESS_QUERY_IPV4   ? G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY
        : query->kind == EGRESS_QUERY_IPV6 ? G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY
                                           : G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT,
        query->asking, on_addresses, query);
  else
    g_resolver_lookup_records_async (resolver, query->name, types[query->kind], query->asking,
                                     on_records, query);
}

guint64
egress_query_number (const EgressQuery *query)
{
  return query->number;
}

void
egress_query_free (EgressQuery *query)
{
  if (query->asking != NULL)
    g_cancellable_cancel (query->asking);
  g_clear_object (&query->asking);
  g_free (query->name);
  g_free (query);
}
