# Time is the host's, and deadlines are kept by it.
use strict; use warnings;
my $past = pack 'q2', 1_000_000_000, 0;
print syscall(227, 0, $past) == 0 ? "gained: clock_settime\n" : "refused: clock_settime $!\n";
print syscall(164, $past, 0) == 0 ? "gained: settimeofday\n" : "refused: settimeofday $!\n";
exit 9;
