#!/bin/bash
#SBATCH --job-name=temperatures
#SBATCH --array=0-11
#SBATCH --time=00:10:00
#SBATCH --mem=1G
# An array script for sbatch, unchanged: each task adds up its share of the rows of a file.
# Without Slurm, on this machine:  evenly run 0..12 --as slurm -- ./array-job.sh rows.txt out
rows=$1
out=$2
first=$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN))
mkdir -p "$out"
awk -v first="$first" -v tasks="$SLURM_ARRAY_TASK_COUNT" \
    'NR % tasks == first { sum += $1 } END { print sum + 0 }' "$rows" > "$out/$SLURM_ARRAY_TASK_ID.txt"
echo "task $SLURM_ARRAY_TASK_ID of $SLURM_ARRAY_TASK_MIN-$SLURM_ARRAY_TASK_MAX is done"
