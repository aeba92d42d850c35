/** What a guard prints when it stops its container. */
export const stoppedMark = 'the deadline has passed: SIGTERM';

/**
 * What a guard runs, in sh with coreutils and grep: `guard <container id> <deadline> <grace in ms>`. The deadline is Unix time in
 * ms, or `+ms` from the start of the container's first process, which it waits for. It is kept by the clock and not by one long
 * sleep, so that a machine that slept keeps it too. A container's first process is known by its number in its own process
 * namespace, its membership by the cgroup that the engine names after the container's id: no process id is remembered.
 */
export const guardScript: string = `
container=$1 deadline=$2 grace=$3

now() { date +%s%3N; }

nap() { sleep "$(($1 / 1000)).$(printf %03d "$(($1 % 1000))")"; }

first_process() {
  for file in $(grep -ls "$container" /proc/[0-9]*/cgroup); do
    grep -qsE '^NSpid:.*[[:space:]]1$' "\${file%/cgroup}/status" && basename "\${file%/cgroup}" && return
  done
  return 1
}

started_at() {
  ticks=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20)
  [ -n "$ticks" ] || { now; return; } # It has ended meanwhile.
  up=$(cut -d' ' -f1 /proc/uptime | tr -d .)
  echo "$(($(now) - up * 10 + ticks * 10))"
}

case $deadline in
+*)
  until pid=$(first_process); do nap 200; done
  deadline=$(($(started_at "$pid") + \${deadline#+}))
  ;;
esac

while left=$((deadline - $(now))); [ "$left" -gt 0 ]; do
  [ "$left" -lt 30000 ] || left=30000
  nap "$left"
done

kill -TERM "$(first_process)" 2>/dev/null || exit 0
echo "${stoppedMark}"
last=$(($(now) + grace))
while pid=$(first_process); do
  [ "$(now)" -lt "$last" ] || { echo "the grace has passed: SIGKILL"; kill -KILL "$pid"; }
  nap 200
done
exit 0
`;
