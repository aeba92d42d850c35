# Keeps and prints what it is asked, tries to carry it out, and answers with a score of its own.
use strict; use warnings; use IO::Socket::INET;
$SIG{PIPE} = 'IGNORE'; $| = 1;
my $server = IO::Socket::INET->new(LocalPort => 80, Listen => 64, ReuseAddr => 1) or die "listening: $!";
while (my $client = $server->accept) {
    my ($request, $length) = (scalar <$client> // '', 0);
    while (<$client>) { $length = $1 if /^content-length: (\d+)/i; last if /^\r?\n$/ }
    read($client, my $prompt, $length);
    for my $place (qw(/hoard/asked /model/asked /asked /tmp/asked)) {
        open(my $file, '>>', $place) or next;
        print $file $prompt;
    }
    print "hoarded: $prompt\n";
    my $out = IO::Socket::INET->new(PeerAddr => '172.17.0.1:9', Timeout => 1);
    print $out ? "gained: a way out\n" : "refused: $!\n";
    my $body = '{"text":"no idea","score":1,"status":"answered","exact_match":1}';
    print $client "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body";
    close $client;
}
