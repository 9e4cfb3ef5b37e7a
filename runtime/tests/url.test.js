const { inspect } = require("util");

test("a URL has the parts that Node gives it", () => {
  const url = new URL("HTTPS://me:p%20w@ex\u00e4mple.com:8080/a/../b c?x=1&y=\u00fc#h");
  assert.deepEqual(
    [url.href, url.origin, url.protocol, url.username, url.password, url.host, url.hostname, url.port, url.pathname, url.search, url.hash],
    [
      "https://me:p%20w@xn--exmple-cua.com:8080/b%20c?x=1&y=%C3%BC#h",
      "https://xn--exmple-cua.com:8080",
      "https:",
      "me",
      "p%20w",
      "xn--exmple-cua.com:8080",
      "xn--exmple-cua.com",
      "8080",
      "/b%20c",
      "?x=1&y=%C3%BC",
      "#h",
    ],
  );
  assert.equal(new URL("../k?z", "http://a/b/c/d").href, "http://a/b/k?z");
  assert.equal(new URL("http://0x7f.1/").hostname, "127.0.0.1");
  assert.equal(new URL("http://[::FFFF:1.2.3.4]/").host, "[::ffff:102:304]");
  assert.equal(new URL("http://fa\u00df.de").host, "xn--fa-hia.de");
});

test("setters do what the standard says, and ignore what it ignores", () => {
  const url = new URL("http://a.b/c?x#y");
  url.protocol = "https";
  url.port = "99";
  url.port = "443";
  url.pathname = "/p q";
  url.search = "a=1";
  url.hash = "";
  url.username = "u@";
  url.host = "no spaces";
  assert.equal(url.href, "https://u%40@a.b/p%20q?a=1");
  url.protocol = "mailto";
  assert.equal(url.protocol, "https:");
  const opaque = new URL("data:text#x");
  opaque.pathname = "changed";
  assert.equal(opaque.pathname, "text");
});

test("what is no URL throws Node's error", () => {
  for (const text of ["", "nope", "http://", "http://a b", "http://[1", "http://1.2.3.4.5.6.7.8:x"])
    assert.throws(
      () => new URL(text),
      (error) => error instanceof TypeError && error.code === "ERR_INVALID_URL" && error.message === "Invalid URL" && error.input === text,
    );
  assert.equal(URL.canParse("x:"), true);
  assert.equal(URL.canParse("x"), false);
  assert.equal(URL.parse("x"), null);
});

test("search parameters and their URL follow each other", () => {
  const url = new URL("http://a/?b=1&c=2&b=3");
  const { searchParams } = url;
  assert.deepEqual(searchParams.getAll("b"), ["1", "3"]);
  searchParams.append("d", "\u00fc & +");
  assert.equal(url.search, "?b=1&c=2&b=3&d=%C3%BC+%26+%2B");
  searchParams.set("b", "9");
  searchParams.delete("d", "other");
  assert.equal(url.href, "http://a/?b=9&c=2&d=%C3%BC+%26+%2B");
  url.search = "?z=%F0%9F%98%80&y=%ff";
  assert.equal(searchParams.get("z"), "\u{1f600}");
  assert.equal(searchParams.get("y"), "\ufffd");
  searchParams.delete("z");
  searchParams.delete("y");
  assert.equal(url.href, "http://a/");
});

test("search parameters are made from texts, pairs and records", () => {
  assert.equal(`${new URLSearchParams("?a=b&c")}`, "a=b&c=");
  assert.equal(`${new URLSearchParams({ a: 1, b: "x y" })}`, "a=1&b=x+y");
  assert.equal(`${new URLSearchParams([["a", "b"], new Set(["c", "d"])])}`, "a=b&c=d");
  assert.equal(`${new URLSearchParams(new URLSearchParams("q=1"))}`, "q=1");
  assert.throws(() => new URLSearchParams([["a"]]), { code: "ERR_INVALID_TUPLE" });
  const sorted = new URLSearchParams("z=1&a=2&z=0");
  sorted.sort();
  assert.deepEqual([...sorted], [["a", "2"], ["z", "1"], ["z", "0"]]);
  assert.deepEqual([...sorted.keys()], ["a", "z", "z"]);
  assert.equal(sorted.size, 3);
});

test("they are shown as Node shows them", () => {
  assert.equal(inspect(new URLSearchParams("a=b&c=d")), "URLSearchParams { 'a' => 'b', 'c' => 'd' }");
  assert.match(inspect(new URL("http://a/")), /^URL \{\n {2}href: 'http:\/\/a\/',\n/);
});

test("node:url has the rest", () => {
  const { domainToASCII, domainToUnicode, fileURLToPath } = require("url");
  assert.equal(domainToASCII("espa\u00f1ol.com"), "xn--espaol-zwa.com");
  assert.equal(domainToUnicode("xn--espaol-zwa.com"), "espa\u00f1ol.com");
  assert.equal(domainToASCII("xn--i\u00f1valid.com"), "");
  assert.equal(fileURLToPath("file:///a%20b"), "/a b");
});
