# Whoever has the engine has the machine.
use strict; use warnings; use IO::Socket::UNIX; use File::Find;
my @found;
find({ no_chdir => 1, wanted => sub { -S $_ and push @found, $_ } }, grep { -d } qw(/run /var/run /tmp /var/lib /mnt /host));
print "gained: $_\n" for @found;
print "refused: there is no socket\n" unless @found;
exit 9;
