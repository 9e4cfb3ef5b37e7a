const assert = require("node:assert/strict");
const { customAlphabet, nanoid } = require("nanoid@5.1.16");

module.exports = async () => {
  assert.match(nanoid(), /^[\w-]{21}$/);
  assert.equal(new Set(Array.from({ length: 1000 }, () => nanoid())).size, 1000);
  assert.match(customAlphabet("abc", 8)(), /^[abc]{8}$/);
};
