const assert = require("node:assert/strict");
const http = require("node:http");
const { json } = require("node:stream/consumers");
const FormData = require("form-data@4.0.6");

module.exports = async (context, { webhook }) => {
  const form = new FormData();
  form.append("field", "value");
  form.append("file", Buffer.from("bytes"), { filename: "report.csv", contentType: "text/csv" });
  assert.match(form.getHeaders()["content-type"], /^multipart\/form-data; boundary=/);
  assert.equal(form.getLengthSync(), form.getBuffer().length);

  const { hostname, port } = new URL(webhook.results.body.data.http);
  const echoed = await new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, path: "/echo", method: "POST", headers: form.getHeaders() }, (response) => resolve(json(response)));
    request.on("error", reject);
    form.pipe(request);
  });
  assert.match(echoed.body, /name="field"\r\n\r\nvalue\r\n/);
  assert.match(echoed.body, /name="file"; filename="report.csv"\r\nContent-Type: text\/csv\r\n\r\nbytes\r\n/);
};
