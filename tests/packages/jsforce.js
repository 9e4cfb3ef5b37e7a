const assert = require("node:assert/strict");
const jsforce = require("jsforce@3.10.16");

module.exports = async (context, { webhook }) => {
  const { http } = webhook.results.body.data;
  const connection = new jsforce.Connection({ oauth2: { loginUrl: http, clientId: "app", clientSecret: "secret", redirectUri: "https://example.com" } });
  const user = await connection.login("ada", "pw");
  assert.deepEqual([user.id, user.organizationId, connection.accessToken, connection.instanceUrl], ["0051", "00D1", "sf-1", http]);
  const { records, totalSize } = await connection.query("SELECT Id, Name FROM Account");
  assert.equal(totalSize, 2);
  assert.deepEqual(records.map(({ Name }) => Name), ["Acme", "SELECT Id, Name FROM Account"]);
  const found = await connection.sobject("Account").find({ Name: "Acme" }, ["Id"]).limit(5);
  assert.equal(found[1].Name, "SELECT Id FROM Account WHERE Name = 'Acme' LIMIT 5");
  const created = await connection.sobject("Account").create({ Name: "New" });
  assert.deepEqual([created.id, created.success], ["003", true]);
  await assert.rejects(connection.sobject("Nothing").retrieve("1"), { errorCode: "NOT_FOUND" });
  await assert.rejects(new jsforce.Connection({ oauth2: { loginUrl: http, clientId: "app", clientSecret: "secret" } }).login("eve", "pw"), /authentication failure/);
};
