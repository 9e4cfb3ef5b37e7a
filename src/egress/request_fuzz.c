/* What a worker can send: the body of an EGRESS_REQUEST. Whatever passes the checks must be fit to
 * be written into a request's head. */
#include "egress/private.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_accepted (const EgressOrder *order)
{
  g_assert_null (strpbrk (order->method, " \r\n"));
  for (guint i = 0; i < order->headers->len; i++)
    g_assert_null (strpbrk (order->headers->pdata[i], "\r\n"));
  g_assert_null (egress_order_header (order, "Transfer-Encoding"));
  g_assert_null (egress_order_header (order, "Content-Length"));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) body = g_bytes_new (data, size);
  Frame frame = { .type = EGRESS_REQUEST, .stream = 1, .body = body };
  g_autoptr (EgressOrder) order = egress_order_read (&frame, NULL);
  if (order == NULL)
    return 0;

  g_autoptr (EgressFailure) failure = egress_order_check (order);
  g_autoptr (EgressFailure) url_failure = NULL;
  if (failure == NULL)
    check_accepted (order);
  g_autoptr (EgressTarget) target = egress_target_new (order->url, &url_failure);
  if (target != NULL)
    {
      g_autoptr (EgressFailure) location_failure = NULL;
      g_autoptr (EgressTarget) next
          = egress_target_redirect (target, order->method, &location_failure);
      g_assert_true ((next == NULL) == (location_failure != NULL));
    }
  return 0;
}
