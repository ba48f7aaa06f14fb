/** First `max` UTF-16 units of hostile text, as well-formed text: a cut or lone surrogate becomes U+FFFD. */
export function boundedText(text: string, max: number): string {
  const cut = text.length > max ? text.slice(0, max) : text;
  return LONE.test(cut) ? cut.replace(LONE_ALL, "\ufffd") : cut;
}

// String.prototype.toWellFormed does this from Node 20 on, but is not in the ES2023 library types.
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const LONE_ALL = new RegExp(LONE.source, "g");
