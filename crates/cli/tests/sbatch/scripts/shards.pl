#!/usr/bin/perl
#SBATCH --job-name=shards
#SBATCH --array=0-3
#SBATCH --ntasks-per-node=1
#SBATCH --output=%x.%j-%2t.%a
use strict;
use warnings;

# Task K of N takes each N-th line, from line K on.
my ($k, $n) = @ENV{qw(SLURM_ARRAY_TASK_ID SLURM_ARRAY_TASK_COUNT)};
my ($file, $out) = @ARGV;
open(my $in, '<', $file) or die "$file: $!";
open(my $to, '>', "$out.$k") or die "$out.$k: $!";
my $lines = 0;
while (my $line = <$in>) {
    next unless ($. - 1) % $n == $k;
    print $to uc $line;
    $lines++;
}
print "shard $k of $n: $lines lines\n";
