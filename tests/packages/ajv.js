const assert = require("node:assert/strict");
const Ajv = require("ajv@8.20.0").default;
const Ajv2020 = require("ajv@8.20.0/dist/2020").default;

module.exports = async () => {
  const schema = {
    type: "object",
    required: ["id", "lines"],
    additionalProperties: false,
    properties: { id: { type: "integer" }, lines: { type: "array", minItems: 1, items: { $ref: "#/$defs/line" } } },
    $defs: { line: { type: "object", properties: { sku: { type: "string", pattern: "^[A-Z]+$" } }, required: ["sku"] } },
  };
  const validate = new Ajv({ allErrors: true }).compile(schema);
  assert.equal(validate({ id: 1, lines: [{ sku: "ABC" }] }), true);
  assert.equal(validate({ id: "1", lines: [{ sku: "abc" }], x: 1 }), false);
  assert.deepEqual(validate.errors.map(({ keyword }) => keyword).sort(), ["additionalProperties", "pattern", "type"]);
  assert.equal(new Ajv2020().validate({ type: "array", prefixItems: [{ type: "number" }], items: false }, [1, 2]), false);
};
