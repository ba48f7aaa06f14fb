import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { brainRequest, type BrainRequest } from "./brain.ts";
import { BrokerError } from "./broker-wire.ts";

const BODY_LIMIT_BYTES = 4 * 1024 * 1024;

/** @throws BrokerError for everything that is not the agent's question. */
export async function questionOf(request: IncomingMessage, token: string): Promise<BrainRequest> {
  if (!tokenMatches(request, token)) throw new BrokerError(401, "invalid_api_key", "the token is wrong");
  if (request.method !== "POST" || request.url !== "/v1/chat/completions") {
    throw new BrokerError(404, "not_found", "only POST /v1/chat/completions is served");
  }
  let body: unknown;
  const text = await bodyOf(request);
  try {
    body = JSON.parse(text);
  } catch {
    throw new BrokerError(400, "not_json", "the body is not JSON");
  }
  const parsed = brainRequest.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new BrokerError(
    400,
    "bad_request",
    `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not understood"}`,
  );
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError("a body without encoding comes as bytes");
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) {
      throw new BrokerError(413, "body_too_large", `the body is longer than ${BODY_LIMIT_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Takes the same time for every token of the right length, and the length is no secret. */
function tokenMatches(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(/^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "");
  const right = Buffer.from(token);
  return given.length === right.length && timingSafeEqual(given, right);
}
