const assert = require("node:assert/strict");
const Stripe = require("stripe@23.1.0");

module.exports = async (context, { webhook }) => {
  const { hostname, port } = new URL(webhook.results.body.data.http);
  const options = { host: hostname, port, protocol: "http", maxNetworkRetries: 0 };
  const stripe = new Stripe("sk_test_1", options);
  const customer = await stripe.customers.create({ email: "ada@example.com", metadata: { order: "7" } }, { idempotencyKey: "k1" });
  assert.deepEqual([customer.id, customer.email, customer["metadata[order]"], customer.key], ["cus_1", "ada@example.com", "7", "k1"]);
  const ids = [];
  for await (const { id } of stripe.customers.list({ limit: 2 })) ids.push(id);
  assert.deepEqual(ids, ["cus_1", "cus_2", "cus_3"]);
  await assert.rejects(stripe.charges.retrieve("ch_1"), (error) => error instanceof Stripe.errors.StripeInvalidRequestError && error.code === "resource_missing" && error.statusCode === 404);
  await assert.rejects(new Stripe("sk_wrong", options).customers.list(), { type: "StripeAuthenticationError" });

  const payload = JSON.stringify({ id: "evt_1", object: "event", type: "charge.succeeded" });
  const header = stripe.webhooks.generateTestHeaderString({ payload, secret: "whsec_1" });
  assert.equal(stripe.webhooks.constructEvent(payload, header, "whsec_1").id, "evt_1");
  await assert.rejects(stripe.webhooks.constructEventAsync(payload, header, "whsec_2"), { type: "StripeSignatureVerificationError" });
};
