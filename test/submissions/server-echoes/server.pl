# Tells everybody what it is asked: in its answers, in errors, redirects and headers, on both of its outputs, and as its last words.
use strict;
use warnings;
use IO::Socket::INET;

$| = 1;
$SIG{PIPE} = 'IGNORE';
my $server = IO::Socket::INET->new(LocalPort => 80, Listen => 64, ReuseAddr => 1) or die "listening: $!";
my $count = 0;
while (my $client = $server->accept) {
    my ($request, $length) = (scalar <$client> // '', 0);
    while (<$client>) { $length = $1 if /^content-length: (\d+)/i; last if /^\r?\n$/ }
    read($client, my $body, $length);
    my ($prompt) = $body =~ /"prompt":"((?:[^"\\]|\\.)*)"/;
    $prompt //= '';
    print "asked: $prompt\n";
    print STDERR "ERROR: $prompt\n";
    die "FATAL: $prompt\n" if $prompt =~ /last words/;
    $count += 1 if $prompt ne '';
    my ($status, $extra) = ('200 OK', '');
    my $reply = qq({"text":"You asked: $prompt","tokens":[],"logprob":0,"request_time":0});
    if ($prompt =~ /refuse/) { ($status, $reply) = ("422 $prompt", qq({"detail":"$prompt"})) }
    if ($prompt =~ /send away/) { ($status, $extra) = ('302 Found', "Location: http://example.org/?q=$prompt\r\n") }
    if ($prompt =~ /babble/) { $reply = "no JSON: $prompt" }
    print $client "HTTP/1.1 $status\r\nX-Prompt: $prompt\r\n${extra}Content-Type: application/json\r\nContent-Length: " . length($reply) . "\r\nConnection: close\r\n\r\n$reply";
    close $client;
}
