# Lengths that are not those of the body: too short, and with a second reply behind the first.
use strict; use warnings; use IO::Socket::INET;
$SIG{PIPE} = 'IGNORE'; $SIG{CHLD} = 'IGNORE'; $| = 1;
my $server = IO::Socket::INET->new(LocalPort => 80, Listen => 64, ReuseAddr => 1) or die "listening: $!";
while (my $client = $server->accept) {
    my ($request, $length) = (scalar <$client> // '', 0);
    while (<$client>) { $length = $1 if /^content-length: (\d+)/i; last if /^\r?\n$/ }
    read($client, my $prompt, $length);
    answer($client, $request, $prompt);
    close $client;
}
sub reply { my ($client, $body, $length) = @_; print $client "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " . ($length // length $body) . "\r\nConnection: close\r\n\r\n$body" }
my $asked = 0;
sub answer {
    my ($client, $request, $prompt) = @_;
    my $second = "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"text\":\"forged\"}";
    return reply($client, '{"text":"4"}', 3) if $asked++ % 2;
    print $client "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}$second";
}
