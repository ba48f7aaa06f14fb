import type { Command } from "commander";
import { z } from "zod";
import type { Context } from "./context.ts";
import { optionsOf, type Act } from "./program-options.ts";

const text = z.string().optional();
const LAB = "lab folder (default: REDLINE_LAB_DIR, else this folder)";

/** Commands that make and change a lab folder: keys, certificates, who belongs to the lab, tokens. Call it after `trialCommands`. */
export function labFolderCommands(program: Command, context: Context, act: Act): void {
  initCommands(program, context, act);
  const node = program.commands.find((command) => command.name() === "node") ?? program.command("node");
  nodeCommands(node, context, act);
  tokenCommands(program, context, act);
}

function initCommands(program: Command, context: Context, act: Act): void {
  program
    .command("init")
    .argument("<dir>", "folder for the lab; made when it is not there")
    .summary("make a lab folder: keys, certificates, settings")
    .description(
      "Makes a lab of machines: one key a daemon, rights on the bus by least privilege, certificates, and a folder for each machine. Run again it adds what is missing and renews the certificate; nothing secret is ever written over.",
    )
    .option("--nodes <list>", "nodes, comma separated: NAME or NAME=ADDRESS")
    .option("--standby", "a second coordinator, coordinator-b", false)
    .option("--listen <host:port>", "where nats-server listens (default: 127.0.0.1:4222)")
    .option(
      "--server <host...>",
      "at which the daemons reach it, HOST or HOST:PORT; names of its certificate",
      [],
    )
    .option("--tls <kind>", "lab, site or none (default: lab beyond loopback, none on it)")
    .option("--tls-cert <file>", "with --tls site: certificate, as the server sees it")
    .option("--tls-key <file>", "with --tls site: its key, as the server sees it")
    .option("--tls-ca <file>", "with --tls site: CA that the daemons trust, read here")
    .option("--store-dir <dir>", "JetStream's files, as the server sees them (default: in the lab folder)")
    .option("--monitor <host:port>", "the server's status page; loopback only")
    .option("--server-version <x.y.z>", "of the nats-server that will run (default: of the one here)")
    .addHelpText(
      "after",
      "\nExample:\n  redline init lab --nodes alpha=192.0.2.21,beta=192.0.2.22 --listen 0.0.0.0:4222 --server nats.lab.example",
    )
    .action((dir: string, _, command: Command) =>
      act(async () => {
        const own = {
          nodes: text,
          standby: z.boolean(),
          listen: text,
          server: z.array(z.string()),
          tls: text,
        };
        const files = { tlsCert: text, tlsKey: text, tlsCa: text, storeDir: text };
        const options = optionsOf(command, { ...own, ...files, monitor: text, serverVersion: text });
        const { initCommand } = await import("./commands/init.ts");
        return initCommand(context, dir, options);
      }),
    );
}

function nodeCommands(node: Command, context: Context, act: Act): void {
  node
    .command("add")
    .argument("<name>", "name of the new node")
    .description("Lets a machine join the lab: a key, rights on the bus, and a folder to take there.")
    .option("--lab <dir>", LAB)
    .option("--address <address>", "at which the other nodes reach the machine")
    .option("--public-key <key>", "its NKey user's public key, when the seed was made on the machine")
    .addHelpText("after", "\nExample:\n  redline node add delta --lab lab --address 192.0.2.24")
    .action((name: string, _, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { lab: text, address: text, publicKey: text });
        const { nodeAdd } = await import("./commands/node-add.ts");
        return nodeAdd(context, name, options);
      }),
    );
  node
    .command("remove")
    .argument("<name>", "name of the node")
    .description(
      "Revokes a node: its connection ends at once, its attempts are lost and tried elsewhere, what it sends is dropped. Its name is not given again. Exit code 4 while nats-server was not told.",
    )
    .option("--lab <dir>", LAB)
    .requiredOption("--why <text>", "reason, kept in lab.json")
    .addHelpText("after", '\nExample:\n  redline node remove beta --lab lab --why "sold"')
    .action((name: string, _, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { lab: text, why: z.string() });
        const { nodeRemove } = await import("./commands/node-remove.ts");
        return nodeRemove(context, name, options);
      }),
    );
}

function tokenCommands(program: Command, context: Context, act: Act): void {
  const token = program
    .command("token")
    .summary("tokens of the coordinator's HTTP API")
    .description("Makes, lists and removes tokens of the coordinator's HTTP API on TCP.");
  const own = { file: text, lab: text };
  token
    .command("add")
    .argument("<name>", "whose it is; stands in records as who did something")
    .requiredOption("--role <role>", "reader: may look; operator: may also change")
    .option("--file <file>", "tokens file (default: those of the lab folder)")
    .option("--lab <dir>", LAB)
    .description("Prints a new token, once. Only its digest is kept.")
    .addHelpText(
      "after",
      "\nExample:\n  (umask 077; redline token add ann --role operator --lab lab >ann.token)",
    )
    .action((name: string, _, command: Command) =>
      act(async () => {
        const { tokenAdd } = await import("./commands/token-add.ts");
        return tokenAdd(context, name, optionsOf(command, { ...own, role: z.string() }));
      }),
    );
  token
    .command("list")
    .option("--file <file>", "tokens file (default: that of the lab folder)")
    .option("--lab <dir>", LAB)
    .description("Names and roles of the tokens.")
    .action((_, command: Command) =>
      act(async () => {
        const { tokenList } = await import("./commands/token-list.ts");
        return tokenList(context, optionsOf(command, own));
      }),
    );
  token
    .command("remove")
    .argument("<name>", "whose token")
    .option("--file <file>", "tokens file (default: those of the lab folder)")
    .option("--lab <dir>", LAB)
    .description("Removes a token; the coordinator refuses it from the next request on.")
    .action((name: string, _, command: Command) =>
      act(async () => {
        const { tokenRemove } = await import("./commands/token-remove.ts");
        return tokenRemove(context, name, optionsOf(command, own));
      }),
    );
}
