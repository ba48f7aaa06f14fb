const util = { apt: "util-linux", dnf: "util-linux", pacman: "util-linux", zypper: "util-linux" };
const iproute = { apt: "iproute2", dnf: "iproute", pacman: "iproute2", zypper: "iproute2" };
const sshClient = {
  apt: "openssh-client",
  dnf: "openssh-clients",
  pacman: "openssh",
  zypper: "openssh-clients",
};
const sshServer = {
  apt: "openssh-server",
  dnf: "openssh-server",
  pacman: "openssh",
  zypper: "openssh-server",
};
const same = (name) => ({ apt: name, dnf: name, pacman: name, zypper: name });

/**
 * The programs the lab and the tests start, and the package that brings each.
 * `version`: the arguments that make it print its version, and where in its output it stands.
 * nats-server is not here: it has an order of its own (nats-server.mjs).
 */
export const programs = [
  { name: "bwrap", packages: same("bubblewrap"), version: [["--version"], /bubblewrap (\S+)/] },
  { name: "nft", packages: same("nftables"), version: [["--version"], /nftables v(\S+)/] },
  { name: "ip", packages: iproute, version: [["-V"], /iproute2-([\w.]+)/] },
  { name: "ss", packages: iproute, version: [["-V"], /iproute2-([\w.]+)/] },
  // sshd has no version option before 9.8: an unknown option makes it print the version and its usage.
  { name: "sshd", packages: sshServer, version: [["-V"], /OpenSSH_([\w.]+)/] },
  { name: "ssh", packages: sshClient, version: [["-V"], /OpenSSH_([\w.]+)/] },
  // ssh-keygen has none at all; its usage line shows that it runs, and it is given the version of ssh.
  { name: "ssh-keygen", packages: sshClient, version: [["-?"], /usage: ssh-(keygen)/] },
  { name: "unshare", packages: util, version: [["--version"], /util-linux (\S+)/] },
  { name: "nsenter", packages: util, version: [["--version"], /util-linux (\S+)/] },
  { name: "setpriv", packages: util, version: [["--version"], /util-linux (\S+)/] },
  { name: "mount", packages: { ...util, apt: "mount" }, version: [["--version"], /util-linux (\S+?)[\s)]/] },
  { name: "bash", packages: same("bash"), version: [["--version"], /version (\d[\d.]*)/] },
  { name: "tar", packages: same("tar"), version: [["--version"], /tar\D* (\d[\d.]*)/] },
];

export const natsServer = {
  name: "nats-server",
  packages: { apt: "nats-server", pacman: "nats-server" },
  version: [["--version"], /v(\d+\.\d+\.\d+)/],
};
