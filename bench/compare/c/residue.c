/* About as little as a function can do. */
#include <stdint.h>

int64_t residue(int64_t n)
{
    return n * n % 7 == 2;
}
