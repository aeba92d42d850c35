# Draws a fixed number of pseudo-random numbers one after another, so that its result tells whether each step was done exactly
# once. A step is in the checkpoint before it is told.
use strict; use warnings;
my ($steps, $draws) = (120, 20_000);
my ($checkpoint, $output) = ("$ENV{CHECKPOINT_DIR}/state", "$ENV{OUTPUT_DIR}/model");
my ($step, $state) = (0, 1);
$| = 1;
$SIG{TERM} = sub { exit 143 };
($step, $state) = split ' ', contents($checkpoint) if -e $checkpoint;
print "life from step $step\n";
while ($step < $steps) {
    $state = ($state * 1_103_515_245 + 12_345) % 2_147_483_648 for 1 .. $draws;
    $step += 1;
    keep($checkpoint, "$step $state");
    print "step $step of $steps\n";
    pause(0.15);
}
keep($output, $state);
sub contents { my $path = shift; open my $file, '<', $path or die "$path: $!"; return scalar <$file> }
sub keep {
    my ($path, $text) = @_;
    open my $file, '>', "$path.new" or die "$path: $!";
    print $file $text;
    close $file or die "$path: $!";
    rename "$path.new", $path or die "$path: $!";
}
sub pause { select undef, undef, undef, shift }
