const assert = require("node:assert/strict");
const Mustache = require("mustache@4.2.0");

module.exports = async () => {
  const view = { name: "<Ada>", lines: [{ n: 1 }, { n: 2 }], wrap: () => (text, render) => `[${render(text)}]` };
  assert.equal(
    Mustache.render("{{name}} {{{name}}}{{#lines}} {{n}}{{/lines}}{{^none}} nothing{{/none}} {{#wrap}}{{name}}{{/wrap}} {{>p}}", view, { p: "p:{{lines.length}}" }),
    "&lt;Ada&gt; <Ada> 1 2 nothing [&lt;Ada&gt;] p:2",
  );
};
