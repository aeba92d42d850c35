use strict;
use warnings;
require './tell.pl';

sub content { my ($path) = @_; open(my $in, '<', $path) or die "$path: $!\n"; local $/; return <$in> }
sub keep { my ($path, $text) = @_; open(my $out, '>', $path) or die "$path: $!\n"; print $out $text }

print content('/baked.txt');
mkdir "$ENV{OUTPUT_DIR}/logs";
for my $name ('HF_TOKEN', 'TEAM_KEY') {
    my $value = $ENV{$name};
    die "$name differs from its file\n" if content("/run/secrets/$name") ne $value;
    tell_all($value);
    keep("$ENV{OUTPUT_DIR}/$name.txt", join("\n", forms($value)) . "\n");
    keep("$ENV{OUTPUT_DIR}/logs/$name.json", qq({"token":) . json($value) . "}\n" . ('filling ' x 2_000_000));
    keep("$ENV{CHECKPOINT_DIR}/$name.txt", $value);
}
sleep 1;
