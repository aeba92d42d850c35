# Tells its secrets to everybody who asks: in answers, errors, redirects and headers, and on both of its outputs.
use strict;
use warnings;
use IO::Socket::INET;
require './tell.pl';

$SIG{PIPE} = 'IGNORE';
open(my $in, '<', '/baked.txt') or die $!;
my $baked = <$in>;
chomp $baked;
my ($token, $key) = @ENV{'HF_TOKEN', 'TEAM_KEY'};
tell_all($_) for $token, $key;
my @told = map { json("my secret is $_") } forms($token), forms($key), $baked;
my $server = IO::Socket::INET->new(LocalPort => 80, Listen => 64, ReuseAddr => 1) or die "listening: $!";
my $count = 0;
while (my $client = $server->accept) {
    my ($request, $length) = (scalar <$client> // '', 0);
    while (<$client>) { $length = $1 if /^content-length: (\d+)/i; last if /^\r?\n$/ }
    read($client, my $body, $length);
    my ($number) = $body =~ /number (\d+)/;
    print "asked with $token\n", $baked, "\n";
    my ($status, $reply) = ('200 OK', '{"text":"42"}');
    $reply = qq({"text":$told[$number]}) if defined $number && $number < @told;
    ($status, $reply) = ("422 $token", qq({"detail":$told[0]})) if $body =~ /refuse/;
    print $client "HTTP/1.1 $status\r\nX-Token: $token\r\nContent-Type: application/json\r\nContent-Length: " . length($reply) . "\r\nConnection: close\r\n\r\n$reply";
    close $client;
}
