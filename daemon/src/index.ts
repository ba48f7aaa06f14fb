export { JournalBrokenError } from "./journal-broken-error.ts";
export { openJournal, type Appended, type JournalFile, type Placed } from "./journal-file.ts";
export { cutJournalAfter } from "./journal-file-cut.ts";
export { readJournalLines, type OnLine } from "./journal-lines.ts";
export { ask, type AskRoute } from "./ask.ts";
export { answerTo, answerToAll, EVERYONE, type Answer } from "./answer-to.ts";
export {
  isUserKey,
  makeNatsConfig,
  newUserKey,
  publicKeyOfSeed,
  type NatsConfig,
  type NatsConfigOptions,
} from "./nats-config/make-nats-config.ts";
export { enrolledNodes, labFileSchema, type LabFile, type LabNode } from "./nats-config/lab-file.ts";
export { enrolledNameSchema, observerNameSchema, whyNoNodeName } from "./nats-config/role-names.ts";
export { isLoopback, knowsSyncInterval } from "./nats-config/server-lines.ts";
export { NotStoredError, StreamPublisher, type Stored } from "./stream-publisher.ts";
export { connectNats, inboxPrefixOf, type NatsSettings } from "./nats.ts";
export {
  jsonReply,
  startHttp,
  textReply,
  type Admitted,
  type HttpGate,
  type HttpReply,
  type HttpRequest,
  type HttpServer,
  type Knock,
  type Listen,
  type Route,
} from "./http-server.ts";
export {
  HTTP_ROLES,
  newHttpToken,
  parseHttpTokens,
  tokenOf,
  whyNoTokenName,
  type HttpRole,
  type HttpToken,
} from "./http-tokens.ts";
export { createLogger, type Logger } from "./logger.ts";
export { abortOnSignals, everyUntil, pause } from "./lifetime.ts";
export { ConfigError, parseSettings } from "./config-error.ts";
export { readSpecimenFolder, type SpecimenFile, type SpecimenFolder } from "./specimen-folder.ts";
export { packageVersion } from "./package-version.ts";
