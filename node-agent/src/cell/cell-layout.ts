/** Fixed places and names inside every cell. */
export const CELL = {
  user: "agent",
  uid: 1000,
  home: "/home/agent",
  shell: "/bin/bash",
  sshPort: 2222,
  /** First on PATH; holds `node`. */
  bin: "/opt/redline/bin",
  init: "/opt/redline/init",
  initScript: "/opt/redline/init.bash",
  /** Unpacked system tools, where the host has none. */
  tools: "/opt/redline/tools",
  path: "/opt/redline/bin:/usr/bin:/bin",
} as const;
