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
