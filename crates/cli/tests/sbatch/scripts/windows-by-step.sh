#!/bin/bash
#SBATCH --array=1-100:10
#SBATCH --output=/dev/null
#SBATCH --qos=short

# Each task has the numbers from its own to that before the next task.
START=$SLURM_ARRAY_TASK_ID
END=$(( SLURM_ARRAY_TASK_ID + SLURM_ARRAY_TASK_STEP - 1 ))
SUM=0
for (( i = START; i <= END; i++ )); do
    SUM=$(( SUM + i ))
done
echo "$START-$END $SUM" > "window-$START.txt"
