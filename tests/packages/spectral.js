const assert = require("node:assert/strict");
const { util } = require("@prismatic-io/spectral@10.31.1");

module.exports = async () => {
  assert.equal(util.types.toInt("5.9"), 5);
  assert.equal(util.types.toNumber("", 7), 7);
  assert.equal(util.types.toBool("Yes"), true);
  assert.equal(util.types.isJSON('{"a":1}'), true);
  assert.deepEqual(util.types.keyValPairListToObject([{ key: "a", value: 1 }]), { a: 1 });
  assert.equal(util.types.toDate("2024-01-02T00:00:00Z").getTime(), Date.UTC(2024, 0, 2));
  assert.equal(util.types.isUrl("https://example.com/x"), true);
  const data = util.types.toBufferDataPayload("text");
  assert.ok(Buffer.isBuffer(data.data) && data.data.toString() === "text");
  assert.deepEqual(util.types.lowerCaseHeaders({ "Content-Type": "a" }), { "content-type": "a" });
};
