#!/bin/sh
# How many steps the Collatz sequence of N takes to 1: a program for one n, in the shell.
# Run for each n:  evenly max 1..1000 -- ./collatz.sh {}
# It prints a number, which is the value. Its standard error is passed on.
n=$1
steps=0
while [ "$n" -ne 1 ]; do
    if [ $((n % 2)) -eq 0 ]; then n=$((n / 2)); else n=$((3 * n + 1)); fi
    steps=$((steps + 1))
done
echo "$steps"
