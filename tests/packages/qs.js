const assert = require("node:assert/strict");
const qs = require("qs@6.17.1");

module.exports = async () => {
  assert.deepEqual(qs.parse("a[b][]=1&a[b][]=2&c=%E2%82%AC&d"), { a: { b: ["1", "2"] }, c: "€", d: "" });
  assert.equal(qs.stringify({ a: { b: [1, 2] }, c: "x y", d: null, e: undefined }), "a%5Bb%5D%5B0%5D=1&a%5Bb%5D%5B1%5D=2&c=x%20y&d=");
  assert.equal(qs.stringify({ a: [1, 2] }, { arrayFormat: "repeat" }), "a=1&a=2");
};
