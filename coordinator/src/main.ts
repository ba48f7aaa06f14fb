import { abortOnSignals, ConfigError, createLogger, JournalBrokenError } from "@redline/daemon";
import { runCoordinator } from "./coordinator.ts";
import { loadSettings, type Settings } from "./settings.ts";
import { StateLockedError } from "./state-lock.ts";

const EXIT = { unexpected: 1, settings: 2 } as const;

function settingsOrExit(): Settings {
  try {
    return loadSettings(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`redline coordinator: ${error.message}\n`);
    return process.exit(EXIT.settings);
  }
}

const settings = settingsOrExit();
const log = createLogger("coordinator", settings.REDLINE_LOG_LEVEL);
const signal = abortOnSignals((name) => log.info({ signal: name }, "ending"));

try {
  await runCoordinator(settings, log, signal);
  // A connection attempt that nobody waits for any more would keep the process.
  process.exit(0);
} catch (error) {
  if (error instanceof ConfigError) {
    process.stderr.write(`redline coordinator: ${error.message}\n`);
    process.exit(EXIT.settings);
  }
  const expected = error instanceof JournalBrokenError || error instanceof StateLockedError;
  if (expected) process.stderr.write(`redline coordinator: ${error.message}\n`);
  else log.fatal({ err: error }, "coordinator ended by an error");
  process.exit(EXIT.unexpected);
}
