/* JWEs: the vectors of the RFCs, another implementation (the npm package jose), and what is
 * refused. */
#include "keeper/jwe.h"

#include <string.h>

#include "base/json.h"
#include "keeper/base64url.h"
#include "keeper/private.h"

static JweKey *
new_key (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SecretBytes) seed = secret_bytes_new_random (48);
  JweKey *key = jwe_key_from_seed (seed, &error);
  g_assert_no_error (error);
  return key;
}

static json_t *
key_set (const JweKey *key)
{
  return json_pack ("{s:[o]}", "keys", jwe_key_public (key));
}

static char *
jose (const char *what, ...)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  g_autofree char *script
      = g_build_filename (g_getenv ("TENON_SOURCE_DIR"), "src/keeper/jwe_test_jose.mjs", NULL);
  g_autoptr (GError) error = NULL;
  char *out = NULL;
  int status;
  va_list rest;
  g_ptr_array_add (arguments, (gpointer) "node");
  g_ptr_array_add (arguments, script);
  g_ptr_array_add (arguments, (gpointer) what);
  va_start (rest, what);
  const char *argument;
  while ((argument = va_arg (rest, const char *)) != NULL)
    g_ptr_array_add (arguments, (gpointer) argument);
  va_end (rest);
  g_ptr_array_add (arguments, NULL);
  g_spawn_sync (NULL, (char **) arguments->pdata, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL,
                &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  return out;
}

static void
the_key_derivation_gives_the_key_of_rfc_7518_appendix_c (void)
{
  static const guint8 agreed[]
      = { 158, 86, 217, 29,  129, 113, 53,  211, 114, 131, 66,  131, 191, 132, 38,  156,
          251, 49, 110, 163, 218, 128, 106, 72,  246, 218, 167, 121, 140, 254, 144, 196 };
  g_autoptr (SecretBytes) z = secret_bytes_new (agreed, sizeof agreed);
  g_autoptr (SecretBytes) key = jwe_concat_kdf (z, "A128GCM", "Alice", 5, "Bob", 3, 128);
  g_autofree char *text = base64url_encode (secret_bytes_data (key), secret_bytes_size (key));
  g_assert_cmpstr (text, ==, "VqqN6vgjbSBcIijNcacQGg");
}

static void
the_thumbprint_of_a_key_is_in_its_public_part (void)
{
  g_autoptr (JweKey) key = new_key ();
  g_autoptr (json_t) jwk = jwe_key_public (key);
  g_assert_cmpstr (json_get_string (jwk, "crv"), ==, "P-256");
  g_assert_cmpuint (strlen (json_get_string (jwk, "kid")), ==, 43);
  g_assert_null (json_object_get (jwk, "d"));
}

static void
the_same_seed_gives_the_same_key (void)
{
  g_autofree char *zeros = g_malloc0 (48);
  g_autoptr (SecretBytes) seed = secret_bytes_new (zeros, 48);
  g_autoptr (JweKey) a = jwe_key_from_seed (seed, NULL);
  g_autoptr (JweKey) b = jwe_key_from_seed (seed, NULL);
  g_autoptr (json_t) one = jwe_key_public (a);
  g_autoptr (json_t) two = jwe_key_public (b);
  g_assert_true (json_equal (one, two));
  /* A seed of zeros is the scalar 1, whose point is the generator: SEC 2, §2.4.2. */
  g_assert_cmpstr (json_get_string (one, "x"), ==, "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY");
}

static void
what_was_sealed_opens (void)
{
  g_autoptr (JweKey) key = new_key ();
  g_autoptr (json_t) keys = key_set (key);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) header = NULL;
  g_autofree char *compact = jwe_seal (keys, "default/CRM", "{\"a\":\"b\"}", 9, &error);
  g_assert_no_error (error);
  g_autoptr (SecretBytes) plain = jwe_open (key, compact, strlen (compact), &header, &error);
  g_assert_no_error (error);
  g_assert_cmpstr ((const char *) secret_bytes_data (plain), ==, "{\"a\":\"b\"}");
  g_assert_cmpstr (json_get_string (header, "ctx"), ==, "default/CRM");
}

static void
what_jose_seals_opens (void)
{
  g_autoptr (JweKey) key = new_key ();
  g_autoptr (json_t) jwk = jwe_key_public (key);
  g_autofree char *jwk_text = json_print (jwk);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) header = NULL;
  g_autofree char *compact = jose ("seal", jwk_text, "default/CRM", "grüße", NULL);
  g_autoptr (SecretBytes) plain = jwe_open (key, compact, strlen (compact), &header, &error);
  g_assert_no_error (error);
  g_assert_cmpstr ((const char *) secret_bytes_data (plain), ==, "grüße");
  g_assert_cmpstr (json_get_string (header, "ctx"), ==, "default/CRM");
}

static void
what_we_seal_jose_opens (void)
{
  g_autofree char *pair_text = jose ("key", NULL);
  g_autoptr (json_t) pair = json_parse (pair_text, -1, NULL);
  g_autoptr (json_t) keys = json_pack ("{s:[O]}", "keys", json_object_get (pair, "public"));
  g_autofree char *private = json_print (json_object_get (pair, "private"));
  g_autoptr (GError) error = NULL;
  g_autofree char *compact = jwe_seal (keys, "default/CRM", "hunter2", 7, &error);
  g_assert_no_error (error);
  g_autofree char *answer = jose ("open", private, compact, NULL);
  g_autoptr (json_t) opened = json_parse (answer, -1, NULL);
  g_assert_cmpstr (json_get_string (opened, "text"), ==, "hunter2");
  g_assert_cmpstr (json_get_string (json_object_get (opened, "header"), "ctx"), ==, "default/CRM");
}

/* `change` is made to the text; the expected code, and nothing opened. */
static void
check_refused (const JweKey *key, const char *compact, JweErrorCode code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) header = NULL;
  g_assert_null (jwe_open (key, compact, strlen (compact), &header, &error));
  g_assert_error (error, JWE_ERROR, (gint) code);
  g_assert_null (header);
}

static void
any_changed_character_is_refused (void)
{
  g_autoptr (JweKey) key = new_key ();
  g_autoptr (json_t) keys = key_set (key);
  g_autofree char *compact = jwe_seal (keys, "default/CRM", "hunter2", 7, NULL);
  for (gsize i = 0; i < strlen (compact); i++)
    {
      g_autofree char *changed = g_strdup (compact);
      g_autoptr (GError) error = NULL;
      g_autoptr (json_t) header = NULL;
      changed[i] = changed[i] == '.' ? 'A' : changed[i] == 'A' ? 'w' : 'A';
      g_autoptr (SecretBytes) plain = jwe_open (key, changed, strlen (changed), &header, &error);
      /* The last character of a part may have bits that decoding drops. */
      if (plain != NULL)
        g_assert_true (changed[i + 1] == '.' || changed[i + 1] == '\0');
    }
}

static void
a_jwe_for_another_key_says_so (void)
{
  g_autoptr (JweKey) key = new_key ();
  g_autoptr (JweKey) other = new_key ();
  g_autoptr (json_t) keys = key_set (other);
  g_autofree char *compact = jwe_seal (keys, "a/b", "x", 1, NULL);
  check_refused (key, compact, JWE_ERROR_KEY);
}

static char *
with_header (const char *header)
{
  g_autofree char *text = base64url_encode (header, strlen (header));
  return g_strdup_printf ("%s..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA", text);
}

static void
other_forms_are_refused (void)
{
#define EPK                                                                                        \
  "\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"                                               \
  "\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","                                               \
  "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\"}"
#define FORM "\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\","
  static const struct
  {
    const char *header;
    JweErrorCode code;
  } rows[] = {
    { "[]", JWE_ERROR_MALFORMED },
    { "{\"alg\":\"dir\",\"enc\":\"A256GCM\"}", JWE_ERROR_FORM },
    { "{\"alg\":\"none\"," EPK "}", JWE_ERROR_FORM },
    { "{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"," EPK "}", JWE_ERROR_FORM },
    { "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\"," EPK "}", JWE_ERROR_FORM },
    { "{\"alg\":\"ECDH-ES\",\"enc\":\"A128CBC-HS256\"," EPK "}", JWE_ERROR_FORM },
    { "{" FORM "\"zip\":\"DEF\"," EPK "}", JWE_ERROR_FORM },
    { "{" FORM "\"crit\":[\"exp\"]," EPK "}", JWE_ERROR_FORM },
    { "{" FORM "\"epk\":{}}", JWE_ERROR_FORM },
    { "{" FORM "\"apu\":5," EPK "}", JWE_ERROR_FORM },
    /* On no curve: the invalid curve attack. */
    { "{" FORM "\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\","
      "\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","
      "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpPt\"}}",
      JWE_ERROR_FORM },
    { "{" FORM "\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\","
      "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
      "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}}",
      JWE_ERROR_FORM },
    { "{" FORM EPK "}", JWE_ERROR_FORGED },
  };
  g_autoptr (JweKey) key = new_key ();
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *compact = with_header (rows[i].header);
      check_refused (key, compact, rows[i].code);
    }
  check_refused (key, "", JWE_ERROR_MALFORMED);
  check_refused (key, "a.b.c.d", JWE_ERROR_MALFORMED);
  check_refused (key, "....", JWE_ERROR_MALFORMED);
  check_refused (key, "!.b.c.d.e", JWE_ERROR_MALFORMED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/jwe/" #name, name)
  ADD (the_key_derivation_gives_the_key_of_rfc_7518_appendix_c);
  ADD (the_thumbprint_of_a_key_is_in_its_public_part);
  ADD (the_same_seed_gives_the_same_key);
  ADD (what_was_sealed_opens);
  ADD (what_jose_seals_opens);
  ADD (what_we_seal_jose_opens);
  ADD (any_changed_character_is_refused);
  ADD (a_jwe_for_another_key_says_so);
  ADD (other_forms_are_refused);
  return g_test_run ();
}
