/**
 * What PID 1 of a container does before it becomes init: it says `here` and waits for `go`, so that the daemon can look at the
 * kernel's word on the container, give it its link and lay out its home while nothing of the specimen runs. Anything but `go`,
 * or no beat for the limit, ends the container. Arguments: the limit in seconds, the specimen's tar ("" for none), the folder for it, then init.
 */
export const GATE = String.raw`
printf 'here\n'
while read -r -t "$1" word; do [[ $word == go ]] && break; done
[[ $word == go ]] || exit 0
if [[ -n $2 ]]; then exec 5<"$2" && mkdir -p "$3" || exit 0; fi
shift 3
exec "$@"
`.trim();

export const GATE_OPEN = "go\n";

/** The specimen's tar as the container sees it; emptied by the daemon when init has unpacked it. */
export const PLANT_TAR = "/opt/redline/plant.tar";
