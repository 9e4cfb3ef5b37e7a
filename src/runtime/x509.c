/* Certificates, as Node's X509Certificate shows them. */
#include "runtime/crypto.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

static HandleType certificate_type
    = { .name = "X509", .free = (void (*) (gpointer)) X509_free };

static X509 *
certificate_argument (JSContextRef ctx, size_t n, const JSValueRef arguments[], size_t index,
                      JSValueRef *exception)
{
  X509 *certificate = index < n ? handle_get (ctx, arguments[index], &certificate_type) : NULL;
  if (certificate == NULL)
    js_throw_type (ctx, exception, "a certificate is expected");
  return certificate;
}

static int
no_passphrase (char *buffer, int size, int is_writing, void *data)
{
  return -1;
}

/* x509Read (PEM or DER): a handle */
static JSValueRef
x509_read (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
           const JSValueRef arguments[], JSValueRef *exception)
{
  g_auto (Bytes) data = { 0 };
  crypto_init ();
  if (n < 1 || !bytes_read (ctx, arguments[0], &data, exception))
    return js_undefined (ctx);
  BIO *bio = BIO_new_mem_buf (data.data, (int) MIN (data.length, 1 << 24));
  X509 *certificate = PEM_read_bio_X509 (bio, NULL, no_passphrase, NULL);
  BIO_free (bio);
  if (certificate == NULL)
    {
      const guint8 *bytes = data.data;
      ERR_clear_error ();
      certificate = d2i_X509 (NULL, &bytes, (long) data.length);
    }
  return certificate == NULL ? throw_openssl (ctx, exception, "it is no certificate")
                             : handle_new (ctx, &certificate_type, certificate);
}

/* --- what it says --- */

static JSValueRef
take_bio (JSContextRef ctx, BIO *bio)
{
  char *text;
  long length = BIO_get_mem_data (bio, &text);
  g_autofree char *valid = length <= 0 ? NULL : g_utf8_make_valid (text, length);
  JSValueRef value = valid == NULL ? js_undefined (ctx) : js_string (ctx, valid);
  BIO_free (bio);
  return value;
}

static JSValueRef
name_text (JSContextRef ctx, const X509_NAME *name)
{
  BIO *bio = BIO_new (BIO_s_mem ());
  X509_NAME_print_ex (bio, name, 0,
                      ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT
                          | XN_FLAG_SEP_MULTILINE | XN_FLAG_FN_SN);
  return take_bio (ctx, bio);
}

static JSValueRef
time_text (JSContextRef ctx, const ASN1_TIME *time)
{
  BIO *bio = BIO_new (BIO_s_mem ());
  ASN1_TIME_print (bio, time);
  return take_bio (ctx, bio);
}

static JSValueRef
serial_text (JSContextRef ctx, X509 *certificate)
{
  BIGNUM *number = ASN1_INTEGER_to_BN (X509_get0_serialNumber (certificate), NULL);
  char *text = BN_bn2hex (number);
  JSValueRef value = js_string (ctx, text);
  OPENSSL_free (text);
  BN_free (number);
  return value;
}

static JSValueRef
fingerprint (JSContextRef ctx, X509 *certificate, const EVP_MD *digest)
{
  guint8 bytes[EVP_MAX_MD_SIZE];
  guint length = 0;
  g_autoptr (GString) text = g_string_new (NULL);
  X509_digest (certificate, digest, bytes, &length);
  for (guint i = 0; i < length; i++)
    g_string_append_printf (text, "%s%02X", i == 0 ? "" : ":", bytes[i]);
  return js_string (ctx, text->str);
}

/* A text with a comma or quote in it can't pass for two entries: it is written as JSON (CVE-2021-44532). */
static void
append_alt_text (GString *text, const char *kind, const guint8 *data, int length)
{
  g_autofree char *valid = g_utf8_make_valid ((const char *) data, length);
  gboolean is_plain = TRUE;
  for (const char *p = valid; *p != '\0'; p++)
    is_plain &= *p >= ' ' && *p < 0x7f && strchr ("\",'\\", *p) == NULL;
  g_string_append_printf (text, "%s%s:", text->len == 0 ? "" : ", ", kind);
  if (is_plain)
    {
      g_string_append (text, valid);
      return;
    }
  g_autoptr (json_t) json = json_string (valid);
  char *quoted = json_dumps (json, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
  g_string_append (text, quoted);
  free (quoted);
}

static void
append_address (GString *text, const guint8 *data, int length)
{
  char shown[INET6_ADDRSTRLEN] = "<invalid>";
  if (length == 4 || length == 16)
    inet_ntop (length == 4 ? AF_INET : AF_INET6, data, shown, sizeof shown);
  g_string_append_printf (text, "%sIP Address:%s", text->len == 0 ? "" : ", ", shown);
}

static JSValueRef
alt_names (JSContextRef ctx, X509 *certificate)
{
  GENERAL_NAMES *names = X509_get_ext_d2i (certificate, NID_subject_alt_name, NULL, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  for (int i = 0; i < sk_GENERAL_NAME_num (names); i++)
    {
      const GENERAL_NAME *name = sk_GENERAL_NAME_value (names, i);
      if (name->type == GEN_DNS || name->type == GEN_EMAIL || name->type == GEN_URI)
        append_alt_text (text,
                         name->type == GEN_DNS     ? "DNS"
                         : name->type == GEN_EMAIL ? "email"
                                                   : "URI",
                         ASN1_STRING_get0_data (name->d.ia5), ASN1_STRING_length (name->d.ia5));
      else if (name->type == GEN_IPADD)
        append_address (text, ASN1_STRING_get0_data (name->d.iPAddress),
                        ASN1_STRING_length (name->d.iPAddress));
    }
  GENERAL_NAMES_free (names);
  return text->len == 0 ? js_undefined (ctx) : js_string (ctx, text->str);
}

static JSValueRef
info_access (JSContextRef ctx, X509 *certificate)
{
  int at = X509_get_ext_by_NID (certificate, NID_info_access, -1);
  if (at < 0)
    return js_undefined (ctx);
  BIO *bio = BIO_new (BIO_s_mem ());
  X509V3_EXT_print (bio, X509_get_ext (certificate, at), 0, 0);
  return take_bio (ctx, bio);
}

static JSValueRef
extended_usage (JSContextRef ctx, X509 *certificate)
{
  EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i (certificate, NID_ext_key_usage, NULL, NULL);
  if (usages == NULL)
    return js_undefined (ctx);
  JSValueRef values[32];
  size_t count = 0;
  for (int i = 0; i < sk_ASN1_OBJECT_num (usages) && count < G_N_ELEMENTS (values); i++)
    {
      char text[128];
      OBJ_obj2txt (text, sizeof text, sk_ASN1_OBJECT_value (usages, i), 1);
      values[count++] = js_string (ctx, text);
    }
  EXTENDED_KEY_USAGE_free (usages);
  JSObjectRef array = JSObjectMakeArray (ctx, count, values, NULL);
  return array == NULL ? js_undefined (ctx) : array;
}

static JSValueRef
der_bytes (JSContextRef ctx, X509 *certificate, JSValueRef *exception)
{
  guint8 *der = NULL;
  int length = i2d_X509 (certificate, &der);
  JSObjectRef array = length < 0 ? NULL : js_uint8array (ctx, der, (gsize) length, exception);
  OPENSSL_free (der);
  return array == NULL ? js_undefined (ctx) : array;
}

static JSValueRef
pem_text (JSContextRef ctx, X509 *certificate)
{
  BIO *bio = BIO_new (BIO_s_mem ());
  PEM_write_bio_X509 (bio, certificate);
  return take_bio (ctx, bio);
}

/* x509Info (handle): an object */
static JSValueRef
x509_info (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
           const JSValueRef arguments[], JSValueRef *exception)
{
  X509 *certificate = certificate_argument (ctx, n, arguments, 0, exception);
  if (certificate == NULL)
    return js_undefined (ctx);
  JSObjectRef info = js_object (ctx);
  js_set (ctx, info, "subject", name_text (ctx, X509_get_subject_name (certificate)));
  js_set (ctx, info, "issuer", name_text (ctx, X509_get_issuer_name (certificate)));
  js_set (ctx, info, "subjectAltName", alt_names (ctx, certificate));
  js_set (ctx, info, "infoAccess", info_access (ctx, certificate));
  js_set (ctx, info, "validFrom", time_text (ctx, X509_get0_notBefore (certificate)));
  js_set (ctx, info, "validTo", time_text (ctx, X509_get0_notAfter (certificate)));
  js_set (ctx, info, "serialNumber", serial_text (ctx, certificate));
  js_set (ctx, info, "fingerprint", fingerprint (ctx, certificate, EVP_sha1 ()));
  js_set (ctx, info, "fingerprint256", fingerprint (ctx, certificate, EVP_sha256 ()));
  js_set (ctx, info, "fingerprint512", fingerprint (ctx, certificate, EVP_sha512 ()));
  js_set (ctx, info, "keyUsage", extended_usage (ctx, certificate));
  js_set (ctx, info, "ca", js_bool (ctx, X509_check_ca (certificate) == 1));
  js_set (ctx, info, "raw", der_bytes (ctx, certificate, exception));
  js_set (ctx, info, "pem", pem_text (ctx, certificate));
  ERR_clear_error ();
  return info;
}

/* x509Key (handle): its public key's handle */
static JSValueRef
x509_key (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
          const JSValueRef arguments[], JSValueRef *exception)
{
  X509 *certificate = certificate_argument (ctx, n, arguments, 0, exception);
  EVP_PKEY *key = certificate == NULL ? NULL : X509_get_pubkey (certificate);
  if (key == NULL)
    return certificate == NULL ? js_undefined (ctx)
                               : throw_openssl (ctx, exception, "the certificate has no key");
  return key_handle (ctx, key);
}

/* x509Check (handle, "host", "email" or "ip", text, flags): the name that matched, or undefined */
static JSValueRef
x509_check (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
            const JSValueRef arguments[], JSValueRef *exception)
{
  X509 *certificate = certificate_argument (ctx, n, arguments, 0, exception);
  g_autofree char *kind = argument_text (ctx, n, arguments, 1);
  g_autofree char *text = argument_text (ctx, n, arguments, 2);
  guint flags = (guint) argument_number (ctx, n, arguments, 3, 0);
  char *peer = NULL;
  int found = 0;
  if (certificate == NULL || kind == NULL || text == NULL)
    return js_undefined (ctx);
  if (strcmp (kind, "host") == 0)
    found = X509_check_host (certificate, text, strlen (text), flags, &peer);
  else if (strcmp (kind, "email") == 0)
    found = X509_check_email (certificate, text, strlen (text), flags);
  else
    found = X509_check_ip_asc (certificate, text, flags);
  JSValueRef value = found == 1 ? js_string (ctx, peer == NULL ? text : peer) : js_undefined (ctx);
  OPENSSL_free (peer);
  ERR_clear_error ();
  return value;
}

/* x509IssuedBy (handle, handle): by its names and extensions */
static JSValueRef
x509_issued_by (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
                const JSValueRef arguments[], JSValueRef *exception)
{
  X509 *certificate = certificate_argument (ctx, n, arguments, 0, exception);
  X509 *issuer = certificate_argument (ctx, n, arguments, 1, exception);
  return js_bool (ctx, certificate != NULL && issuer != NULL
                           && X509_check_issued (issuer, certificate) == X509_V_OK);
}

/* x509Verify (handle, key): the signature is the key's */
static JSValueRef
x509_verify (JSContextRef ctx, JSObjectRef function, JSObjectRef this_object, size_t n,
             const JSValueRef arguments[], JSValueRef *exception)
{
  X509 *certificate = certificate_argument (ctx, n, arguments, 0, exception);
  EVP_PKEY *key = n < 2 ? NULL : key_get (ctx, arguments[1]);
  gboolean is_good = certificate != NULL && key != NULL && X509_verify (certificate, key) == 1;
  ERR_clear_error ();
  return js_bool (ctx, is_good);
}

const NativeFunction x509_natives[] = {
  { "x509Read", x509_read },
  { "x509Info", x509_info },
  { "x509Key", x509_key },
  { "x509Check", x509_check },
  { "x509IssuedBy", x509_issued_by },
  { "x509Verify", x509_verify },
  { NULL, NULL },
};
