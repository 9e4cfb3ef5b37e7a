const assert = require("node:assert/strict");
const { ErrorCode, WebClient } = require("@slack/web-api@8.2.0");

module.exports = async (context, { webhook }) => {
  const slackApiUrl = `${webhook.results.body.data.http}/slack/`;
  const client = new WebClient("xoxb-1", { slackApiUrl });
  const posted = await client.chat.postMessage({ channel: "C1", text: "Order <7> & more", blocks: [{ type: "divider" }] });
  assert.deepEqual([posted.ok, posted.channel, posted.message.text], [true, "C1", "Order <7> & more"]);
  const channels = [];
  for await (const page of client.paginate("conversations.list", { limit: 1 })) channels.push(...page.channels.map(({ id }) => id));
  assert.deepEqual(channels, ["C1", "C2"]);
  await assert.rejects(new WebClient("wrong", { slackApiUrl }).chat.postMessage({ channel: "C1", text: "x" }), (error) => error.code === ErrorCode.PlatformError && error.data.error === "invalid_auth");
};
