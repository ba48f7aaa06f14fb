export { JournalBrokenError } from "./journal-broken-error.ts";
export { openJournal, type Appended, type JournalFile } from "./journal-file.ts";
export { readJournalLines, type OnLine } from "./journal-lines.ts";
export { connectNats, inboxPrefixOf, type NatsSettings } from "./nats.ts";
export {
  jsonReply,
  startHttp,
  textReply,
  type HttpReply,
  type HttpRequest,
  type HttpServer,
  type Listen,
  type Route,
} from "./http-server.ts";
export { createLogger, type Logger } from "./logger.ts";
export { abortOnSignals, everyUntil, pause } from "./lifetime.ts";
export { ConfigError, parseSettings } from "./config-error.ts";
export { readSpecimenFolder, type SpecimenFile, type SpecimenFolder } from "./specimen-folder.ts";
export { packageVersion } from "./package-version.ts";
