/** What is nested deeper than this, or has more fields, is none of ours: a task of 256 columns has some 2,000 fields. */
const LEVELS_MAXIMUM = 2_500;
const FIELDS_MAXIMUM = 20_000;

const CODES = {
  quote: 0x22,
  escape: 0x5c,
  colon: 0x3a,
  openList: 0x5b,
  openObject: 0x7b,
  closeList: 0x5d,
  closeObject: 0x7d,
};

/**
 * Looks at JSON before it is parsed: hundred thousands of levels or of fields take `JSON.parse` a tenth of a second, in one
 * piece, and this a few milliseconds a megabyte. What is no JSON is not found out here.
 */
export function isExcessive(json: string): boolean {
  let levels = 0;
  let fields = 0;
  for (let at = 0; at < json.length; at++) {
    switch (json.charCodeAt(at)) {
      case CODES.quote:
        at = endOfText(json, at);
        break;
      case CODES.openList:
      case CODES.openObject:
        levels += 1;
        if (levels > LEVELS_MAXIMUM) return true;
        break;
      case CODES.closeList:
      case CODES.closeObject:
        levels -= 1;
        break;
      case CODES.colon:
        fields += 1;
        if (fields > FIELDS_MAXIMUM) return true;
        break;
    }
  }
  return false;
}

/** Where the text that begins there ends; the length of all where it does not. */
function endOfText(json: string, from: number): number {
  let at = from + 1;
  while (at < json.length && json.charCodeAt(at) !== CODES.quote) at += json.charCodeAt(at) === CODES.escape ? 2 : 1;
  return at;
}
