const assert = require("node:assert/strict");
const _ = require("lodash@4.18.1");
const { groupBy } = require("lodash@4.18.1/fp");

module.exports = async () => {
  const orders = [
    { customer: "Ada", total: 30 },
    { customer: "Bob", total: 5 },
    { customer: "Ada", total: 12 },
  ];
  assert.deepEqual(_.mapValues(_.groupBy(orders, "customer"), (of) => _.sumBy(of, "total")), { Ada: 42, Bob: 5 });
  assert.deepEqual(Object.keys(groupBy("customer")(orders)), ["Ada", "Bob"]);
  assert.deepEqual(_.merge({ a: { b: 1 } }, { a: { c: [2] } }), { a: { b: 1, c: [2] } });
  assert.ok(_.isEqual(_.cloneDeep({ date: new Date(0), map: new Map([[1, 2]]) }), { date: new Date(0), map: new Map([[1, 2]]) }));
  assert.equal(_.template("Hello <%- name %>!")({ name: "<Ada>" }), "Hello &lt;Ada&gt;!");
  assert.ok(_.isBuffer(Buffer.alloc(1)) && _.isTypedArray(new Uint8Array(1)));

  let calls = 0;
  const debounced = _.debounce(() => ++calls, 5);
  debounced();
  debounced();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(calls, 1);
};
