#!/usr/bin/env python3
"""The number with the longest Collatz sequence: a coprocess, started once in each worker.

Run as:  evenly max 1..1_000_000 --coprocess -- ./collatz.py
It reads lines START END (END excluded) and answers each with one line, here VALUE N, the lowest such N.
"""
import sys


def steps(n):
    count = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        count += 1
    return count


for line in sys.stdin:
    start, end = map(int, line.split())
    # Of those with as many steps, the lowest.
    best = max(range(start, end), key=lambda n: (steps(n), -n))
    # Without flush the answer stays in a buffer, and evenly waits for it.
    print(steps(best), best, flush=True)
