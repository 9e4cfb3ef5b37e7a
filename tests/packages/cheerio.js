const assert = require("node:assert/strict");
const cheerio = require("cheerio@1.2.0");

module.exports = async () => {
  const $ = cheerio.load(`<table><tr><td class="name">Tea</td><td>3</td></tr><tr><td class="name">Milk &amp; sugar<td>4</table>`);
  assert.deepEqual($("td.name").map((_, cell) => $(cell).text()).get(), ["Tea", "Milk & sugar"]);
  assert.equal($("tr:nth-child(2) > td:not(.name)").text(), "4");
  $("td.name").first().attr("data-id", "7").addClass("first").after("<td>new</td>");
  assert.match($.html(), /<td class="name first" data-id="7">Tea<\/td><td>new<\/td>/);
  assert.equal(cheerio.load("<a><b/></a>", { xml: true }).xml(), "<a><b/></a>");
  assert.deepEqual($.extract({ names: [".name"] }), { names: ["Tea", "Milk & sugar"] });
};
