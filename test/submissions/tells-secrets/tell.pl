# Prints a secret in every form that programs print one in, on both outputs, in one piece and in pieces.
use strict;
use warnings;

sub base64 { my ($text) = @_; open(my $pipe, '-|', 'sh', '-c', 'printf %s "$1" | base64 -w0', 'sh', $text) or die $!; return scalar <$pipe> }
sub url { my ($text) = @_; $text =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ge; return $text }
sub json { my ($text) = @_; $text =~ s/(["\\])/\\$1/g; return qq("$text") }

sub forms {
    my ($value) = @_;
    return ($value, json($value), "https://user:" . url($value) . "\@example.org/?token=" . url($value), unpack('H*', $value), uc unpack('H*', $value), base64($value), base64("u:$value"), base64("me:$value!"));
}

sub tell_all {
    my ($value) = @_;
    for my $output (*STDOUT, *STDERR) { print $output "form: $_\n" for forms($value) }
    # Over the place where logs cut a line.
    for my $before (16_370, 16_380, 32_750) { print 'x' x $before, $value, 'y' x 20, "\n" }
    for my $output (*STDOUT, *STDERR) {
        for my $part ($value =~ /(.{1,9})/gs) { syswrite($output, $part); select(undef, undef, undef, 0.02) }
        syswrite($output, "\n");
    }
}

$| = 1;
binmode $_ for *STDOUT, *STDERR;
unless (caller) {
    my ($name, $file) = @ARGV;
    my $value = $ENV{$name} // '';
    die "$name is not given\n" if $value eq '';
    if (defined $file) {
        open(my $in, '<', $file) or die "$file: $!\n";
        die "$file holds something else\n" if do { local $/; <$in> } ne $value;
    }
    die "the way that the values came is open\n" if defined $ENV{FTP_PROXY};
    tell_all($value);
}
1;
