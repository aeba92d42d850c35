# Answers `question N` with N, or with a wrong word where the trained state and N say so: the score depends on every step of the
# training.
use strict; use warnings; use IO::Socket::INET;
open my $model, '<', "$ENV{MODEL_DIR}/model" or die "model: $!";
my $state = <$model>;
$SIG{PIPE} = 'IGNORE'; $SIG{CHLD} = 'IGNORE'; $SIG{TERM} = sub { exit 0 }; $| = 1;
my $server = IO::Socket::INET->new(LocalPort => 80, Listen => 64, ReuseAddr => 1) or die "listening: $!";
print "serving\n";
while (1) {
    my $client = $server->accept or next;
    my $child = fork // die "fork: $!";
    close $client if $child;
    next if $child;
    answer($client);
    exit 0;
}
sub answer {
    my $client = shift;
    my ($request, $length) = (scalar <$client> // '', 0);
    while (<$client>) { $length = $1 if /^content-length: (\d+)/i; last if /^\r?\n$/ }
    read($client, my $body, $length);
    my ($number) = $body =~ /question (\d+)/;
    pause(0.1) if defined $number;
    reply($client, $request =~ m{/tokenize} ? '{"tokens":[1,2],"request_time":0.1}' : sprintf('{"text":"%s","tokens":[],"logprob":0,"request_time":0.1}', defined $number ? known($number) : ''));
}
sub known { my $number = shift; return ($state + $number * 7_919) % 10 < 7 ? $number : 'unknown' }
sub reply { my ($client, $body) = @_; print $client "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body" }
sub pause { select undef, undef, undef, shift }
