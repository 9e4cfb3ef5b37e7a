const assert = require("node:assert/strict");
const soap = require("soap@1.13.0");

module.exports = async (context, { webhook }) => {
  const { http } = webhook.results.body.data;
  const client = await soap.createClientAsync(`${http}/soap?wsdl`);
  assert.deepEqual(Object.keys(client.describe().StockService.StockPort), ["GetPrice"]);
  client.setSecurity(new soap.WSSecurity("ada", "secret", { passwordType: "PasswordDigest", hasNonce: true }));
  const [result] = await client.GetPriceAsync({ symbol: "ACME" });
  assert.equal(result.price, 34.5);
  assert.ok(result.asOf instanceof Date && result.asOf.getTime() === Date.UTC(2024, 0, 2, 3, 4, 5));
  assert.match(client.lastRequest, /<(\w+:)?symbol>ACME</);
  await assert.rejects(client.GetPriceAsync({ symbol: "NONE" }), /no such symbol/);
};
