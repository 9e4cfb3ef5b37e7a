const assert = require("node:assert/strict");
const { XMLBuilder, XMLParser, XMLValidator } = require("fast-xml-parser@5.12.1");

module.exports = async () => {
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "@" });
  assert.deepEqual(parser.parse(`<a:env xmlns:a="urn:x"><n price="1.5">3</n><n>four &lt; five</n></a:env>`), {
    "a:env": { n: [{ "#text": 3, "@price": "1.5" }, "four < five"], "@xmlns:a": "urn:x" },
  });
  assert.equal(new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: "@" }).build({ r: { "@id": 1, v: [1, 2] } }), `<r id="1"><v>1</v><v>2</v></r>`);
  assert.equal(XMLValidator.validate("<a><b></a>").err.code, "InvalidTag");
};
