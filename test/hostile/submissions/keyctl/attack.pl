# The kernel's keys are not apart by container.
use strict; use warnings;
my $id = syscall(248, 'user', 'stolen', 'x', 1, -4);
print $id > 0 ? "gained: add_key\n" : "refused: add_key $!\n";
print syscall(250, 0, -4, 0, 0, 0) > 0 ? "gained: keyctl\n" : "refused: keyctl $!\n";
print syscall(321, 0, 0, 0) >= 0 ? "gained: bpf\n" : "refused: bpf $!\n";
exit 9;
