const assert = require("node:assert/strict");
const xml2js = require("xml2js@0.6.2");

module.exports = async () => {
  const text = `<?xml version="1.0"?><order id="7"><item sku="a">Tea &amp; milk</item><item sku="b"/><note><![CDATA[<b>]]></note></order>`;
  const { order } = await xml2js.parseStringPromise(text);
  assert.equal(order.$.id, "7");
  assert.deepEqual(order.item, [{ _: "Tea & milk", $: { sku: "a" } }, { $: { sku: "b" } }]);
  assert.deepEqual(order.note, ["<b>"]);
  const built = new xml2js.Builder({ headless: true, renderOpts: { pretty: false } }).buildObject({ order: { $: { id: 1 }, item: ["<x>", "y"] } });
  assert.equal(built, `<order id="1"><item>&lt;x&gt;</item><item>y</item></order>`);
  await assert.rejects(xml2js.parseStringPromise("<a><b></a>"), /Unexpected close tag/);
};
