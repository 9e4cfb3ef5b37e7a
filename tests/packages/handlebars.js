const assert = require("node:assert/strict");
const Handlebars = require("handlebars@4.7.10");

module.exports = async () => {
  Handlebars.registerHelper("shout", (text) => text.toUpperCase());
  Handlebars.registerPartial("line", "<li>{{name}}: {{price}}</li>");
  const template = Handlebars.compile("{{#if lines}}<ul>{{#each lines}}{{> line}}{{/each}}</ul>{{else}}none{{/if}} {{shout who}} {{{raw}}} {{raw}}");
  assert.equal(
    template({ lines: [{ name: "tea", price: 3 }], who: "ada", raw: "<b>" }),
    "<ul><li>tea: 3</li></ul> ADA <b> &lt;b&gt;",
  );
  assert.throws(() => Handlebars.compile("{{#if}}")({}), /Parse error/);
};
