#!/bin/bash -e
#SBATCH --job-name=table
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --array=1-4
#SBATCH --mem-per-cpu=100M
#SBATCH --time=4:00:00
#SBATCH --output=%x_%A_%a.log

config=$SLURM_SUBMIT_DIR/config.txt

# The row whose first column is the number of the task.
sample=$(awk -v ArrayTaskID="$SLURM_ARRAY_TASK_ID" '$1==ArrayTaskID {print $2}' "$config")
sex=$(awk -v ArrayTaskID="$SLURM_ARRAY_TASK_ID" '$1==ArrayTaskID {print $3}' "$config")

scratch="${TMPDIR:-/tmp}/$USER/$SLURM_JOB_ID"
mkdir -p "$scratch"
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
echo "task $SLURM_ARRAY_TASK_ID: $sample, $sex" > row.txt
cat row.txt >> "$SLURM_SUBMIT_DIR/table-$SLURM_ARRAY_TASK_ID.txt"
