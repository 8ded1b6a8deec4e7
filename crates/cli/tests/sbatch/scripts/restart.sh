#!/bin/bash
#SBATCH --array=2,3,5
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=restart_%a.out

checkpoint=checkpoint.$SLURM_ARRAY_TASK_ID
if [ -n "$SLURM_RESTART_COUNT" ] && [ -f "$checkpoint" ]; then
    echo "restart $SLURM_RESTART_COUNT from $(cat "$checkpoint")"
else
    echo "start"
fi
echo "half of it" > "$checkpoint"
# The first attempt of task 3 is lost.
if [ "$SLURM_ARRAY_TASK_ID" = 3 ] && [ -z "$SLURM_RESTART_COUNT" ]; then
    exit 75
fi
echo "done"
