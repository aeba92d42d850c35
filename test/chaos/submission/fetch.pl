# Fetches the parts of a data set through the build's proxy, one after another: fetch.pl HOST PARTS FILE.
use strict; use warnings; use IO::Socket::INET;
my ($host, $parts, $file) = @ARGV;
my ($proxy) = ($ENV{http_proxy} // '') =~ m{//([^/]+)} or die "there is no http_proxy\n";
open my $data, '>', $file or die "$file: $!";
for my $part (1 .. $parts) {
    my $server = IO::Socket::INET->new(PeerAddr => $proxy) or die "connecting to $proxy: $!";
    print $server "GET http://$host/part-$part HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n";
    local $/;
    my ($head, $body) = split /\r\n\r\n/, <$server> // '', 2;
    die "part $part: " . ($head // 'no answer') . "\n" unless ($head // '') =~ m{^HTTP/1\.1 200 };
    print $data $body;
    print "part $part\n";
}
