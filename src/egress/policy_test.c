#include "egress/egress.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static struct sockaddr_storage
address (const char *text)
{
  struct sockaddr_storage storage = { 0 };
  struct sockaddr_in *in = (struct sockaddr_in *) &storage;
  struct sockaddr_in6 *in6 = (struct sockaddr_in6 *) &storage;
  if (inet_pton (AF_INET, text, &in->sin_addr) == 1)
    storage.ss_family = AF_INET;
  else
    {
      g_assert_cmpint (inet_pton (AF_INET6, text, &in6->sin6_addr), ==, 1);
      storage.ss_family = AF_INET6;
    }
  return storage;
}

static const char *
check (const EgressPolicy *policy, const char *text)
{
  struct sockaddr_storage storage = address (text);
  return egress_policy_check (policy, (struct sockaddr *) &storage);
}

static void
test_special_addresses_are_refused (void)
{
  /* The first and last address of each range of the registries, and a part of the reason. */
  static const struct
  {
    const char *address, *reason;
  } cases[] = {
    { "0.0.0.0", "unspecified" },
    { "0.255.255.255", "unspecified" },
    { "10.0.0.0", "private" },
    { "10.255.255.255", "private" },
    { "100.64.0.0", "shared" },
    { "100.100.100.200", "shared" },
    { "100.127.255.255", "shared" },
    { "127.0.0.1", "loopback" },
    { "127.255.255.255", "loopback" },
    { "168.63.129.16", "metadata" },
    { "169.254.0.0", "link-local" },
    { "169.254.169.254", "metadata" },
    { "169.254.255.255", "link-local" },
    { "172.16.0.0", "private" },
    { "172.31.255.255", "private" },
    { "192.0.0.0", "IETF" },
    { "192.0.0.192", "IETF" },
    { "192.0.2.1", "documentation" },
    { "192.88.99.1", "6to4" },
    { "192.168.0.0", "private" },
    { "192.168.255.255", "private" },
    { "198.18.0.0", "benchmarking" },
    { "198.19.255.255", "benchmarking" },
    { "198.51.100.1", "documentation" },
    { "203.0.113.1", "documentation" },
    { "224.0.0.0", "multicast" },
    { "239.255.255.255", "multicast" },
    { "240.0.0.0", "reserved" },
    { "255.255.255.254", "reserved" },
    { "255.255.255.255", "broadcast" },

    { "::", "unspecified" },
    { "::1", "loopback" },
    { "::2", "IPv4-compatible" },
    { "::127.0.0.1", "IPv4-compatible" },
    { "::8.8.8.8", "IPv4-compatible" },
    { "::ffff:127.0.0.1", "loopback" },
    { "::ffff:10.1.2.3", "private" },
    { "::ffff:169.254.169.254", "metadata" },
    { "::ffff:0:127.0.0.1", "loopback" },
    { "64:ff9b::127.0.0.1", "loopback" },
    { "64:ff9b::a9fe:a9fe", "metadata" },
    { "64:ff9b:1::1", "translation" },
    { "100::1", "discard" },
    { "2001::1", "Teredo" },
    { "2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo" },
    { "2001:2::1", "IETF" },
    { "2001:10::1", "IETF" },
    { "2001:20::1", "IETF" },
    { "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "IETF" },
    { "2001:db8::1", "documentation" },
    { "2002:7f00:1::1", "6to4" },
    { "2002:808:808::1", "6to4" },
    { "3fff::1", "documentation" },
    { "5f00::1", "segment" },
    { "fc00::1", "private" },
    { "fd00:ec2::254", "private" },
    { "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private" },
    { "fe80::1", "link-local" },
    { "febf::1", "link-local" },
    { "fec0::1", "site-local" },
    { "ff02::1", "multicast" },
    { "4000::1", "not a global unicast" },
    { "1::1", "not a global unicast" },
  };
  g_autoptr (EgressPolicy) policy = egress_policy_new (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *reason = check (policy, cases[i].address);
      g_test_message ("%s: %s", cases[i].address, reason == NULL ? "open" : reason);
      g_assert_nonnull (reason);
      g_assert_nonnull (strstr (reason, cases[i].reason));
    }
}

static void
test_public_addresses_are_open (void)
{
  /* The neighbours of the refused ranges among them. */
  static const char *const cases[] = {
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.31.196.1",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2600::1",
    "2a00:1450::1",
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2003::1",
    "3ffe:ffff::1",
  };
  g_autoptr (EgressPolicy) policy = egress_policy_new (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i]);
      g_assert_cmpstr (check (policy, cases[i]), ==, NULL);
    }
}

static void
test_an_allowed_range_is_open_and_no_more (void)
{
  const char *const allowed[] = { "10.1.0.0/16", "127.0.0.1", "fd12::/16", "::1/128", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (EgressPolicy) policy = egress_policy_new (allowed, &error);
  g_assert_no_error (error);

  g_assert_cmpstr (check (policy, "10.1.2.3"), ==, NULL);
  g_assert_cmpstr (check (policy, "::ffff:10.1.2.3"), ==, NULL);
  g_assert_nonnull (check (policy, "10.2.0.0"));
  g_assert_cmpstr (check (policy, "127.0.0.1"), ==, NULL);
  g_assert_nonnull (check (policy, "127.0.0.2"));
  g_assert_cmpstr (check (policy, "fd12:1::1"), ==, NULL);
  g_assert_nonnull (check (policy, "fd13::1"));
  g_assert_cmpstr (check (policy, "::1"), ==, NULL);
  g_assert_nonnull (check (policy, "::2"));
  g_assert_nonnull (check (policy, "169.254.169.254"));
}

static void
test_everything_can_be_allowed (void)
{
  const char *const allowed[] = { "0.0.0.0/0", "::/0", NULL };
  g_autoptr (EgressPolicy) policy = egress_policy_new (allowed, NULL);
  g_assert_cmpstr (check (policy, "127.0.0.1"), ==, NULL);
  g_assert_cmpstr (check (policy, "ff02::1"), ==, NULL);
}

static void
test_a_bad_range_is_named (void)
{
  static const char *const cases[]
      = { "",          "10",         "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x",
          "localhost", "fd00::/129", "10.0.0.1/8",  "fd00::1/8",   "[::1]",     "010.0.0.0/8" };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *const allowed[] = { cases[i], NULL };
      g_autoptr (GError) error = NULL;
      g_autofree char *quoted = g_strdup_printf ("\"%s\"", cases[i]);
      g_assert_null (egress_policy_new (allowed, &error));
      g_assert_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
      g_assert_nonnull (strstr (error->message, quoted));
    }
}

static void
test_other_families_are_refused (void)
{
  struct sockaddr local = { .sa_family = AF_UNIX };
  g_autoptr (EgressPolicy) policy = egress_policy_new (NULL, NULL);
  g_assert_cmpstr (egress_policy_check (policy, &local), ==, "not an internet address");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/egress/policy/special_addresses_are_refused",
                   test_special_addresses_are_refused);
  g_test_add_func ("/egress/policy/public_addresses_are_open", test_public_addresses_are_open);
  g_test_add_func ("/egress/policy/an_allowed_range_is_open_and_no_more",
                   test_an_allowed_range_is_open_and_no_more);
  g_test_add_func ("/egress/policy/everything_can_be_allowed", test_everything_can_be_allowed);
  g_test_add_func ("/egress/policy/a_bad_range_is_named", test_a_bad_range_is_named);
  g_test_add_func ("/egress/policy/other_families_are_refused", test_other_families_are_refused);
  return g_test_run ();
}
