const streams = require("web-streams");
module.exports = {
  ...streams,
  get TextDecoderStream() {
    return require("encoding-streams").TextDecoderStream;
  },
  get TextEncoderStream() {
    return require("encoding-streams").TextEncoderStream;
  },
  get CompressionStream() {
    return require("compression-streams").CompressionStream;
  },
  get DecompressionStream() {
    return require("compression-streams").DecompressionStream;
  },
};
