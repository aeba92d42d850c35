/**
 * What door and gate of a training's network run (network.ts): Perl with nothing but perl-base, since every Debian has it. Each
 * connection is a process of its own, so that none waits for another's look-up of a name.
 *
 * `door PORT SOCKET` passes every connection to 127.0.0.1:PORT on to a Unix socket. `gate SOCKET`, or `gate PORT`, is a forward proxy:
 * plain HTTP in absolute form, one request a connection, and CONNECT. It goes out only to addresses outside CLOSED (subnets) unless
 * `host:port` stands in OPEN, through the operator's proxies HTTP_UPSTREAM and HTTPS_UPSTREAM (`host:port credentials`) where
 * there are any, and prints a line of JSON when a connection begins, is refused, or has ended.
 */
export const networkProgram = String.raw`
use strict; use warnings;
use Socket qw(:DEFAULT inet_pton getaddrinfo getnameinfo NI_NUMERICHOST NIx_NOSERV); use POSIX qw(:sys_wait_h); use Fcntl; use Errno qw(EAGAIN EINTR);
use constant { MOST => 256, PORTION => 65536, HEAD => 65536, HEAD_S => 60, DIAL_S => 20, SILENT_S => 3600 };
$SIG{PIPE} = 'IGNORE'; $| = 1;
my ($mode, @place) = @ARGV;
my (%children, $ending);
my $server = $place[0] =~ m{^/} ? unix_server($place[0]) : inet_server($place[0], $mode eq 'door' ? INADDR_LOOPBACK : INADDR_ANY);
my $handle = $mode eq 'door' ? sub { through($_[0], $place[1]) } : \&proxied;
$SIG{TERM} = sub { $ending = 1; kill TERM => keys %children };
print "ready\n";
until ($ending) {
  while ((my $pid = waitpid(-1, WNOHANG)) > 0) { delete $children{$pid} }
  my $ready = '';
  vec($ready, fileno $server, 1) = 1 if keys(%children) < MOST;
  next unless select($ready, undef, undef, 0.5) > 0;
  accept(my $client, $server) or next;
  my $pid = fork();
  if (!defined $pid) { sleep 1 }
  elsif ($pid == 0) { close $server; $SIG{TERM} = sub { die "ended\n" }; eval { $handle->($client) }; POSIX::_exit(0) }
  else { $children{$pid} = 1 }
}
while (waitpid(-1, 0) > 0) { }
sub inet_server {
  socket(my $s, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
  setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
  bind($s, sockaddr_in($_[0], $_[1])) or die "bind: $!";
  listen($s, 256) or die "listen: $!";
  return $s;
}
sub unix_server {
  unlink $_[0];
  socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
  bind($s, sockaddr_un($_[0])) or die "bind: $!";
  chmod 0666, $_[0];
  listen($s, 256) or die "listen: $!";
  return $s;
}
sub through {
  my ($client, $path) = @_;
  # A gate that is started again is back within a second or two.
  for (1 .. 40) {
    socket(my $far, PF_UNIX, SOCK_STREAM, 0) or return;
    return pump($client, $far, {}) if connect($far, sockaddr_un($path));
    select(undef, undef, undef, 0.25);
  }
}
sub proxied {
  my $client = shift;
  my ($head, $rest) = head_of($client) or return;
  my ($method, $url, $lines) = $head =~ m{^([A-Z]+) (\S+) HTTP/1\.[01]\r\n(.*)\z}s or return answer($client, 400, 'this is a proxy: ask it for http:// addresses, or CONNECT');
  my ($host, $port, $path) = $method eq 'CONNECT' ? $url =~ m{^(.+):(\d+)$} : $url =~ m{^http://(?:[^/@]*@)?(\[[^\]]*\]|[^/:?]+)(?::(\d+))?([/?].*)?$}i;
  return answer($client, 400, 'this is a proxy: ask it for http:// addresses, or CONNECT') unless defined $host && length $host <= 255;
  $port //= 80; $path //= '/'; $path = "/$path" if $path =~ /^\?/;
  $host = lc($host =~ s/^\[|\]$//gr);
  my %about = (method => $method, host => $host, port => $port, connection => "$$-" . time);
  # What follows the question mark may prove who asks.
  $about{path} = substr($path =~ s/\?.*//sr, 0, 1000) if $method ne 'CONNECT';
  my ($upstream, $credentials) = split / /, $ENV{$method eq 'CONNECT' ? 'HTTPS_UPSTREAM' : 'HTTP_UPSTREAM'} // '';
  my $far = eval { $upstream ? dial_upstream($upstream, $host, $port) : dial($host, $port, \%about) };
  if (!$far) {
    chomp(my $reason = $@);
    say_json(%about, refused => $reason);
    return answer($client, $reason =~ /may not/ ? 403 : 502, "$host:$port: $reason");
  }
  say_json(%about);
  my %count = (up => 0, down => 0);
  my $began = time;
  eval {
    my $authorised = $credentials ? "Proxy-Authorization: Basic $credentials\r\n" : '';
    if ($method eq 'CONNECT' && $upstream) { put($far, "CONNECT $url HTTP/1.1\r\nHost: $url\r\n$authorised\r\n" . $rest) }
    elsif ($method eq 'CONNECT') { put($client, "HTTP/1.1 200 Connection established\r\n\r\n"); put($far, $rest) }
    else {
      # One request a connection: a second one might be for somebody else.
      my $kept = join '', map { "$_\r\n" } grep { !/^(?:(?:proxy-)?connection|keep-alive|proxy-authorization)\s*:/i } split /\r\n/, $lines;
      put($far, "$method " . ($upstream ? $url : $path) . " HTTP/1.1\r\n$kept" . "Connection: close\r\n$authorised\r\n$rest");
    }
    pump($client, $far, \%count);
  };
  say_json(connection => $about{connection}, host => $host, port => $port, sentBytes => $count{up}, receivedBytes => $count{down}, seconds => time - $began);
}
sub head_of {
  my $client = shift;
  my $buffer = '';
  my $until = time + HEAD_S;
  while ($buffer !~ /\r\n\r\n/) {
    my $ready = '';
    vec($ready, fileno $client, 1) = 1;
    return if length $buffer > HEAD || time >= $until || select($ready, undef, undef, HEAD_S) <= 0;
    return unless sysread($client, $buffer, PORTION, length $buffer);
  }
  my ($head, $rest) = split /\r\n\r\n/, $buffer, 2;
  return ("$head\r\n", $rest);
}
sub dial_upstream {
  my ($upstream, $host, $port) = @_;
  may_not() if !is_open($host, $port) && (is_local($host) || is_closed($host));
  my ($name, $at) = $upstream =~ /^(.+):(\d+)$/;
  return connected([addresses($name, $at)], 'the operator\'s proxy');
}
sub dial {
  my ($host, $port, $about) = @_;
  may_not() if is_local($host) && !is_open($host, $port);
  my @found = addresses($host, $port);
  my @allowed = is_open($host, $port) ? @found : grep { !is_closed($_->{text}) } @found;
  may_not() unless @allowed;
  my $far = connected(\@allowed, $host);
  $about->{address} = numeric(getpeername $far);
  return $far;
}
sub may_not { die "the address is not public, and trainings may not reach it\n" }
sub is_open { my ($host, $port) = @_; return grep { $_ eq "$host:$port" } split / /, $ENV{OPEN} // '' }
sub is_local { return $_[0] =~ /^localhost\.?$|\.localhost\.?$/ }
sub addresses {
  my ($host, $port) = @_;
  my ($error, @found) = getaddrinfo($host, $port, { socktype => SOCK_STREAM });
  die "its name is not known: $error\n" if $error;
  return map { { %$_, text => numeric($_->{addr}) } } @found;
}
sub numeric { my (undef, $text) = getnameinfo($_[0], NI_NUMERICHOST, NIx_NOSERV); return $text =~ s/%.*//r }
sub is_closed {
  my $text = $_[0] =~ s/^::ffff:(?=\d+\.)//ir;
  my $packed = inet_pton($text =~ /:/ ? AF_INET6 : AF_INET, $text) // return 0;
  for (split / /, $ENV{CLOSED} // '') {
    my ($net, $bits) = m{^(.+)/(\d+)$} or next;
    my $base = inet_pton($net =~ /:/ ? AF_INET6 : AF_INET, $net) // next;
    return 1 if length $base == length $packed && substr(unpack('B*', $packed), 0, $bits) eq substr(unpack('B*', $base), 0, $bits);
  }
  return 0;
}
sub connected {
  my ($found, $name) = @_;
  my $error = 'no address';
  for my $each (@$found) {
    socket(my $s, $each->{family}, SOCK_STREAM, 0) or $error = "$!", next;
    local $SIG{ALRM} = sub { die "timeout\n" };
    my $done = eval { alarm DIAL_S; my $ok = connect($s, $each->{addr}) or $error = "$!"; alarm 0; $ok };
    alarm 0;
    $error = 'no answer' if !$done && $@ eq "timeout\n";
    return setsockopt($s, SOL_SOCKET, SO_KEEPALIVE, 1) && $s if $done;
  }
  die "connecting to $name: $error\n";
}
sub answer { my ($client, $status, $text) = @_; put($client, "HTTP/1.1 $status Refused\r\nContent-Type: text/plain\r\nContent-Length: " . (1 + length $text) . "\r\nConnection: close\r\n\r\n$text\n") }
sub put { my ($fh, $data) = @_; while (length $data) { my $n = syswrite($fh, $data); if (defined $n) { substr($data, 0, $n) = '' } elsif (!$!{EINTR}) { die "broken\n" } } }
# Reads of one side only what the other has taken, and waits for neither alone.
sub pump {
  my ($near, $far, $count) = @_;
  my @ways = ([$near, $far, 'up', ''], [$far, $near, 'down', '']);
  fcntl($_, F_SETFL, fcntl($_, F_GETFL, 0) | O_NONBLOCK) for $near, $far;
  while (@ways) {
    my ($r, $w) = ('', '');
    for (@ways) { if (length $_->[3]) { vec($w, fileno $_->[1], 1) = 1 } else { vec($r, fileno $_->[0], 1) = 1 } }
    my $n = select($r, $w, undef, SILENT_S);
    return if $n == 0;
    next if $n < 0;
    for my $way (@ways) {
      my ($in, $out, $name) = @$way;
      if (length $way->[3]) {
        next unless vec($w, fileno $out, 1);
        my $put = syswrite($out, $way->[3]);
        if (defined $put) { substr($way->[3], 0, $put) = ''; $count->{$name} += $put }
        elsif (!$!{EAGAIN} && !$!{EINTR}) { return }
      } elsif (vec($r, fileno $in, 1)) {
        my $got = sysread($in, $way->[3], PORTION);
        if (!defined $got) { return unless $!{EAGAIN} || $!{EINTR} }
        elsif ($got == 0) { shutdown($out, 1); $way->[4] = 1 }
      }
    }
    @ways = grep { !$_->[4] } @ways;
  }
}
sub say_json {
  my %line = @_;
  my @fields = map { my $v = $line{$_}; qq("$_":) . ($v =~ /^(?:0|[1-9]\d{0,15})$/ && $_ ne 'host' ? $v : quoted($v)) } sort keys %line;
  syswrite(STDOUT, '{' . join(',', @fields) . "}\n");
}
sub quoted { my $v = shift; $v =~ s/([\\"]|[^\x20-\x7e])/sprintf('\\u%04x', ord $1)/ge; return qq("$v") }
`;
