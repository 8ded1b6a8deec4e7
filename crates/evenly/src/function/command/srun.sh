#!/bin/sh
# srun for a task of evenly sbatch on a machine without Slurm: runs the command once, in this process.
# Options of resources have no effect. What needs Slurm is refused.
refuse() { echo "srun: $*" >&2; exit 1; }
tasks=${SLURM_NTASKS:-1} nodes=1 input= output= errors=
while [ $# -gt 0 ]; do
    option=$1 value=
    # Splits --name=value and -nvalue, and takes the next word as the value of an option that needs one.
    case $option in
    --) shift; break ;;
    --*=*) value=${option#*=} option=${option%%=*} ;;
    --ntasks | --nodes | --chdir | --input | --output | --error | --account | --acctg-freq | --bb | --bcast | \
    --cluster-constraint | --clusters | --comment | --constraint | --core-spec | --cores-per-socket | --cpu-bind | --cpu-freq | \
    --cpus-per-gpu | --cpus-per-task | --deadline | --dependency | --distribution | --epilog | --exclude | --export | \
    --extra-node-info | --gpu-bind | --gpu-freq | --gpus | --gpus-per-node | --gpus-per-task | --gres | --hint | --job-name | \
    --jobid | --licenses | --mem | --mem-bind | --mem-per-cpu | --mem-per-gpu | --mpi | --network | --nodelist | \
    --ntasks-per-core | --ntasks-per-node | --ntasks-per-socket | --open-mode | --partition | --prolog | --qos | --relative | \
    --reservation | --signal | --task-epilog | --task-prolog | --threads | --threads-per-core | --time | --tmp | --wait | \
    --wckey)
        [ $# -gt 1 ] || refuse "$option needs a value"
        value=$2
        shift ;;
    --multi-prog | --pty) refuse "$option needs Slurm; here srun starts one command" ;;
    --*) ;;
    -[AbBcCdDeGiJLmMnNopqrStTwWx])
        [ $# -gt 1 ] || refuse "$option needs a value"
        value=$2
        shift ;;
    -[AbBcCdDeGiJLmMnNopqrStTwWx]*) value=${option#-?} option=${option%"$value"} ;;
    -*) ;;
    *) break ;;
    esac
    shift
    case $option in
    -n | --ntasks) tasks=$value ;;
    -N | --nodes) nodes=${value%-*} ;;
    -D | --chdir) cd "$value" || exit 1 ;;
    -i | --input) input=$value ;;
    -o | --output) output=$value ;;
    -e | --error) errors=$value ;;
    esac
done
[ $# -gt 0 ] || refuse "no command is given"
[ "$tasks" = 1 ] && [ "$nodes" = 1 ] || refuse "$tasks tasks on $nodes nodes need Slurm, and this machine has none; \
write srun -n 1, or mpirun -n $tasks"
case $input$output$errors in
*%*) refuse "a pattern in the name of a file needs Slurm; write > FILE" ;;
esac
[ -z "$input" ] || exec < "$input" || exit 1
[ -z "$output" ] || exec > "$output" || exit 1
[ -z "$output" ] || [ -n "$errors" ] || exec 2>&1
[ -z "$errors" ] || exec 2> "$errors" || exit 1
exec "$@"
