/* TLS for a realm's connections: OpenSSL between two memories. JavaScript carries the bytes between
 * them and a stream, so that TLS works over any of Node's streams (a socket, a proxy's tunnel),
 * also from its middle (STARTTLS).
 *
 * The certificate authorities are egress's; the worker asks for them once, since it can read no
 * file.
 */
#include "runtime/crypto.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#define READ_BYTES (64 << 10)

typedef struct
{
  SSL_CTX *context;
  SSL *ssl;
  BIO *in, *out; /* ssl's: what has come from the network, what is to go there */
} Tls;

static void
tls_free (gpointer data)
{
  Tls *tls = data;
  SSL_free (tls->ssl);
  SSL_CTX_free (tls->context);
  g_free (tls);
}

static HandleType tls_type = { .name = "Tls", .free = tls_free };

/* --- the authorities --- */

static X509_STORE *authorities; /* of the process; NULL = not asked for yet */

typedef struct
{
  Realm *realm;     /* NULL = gone */
  JSObjectRef done; /* protected */
} Waiting;

static GPtrArray *waiting; /* of Waiting: realms that wait for the answer */

static void
take_authorities (GBytes *certificates)
{
  gsize length = 0;
  const guint8 *data = certificates == NULL ? NULL : g_bytes_get_data (certificates, &length);
  const guint8 *end = data + length;
  authorities = X509_STORE_new ();
  while (data != NULL && data < end)
    {
      X509 *certificate = d2i_X509 (NULL, &data, (long) (end - data));
      if (certificate == NULL)
        break;
      X509_STORE_add_cert (authorities, certificate);
      X509_free (certificate);
    }
  X509_STORE_set_flags (authorities, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
  ERR_clear_error ();
}

static void
tell_waiting (void)
{
  g_autoptr (GPtrArray) told = g_steal_pointer (&waiting);
  for (guint i = 0; i < told->len; i++)
    {
      Waiting *one = told->pdata[i];
      if (one->realm == NULL)
        continue;
      realm_enter (one->realm);
      JSObjectRef done = one->done;
      if (!realm_is_terminated (one->realm))
        realm_call_event (one->realm, done, NULL, 0, NULL);
      JSValueUnprotect (realm_context (one->realm), done);
      realm_pending_remove (one->realm);
      realm_leave (one->realm);
    }
}

static void
on_authorities (GBytes *certificates, gpointer user_data)
{
  take_authorities (certificates);
  tell_waiting ();
}

static void
on_failed (const char *code, const char *message, const char *host, guint port, gpointer user_data)
{
  take_authorities (NULL);
  tell_waiting ();
}

void
runtime_tls_forget (Realm *realm)
{
  for (guint i = 0; waiting != NULL && i < waiting->len; i++)
    {
      Waiting *one = waiting->pdata[i];
      if (one->realm != realm)
        continue;
      JSValueUnprotect (realm_context (realm), one->done);
      realm_pending_remove (realm);
      one->realm = NULL;
    }
}

/* tlsReady (done): TRUE where the authorities are there; else `done` runs when they are */
static JSValueRef
tls_ready (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
           const JSValueRef arguments[], JSValueRef *exception)
{
  static const EgressCallbacks callbacks = { .authorities = on_authorities, .failed = on_failed };
  crypto_init ();
  if (authorities == NULL && runtime_egress () == NULL)
    take_authorities (NULL);
  JSObjectRef done = n == 0 ? NULL : js_as_object (ctx, arguments[0]);
  if (authorities != NULL || done == NULL)
    return js_bool (ctx, authorities != NULL);
  if (waiting == NULL)
    {
      waiting = g_ptr_array_new_with_free_func (g_free);
      egress_client_trust (runtime_egress (), &callbacks, NULL);
    }
  Waiting *one = g_new0 (Waiting, 1);
  one->realm = realm_of (ctx);
  one->done = done;
  JSValueProtect (ctx, done);
  realm_pending_add (one->realm);
  g_ptr_array_add (waiting, one);
  return js_bool (ctx, FALSE);
}

/* --- the beginning --- */

static char *
text_member (JSContextRef ctx, JSObjectRef options, const char *name)
{
  JSValueRef value = js_get (ctx, options, name, NULL);
  return value != NULL && JSValueIsString (ctx, value) ? js_to_utf8 (ctx, value, NULL, NULL) : NULL;
}

static int
no_passphrase (char *buffer, int size, int is_writing, void *data)
{
  return -1;
}

/* PEM certificates: given to `take` one after the other. */
static guint
each_certificate (const char *pem, void (*take) (X509 *certificate, guint index, gpointer data),
                  gpointer data)
{
  BIO *bio = BIO_new_mem_buf (pem, -1);
  X509 *certificate;
  guint n = 0;
  while ((certificate = PEM_read_bio_X509 (bio, NULL, no_passphrase, NULL)) != NULL)
    {
      take (certificate, n++, data);
      X509_free (certificate);
    }
  ERR_clear_error ();
  BIO_free (bio);
  return n;
}

static void
add_authority (X509 *certificate, guint index, gpointer store)
{
  X509_STORE_add_cert (store, certificate);
}

static void
add_own (X509 *certificate, guint index, gpointer context)
{
  if (index == 0)
    SSL_CTX_use_certificate (context, certificate);
  else
    SSL_CTX_add1_chain_cert (context, certificate);
}

/* FALSE with *exception. */
static gboolean
set_trust (JSContextRef ctx, SSL_CTX *context, JSObjectRef options, JSValueRef *exception)
{
  g_autofree char *ca = text_member (ctx, options, "ca");
  if (ca == NULL)
    {
      if (authorities != NULL)
        SSL_CTX_set1_cert_store (context, authorities);
      return TRUE;
    }
  X509_STORE *store = X509_STORE_new ();
  X509_STORE_set_flags (store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
  guint n = each_certificate (ca, add_authority, store);
  SSL_CTX_set_cert_store (context, store);
  if (n == 0)
    js_throw_code (ctx, exception, "Error", "ERR_OSSL_PEM_NO_START_LINE",
                   "the option \"ca\" holds no certificate in PEM");
  return n > 0;
}

static gboolean
set_identity (JSContextRef ctx, SSL_CTX *context, JSObjectRef options, JSValueRef *exception)
{
  g_autofree char *cert = text_member (ctx, options, "cert");
  JSValueRef key_value = js_get (ctx, options, "key", NULL);
  EVP_PKEY *key = key_value == NULL ? NULL : key_get (ctx, key_value);
  if (cert != NULL && each_certificate (cert, add_own, context) == 0)
    {
      js_throw_code (ctx, exception, "Error", "ERR_OSSL_PEM_NO_START_LINE",
                     "the option \"cert\" holds no certificate in PEM");
      return FALSE;
    }
  if (key != NULL && SSL_CTX_use_PrivateKey (context, key) != 1)
    {
      throw_openssl (ctx, exception, "the key does not belong to the certificate");
      return FALSE;
    }
  return TRUE;
}

static int
version_of (JSContextRef ctx, JSObjectRef options, const char *name, int otherwise)
{
  static const struct
  {
    const char *name;
    int version;
  } versions[] = { { "TLSv1", TLS1_VERSION },
                   { "TLSv1.1", TLS1_1_VERSION },
                   { "TLSv1.2", TLS1_2_VERSION },
                   { "TLSv1.3", TLS1_3_VERSION } };
  g_autofree char *text = text_member (ctx, options, name);
  for (guint i = 0; text != NULL && i < G_N_ELEMENTS (versions); i++)
    if (strcmp (versions[i].name, text) == 0)
      return versions[i].version;
  return otherwise;
}

static gboolean
is_ip (const char *name)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (name);
  return address != NULL;
}

static void
set_names (JSContextRef ctx, Tls *tls, JSObjectRef options)
{
  g_autofree char *name = text_member (ctx, options, "servername");
  guint8 *protocols;
  gsize length;
  JSValueRef alpn = js_get (ctx, options, "alpn", NULL);
  if (name != NULL && *name != '\0' && !is_ip (name))
    SSL_set_tlsext_host_name (tls->ssl, name);
  if (alpn != NULL && js_get_bytes (ctx, alpn, &protocols, &length) && length > 0)
    SSL_set_alpn_protos (tls->ssl, protocols, (guint) length);
}

static gboolean
set_up (JSContextRef ctx, Tls *tls, JSObjectRef options, JSValueRef *exception)
{
  g_autofree char *ciphers = text_member (ctx, options, "ciphers");
  tls->context = SSL_CTX_new (TLS_client_method ());
  SSL_CTX_set_min_proto_version (tls->context,
                                 version_of (ctx, options, "minVersion", TLS1_2_VERSION));
  SSL_CTX_set_max_proto_version (tls->context, version_of (ctx, options, "maxVersion", 0));
  SSL_CTX_set_mode (tls->context, SSL_MODE_RELEASE_BUFFERS);
  /* The chain is looked at when the handshake is done: whether a bad one is an error is the
   * option's to say. */
  SSL_CTX_set_verify (tls->context, SSL_VERIFY_NONE, NULL);
  if (ciphers != NULL && SSL_CTX_set_cipher_list (tls->context, ciphers) != 1)
    {
      throw_openssl (ctx, exception, "no cipher of the option \"ciphers\" is known");
      return FALSE;
    }
  if (!set_trust (ctx, tls->context, options, exception)
      || !set_identity (ctx, tls->context, options, exception))
    return FALSE;
  tls->ssl = SSL_new (tls->context);
  tls->in = BIO_new (BIO_s_mem ());
  tls->out = BIO_new (BIO_s_mem ());
  BIO_set_mem_eof_return (tls->in, -1);
  BIO_set_mem_eof_return (tls->out, -1);
  SSL_set_bio (tls->ssl, tls->in, tls->out);
  SSL_set_connect_state (tls->ssl);
  set_names (ctx, tls, options);
  return TRUE;
}

/* tlsNew ({servername, alpn, ca, cert, key (a key's handle), minVersion, maxVersion, ciphers}): a
 * handle */
static JSValueRef
tls_new (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
         const JSValueRef arguments[], JSValueRef *exception)
{
  JSObjectRef options = n == 0 ? NULL : js_as_object (ctx, arguments[0]);
  crypto_init ();
  if (options == NULL)
    return js_throw_type (ctx, exception, "options are expected");
  Tls *tls = g_new0 (Tls, 1);
  if (set_up (ctx, tls, options, exception))
    return handle_new (ctx, &tls_type, tls);
  tls_free (tls);
  return js_undefined (ctx);
}

/* --- bytes --- */

static Tls *
tls_argument (JSContextRef ctx, size_t n, const JSValueRef arguments[], JSValueRef *exception)
{
  Tls *tls = n == 0 ? NULL : handle_get (ctx, arguments[0], &tls_type);
  if (tls == NULL)
    js_throw_type (ctx, exception, "a TLS handle is expected");
  return tls;
}

/* tlsFeed (handle, bytes): they have come from the network */
static JSValueRef
tls_feed (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
          const JSValueRef arguments[], JSValueRef *exception)
{
  Tls *tls = tls_argument (ctx, n, arguments, exception);
  guint8 *data;
  gsize length;
  if (tls != NULL && n > 1 && js_get_bytes (ctx, arguments[1], &data, &length)
      && length <= G_MAXINT)
    BIO_write (tls->in, data, (int) length);
  return js_undefined (ctx);
}

/* tlsDrain (handle): what is to go to the network, or undefined */
static JSValueRef
tls_drain (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
           const JSValueRef arguments[], JSValueRef *exception)
{
  Tls *tls = tls_argument (ctx, n, arguments, exception);
  gsize length = tls == NULL ? 0 : BIO_ctrl_pending (tls->out);
  if (length == 0)
    return js_undefined (ctx);
  guint8 *data = g_malloc (length);
  int got = BIO_read (tls->out, data, (int) MIN (length, G_MAXINT));
  return take_bytes (ctx, data, (gsize) MAX (got, 0), exception);
}

/* Whether a call that did not succeed only waits for bytes; else throws. */
static gboolean
only_waits (JSContextRef ctx, Tls *tls, int result, JSValueRef *exception)
{
  int error = SSL_get_error (tls->ssl, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
    {
      ERR_clear_error ();
      return TRUE;
    }
  throw_openssl (ctx, exception, "the TLS connection failed");
  return FALSE;
}

/* tlsHandshake (handle): TRUE when it is done */
static JSValueRef
tls_handshake (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
               const JSValueRef arguments[], JSValueRef *exception)
{
  Tls *tls = tls_argument (ctx, n, arguments, exception);
  if (tls == NULL)
    return js_undefined (ctx);
  ERR_clear_error ();
  int result = SSL_do_handshake (tls->ssl);
  if (result == 1)
    return js_bool (ctx, TRUE);
  only_waits (ctx, tls, result, exception);
  return js_bool (ctx, FALSE);
}

/* tlsRead (handle): bytes; undefined = none yet; null = the other side has ended it */
static JSValueRef
tls_read (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
          const JSValueRef arguments[], JSValueRef *exception)
{
  Tls *tls = tls_argument (ctx, n, arguments, exception);
  if (tls == NULL)
    return js_undefined (ctx);
  guint8 *data = g_malloc (READ_BYTES);
  ERR_clear_error ();
  int got = SSL_read (tls->ssl, data, READ_BYTES);
  if (got > 0)
    return take_bytes (ctx, g_realloc (data, (gsize) got), (gsize) got, exception);
  g_free (data);
  if (SSL_get_error (tls->ssl, got) == SSL_ERROR_ZERO_RETURN)
    return js_null (ctx);
  only_waits (ctx, tls, got, exception);
  return js_undefined (ctx);
}

/* tlsWrite (handle, bytes) */
static JSValueRef
tls_write (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
           const JSValueRef arguments[], JSValueRef *exception)
{
  Tls *tls = tls_argument (ctx, n, arguments, exception);
  guint8 *data;
  gsize length;
  if (tls == NULL || n < 2 || !js_get_bytes (ctx, arguments[1], &data, &length) || length == 0
      || length > G_MAXINT)
    return js_undefined (ctx);
  ERR_clear_error ();
  int written = SSL_write (tls->ssl, data, (int) length);
  if (written <= 0)
    only_waits (ctx, tls, written, exception);
  return js_number (ctx, written);
}

/* tlsShut (handle): says that nothing more comes */
static JSValueRef
tls_shut (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
          const JSValueRef arguments[], JSValueRef *exception)
{
  Tls *tls = tls_argument (ctx, n, arguments, exception);
  if (tls != NULL)
    SSL_shutdown (tls->ssl);
  ERR_clear_error ();
  return js_undefined (ctx);
}

/* --- what came of it --- */

static JSValueRef
der_of (JSContextRef ctx, X509 *certificate, JSValueRef *exception)
{
  guint8 *der = NULL;
  int length = certificate == NULL ? 0 : i2d_X509 (certificate, &der);
  JSObjectRef array = length <= 0 ? NULL : js_uint8array (ctx, der, (gsize) length, exception);
  OPENSSL_free (der);
  return array == NULL ? js_undefined (ctx) : array;
}

/* Takes neither the stack nor what is in it. */
static JSValueRef
ders_of (JSContextRef ctx, STACK_OF (X509) * certificates, JSValueRef *exception)
{
  JSObjectRef list = JSObjectMakeArray (ctx, 0, NULL, exception);
  for (int i = 0; list != NULL && certificates != NULL && i < sk_X509_num (certificates); i++)
    JSObjectSetPropertyAtIndex (ctx, list, (unsigned) i,
                                der_of (ctx, sk_X509_value (certificates, i), exception), NULL);
  return list == NULL ? js_undefined (ctx) : list;
}

static JSValueRef
chain_of (JSContextRef ctx, SSL *ssl, JSValueRef *exception)
{
  STACK_OF (X509) *verified
      = SSL_get_verify_result (ssl) == X509_V_OK ? SSL_get0_verified_chain (ssl) : NULL;
  return ders_of (ctx, verified != NULL ? verified : SSL_get_peer_cert_chain (ssl), exception);
}

static const char *
verify_code (long result)
{
  static const struct
  {
    long result;
    const char *code;
  } codes[] = {
    { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "UNABLE_TO_GET_ISSUER_CERT" },
    { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" },
    { X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
    { X509_V_ERR_CERT_NOT_YET_VALID, "CERT_NOT_YET_VALID" },
    { X509_V_ERR_CERT_HAS_EXPIRED, "CERT_HAS_EXPIRED" },
    { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "DEPTH_ZERO_SELF_SIGNED_CERT" },
    { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "SELF_SIGNED_CERT_IN_CHAIN" },
    { X509_V_ERR_CERT_SIGNATURE_FAILURE, "CERT_SIGNATURE_FAILURE" },
    { X509_V_ERR_INVALID_CA, "INVALID_CA" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (codes[i].result == result)
      return codes[i].code;
  return "ERR_TLS_CERT";
}

/* tlsInfo (handle): {protocol, cipher, standardCipher, cipherVersion, alpn, chain (of DER, the
 * peer's own first; empty where it showed none), verifyCode, verifyMessage} */
static JSValueRef
tls_info (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
          const JSValueRef arguments[], JSValueRef *exception)
{
  Tls *tls = tls_argument (ctx, n, arguments, exception);
  const guint8 *alpn = NULL;
  guint alpn_length = 0;
  if (tls == NULL)
    return js_undefined (ctx);
  JSObjectRef info = js_object (ctx);
  SSL_get0_alpn_selected (tls->ssl, &alpn, &alpn_length);
  g_autofree char *protocol = alpn == NULL ? NULL : g_strndup ((const char *) alpn, alpn_length);
  long result = SSL_get_verify_result (tls->ssl);
  js_set (ctx, info, "protocol", js_string (ctx, SSL_get_version (tls->ssl)));
  const SSL_CIPHER *cipher = SSL_get_current_cipher (tls->ssl);
  js_set (ctx, info, "cipher", js_string (ctx, SSL_CIPHER_get_name (cipher)));
  js_set (ctx, info, "cipherVersion", js_string (ctx, SSL_CIPHER_get_version (cipher)));
  const char *standard = cipher == NULL ? NULL : SSL_CIPHER_standard_name (cipher);
  if (standard != NULL)
    js_set (ctx, info, "standardCipher", js_string (ctx, standard));
  js_set (ctx, info, "alpn", protocol == NULL ? js_bool (ctx, FALSE) : js_string (ctx, protocol));
  js_set (ctx, info, "chain", chain_of (ctx, tls->ssl, exception));
  if (result != X509_V_OK)
    {
      js_set (ctx, info, "verifyCode", js_string (ctx, verify_code (result)));
      js_set (ctx, info, "verifyMessage", js_string (ctx, X509_verify_cert_error_string (result)));
    }
  return info;
}

/* tlsRoots (): the authorities' certificates, DER; empty where they have not come yet */
static JSValueRef
tls_roots (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
           const JSValueRef arguments[], JSValueRef *exception)
{
  STACK_OF (X509) *all = authorities == NULL ? NULL : X509_STORE_get1_all_certs (authorities);
  JSValueRef list = ders_of (ctx, all, exception);
  sk_X509_pop_free (all, X509_free);
  return list;
}

/* tlsPfx (PKCS #12, passphrase): {chain (of DER, the own first), key (a key's handle)} */
static JSValueRef
tls_pfx (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
         const JSValueRef arguments[], JSValueRef *exception)
{
  g_autofree char *passphrase = argument_text (ctx, n, arguments, 1);
  guint8 *data;
  gsize length;
  crypto_init ();
  if (n < 1 || !js_get_bytes (ctx, arguments[0], &data, &length) || length > G_MAXINT)
    return js_throw_type (ctx, exception, "bytes are expected");
  const guint8 *at = data;
  PKCS12 *bundle = d2i_PKCS12 (NULL, &at, (long) length);
  EVP_PKEY *key = NULL;
  X509 *own = NULL;
  STACK_OF (X509) *others = NULL;
  gboolean is_read
      = bundle != NULL
        && PKCS12_parse (bundle, passphrase == NULL ? "" : passphrase, &key, &own, &others) == 1;
  PKCS12_free (bundle);
  if (!is_read)
    return throw_openssl (ctx, exception, "the option \"pfx\" holds no PKCS #12 bundle");
  if (others == NULL)
    others = sk_X509_new_null ();
  if (own != NULL)
    sk_X509_unshift (others, own);
  JSObjectRef read = js_object (ctx);
  js_set (ctx, read, "chain", ders_of (ctx, others, exception));
  if (key != NULL)
    js_set (ctx, read, "key", key_handle (ctx, key));
  sk_X509_pop_free (others, X509_free);
  return read;
}

const NativeFunction tls_natives[] = {
  { "tlsReady", tls_ready },
  { "tlsNew", tls_new },
  { "tlsFeed", tls_feed },
  { "tlsDrain", tls_drain },
  { "tlsHandshake", tls_handshake },
  { "tlsRead", tls_read },
  { "tlsWrite", tls_write },
  { "tlsShut", tls_shut },
  { "tlsInfo", tls_info },
  { "tlsRoots", tls_roots },
  { "tlsPfx", tls_pfx },
  { NULL, NULL },
};
