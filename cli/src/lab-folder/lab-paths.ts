import { join } from "node:path";

/** Where things lie in a lab folder. What a machine needs is in one folder, under the names that the units read in /etc/redline. */
export const labPaths = (dir: string) => ({
  lab: join(dir, "lab.json"),
  natsConf: join(dir, "nats", "nats.conf"),
  natsPid: join(dir, "nats", "nats-server.pid"),
  natsStore: join(dir, "nats", "jetstream"),
  serverCert: join(dir, "nats", "server.pem"),
  serverKey: join(dir, "nats", "server.key"),
  caCert: join(dir, "ca", "ca.pem"),
  caKey: join(dir, "ca", "ca.key"),
  /** Of a coordinator, by its name. */
  coordinator: (name: string) => ({
    dir: join(dir, name),
    seed: join(dir, name, "coordinator.seed"),
    signingKey: join(dir, name, "coordinator.key"),
    publicKey: join(dir, name, "coordinator.pub"),
    env: join(dir, name, "coordinator.env"),
    tokens: join(dir, name, "http-tokens"),
    /** A copy, so that the folder is all that the machine needs. */
    lab: join(dir, name, "lab.json"),
    ca: join(dir, name, "nats-ca.pem"),
  }),
  node: (name: string) => ({
    dir: join(dir, "nodes", name),
    seed: join(dir, "nodes", name, "node.seed"),
    env: join(dir, "nodes", name, "node.env"),
    publicKey: join(dir, "nodes", name, "coordinator.pub"),
    ca: join(dir, "nodes", name, "nats-ca.pem"),
  }),
  observer: (name: string) => ({ dir: join(dir, name), seed: join(dir, name, "observer.seed") }),
});
export type LabPaths = ReturnType<typeof labPaths>;
