# Looks for services of the host behind every gateway that engines use, and on loopback.
use strict; use warnings; use Socket; use IO::Select; use Errno;
my @hosts = ('127.0.0.1', '{{HOST}}', map { "172.$_.0.1" } 17 .. 31);
for my $host (@hosts) {
    for my $port ({{PORT}}, 22, 80, 2375, 2376, 7070, 7233, 8233) {
        socket(my $socket, PF_INET, SOCK_STREAM, 0) or die $!;
        $socket->blocking(0);
        next unless connect($socket, sockaddr_in($port, inet_aton($host))) || $!{EINPROGRESS};
        next unless IO::Select->new($socket)->can_write(0.05);
        print "gained: $host:$port is open\n" unless unpack('i', getsockopt($socket, SOL_SOCKET, SO_ERROR));
    }
}
exit 9;
