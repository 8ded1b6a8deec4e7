/* Counts the lower ones of twin primes in START..END (END excluded): a program for a whole chunk, in C.
 * Built by  cc -O2 -o twins twins.c  and run as  evenly count 0..1e9 -- ./twins {start} {end}
 * It prints the partial of its chunk; evenly adds the partials up. */
#include <stdio.h>
#include <stdlib.h>

static int is_prime(long long n) {
    if (n < 2 || n % 2 == 0) return n == 2;
    for (long long d = 3; d <= n / d; d += 2)
        if (n % d == 0) return 0;
    return 1;
}

int main(int count, char **words) {
    if (count != 3) return 2;
    long long start = atoll(words[1]), end = atoll(words[2]), twins = 0;
    for (long long n = start; n < end; n++) twins += is_prime(n) && is_prime(n + 2);
    printf("%lld\n", twins);
    return 0;
}
