#!/usr/bin/env python3
#SBATCH --job-name=walk
#SBATCH --array=1-5
#SBATCH --cpus-per-task=1
#SBATCH --output=walk_%a.csv
#SBATCH --export=ALL
"""Random walks, one seed for each task of the array."""
import os
import random

task = int(os.environ["SLURM_ARRAY_TASK_ID"])
tasks = int(os.environ["SLURM_ARRAY_TASK_COUNT"])
threads = int(os.environ.get("SLURM_CPUS_PER_TASK", 1))
random.seed(1000 * tasks + task)
position = 0
for step in range(100):
    position += random.choice((-1, 1))
print(f"{task},{threads},{position}")
