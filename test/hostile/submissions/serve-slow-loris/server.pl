# A byte a second, for ever.
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
sub answer {
    my ($client, $request, $prompt) = @_;
    return reply($client, '{}') if $request =~ /^GET/;
    return if fork;
    print $client "HTTP/1.1 200 OK\r\n";
    $client->flush, sleep 1 while print $client "X-Slow: loris\r\n";
    exit;
}
