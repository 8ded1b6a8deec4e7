/* A coprocess that does next to nothing for each line, and does not write more often than it must: it answers
 * all lines that a read has brought with one write. For each "START END" it says how many of them are even. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char input[1 << 16], output[1 << 18];

static long evens_below(long end)
{
    return end / 2 + (end % 2 > 0);
}

int main(void)
{
    size_t held = 0;
    for (;;) {
        ssize_t got = read(0, input + held, sizeof input - held - 1);
        if (got <= 0)
            return got < 0;
        held += (size_t)got;
        input[held] = '\0';
        char *line = input, *out = output;
        for (char *newline; (newline = memchr(line, '\n', (size_t)(input + held - line)));
             line = newline + 1) {
            char *rest;
            long start = strtol(line, &rest, 10), end = strtol(rest, NULL, 10);
            unsigned long count = (unsigned long)(evens_below(end) - evens_below(start));
            char digits[24], *digit = digits + sizeof digits;
            do
                *--digit = (char)('0' + count % 10);
            while ((count /= 10) > 0);
            memcpy(out, digit, (size_t)(digits + sizeof digits - digit));
            out += digits + sizeof digits - digit;
            *out++ = '\n';
        }
        for (char *from = output; from < out;) {
            ssize_t written = write(1, from, (size_t)(out - from));
            if (written < 0)
                return 1;
            from += written;
        }
        held = (size_t)(input + held - line);
        memmove(input, line, held);
    }
}
