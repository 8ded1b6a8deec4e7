/* How many steps n takes to reach 1 by 3n+1 and halving: a function for evenly --lib.
 *
 *   cc -O2 -shared -fPIC -o collatz.so collatz.c
 *   evenly max --lib ./collatz.so:steps 1..1e6
 *   evenly failures --lib ./collatz.so:fragile 0..1000
 */
#include <stdint.h>
#include <stdlib.h>

int64_t steps(int64_t n)
{
    uint64_t at = (uint64_t)n;
    int64_t count = 0;
    for (; at > 1; count++)
        at = at % 2 ? 3 * at + 1 : at / 2;
    return count;
}

/* The mistakes that people make: each costs only its n, and is named with it. */
int64_t fragile(int64_t n)
{
    static volatile int64_t zero = 0;
    int64_t *volatile nowhere = NULL;
    switch (n % 500) {
    case 7:
        return *nowhere;
    case 8:
        return n / zero;
    case 9:
        abort();
    case 10:
        exit(3);
    case 11:
        for (;;)
            zero = 0;
    default:
        return steps(n);
    }
}
