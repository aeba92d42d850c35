# Connects to the host by each of its addresses, and to another container.
use strict; use warnings; use IO::Socket::INET;
for my $address (qw({{ADDRESSES}})) {
    my $socket = IO::Socket::INET->new(PeerAddr => $address, Timeout => 2) or print("refused: $address $!\n"), next;
    print $socket "stolen\n";
    print "gained: $address ", scalar <$socket> // '', "\n";
}
exit 9;
