#!/bin/sh
#SBATCH -n 1
#SBATCH -c 1
#SBATCH --mem=500
#SBATCH --array=1-3
#SBATCH -o run-%A.log
#SBATCH --open-mode=append
sed -n "${SLURM_ARRAY_TASK_ID}p" jobs.txt | sh
