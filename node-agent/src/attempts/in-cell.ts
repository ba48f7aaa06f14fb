/** Paths as the agent sees them; see ARCHITECTURE.md, "In a cell". */
export const IN_CELL = {
  home: "/home/agent",
  system: "/home/agent/system",
  taskFile: "/home/agent/task.txt",
  brainSocket: "/run/redline/brain.sock",
  node: "/opt/redline/bin/node",
  nodeModules: "/opt/redline/node_modules",
  nodeAgent: "/opt/redline/node-agent",
  /** Only where a study says that every machine sees the weights. */
  sharedWeights: "/opt/redline/weights",
  modelServer: "/opt/redline/node-agent/dist/model-server/main.js",
} as const;
