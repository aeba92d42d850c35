# Takes memory until there is none.
use strict; use warnings;
my @taken;
push @taken, 'x' x 10_000_000 . @taken while 1;
