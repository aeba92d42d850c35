/**
 * What a relay's container runs: Perl, since every Debian has it and nothing else. `dial HOST PORT` connects to a server for each
 * connection that we open; `listen PORT` tells us of each connection that somebody makes to 127.0.0.1. Frames on stdin and stdout:
 * kind, number, value (one byte, two big-endian words); the value of DATA is its length, of CREDIT how many bytes more may come.
 * It ends when stdin does, so none outlives its worker.
 */
export const relayProgram = String.raw`
use strict; use warnings;
use Socket; use IO::Select; use Errno qw(EAGAIN EINPROGRESS EINTR); use Fcntl;
use constant { OPEN => 0, DATA => 1, END => 2, RESET => 3, CREDIT => 4, WINDOW => 262144, HIGH => 1048576, MOST => 512 };
$SIG{PIPE} = 'IGNORE';
my ($mode, $host, $port) = @ARGV;
my (%conn, %byfd, $server, $rx, $tx, $next) = ();
($rx, $tx, $next) = ('', '', 1);
nonblocking($_) for (\*STDIN, \*STDOUT);
if ($mode eq 'listen') {
  socket($server, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
  setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1);
  bind($server, sockaddr_in($port, inet_aton($host))) or die "bind: $!";
  listen($server, 256) or die "listen: $!";
  nonblocking($server);
}
frame(OPEN, 0, 0);
while (1) {
  my ($r, $w) = (IO::Select->new(\*STDIN), IO::Select->new());
  $w->add(\*STDOUT) if length $tx;
  $r->add($server) if $server && keys(%conn) < MOST && length($tx) < HIGH;
  for my $c (values %conn) {
    $r->add($c->{fh}) if $c->{up} && !$c->{eof} && $c->{credit} > 0 && length($tx) < HIGH;
    $w->add($c->{fh}) if !$c->{up} || length $c->{out} || ($c->{fin} && !$c->{shut});
  }
  my ($rr, $ww) = IO::Select::select($r, $w, undef, undef);
  for my $fh (@{$ww || []}) {
    if (fileno($fh) == 1) { my $n = syswrite(STDOUT, $tx); substr($tx, 0, $n) = '' if $n; next; }
    my $c = $byfd{fileno $fh} or next;
    writable($c);
  }
  for my $fh (@{$rr || []}) {
    if (fileno($fh) == 0) { incoming(); next; }
    if ($server && $fh == $server) { accepted(); next; }
    my $c = $byfd{fileno $fh} or next;
    readable($c) if $c->{up};
  }
}
sub nonblocking { my $f = shift; fcntl($f, F_SETFL, fcntl($f, F_GETFL, 0) | O_NONBLOCK); }
sub frame { my ($kind, $id, $value, $data) = @_; $tx .= pack('CNN', $kind, $id, $value) . (defined $data ? $data : ''); }
sub keep {
  my ($id, $fh, $up) = @_;
  nonblocking($fh);
  my $c = { id => $id, fh => $fh, up => $up, out => '', credit => WINDOW, fin => 0, shut => 0, eof => 0 };
  $conn{$id} = $byfd{fileno $fh} = $c;
}
sub drop {
  my ($c, $tell) = @_;
  frame(RESET, $c->{id}, 0) if $tell;
  delete $byfd{fileno $c->{fh}}; delete $conn{$c->{id}}; close $c->{fh};
}
sub accepted {
  while (accept(my $fh, $server)) { my $id = $next++; keep($id, $fh, 1); frame(OPEN, $id, 0); last if keys(%conn) >= MOST; }
}
sub dial {
  my $id = shift;
  return frame(RESET, $id, 0) if $mode ne 'dial' || keys(%conn) >= MOST;
  socket(my $fh, PF_INET, SOCK_STREAM, 0) or return frame(RESET, $id, 0);
  my $c = keep($id, $fh, 0);
  $c->{up} = 1 if connect($fh, sockaddr_in($port, inet_aton($host)));
  drop($c, 1) if !$c->{up} && !$!{EINPROGRESS};
}
sub incoming {
  my $n = sysread(STDIN, $rx, 1 << 18, length $rx);
  exit 0 if defined $n && $n == 0;
  return if !defined $n;
  my $at = 0;
  while (length($rx) - $at >= 9) {
    my ($kind, $id, $value) = unpack('CNN', substr($rx, $at, 9));
    my $size = $kind == DATA ? $value : 0;
    last if length($rx) - $at < 9 + $size;
    my $c = $conn{$id};
    if ($kind == OPEN) { dial($id); }
    elsif (!$c) { }
    elsif ($kind == DATA) { $c->{out} .= substr($rx, $at + 9, $size); }
    elsif ($kind == END) { $c->{fin} = 1; }
    elsif ($kind == RESET) { drop($c, 0); }
    elsif ($kind == CREDIT) { $c->{credit} += $value; }
    $at += 9 + $size;
  }
  substr($rx, 0, $at) = '';
}
sub writable {
  my $c = shift;
  if (!$c->{up}) {
    my $error = unpack('i', getsockopt($c->{fh}, SOL_SOCKET, SO_ERROR));
    return drop($c, 1) if $error;
    $c->{up} = 1;
  }
  if (length $c->{out}) {
    my $n = syswrite($c->{fh}, $c->{out});
    return if !defined $n && ($!{EAGAIN} || $!{EINTR});
    return drop($c, 1) if !defined $n;
    substr($c->{out}, 0, $n) = '';
    frame(CREDIT, $c->{id}, $n);
  }
  if ($c->{fin} && !length($c->{out}) && !$c->{shut}) { shutdown($c->{fh}, 1); $c->{shut} = 1; drop($c, 0) if $c->{eof}; }
}
sub readable {
  my $c = shift;
  my $most = $c->{credit} < 65536 ? $c->{credit} : 65536;
  my $n = sysread($c->{fh}, my $data, $most);
  return if !defined $n && ($!{EAGAIN} || $!{EINTR});
  return drop($c, 1) if !defined $n;
  if ($n == 0) { $c->{eof} = 1; frame(END, $c->{id}, 0); drop($c, 0) if $c->{shut}; return; }
  $c->{credit} -= $n;
  frame(DATA, $c->{id}, $n, $data);
}
`;
