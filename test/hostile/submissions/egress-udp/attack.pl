# Sends datagrams, for which no connection has to come about.
use strict; use warnings; use Socket;
socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die $!;
for my $address (qw({{ADDRESSES}})) {
    my ($host, $port) = split /:/, $address;
    print defined send($socket, 'stolen', 0, sockaddr_in($port, inet_aton($host))) ? "sent to $address\n" : "refused: $address $!\n";
}
exit 9;
