// Makes this clone ready to run: node_modules, the system programs, a nats-server, and the manifest
// that tells the lab where they are. `npm test`, `npm run demo` and `npm run bench` start here.
//
// Exit codes: 0 ready, 1 something could not be had (the message says what to type),
// 2 this machine, this Node or this folder cannot be used as it is.
//
// REDLINE_SETUP_NO_FETCH=1: no program is installed or downloaded, only those at hand are used.

// No static imports and plain syntax only in this file: an old Node has to get as far as the message
// that says it is too old. The rest is imported after that check.
const MINIMUM_NODE = [20, 19];

function machineProblem() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor < MINIMUM_NODE[1])) {
    return `Node ${process.versions.node} is too old; install Node ${MINIMUM_NODE.join(".")} or newer (20, 22 or 24)`;
  }
  if (process.platform !== "linux") {
    return `this is ${process.platform}; Redline needs Linux (namespaces, nftables): use a Linux machine, a virtual machine or WSL 2`;
  }
  return undefined;
}

async function main() {
  const problem = machineProblem();
  if (problem !== undefined) {
    console.error(`setup: ${problem}`);
    return 2;
  }
  const { prepare } = await import("./setup/prepare.mjs");
  const { SetupError } = await import("./setup/setup-error.mjs");
  try {
    await prepare((line) => console.log(`setup: ${line}`));
    return 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`setup: ${error.message}`);
    return error.exitCode;
  }
}

main().then((code) => {
  process.exitCode = code;
});
