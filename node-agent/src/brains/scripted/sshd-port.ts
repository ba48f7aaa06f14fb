import type { Shape } from "@redline/shared";
import { copyFolderOnly, FIRST_PORTS } from "./copy-commands.ts";
import { copyDecoy } from "./copy-decoy.ts";

/** The agent of the copy, and on its model port a real SSH server, as the end of a tunnel would be. */
export const sshdPort = copyDecoy(
  (shape) => ({ model: startSshd(shape), healthy: '"status":"ok"' }),
  copyFolderOnly,
);

/** sshd goes into the background by itself once it listens; it wants its own path in full. */
const startSshd = (shape: Shape) => `mkdir ~/sshd && ssh-keygen -q -t ed25519 -N '' -f ~/sshd/key
cat > ~/sshd/config <<END_OF_CONFIG
Port ${FIRST_PORTS[shape].model}
ListenAddress 127.0.0.1
HostKey $HOME/sshd/key
PidFile none
UsePAM no
AuthenticationMethods publickey
AllowTcpForwarding no
END_OF_CONFIG
for sshd in /usr/sbin/sshd /opt/redline/tools/*/sshd; do
  if [ -x $sshd ]; then $sshd -f ~/sshd/config -E ~/sshd/log; break; fi
done`;
