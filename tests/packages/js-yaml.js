const assert = require("node:assert/strict");
const yaml = require("js-yaml@5.5.0");

module.exports = async () => {
  const value = yaml.load("base: &b {x: 1}\nlist:\n  - *b\n  - !!str 2\ntext: |\n  two\n  lines\n");
  assert.deepEqual(value, { base: { x: 1 }, list: [{ x: 1 }, "2"], text: "two\nlines\n" });
  assert.deepEqual(yaml.load(yaml.dump({ a: [1, null, "yes"], b: { c: 1.5 } })), { a: [1, null, "yes"], b: { c: 1.5 } });
  assert.throws(() => yaml.load("a: [1"), { name: "YAMLException" });
};
