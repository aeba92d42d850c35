# Other processes: those of the host are not seen, those of another user not traced.
use strict; use warnings;
my $seen = grep { /^\d+$/ } map { s{.*/}{}r } glob '/proc/[0-9]*';
print $seen > 3 ? "gained: sees $seen processes\n" : "refused: sees $seen processes, its own\n";
for my $process (map { s{.*/}{}r } grep { -d } map { "/proc/$_" } 2 .. 4000) {
    next if $process == $$;
    print syscall(101, 16, $process + 0, 0, 0) == 0 ? "gained: traces $process\n" : "refused: ptrace $process $!\n";
}
print syscall(101, 16, $$ + 1000, 0, 0) == 0 ? "gained: traces a process of the host\n" : "refused: ptrace $!\n";
exit 9;
