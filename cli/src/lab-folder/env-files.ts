import type { LabFile, LabNode } from "@redline/daemon";

/** Where the units look for what a lab folder holds for their machine. */
const ETC = "/etc/redline";

const urlsOf = ({ bus }: LabFile) => bus.servers.map((server) => `nats://${server}`).join(",");
const caLine = ({ bus }: LabFile, hasCa: boolean) =>
  bus.tls === "none" || !hasCa ? [] : [`REDLINE_NATS_CA_FILE=${ETC}/nats-ca.pem`];

/** Settings of a node's daemon, for its systemd unit. */
export function nodeEnv(lab: LabFile, node: LabNode, hasCa: boolean): string {
  return lines(
    `# ${ETC}/node.env of ${node.name}. Every setting is in deploy/systemd/node.env.example.`,
    `REDLINE_NODE=${node.name}`,
    `REDLINE_NATS_URLS=${urlsOf(lab)}`,
    ...caLine(lab, hasCa),
    `REDLINE_COORDINATOR_PUB=${ETC}/coordinator.pub`,
    ...(node.address === null
      ? ["# Address of this machine under which the other nodes reach it: fill it in.", "#REDLINE_ADVERTISE="]
      : [`REDLINE_ADVERTISE=${node.address}`]),
    "REDLINE_SLOTS=1",
    "REDLINE_SPECIMEN_DIRS=/srv/redline/specimens",
    "REDLINE_HTTP_LISTEN=127.0.0.1:8771",
  );
}

/** Settings of a coordinator, for its systemd unit. */
export function coordinatorEnv(lab: LabFile, name: string, hasCa: boolean): string {
  return lines(
    `# ${ETC}/coordinator.env of ${name}. Every setting is in deploy/systemd/coordinator.env.example.`,
    ...(lab.coordinators.length > 1 ? [`REDLINE_COORDINATOR_NAME=${name}`, "REDLINE_STANDBY=on"] : []),
    `REDLINE_NATS_URLS=${urlsOf(lab)}`,
    ...caLine(lab, hasCa),
    `REDLINE_NODES_FILE=${ETC}/lab.json`,
    "# HTTP besides the Unix socket; tokens are made with `redline token add`.",
    `REDLINE_HTTP_TOKENS_FILE=${ETC}/http-tokens`,
    "#REDLINE_HTTP_LISTEN=127.0.0.1:8770",
  );
}

const lines = (...all: readonly string[]) => `${all.join("\n")}\n`;
