const assert = require("node:assert/strict");
const Joi = require("joi@18.3.2");

module.exports = async () => {
  const schema = Joi.object({
    name: Joi.string().min(2).required(),
    email: Joi.string().email(),
    birth: Joi.date().iso(),
    other: Joi.when("name", { is: "Ada", then: Joi.number().required(), otherwise: Joi.forbidden() }),
  });
  const { value } = schema.validate({ name: "Ada", email: "ada@example.com", birth: "1815-12-10", other: "3" });
  assert.equal(value.other, 3);
  assert.ok(value.birth instanceof Date);
  assert.deepEqual(schema.validate({ name: "B", email: "x", other: 1 }, { abortEarly: false }).error.details.map(({ type }) => type), ["string.min", "string.email", "any.unknown"]);
  await assert.rejects(schema.validateAsync({}), { name: "ValidationError", message: '"name" is required' });
};
