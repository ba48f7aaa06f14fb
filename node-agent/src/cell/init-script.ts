/**
 * PID 1 of a cell, a bash script. It is a string and not a file so that it is found the same way from `src` and
 * from `dist`. When it ends, for whatever reason, the kernel ends every process of the cell's PID namespace.
 *
 * Arguments: life and heartbeat limit in hundredths of a second, sshd's port in hex as /proc/net/tcp shows it, the
 * limits as words "-x=VALUE" of bash's ulimit, the folder for the specimen ("" for none; its tar stands on descriptor 5),
 * then sshd's command.
 *
 * Rules: no child may inherit stdin (the daemon's heartbeat) or stdout (what init tells the daemon). bash reaps orphans.
 */
export const INIT_SCRIPT = String.raw`
set -u
life=$1 heartbeat=$2 port=$3 limits=$4 plant=$5
shift 5

finish() { printf 'end %s\n' "$1"; exit 0; }

# Boot time: goes on while the machine sleeps, and nobody can set it.
clock() { local up; read -r up _ </proc/uptime; now=$((10#${"$"}{up/./})); }

listening() {
  local at state
  while read -r _ at _ state _; do
    [[ $state == 0A && $at == *:"$port" ]] && return 0
  done </proc/net/tcp
  return 1
}

# Ends the cell when it must not live on: its time is over, the daemon is silent or gone, sshd ended.
# Waits for a beat at most $1 hundredths of a second. Judges by the clock alone: a signal ends a read early, and
# the agent may send signals to init. While bash reads it reaps nobody, so the waits are short.
watch() {
  local seconds status
  clock
  ((now >= ends)) && finish ttl
  ((now - last >= heartbeat)) && finish heartbeat
  kill -0 "$sshd" 2>/dev/null || finish sshd
  printf -v seconds '0.%02d' "$1"
  read -r -t "$seconds" _
  status=$?
  if ((status == 0)); then last=$now
  elif ((status <= 128)); then finish eof
  fi
}

# What the daemon itself inherited, and did not mark close-on-exec, ends here. 255 is this script.
for fd in /proc/self/fd/*; do
  fd=${"$"}{fd##*/}
  ((fd > 2 && fd != 5 && fd != 255)) && exec {fd}>&-
done

# With a handler, not ignored: an ignored signal would stay ignored in all that the agent starts.
trap : HUP INT QUIT ILL TRAP ABRT BUS FPE SEGV USR1 USR2 PIPE ALRM TERM XCPU XFSZ VTALRM SYS

clock
ends=$((now + life))
# One that is lower already stays as it is; the daemon reads them all back.
for limit in $limits; do ulimit "${"$"}{limit%%=*}" "${"$"}{limit#*=}" 2>/dev/null; done

if [[ -n $plant ]]; then
  tar -C "$plant" --no-same-owner -xf - <&5 >/dev/null || finish plant
fi
exec 5<&-

"$@" </dev/null >/dev/null &
sshd=$!

last=$now
until listening; do watch 1; done
printf 'ready\n'
while :; do watch 25; done
`.trimStart();
