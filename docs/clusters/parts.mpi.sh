#!/bin/sh
# mpirun -n 16 sh parts.mpi.sh: each rank does its part. A rank that fails would end the others, so each ends with 0;
# verify shows what is not done.
evenly count prime 0..1e9 -j 1 --part "$((OMPI_COMM_WORLD_RANK + 1))/$OMPI_COMM_WORLD_SIZE" \
    --journal "part.$OMPI_COMM_WORLD_RANK.journal" --resume || true
