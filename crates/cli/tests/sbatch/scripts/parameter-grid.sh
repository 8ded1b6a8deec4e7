#!/bin/bash
#SBATCH -J grid
#SBATCH --array=0-11
#SBATCH -o logs/grid_%a.out
#SBATCH -e logs/grid_%a.err

alphas=(0.1 0.5 1.0)
betas=(1 2 4 8)
alpha=${alphas[$(( SLURM_ARRAY_TASK_ID / ${#betas[@]} ))]}
beta=${betas[$(( SLURM_ARRAY_TASK_ID % ${#betas[@]} ))]}
echo "running alpha=$alpha beta=$beta" >&2
awk -v a="$alpha" -v b="$beta" 'BEGIN { printf "%s\t%s\t%.2f\n", a, b, a * b }'
