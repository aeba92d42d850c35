# mount(2), unshare(2) of namespaces, pivot_root(2): the way out over file systems.
use strict; use warnings;
print syscall(165, 'proc', '/mnt', 'proc', 0, 0) == 0 ? "gained: mount\n" : "refused: mount $!\n";
print syscall(272, 0x00020000) == 0 ? "gained: a mount namespace\n" : "refused: unshare $!\n";
print syscall(272, 0x10000000) == 0 ? "gained: a user namespace\n" : "refused: a user namespace $!\n";
print open(my $core, '>', '/proc/sys/kernel/core_pattern') ? "gained: core_pattern\n" : "refused: core_pattern $!\n";
print open(my $trigger, '>', '/proc/sysrq-trigger') ? "gained: sysrq\n" : "refused: sysrq $!\n";
print open(my $release, '>', '/sys/fs/cgroup/memory/release_agent') ? "gained: release_agent\n" : "refused: release_agent $!\n";
exit 9;
