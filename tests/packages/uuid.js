const assert = require("node:assert/strict");
const uuid = require("uuid@14.0.3");

module.exports = async () => {
  assert.match(uuid.v4(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(uuid.v4(), uuid.v4());
  // RFC 9562, appendix A.4.
  assert.equal(uuid.v5("www.example.com", uuid.v5.DNS), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
  assert.equal(uuid.v3("www.example.com", uuid.v3.DNS), "5df41881-3aed-3515-88a7-2f4a814cf09e");
  assert.equal(uuid.version(uuid.v7()), 7);
  assert.equal(uuid.validate("not one"), false);
};
