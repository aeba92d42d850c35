# The other protocol, which rules are forgotten for.
use strict; use warnings; use Socket qw(:all);
for my $host (qw({{ADDRESSES6}} ::ffff:{{HOST}})) {
    socket(my $socket, PF_INET6, SOCK_STREAM, 0) or print("refused: $!\n"), next;
    local $SIG{ALRM} = sub { die "timeout\n" };
    my $done = eval { alarm 2; connect($socket, pack_sockaddr_in6({{PORT}}, inet_pton(AF_INET6, $host))) or die "$!\n"; 1 };
    alarm 0;
    print $done ? "gained: $host\n" : "refused: $host $@";
}
exit 9;
