const assert = require("node:assert/strict");
const { Readable } = require("node:stream");
const { parse } = require("csv-parse@7.0.3");
const { parse: parseSync } = require("csv-parse@7.0.3/sync");

module.exports = async () => {
  const text = `name,note\nAda,"a ""quoted"", text"\nBob,"two\nlines"\n`;
  const expected = [{ name: "Ada", note: `a "quoted", text` }, { name: "Bob", note: "two\nlines" }];
  assert.deepEqual(parseSync(text, { columns: true }), expected);
  const rows = [];
  for await (const row of Readable.from([...text]).pipe(parse({ columns: true }))) rows.push(row);
  assert.deepEqual(rows, expected);
  assert.throws(() => parseSync("a,b\n1\n", { columns: true }), { code: "CSV_RECORD_INCONSISTENT_COLUMNS" });
};
