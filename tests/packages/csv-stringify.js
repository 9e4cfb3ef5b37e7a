const assert = require("node:assert/strict");
const { Readable } = require("node:stream");
const { text } = require("node:stream/consumers");
const { stringify } = require("csv-stringify@6.9.0");
const { stringify: stringifySync } = require("csv-stringify@6.9.0/sync");

module.exports = async () => {
  const rows = [{ name: "Ada", note: `a "quote", too` }, { name: "Bob", note: "two\nlines" }];
  const expected = `name,note\nAda,"a ""quote"", too"\nBob,"two\nlines"\n`;
  assert.equal(stringifySync(rows, { header: true }), expected);
  assert.equal(await text(Readable.from(rows).pipe(stringify({ header: true }))), expected);
};
