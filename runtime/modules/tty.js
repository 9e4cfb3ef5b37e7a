const { Duplex } = require("stream");
class ReadStream extends Duplex {}
class WriteStream extends Duplex {}
module.exports = { isatty: () => false, ReadStream, WriteStream };
