# Answers every request with 10 MB.
use strict;
use warnings;
use IO::Socket::INET;

$SIG{PIPE} = 'IGNORE';
my $server = IO::Socket::INET->new(LocalPort => 80, Listen => 64, ReuseAddr => 1) or die "listening: $!";
while (my $client = $server->accept) {
    my ($request, $length) = (scalar <$client> // '', 0);
    while (<$client>) { $length = $1 if /^content-length: (\d+)/i; last if /^\r?\n$/ }
    read($client, my $prompt, $length);
    my ($status, $body) = ('200 OK', '{"text":"' . 'x' x 10_000_000 . '"}');
    print $client "HTTP/1.1 $status\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body";
    close $client;
}
