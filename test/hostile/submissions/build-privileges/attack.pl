# Steps of a build run with more rights than trainings: apt needs them. What would reach the machine is refused all the same.
use strict; use warnings;
print syscall(165, 'proc', '/mnt', 'proc', 0, 0) == 0 ? "gained: mount\n" : "refused: mount $!\n";
print syscall(272, 0x00020000) == 0 ? "gained: a mount namespace\n" : "refused: unshare $!\n";
print syscall(250, 0, -4, 0, 0, 0) > 0 ? "gained: keyctl\n" : "refused: keyctl $!\n";
print syscall(227, 0, pack('q2', 1_000_000_000, 0)) == 0 ? "gained: the clock\n" : "refused: the clock $!\n";
print syscall(321, 0, 0, 0) >= 0 ? "gained: bpf\n" : "refused: bpf $!\n";
print syscall(175, 0, 0, '') == 0 ? "gained: a kernel module\n" : "refused: init_module $!\n";
system 'mknod', '/disk', 'b', '254', '0';
print open(my $disk, '<', '/disk') ? "gained: a disk\n" : "refused: the disk $!\n";
print -S '/var/run/docker.sock' ? "gained: the engine\n" : "refused: no engine\n";
my $seen = grep { /^\d+$/ } map { s{.*/}{}r } glob '/proc/[0-9]*';
print $seen > 3 ? "gained: sees $seen processes\n" : "refused: sees $seen processes, its own\n";
exit 9;
