import { pino, type Logger } from "pino";
export type { Logger } from "pino";

/** JSON lines on stderr; what could hold a secret is cut out by name. */
export function createLogger(name: string, level: string): Logger {
  return pino(
    { name, level, redact: { paths: ["*.privateKey", "*.apiKey", "*.token", "*.seed"], censor: "[secret]" } },
    pino.destination({ dest: 2, sync: true }),
  );
}
