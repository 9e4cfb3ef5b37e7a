// Key objects.
const secretBytes = () => undefined;
module.exports = { secretBytes };
