#!/bin/bash

#SBATCH -A proj-genomes
#SBATCH -p main
#SBATCH --array=0-5
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH -t 10

FILES=(reads/*.txt)
FILE=${FILES[$SLURM_ARRAY_TASK_ID]}
OUT=counts/$(basename "$FILE" .txt).count
mkdir -p counts
wc -c < "$FILE" > "$OUT"
