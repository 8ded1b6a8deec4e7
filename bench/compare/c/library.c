/* A function of a shared library, called in one loop of one process: what calling it costs at least.
 *
 * usage: library FILE.so SYMBOL END     how many n of 0..END it does not give 0 for
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    void *library = dlopen(argv[1], RTLD_NOW);
    int64_t (*function)(int64_t) = library ? (int64_t (*)(int64_t))dlsym(library, argv[2]) : NULL;
    if (!function) {
        fprintf(stderr, "library: %s\n", dlerror());
        return 2;
    }
    int64_t end = strtoll(argv[3], NULL, 10), count = 0;
    for (int64_t n = 0; n < end; n++)
        count += function(n) != 0;
    printf("%lld\n", (long long)count);
    return 0;
}
