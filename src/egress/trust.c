/* Whom egress trusts: the system's certificate authorities, as OpenSSL finds them
 * (also by SSL_CERT_FILE and SSL_CERT_DIR). One store for all connections, so
 * that they are not parsed again for each.
 */
#include "egress/private.h"

#include <openssl/ssl.h>

static X509_STORE *
shared_store (void)
{
  static X509_STORE *store;
  if (store == NULL)
    {
      store = X509_STORE_new ();
      X509_STORE_set_default_paths (store);
      /* An authority of the operator's own may be an intermediate one. */
      X509_STORE_set_flags (store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
    }
  return store;
}

CURLcode
egress_trust_apply (CURL *easy, void *ssl_ctx, void *unused)
{
  SSL_CTX_set1_cert_store (ssl_ctx, shared_store ());
  return CURLE_OK;
}

GBytes *
egress_trust_certificates (void)
{
  static GBytes *all;
  if (all != NULL)
    return all;
  /* A store finds those of a folder by name, one at a time: only the file's can be listed. */
  X509_STORE *store = X509_STORE_new ();
  const char *file = g_getenv (X509_get_default_cert_file_env ());
  X509_STORE_load_file (store, file != NULL ? file : X509_get_default_cert_file ());
  if (file == NULL)
    X509_STORE_load_file (store, "/etc/ssl/certs/ca-certificates.crt");
  STACK_OF (X509_OBJECT) *objects = X509_STORE_get0_objects (store);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  for (int i = 0; i < sk_X509_OBJECT_num (objects); i++)
    {
      X509 *certificate = X509_OBJECT_get0_X509 (sk_X509_OBJECT_value (objects, i));
      guint8 *der = NULL;
      int length = certificate == NULL ? 0 : i2d_X509 (certificate, &der);
      if (length > 0)
        g_byte_array_append (bytes, der, (guint) length);
      OPENSSL_free (der);
    }
  X509_STORE_free (store);
  return all = g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}
