const assert = require("node:assert/strict");
const twilio = require("twilio@6.2.0");

module.exports = async (context, { webhook }) => {
  const client = twilio("AC1", "token");
  client.api.baseUrl = webhook.results.body.data.http;
  const message = await client.messages.create({ to: "+4912345", from: "+1555", body: "Grüße" });
  assert.deepEqual([message.sid, message.to, message.body, message.status], ["SM1", "+4912345", "Grüße", "queued"]);
  assert.equal(message.dateCreated.toISOString(), "2024-01-02T03:04:05.000Z");
  await assert.rejects(client.messages("SM2").fetch(), (error) => error.status === 404 && error.code === 20404);

  // The example of Twilio's own page about signed requests.
  const url = "https://example.com/myapp.php?foo=1&bar=2";
  const parameters = { CallSid: "CA1234567890ABCDE", Caller: "+14158675310", Digits: "1234", From: "+14158675310", To: "+18005551212" };
  assert.equal(twilio.validateRequest("12345", "L/OH5YylLD5NRKLltdqwSvS0BnU=", url, parameters), true);
  assert.equal(twilio.validateRequest("12345", "L/OH5YylLD5NRKLltdqwSvS0BnX=", url, parameters), false);
  const voice = new twilio.twiml.VoiceResponse();
  voice.say("Hello & welcome");
  assert.equal(voice.toString(), `<?xml version="1.0" encoding="UTF-8"?><Response><Say>Hello &amp; welcome</Say></Response>`);
};
