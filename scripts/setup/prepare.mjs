import { saveVersions } from "./find-program.mjs";
import { writeManifest } from "./manifest.mjs";
import { provideNatsServer } from "./nats-server.mjs";
import { provideNodeModules } from "./node-modules.mjs";
import { provideSystemPrograms } from "./system-programs.mjs";
import { checkUserNamespaces } from "./user-namespaces.mjs";

/** @param {(line: string) => void} say one line for each thing done or found */
export async function prepare(say) {
  await provideNodeModules(say);
  const programs = await provideSystemPrograms(say);
  const nats = await provideNatsServer(say);
  writeManifest({ "nats-server": nats, ...Object.fromEntries(programs) });
  saveVersions();
  checkUserNamespaces(say, programs.get("unshare").path);
}
