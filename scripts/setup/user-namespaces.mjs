import { readFileSync } from "node:fs";
import { runProgram } from "./run-program.mjs";

function setting(name) {
  try {
    return readFileSync(`/proc/sys/${name.replaceAll(".", "/")}`, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Each kernel setting that can refuse them, with the command that allows them. */
function remedy() {
  if (setting("user.max_user_namespaces") === "0") return "type: sudo sysctl user.max_user_namespaces=15000";
  if (setting("kernel.unprivileged_userns_clone") === "0") {
    return "type: sudo sysctl kernel.unprivileged_userns_clone=1";
  }
  if (setting("kernel.apparmor_restrict_unprivileged_userns") === "1") {
    return "type: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0 (or give node and bwrap an AppArmor profile that allows userns)";
  }
  return "a container has to be started with a seccomp and AppArmor profile that allows them (for docker: --security-opt seccomp=unconfined --security-opt apparmor=unconfined)";
}

/** Only a warning: what needs no cell works without them, and the lab says it again where it matters. */
export function checkUserNamespaces(say, unshare) {
  const { ok, output } = runProgram(unshare, ["-Urmn", "true"]);
  if (ok) return;
  say(
    `warning: this kernel refuses user namespaces (${output.split("\n")[0]}); the lab's cells need them: ${remedy()}`,
  );
}
