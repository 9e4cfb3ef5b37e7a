const assert = require("node:assert/strict");
const nodemailer = require("nodemailer@10.6.1");

module.exports = async (context, { webhook }) => {
  const { smtp } = webhook.results.body.data;
  const options = { host: "127.0.0.1", port: smtp.port, secure: false, requireTLS: true, tls: { ca: smtp.ca, servername: "localhost" } };
  const transport = nodemailer.createTransport({ ...options, auth: { user: "ada", pass: "secret" } });
  assert.equal(await transport.verify(), true);
  const sent = await transport.sendMail({
    from: '"Ada" <ada@example.com>',
    to: ["bob@example.com", "eve@example.com"],
    subject: "Grüße",
    text: "plain text",
    html: "<b>bold</b>",
    attachments: [{ filename: "report.csv", content: "a,b\n1,2\n" }],
  });
  assert.deepEqual(sent.accepted, ["bob@example.com", "eve@example.com"]);
  assert.match(sent.response, /^250 /);
  await assert.rejects(nodemailer.createTransport({ ...options, auth: { user: "ada", pass: "wrong" } }).sendMail({ from: "a@b.c", to: "b@b.c", text: "x" }), { code: "EAUTH" });
  // The server says what it received.
  return { data: sent.envelope };
};
