const assert = require("node:assert/strict");
const { Readable } = require("node:stream");
const { google } = require("googleapis@188.0.0");

module.exports = async (context, { webhook }) => {
  const { http } = webhook.results.body.data;
  const auth = new google.auth.OAuth2({ clientId: "id", clientSecret: "secret", redirectUri: "https://example.com/cb", endpoints: { oauth2TokenUrl: `${http}/google/token` } });
  assert.match(auth.generateAuthUrl({ access_type: "offline", scope: ["drive"] }), /^https:\/\/accounts\.google\.com\/o\/oauth2\/v2\/auth\?access_type=offline&scope=drive&/);
  auth.setCredentials({ refresh_token: "refresh-1" });

  const drive = google.drive({ version: "v3", auth, rootUrl: `${http}/` });
  const { data } = await drive.files.list({ q: "name contains 'ü'", pageSize: 5 });
  assert.deepEqual(data.files, [{ id: "f1", name: "name contains 'ü'" }]);
  const created = await drive.files.create({ requestBody: { name: "a.txt" }, media: { mimeType: "text/plain", body: Readable.from(["the content"]) } }, { rootUrl: `${http}/` });
  assert.deepEqual(created.data, { id: "f2", type: "multipart/related", hasBody: true });
  await assert.rejects(drive.files.get({ fileId: "none" }), (error) => error.code === 404 || error.status === 404);
};
