/** Far above any body of ours: layers of a model nest some ten deep, and a table has 256 columns of 200 values. */
const LEVELS_MAXIMUM = 100;
const FIELDS_MAXIMUM = 10_000;
const VALUES_MAXIMUM = 60_000;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const ESCAPE = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Looks at JSON before it is parsed: hundreds of thousands of levels or of fields take `JSON.parse` a tenth of a second, in
 * one piece, and this a few milliseconds a megabyte. What is no JSON is not found out here.
 */
export function isExcessive(json: string): boolean {
  let levels = 0;
  let fields = 0;
  let values = 0;
  for (let at = 0; at < json.length; at++) {
    switch (json.charCodeAt(at)) {
      case QUOTE:
        at = endOfText(json, at);
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        levels += 1;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        levels -= 1;
        break;
      case COLON:
        fields += 1;
        break;
      case COMMA:
        values += 1;
        break;
    }
    if (levels > LEVELS_MAXIMUM || fields > FIELDS_MAXIMUM || values > VALUES_MAXIMUM) return true;
  }
  return false;
}

/** Where the text that begins there ends; the length of all, or more, where it does not. */
function endOfText(json: string, from: number): number {
  let at = from + 1;
  while (at < json.length && json.charCodeAt(at) !== QUOTE) at += json.charCodeAt(at) === ESCAPE ? 2 : 1;
  return at;
}
