file (READ ${INPUT} hex HEX)
string (REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
file (WRITE ${OUTPUT} "#include <stddef.h>
extern const char ${SYMBOL}[];
extern const size_t ${SYMBOL}_length;
const char ${SYMBOL}[] = { ${bytes}0 };
const size_t ${SYMBOL}_length = sizeof ${SYMBOL} - 1;
")
