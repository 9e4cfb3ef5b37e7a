const assert = require("node:assert/strict");
const fs = require("node:fs");
const ejs = require("ejs@7.0.2");

module.exports = async () => {
  assert.equal(ejs.render("<% for (const n of list) { %><%= n %>,<% } %><%- raw %>", { list: ["<", 2], raw: "<b>" }), "&lt;,2,<b>");
  assert.equal(await ejs.render("<%= await later() %>", { later: async () => "soon" }, { async: true }), "soon");
  fs.writeFileSync("/tmp/part.ejs", "Hello <%= name %>");
  assert.equal(ejs.render("<%- include('/tmp/part.ejs', { name: 'Ada' }) %>!"), "Hello Ada!");
  assert.throws(() => ejs.render("line\n<%= missing.x %>", {}), /missing/);
};
