#!/bin/bash -l
#SBATCH --job-name="one job"
#SBATCH --account=def-group  # the account
#SBATCH --gres=gpu:0
#SBATCH --time=1-00:00:00
#SBATCH --chdir=work
#SBATCH --output=%j.txt

set -euo pipefail
echo "job $SLURM_JOB_ID on $SLURM_JOB_NODELIST"
echo "task ${SLURM_ARRAY_TASK_ID:-none}"
pwd
export OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK
echo "threads $OMP_NUM_THREADS"
