/**
 * What podman reads instead of the machine's own containers.conf: no sysctls (they need rights that a cell has not), no raised
 * limits, no volumes, devices or environment that a site gives to all of its containers.
 */
export const ENGINE_CONFIGURATION = `[containers]
default_sysctls = []
default_ulimits = []
volumes = []
devices = []
env = []
annotations = []
`;
