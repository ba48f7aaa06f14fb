/** The lab's own nats-server: JetStream on the bridge's address, reachable from the lab's hosts alone. */
export function natsConfig(options: { storeDir: string; address: string }): string {
  return `# Written by redline lab.
listen: "${options.address}:4222"
server_name: redline-lab
max_payload: 1MB
ping_interval: "20s"
write_deadline: "10s"
jetstream {
  store_dir: ${JSON.stringify(options.storeDir)}
  max_memory_store: 64MB
  max_file_store: 1GB
}
`;
}
