import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findOnPath, isExecutable, versionOf } from "./find-program.mjs";
import { tools, unpackedBin, unpackedNats } from "./places.mjs";
import { fetchNatsRelease } from "./nats-release.mjs";
import { fetchFromNewerDebian } from "./newer-debian.mjs";
import { natsServer } from "./programs.mjs";
import { SetupError } from "./setup-error.mjs";
import { withSetupLock } from "./setup-lock.mjs";
import { locate, mayFetch, missingMessage, obtain } from "./system-programs.mjs";
import { isSafeNats } from "./version.mjs";

const SUITES = ["sid", "trixie"];
const originFile = join(unpackedNats, "origin");
/** After a vain search an old server at hand is used, and the network left alone, for this long. */
const RETRY_AFTER_MS = 6 * 3_600_000;
const failedFile = join(tools, "nats-server.not-found");

const inTree = (folder) =>
  [join(folder, "usr/sbin/nats-server"), join(folder, "nats-server")].find(isExecutable);

function candidate(path, how) {
  if (path === undefined || !isExecutable(path)) return undefined;
  const version = versionOf(path, natsServer);
  return version === undefined ? undefined : { path, version, how };
}

/** What the user named comes first; a name that does not work is an error, not a reason to look on. */
function named(say) {
  const path = process.env.NATS_SERVER_BIN;
  if (path === undefined || path === "") return undefined;
  const place = candidate(path, "named by NATS_SERVER_BIN");
  if (place === undefined) {
    throw new SetupError(`NATS_SERVER_BIN names ${path}, which does not run; correct it or unset it`, 2);
  }
  if (isSafeNats(place.version)) return place;
  say(
    `nats-server ${place.version} named by NATS_SERVER_BIN is older than the fix for CVE-2025-30215, looking for another`,
  );
  return undefined;
}

/** The safe servers at hand, in the order in which they are used. */
function atHand() {
  const places = [candidate(findOnPath("nats-server"), "found"), candidate(inTree(unpackedNats), "unpacked")];
  return places.find((place) => place !== undefined && isSafeNats(place.version));
}

/** Into a folder aside first: a server that does not run here, or is too old, is never left behind. */
async function tryOrigin(origin, fetchInto) {
  const draft = `${unpackedNats}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  try {
    const reason = await fetchInto(draft);
    if (reason !== undefined) return reason;
    const place = candidate(inTree(draft), "unpacked");
    if (place === undefined) return "it does not run on this machine";
    if (!isSafeNats(place.version)) return `it is ${place.version}`;
    writeFileSync(join(draft, "origin"), origin);
    rmSync(unpackedNats, { recursive: true, force: true });
    renameSync(draft, unpackedNats);
    return undefined;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function fetchSafe() {
  const reasons = [];
  const origins = [
    ...SUITES.map((suite) => [`Debian ${suite}`, (into) => fetchFromNewerDebian("nats-server", suite, into)]),
    ["its GitHub release", fetchNatsRelease],
  ];
  for (const [origin, fetchInto] of origins) {
    const reason = await tryOrigin(origin, fetchInto);
    if (reason === undefined) return [];
    reasons.push(`  nats-server from ${origin}: ${reason.trim()}`);
  }
  return reasons;
}

const failedLately = () =>
  existsSync(failedFile) && Date.now() - statSync(failedFile).mtimeMs < RETRY_AFTER_MS;

function describe(place) {
  if (place.how !== "unpacked") return `nats-server ${place.version} ${place.how} at ${place.path}`;
  if (place.path.startsWith(unpackedBin))
    return `nats-server ${place.version} unpacked in .cache/tools (no root)`;
  const origin = existsSync(originFile) ? readFileSync(originFile, "utf8") : "an earlier setup";
  return `nats-server ${place.version} from ${origin}, unpacked in .cache/tools (no root)`;
}

/** Safe if it can be had; else the distribution's own, with a warning. */
async function search(say) {
  const now = atHand();
  if (now !== undefined) return now;
  say("getting a nats-server of 2.10.27 or later");
  const reasons = await fetchSafe();
  const fetched = atHand();
  if (fetched !== undefined) return fetched;
  if (locate(natsServer) === undefined) reasons.push(...obtain([natsServer]));
  const place = locate(natsServer);
  if (place === undefined) throw new SetupError(missingMessage([natsServer], reasons), 1);
  say(`no newer one could be had:\n${reasons.join("\n")}`);
  writeFileSync(failedFile, `${reasons.join("\n")}\n`);
  return place;
}

export async function provideNatsServer(say) {
  let place = named(say) ?? atHand();
  if (place === undefined) {
    const old = locate(natsServer);
    if (old !== undefined && (!mayFetch() || failedLately())) place = old;
    else if (!mayFetch()) throw new SetupError(missingMessage([natsServer], []), 1);
    else place = await withSetupLock(say, () => search(say));
  }
  say(describe(place));
  if (!isSafeNats(place.version)) {
    say(
      `warning: nats-server ${place.version} has CVE-2025-30215 (a user may call admin APIs of other accounts): ` +
        "good enough for a demo on this machine, not for a server others reach; set NATS_SERVER_BIN to 2.10.27 or later",
    );
  }
  return place;
}
