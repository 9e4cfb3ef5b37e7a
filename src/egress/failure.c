/* A request's failure as Node's fetch tells it: the code that programs look at
 * (undici's and libuv's names) and a message in its style. Nothing of the URL
 * but host and port is ever said.
 */
#include "egress/private.h"

#include <errno.h>
#include <openssl/x509_vfy.h>
#include <string.h>

EgressFailure *
egress_failure_new (const char *code, const char *format, ...)
{
  EgressFailure *failure = g_new (EgressFailure, 1);
  va_list arguments;
  va_start (arguments, format);
  failure->code = code;
  failure->message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return failure;
}

void
egress_failure_free (EgressFailure *failure)
{
  g_free (failure->message);
  g_free (failure);
}

typedef struct
{
  int number;
  const char *code;
} Name;

static const Name errno_names[] = {
  { ECONNREFUSED, "ECONNREFUSED" },
  { ECONNRESET, "ECONNRESET" },
  { ECONNABORTED, "ECONNABORTED" },
  { ETIMEDOUT, "ETIMEDOUT" },
  { EHOSTUNREACH, "EHOSTUNREACH" },
  { ENETUNREACH, "ENETUNREACH" },
  { EADDRNOTAVAIL, "EADDRNOTAVAIL" },
  { EACCES, "EACCES" },
  { EPERM, "EPERM" },
  { EPIPE, "EPIPE" },
  { EMFILE, "EMFILE" },
  { ENETDOWN, "ENETDOWN" },
  { EHOSTDOWN, "EHOSTDOWN" },
  { EINVAL, "EINVAL" },
};

/* As Node's tls names them. */
static const Name verify_names[] = {
  { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "UNABLE_TO_GET_ISSUER_CERT" },
  { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" },
  { X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
  { X509_V_ERR_CERT_SIGNATURE_FAILURE, "CERT_SIGNATURE_FAILURE" },
  { X509_V_ERR_CERT_NOT_YET_VALID, "CERT_NOT_YET_VALID" },
  { X509_V_ERR_CERT_HAS_EXPIRED, "CERT_HAS_EXPIRED" },
  { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "DEPTH_ZERO_SELF_SIGNED_CERT" },
  { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "SELF_SIGNED_CERT_IN_CHAIN" },
  { X509_V_ERR_CERT_CHAIN_TOO_LONG, "CERT_CHAIN_TOO_LONG" },
  { X509_V_ERR_CERT_REVOKED, "CERT_REVOKED" },
  { X509_V_ERR_INVALID_CA, "INVALID_CA" },
  { X509_V_ERR_PATH_LENGTH_EXCEEDED, "PATH_LENGTH_EXCEEDED" },
  { X509_V_ERR_INVALID_PURPOSE, "INVALID_PURPOSE" },
  { X509_V_ERR_CERT_UNTRUSTED, "CERT_UNTRUSTED" },
  { X509_V_ERR_CERT_REJECTED, "CERT_REJECTED" },
  { X509_V_ERR_HOSTNAME_MISMATCH, "ERR_TLS_CERT_ALTNAME_INVALID" },
};

static const char *
name_of (const Name *names, gsize n, int number, const char *otherwise)
{
  for (gsize i = 0; i < n; i++)
    if (names[i].number == number)
      return names[i].code;
  return otherwise;
}

const char *
egress_errno_name (int number)
{
  return name_of (errno_names, G_N_ELEMENTS (errno_names), number, "EIO");
}

static EgressFailure *
certificate_failure (CURL *easy, const char *host)
{
  long verify = X509_V_OK;
  curl_easy_getinfo (easy, CURLINFO_SSL_VERIFYRESULT, &verify);
  /* libcurl compares the names by itself, once the chain is good. */
  if (verify == X509_V_OK || verify == X509_V_ERR_UNSPECIFIED)
    return egress_failure_new (
        "ERR_TLS_CERT_ALTNAME_INVALID",
        "Hostname/IP does not match certificate's altnames: Host: %s. is not "
        "in the cert's altnames",
        host);
  return egress_failure_new (
      name_of (verify_names, G_N_ELEMENTS (verify_names), (int) verify, "ERR_TLS_CERT"), "%s",
      X509_verify_cert_error_string (verify));
}

static EgressFailure *
timeout_failure (CURL *easy, const char *host, guint port, gboolean has_head)
{
  curl_off_t connected_us = 0, start_us = 0;
  curl_easy_getinfo (easy, CURLINFO_CONNECT_TIME_T, &connected_us);
  curl_easy_getinfo (easy, CURLINFO_PRETRANSFER_TIME_T, &start_us);
  if (connected_us == 0 && start_us == 0)
    return egress_failure_new ("UND_ERR_CONNECT_TIMEOUT", "Connect Timeout Error (%s:%u)", host,
                               port);
  if (has_head)
    return egress_failure_new ("UND_ERR_BODY_TIMEOUT", "Body Timeout Error");
  return egress_failure_new ("UND_ERR_HEADERS_TIMEOUT", "Headers Timeout Error");
}

static EgressFailure *
closed_failure (void)
{
  return egress_failure_new ("UND_ERR_SOCKET", "other side closed");
}

static EgressFailure *
socket_failure (CURL *easy, const char *syscall, const char *host, guint port, const char *address)
{
  gboolean is_connect = strcmp (syscall, "connect") == 0;
  long number = 0;
  curl_easy_getinfo (easy, CURLINFO_OS_ERRNO, &number);
  if (number == 0 && !is_connect)
    return closed_failure ();
  const char *code = name_of (errno_names, G_N_ELEMENTS (errno_names), (int) number,
                              is_connect ? "ECONNREFUSED" : "ECONNRESET");
  if (!is_connect)
    return egress_failure_new (code, "%s %s", syscall, code);
  return egress_failure_new (
      code, strchr (address, ':') == NULL ? "connect %s %s:%u" : "connect %s [%s]:%u", code,
      *address == '\0' ? host : address, port);
}

/* What the network and the server did. */
static EgressFailure *
network_failure (CURL *easy, CURLcode result, const char *host, guint port, const char *address,
                 gboolean has_head)
{
  switch (result)
    {
    case CURLE_COULDNT_RESOLVE_HOST:
      return egress_failure_new ("ENOTFOUND", "getaddrinfo ENOTFOUND %s", host);
    case CURLE_COULDNT_CONNECT:
      return socket_failure (easy, "connect", host, port, address);
    case CURLE_OPERATION_TIMEDOUT:
      return timeout_failure (easy, host, port, has_head);
    case CURLE_SEND_ERROR:
      return socket_failure (easy, "write", host, port, address);
    case CURLE_RECV_ERROR:
      return socket_failure (easy, "read", host, port, address);
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_ABORTED_BY_CALLBACK: /* on_request_begins() of transfer.c */
      return closed_failure ();
    default:
      return NULL;
    }
}

EgressFailure *
egress_failure_from_curl (CURL *easy, CURLcode result, const char *curl_message, const char *host,
                          guint port, const char *address, gboolean has_head)
{
  EgressFailure *failure = network_failure (easy, result, host, port, address, has_head);
  if (failure != NULL)
    return failure;

  const char *detail = *curl_message == '\0' ? curl_easy_strerror (result) : curl_message;
  switch (result)
    {
    case CURLE_PEER_FAILED_VERIFICATION:
      return certificate_failure (easy, host);
    case CURLE_SSL_CONNECT_ERROR:
      return egress_failure_new ("EPROTO", "the TLS handshake failed: %s", detail);
    case CURLE_SSL_CACERT_BADFILE:
      return egress_failure_new ("ERR_TLS_CA",
                                 "the system's certificate authorities can't be read; "
                                 "install the package ca-certificates");
    case CURLE_URL_MALFORMAT:
      return egress_failure_new ("ERR_INVALID_URL",
                                 "Invalid URL: its host is not a name or address");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return egress_failure_new ("HPE_INVALID_CONSTANT",
                                 "Response does not match the HTTP/1.1 protocol");
    case CURLE_BAD_CONTENT_ENCODING:
      return egress_failure_new ("Z_DATA_ERROR",
                                 "the body is not what its Content-Encoding says: %s", detail);
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return egress_failure_new ("ERR_HTTP2_ERROR", "%s", detail);
    case CURLE_OUT_OF_MEMORY:
      return egress_failure_new ("ENOMEM", "out of memory");
    default:
      return egress_failure_new ("UND_ERR", "%s", curl_easy_strerror (result));
    }
}
