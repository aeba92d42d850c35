# Children that end and are never waited for.
use strict; use warnings;
$| = 1;
my $made = 0;
while (1) {
    my $child = fork;
    print("refused: fork after $made zombies: $!\n"), exit 9 unless defined $child;
    exit 0 unless $child;
    $made++;
}
