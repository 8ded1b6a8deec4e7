#!/usr/bin/bash
#SBATCH --job-name=trim_reads
#SBATCH --time=00:30:00
#SBATCH --cpus-per-task=1
#SBATCH --mem=1G
#SBATCH -o trim_reads.%a.o
#SBATCH --array 1-6%2
#SBATCH --mail-type=END,FAIL
#SBATCH --mail-user=someone@example.org

module load trimmer/2.1

# Line N of the list is the sample of task N.
SAMPLE=$(sed -n "${SLURM_ARRAY_TASK_ID}p" samples.txt)
echo "sample $SAMPLE"
mkdir -p trimmed
cut -c 1-4 "reads/${SAMPLE}.txt" > "trimmed/${SAMPLE}.txt"
