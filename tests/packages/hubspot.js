const assert = require("node:assert/strict");
const { Client } = require("@hubspot/api-client@13.5.0");

module.exports = async (context, { webhook }) => {
  const hubspot = new Client({ accessToken: "pat-1", basePath: `${webhook.results.body.data.http}/hubspot` });
  const created = await hubspot.crm.contacts.basicApi.create({ properties: { email: "ada@example.com" }, associations: [] });
  assert.deepEqual([created.id, created.properties.email], ["501", "ada@example.com"]);
  assert.ok(created.createdAt instanceof Date);
  assert.equal((await hubspot.crm.contacts.basicApi.getById("501", ["email"])).properties.email, "ada@example.com");
  await assert.rejects(hubspot.crm.contacts.basicApi.getById("502"), (error) => error.code === 404 && error.body.category === "OBJECT_NOT_FOUND");
};
