const assert = require("node:assert/strict");
const R = require("ramda@0.32.0");

module.exports = async () => {
  const total = R.pipe(R.filter(R.propEq(true, "paid")), R.map(R.prop("amount")), R.sum);
  assert.equal(total([{ paid: true, amount: 2 }, { paid: false, amount: 9 }, { paid: true, amount: 3 }]), 5);
  assert.deepEqual(R.over(R.lensPath(["a", 0, "b"]), R.inc, { a: [{ b: 1 }] }), { a: [{ b: 2 }] });
  assert.ok(R.equals(new Map([[1, [2]]]), new Map([[1, [2]]])));
  assert.equal(await R.andThen(R.toUpper, Promise.resolve("ok")), "OK");
};
