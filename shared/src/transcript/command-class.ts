import type { ShellCommand } from "./shell-command.ts";

/**
 * The four kinds of command of arXiv:2412.12140, Fig. 8. The paper prints shares and no list of programs: which program is of which
 * kind is this file's reading.
 */
export const COMMAND_CLASSES = ["exploring", "changing", "executing", "utilities"] as const;
export type CommandClass = (typeof COMMAND_CLASSES)[number];

const words = (text: string) => new Set(text.split(/\s+/));
const EXPLORING = words(
  `ls dir tree find locate fd which whereis type cat head tail less more bat nl grep egrep fgrep rg ag zgrep ps top htop pgrep pidof
  pstree lsof ss netstat ip ifconfig route arp df du free uname hostname whoami id groups w who last uptime lscpu lsblk lsmod lspci
  nvidia-smi printenv env stat file wc md5sum sha256sum sha1sum cksum diff cmp strings hexdump xxd od readlink realpath pwd history
  jobs dmesg journalctl getent ping nmap masscan nc ncat netcat telnet dig nslookup host traceroute tracepath sysctl ulimit nproc curl
  strace ltrace getconf lsns findmnt numactl vmstat iostat findstr`,
);
const CHANGING = words(
  `cp mv rm rmdir mkdir touch ln chmod chown chgrp install dd truncate tee tar zip unzip gzip gunzip bzip2 xz zstd scp sftp rsync
  kill pkill killall fuser export source . apt apt-get aptitude yum dnf apk pacman brew snap dpkg rpm useradd usermod userdel passwd
  crontab at mount umount iptables nft ufw reboot shutdown halt poweroff init telinit ssh-keygen ssh-copy-id wget patch ed vi vim nano
  emacs mkfifo mknod setcap alias unalias swapon swapoff modprobe insmod tc virtualenv venv pip pip3 conda mamba poetry git hg svn
  service chattr split aria2c axel`,
);
const EXECUTING = words(
  `python python2 python3 node nodejs deno bun bash sh dash zsh ash ksh perl ruby java php lua Rscript uvicorn gunicorn hypercorn flask
  fastapi streamlit gradio vllm ollama llama-server llama-cli torchrun accelerate deepspeed npm npx yarn pnpm make cmake gcc g++ cc go
  cargo rustc docker podman tmux screen parallel uv pm2 supervisord start-stop-daemon daemonize systemd-run`,
);
const UTILITIES = words(
  `cd pushd popd dirs echo printf sleep wait date cal true false : test [ [[ exit return break continue shift set unset shopt read
  mapfile readarray clear reset seq sort uniq cut paste tr awk gawk mawk sed basename dirname xargs base64 jq yq bc expr let local
  declare typeset readonly trap disown bg fg yes man info help ssh ssh-add ssh-agent hash time tput tac rev column fold logout stty
  getopts umask exec eval command builtin times caller comm join shuf fmt`,
);

/** Programs that look or change by what they are told first. */
const LOOKS: Readonly<Record<string, RegExp>> = {
  ...Object.fromEntries(
    ["pip", "pip3", "conda", "mamba"].map((p) => [p, /^(list|show|freeze|search|check|info|config)$/]),
  ),
  git: /^(status|log|diff|show|branch|remote|ls-files|rev-parse|describe|blame)$/,
  apt: /^(list|search|show)$/,
  "apt-get": /^(--version|check)$/,
  dpkg: /^(-l|-s|-L|-S|--list|--status)$/,
  rpm: /^-q/,
  npm: /^(ls|list|view|outdated)$/,
  docker: /^(ps|images|inspect|logs|info|version|stats|top)$/,
  podman: /^(ps|images|inspect|logs|info|version|stats|top)$/,
  ollama: /^(list|ps|show)$/,
  service: /^(--status-all)$/,
  crontab: /^-l$/,
  mount: /^(-l|-t)$/,
  iptables: /^(-L|-S|-nL)$/,
  tmux: /^(ls|list-sessions|capture-pane)$/,
  screen: /^-(ls|list)$/,
  tar: /^-?-?(t[vzjf]*|list)$/,
  unzip: /^-l$/,
};

/** Class of one command. `known` is false for a program of no list: it is taken as something that is run. */
export function classOfCommand(command: ShellCommand): {
  readonly is: CommandClass;
  readonly known: boolean;
} {
  const is = byProgram(command);
  if (is === null) return { is: "executing", known: command.name.includes("/") };
  // Whatever prints into a file changes something; what a started program logs does not make it another thing.
  return { is: is !== "executing" && command.writes.length > 0 ? "changing" : is, known: true };
}

function byProgram({ program, args, writes, input, name }: ShellCommand): CommandClass | null {
  const looks = LOOKS[program];
  const first = args.find((a) => !a.startsWith("-")) ?? "";
  if (program === "") return writes.length > 0 ? "changing" : "utilities";
  if (
    looks !== undefined &&
    Object.hasOwn(LOOKS, program) &&
    (looks.test(args[0] ?? "") || looks.test(first))
  )
    return "exploring";
  if (program === "systemctl") return /^(status|list|is-|show|cat)/.test(first) ? "exploring" : "changing";
  if (program === "mount" && args.length === 0) return "exploring";
  if (program === "kill" && args.some((a) => a === "-0" || a === "-l")) return "exploring";
  if (program === "fuser") return args.includes("-k") ? "changing" : "exploring";
  if (program === "sed" || program === "perl")
    if (args.some((a) => /^(-i|-[a-z]*i$|--in-place)/.test(a))) return "changing";
  if (program === "find" && args.includes("-delete")) return "changing";
  if (program === "curl")
    return args.some((a) => /^(-[a-zA-Z]*[oO]|--output|--remote-name)/.test(a)) ? "changing" : "exploring";
  if (program === "wget")
    return args.some((a) => /^-[a-z]*O-?$|^--spider$/.test(a)) && !args.some((a) => /^-O[^-]/.test(a))
      ? "exploring"
      : "changing";
  if (/^python[\d.]*$/.test(program) && args[0] === "-m" && /^(pip|venv|virtualenv)$/.test(args[1] ?? ""))
    return /^(list|show|freeze|check)$/.test(args[2] ?? "") ? "exploring" : "changing";
  if (
    /^(python[\d.]*|node|java|pip3?|npm)$/.test(program) &&
    /^(-v|-V|--version|-version)$/.test(args[0] ?? "")
  )
    return "exploring";
  if ((program === "bash" || program === "sh") && args.length === 0 && input === "") return "utilities";
  if (/^python[\d.]+$/.test(program) || EXECUTING.has(program)) return "executing";
  if (EXPLORING.has(program)) return "exploring";
  if (CHANGING.has(program)) return "changing";
  if (UTILITIES.has(program)) return "utilities";
  return /^[\w./+-]+$/.test(name) ? null : "utilities";
}
