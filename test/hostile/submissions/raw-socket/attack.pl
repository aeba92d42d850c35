# Packets of its own making, and those of others.
use strict; use warnings; use Socket;
print socket(my $raw, PF_INET, SOCK_RAW, 1) ? "gained: a raw socket\n" : "refused: raw $!\n";
print socket(my $packet, 17, SOCK_RAW, 0x0300) ? "gained: a packet socket\n" : "refused: packet $!\n";
exit 9;
