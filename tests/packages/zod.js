const assert = require("node:assert/strict");
const { z } = require("zod@4.6.7");

module.exports = async () => {
  const Order = z.object({
    id: z.coerce.number().int(),
    email: z.email(),
    at: z.iso.datetime().transform((text) => new Date(text)),
    lines: z.array(z.discriminatedUnion("kind", [z.object({ kind: z.literal("item"), n: z.number() }), z.object({ kind: z.literal("fee") })])).nonempty(),
  });
  const order = Order.parse({ id: "7", email: "ada@example.com", at: "2024-01-02T03:04:05Z", lines: [{ kind: "fee" }], more: 1 });
  assert.deepEqual(order, { id: 7, email: "ada@example.com", at: new Date("2024-01-02T03:04:05Z"), lines: [{ kind: "fee" }] });
  const { success, error } = Order.safeParse({ id: 1.5, email: "ada", at: "now", lines: [] });
  assert.equal(success, false);
  assert.deepEqual(error.issues.map(({ path }) => path.join(".")), ["id", "email", "at", "lines"]);
  assert.equal(z.toJSONSchema(z.object({ a: z.string() })).properties.a.type, "string");
};
