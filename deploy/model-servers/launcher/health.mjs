// @ts-check

/** @typedef {{status: number, body: unknown, error: string}} Answer status 0: nobody answered, and `error` says why */
/** @typedef {(url: string, post?: {body: unknown, timeoutMs: number}) => Promise<Answer>} Ask */

const ASK_MS = 5000;
const MAX_ANSWER = 1_048_576;
const PAUSE_MS = 250;

/** @type {Ask} */
export async function ask(url, post) {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(post?.timeoutMs ?? ASK_MS),
      redirect: "error",
      ...(post === undefined
        ? {}
        : {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify(post.body),
          }),
    });
    return { status: response.status, body: parsed(await bounded(response)), error: "" };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
    return {
      status: 0,
      body: null,
      error: cause || (error instanceof Error ? error.message : String(error)),
    };
  }
}

/** A server that talks for ever is cut off. @param {Response} response */
async function bounded(response) {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_ANSWER) break;
  }
  return text;
}

/** @param {string} text @returns {unknown} */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Asks until the server is ready, the time is over or `over` says that it will not be.
 * @param {import("./kinds.mjs").Plan["ready"]} ready @param {number} waitS @param {() => boolean} over
 * @returns {Promise<string | null>} null when it is ready, else what was missing last
 */
export async function waitUntilReady(ready, waitS, over) {
  const deadline = performance.now() + waitS * 1000;
  let missing = "it was not asked";
  while (!over() && performance.now() < deadline) {
    const rest = deadline - performance.now();
    const found = await Promise.race([
      ready(ask),
      new Promise((resolve) => setTimeout(() => resolve("no answer within the limit"), rest).unref()),
    ]);
    if (found === null) return null;
    missing = String(found);
    await new Promise((resolve) => setTimeout(resolve, Math.min(PAUSE_MS, Math.max(0, rest))));
  }
  return missing;
}
